/*
 * The mypy adapter's pure half: from a unit to the action of one plain hermetic mypy process, and from that process's
 * outputs to a result. It never spawns and never touches the disk.
 *
 * The staged directory (doc/formats/action.md): `s/` own sources, unparsable placeholders for first-party dependencies
 * (under --bazel a cached dependency's source is stat'ed, never read: a placeholder turns a rejected artifact into a
 * loud syntax error), empty ancestors; `ts/` typeshed placeholders, VERSIONS, the core modules that mypy insists on;
 * `p/` a virtual environment with the same for installed packages; X.data.ff / X.meta.ff / X.meta_ex.ff of every
 * dependency where mypy looks for them; `mypy.ini` (or pyproject.toml) with the resolved options.
 */
#ifndef SEPAL_CHECKER_MYPY_ACTION_H
#define SEPAL_CHECKER_MYPY_ACTION_H

#include "base/arena.h"
#include "base/json.h"
#include "checker/mypy_meta.h"
#include "checker/options.h"
#include "model/action.h"
#include "model/unit_spec.h"

/* What is the same for every unit of a run. Borrowed by all calls. */
struct mypy_setup {
	struct mypy_format format;
	const char *version;         /* "2.4.1" */
	const char *python;          /* real path of the interpreter that has mypy */
	const char *python_version;  /* "3.11.7": part of the action's platform */
	const char *platform;        /* target platform */
	int target_major, target_minor;
	const char *typeshed;        /* real directory */
	struct digest versions_file; /* SHA-256 of typeshed's stdlib/VERSIONS */
	struct options *options;
	const char *const *plugin_files; /* real paths of plugins configured as files; NULL-terminated */
	const struct digest *plugin_digests; /* SHA-256 of each of them */
	const char *plugin_config;   /* text of non-mypy sections, or NULL */
	bool plugin_config_toml;
};

void mypy_action_make(const struct mypy_setup *setup, const struct unit_spec *unit, struct arena *arena,
                      struct action *ret);

enum unit_outcome_kind {
	OUTCOME_RESULT = 0,  /* interfaces and reports */
	OUTCOME_BLOCKED,     /* a blocking error: no artifacts, `messages` say why */
};

struct unit_outcome {
	enum unit_outcome_kind kind;
	struct result result;          /* OUTCOME_RESULT */
	struct span *data;             /* the members' data files, same order: what to put into the store */
	struct diag_list blockers;     /* OUTCOME_BLOCKED: paths canonical, or "" for a raw line */
	bool blocked_in_parse;         /* syntax, encoding, relative import beyond top: mypy stops before checking anything */
	const char ***discovered;      /* per member: dependencies that the plan does not have; NULL-terminated or NULL */
};

/* A crash, a rejected dependency artifact, an undeclared output or a missing one is an error that names it. */
int mypy_action_interpret(const struct mypy_setup *setup, const struct unit_spec *unit,
                          const struct action_outcome *outcome, struct arena *arena, struct unit_outcome *ret,
                          struct err *err) MUST_CHECK;

/* The same from a worker's answers: one meta (and data) per member after the interface step, one meta_ex per member
 * after the bodies. Fills member `i` of *ret (arrays allocated by mypy_outcome_init). */
void mypy_outcome_init(const struct unit_spec *unit, struct arena *arena, struct unit_outcome *ret);
int mypy_outcome_interface(const struct mypy_setup *setup, const struct unit_spec *unit, uint32_t i, struct span data,
                           struct span meta, struct arena *arena, struct unit_outcome *ret, struct err *err) MUST_CHECK;
int mypy_outcome_report(const struct mypy_setup *setup, const struct unit_spec *unit, uint32_t i, struct span meta_ex,
                        struct arena *arena, struct unit_outcome *ret, struct err *err) MUST_CHECK;

#endif
