/*
 * A search path: an ordered list of roots, and which of them could hold a given top-level name
 * (mypy/modulefinder.py: get_toplevel_possibilities). Almost every name is routed to its root by its first component;
 * the other roots are not looked into.
 */
#ifndef SEPAL_SOURCE_RESOLVE_ROOTS_H
#define SEPAL_SOURCE_RESOLVE_ROOTS_H

#include "source/resolve_dirs.h"

#define ROOTS_NONE UINT32_MAX

struct roots {
	struct dir **dirs;
	uint32_t count;
	struct map by_stem; /* "os" for os.py, os/ and os.cpython-311.so's "os.cpython-311" -> index into links */
	struct roots_link {
		uint32_t root, next; /* ascending roots; ROOTS_NONE ends */
	} *links;
	uint32_t link_count, link_cap;
};

/* Lists the directories of up to two NULL-terminated lists, one after the other (`second` may be NULL). */
void roots_init(struct roots *roots, struct dirs *ds, const char *const *first, const char *const *second);
void roots_release(struct roots *roots);

/* The first link of the roots with an entry called `name` but for its extension; ROOTS_NONE when there is none. */
uint32_t roots_with(const struct roots *roots, struct span name);

/* Walks two chains as one: the next root that is on either; ROOTS_NONE at the end. */
uint32_t roots_next(const struct roots *roots, uint32_t *a, uint32_t *b);

#endif
