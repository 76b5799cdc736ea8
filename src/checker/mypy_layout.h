/*
 * Names in the directory of a hermetic mypy process (doc/formats/action.md), and the canonical paths by which mypy
 * knows what lies there (doc/formats/worker.md). Only text: nothing here looks at the disk or at a unit.
 */
#ifndef SEPAL_CHECKER_MYPY_LAYOUT_H
#define SEPAL_CHECKER_MYPY_LAYOUT_H

#include <stdbool.h>

#include "base/arena.h"

/* The name that every process has for the directory it runs in. */
#define MYPY_HERE "/proc/self/cwd/"
#define MYPY_SOURCES "s/"
#define MYPY_TYPESHED "ts/"
#define MYPY_VENV "p/"
#define MYPY_SITE MYPY_VENV "lib/python3/site-packages/"

/* When mypy has to find that it was started in a package's directory, it is: everything lies one level further down. */
#define MYPY_INNER "inner-package/"

/* The staged path of a canonical one: points into it. BUG for a path that is not canonical. */
const char *mypy_staged_path(const char *canonical);
/* Is it a package's own file, __init__.py or __init__.pyi? (mypy's test is for the beginning of the name.) */
bool mypy_is_init(const char *canonical);
/* A namespace package has a directory for a path, and no file. */
bool mypy_is_namespace(const char *canonical);
/* Where mypy keeps a module's artifacts, without ".data.ff" and the like (build.get_cache_names). */
const char *mypy_artifact_name(struct arena *arena, const char *id, bool package);
/* "a/b" for "a.b". */
const char *mypy_id_path(struct arena *arena, const char *id);
/* Is `id` the package `package` or something in it? */
bool mypy_is_inside(const char *id, const char *package);
/* A module whose only import is one member, for members that must not be named on the command line. */
const char *mypy_root_name(struct arena *arena, uint32_t member);
/* A module that imports what leads nowhere for other modules of the run (name_spec.elsewhere). */
#define MYPY_ELSEWHERE "sepal__elsewhere"

/* The modules that mypy looks for at start, whatever is checked (build.CORE_BUILTIN_MODULES). */
struct mypy_core_module {
	const char *id, *staged;
};
extern const struct mypy_core_module mypy_core_modules[]; /* ends with id NULL */

#endif
