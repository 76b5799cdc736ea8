/* What a file imports, as names of modules (all_imported_modules_in_file, compute_dependencies). */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "plan/walk.h"
#include "sys/path.h"

static void want(struct walk *w, const char *name, uint32_t module)
{
	VEC_GROW(w->wanted, w->wanted_count, w->wanted_cap);
	uint32_t dots = 0;
	for (const char *c = name; *c; c++)
		dots += *c == '.';
	w->wanted[w->wanted_count] = (struct wanted){ name, module, dots, w->wanted_count };
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

/* `from p import name`: wanted if there is such a module. */
static void want_if_module(struct walk *w, const char *from, const char *name)
{
	struct arena *a = &w->plan->arena;
	struct buf *sub = &w->name;
	buf_reset(sub);
	buf_add_str(sub, from);
	buf_add_char(sub, '.');
	buf_add_str(sub, name);
	uint32_t at = walk_module_index(w->plan, sub->data);
	if (at != NO_MODULE)
		want(w, w->plan->modules[at].id, at);
	else if (resolver_find_simple(w->in->resolver, sub->data)->status == RESOLVE_FOUND)
		want(w, arena_strndup(a, sub->data, sub->len), NO_MODULE);
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
		want(w, imp->module, NO_MODULE);
		for (const char *dot = strchr(imp->module, '.'); dot; dot = strchr(dot + 1, '.'))
			want(w, arena_strndup(a, imp->module, (size_t)(dot - imp->module)), NO_MODULE);
		return;
	}
	const char *from = absolute_name(w, m, imp);
	if (!from)
		return;
	for (uint32_t i = 0; imp->kind == IMPORT_FROM && i < imp->name_count; i++)
		want_if_module(w, from, imp->names[i]);
	want(w, from, NO_MODULE);
}

static bool import_names(const struct import *imp, const char *name)
{
	for (uint32_t i = 0; imp->kind == IMPORT_FROM && i < imp->name_count; i++)
		if (strcmp(imp->names[i], name) == 0)
			return true;
	return false;
}

bool walk_could_name(struct walk *w, uint32_t at, const char *package, const char *child)
{
	const struct scan_result *scan = &w->scans[at];
	size_t len = strlen(package);
	const char *last = strrchr(package, '.');
	for (uint32_t i = 0; i < scan->import_count; i++) {
		const struct import *imp = &scan->imports[i];
		if (imp->kind == IMPORT_MODULE) {
			if (strncmp(imp->module, package, len) == 0 && (!imp->module[len] || imp->module[len] == '.'))
				return true;
			continue;
		}
		const char *from = absolute_name(w, &w->plan->modules[at], imp);
		if (from && strcmp(from, package) == 0 && import_names(imp, child + len + 1))
			return true;
		if (from && last && strlen(from) == (size_t)(last - package) && strncmp(from, package, strlen(from)) == 0 &&
		    import_names(imp, last + 1))
			return true;
	}
	return false;
}

/* mypy's parser leaves out bodies of functions where nobody will hear of errors in them (parse.parse). */
static bool leaves_bodies_out(const struct walk *w, const struct plan_module *m)
{
	const struct options *o = w->in->described->options;
	return (m->silent || options_flag(o, m->options, "ignore_errors", false)) &&
	       !options_flag(o, m->options, "preserve_asts", false);
}

void walk_collect_wanted(struct walk *w, uint32_t at)
{
	const struct plan_module *m = &w->plan->modules[at];
	const struct scan_result *scan = &w->scans[at];
	bool stripped = leaves_bodies_out(w, m);
	w->wanted_count = 0;
	for (uint32_t i = 0; i < scan->import_count; i++)
		if (!stripped || !scan->imports[i].strippable)
			want_import(w, m, &scan->imports[i]);
	if (w->wanted_count)
		qsort(w->wanted, w->wanted_count, sizeof *w->wanted, deeper_first);
	for (const char **extra = m->extra_deps; extra && *extra; extra++)
		want(w, *extra, NO_MODULE);
	if (strcmp(m->id, "builtins") != 0)
		want(w, "builtins", NO_MODULE);
	if (scan->template_strings)
		want(w, "string.templatelib", NO_MODULE);
}
