/*
 * What the resolver's three files share: resolve.c (questions, what is remembered, reasons), resolve_candidates.c (in
 * which directories a name is looked for) and resolve_search.c (which file there is the module). The functions follow
 * the steps of mypy/modulefinder.py, where the rules come from; their order is part of the rules.
 */
#ifndef SEPAL_SOURCE_RESOLVE_INTERNAL_H
#define SEPAL_SOURCE_RESOLVE_INTERNAL_H

#include "source/resolve.h"
#include "source/resolve_roots.h"
#include "source/resolve_versions.h"

#define ID_BYTES_MAX 1000
#define PARTS_MAX (ID_BYTES_MAX / 2 + 1)
#define FILE_NAME_ROOM (ID_BYTES_MAX + 32)

/* A dotted id, cut. */
struct name {
	const char *id;
	uint32_t count;
	struct span part[PARTS_MAX];
};

/* A directory in which the last component is looked for: `base` is the root plus all components but the last. */
struct candidate {
	struct dir *base;
	bool verify; /* every directory from the base up to the root must hold an __init__ */
};

struct candidates {
	struct candidate *items;
	uint32_t count, cap;
};

struct resolver {
	const struct resolver_config *config;
	struct arena arena;
	struct dirs *dirs;
	struct roots user; /* MYPYPATH, then source roots */
	struct roots typeshed, packages;
	struct stdlib_versions versions;
	const char *versions_path;
	struct map files;                       /* content that was read */
	struct map stubs_flat, stubs_namespace; /* -> index into config->stub_distributions */

	/* Remembered between questions. */
	struct map results; /* id -> index into answers */
	const struct resolution **answers;
	uint32_t answer_count, answer_cap;
	struct map ns_ancestors; /* id -> index into ns_paths */
	const char **ns_paths;
	uint32_t ns_count, ns_cap;

	/* Of the search that is under way: candidates, and those of them that come last. */
	struct candidates candidates, inlines;
};

/* resolve_candidates.c */

/* The last component with a suffix, as a file name in `room`. */
struct span name_file(char room[FILE_NAME_ROOM], struct span part, const char *suffix);
/* The directories on a search path that the name's parents have (mypy: find_lib_path_dirs). */
void add_lib_path(struct resolver *r, const struct roots *roots, const struct name *name);
/* Installed packages, stub packages first. Returns whether the name is there, but without type information. */
bool add_packages(struct resolver *r, const struct name *name);

/* resolve_search.c */

/* The module in the candidate directories, or NULL. */
const struct resolution *search_candidates(struct resolver *r, const struct name *name);
const struct resolution *found_at(struct resolver *r, const char *path, bool is_namespace);
void describe_found(const struct resolver *r, const char *path, bool is_namespace, struct resolution *ret);

#endif
