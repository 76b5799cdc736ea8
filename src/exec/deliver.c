#include "exec/deliver.h"

void outcome_deliver(const struct runner_events *e, const struct unit_spec *spec, const struct unit_outcome *o,
		     struct arena *arena)
{
	uint32_t unit = spec->unit, members = spec->member_count;
	bool discovered = false;
	if (o->kind == OUTCOME_BLOCKED) {
		e->blocked(e->ctx, unit, o);
		return;
	}
	for (uint32_t i = 0; o->discovered && i < members; i++)
		discovered = discovered || (o->discovered[i] && o->discovered[i][0]);
	if (!discovered) {
		e->interface(e->ctx, unit, o);
		e->report(e->ctx, unit, o);
		return;
	}
	/* The first event ends the unit, and with it the spec: names are the plan's and stay. */
	const char **ids = ARENA_ARRAY(arena, const char *, members);
	for (uint32_t i = 0; i < members; i++)
		ids[i] = spec->members[i].id;
	for (uint32_t i = 0; i < members; i++)
		if (o->discovered[i] && o->discovered[i][0])
			e->discovered(e->ctx, unit, ids[i], o->discovered[i]);
}
