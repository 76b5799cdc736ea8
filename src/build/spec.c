/* From the plan to what a runner gets: the unit's members, what its imports lead to, its transitive dependencies. */
#define _GNU_SOURCE /* qsort_r */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "build/internal.h"

enum { HOT_DEPENDENTS = 3, RANK_BITS = 64 };

static int by_id(const void *a, const void *b, void *plan)
{
	const struct plan *p = plan;
	return strcmp(p->modules[*(const uint32_t *)a].id, p->modules[*(const uint32_t *)b].id);
}

static int by_dep_id(const void *a, const void *b)
{
	return strcmp((*(const struct dep_spec *const *)a)->id, (*(const struct dep_spec *const *)b)->id);
}

static uint32_t *parents_of(struct build *b, const struct plan_module *m)
{
	const struct plan *p = b->config.plan;
	uint32_t *list = ARENA_ARRAY(&b->arena, uint32_t, m->name_count + 1), n = 0;
	for (uint32_t k = 0; k < m->name_count; k++) {
		const struct plan_module *parent =
			m->names[k].ancestor && m->names[k].canonical ? plan_find(p, m->names[k].name) : NULL;
		if (parent && !parent->is_namespace)
			list[n++] = (uint32_t)(parent - p->modules);
	}
	list[n] = NO_PARENT;
	return list;
}

void build_spec_init(struct build *b)
{
	struct plan *p = b->config.plan;
	b->deps = ARENA_ARRAY(&b->arena, struct dep_spec, p->module_count + 1);
	b->rank = ARENA_ARRAY(&b->arena, uint32_t, p->module_count + 1);
	b->by_rank = ARENA_ARRAY(&b->arena, uint32_t, p->module_count + 1);
	b->reach = reach_new(p->graph.needs, p->unit_count);
	b->closure_units = ARENA_ARRAY(&b->arena, uint32_t, p->unit_count + 1);
	b->closure_modules = ARENA_ARRAY(&b->arena, uint32_t, p->module_count + 1);
	b->closure_ranks = ARENA_ARRAY(&b->arena, uint64_t, p->module_count / RANK_BITS + 1);
	b->parents = ARENA_ARRAY(&b->arena, uint32_t *, p->module_count + 1);
	for (uint32_t i = 0; i < p->module_count; i++)
		b->by_rank[i] = i;
	qsort_r(b->by_rank, p->module_count, sizeof(uint32_t), by_id, p);
	for (uint32_t i = 0; i < p->module_count; i++)
		b->rank[b->by_rank[i]] = i;
	for (uint32_t i = 0; i < p->module_count; i++) {
		const struct plan_module *m = &p->modules[i];
		struct dep_spec *d = &b->deps[i];
		b->parents[i] = parents_of(b, m);
		*d = (struct dep_spec){ .id = m->id, .canonical = m->canonical, .interface = &b->interfaces[i],
			                .dep_count = m->dep_count, .partial_stub = m->partial_stub,
			                .hot = p->units[m->unit].needed_by->count >= HOT_DEPENDENTS };
	}
	for (uint32_t i = 0; i < p->module_count; i++) {
		const struct plan_module *m = &p->modules[i];
		struct dep_spec *d = &b->deps[i];
		d->deps = ARENA_ARRAY(&b->arena, const struct dep_spec *, m->dep_count + 1);
		for (uint32_t k = 0; k < m->dep_count; k++)
			d->deps[k] = &b->deps[m->deps[k]];
		qsort(d->deps, d->dep_count, sizeof *d->deps, by_dep_id);
	}
}

bool build_stands_on(struct build *b, uint32_t unit, uint32_t below)
{
	return reach_stands_on(b->reach, unit, below);
}

const uint32_t *build_closure_of(struct build *b, uint32_t unit, uint32_t *ret_count)
{
	const struct plan *p = b->config.plan;
	uint32_t words = p->module_count / RANK_BITS + 1, n = 0, units = reach_all(b->reach, unit, b->closure_units);
	memset(b->closure_ranks, 0, words * sizeof *b->closure_ranks);
	for (uint32_t i = 0; i < units; i++) {
		const struct plan_unit *u = &p->units[b->closure_units[i]];
		for (uint32_t k = 0; k < u->member_count; k++) {
			uint32_t rank = b->rank[u->members[k]];
			b->closure_ranks[rank / RANK_BITS] |= UINT64_C(1) << rank % RANK_BITS;
		}
	}
	for (uint32_t w = 0; w < words; w++)
		for (uint64_t rest = b->closure_ranks[w]; rest; rest &= rest - 1)
			b->closure_modules[n++] = b->by_rank[w * RANK_BITS + (uint32_t)__builtin_ctzll(rest)];
	*ret_count = n;
	return b->closure_modules;
}

