/*
 * The walk over the import graph, as the files of this room share it; nothing outside includes it. It follows
 * mypy/build.py 2.4: load_graph, State.new_state, State.compute_dependencies,
 * BuildManager.all_imported_modules_in_file, find_module_and_diagnose, in_partial_package. Where those keep state
 * between look-ups, so does this.
 */
#ifndef SEPAL_PLAN_WALK_H
#define SEPAL_PLAN_WALK_H

#include "plan/plan.h"

#define NO_MODULE UINT32_MAX /* in place of a module's index */

struct walk {
	const struct plan_inputs *in;
	struct plan *plan;
	struct map files;        /* absolute path -> module, to find files met under two names */
	struct map partial;      /* package -> is it a partial stub package */
	/* The names that the module at hand depends on, before they are resolved. */
	struct wanted *wanted;
	uint32_t wanted_count, wanted_cap;
	struct buf name; /* of a module that may be one */
	struct scan_result *scans; /* per module */
	uint32_t *edge_from;       /* per module: the last module that was found to depend on it, + 1 */
	uint32_t scan_cap;         /* of both */
	/* What the module at hand depends on, so far. */
	struct edges {
		uint32_t *to;
		uint32_t count, cap;
		struct name_spec *names;
		uint32_t name_count, name_cap;
	} edges;
};

struct wanted {
	const char *name;
	uint32_t module; /* NO_MODULE: was in no plan yet when it was wanted */
	uint32_t dots, order;
};

uint32_t walk_module_index(const struct plan *p, const char *id); /* NO_MODULE: not in the plan (yet) */
void walk_fatal(struct plan *p, const char *file, const char *message, const char *const *help);

/* walk_module.c: one file. A file that cannot be read has no imports: the checker will say why. */
int walk_read(struct walk *w, struct plan_module *m, struct scan_result *ret, struct err *err) MUST_CHECK;
int walk_add_module(struct walk *w, const char *id, const struct resolution *found, const char *display, bool is_source,
                    bool silent, uint32_t *ret, struct err *err) MUST_CHECK;
const char *walk_display_path(struct walk *w, const char *path);

/* walk_imports.c: fills w->wanted with the names that module `at` depends on, in mypy's order. */
/* Could the module name `child`, which is no module but might be one of `package`? By `from package import child`, or
 * as an attribute of the package, which it can name. */
bool walk_could_name(struct walk *w, uint32_t at, const char *package, const char *child);
void walk_collect_wanted(struct walk *w, uint32_t at);

/* walk_follow.c: where one name leads; fills `name` and *module (NO_MODULE when it leads nowhere), which holds the
 * module's index already when it is known to be in the plan. */
int walk_follow(struct walk *w, const char *id, bool ancestor, struct name_spec *name, uint32_t *module,
                struct err *err) MUST_CHECK;
bool walk_is_silent_place(const struct walk *w, const struct resolution *found);

#endif
