/*
 * The walk over the import graph. Follows mypy/build.py 2.4: load_graph, State.new_state, State.compute_dependencies,
 * BuildManager.all_imported_modules_in_file, find_module_and_diagnose, in_partial_package. Where those keep state
 * between look-ups, so does this.
 */
#define _GNU_SOURCE /* qsort_r */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "plan/plan.h"
#include "sys/fs.h"
#include "sys/path.h"

enum { NO_MODULE = UINT32_MAX, MAX_SOURCE = 64 * 1024 * 1024, WEIGHT_PADDING = 256 };

/* mypy: CORE_BUILTIN_MODULES are always followed. */
static const char *const CORE_MODULES[] = { "builtins", "typing", "types", "typing_extensions", "mypy_extensions",
	                                    "_typeshed", "_collections_abc", "collections", "collections.abc", "sys",
	                                    "abc" };

struct walk {
	const struct plan_inputs *in;
	struct plan *plan;
	struct map source_names; /* module names given on the command line */
	struct map files;        /* absolute path -> module, to find files met under two names */
	struct map partial;      /* package -> is it a partial stub package */
	/* The names that the module at hand depends on, before they are resolved. */
	struct wanted *wanted;
	uint32_t wanted_count, wanted_cap;
	struct scan_result *scans; /* per module */
	uint32_t scan_cap;
};

struct wanted {
	const char *name;
	uint32_t dots, order;
};

static bool is_core(const char *id)
{
	for (size_t i = 0; i < sizeof CORE_MODULES / sizeof *CORE_MODULES; i++)
		if (strcmp(id, CORE_MODULES[i]) == 0)
			return true;
	return false;
}

static uint32_t module_index(const struct plan *p, const char *id)
{
	const uint32_t *at = map_get_str(&p->index, id);
	return at ? *at : NO_MODULE;
}

/* ---- one file ---- */

static uint64_t scan_options_digest(const struct scan_options *o)
{
	struct buf b = BUF_INIT;
	buf_addf(&b, "%d.%d %s", o->python_major, o->python_minor, o->platform);
	for (const char *const *n = o->always_true; n && *n; n++)
		buf_addf(&b, " +%s", *n);
	for (const char *const *n = o->always_false; n && *n; n++)
		buf_addf(&b, " -%s", *n);
	uint64_t h = hash_xxh3(buf_span(&b));
	buf_release(&b);
	return h;
}

/* Digest and imports of a module's file. A file that cannot be read has none: the checker will say why. */
static int read_module(struct walk *w, struct plan_module *m, struct scan_result *ret, struct err *err)
{
	const struct described *d = w->in->described;
	struct scan_options o = { d->target_major, d->target_minor, d->platform,
		                  options_always_true(d->options, m->options),
		                  options_always_false(d->options, m->options) };
	memset(ret, 0, sizeof *ret);
	if (!m->real)
		return 0;
	struct buf content = BUF_INIT;
	struct err why = ERR_INIT;
	if (statcache_digest(w->in->stats, m->real, &m->digest, &m->size, &content, &why)) {
		m->unreadable = true;
		err_release(&why);
		return 0;
	}
	uint64_t options = scan_options_digest(&o);
	int failed = 0;
	if (!scan_cache_get(w->in->scans, &m->digest, options, &w->plan->arena, ret)) {
		if (!content.len && m->size)
			failed = fs_read(m->real, MAX_SOURCE, &content, err);
		if (!failed) {
			scan_imports(buf_span(&content), &o, &w->plan->arena, ret);
			scan_cache_put(w->in->scans, &m->digest, options, ret);
		}
	}
	buf_release(&content);
	return failed;
}

static const char *display_path(struct walk *w, const char *path)
{
	size_t n = strlen(w->in->cwd);
	if (strncmp(path, w->in->cwd, n) == 0 && path[n] == '/')
		return arena_strdup(&w->plan->arena, path + n + 1);
	return arena_strdup(&w->plan->arena, path);
}

