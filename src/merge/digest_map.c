#include "merge/digest_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "model/action.h"

enum { VERSION = 1 };

void digest_map_init(struct digest_map *m)
{
	*m = (struct digest_map){ .arena = ARENA_INIT, .index = MAP_INIT, .producers = MAP_INIT };
}

void digest_map_release(struct digest_map *m)
{
	free(m->entries);
	free(m->claims);
	free(m->conflicts);
	map_release(&m->index);
	map_release(&m->producers);
	arena_release(&m->arena);
	digest_map_init(m);
}

/* Few producers make many outputs: each name is kept once. */
static const char *keep_producer(struct digest_map *m, const char *name)
{
	if (!map_get_str(&m->producers, name))
		map_put_str(&m->producers, arena_strdup(&m->arena, name), m->producers.count, NULL);
	return m->producers.entries[*map_get_str(&m->producers, name)].key.data;
}

static struct digest_entry *next_claim(struct digest_map *m, const struct digest_entry *e)
{
	return e->next ? &m->claims[e->next - 1] : NULL;
}

/* Takes the path's conflicts out again; paths are kept once, so the pointer tells. */
static void forget_conflicts(struct digest_map *m, const char *path)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < m->conflict_count; i++)
		if (m->conflicts[i].a.path != path)
			m->conflicts[kept++] = m->conflicts[i];
	m->conflict_count = kept;
}

static bool tolerates(const struct merge_rule *rule, const struct digest_entry *a, const struct digest_entry *b)
{
	switch (rule->policy) {
	case CONFLICT_FAIL:
		return false;
	case CONFLICT_HARMLESS:
		return rule->harmless && rule->harmless(rule->ctx, a->path, &a->digest, &b->digest);
	case CONFLICT_FIRST:
		return true;
	}
	BUG("unknown policy %d", (int)rule->policy);
}

static void hold_against(struct digest_map *m, const struct digest_entry *stands, const struct digest_entry *other,
                         const struct merge_rule *rule)
{
	if (tolerates(rule, stands, other)) {
		m->tolerated++;
		return;
	}
	VEC_GROW(m->conflicts, m->conflict_count, m->conflict_cap);
	m->conflicts[m->conflict_count++] = (struct conflict){ *stands, *other };
}

/* The entry of a path that has several claims has changed: hold all others against it anew. `judged` of them were
 * before. */
static void judge_again(struct digest_map *m, const struct digest_entry *stands, uint32_t judged,
                        const struct merge_rule *rule)
{
	uint32_t before = m->conflict_count;
	if (judged) {
		forget_conflicts(m, stands->path);
		m->tolerated -= judged - (before - m->conflict_count);
	}
	for (const struct digest_entry *c = next_claim(m, stands); c; c = next_claim(m, c))
		hold_against(m, stands, c, rule);
}

static uint32_t count_claims(struct digest_map *m, const struct digest_entry *stands)
{
	uint32_t n = 0;
	for (const struct digest_entry *c = next_claim(m, stands); c; c = next_claim(m, c))
		n++;
	return n;
}

static void add_claim(struct digest_map *m, struct digest_entry *stands, struct digest_entry claim,
                      const struct merge_rule *rule)
{
	uint32_t judged = count_claims(m, stands);
	bool replaces = rule->policy != CONFLICT_FIRST && digest_cmp(&claim.digest, &stands->digest) < 0;
	if (replaces) {
		struct digest_entry former = *stands;
		*stands = claim;
		stands->next = former.next;
		claim = former;
	}
	VEC_GROW(m->claims, m->claim_count, m->claim_cap);
	claim.next = stands->next;
	m->claims[m->claim_count++] = claim;
	stands->next = m->claim_count;
	if (replaces)
		judge_again(m, stands, judged, rule);
	else
		hold_against(m, stands, &m->claims[m->claim_count - 1], rule);
}

