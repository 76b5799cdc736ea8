/* The plan is made: sources, the breadth-first loop (load_graph), units. */
#define _GNU_SOURCE /* qsort_r */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "plan/walk.h"
#include "sys/path.h"

enum { WEIGHT_PADDING = 256 };

uint32_t walk_module_index(const struct plan *p, const char *id)
{
	const uint32_t *at = map_get_str(&p->index, id);
	return at ? *at : NO_MODULE;
}

void walk_fatal(struct plan *p, const char *file, const char *message, const char *const *help)
{
	size_t n = 0;
	p->fatal = ARENA_ARRAY(&p->arena, const char *, 8);
	p->fatal_file = file;
	p->fatal[n++] = arena_printf(&p->arena, "error: %s", message);
	for (; *help; help++)
		p->fatal[n++] = *help;
}

/* State.add_ancestors: files with a dot in their stem have none. */
static bool has_ancestors(const struct plan_module *m)
{
	if (!m->real)
		return true;
	const char *base = path_basename(m->real), *dot = strrchr(base, '.');
	return !dot || !memchr(base, '.', (size_t)(dot - base));
}

/* The module whose name is the first `len` bytes of another's. */
static uint32_t plan_parent(const struct plan *p, uint32_t of, size_t len)
{
	const uint32_t *at = map_get(&p->index, (struct span){ p->modules[of].id, len });
	return at ? *at : NO_MODULE;
}

/* `at`: the module's index if the plan has it, else NO_MODULE. */
static int follow_into(struct walk *w, uint32_t from, const char *id, uint32_t at, bool ancestor, struct edges *e,
                       struct err *err)
{
	struct name_spec name;
	if (walk_follow(w, id, ancestor, &name, &at, err))
		return -1;
	VEC_GROW(e->names, e->name_count, e->name_cap);
	e->names[e->name_count++] = name;
	if (ancestor || at == NO_MODULE || w->edge_from[at] == from + 1)
		return 0;
	w->edge_from[at] = from + 1;
	VEC_GROW(e->to, e->count, e->cap);
	e->to[e->count++] = at;
	return 0;
}

/* One step of load_graph's loop: parents first, then dependencies. */
static int expand(struct walk *w, uint32_t at, struct err *err)
{
	struct plan *p = w->plan;
	struct edges *e = &w->edges;
	int failed = 0;
	e->count = e->name_count = 0;
	walk_collect_wanted(w, at);
	if (has_ancestors(&p->modules[at])) {
		const char *id = p->modules[at].id;
		for (const char *dot = strrchr(id, '.'); dot && !failed && !p->fatal; dot = strrchr(id, '.')) {
			uint32_t parent = plan_parent(p, at, (size_t)(dot - id));
			id = parent == NO_MODULE ? arena_strndup(&p->arena, id, (size_t)(dot - id)) : p->modules[parent].id;
			failed = follow_into(w, at, id, parent, true, e, err);
		}
	}
	for (uint32_t i = 0; i < w->wanted_count && !failed && !p->fatal; i++) {
		struct wanted *want = &w->wanted[i];
		if (want->module == NO_MODULE)
			want->module = walk_module_index(p, want->name);
		if (want->module != at && (want->module == NO_MODULE || w->edge_from[want->module] != at + 1))
			failed = follow_into(w, at, want->name, want->module, false, e, err);
	}
	struct plan_module *m = &p->modules[at];
	m->deps = ARENA_ARRAY(&p->arena, uint32_t, e->count + 1);
	if (e->count)
		memcpy(m->deps, e->to, e->count * sizeof *e->to);
	m->dep_count = e->count;
	m->names = ARENA_ARRAY(&p->arena, struct name_spec, e->name_count + 1);
	if (e->name_count)
		memcpy(m->names, e->names, e->name_count * sizeof *e->names);
	m->name_count = e->name_count;
	return failed;
}

/* An import that led nowhere when it was met may be a module by the end (a namespace shared with a typed package). */
static void adopt_late_modules(struct plan *p)
{
	for (uint32_t i = 0; i < p->module_count; i++) {
		struct plan_module *m = &p->modules[i];
		for (uint32_t n = 0; n < m->name_count; n++) {
			uint32_t at =
				m->names[n].missing && !m->names[n].ancestor ? walk_module_index(p, m->names[n].name) : NO_MODULE;
			if (at == NO_MODULE)
				continue;
			uint32_t *deps = ARENA_ARRAY(&p->arena, uint32_t, m->dep_count + 1);
			memcpy(deps, m->deps, m->dep_count * sizeof *deps);
			deps[m->dep_count++] = at;
			m->deps = deps;
			m->names[n].canonical = p->modules[at].canonical;
		}
	}
}

