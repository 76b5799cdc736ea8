/* The store's side of a unit: manifest first, strict key second; and what is written when it was run. */
#define _GNU_SOURCE /* qsort_r */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "build/internal.h"
#include "model/bodies.h"

bool build_fits_unit(const struct build *b, uint32_t unit, const struct result *r)
{
	const struct plan *p = b->config.plan;
	const struct plan_unit *u = &p->units[unit];
	if (r->member_count != u->member_count)
		return false;
	for (uint32_t i = 0; i < u->member_count; i++)
		if (strcmp(r->members[i].id, p->modules[u->members[i]].id) != 0)
			return false;
	return true;
}

static int load_result(struct build *b, uint32_t unit, const struct digest *d, struct result *ret, bool *ret_hit,
                       struct err *err)
{
	struct buf record = BUF_INIT;
	bool found;
	int failed = store_get(b->config.store, d, &record, &found, err);
	bool decoded = !failed && found && result_decode(buf_span(&record), &b->arena, ret);
	if (!failed && found && !decoded)
		store_discard(b->config.store, d);
	*ret_hit = decoded && build_fits_unit(b, unit, ret);
	buf_release(&record);
	/* An interface that is gone (or was found altered) makes the whole result a miss. */
	for (uint32_t i = 0; *ret_hit && i < ret->member_count; i++)
		*ret_hit = store_has(b->config.store, &ret->members[i].interface.data);
	return failed;
}

bool build_may_use(struct build *b, uint32_t unit, uint32_t module)
{
	uint32_t owner = b->config.plan->modules[module].unit;
	return owner == unit || build_stands_on(b, unit, owner);
}

static bool entry_holds(struct build *b, uint32_t unit, const struct manifest_entry *e)
{
	const struct plan *p = b->config.plan;
	for (uint32_t i = 0; i < e->used_count; i++) {
		const uint32_t *at = map_get_str(&p->index, e->used[i].id);
		if (!at || !digest_eq(&b->digests[*at], &e->used[i].interface) || !build_may_use(b, unit, *at))
			return false;
	}
	return true;
}

static int lookup_manifest(struct build *b, uint32_t unit, bool *ret_hit, struct err *err)
{
	struct buf record = BUF_INIT;
	struct arena scratch = ARENA_INIT;
	struct manifest m;
	bool found;
	int failed = store_lookup(b->config.store, STORE_MANIFESTS, &b->units[unit].manifest_key, &record, &found, err);
	*ret_hit = false;
	if (!failed && found && !manifest_decode(buf_span(&record), &scratch, &m)) {
		store_discard_record(b->config.store, STORE_MANIFESTS, &b->units[unit].manifest_key);
	} else if (!failed && found) {
		for (uint32_t i = 0; i < m.entry_count && !*ret_hit && !failed; i++) {
			if (entry_holds(b, unit, &m.entries[i]))
				failed = load_result(b, unit, &m.entries[i].result, &b->units[unit].result, ret_hit, err);
			if (*ret_hit)
				build_remember(b, unit, &m.entries[i]);
		}
	}
	buf_release(&record);
	arena_release(&scratch);
	return failed;
}

/* The action cache holds the digest of the result and a checksum: digest[32] xxh3:u64. */
enum { ACTION_RECORD_SIZE = DIGEST_SIZE + 8 };

static void encode_action_record(const struct digest *result, struct buf *out)
{
	buf_add(out, result->bytes, DIGEST_SIZE);
	buf_put_u64(out, hash_xxh3(buf_span(out)));
}

static bool decode_action_record(const struct buf *record, struct digest *ret)
{
	struct reader r = reader_of(buf_span(record));
	struct span digest = reader_raw(&r, DIGEST_SIZE);
	if (reader_u64(&r) != hash_xxh3(digest) || !reader_done(&r))
		return false;
	memcpy(ret->bytes, digest.data, DIGEST_SIZE);
	return true;
}

static int lookup_strict(struct build *b, uint32_t unit, struct result *ret, bool *ret_hit, struct err *err)
{
	struct buf record = BUF_INIT;
	bool found;
	int failed = store_lookup(b->config.store, STORE_ACTIONS, &b->units[unit].strict_key, &record, &found, err);
	*ret_hit = false;
	struct digest d;
	if (!failed && found && !decode_action_record(&record, &d))
		store_discard_record(b->config.store, STORE_ACTIONS, &b->units[unit].strict_key);
	else if (!failed && found)
		failed = load_result(b, unit, &d, ret, ret_hit, err);
	buf_release(&record);
	return failed;
}

