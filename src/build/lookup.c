/* The store's side of a unit: the look-up of its manifest, and what is written when it was run. */
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

int build_load_manifest(struct build *b, const struct digest *key, struct loaded_manifest *ret, struct err *err)
{
	bool found;
	*ret = (struct loaded_manifest){ .record = BUF_INIT };
	if (store_lookup(b->config.store, STORE_MANIFESTS, key, &ret->record, &found, err))
		return -1;
	if (found && !manifest_decode(buf_span(&ret->record), &ret->arena, &ret->manifest))
		store_discard_record(b->config.store, STORE_MANIFESTS, key);
	return 0;
}

void build_drop_manifest(struct loaded_manifest *m)
{
	buf_release(&m->record);
	arena_release(&m->arena);
}

/* An interface that is gone (or was found altered) makes the whole result a miss. */
static bool take_result(struct build *b, uint32_t unit, const struct manifest_entry *e, struct result *ret)
{
	if (!result_decode(e->result, &b->arena, ret) || !build_fits_unit(b, unit, ret))
		return false;
	for (uint32_t i = 0; i < ret->member_count; i++)
		if (!build_share_has(b, &ret->members[i].interface.data))
			return false;
	return true;
}

static bool take_by_closure(struct build *b, uint32_t unit, const struct manifest *m, struct result *ret)
{
	const struct manifest_entry *e = manifest_find(m, &b->units[unit].closure);
	return e && take_result(b, unit, e, ret);
}

/* First by what was used; then by all that could have been, whatever the entry says was used (a module that it may not
 * reach). */
static enum unit_source take_entry(struct build *b, uint32_t unit, const struct manifest *m)
{
	struct build_unit *u = &b->units[unit];
	for (uint32_t i = 0; i < m->entry_count; i++)
		if (entry_holds(b, unit, &m->entries[i]) && take_result(b, unit, &m->entries[i], &u->result)) {
			build_remember(b, unit, &m->entries[i]);
			return FROM_MANIFEST;
		}
	return take_by_closure(b, unit, m, &u->result) ? FROM_STRICT : FROM_NOWHERE;
}

int build_load_first(struct build *b, uint32_t unit, struct err *err)
{
	struct build_unit *u = &b->units[unit];
	struct loaded_manifest m;
	u->has_first = false;
	if (b->config.policy != CONFLICT_FIRST || b->config.no_record)
		return 0;
	int failed = build_load_manifest(b, &u->manifest_key, &m, err);
	u->has_first = !failed && take_by_closure(b, unit, &m.manifest, &u->first);
	build_drop_manifest(&m);
	return failed;
}

const struct digest *build_manifest_key(struct build *b, uint32_t unit)
{
	struct digest *key = &b->units[unit].manifest_key;
	if (digest_is_zero(key))
		key_manifest(b->config.plan, unit, b->config.options, b->config.toolchain, key);
	return key;
}

int build_lookup(struct build *b, uint32_t unit, bool *ret_hit, struct err *err)
{
	struct build_unit *u = &b->units[unit];
	const struct plan *p = b->config.plan;
	struct loaded_manifest m;
	key_closure(p, unit, b->merkle, &u->closure);
	key_strict(build_manifest_key(b, unit), &u->closure, &u->strict_key);
	*ret_hit = false;
	for (uint32_t i = 0; i < p->units[unit].member_count; i++)
		if (p->modules[p->units[unit].members[i]].unreadable)
			return 0;
	if (b->config.no_store_read || (b->config.forced && b->config.forced[unit]))
		return 0;
	if (build_recall(b, unit)) {
		u->source = FROM_MANIFEST;
		*ret_hit = true;
		return 0;
	}
	int failed = build_load_manifest(b, &u->manifest_key, &m, err);
	if (!failed)
		u->source = take_entry(b, unit, &m.manifest);
	*ret_hit = u->source != FROM_NOWHERE;
	build_drop_manifest(&m);
	return failed;
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

static int add_to_manifest(struct build *b, uint32_t unit, const struct unit_outcome *o, struct loaded_manifest *old,
                           struct span result, struct err *err)
{
	struct build_unit *u = &b->units[unit];
	struct manifest_entry entry = { .closure = u->closure, .result = result };
	struct manifest fresh;
	struct buf record = BUF_INIT;
	used_set(b, unit, o, &entry);
	build_remember(b, unit, &entry);
	manifest_add(&old->manifest, &entry, &old->arena, &fresh);
	manifest_encode_within(&fresh, BUILD_MANIFEST_SIZE, &record);
	int failed = record.len > STORE_RECORD_LIMIT ? 0 : store_record(b->config.store, STORE_MANIFESTS, &u->manifest_key,
	                                                                buf_span(&record), err);
	free(entry.used);
	buf_release(&record);
	return failed;
}

/* A result of others whose interfaces nobody has is only somebody's word. */
static bool is_hearsay(struct build *b, const struct manifest_entry *e)
{
	struct result r;
	if (!b->config.share || !result_decode(e->result, &b->arena, &r))
		return false;
	for (uint32_t i = 0; i < r.member_count; i++)
		if (build_share_lost(b, &r.members[i].interface.data))
			return true;
	return false;
}

/* Every output of every action goes through the merge: the same action must give the same bytes, whoever ran it. Those
 * of before stay if they are others. */
static bool merge_outputs(struct build *b, uint32_t unit, const struct manifest *m, struct span result)
{
	struct build_unit *u = &b->units[unit];
	const struct manifest_entry *before = manifest_find(m, &u->closure);
	char key[DIGEST_HEX_SIZE + 1];
	struct merge_rule rule = { b->config.policy, NULL, NULL };
	if (!before || span_eq(before->result, result) || is_hearsay(b, before))
		return true;
	digest_hex(&u->strict_key, key);
	const char *name = b->config.plan->modules[b->config.plan->units[unit].members[0]].id;
	const char *path = arena_printf(&b->arena, "%s (action %s)", name, key);
	struct digest_entry stored = { .path = path, .producer = "the store" };
	struct digest_entry now = { .path = path, .producer = "this run" };
	hash_sha256(before->result, &stored.digest);
	hash_sha256(result, &now.digest);
	digest_map_add(&b->outputs, &stored, &rule);
	digest_map_add(&b->outputs, &now, &rule);
	return false;
}

int build_record(struct build *b, uint32_t unit, const struct unit_outcome *o, struct err *err)
{
	struct build_unit *u = &b->units[unit];
	struct loaded_manifest m;
	struct buf result = BUF_INIT;
	result_encode(&u->result, &result);
	int failed = build_load_manifest(b, &u->manifest_key, &m, err);
	if (!failed && merge_outputs(b, unit, &m.manifest, buf_span(&result)))
		failed = add_to_manifest(b, unit, o, &m, buf_span(&result), err) ||
		         build_record_bodies(b, unit, o, buf_span(&result), err);
	build_drop_manifest(&m);
	buf_release(&result);
	return failed ? -1 : 0;
}
