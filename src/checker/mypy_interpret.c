/* From what a mypy process left behind, or a worker answered, to a result. Part of mypy_action. */
#include "checker/mypy_action.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "checker/mypy_blockers.h"
#include "checker/mypy_layout.h"
#include "checker/mypy_stage.h"

enum {
	EXIT_BLOCKED = 2, /* and crashes, and a refused command line; 0 and 1 are clean runs without and with errors */
};

static const char *unit_name(const struct unit_spec *unit)
{
	return unit->members[0].id;
}

static bool is_expected(const struct checker_setup *setup, const struct member_spec *member, const struct mypy_meta *m)
{
	const struct mypy_format format = mypy_format_of(setup);

	return m->format.librt == format.librt && m->format.cache == format.cache && strcmp(m->id, member->id) == 0 &&
	       strcmp(m->path, member->canonical) == 0 && strcmp(m->version_id, setup->version) == 0;
}

int mypy_outcome_interface(const struct checker_setup *setup, const struct unit_spec *unit, uint32_t i,
                           struct span data, struct span meta, struct arena *arena, struct unit_outcome *ret,
                           struct err *err)
{
	const struct member_spec *member = &unit->members[i];
	struct interface *interface = &ret->result.members[i].interface;
	const struct mypy_format format = mypy_format_of(setup);
	struct mypy_meta m;

	if (mypy_meta_read(meta, arena_printf(arena, "the meta file of %s", member->id), arena, &m, err))
		return -1;
	if (!is_expected(setup, member, &m))
		return err_set(err, ERR_CHECKER,
		               "the meta file of %s is for module %s at %s, written by mypy %s (format %u.%u); it "
		               "should be for path %s, by mypy %s, in format %u.%u",
		               member->id, m.id, m.path, m.version_id, m.format.librt, m.format.cache,
		               member->canonical, setup->version, format.librt, format.cache);
	hash_sha256(data, &interface->data);
	interface->data_size = data.len;
	memcpy(interface->checker_hash, m.interface_hash, SHA1_SIZE);
	interface->plugin_data = arena_span(arena, m.plugin_data);
	ret->data[i] = arena_span(arena, data);
	ret->discovered[i] = unit_unplanned(unit, m.dependencies, arena);
	return 0;
}

int mypy_outcome_report(const struct checker_setup *setup, const struct unit_spec *unit, uint32_t i,
                        struct span meta_ex, struct arena *arena, struct unit_outcome *ret, struct err *err)
{
	const struct member_spec *member = &unit->members[i];
	struct member_result *result = &ret->result.members[i];
	const char *what = arena_printf(arena, "the meta_ex file of %s", member->id);
	struct mypy_meta_ex m;

	if (mypy_meta_ex_read(meta_ex, mypy_format_of(setup), what, arena, &m, err))
		return -1;
	member_take_indirect(unit, m.dependencies, result);
	for (uint32_t d = 0; d < m.errors.count; d++) {
		struct diag *diag = &m.errors.items[d];

		if (!diag->path)
			diag->path = ""; /* mypy's None: the message stands for itself */
		else if (strcmp(diag->path, member->canonical) == 0)
			diag->path = NULL;
	}
	result->diags = m.errors;
	return 0;
}

static const struct action_output *find_output(const struct action_outcome *outcome, const char *path)
{
	for (uint32_t i = 0; i < outcome->output_count; i++)
		if (strcmp(outcome->outputs[i].path, path) == 0)
			return outcome->outputs[i].present ? &outcome->outputs[i] : NULL;
	return NULL;
}