int build_load_first(struct build *b, uint32_t unit, struct err *err)
{
	struct build_unit *u = &b->units[unit];
	u->has_first = false;
	if (b->config.policy != CONFLICT_FIRST || b->config.no_record)
		return 0;
	return lookup_strict(b, unit, &u->first, &u->has_first, err);
}

int build_lookup(struct build *b, uint32_t unit, bool *ret_hit, struct err *err)
{
	struct build_unit *u = &b->units[unit];
	const struct plan *p = b->config.plan;
	key_closure(p, unit, b->merkle, &u->closure);
	key_manifest(p, unit, b->config.options, b->config.toolchain, &u->manifest_key);
	key_strict(&u->manifest_key, &u->closure, &u->strict_key);
	*ret_hit = false;
	for (uint32_t i = 0; i < p->units[unit].member_count; i++)
		if (p->modules[p->units[unit].members[i]].unreadable)
			return 0;
	if (b->config.no_store_read || (b->config.forced && b->config.forced[unit]))
		return 0;
	*ret_hit = build_recall(b, unit);
	if (!*ret_hit && lookup_manifest(b, unit, ret_hit, err))
		return -1;
	if (*ret_hit) {
		u->source = FROM_MANIFEST;
		return 0;
	}
	if (lookup_strict(b, unit, &u->result, ret_hit, err))
		return -1;
	if (*ret_hit)
		u->source = FROM_STRICT;
	return 0;
}

int build_find_damage(struct build *b, uint32_t unit, bool *ret_found, struct err *err)
{
	struct buf bytes = BUF_INIT;
	int failed = 0;
	uint32_t count;
	const uint32_t *modules = build_closure_of(b, unit, &count);
	*ret_found = false;
	for (uint32_t i = 0; i < count && !failed; i++) {
		bool whole = true;
		buf_reset(&bytes);
		failed = store_get(b->config.store, &b->interfaces[modules[i]].data, &bytes, &whole, err);
		*ret_found = *ret_found || !whole;
	}
	buf_release(&bytes);
	return failed;
}

/* ---- writing ---- */

static void use(struct build *b, struct module_list *list, const char *name)
{
	const uint32_t *at = map_get_str(&b->config.plan->index, name);
	if (!at)
		return;
	VEC_GROW(list->items, list->count, list->cap);
	list->items[list->count++] = *at;
}

void build_member_uses(struct build *b, uint32_t unit, uint32_t i, const struct unit_outcome *o,
                       struct module_list *list)
{
	const struct plan *p = b->config.plan;
	const struct plan_module *m = &p->modules[p->units[unit].members[i]];
	const struct member_result *r = &b->units[unit].result.members[i];
	if (o->kept && o->kept[i]) {
		const struct bodies_entry *e = b->kept[unit]->entry;
		for (uint32_t k = 0; k < e->members[i].used_count; k++)
			use(b, list, e->table[e->members[i].used[k]].id);
		return;
	}
	use(b, list, m->id);
	for (uint32_t k = 0; k < m->dep_count; k++)
		use(b, list, p->modules[m->deps[k]].id);
	for (uint32_t k = 0; k < r->indirect_count; k++)
		use(b, list, r->indirect[k]);
	for (const char **name = o->uses ? o->uses[i] : NULL; name && *name; name++)
		use(b, list, *name);
}

static int by_rank(const void *a, const void *b, void *rank)
{
	uint32_t x = ((const uint32_t *)rank)[*(const uint32_t *)a], y = ((const uint32_t *)rank)[*(const uint32_t *)b];
	return x < y ? -1 : x > y;
}

void build_sort_modules(struct build *b, struct module_list *list)
{
	uint32_t kept = 0;
	if (list->count)
		qsort_r(list->items, list->count, sizeof *list->items, by_rank, b->rank);
	for (uint32_t i = 0; i < list->count; i++)
		if (i == 0 || list->items[i] != list->items[kept - 1])
			list->items[kept++] = list->items[i];
	list->count = kept;
}

