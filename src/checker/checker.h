/*
 * The seam between Sepal and a checker. An adapter says what to run for a unit and what came out; it never spawns,
 * never touches the disk and never learns where it ran. Everything above this room sees checkers through
 * `struct checker` only. doc/adapters.md tells how to write one, with the toy (checker/toy.h) as the example.
 *
 * A unit is checked in one of two forms, and both must give the same bytes:
 * - by the adapter's worker program (doc/formats/worker.md): outcome_interface and outcome_report decode, member by
 *   member, what it wrote;
 * - by one hermetic process: action_make says what is staged and run, action_interpret what was left behind.
 */
#ifndef SEPAL_CHECKER_CHECKER_H
#define SEPAL_CHECKER_CHECKER_H

#include "base/arena.h"
#include "base/json.h"
#include "checker/options.h"
#include "model/action.h"
#include "model/unit_spec.h"

struct checker;

/* Versions of the checker's artifact format, as its worker describes them. */
struct checker_format {
	uint8_t first, second;
};

/* What is the same for every unit of a run. Borrowed by all calls. */
struct checker_setup {
	const struct checker *checker;
	struct checker_format format;
	const char *version;         /* "2.4.1" */
	const char *python;          /* real path of the interpreter that has the checker */
	const char *python_version;  /* "3.11.7": part of the action's platform */
	const char *platform;        /* target platform */
	int target_major, target_minor;
	const char *typeshed;        /* real directory */
	struct digest versions_file; /* SHA-256 of typeshed's stdlib/VERSIONS */
	struct options *options;
	const char *const *plugin_files; /* real paths of plugins configured as files; NULL-terminated */
	const struct digest *plugin_digests; /* SHA-256 of each of them */
	const char *plugin_config;   /* text of sections that are not the checker's, or NULL */
	bool plugin_config_toml;
	const char *action_program;  /* real path of checker->action_program; NULL if it has none */
	struct digest action_program_digest;
};

enum unit_outcome_kind {
	OUTCOME_RESULT = 0,  /* interfaces and reports */
	OUTCOME_BLOCKED,     /* a blocking error: no artifacts, `blockers` say why */
};

struct unit_outcome {
	enum unit_outcome_kind kind;
	struct result result;          /* OUTCOME_RESULT */
	struct span *data;             /* the members' data files, same order: what to put into the store */
	struct diag_list blockers;     /* OUTCOME_BLOCKED: paths canonical, or "" for a raw line */
	bool blocked_in_parse;         /* the checker stops before checking anything: syntax, encoding, ... */
	const char ***discovered;      /* per member: dependencies that the plan does not have; NULL-terminated or NULL */
	/* What else decided about the result, beyond direct and indirect dependencies: it belongs to the used set and
	 * not to the result, because only a worker can tell. */
	const char ***uses; /* per member: modules; NULL-terminated or NULL */
	uint32_t interface_us, bodies_us; /* what it took, in microseconds of one process; 0: not told */
	bool uses_unknown;  /* nobody could tell: take everything below the unit */
	/* For the cut inside a cycle, from a worker only. */
	struct digest *said; /* per member: of the messages that the interface step had for it; zero: not told */
	bool *kept;          /* per member: its report of before stands (unit_spec.kept), `result` has none for it */
};

struct checker {
	const char *name;           /* what --checker and the worker's description call it */
	const char *worker_program; /* file name in the directory of worker programs (sys/install.h) */
	const char *action_program; /* likewise, where actions stage a program of ours beside the checker; or NULL */
	const char *supported;      /* which versions, for the message when it is another */
	bool (*supports)(struct checker_format format);

	/* From a worker's answers: data and meta of member `i` after the interface step, meta_ex after the bodies. `ret`
	 * was made by unit_outcome_init; what is kept is copied into `arena`. */
	int (*outcome_interface)(const struct checker_setup *setup, const struct unit_spec *unit, uint32_t i,
	                         struct span data, struct span meta, struct arena *arena, struct unit_outcome *ret,
	                         struct err *err);
	int (*outcome_report)(const struct checker_setup *setup, const struct unit_spec *unit, uint32_t i,
	                      struct span meta_ex, struct arena *arena, struct unit_outcome *ret, struct err *err);

	/* *ret is finished (model/action.h). Both NULL: the checker has no hermetic form. */
	void (*action_make)(const struct checker_setup *setup, const struct unit_spec *unit, struct arena *arena,
	                    struct action *ret);
	/* A crash, a rejected dependency, an undeclared output or a missing one is an error that names it. */
	int (*action_interpret)(const struct checker_setup *setup, const struct unit_spec *unit,
	                        const struct action_outcome *outcome, struct arena *arena, struct unit_outcome *ret,
	                        struct err *err);
};

/* NULL: there is no such adapter. */
const struct checker *checker_find(const char *name);

/* What adapters have in common. Everything they return lives in `arena`. */

/* An outcome of kind OUTCOME_RESULT with room for every member. */
void unit_outcome_init(const struct unit_spec *unit, struct arena *arena, struct unit_outcome *ret);
bool unit_has_member(const struct unit_spec *unit, const char *id);
/* Those of the NULL-terminated `dependencies` that are neither members nor in the closure; NULL if there are none. */
const char **unit_unplanned(const struct unit_spec *unit, const char *const *dependencies, struct arena *arena);
/* Sorts `dependencies` (NULL-terminated, in place), leaves out members, and makes them the module's indirect ones. */
void member_take_indirect(const struct unit_spec *unit, const char **dependencies, struct member_result *ret);

#endif
