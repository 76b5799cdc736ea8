/*
 * Everything that one run of the checker on one unit may depend on, as data: what a runner gets. The worker receives
 * it as a `run` frame, the process runner as an action made from it; both must give the same bytes. All paths by which
 * the checker knows files are canonical (doc/formats/worker.md); real paths only say where bytes can be read now and
 * never enter a key.
 *
 * Borrowed throughout: the plan owns the strings and outlives the run.
 */
#ifndef SEPAL_MODEL_UNIT_SPEC_H
#define SEPAL_MODEL_UNIT_SPEC_H

#include <stdbool.h>

#include "base/json.h"
#include "model/result.h"

struct member_spec {
	const char *id;
	const char *canonical;
	const char *source;   /* real absolute path; NULL for a namespace package (no file) */
	struct digest digest; /* SHA-256 of the source; zero for a namespace package and for a file that cannot be read */
	bool silent;          /* its errors are not shown: installed, typeshed, or follow_imports=silent */
	uint32_t options;     /* index of its resolved options (checker/options.h) */
	const char **extra_deps; /* discovered earlier (plugins): NULL-terminated, may be NULL */
};

/* A name that a member imports, or could import (`from p import name`). */
struct name_spec {
	const char *name;
	const char *canonical; /* NULL: not a module */
	/* The rest only where the name leads nowhere and that is not just an attribute. */
	bool missing;
	const char *reason; /* "not-found", "untyped", "wrong-directory", "stubs-not-installed", "skipped", "error" */
	bool quiet;         /* no diagnostic: ignore_missing_imports, or part of a partial stub package */
	bool ancestor;      /* asked for as the parent package of a member, not by an import */
	/* Nobody here imports it as a module, but another module of the run does, and it leads nowhere. mypy has one table
	 * of what is missing for all modules (BuildManager.missing_modules): `from p import name`, or `p.name`, is then no
	 * error anywhere (semanal.visit_import_from, get_module_symbol). */
	bool elsewhere;
};

/* A module of the unit's transitive dependencies whose interface is known. */
struct dep_spec {
	const char *id;
	const char *canonical;
	const struct interface *interface;
	const struct dep_spec **deps; /* direct dependencies, sorted by id; may point at members of its own cycle */
	uint32_t dep_count;
	bool partial_stub; /* an __init__.pyi with a module-level __getattr__ */
	bool hot;          /* many dependents: the worker's parent loads it once for all its children */
	uint32_t announced; /* the last generation of the worker that has been told, from 1; set by its runner */
};

/* What stands for a member from an earlier run, if the interfaces that it used in its own unit come out the same. */
struct kept_report {
	bool offered;
	struct digest said; /* the messages of the interface step must have this digest */
	const char **uses;  /* members of the unit, itself included; NULL-terminated */
	const unsigned char *checker_hash; /* what its interface was: SHA1_SIZE bytes */
};

struct unit_spec {
	uint32_t unit; /* its index in the plan, for events */
	uint64_t weight; /* of the longest chain that begins with it: who waits longest goes first. Not part of its key */
	const struct member_spec *members; /* in the checker's discovery order */
	uint32_t member_count;
	const struct kept_report *kept; /* per member; NULL: nothing is known about them */
	const struct name_spec *names; /* sorted by name */
	uint32_t name_count;
	struct dep_spec **closure; /* all transitive dependencies, sorted by id */
	uint32_t closure_count;
	const char *const *ancestors; /* canonical paths of parent packages' files that are not in the closure and not
	                                 members, sorted, NULL-terminated: staged empty */
};

/* As the `expect` request and `run` have it. */
struct js *member_spec_encode(const struct member_spec *m);
/* As the `run` request has it (doc/formats/worker.md, `unit`): without the closure, which goes by `modules`. */
struct js *unit_spec_encode(const struct unit_spec *unit);

#endif
