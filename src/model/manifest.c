#include "model/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "model/record.h"

enum { VERSION = 2, SMALLEST_USED = 4 + 4 + DIGEST_SIZE, SMALLEST_RESULT = 4, SMALLEST_ENTRY = DIGEST_SIZE + 4 + 4 };
static const char magic[] = "SEPM";

/* ---- writing ---- */

static int compare_used(const void *a, const void *b)
{
	const struct used *x = a, *y = b;
	int order = strcmp(x->id, y->id);
	return order ? order : memcmp(x->interface.bytes, y->interface.bytes, DIGEST_SIZE);
}

/* What all entries used, sorted, each once. */
static struct used *collect_used(const struct manifest *m, uint32_t *ret_count)
{
	uint32_t count = 0, kept = 0;
	for (uint32_t e = 0; e < m->entry_count; e++)
		count += m->entries[e].used_count;
	struct used *all = xmalloc((count + 1) * sizeof *all);
	count = 0;
	for (uint32_t e = 0; e < m->entry_count; e++)
		for (uint32_t u = 0; u < m->entries[e].used_count; u++)
			all[count++] = m->entries[e].used[u];
	qsort(all, count, sizeof *all, compare_used);
	for (uint32_t i = 0; i < count; i++)
		if (i == 0 || compare_used(&all[kept - 1], &all[i]) != 0)
			all[kept++] = all[i];
	*ret_count = kept;
	return all;
}

static void encode_used(const struct used *all, uint32_t count, struct buf *out)
{
	uint32_t ids = 0, same;
	for (uint32_t i = 0; i < count; i++)
		ids += i == 0 || strcmp(all[i - 1].id, all[i].id) != 0;
	buf_put_u32(out, ids);
	for (uint32_t i = 0; i < count; i += same) {
		for (same = 1; i + same < count && strcmp(all[i].id, all[i + same].id) == 0;)
			same++;
		buf_put_str(out, all[i].id);
		buf_put_u32(out, same);
		for (uint32_t k = 0; k < same; k++)
			buf_add(out, all[i + k].interface.bytes, DIGEST_SIZE);
	}
}

/* The different results and, per entry, the place of its own. */
static void encode_results(const struct manifest *m, uint32_t *places, struct buf *out)
{
	struct span results[MANIFEST_ENTRIES];
	uint32_t count = 0;
	for (uint32_t e = 0; e < m->entry_count; e++) {
		for (places[e] = 0; places[e] < count; places[e]++)
			if (span_eq(results[places[e]], m->entries[e].result))
				break;
		if (places[e] == count)
			results[count++] = m->entries[e].result;
	}
	buf_put_u32(out, count);
	for (uint32_t i = 0; i < count; i++)
		buf_put_bytes(out, results[i]);
}

static void encode_entry(const struct manifest_entry *e, uint32_t result_place, const struct used *all, uint32_t count,
                         struct buf *out)
{
	buf_add(out, e->closure.bytes, DIGEST_SIZE);
	buf_put_u32(out, result_place);
	buf_put_u32(out, e->used_count);
	for (uint32_t u = 0; u < e->used_count; u++) {
		if (u && strcmp(e->used[u - 1].id, e->used[u].id) >= 0)
			BUG("used interfaces are not sorted: %s before %s", e->used[u - 1].id, e->used[u].id);
		const struct used *at = bsearch(&e->used[u], all, count, sizeof *all, compare_used);
		buf_put_u32(out, (uint32_t)(at - all));
	}
}

void manifest_encode(const struct manifest *m, struct buf *out)
{
	uint32_t places[MANIFEST_ENTRIES], count;
	if (m->entry_count > MANIFEST_ENTRIES)
		BUG("a manifest of %u entries", m->entry_count);
	struct used *all = collect_used(m, &count);
	size_t start = record_begin(out, magic, VERSION);
	encode_used(all, count, out);
	encode_results(m, places, out);
	buf_put_u32(out, m->entry_count);
	for (uint32_t e = 0; e < m->entry_count; e++)
		encode_entry(&m->entries[e], places[e], all, count, out);
	record_seal(out, start);
	free(all);
}

void manifest_encode_within(const struct manifest *m, size_t limit, struct buf *out)
{
	struct manifest fitting = *m;
	size_t start = out->len;
	manifest_encode(&fitting, out);
	while (out->len - start > limit && fitting.entry_count > 1) {
		fitting.entry_count--;
		buf_truncate(out, start);
		manifest_encode(&fitting, out);
	}
}

/* ---- reading ---- */

struct tables {
	struct used *used;
	bool *used_named;
	uint32_t used_count, used_cap;
	struct span results[MANIFEST_ENTRIES];
	uint32_t result_count, results_named;
};