static int add_module(struct walk *w, const char *id, const struct resolution *found, const char *display,
                      bool is_source, bool silent, uint32_t *ret, struct err *err)
{
	struct plan *p = w->plan;
	VEC_GROW(p->modules, p->module_count, p->module_cap);
	uint32_t at = p->module_count;
	struct plan_module *m = &p->modules[at];
	*m = (struct plan_module){
		.id = arena_strdup(&p->arena, id),
		.canonical = canonical_path(&p->arena, id, found, w->in->described->typeshed),
		.real = found->is_namespace ? NULL : arena_strdup(&p->arena, found->path),
		.display = display,
		.root = found->root,
		.is_source = is_source,
		.silent = silent,
		.is_stub = found->is_stub,
		.is_package = found->is_package,
		.is_namespace = found->is_namespace,
		.options = options_of(w->in->described->options, id),
	};
	for (uint32_t i = 0; i < w->in->discovered_count; i++)
		if (strcmp(w->in->discovered[i].module, id) == 0)
			m->extra_deps = w->in->discovered[i].names;
	if ((size_t)at >= w->scan_cap) {
		w->scan_cap = p->module_cap;
		w->scans = xrealloc(w->scans, w->scan_cap * sizeof *w->scans);
	}
	if (read_module(w, m, &w->scans[at], err))
		return -1;
	const char *base = path_basename(found->path);
	m->partial_stub = strcmp(base, "__init__.pyi") == 0 && w->scans[at].module_getattr;
	map_put_str(&p->index, m->id, at, NULL);
	p->module_count++;
	*ret = at;
	return 0;
}

/* ---- what a file imports (all_imported_modules_in_file) ---- */

static void want(struct walk *w, const char *name)
{
	VEC_GROW(w->wanted, w->wanted_count, w->wanted_cap);
	uint32_t dots = 0;
	for (const char *c = name; *c; c++)
		dots += *c == '.';
	w->wanted[w->wanted_count] = (struct wanted){ name, dots, w->wanted_count };
	w->wanted_count++;
}

