/*
 * The transitions. Every one goes through build_set_state(); `ready`, `later` and `queue` are only caches of it.
 *
 *   waiting -> ready -> done                                     a hit
 *   waiting -> ready -> queued -> running -> bodies -> done      a run
 *              ready -> fetching -> queued                     a run that stands on what is not here yet
 *                       fetching -> waiting                    to be built again
 *                                 running -> blocked | failed
 *                                 running | bodies -> waiting         to be planned or built again
 *   waiting -> blocked                                           something below is blocked or failed
 */
#include <stdlib.h>

#include "base/xalloc.h"
#include "build/internal.h"

void build_emit(struct build *b, enum build_event_kind kind, uint32_t unit, const struct err *err)
{
	struct build_event e = { kind, unit, err };
	if (b->config.on_event)
		b->config.on_event(b->config.ctx, &e);
}

static bool is_final(enum unit_state s)
{
	return s == UNIT_DONE || s == UNIT_BLOCKED || s == UNIT_FAILED;
}

void build_set_state(struct build *b, uint32_t unit, enum unit_state to)
{
	static const unsigned allowed[UNIT_FAILED + 1] = {
		[UNIT_WAITING] = 1u << UNIT_READY | 1u << UNIT_BLOCKED,
		[UNIT_READY] = 1u << UNIT_DONE | 1u << UNIT_FETCHING | 1u << UNIT_QUEUED,
		[UNIT_FETCHING] = 1u << UNIT_QUEUED | 1u << UNIT_WAITING,
		[UNIT_QUEUED] = 1u << UNIT_RUNNING,
		[UNIT_RUNNING] = 1u << UNIT_BODIES | 1u << UNIT_BLOCKED | 1u << UNIT_FAILED | 1u << UNIT_WAITING,
		[UNIT_BODIES] = 1u << UNIT_DONE | 1u << UNIT_FAILED | 1u << UNIT_WAITING,
	};
	struct build_unit *u = &b->units[unit];
	if (!(allowed[u->state] & 1u << to))
		BUG("unit %u cannot go from state %d to %d", unit, (int)u->state, (int)to);
	b->counts[u->state]--;
	u->state = to;
	b->counts[to]++;
	b->unfinished -= is_final(to);
}

void build_make_ready(struct build *b, uint32_t unit)
{
	struct unit_stack *to = b->urgent && !b->urgent[unit] ? &b->later : &b->ready;
	build_set_state(b, unit, UNIT_READY);
	VEC_GROW(to->items, to->count, to->cap);
	to->items[to->count++] = unit;
}

/* The interfaces of `unit` are known and stored. */
void build_release_dependents(struct build *b, uint32_t unit, bool something_ran)
{
	const struct plan_unit *u = &b->config.plan->units[unit];
	for (uint32_t i = 0; i < u->needed_by->count; i++) {
		struct build_unit *d = &b->units[u->needed_by->to[i]];
		d->below_ran = d->below_ran || something_ran;
		d->waits_for--;
		if (!d->waits_for && d->state == UNIT_WAITING)
			build_make_ready(b, u->needed_by->to[i]);
	}
}

/* Everything that waits for `unit`, however far above: a chain may be as long as the plan, so there is no recursion. */
void build_block_dependents(struct build *b, uint32_t unit)
{
	uint32_t *stack = NULL, len = 0, cap = 0;
	VEC_GROW(stack, len, cap);
	stack[len++] = unit;
	while (len) {
		const struct graph_edges *above = b->config.plan->units[stack[--len]].needed_by;
		for (uint32_t i = 0; i < above->count; i++) {
			uint32_t d = above->to[i];
			if (b->units[d].state != UNIT_WAITING)
				continue;
			build_set_state(b, d, UNIT_BLOCKED);
			b->units[d].blocked_by = unit;
			b->stats.blocked++;
			build_emit(b, BUILD_BLOCKED, d, NULL);
			VEC_GROW(stack, len, cap);
			stack[len++] = d;
		}
	}
	free(stack);
}

void build_know_interfaces(struct build *b, uint32_t unit, const struct result *r)
{
	const struct plan *p = b->config.plan;
	const struct plan_unit *u = &p->units[unit];
	for (uint32_t i = 0; i < u->member_count; i++) {
		b->interfaces[u->members[i]] = r->members[i].interface;
		interface_digest(&r->members[i].interface, &b->digests[u->members[i]]);
	}
	key_merkle(p, unit, b->digests, &b->units[unit].closure, &b->merkle[unit]);
}

void build_finish(struct build *b, uint32_t unit)
{
	struct build_unit *u = &b->units[unit];
	build_set_state(b, unit, UNIT_DONE);
	bool hit = u->source != FROM_RUN;
	b->stats.hit_manifest += u->source == FROM_MANIFEST;
	b->stats.hit_strict += u->source == FROM_STRICT;
	b->stats.cutoff += hit && u->below_ran;
	if (!hit) {
		b->stats.units_run++;
		b->stats.bodies_run += b->config.plan->units[unit].member_count - u->kept_reports;
	}
	build_emit(b, hit ? BUILD_HIT : BUILD_FINISHED, unit, NULL);
}

void build_enqueue(struct build *b, uint32_t unit)
{
	build_set_state(b, unit, UNIT_QUEUED);
	build_queue_push(b, unit);
}

/* This build cannot finish the unit; the caller builds again. Its dependents wait with it. */
void build_put_off(struct build *b, uint32_t unit)
{
	build_set_state(b, unit, UNIT_WAITING);
	b->units[unit].waits_for = UINT32_MAX;
	build_spec_drop(b, unit);
}

void build_fetched(struct build *b, uint32_t unit, bool all_here)
{
	if (all_here) {
		build_enqueue(b, unit);
		return;
	}
	b->damaged++;
	build_put_off(b, unit);
}

void build_unpark(struct build *b, uint32_t unit)
{
	struct unit_stack *to = &b->ready;
	VEC_GROW(to->items, to->count, to->cap);
	to->items[to->count++] = unit;
}
