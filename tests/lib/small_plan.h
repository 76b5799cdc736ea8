/*
 * A plan written by hand, for tests of what works on plans: modules with the names of what they import. Units, order
 * and priorities come from the graph as in plan/load.c. Everything lives until plan_release().
 */
#ifndef SEPAL_TESTS_SMALL_PLAN_H
#define SEPAL_TESTS_SMALL_PLAN_H

#include "check.h"

#include "plan/plan.h"

struct small_module {
	const char *id;
	const char *imports; /* separated by spaces; each must be a module of the plan */
	const char *source;  /* as edited just now; NULL: its id, and known for long */
};

static void small_plan_imports(struct plan *p, struct plan_module *m, const char *imports)
{
	size_t room = strlen(imports) / 2 + 2;
	char *save, *text = arena_strdup(&p->arena, imports);
	m->deps = ARENA_ARRAY(&p->arena, uint32_t, room);
	m->names = ARENA_ARRAY(&p->arena, struct name_spec, room);
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		const uint32_t *at = map_get_str(&p->index, word);
		if (!at)
			fail_msg("%s imports %s, which is not in the plan", m->id, word);
		m->deps[m->dep_count++] = *at;
		m->names[m->name_count++] = (struct name_spec){ .name = word, .canonical = p->modules[*at].canonical };
	}
}

static void small_plan_units(struct plan *p)
{
	struct graph *g = &p->graph;
	graph_init(g, p->module_count);
	for (uint32_t i = 0; i < p->module_count; i++)
		for (uint32_t d = 0; d < p->modules[i].dep_count; d++)
			graph_edge(g, i, p->modules[i].deps[d]);
	graph_condense(g);
	p->unit_count = g->component_count;
	p->units = ARENA_ARRAY(&p->arena, struct plan_unit, p->unit_count + 1);
	uint64_t *weight = ARENA_ARRAY(&p->arena, uint64_t, p->unit_count + 1);
	for (uint32_t u = 0; u < p->unit_count; u++) {
		p->units[u] = (struct plan_unit){ .members = g->members[u].to, .member_count = g->members[u].count,
			                          .needs = &g->needs[u], .needed_by = &g->needed_by[u] };
		for (uint32_t i = 0; i < p->units[u].member_count; i++) {
			p->modules[p->units[u].members[i]].unit = u;
			p->units[u].weight += p->modules[p->units[u].members[i]].size;
			const char *id = p->modules[p->units[u].members[i]].id;
			if (!p->units[u].name || strcmp(id, p->units[u].name) < 0)
				p->units[u].name = id;
		}
		weight[u] = p->units[u].weight;
	}
	const uint64_t *path = graph_critical_path(g, weight);
	for (uint32_t u = 0; u < p->unit_count; u++)
		p->units[u].priority = path[u];
}

static void small_plan_make(struct plan *p, const struct small_module *modules, uint32_t count)
{
	memset(p, 0, sizeof *p);
	p->modules = calloc(count + 1, sizeof *p->modules);
	p->module_count = p->module_cap = count;
	for (uint32_t i = 0; i < count; i++) {
		const char *source = modules[i].source ? modules[i].source : modules[i].id;
		struct plan_module *m = &p->modules[i];
		*m = (struct plan_module){ .id = arena_strdup(&p->arena, modules[i].id), .size = 1000,
			                   .fresh = modules[i].source != NULL,
			                   .canonical = arena_printf(&p->arena, "/proc/self/cwd/s/%s.py", modules[i].id),
			                   .real = arena_printf(&p->arena, "/src/%s.py", modules[i].id),
			                   .display = arena_printf(&p->arena, "%s.py", modules[i].id) };
		hash_sha256(span_of(source), &m->digest);
		map_put_str(&p->index, m->id, i, NULL);
	}
	for (uint32_t i = 0; i < count; i++)
		small_plan_imports(p, &p->modules[i], modules[i].imports);
	small_plan_units(p);
}

/* Options without sections. */
static inline struct options *small_plan_options(void)
{
	struct err err = ERR_INIT;
	struct options *options;
	struct js *described;
	const char text[] = "{\"global\": {\"shout\": false}, \"sections\": [[\"loud\", {\"shout\": true}]], "
			    "\"cache_names\": []}";
	assert_ok(js_parse(span_of(text), "options", &described, &err));
	assert_ok(options_new(described, &options, &err));
	js_free(described);
	return options;
}

#endif