/* Submodules that somebody imports and that lead nowhere, by their parent. */
struct missing_child {
	const char *name;
	uint32_t next; /* NO_MODULE ends */
};

struct missing_children {
	uint32_t *first; /* per module */
	struct missing_child *items;
	uint32_t count, cap;
};

static void collect_missing(const struct plan *p, struct missing_children *ret)
{
	struct map seen = MAP_INIT;
	ret->first = xmalloc((p->module_count + 1) * sizeof *ret->first);
	for (uint32_t i = 0; i < p->module_count; i++)
		ret->first[i] = NO_MODULE;
	for (uint32_t i = 0; i < p->module_count; i++) {
		for (uint32_t n = 0; n < p->modules[i].name_count; n++) {
			const struct name_spec *name = &p->modules[i].names[n];
			const char *dot = strrchr(name->name, '.');
			bool fresh;
			if (!name->missing || !dot || walk_module_index(p, name->name) != NO_MODULE)
				continue;
			const uint32_t *parent = map_get(&p->index, (struct span){ name->name, (size_t)(dot - name->name) });
			if (!parent || (map_put_str(&seen, name->name, 0, &fresh), !fresh))
				continue;
			VEC_GROW(ret->items, ret->count, ret->cap);
			ret->items[ret->count] = (struct missing_child){ name->name, ret->first[*parent] };
			ret->first[*parent] = ret->count++;
		}
	}
	map_release(&seen);
}

static bool asks_for(const struct plan_module *m, const char *name)
{
	for (uint32_t n = 0; n < m->name_count; n++)
		if (strcmp(m->names[n].name, name) == 0)
			return true;
	return false;
}

/* What is missing of the package for others is missing for `at`, if that could name it. */
static void adopt_missing_of(struct walk *w, uint32_t at, const struct missing_children *missing, uint32_t package)
{
	struct plan *p = w->plan;
	struct plan_module *m = &p->modules[at];
	for (uint32_t c = missing->first[package]; c != NO_MODULE; c = missing->items[c].next) {
		if (asks_for(m, missing->items[c].name) ||
		    !walk_could_name(w, at, p->modules[package].id, missing->items[c].name))
			continue;
		struct name_spec *names = ARENA_ARRAY(&p->arena, struct name_spec, m->name_count + 2);
		memcpy(names, m->names, m->name_count * sizeof *names);
		names[m->name_count++] = (struct name_spec){ .name = missing->items[c].name, .elsewhere = true };
		m->names = names;
	}
}

/* What leads nowhere for one module does so for all that could name it. */
static void adopt_missing(struct walk *w)
{
	struct plan *p = w->plan;
	struct missing_children missing = { 0 };
	collect_missing(p, &missing);
	for (uint32_t i = 0; i < p->module_count && missing.count; i++) {
		const struct plan_module *m = &p->modules[i];
		adopt_missing_of(w, i, &missing, i);
		for (uint32_t d = 0; d < m->dep_count; d++)
			adopt_missing_of(w, i, &missing, m->deps[d]);
	}
	free(missing.first);
	free(missing.items);
}

static const char *const DUPLICATE_MODULE_HELP[] = {
	"note: See https://mypy.readthedocs.io/en/stable/running_mypy.html#mapping-file-paths-to-modules for more info",
	"note: Common resolutions include:", "note:     a) using `--exclude` to avoid checking one of them,",
	"note:     b) adding `__init__.py` somewhere,",
	"note:     c) using `--explicit-package-bases` or adjusting `MYPYPATH`", NULL
};

