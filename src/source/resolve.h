/*
 * From module names to files, by mypy's rules (mypy/modulefinder.py, FindModuleCache): source roots and MYPYPATH first,
 * then typeshed's standard library (gated by VERSIONS), then installed packages (`-stubs` packages, partial stubs,
 * py.typed, namespace packages). Look-ups are cached per name and are stateful exactly where mypy's are
 * (ns_ancestors), so names must be asked in the order in which mypy would ask.
 *
 * Nothing is stat'ed file by file: every directory that is looked into is listed once, and the list of directories
 * looked into (also those that do not exist) is what the answers stand on: while none of them changed, no answer can.
 * Content read while resolving (py.typed of stub packages, VERSIONS) is listed in resolver_files().
 */
#ifndef SEPAL_SOURCE_RESOLVE_H
#define SEPAL_SOURCE_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum resolve_status {
	RESOLVE_FOUND = 0,
	RESOLVE_NOT_FOUND,           /* mypy: NOT_FOUND */
	RESOLVE_UNTYPED,             /* FOUND_WITHOUT_TYPE_HINTS */
	RESOLVE_WRONG_DIRECTORY,     /* WRONG_WORKING_DIRECTORY */
	RESOLVE_STUBS_NOT_INSTALLED, /* APPROVED_STUBS_NOT_INSTALLED */
};

/* Where a module lies; it decides the canonical path (doc/formats/worker.md) and whether its errors are silent. */
enum module_root {
	ROOT_FIRST_PARTY = 0,
	ROOT_PACKAGE = 1, /* below a package_path entry (site-packages): silent */
	ROOT_TYPESHED = 2,
};

struct resolution {
	enum resolve_status status;
	const char *path; /* absolute; a directory for a namespace package; NULL unless found */
	enum module_root root;
	bool is_namespace; /* path is a directory */
	bool is_package;   /* __init__.py[i] or namespace */
	bool is_stub;      /* .pyi */
};

struct resolver_config {
	/* Absolute, as in mypy's SearchPaths; NULL-terminated. */
	const char *const *python_path, *const *mypy_path, *const *package_path, *const *typeshed_path;
	const char *typeshed; /* holds stdlib/VERSIONS */
	const char *cwd;      /* where mypy would run: WRONG_DIRECTORY looks at its parents */
	int python_major, python_minor;
	bool namespace_packages;
	/* mypy.stubinfo: flat name -> distribution and namespace prefix -> distribution. */
	const struct stub_distribution *stub_distributions;
	uint32_t stub_distribution_count;
	/* options(module).follow_untyped_imports, asked for the module itself. */
	bool (*follow_untyped_imports)(void *ctx, const char *module);
	void *ctx;
};

struct stub_distribution {
	const char *name;
	const char *distribution;
	bool is_namespace;
};

struct resolver;

/* `config` and all it points to must outlive the resolver. Fails if VERSIONS cannot be read or parsed. */
int resolver_new(const struct resolver_config *config, struct resolver **ret, struct err *err) MUST_CHECK;
void resolver_free(struct resolver *r);

/* find_module(id, fast_path=False). The answer is borrowed and stays valid until resolver_free. `id` is at most 1,000
 * bytes; longer or malformed ids are not found. */
const struct resolution *resolver_find(struct resolver *r, const char *id);

/* find_module(id, fast_path=True), mypy's find_module_simple: asks only whether there is such a module. The answers are
 * the same, but a name that a parent of `cwd` has is RESOLVE_NOT_FOUND, for this and every later question about it.
 * mypy asks this way about `from p import name` (is p.name a module?). */
const struct resolution *resolver_find_simple(struct resolver *r, const char *id);

/* Classifies a file that was given by name (a source on the command line): root kind by where it lies. */
void resolver_classify(struct resolver *r, const char *abs_path, struct resolution *ret);

/* What every answer so far stands on, sorted, NULL-terminated arrays in `arena`: directories that were listed or found
 * missing, and files whose content was read. */
const char **resolver_directories(struct resolver *r, struct arena *arena);
const char **resolver_files(struct resolver *r, struct arena *arena);

/* The path under which artifacts know the module: see doc/formats/worker.md. In `arena`. */
const char *canonical_path(struct arena *arena, const char *id, const struct resolution *found, const char *typeshed);

#endif