/* mypy sorts submodules before their packages (key -dots, stable). */
static int deeper_first(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;
	if (x->dots != y->dots)
		return x->dots > y->dots ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static bool is_module(struct walk *w, const char *id)
{
	return module_index(w->plan, id) != NO_MODULE || map_get_str(&w->source_names, id) ||
	       resolver_find_simple(w->in->resolver, id)->status == RESOLVE_FOUND;
}

/* BuildManager.correct_rel_imp; NULL for a relative import beyond the top (a blocking error of the checker). */
static const char *absolute_name(struct walk *w, const struct plan_module *m, const struct import *imp)
{
	struct arena *a = &w->plan->arena;
	uint32_t up = imp->level;
	if (up == 0)
		return imp->module;
	const char *base = m->real ? path_basename(m->real) : "";
	if (strncmp(base, "__init__.", 9) == 0)
		up--;
	size_t len = strlen(m->id);
	for (uint32_t i = 0; i < up; i++) {
		while (len > 0 && m->id[len - 1] != '.')
			len--;
		if (len > 0)
			len--;
	}
	const char *package = arena_strndup(a, m->id, len);
	const char *name = *imp->module ? arena_printf(a, "%s.%s", package, imp->module) : package;
	return *name ? name : NULL;
}

static void want_import(struct walk *w, const struct plan_module *m, const struct import *imp)
{
	struct arena *a = &w->plan->arena;
	if (imp->kind == IMPORT_MODULE) {
		want(w, imp->module);
		for (const char *dot = strchr(imp->module, '.'); dot; dot = strchr(dot + 1, '.'))
			want(w, arena_strndup(a, imp->module, (size_t)(dot - imp->module)));
		return;
	}
	const char *from = absolute_name(w, m, imp);
	if (!from)
		return;
	for (uint32_t i = 0; imp->kind == IMPORT_FROM && i < imp->name_count; i++) {
		const char *sub = arena_printf(a, "%s.%s", from, imp->names[i]);
		if (is_module(w, sub))
			want(w, sub);
	}
	want(w, from);
}

static void collect_wanted(struct walk *w, uint32_t at)
{
	const struct plan_module *m = &w->plan->modules[at];
	const struct scan_result *scan = &w->scans[at];
	w->wanted_count = 0;
	for (uint32_t i = 0; i < scan->import_count; i++)
		want_import(w, m, &scan->imports[i]);
	if (w->wanted_count)
		qsort(w->wanted, w->wanted_count, sizeof *w->wanted, deeper_first);
	for (const char **extra = m->extra_deps; extra && *extra; extra++)
		want(w, *extra);
	if (strcmp(m->id, "builtins") != 0)
		want(w, "builtins");
	if (scan->template_strings)
		want(w, "string.templatelib");
}

/* ---- where an import leads (find_module_and_diagnose) ---- */

/* in_partial_package: the nearest parent that exists decides. */
static int in_partial_package(struct walk *w, const char *id, bool *ret, struct err *err)
{
	struct arena *a = &w->plan->arena;
	*ret = false;
	for (const char *dot = strrchr(id, '.'); dot; dot = strrchr(id, '.')) {
		id = arena_strndup(a, id, (size_t)(dot - id));
		uint32_t at = module_index(w->plan, id);
		if (at != NO_MODULE) {
			*ret = w->plan->modules[at].partial_stub;
			return 0;
		}
		const uint32_t *known = map_get_str(&w->partial, id);
		if (known) {
			*ret = *known;
			return 0;
		}
		const struct resolution *found = resolver_find(w->in->resolver, id);
		if (found->status != RESOLVE_FOUND)
			continue;
		struct plan_module parent = { .id = id,
			                      .real = found->is_namespace ? NULL : found->path,
			                      .options = options_of(w->in->described->options, id) };
		struct scan_result scan;
		if (read_module(w, &parent, &scan, err))
			return -1;
		*ret = strcmp(path_basename(found->path), "__init__.pyi") == 0 && scan.module_getattr;
		map_put_str(&w->partial, id, *ret, NULL);
		return 0;
	}
	return 0;
}

static const char *reason_name(enum resolve_status s)
{
	static const char *const names[] = { [RESOLVE_NOT_FOUND] = "not-found",
		                             [RESOLVE_UNTYPED] = "untyped",
		                             [RESOLVE_WRONG_DIRECTORY] = "wrong-directory",
		                             [RESOLVE_STUBS_NOT_INSTALLED] = "stubs-not-installed" };
	return names[s];
}

static enum follow_imports effective_follow(const struct import_options *o, const struct resolution *found,
                                            const char *id, bool is_source)
{
	if (is_source || (found->is_stub && !o->follow_for_stubs) || is_core(id))
		return FOLLOW_NORMAL;
	return o->follow;
}

static bool is_silent_place(const struct walk *w, const struct resolution *found)
{
	return found->root != ROOT_FIRST_PARTY && w->in->described->silence_site_packages;
}

static const char *const DUPLICATE_FILE_HELP[] = {
	"note: See https://mypy.readthedocs.io/en/stable/running_mypy.html#mapping-file-paths-to-modules for more info",
	"note: Common resolutions include:", "note:     a) adding `__init__.py` somewhere,",
	"note:     b) using `--explicit-package-bases` or adjusting `MYPYPATH`", NULL
};
static const char *const DUPLICATE_MODULE_HELP[] = {
	"note: See https://mypy.readthedocs.io/en/stable/running_mypy.html#mapping-file-paths-to-modules for more info",
	"note: Common resolutions include:", "note:     a) using `--exclude` to avoid checking one of them,",
	"note:     b) adding `__init__.py` somewhere,",
	"note:     c) using `--explicit-package-bases` or adjusting `MYPYPATH`", NULL
};

static void set_fatal(struct plan *p, const char *file, const char *message, const char *const *help)
{
	size_t n = 0;
	p->fatal = ARENA_ARRAY(&p->arena, const char *, 8);
	p->fatal[n++] = arena_printf(&p->arena, "%s: error: %s", file, message);
	for (; *help; help++)
		p->fatal[n++] = arena_printf(&p->arena, "%s: %s", file, *help);
}

/* A file met under a second module name stops mypy. */
static bool check_file_is_new(struct walk *w, uint32_t at)
{
	struct plan *p = w->plan;
	const struct plan_module *m = &p->modules[at];
	if (!m->real)
		return true;
	bool fresh;
	const uint32_t *first = map_put_str(&w->files, path_normalize(&p->arena, m->real), at, &fresh);
	if (!fresh)
		set_fatal(p, m->display,
		          arena_printf(&p->arena, "Source file found twice under different module names: \"%s\" and \"%s\"",
		                       p->modules[*first].id, m->id),
		          DUPLICATE_FILE_HELP);
	return fresh;
}

/* Resolves one import of module `from`; fills `name` and *ret_module (NO_MODULE when it leads nowhere). */
static int follow(struct walk *w, const char *id, bool ancestor, struct name_spec *name, uint32_t *ret_module,
                  struct err *err)
{
	struct plan *p = w->plan;
	*name = (struct name_spec){ .name = id, .ancestor = ancestor };
	*ret_module = module_index(p, id);
	if (*ret_module != NO_MODULE)
		goto found;
	const struct resolution *res = resolver_find(w->in->resolver, id);
	struct import_options o = options_import(w->in->described->options, options_of(w->in->described->options, id));
	if (res->status != RESOLVE_FOUND) {
		bool partial = false;
		if (!o.ignore_missing && in_partial_package(w, id, &partial, err))
			return -1;
		name->missing = true;
		name->reason = reason_name(res->status);
		name->quiet = o.ignore_missing || partial;
		return 0;
	}
	enum follow_imports how = effective_follow(&o, res, id, false);
	if (how == FOLLOW_SKIP || how == FOLLOW_ERROR) {
		name->missing = true;
		name->reason = how == FOLLOW_SKIP ? "skipped" : "error";
		name->quiet = o.ignore_missing;
		return 0;
	}
	bool silent = how == FOLLOW_SILENT || is_silent_place(w, res);
	if (add_module(w, id, res, display_path(w, res->path), false, silent, ret_module, err))
		return -1;
	if (!check_file_is_new(w, *ret_module))
		return 0;
found:
	name->canonical = p->modules[*ret_module].canonical;
	return 0;
}

/* State.add_ancestors: files with a dot in their stem have none. */
static bool has_ancestors(const struct plan_module *m)
{
	if (!m->real)
		return true;
	const char *base = path_basename(m->real), *dot = strrchr(base, '.');
	return !dot || !memchr(base, '.', (size_t)(dot - base));
}

struct edges {
	uint32_t *to;
	uint32_t count, cap;
	struct name_spec *names;
	uint32_t name_count, name_cap;
};

static int follow_into(struct walk *w, struct map *seen, const char *id, bool ancestor, struct edges *e,
                       struct err *err)
{
	uint32_t at;
	struct name_spec name;
	if (follow(w, id, ancestor, &name, &at, err))
		return -1;
	VEC_GROW(e->names, e->name_count, e->name_cap);
	e->names[e->name_count++] = name;
	if (ancestor || at == NO_MODULE)
		return 0;
	bool fresh;
	map_put_str(seen, id, 0, &fresh);
	if (fresh) {
		VEC_GROW(e->to, e->count, e->cap);
		e->to[e->count++] = at;
	}
	return 0;
}

/* One step of load_graph's loop: parents first, then dependencies. */
static int expand(struct walk *w, uint32_t at, struct err *err)
{
	struct plan *p = w->plan;
	struct edges e = { 0 };
	struct map seen = MAP_INIT;
	int failed = 0;
	const char *self = p->modules[at].id;
	collect_wanted(w, at);
	if (has_ancestors(&p->modules[at])) {
		const char *id = self;
		for (const char *dot = strrchr(id, '.'); dot && !failed && !p->fatal; dot = strrchr(id, '.')) {
			id = arena_strndup(&p->arena, id, (size_t)(dot - id));
			failed = follow_into(w, &seen, id, true, &e, err);
		}
	}
	for (uint32_t i = 0; i < w->wanted_count && !failed && !p->fatal; i++)
		if (strcmp(w->wanted[i].name, self) != 0 && !map_get_str(&seen, w->wanted[i].name))
			failed = follow_into(w, &seen, w->wanted[i].name, false, &e, err);
	struct plan_module *m = &p->modules[at];
	m->deps = ARENA_ARRAY(&p->arena, uint32_t, e.count + 1);
	if (e.count)
		memcpy(m->deps, e.to, e.count * sizeof *e.to);
	m->dep_count = e.count;
	m->names = ARENA_ARRAY(&p->arena, struct name_spec, e.name_count + 1);
	if (e.name_count)
		memcpy(m->names, e.names, e.name_count * sizeof *e.names);
	m->name_count = e.name_count;
	free(e.to);
	free(e.names);
	map_release(&seen);
	return failed;
}

/* An import that led nowhere when it was met may be a module by the end (a namespace shared with a typed package). */
static void adopt_late_modules(struct plan *p)
{
	for (uint32_t i = 0; i < p->module_count; i++) {
		struct plan_module *m = &p->modules[i];
		for (uint32_t n = 0; n < m->name_count; n++) {
			uint32_t at = m->names[n].missing && !m->names[n].ancestor ? module_index(p, m->names[n].name) : NO_MODULE;
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

/* ---- sources and units ---- */

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
	const char *display = display_path(w, s->path ? s->path : found.path);
	uint32_t first = module_index(p, s->module);
	if (first != NO_MODULE) {
		set_fatal(p, display,
		          arena_printf(&p->arena, "Duplicate module named \"%s\" (also at \"%s\")", s->module,
		                       p->modules[first].display),
		          DUPLICATE_MODULE_HELP);
		return 0;
	}
	bool silent = s->followed && is_silent_place(w, &found);
	if (add_module(w, s->module, &found, display, !s->followed, silent, &at, err))
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
		*unit = (struct plan_unit){ g->members[u].to, g->members[u].count, &g->needs[u], &g->needed_by[u], 0, 0 };
		order_members(p, unit);
		for (uint32_t i = 0; i < unit->member_count; i++) {
			p->modules[unit->members[i]].unit = u;
			unit->weight += p->modules[unit->members[i]].size + WEIGHT_PADDING;
		}
		weight[u] = unit->weight;
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
	for (uint32_t i = 0; i < d->source_count; i++)
		map_put_str(&w.source_names, d->sources[i].module, i, NULL);
	for (uint32_t i = 0; i < d->source_count && !failed && !ret->fatal; i++)
		failed = add_source(&w, &d->sources[i], err);
	for (uint32_t i = 0; i < ret->module_count && !failed && !ret->fatal; i++)
		failed = expand(&w, i, err);
	if (!failed && !ret->fatal) {
		adopt_late_modules(ret);
		make_units(ret);
	}
	map_release(&w.source_names);
	map_release(&w.files);
	map_release(&w.partial);
	free(w.wanted);
	free(w.scans);
	if (failed)
		plan_release(ret);
	return failed;
}

void plan_release(struct plan *p)
{
	map_release(&p->index);
	graph_release(&p->graph);
	free(p->modules);
	arena_release(&p->arena);
	memset(p, 0, sizeof *p);
}

const struct plan_module *plan_find(const struct plan *p, const char *id)
{
	uint32_t at = module_index(p, id);
	return at == NO_MODULE ? NULL : &p->modules[at];
}