static int by_name(const void *a, const void *b)
{
	const struct name_spec *x = a, *y = b;
	int c = strcmp(x->name, y->name);
	c = c ? c : (int)x->elsewhere - (int)y->elsewhere; /* what a member asks for itself comes first, and counts */
	return c ? c : (int)x->ancestor - (int)y->ancestor;
}

static bool same_name(const struct name_spec *a, const struct name_spec *b)
{
	return strcmp(a->name, b->name) == 0 && (a->ancestor == b->ancestor || a->elsewhere);
}

static void fill_names(struct build *b, const struct plan_unit *u, struct arena *a, struct unit_spec *s)
{
	const struct plan *p = b->config.plan;
	uint32_t n = 0, kept = 0;
	for (uint32_t i = 0; i < u->member_count; i++)
		n += p->modules[u->members[i]].name_count;
	struct name_spec *names = ARENA_ARRAY(a, struct name_spec, n + 1);
	n = 0;
	for (uint32_t i = 0; i < u->member_count; i++) {
		const struct plan_module *m = &p->modules[u->members[i]];
		if (m->name_count)
			memcpy(names + n, m->names, m->name_count * sizeof *names);
		n += m->name_count;
	}
	qsort(names, n, sizeof *names, by_name);
	for (uint32_t i = 0; i < n; i++)
		if (i == 0 || !same_name(&names[i], &names[kept - 1]))
			names[kept++] = names[i];
	s->names = names;
	s->name_count = kept;
}

static void fill_closure(struct build *b, const uint32_t *modules, uint32_t count, struct arena *a, struct unit_spec *s)
{
	s->closure = ARENA_ARRAY(a, struct dep_spec *, count + 1);
	for (uint32_t i = 0; i < count; i++)
		s->closure[s->closure_count++] = &b->deps[modules[i]];
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct ancestors {
	const char **paths;
	uint32_t count, cap;
};

/* Of the unit that build_closure_of was asked about last. */
static bool in_closure(const struct build *b, uint32_t module)
{
	uint32_t rank = b->rank[module];
	return b->closure_ranks[rank / RANK_BITS] >> rank % RANK_BITS & 1;
}

static void collect_ancestors(struct build *b, uint32_t unit, uint32_t module, struct ancestors *out)
{
	const struct plan_module *modules = b->config.plan->modules;
	for (const uint32_t *m = b->parents[module]; *m != NO_PARENT; m++) {
		if (modules[*m].unit == unit || in_closure(b, *m))
			continue;
		VEC_GROW(out->paths, out->count, out->cap);
		out->paths[out->count++] = modules[*m].canonical;
	}
}

/* Parent packages of members and of dependencies that are neither: the checker loads them all the same. */
static void fill_ancestors(struct build *b, const uint32_t *modules, uint32_t count, struct arena *a,
                           struct unit_spec *s)
{
	const struct plan_unit *u = &b->config.plan->units[s->unit];
	struct ancestors found = { 0 };
	for (uint32_t i = 0; i < u->member_count; i++)
		collect_ancestors(b, s->unit, u->members[i], &found);
	for (uint32_t i = 0; i < count; i++)
		collect_ancestors(b, s->unit, modules[i], &found);
	if (found.count)
		qsort(found.paths, found.count, sizeof *found.paths, by_text);
	const char **list = ARENA_ARRAY(a, const char *, found.count + 1);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < found.count; i++)
		if (i == 0 || strcmp(found.paths[i], list[kept - 1]) != 0)
			list[kept++] = found.paths[i];
	s->ancestors = list;
	free(found.paths);
}

struct member_spec build_member_spec(const struct plan_module *m)
{
	return (struct member_spec){ m->id, m->canonical, m->real, m->digest, m->silent, m->options, m->extra_deps };
}

const struct unit_spec *build_spec_make(struct build *b, uint32_t unit)
{
	const struct plan *p = b->config.plan;
	const struct plan_unit *u = &p->units[unit];
	struct arena *a = &b->spec_arenas[unit];
	struct unit_spec *s = ARENA_NEW(a, struct unit_spec);
	struct member_spec *members = ARENA_ARRAY(a, struct member_spec, u->member_count);
	s->unit = unit;
	s->weight = u->priority;
	s->members = members;
	s->member_count = u->member_count;
	s->kept = b->kept[unit] ? b->kept[unit]->offers : NULL;
	for (uint32_t i = 0; i < u->member_count; i++)
		members[i] = build_member_spec(&p->modules[u->members[i]]);
	fill_names(b, u, a, s);
	uint32_t count;
	const uint32_t *modules = build_closure_of(b, unit, &count);
	fill_closure(b, modules, count, a, s);
	fill_ancestors(b, modules, count, a, s);
	b->specs[unit] = s;
	return s;
}

void build_spec_drop(struct build *b, uint32_t unit)
{
	b->specs[unit] = NULL;
	arena_release(&b->spec_arenas[unit]);
}
