/*
 * The cut inside a cycle. A unit whose key missed does its interface step again; the report of a member stands if the
 * member is as it was, the interface step has the same to say about it, and so are the interfaces that it used. What
 * lies outside the unit is compared here, before the run; what the unit makes itself, by the worker.
 */
#include <stdlib.h>

#include "base/xalloc.h"
#include "build/internal.h"
#include "model/bodies.h"

/* What fits into a frame of the worker protocol. In a cycle of more than a thousand modules that all use each other
 * every body is checked. */
enum { MOST_USES = 1000000 };

/* A single module whose key missed has nothing to keep. */
static bool is_cycle(const struct build *b, uint32_t unit)
{
	return b->config.plan->units[unit].member_count > 1;
}

static int load_bodies(struct build *b, const struct digest *key, struct bodies *ret, struct err *err)
{
	struct buf record = BUF_INIT;
	bool found;
	*ret = (struct bodies){ 0 };
	int failed = store_lookup(b->config.store, STORE_BODIES, key, &record, &found, err);
	if (!failed && found && !bodies_decode(buf_span(&record), &b->arena, ret)) {
		store_discard_record(b->config.store, STORE_BODIES, key);
		*ret = (struct bodies){ 0 };
	}
	buf_release(&record);
	return failed;
}

/* Per place in the entry's table: is it a module of the unit, or one whose interface is as it was and in reach? */
static bool *compare_table(struct build *b, uint32_t unit, const struct bodies_entry *e)
{
	const struct plan *p = b->config.plan;
	bool *same = xcalloc(e->table_count + 1, sizeof *same);
	for (uint32_t i = 0; i < e->table_count; i++) {
		const uint32_t *at = map_get_str(&p->index, e->table[i].id);
		bool own = at && p->modules[*at].unit == unit;
		same[i] = at && (own || digest_eq(&b->digests[*at], &e->table[i].interface)) && build_may_use(b, unit, *at);
	}
	return same;
}

/* The reports that could stand by an entry, and how many: per member what to hold against the interface step. */
static uint32_t make_offers(struct build *b, uint32_t unit, const struct bodies_entry *e, const struct digest *keys,
                            struct kept_report *offers)
{
	const struct plan *p = b->config.plan;
	bool *same = compare_table(b, unit, e);
	uint32_t offered = 0, uses = 0;
	for (uint32_t i = 0; i < e->member_count; i++) {
		const struct bodies_member *m = &e->members[i];
		uint32_t own = 0;
		bool stands = digest_eq(&m->key, &keys[i]) && !digest_is_zero(&m->said);
		for (uint32_t u = 0; u < m->used_count && stands; u++)
			stands = same[m->used[u]];
		offers[i] = (struct kept_report){ .offered = stands, .said = m->said };
		uses += stands ? m->used_count : 0;
		if (!stands)
			continue;
		offers[i].uses = ARENA_ARRAY(&b->arena, const char *, m->used_count + 1);
		for (uint32_t u = 0; u < m->used_count; u++)
			if (p->modules[*map_get_str(&p->index, e->table[m->used[u]].id)].unit == unit)
				offers[i].uses[own++] = e->table[m->used[u]].id;
		offered++;
	}
	free(same);
	return uses > MOST_USES ? 0 : offered;
}

/* The result behind an entry; false if it is gone or is not this unit's. */
static int load_reports(struct build *b, uint32_t unit, const struct bodies_entry *e, struct result *ret,
                        bool *ret_there, struct err *err)
{
	struct loaded_manifest m;
	int failed = build_load_manifest(b, &e->manifest_key, &m, err);
	*ret_there = false;
	for (uint32_t i = 0; !failed && i < m.manifest.entry_count && !*ret_there; i++) {
		struct digest d;
		hash_sha256(m.manifest.entries[i].result, &d);
		*ret_there = digest_eq(&d, &e->result) && result_decode(m.manifest.entries[i].result, &b->arena, ret) &&
		             build_fits_unit(b, unit, ret);
	}
	build_drop_manifest(&m);
	return failed;
}