void digest_map_add(struct digest_map *m, const struct digest_entry *e, const struct merge_rule *rule)
{
	struct digest_entry claim = { .digest = e->digest, .producer = keep_producer(m, e->producer) };
	uint32_t *i = map_get_str(&m->index, e->path);
	if (!i) {
		claim.path = arena_strdup(&m->arena, e->path);
		VEC_GROW(m->entries, m->count, m->cap);
		m->entries[m->count] = claim;
		map_put_str(&m->index, claim.path, m->count++, NULL);
		return;
	}
	struct digest_entry *stands = &m->entries[*i], *same = stands;
	claim.path = stands->path;
	while (same && !digest_eq(&same->digest, &claim.digest))
		same = next_claim(m, same);
	if (!same) {
		add_claim(m, stands, claim, rule);
	} else if (rule->policy != CONFLICT_FIRST && strcmp(claim.producer, same->producer) < 0) {
		same->producer = claim.producer;
		judge_again(m, stands, count_claims(m, stands), rule);
	}
}

void digest_map_merge(struct digest_map *into, const struct digest_map *from, const struct merge_rule *rule)
{
	if (into == from)
		return;
	for (uint32_t i = 0; i < from->count; i++)
		digest_map_add(into, &from->entries[i], rule);
	for (uint32_t i = 0; i < from->claim_count; i++)
		digest_map_add(into, &from->claims[i], rule);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct digest_entry *)a)->path, ((const struct digest_entry *)b)->path);
}

static int by_path_and_digests(const void *a, const void *b)
{
	const struct conflict *x = a, *y = b;
	int c = strcmp(x->a.path, y->a.path);
	if (c == 0)
		c = digest_cmp(&x->a.digest, &y->a.digest);
	return c ? c : digest_cmp(&x->b.digest, &y->b.digest);
}

void digest_map_sort(struct digest_map *m)
{
	map_release(&m->index);
	if (m->count)
		qsort(m->entries, m->count, sizeof *m->entries, by_path);
	for (uint32_t i = 0; i < m->count; i++)
		map_put_str(&m->index, m->entries[i].path, i, NULL);
	if (m->conflict_count)
		qsort(m->conflicts, m->conflict_count, sizeof *m->conflicts, by_path_and_digests);
}

static int check_document(const struct js *doc, const char *producer, struct err *err)
{
	const struct js *outputs = js_get(doc, "outputs"), *version = js_get(doc, "version"), *value;
	const char *path;
	struct digest d;
	void *it = NULL;
	if (js_int(version, 0) > VERSION)
		return err_set(err, ERR_PROTOCOL,
		               "%s is an output manifest of version %lld, and this sepal knows version %d: use a newer one",
		               producer, (long long)js_int(version, 0), VERSION);
	if (!js_is_int(version) || js_int(version, 0) != VERSION || !js_is_object(outputs) || js_len(doc) != 2)
		return err_set(err, ERR_PROTOCOL,
		               "%s is not an output manifest: it must hold \"version\": %d and \"outputs\", and nothing else",
		               producer, VERSION);
	while (js_next(outputs, &it, &path, &value)) {
		if (!action_path_is_inside(path))
			return err_set(err, ERR_PROTOCOL,
			               "%s names the output \"%s\", which is not a relative path of plain parts", producer, path);
		if (!digest_from_hex(&d, span_of(js_string(value, ""))))
			return err_set(err, ERR_PROTOCOL, "%s gives for %s something that is not a SHA-256 in lower case",
			               producer, path);
	}
	return 0;
}

int digest_map_decode(struct digest_map *m, const struct js *doc, const char *producer, const struct merge_rule *rule,
                      struct err *err)
{
	const struct js *value;
	struct digest_entry e = { .producer = producer };
	void *it = NULL;
	if (check_document(doc, producer, err) != 0)
		return -1;
	while (js_next(js_get(doc, "outputs"), &it, &e.path, &value))
		if (digest_from_hex(&e.digest, span_of(js_string(value, ""))))
			digest_map_add(m, &e, rule);
	return 0;
}

struct js *digest_map_encode(const struct digest_map *m)
{
	struct js *doc = js_new_object(), *outputs = js_new_object();
	for (uint32_t i = 0; i < m->count; i++) {
		char hex[DIGEST_HEX_SIZE + 1];
		digest_hex(&m->entries[i].digest, hex);
		js_set_string(outputs, m->entries[i].path, hex);
	}
	js_set_int(doc, "version", VERSION);
	js_set(doc, "outputs", outputs);
	return doc;
}