static int add_source(struct walk *w, const struct described_source *s, struct err *err)
{
	struct plan *p = w->plan;
	struct resolution found;
	uint32_t at;
	if (s->path) {
		const char *abs = path_absolute(&p->arena, w->in->cwd, s->path);
		resolver_classify(w->in->resolver, abs, &found);
		found.path = abs;
	} else {
		const struct resolution *res = resolver_find(w->in->resolver, s->module);
		if (res->status != RESOLVE_FOUND) {
			p->fatal = ARENA_ARRAY(&p->arena, const char *, 2);
			p->fatal[0] = arena_printf(&p->arena, "mypy: error: Cannot find module \"%s\"", s->module);
			p->fatal_to_stderr = true;
			return 0;
		}
		found = *res;
	}
	const char *display = walk_display_path(w, s->path ? s->path : found.path);
	uint32_t first = walk_module_index(p, s->module);
	if (first != NO_MODULE) {
		walk_fatal(p, display,
		          arena_printf(&p->arena, "Duplicate module named \"%s\" (also at \"%s\")", s->module,
		                       p->modules[first].display),
		          DUPLICATE_MODULE_HELP);
		return 0;
	}
	bool silent = s->followed && walk_is_silent_place(w, &found);
	if (walk_add_module(w, s->module, &found, display, !s->followed, silent, &at, err))
		return -1;
	if (p->modules[at].real)
		map_put_str(&w->files, path_normalize(&p->arena, p->modules[at].real), at, NULL);
	return 0;
}

static int by_discovery(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static int by_id(const void *a, const void *b, void *plan)
{
	const struct plan *p = plan;
	return strcmp(p->modules[*(const uint32_t *)a].id, p->modules[*(const uint32_t *)b].id);
}

/* Members in discovery order: it decides what mypy says inside cycles. Cycles of the standard library are put in the
 * order of their names instead, so that every repository shares their results: nothing is reported about stubs, and
 * mypy itself sorts the one cycle where order is delicate (order_ascc_ex, the cycle of builtins). */
static void order_members(struct plan *p, struct plan_unit *u)
{
	bool all_typeshed = true;
	for (uint32_t i = 0; i < u->member_count; i++)
		all_typeshed = all_typeshed && p->modules[u->members[i]].root == ROOT_TYPESHED;
	if (all_typeshed)
		qsort_r(u->members, u->member_count, sizeof(uint32_t), by_id, p);
	else
		qsort(u->members, u->member_count, sizeof(uint32_t), by_discovery);
}

static void make_units(struct plan *p)
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
		struct plan_unit *unit = &p->units[u];
		*unit = (struct plan_unit){ .members = g->members[u].to, .member_count = g->members[u].count,
			                    .needs = &g->needs[u], .needed_by = &g->needed_by[u] };
		order_members(p, unit);
		for (uint32_t i = 0; i < unit->member_count; i++) {
			p->modules[unit->members[i]].unit = u;
			unit->bytes += p->modules[unit->members[i]].size + WEIGHT_PADDING;
			if (!unit->name || strcmp(p->modules[unit->members[i]].id, unit->name) < 0)
				unit->name = p->modules[unit->members[i]].id;
		}
		weight[u] = unit->weight = unit->bytes;
	}
	const uint64_t *path = graph_critical_path(g, weight);
	for (uint32_t u = 0; u < p->unit_count; u++)
		p->units[u].priority = path[u];
}

int plan_make(const struct plan_inputs *in, struct plan *ret, struct err *err)
{
	struct walk w = { .in = in, .plan = ret };
	memset(ret, 0, sizeof *ret);
	int failed = 0;
	const struct described *d = in->described;
	for (uint32_t i = 0; i < d->source_count && !failed && !ret->fatal; i++)
		failed = add_source(&w, &d->sources[i], err);
	for (uint32_t i = 0; i < ret->module_count && !failed && !ret->fatal; i++)
		failed = expand(&w, i, err);
	if (!failed && !ret->fatal) {
		adopt_late_modules(ret);
		adopt_missing(&w);
		make_units(ret);
	}
	map_release(&w.files);
	map_release(&w.partial);
	free(w.wanted);
	free(w.scans);
	free(w.edge_from);
	free(w.edges.to);
	free(w.edges.names);
	buf_release(&w.name);
	if (failed)
		plan_release(ret);
	return failed;
}

void plan_release(struct plan *p)
{
	map_release(&p->index);
	graph_release(&p->graph);
	free(p->modules);
	free(p->consulted);
	arena_release(&p->arena);
	memset(p, 0, sizeof *p);
}

const struct plan_module *plan_find(const struct plan *p, const char *id)
{
	uint32_t at = walk_module_index(p, id);
	return at == NO_MODULE ? NULL : &p->modules[at];
}