static struct digest decode_digest(struct reader *r)
{
	struct digest d = { { 0 } };
	struct span s = reader_raw(r, DIGEST_SIZE);
	memcpy(d.bytes, s.data, s.len);
	return d;
}

static void decode_used(struct reader *r, struct arena *arena, struct tables *t)
{
	uint32_t ids = reader_count(r, SMALLEST_USED);
	for (uint32_t i = 0; i < ids && reader_ok(r); i++) {
		const char *id = record_string(r, arena);
		uint32_t digests = reader_count(r, DIGEST_SIZE);
		if (!digests || (t->used_count && strcmp(t->used[t->used_count - 1].id, id) >= 0))
			r->failed = true;
		for (uint32_t d = 0; d < digests && reader_ok(r); d++) {
			struct used u = { id, decode_digest(r) };
			if (t->used_count && compare_used(&t->used[t->used_count - 1], &u) >= 0)
				r->failed = true;
			VEC_GROW(t->used, t->used_count, t->used_cap);
			t->used[t->used_count++] = u;
		}
	}
}

static void decode_results(struct reader *r, struct tables *t)
{
	t->result_count = reader_count(r, SMALLEST_RESULT);
	if (t->result_count > MANIFEST_ENTRIES)
		r->failed = true;
	for (uint32_t i = 0; i < t->result_count && reader_ok(r); i++) {
		t->results[i] = reader_bytes(r);
		for (uint32_t k = 0; k < i; k++)
			if (span_eq(t->results[k], t->results[i]))
				r->failed = true;
	}
}

static void decode_entry(struct reader *r, struct arena *arena, struct tables *t, struct manifest_entry *ret)
{
	ret->closure = decode_digest(r);
	uint32_t result = reader_u32(r);
	if (result > t->results_named || result >= t->result_count) {
		r->failed = true;
		return;
	}
	t->results_named += result == t->results_named;
	ret->result = t->results[result];
	ret->used_count = reader_count(r, 4);
	ret->used = ARENA_ARRAY(arena, struct used, ret->used_count);
	for (uint32_t u = 0; u < ret->used_count; u++) {
		uint32_t place = reader_u32(r);
		if (place >= t->used_count || (u && strcmp(ret->used[u - 1].id, t->used[place].id) >= 0)) {
			r->failed = true;
			return;
		}
		t->used_named[place] = true;
		ret->used[u] = t->used[place];
	}
}

static bool all_named(const struct tables *t)
{
	for (uint32_t i = 0; i < t->used_count; i++)
		if (!t->used_named[i])
			return false;
	return t->results_named == t->result_count;
}

static bool decode_contents(struct reader *r, struct arena *arena, struct tables *t, struct manifest *ret)
{
	decode_used(r, arena, t);
	t->used_named = ARENA_ARRAY(arena, bool, t->used_count);
	decode_results(r, t);
	ret->entry_count = reader_count(r, SMALLEST_ENTRY);
	if (ret->entry_count > MANIFEST_ENTRIES)
		return false;
	ret->entries = ARENA_ARRAY(arena, struct manifest_entry, ret->entry_count);
	for (uint32_t e = 0; e < ret->entry_count && reader_ok(r); e++)
		decode_entry(r, arena, t, &ret->entries[e]);
	return reader_done(r) && all_named(t);
}

bool manifest_decode(struct span record, struct arena *arena, struct manifest *ret)
{
	struct reader r;
	struct tables t = { 0 };
	struct manifest m;
	bool ok = record_open(record, magic, VERSION, &r) && decode_contents(&r, arena, &t, &m);
	free(t.used);
	if (ok)
		*ret = m;
	return ok;
}

/* ---- entries ---- */

static bool same_used(const struct manifest_entry *a, const struct manifest_entry *b)
{
	if (a->used_count != b->used_count)
		return false;
	for (uint32_t u = 0; u < a->used_count; u++)
		if (!digest_eq(&a->used[u].interface, &b->used[u].interface) || strcmp(a->used[u].id, b->used[u].id) != 0)
			return false;
	return true;
}

const struct manifest_entry *manifest_find(const struct manifest *m, const struct digest *closure)
{
	for (uint32_t e = 0; e < m->entry_count; e++)
		if (digest_eq(&m->entries[e].closure, closure))
			return &m->entries[e];
	return NULL;
}

void manifest_add(const struct manifest *m, const struct manifest_entry *entry, struct arena *arena,
                  struct manifest *ret)
{
	struct manifest added = { ARENA_ARRAY(arena, struct manifest_entry, MANIFEST_ENTRIES), 0 };
	added.entries[added.entry_count++] = *entry;
	for (uint32_t e = 0; e < m->entry_count && added.entry_count < MANIFEST_ENTRIES; e++)
		if (!same_used(&m->entries[e], entry) && !digest_eq(&m->entries[e].closure, &entry->closure))
			added.entries[added.entry_count++] = m->entries[e];
	*ret = added;
}
