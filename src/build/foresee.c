/*
 * Looking ahead. What will surely run is told to the runner long before its turn: it may prepare in idle moments. And
 * after an edit, what the edited units stand on is looked up before everything else: then the checker works while the
 * rest of the look-ups are made.
 */
#define _GNU_SOURCE /* qsort_r */
#include <stdlib.h>

#include "base/xalloc.h"
#include "build/internal.h"

/* Fewer units are through before anything is prepared; more members than this do not fit into a request. */
enum { FEW_UNITS = 16, MOST_MEMBERS = 50000 };
/* An edit touches a few files. */
enum { MOST_EDITED = 64 };

unsigned char *build_find_urgent(struct build *b)
{
	const struct plan *p = b->config.plan;
	uint32_t edited = 0;
	for (uint32_t i = 0; i < p->module_count; i++)
		edited += p->modules[i].fresh;
	if (!edited || edited > MOST_EDITED)
		return NULL;
	unsigned char *urgent = ARENA_ARRAY(&b->arena, unsigned char, p->unit_count);
	for (uint32_t i = 0; i < p->module_count; i++) {
		if (!p->modules[i].fresh || urgent[p->modules[i].unit])
			continue;
		uint32_t below = reach_all(b->reach, p->modules[i].unit, b->closure_units);
		urgent[p->modules[i].unit] = true;
		for (uint32_t k = 0; k < below; k++)
			urgent[b->closure_units[k]] = true;
	}
	return urgent;
}

/* Without a manifest there is no result that could stand. */
static bool surely_runs(struct build *b, uint32_t unit)
{
	if (b->units[unit].state == UNIT_QUEUED)
		return true;
	if (b->units[unit].state != UNIT_WAITING || b->units[unit].waits_for == UINT32_MAX)
		return false;
	return b->config.no_store_read || (b->config.forced && b->config.forced[unit]) ||
	       !store_has_record(b->config.store, STORE_MANIFESTS, build_manifest_key(b, unit));
}

static int by_turn(const void *x, const void *y, void *b)
{
	uint32_t a = *(const uint32_t *)x, c = *(const uint32_t *)y;
	return build_goes_before(b, a, c) ? -1 : build_goes_before(b, c, a);
}

static void expect(struct build *b, const uint32_t *units, uint32_t count)
{
	const struct plan *p = b->config.plan;
	struct member_spec *members = NULL;
	uint32_t n = 0, cap = 0;
	for (uint32_t i = 0; i < count && n < MOST_MEMBERS; i++) {
		const struct plan_unit *u = &p->units[units[i]];
		for (uint32_t k = 0; k < u->member_count; k++) {
			const struct plan_module *m = &p->modules[u->members[k]];
			if (digest_is_zero(&m->digest))
				continue; /* nothing to read */
			VEC_GROW(members, n, cap);
			members[n++] = build_member_spec(m);
		}
	}
	if (n)
		b->runner->expect(b->runner, members, n);
	free(members);
}

void build_foresee(struct build *b)
{
	b->foreseen = b->foreseen || b->urgent; /* an edit is soon through */
	if (b->foreseen || !b->runner->expect || build_share_is_asking(b))
		return;
	b->foreseen = true;
	uint32_t *units = xmalloc((b->config.plan->unit_count + 1) * sizeof *units), n = 0;
	for (uint32_t i = 0; i < b->config.plan->unit_count; i++)
		if (surely_runs(b, i))
			units[n++] = i;
	if (n >= FEW_UNITS) {
		qsort_r(units, n, sizeof *units, by_turn, b);
		expect(b, units, n);
	}
	free(units);
}
