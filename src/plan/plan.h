/*
 * The plan: every module that the checker would reach from the given sources, what each imports, and the units (import
 * cycles) that they form. Built by walking the import graph as mypy's load_graph does, breadth first from the sources
 * in the checker's order, because the order of discovery decides what mypy says inside cycles.
 *
 * The walk asks the scanner for imports, the resolver for files, the options for what an import may follow, and the
 * stat cache for digests. It does not know keys, stores or runners.
 *
 * Everything lives in plan->arena until plan_release().
 */
#ifndef SEPAL_PLAN_PLAN_H
#define SEPAL_PLAN_PLAN_H

#include <stdio.h>

#include "base/map.h"
#include "plan/describe.h"
#include "graph/graph.h"
#include "model/unit_spec.h"
#include "plan/scan_cache.h"
#include "source/resolve.h"
#include "source/worktree.h"

struct plan_module {
	const char *id;
	const char *canonical;
	const char *real;    /* absolute path of the file; NULL for a namespace package */
	const char *display; /* as the checker prints it: as given on the command line, or without the current directory */
	enum module_root root;
	bool is_source; /* named on the command line (mypy: root_source) */
	bool silent;
	bool is_stub, is_package, is_namespace;
	bool partial_stub;
	bool unreadable; /* the checker will say why */
	bool fresh;      /* of a content that no run of this work tree has seen: its unit has no result, most likely */
	uint32_t options;
	struct digest digest;
	uint64_t size;
	uint32_t *deps; /* modules, in the checker's order */
	uint32_t dep_count;
	struct name_spec *names; /* what its imports (and parent packages) lead to, in the order asked */
	uint32_t name_count;
	const char **extra_deps; /* discovered; NULL-terminated or NULL */
	uint32_t unit;
};

struct plan_unit {
	uint32_t *members; /* modules, in discovery order */
	uint32_t member_count;
	const struct graph_edges *needs, *needed_by; /* units */
	const char *name;  /* the smallest id of its members: the same whatever the order of discovery */
	uint64_t bytes;    /* of source, padded */
	uint64_t weight;   /* the scheduler's estimate: the bytes, or microseconds (plan/weights.h) */
	uint64_t priority; /* weight of the longest chain that waits for it, its own included */
};

/* Dependencies that only the checker knew (plugins, or a rule that the planner got wrong), by module. */
struct plan_discovered {
	const char *module;
	const char **names; /* NULL-terminated */
	struct digest source; /* of the module when they were discovered: they hold for this one only; zero: for any */
};

struct plan_inputs {
	const struct described *described;
	const char *cwd; /* absolute, where the checker would run */
	struct resolver *resolver;
	struct statcache *stats;
	struct scan_cache *scans;
	const struct plan_discovered *discovered;
	uint32_t discovered_count;
};

struct plan {
	struct arena arena;
	struct plan_module *modules; /* in discovery order */
	uint32_t module_count, module_cap;
	struct map index; /* id -> module */
	struct graph graph;
	struct plan_unit *units; /* dependencies first */
	uint32_t unit_count;
	/* Files that were read though they are no module of the plan: packages that could be partial stubs. */
	const char **consulted;
	uint32_t consulted_count, consulted_cap;
	/* A mistake that stops the checker before it checks anything (two files with one module name ...): the lines that
	 * it prints, without the summary. NULL-terminated, NULL if there is none. */
	const char **fatal;
	const char *fatal_file; /* stands in front of each line, as the checker shows files; NULL: nothing does */
	bool fatal_to_stderr;
};

int plan_make(const struct plan_inputs *in, struct plan *ret, struct err *err) MUST_CHECK;
void plan_release(struct plan *p);

/* Per unit, its position in the order in which the checker would work through a whole run. */
const uint32_t *plan_checker_order(const struct plan *p, struct arena *arena);

/* The module called `id`, or NULL. */
const struct plan_module *plan_find(const struct plan *p, const char *id);

/* schemas/plan.schema.json; canonical paths only, so that plans of two checkouts compare equal. Failures to write are
 * the stream's (ferror). */
void plan_print(const struct plan *p, FILE *to);

#endif
