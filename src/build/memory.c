/* From one run to the next: units that are as they were are answered from the past; see build/past.h. */
#include <string.h>

#include "base/xalloc.h"
#include "build/internal.h"

#define NOT_HERE UINT32_MAX

static void recollect(struct build *b, struct recollection *r, const struct past *past)
{
	uint32_t n = past ? past_module_count(past) : 0;
	r->past = past;
	r->now = ARENA_ARRAY(&b->arena, uint32_t, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t *at = map_get(&b->config.plan->index, past_module_id(past, i));
		r->now[i] = at ? *at : NOT_HERE;
	}
}

void build_memory_init(struct build *b)
{
	uint64_t stamp = b->config.past && past_module_count(b->config.past) ? store_stamp(b->config.store) : 0;
	b->memory = ARENA_ARRAY(&b->arena, struct unit_memory, b->config.plan->unit_count + 1);
	recollect(b, &b->own, b->config.past);
	b->own.sure = stamp && past_stamp(b->config.past) == stamp;
}

void build_recall_others(struct build *b, const struct past *others)
{
	recollect(b, &b->others, others);
}

static bool used_as_before(struct build *b, uint32_t unit, const struct recollection *r, const struct past_entry *u)
{
	for (uint32_t i = 0; i < u->used_count; i++) {
		uint32_t then = past_used(u, i), now = r->now[then];
		if (now == NOT_HERE || !digest_eq(&b->digests[now], past_interface(r->past, then)) ||
		    !build_may_use(b, unit, now))
			return false;
	}
	return true;
}

static bool interfaces_are_there(struct build *b, const struct result *r)
{
	for (uint32_t i = 0; i < r->member_count; i++)
		if (!build_share_has(b, &r->members[i].interface.data))
			return false;
	return true;
}

static bool recall_from(struct build *b, uint32_t unit, const struct recollection *r)
{
	struct build_unit *u = &b->units[unit];
	struct unit_memory *m = &b->memory[unit];
	struct past_entry past;
	if (!r->past || !past_find(r->past, &u->manifest_key, &past) || !used_as_before(b, unit, r, &past) ||
	    !result_decode(past.result, &b->arena, &u->result) || !build_fits_unit(b, unit, &u->result) ||
	    (!r->sure && !interfaces_are_there(b, &u->result)))
		return false;
	m->used = ARENA_ARRAY(&b->arena, uint32_t, past.used_count + 1);
	m->used_count = past.used_count;
	for (uint32_t i = 0; i < past.used_count; i++)
		m->used[i] = r->now[past_used(&past, i)];
	m->known = true;
	m->foreign = r != &b->own;
	m->result = past.result;
	return true;
}

bool build_recall(struct build *b, uint32_t unit)
{
	return recall_from(b, unit, &b->own) || recall_from(b, unit, &b->others);
}

void build_remember(struct build *b, uint32_t unit, const struct manifest_entry *e)
{
	struct unit_memory *m = &b->memory[unit];
	*m = (struct unit_memory){ .used = ARENA_ARRAY(&b->arena, uint32_t, e->used_count + 1),
		                   .used_count = e->used_count, .known = true };
	for (uint32_t i = 0; i < e->used_count; i++)
		m->used[i] = *map_get_str(&b->config.plan->index, e->used[i].id);
}

/* A result that stands in for the one that was run (CONFLICT_FIRST) has a used set that is not known here. */
static bool is_kept(const struct build *b, uint32_t unit)
{
	return b->units[unit].state == UNIT_DONE && b->memory[unit].known && !b->units[unit].has_first;
}

static bool is_all_past(const struct build *b)
{
	uint32_t kept = 0;
	for (uint32_t u = 0; u < b->config.plan->unit_count; u++) {
		kept += is_kept(b, u);
		if (is_kept(b, u) && (!b->memory[u].result.len || b->memory[u].foreign))
			return false;
	}
	return b->own.sure && kept == past_unit_count(b->config.past);
}

void build_encode_memory(const struct build *b, struct buf *out)
{
	const struct plan *p = b->config.plan;
	struct buf result = BUF_INIT;
	struct past_writer w = past_begin(out, store_stamp(b->config.store), p->module_count);
	for (uint32_t i = 0; i < p->module_count; i++)
		past_put_module(&w, p->modules[i].id, &b->digests[i]);
	past_begin_units(&w);
	for (uint32_t u = 0; u < p->unit_count; u++) {
		const struct unit_memory *m = &b->memory[u];
		struct span bytes = m->result;
		if (!is_kept(b, u))
			continue;
		if (!bytes.len) {
			buf_reset(&result);
			result_encode(&b->units[u].result, &result);
			bytes = buf_span(&result);
		}
		past_put_unit(&w, &b->units[u].manifest_key, m->used, m->used_count, bytes);
	}
	past_end(&w);
	buf_release(&result);
}

bool build_encode_past(const struct build *b, struct buf *out)
{
	if (is_all_past(b))
		return false;
	build_encode_memory(b, out);
	return true;
}