/* The used set: direct dependencies, what the checker recorded beyond them, and what else it told the runner. */
static void used_set(struct build *b, uint32_t unit, const struct unit_outcome *o, struct manifest_entry *ret)
{
	const struct plan *p = b->config.plan;
	struct module_list list = { 0 };
	uint32_t below = 0;
	const uint32_t *modules = o->uses_unknown ? build_closure_of(b, unit, &below) : NULL;
	for (uint32_t i = 0; i < p->units[unit].member_count; i++)
		build_member_uses(b, unit, i, o, &list);
	for (uint32_t i = 0; i < below; i++)
		use(b, &list, p->modules[modules[i]].id);
	build_sort_modules(b, &list);
	ret->used = xmalloc((list.count + 1) * sizeof *ret->used);
	ret->used_count = 0;
	for (uint32_t i = 0; i < list.count; i++)
		if (p->modules[list.items[i]].unit != unit)
			ret->used[ret->used_count++] =
				(struct used){ p->modules[list.items[i]].id, b->digests[list.items[i]] };
	free(list.items);
}

static int add_to_manifest(struct build *b, uint32_t unit, const struct unit_outcome *o, const struct digest *result,
                           struct err *err)
{
	struct buf record = BUF_INIT;
	struct arena scratch = ARENA_INIT;
	struct manifest old = { 0 }, fresh;
	struct manifest_entry entry = { .result = *result };
	bool found;
	int failed = store_lookup(b->config.store, STORE_MANIFESTS, &b->units[unit].manifest_key, &record, &found, err);
	if (!failed) {
		if (found && !manifest_decode(buf_span(&record), &scratch, &old))
			old = (struct manifest){ 0 };
		used_set(b, unit, o, &entry);
		build_remember(b, unit, &entry);
		manifest_add(&old, &entry, &scratch, &fresh);
		buf_reset(&record);
		manifest_encode(&fresh, &record);
		failed = store_record(b->config.store, STORE_MANIFESTS, &b->units[unit].manifest_key, buf_span(&record), err);
	}
	free(entry.used);
	buf_release(&record);
	arena_release(&scratch);
	return failed;
}

/* Every output of every action goes through the merge: the same action must give the same bytes, whoever ran it. */
static int merge_outputs(struct build *b, uint32_t unit, const struct digest *result, bool *ret_keep, struct err *err)
{
	struct build_unit *u = &b->units[unit];
	struct buf record = BUF_INIT;
	bool found;
	char key[DIGEST_HEX_SIZE + 1];
	struct merge_rule rule = { b->config.policy, NULL, NULL };
	*ret_keep = true;
	if (store_lookup(b->config.store, STORE_ACTIONS, &u->strict_key, &record, &found, err)) {
		buf_release(&record);
		return -1;
	}
	struct digest before_digest;
	if (found && decode_action_record(&record, &before_digest)) {
		uint32_t before = b->outputs.conflict_count + b->outputs.tolerated;
		digest_hex(&u->strict_key, key);
		const char *name = b->config.plan->modules[b->config.plan->units[unit].members[0]].id;
		struct digest_entry stored = { .path = arena_printf(&b->arena, "%s (action %s)", name, key),
			                       .digest = before_digest, .producer = "the store" };
		struct digest_entry now = { .path = stored.path, .digest = *result, .producer = "this run" };
		digest_map_add(&b->outputs, &stored, &rule);
		digest_map_add(&b->outputs, &now, &rule);
		*ret_keep = b->outputs.conflict_count + b->outputs.tolerated == before;
	}
	buf_release(&record);
	return 0;
}

int build_record(struct build *b, uint32_t unit, const struct unit_outcome *o, struct err *err)
{
	struct build_unit *u = &b->units[unit];
	struct buf record = BUF_INIT;
	struct digest d;
	bool keep;
	result_encode(&u->result, &record);
	int failed = store_put(b->config.store, buf_span(&record), &d, err) || merge_outputs(b, unit, &d, &keep, err);
	buf_release(&record);
	if (failed || !keep)
		return failed ? -1 : 0;
	if (add_to_manifest(b, unit, o, &d, err) || build_record_bodies(b, unit, o, &d, err))
		return -1;
	struct buf action = BUF_INIT;
	encode_action_record(&d, &action);
	failed = store_record(b->config.store, STORE_ACTIONS, &u->strict_key, buf_span(&action), err);
	buf_release(&action);
	return failed;
}
