/* From one run to the next: units that are as they were are answered from the past; see build/past.h. */
#include <string.h>

#include "base/xalloc.h"
#include "build/internal.h"

#define NOT_HERE UINT32_MAX

void build_memory_init(struct build *b)
{
	const struct plan *p = b->config.plan;
	uint32_t n = b->config.past ? past_module_count(b->config.past) : 0;
	uint64_t stamp = n ? store_stamp(b->config.store) : 0;
	b->past_is_sure = stamp && past_stamp(b->config.past) == stamp;
	b->memory = ARENA_ARRAY(&b->arena, struct unit_memory, p->unit_count + 1);
	b->past_now = ARENA_ARRAY(&b->arena, uint32_t, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t *at = map_get(&p->index, past_module_id(b->config.past, i));
		b->past_now[i] = at ? *at : NOT_HERE;
	}
}

static bool used_as_before(struct build *b, uint32_t unit, const struct past_entry *u)
{
	for (uint32_t i = 0; i < u->used_count; i++) {
		uint32_t then = past_used(u, i), now = b->past_now[then];
		if (now == NOT_HERE || !digest_eq(&b->digests[now], past_interface(b->config.past, then)) ||
		    !build_may_use(b, unit, now))
			return false;
	}
	return true;
}

static bool interfaces_are_there(struct build *b, const struct result *r)
{
	for (uint32_t i = 0; i < r->member_count; i++)
		if (!store_has(b->config.store, &r->members[i].interface.data))
			return false;
	return true;
}

bool build_recall(struct build *b, uint32_t unit)
{
	struct build_unit *u = &b->units[unit];
	struct unit_memory *m = &b->memory[unit];
	struct past_entry past;
	if (!b->config.past || !past_find(b->config.past, &u->manifest_key, &past) || !used_as_before(b, unit, &past) ||
	    !result_decode(past.result, &b->arena, &u->result) || !build_fits_unit(b, unit, &u->result) ||
	    (!b->past_is_sure && !interfaces_are_there(b, &u->result)))
		return false;
	m->used = ARENA_ARRAY(&b->arena, uint32_t, past.used_count + 1);
	m->used_count = past.used_count;
	for (uint32_t i = 0; i < past.used_count; i++)
		m->used[i] = b->past_now[past_used(&past, i)];
	m->known = true;
	m->result = past.result;
	return true;
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
		if (is_kept(b, u) && !b->memory[u].result.len)
			return false;
	}
	return b->past_is_sure && kept == past_unit_count(b->config.past);
}

bool build_encode_past(const struct build *b, struct buf *out)
{
	const struct plan *p = b->config.plan;
	struct buf result = BUF_INIT;
	if (is_all_past(b))
		return false;
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
	return true;
}
