/*
 * In which order mypy works through units. Sepal runs them in an order of its own; this one decides what mypy had said
 * when an error stopped it, and which module a message that is printed once belongs to.
 *
 * mypy/build.py 2.4: sorted_components (levels of the topological order, the last discovered first) and process_graph
 * (a queue: first in, first out; a unit enters it when the last unit that it needs is done).
 */
#define _GNU_SOURCE /* qsort_r */
#include <stdlib.h>

#include "plan/plan.h"

struct sorting {
	uint32_t *level;      /* per unit: the longest chain of units below it */
	uint32_t *discovered; /* per unit: its member that was discovered first */
};

static int by_level(const void *a, const void *b, void *ctx)
{
	const struct sorting *s = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	if (s->level[x] != s->level[y])
		return s->level[x] < s->level[y] ? -1 : 1;
	return s->discovered[x] > s->discovered[y] ? -1 : s->discovered[x] < s->discovered[y];
}

static int by_place(const void *a, const void *b, void *place)
{
	uint32_t x = ((const uint32_t *)place)[*(const uint32_t *)a], y = ((const uint32_t *)place)[*(const uint32_t *)b];
	return x < y ? -1 : x > y;
}

/* sorted_components: all units; `place` says where each is. */
static uint32_t *sort_units(const struct plan *p, struct arena *arena, uint32_t *place)
{
	struct sorting s = { ARENA_ARRAY(arena, uint32_t, p->unit_count + 1),
	                     ARENA_ARRAY(arena, uint32_t, p->unit_count + 1) };
	uint32_t *sorted = ARENA_ARRAY(arena, uint32_t, p->unit_count + 1);
	for (uint32_t u = 0; u < p->unit_count; u++) {
		const struct plan_unit *unit = &p->units[u];
		s.discovered[u] = unit->members[0];
		for (uint32_t i = 1; i < unit->member_count; i++)
			if (unit->members[i] < s.discovered[u])
				s.discovered[u] = unit->members[i];
		s.level[u] = 0;
		for (uint32_t i = 0; i < unit->needs->count; i++)
			if (s.level[unit->needs->to[i]] >= s.level[u])
				s.level[u] = s.level[unit->needs->to[i]] + 1;
		sorted[u] = u;
	}
	qsort_r(sorted, p->unit_count, sizeof *sorted, by_level, &s);
	for (uint32_t i = 0; i < p->unit_count; i++)
		place[sorted[i]] = i;
	return sorted;
}

const uint32_t *plan_checker_order(const struct plan *p, struct arena *arena)
{
	uint32_t *place = ARENA_ARRAY(arena, uint32_t, p->unit_count + 1);
	uint32_t *sorted = sort_units(p, arena, place);
	uint32_t *waits_for = ARENA_ARRAY(arena, uint32_t, p->unit_count + 1);
	uint32_t *queue = ARENA_ARRAY(arena, uint32_t, p->unit_count + 1);
	uint32_t *dependents = ARENA_ARRAY(arena, uint32_t, p->unit_count + 1);
	uint32_t *rank = ARENA_ARRAY(arena, uint32_t, p->unit_count + 1);
	uint32_t end = 0;
	for (uint32_t i = 0; i < p->unit_count; i++) {
		waits_for[sorted[i]] = p->units[sorted[i]].needs->count;
		if (!waits_for[sorted[i]])
			queue[end++] = sorted[i];
	}
	for (uint32_t at = 0; at < end; at++) {
		const struct graph_edges *edges = p->units[queue[at]].needed_by;
		rank[queue[at]] = at;
		for (uint32_t i = 0; i < edges->count; i++)
			dependents[i] = edges->to[i];
		qsort_r(dependents, edges->count, sizeof *dependents, by_place, place);
		for (uint32_t i = 0; i < edges->count; i++)
			if (--waits_for[dependents[i]] == 0)
				queue[end++] = dependents[i];
	}
	return rank;
}