static int take_output(const struct unit_spec *unit, uint32_t i, const struct action_outcome *outcome,
                       const char *suffix, struct arena *arena, struct span *ret, struct err *err)
{
	const struct member_spec *member = &unit->members[i];
	const char *name = mypy_artifact_name(arena, member->id, mypy_is_init(member->canonical));
	const char *path = arena_printf(arena, "%s%s%s", stage_working_directory(unit), name, suffix);
	const struct action_output *output = find_output(outcome, path);

	if (!output)
		return err_set(err, ERR_CHECKER,
		               "mypy ended with status %d and wrote no %s file for %s; it said: %.*s%.*s",
		               outcome->exit_status, suffix, member->id, (int)outcome->out.len, outcome->out.data,
		               (int)outcome->err.len, outcome->err.data);
	*ret = output->bytes;
	return 0;
}

static int take_member(const struct checker_setup *setup, const struct unit_spec *unit, uint32_t i,
                       const struct action_outcome *outcome, struct arena *arena, struct unit_outcome *ret,
                       struct err *err)
{
	struct span data, meta, meta_ex;

	if (take_output(unit, i, outcome, ".data.ff", arena, &data, err) ||
	    take_output(unit, i, outcome, ".meta.ff", arena, &meta, err) ||
	    take_output(unit, i, outcome, ".meta_ex.ff", arena, &meta_ex, err) ||
	    mypy_outcome_interface(setup, unit, i, data, meta, arena, ret, err) ||
	    mypy_outcome_report(setup, unit, i, meta_ex, arena, ret, err))
		return -1;
	return 0;
}

/* The dependency whose file this is, if it is one. */
static const char *dependency_of_path(const struct unit_spec *unit, const char *path, struct arena *arena)
{
	for (uint32_t i = 0; i < unit->closure_count; i++) {
		const struct dep_spec *dep = unit->closure[i];
		const char *name = mypy_artifact_name(arena, dep->id, mypy_is_init(dep->canonical));
		size_t len = strlen(name);

		if (strcmp(path, dep->canonical) == 0)
			return dep->id;
		if (strncmp(path, name, len) == 0 && (strcmp(path + len, ".data.ff") == 0 ||
		    strcmp(path + len, ".meta.ff") == 0 || strcmp(path + len, ".meta_ex.ff") == 0))
			return dep->id;
	}
	return NULL;
}

static int rejected(const struct unit_spec *unit, const char *dep, struct err *err)
{
	return err_set(err, ERR_CHECKER,
	               "mypy did not accept the interface of %s that it was given for %s, and went on to check %s "
	               "itself; this is a bug in sepal, or the interface was made by another mypy",
	               dep, unit_name(unit), dep);
}

static size_t inner_length(const struct unit_spec *unit, const char *path)
{
	const char *here = stage_working_directory(unit);

	return strncmp(path, here, strlen(here)) == 0 ? strlen(here) : 0;
}

static int check_untouched(const struct unit_spec *unit, const struct action_outcome *outcome, struct arena *arena,
                           struct err *err)
{
	const char *dep;

	if (!outcome->undeclared)
		return 0;
	dep = dependency_of_path(unit, outcome->undeclared + inner_length(unit, outcome->undeclared), arena);
	if (dep)
		return rejected(unit, dep, err);
	return err_set(err, ERR_CHECKER, "mypy, checking %s, wrote or changed %s, which is no output of the unit",
	               unit_name(unit), outcome->undeclared);
}

/* A module of the plan cannot have the name of a staged directory and be missing: mypy finds the directory. */
static int check_discovered(const struct unit_spec *unit, const struct unit_outcome *outcome, struct err *err)
{
	for (uint32_t i = 0; i < unit->member_count; i++)
		for (const char **d = outcome->discovered[i]; d && *d; d++)
			if (mypy_is_inside(*d, "s") || mypy_is_inside(*d, "ts") || mypy_is_inside(*d, "p"))
				return err_set(err, ERR_CHECKER,
				               "%s imports %s, which is no module, but the process runner has a "
				               "directory of that name; use the worker runner for it",
				               unit->members[i].id, *d);
	return 0;
}

static bool is_own_error(const struct unit_spec *unit, const struct diag *d)
{
	for (uint32_t i = 0; i < unit->member_count; i++)
		if (!d->is_note && strcmp(d->path, unit->members[i].canonical) == 0)
			return true;
	return false;
}