int build_offer_bodies(struct build *b, uint32_t unit, struct err *err)
{
	const struct plan_unit *u = &b->config.plan->units[unit];
	struct bodies known;
	struct digest key;
	b->kept[unit] = NULL;
	if (!is_cycle(b, unit) || b->config.no_store_read || b->config.no_record)
		return 0;
	key_bodies(b->config.plan, unit, b->config.toolchain, &key);
	if (load_bodies(b, &key, &known, err))
		return -1;
	struct digest *keys = ARENA_ARRAY(&b->arena, struct digest, u->member_count);
	for (uint32_t i = 0; i < u->member_count && known.entry_count; i++)
		key_member(b->config.plan, u->members[i], b->config.options, &keys[i]);
	struct kept best = { .entry = NULL };
	uint32_t most = 0;
	for (uint32_t e = 0; e < known.entry_count; e++) {
		if (known.entries[e].member_count != u->member_count)
			continue;
		struct kept_report *offers = ARENA_ARRAY(&b->arena, struct kept_report, u->member_count);
		uint32_t offered = make_offers(b, unit, &known.entries[e], keys, offers);
		if (offered > most) {
			best = (struct kept){ .entry = &known.entries[e], .offers = offers };
			most = offered;
		}
	}
	bool there = false;
	if (best.entry && load_reports(b, unit, best.entry, &best.result, &there, err))
		return -1;
	if (!there)
		return 0;
	for (uint32_t i = 0; i < u->member_count; i++)
		best.offers[i].checker_hash = best.result.members[i].interface.checker_hash;
	b->kept[unit] = ARENA_NEW(&b->arena, struct kept);
	*b->kept[unit] = best;
	return 0;
}

void build_keep_reports(struct build *b, uint32_t unit, const struct unit_outcome *o)
{
	struct build_unit *u = &b->units[unit];
	for (uint32_t i = 0; o->kept && i < u->result.member_count; i++) {
		if (!o->kept[i])
			continue;
		const struct member_result *from = &b->kept[unit]->result.members[i];
		u->result.members[i].indirect = from->indirect;
		u->result.members[i].indirect_count = from->indirect_count;
		u->result.members[i].diags = from->diags;
		u->kept_reports++;
	}
}

/* The table of all modules that members used, in the order of ids; `place` becomes each one's index there. */
static void make_table(struct build *b, struct module_list *all, uint32_t *place, struct arena *scratch,
                       struct bodies_entry *ret)
{
	build_sort_modules(b, all);
	ret->table = ARENA_ARRAY(scratch, struct used, all->count + 1);
	ret->table_count = all->count;
	for (uint32_t i = 0; i < all->count; i++) {
		ret->table[i] = (struct used){ b->config.plan->modules[all->items[i]].id, b->digests[all->items[i]] };
		place[all->items[i]] = i;
	}
}

static void make_entry(struct build *b, uint32_t unit, const struct unit_outcome *o, struct arena *scratch,
                       struct bodies_entry *ret)
{
	const struct plan *p = b->config.plan;
	const struct plan_unit *u = &p->units[unit];
	struct module_list all = { 0 }, *used = xcalloc(u->member_count, sizeof *used);
	uint32_t *place = xcalloc(p->module_count, sizeof *place);
	for (uint32_t i = 0; i < u->member_count; i++) {
		build_member_uses(b, unit, i, o, &used[i]);
		build_sort_modules(b, &used[i]);
		for (uint32_t k = 0; k < used[i].count; k++) {
			VEC_GROW(all.items, all.count, all.cap);
			all.items[all.count++] = used[i].items[k];
		}
	}
	make_table(b, &all, place, scratch, ret);
	ret->members = ARENA_ARRAY(scratch, struct bodies_member, u->member_count);
	ret->member_count = u->member_count;
	for (uint32_t i = 0; i < u->member_count; i++) {
		struct bodies_member *m = &ret->members[i];
		key_member(p, u->members[i], b->config.options, &m->key);
		m->said = o->said[i];
		m->used = ARENA_ARRAY(scratch, uint32_t, used[i].count + 1);
		m->used_count = used[i].count;
		for (uint32_t k = 0; k < used[i].count; k++)
			m->used[k] = place[used[i].items[k]];
		free(used[i].items);
	}
	free(all.items);
	free(used);
	free(place);
}

int build_record_bodies(struct build *b, uint32_t unit, const struct unit_outcome *o, struct span result,
                        struct err *err)
{
	struct arena scratch = ARENA_INIT;
	struct buf record = BUF_INIT;
	struct bodies old, fresh;
	struct bodies_entry entry = { .manifest_key = b->units[unit].manifest_key };
	struct digest key;
	/* A hermetic process cannot say what the interface step had to say. */
	if (!is_cycle(b, unit) || !o->said || digest_is_zero(&o->said[0]))
		return 0;
	key_bodies(b->config.plan, unit, b->config.toolchain, &key);
	int failed = load_bodies(b, &key, &old, err);
	if (!failed) {
		hash_sha256(result, &entry.result);
		make_entry(b, unit, o, &scratch, &entry);
		bodies_add(&old, &entry, &scratch, &fresh);
		bodies_encode(&fresh, &record);
		failed = record.len > STORE_RECORD_LIMIT ? 0 : store_record(b->config.store, STORE_BODIES, &key,
		                                                             buf_span(&record), err);
	}
	buf_release(&record);
	arena_release(&scratch);
	return failed;
}
