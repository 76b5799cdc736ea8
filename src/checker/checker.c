/* The table of adapters, and what they have in common. */
#include "checker/checker.h"

#include <stdlib.h>
#include <string.h>

#include "checker/mypy_action.h"
#include "checker/toy.h"

static const struct checker *const CHECKERS[] = { &checker_mypy, &checker_toy };

const struct checker *checker_find(const char *name)
{
	for (size_t i = 0; i < sizeof CHECKERS / sizeof *CHECKERS; i++)
		if (strcmp(CHECKERS[i]->name, name) == 0)
			return CHECKERS[i];
	return NULL;
}

void unit_outcome_init(const struct unit_spec *unit, struct arena *arena, struct unit_outcome *ret)
{
	*ret = (struct unit_outcome){
		.kind = OUTCOME_RESULT,
		.result = { ARENA_ARRAY(arena, struct member_result, unit->member_count), unit->member_count },
		.data = ARENA_ARRAY(arena, struct span, unit->member_count),
		.discovered = ARENA_ARRAY(arena, const char **, unit->member_count),
		.uses = ARENA_ARRAY(arena, const char **, unit->member_count),
		.said = ARENA_ARRAY(arena, struct digest, unit->member_count),
		.kept = ARENA_ARRAY(arena, bool, unit->member_count),
	};
	for (uint32_t i = 0; i < unit->member_count; i++)
		ret->result.members[i].id = unit->members[i].id;
}

bool unit_has_member(const struct unit_spec *unit, const char *id)
{
	for (uint32_t i = 0; i < unit->member_count; i++)
		if (strcmp(unit->members[i].id, id) == 0)
			return true;
	return false;
}

static int compare_dep(const void *key, const void *element)
{
	return strcmp(key, (*(struct dep_spec *const *)element)->id);
}

static bool in_closure(const struct unit_spec *unit, const char *id)
{
	return unit->closure_count &&
	       bsearch(id, unit->closure, unit->closure_count, sizeof *unit->closure, compare_dep) != NULL;
}

const char **unit_unplanned(const struct unit_spec *unit, const char *const *dependencies, struct arena *arena)
{
	uint32_t count = 0, total = 0;
	while (dependencies[total])
		total++;
	const char **list = ARENA_ARRAY(arena, const char *, (size_t)total + 1);
	for (uint32_t i = 0; i < total; i++)
		if (!in_closure(unit, dependencies[i]) && !unit_has_member(unit, dependencies[i]))
			list[count++] = dependencies[i];
	return count ? list : NULL;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void member_take_indirect(const struct unit_spec *unit, const char **dependencies, struct member_result *ret)
{
	uint32_t count = 0;
	for (const char **d = dependencies; *d; d++)
		if (!unit_has_member(unit, *d))
			dependencies[count++] = *d;
	if (count)
		qsort(dependencies, count, sizeof *dependencies, compare_strings);
	ret->indirect = dependencies;
	ret->indirect_count = count;
}
