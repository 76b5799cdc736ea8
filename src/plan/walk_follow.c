/* Where an import leads, and whether it is followed (find_module_and_diagnose, in_partial_package). */
#include <string.h>

#include "base/xalloc.h"
#include "plan/walk.h"
#include "sys/path.h"

/* mypy: CORE_BUILTIN_MODULES are always followed. */
static const char *const CORE_MODULES[] = { "builtins", "typing", "types", "typing_extensions", "mypy_extensions",
	                                    "_typeshed", "_collections_abc", "collections", "collections.abc", "sys",
	                                    "abc" };

static bool is_core(const char *id)
{
	for (size_t i = 0; i < sizeof CORE_MODULES / sizeof *CORE_MODULES; i++)
		if (strcmp(id, CORE_MODULES[i]) == 0)
			return true;
	return false;
}

/* A file that decides about an import without being a module of the plan. */
static void consult(struct plan *p, const char *file)
{
	VEC_GROW(p->consulted, p->consulted_count, p->consulted_cap);
	p->consulted[p->consulted_count++] = arena_strdup(&p->arena, file);
}

/* in_partial_package: the nearest parent that exists decides. */
static int in_partial_package(struct walk *w, const char *id, bool *ret, struct err *err)
{
	struct arena *a = &w->plan->arena;
	*ret = false;
	for (const char *dot = strrchr(id, '.'); dot; dot = strrchr(id, '.')) {
		id = arena_strndup(a, id, (size_t)(dot - id));
		uint32_t at = walk_module_index(w->plan, id);
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
		if (walk_read(w, &parent, &scan, err))
			return -1;
		*ret = strcmp(path_basename(found->path), "__init__.pyi") == 0 && scan.module_getattr;
		map_put_str(&w->partial, id, *ret, NULL);
		if (parent.real)
			consult(w->plan, parent.real);
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

bool walk_is_silent_place(const struct walk *w, const struct resolution *found)
{
	return found->root != ROOT_FIRST_PARTY && w->in->described->silence_site_packages;
}

static const char *const DUPLICATE_FILE_HELP[] = {
	"note: See https://mypy.readthedocs.io/en/stable/running_mypy.html#mapping-file-paths-to-modules for more info",
	"note: Common resolutions include:", "note:     a) adding `__init__.py` somewhere,",
	"note:     b) using `--explicit-package-bases` or adjusting `MYPYPATH`", NULL
};
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
		walk_fatal(p, m->display,
		          arena_printf(&p->arena, "Source file found twice under different module names: \"%s\" and \"%s\"",
		                       p->modules[*first].id, m->id),
		          DUPLICATE_FILE_HELP);
	return fresh;
}

int walk_follow(struct walk *w, const char *id, bool ancestor, struct name_spec *name, uint32_t *module,
                struct err *err)
{
	struct plan *p = w->plan;
	*name = (struct name_spec){ .name = id, .ancestor = ancestor };
	if (*module == NO_MODULE)
		*module = walk_module_index(p, id);
	if (*module != NO_MODULE)
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
	bool silent = how == FOLLOW_SILENT || walk_is_silent_place(w, res);
	if (walk_add_module(w, id, res, walk_display_path(w, res->path), false, silent, module, err))
		return -1;
	if (!check_file_is_new(w, *module))
		return 0;
found:
	name->canonical = p->modules[*module].canonical;
	return 0;
}
