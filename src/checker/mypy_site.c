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
 * the package of does. It is empty, not a placeholder: mypy reads it when it asks whether a missing submodule may be
 * part of a partial stub package (build.in_partial_package), and the plan has answered that. */
static void stage_left_out(struct stage *st, const struct name_spec *name)
{
	const struct unit_spec *unit = st->unit;
	const char *home = NULL, *path = mypy_id_path(st->arena, name->name);

	if (name->canonical) {
		stage_module(st, name->canonical, "");
		return;
	}
	for (uint32_t i = 0; i < unit->member_count && !home; i++)
		home = home_of_package(unit->members[i].id, name->name, unit->members[i].canonical);
	for (uint32_t i = 0; i < unit->closure_count && !home; i++)
		home = home_of_package(unit->closure[i]->id, name->name, unit->closure[i]->canonical);
	if (home)
		stage_text(st, arena_printf(st->arena, "%s%s/__init__.py", home, path), "");
	else
		stage_text(st, arena_printf(st->arena, MYPY_SOURCES "%s.py", path), "");
}

static bool is_mentioned(const struct stage *st, const char *id)
{
	for (uint32_t i = 0; i < st->unit->name_count; i++)
		if (strcmp(st->unit->names[i].name, id) == 0)
			return true;
	return stage_knows(st, id);
}

static bool is_below_missing(struct stage *st, const char *id)
{
	for (uint32_t i = 0; i < st->unit->name_count; i++) {
		const struct name_spec *name = &st->unit->names[i];

		if (name->missing && strcmp(name->name, id) != 0 && mypy_is_inside(id, name->name))
			return true;
	}
	return false;
}

/* For `from p.missing import x` nobody looks at p itself, so the plan may not mention it; but mypy tells "not found"
 * and "stubs not installed" apart by whether p is there. Where p matters otherwise, it is mentioned; and when a package
 * around p is, and is missing, so is p: its directory would be that package. */
static void stage_unmentioned_parents(struct stage *st, const char *id)
{
	const char *dot;

	if (is_below_missing(st, id))
		return;
	while ((dot = strrchr(id, '.'))) {
		id = arena_strndup(st->arena, id, (size_t)(dot - id));
		if (!is_mentioned(st, id)) {
			const char *path = mypy_id_path(st->arena, id);

			stage_text(st, arena_printf(st->arena, MYPY_SOURCES "%s/__init__.py", path), "");
		}
	}
}

void stage_missing(struct stage *st)
{
	for (uint32_t i = 0; i < st->unit->name_count; i++) {
		const struct name_spec *name = &st->unit->names[i];

		if (is_left_out(name)) {
			stage_left_out(st, name);
		} else if (has_reason(name, "not-found")) {
			stage_unmentioned_parents(st, name->name);
		} else if (has_reason(name, "untyped")) {
			/* a directory without py.typed is installed without type information */
			const char *path = mypy_id_path(st->arena, name->name);

			stage_directory(st, arena_printf(st->arena, MYPY_SITE "%s", path));
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

const char *stage_working_directory(const struct unit_spec *unit)
{
	for (uint32_t i = 0; i < unit->name_count; i++)
		if (has_reason(&unit->names[i], "wrong-directory"))
			return MYPY_INNER;
	return "";
}

/* A module that is found from the directory above (FindModuleCache._can_find_module_in_parent_dir). */
static void stage_above(struct stage *st, const char *id)
{
	const char *path = mypy_id_path(st->arena, id);

	stage_text(st, arena_printf(st->arena, "%s/__init__.py", path), "");
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/'))
		stage_text(st, arena_printf(st->arena, "%.*s/__init__.py", (int)(slash - path), path), "");
}

void stage_settle(struct stage *st)
{
	const struct unit_spec *unit = st->unit;
	const char *here = stage_working_directory(unit);

	if (!*here)
		return;
	stage_text(st, "__init__.py", "");
	map_release(&st->paths);
	for (uint32_t i = 0; i < st->input_count; i++) {
		st->inputs[i].path = arena_printf(st->arena, "%s%s", here, st->inputs[i].path);
		map_put_str(&st->paths, st->inputs[i].path, i, NULL);
	}
	for (uint32_t i = 0; i < st->output_count; i++)
		st->outputs[i] = arena_printf(st->arena, "%s%s", here, st->outputs[i]);
	for (uint32_t i = 0; i < unit->name_count; i++)
		if (has_reason(&unit->names[i], "wrong-directory"))
			stage_above(st, unit->names[i].name);
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