/* Most blocking errors come on stdout, unreadable files on stderr (errors.CompileError.use_stdout). Exit status 2
 * without an error in one of the members is not about the user's code: mypy refused its command line, or could not
 * start. */
static int take_blockers(const struct unit_spec *unit, const struct action_outcome *outcome, struct arena *arena,
                         struct unit_outcome *ret, struct err *err)
{
	const char *text = arena_printf(arena, "%.*s%.*s", (int)outcome->out.len, outcome->out.data,
	                                (int)outcome->err.len, outcome->err.data);
	struct diag_list *list = &ret->blockers;
	bool own = false;

	ret->kind = OUTCOME_BLOCKED;
	mypy_blockers_parse(span_of(text), arena, list);
	for (uint32_t i = 0; i < list->count; i++) {
		const char *dep = dependency_of_path(unit, list->items[i].path, arena);

		if (dep)
			return rejected(unit, dep, err);
		own |= is_own_error(unit, &list->items[i]);
	}
	if (!own)
		return err_set(err, ERR_CHECKER, "mypy ended with status %d for %s: %s", outcome->exit_status,
		               unit_name(unit), text);
	ret->blocked_in_parse = mypy_blockers_in_parse(list);
	return 0;
}

static bool contains(struct span text, const char *what)
{
	size_t len = strlen(what);

	for (size_t at = 0; at + len <= text.len; at++)
		if (memcmp(text.data + at, what, len) == 0)
			return true;
	return false;
}

static bool crashed(const struct action_outcome *outcome)
{
	return contains(outcome->err, "INTERNAL ERROR") || contains(outcome->out, "INTERNAL ERROR") ||
	       contains(outcome->err, "Traceback (most recent call last)");
}

/* Exits that say nothing about the user's code. */
static int check_exit(const struct unit_spec *unit, const struct action_outcome *outcome, struct err *err)
{
	if (outcome->timed_out)
		return err_set(err, ERR_CHECKER, "mypy took too long for %s and was ended", unit_name(unit));
	if (outcome->exit_status < 0)
		return err_set(err, ERR_CHECKER, "mypy was ended by signal %d while it checked %s", outcome->signal,
		               unit_name(unit));
	if (crashed(outcome))
		return err_set(err, ERR_CHECKER, "mypy crashed while it checked %s: %.*s%.*s", unit_name(unit),
		               (int)outcome->out.len, outcome->out.data, (int)outcome->err.len, outcome->err.data);
	if (contains(outcome->err, "mypy.ini: ") || contains(outcome->err, "pyproject.toml: "))
		return err_set(err, ERR_CHECKER,
		               "mypy did not understand the configuration that it was given for %s: %.*s",
		               unit_name(unit), (int)outcome->err.len, outcome->err.data);
	if (outcome->exit_status > EXIT_BLOCKED)
		return err_set(err, ERR_CHECKER, "mypy ended with status %d for %s: %.*s", outcome->exit_status,
		               unit_name(unit), (int)outcome->err.len, outcome->err.data);
	return 0;
}

int mypy_action_interpret(const struct checker_setup *setup, const struct unit_spec *unit,
                          const struct action_outcome *outcome, struct arena *arena, struct unit_outcome *ret,
                          struct err *err)
{
	unit_outcome_init(unit, arena, ret);
	ret->uses_unknown = true; /* sepal_mypy_uses.py: mypy itself records less than it should */
	if (check_exit(unit, outcome, err))
		return -1;
	if (outcome->exit_status == EXIT_BLOCKED)
		return take_blockers(unit, outcome, arena, ret, err);
	if (check_untouched(unit, outcome, arena, err))
		return -1;
	for (uint32_t i = 0; i < unit->member_count; i++)
		if (take_member(setup, unit, i, outcome, arena, ret, err))
			return -1;
	return check_discovered(unit, ret, err);
}
