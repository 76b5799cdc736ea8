/*
 * typeshed's stdlib/VERSIONS: which Python versions have which module of the standard library
 * (mypy/modulefinder.py: load_stdlib_py_versions, typeshed_py_version, _typeshed_has_version).
 *
 *     file  := { line "\n" }
 *     line  := [ module ":" version "-" [ version ] ] [ "#" comment ]
 *     version := major "." minor
 */
#ifndef SEPAL_SOURCE_RESOLVE_VERSIONS_H
#define SEPAL_SOURCE_RESOLVE_VERSIONS_H

#include "base/arena.h"
#include "base/map.h"

struct python_version {
	int major, minor;
};

struct stdlib_versions {
	struct map by_module; /* -> index into ranges */
	struct stdlib_range {
		struct python_version min, max;
		bool open_ended;
	} *ranges;
	uint32_t count, cap;
};

#define STDLIB_VERSIONS_INIT { MAP_INIT, 0, 0, 0 }

/* `path` names the text in errors (ERR_CHECKER). Module names are kept in `arena`. */
int stdlib_versions_parse(struct span text, const char *path, struct arena *arena, struct stdlib_versions *ret,
                          struct err *err) MUST_CHECK;
void stdlib_versions_release(struct stdlib_versions *v);

/* May `id` come from typeshed at this version? A module that is not listed follows its top-level package. */
bool stdlib_versions_allow(const struct stdlib_versions *v, struct python_version target, const char *id);

#endif
