/*
 * Staging so that mypy's look-ups end as the plan says: installed packages with the markers that make them typed, and
 * names that lead nowhere for their several reasons (modulefinder.FindModuleCache). Part of mypy_stage.
 */
#include "checker/mypy_stage.h"

#include <string.h>

#include "checker/mypy_layout.h"

/* What mypy runs to learn where installed packages are (modulefinder.get_search_dirs): it prints two lists, sys.path
 * and the site directories. A virtual environment would print the interpreter's version into every path. */
#define SITE_SCRIPT "#!/bin/sh\necho \"([], ['" MYPY_HERE "p/lib/python3/site-packages'])\"\n"

static bool has_reason(const struct name_spec *name, const char *reason)
{
	return name->missing && name->reason && strcmp(name->reason, reason) == 0;
}

static bool is_left_out(const struct name_spec *name)
{
	return has_reason(name, "skipped") || has_reason(name, "error");
}

/* The directory of the module of which `id` is a package, if one is staged: "s/" or the site directory. */
static const char *home_of_package(const char *id, const char *name, const char *canonical)
{
	if (!mypy_is_inside(id, name))
		return NULL;
	return strncmp(mypy_staged_path(canonical), MYPY_SITE, strlen(MYPY_SITE)) == 0 ? MYPY_SITE : MYPY_SOURCES;
}

/* A module that mypy finds and, by the configuration, does not follow. The plan may not say where it is; what it is
 * the package of does. */
static void stage_left_out(struct stage *st, const struct name_spec *name)
{
	const struct unit_spec *unit = st->unit;
	const char *home = NULL;

	if (name->canonical) {
		stage_module(st, name->canonical, MYPY_PLACEHOLDER);
		return;
	}
	for (uint32_t i = 0; i < unit->member_count && !home; i++)
		home = home_of_package(unit->members[i].id, name->name, unit->members[i].canonical);
	for (uint32_t i = 0; i < unit->closure_count && !home; i++)
		home = home_of_package(unit->closure[i]->id, name->name, unit->closure[i]->canonical);
	stage_text(st, arena_printf(st->arena, "%s%s%s.py", home ? home : MYPY_SOURCES, mypy_id_path(st->arena, name->name),
	                            home ? "/__init__" : ""), MYPY_PLACEHOLDER);
}

void stage_missing(struct stage *st)
{
	for (uint32_t i = 0; i < st->unit->name_count; i++) {
		const struct name_spec *name = &st->unit->names[i];

		if (is_left_out(name)) {
			stage_left_out(st, name);
		} else if (has_reason(name, "untyped")) {
			/* a directory without py.typed is installed without type information */
			stage_directory(st, arena_printf(st->arena, MYPY_SITE "%s", mypy_id_path(st->arena, name->name)));
			st->site = true;
		}
	}
}

static void mark_typed(struct stage *st, const char *id_path, size_t len)
{
	stage_text(st, arena_printf(st->arena, MYPY_SITE "%.*s/py.typed", (int)len, id_path), "");
}

static bool is_regular_package(struct stage *st, const char *id_path, size_t len)
{
	const char *init = arena_printf(st->arena, MYPY_SITE "%.*s/__init__.py", (int)len, id_path);

	return map_get_str(&st->paths, init) || map_get_str(&st->paths, arena_printf(st->arena, "%si", init));
}

static bool has_contents(struct stage *st, const char *directory)
{
	size_t len = strlen(directory);

	for (uint32_t i = 0; i < st->input_count; i++)
		if (strncmp(st->inputs[i].path, directory, len) == 0 && st->inputs[i].path[len] == '/')
			return true;
	return false;
}

/*
 * Makes one staged module of the site directory a typed one. A marker in a regular top-level package covers all of it.
 * Inside a namespace package each module gets its own, in a directory of the module's name (also beside a.b's file
 * a/b.py): found below the top level, it makes mypy take the module as it stands, where a marker at the top would make
 * it look for __init__ files and then take "./a/b", the directory of artifacts, for another namespace package.
 */
static void mark_module(struct stage *st, const char *canonical)
{
	const char *path = mypy_staged_path(canonical), *id_path, *end;
	size_t top, len;

	if (strncmp(path, MYPY_SITE, strlen(MYPY_SITE)) != 0)
		return;
	st->site = true;
	id_path = path + strlen(MYPY_SITE);
	end = mypy_is_namespace(canonical) ? NULL : strrchr(id_path, mypy_is_init(canonical) ? '/' : '.');
	len = end ? (size_t)(end - id_path) : strlen(id_path);
	top = strcspn(id_path, "/.");
	if (is_regular_package(st, id_path, top))
		mark_typed(st, id_path, top);
	else if (len > top || !mypy_is_namespace(canonical) || !has_contents(st, path))
		mark_typed(st, id_path, len);
}

void stage_site(struct stage *st)
{
	const struct unit_spec *unit = st->unit;

	for (uint32_t i = 0; i < unit->member_count; i++)
		mark_module(st, unit->members[i].canonical);
	for (uint32_t i = 0; i < unit->closure_count; i++)
		mark_module(st, unit->closure[i]->canonical);
	for (const char *const *a = unit->ancestors; a && *a; a++)
		mark_module(st, *a);
	if (st->site)
		stage_text(st, MYPY_VENV "bin/python", SITE_SCRIPT);
}
