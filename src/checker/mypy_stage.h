/*
 * What lies in the directory of one hermetic mypy process, as the inputs and outputs of an action: the members'
 * sources, a placeholder and an interface for each dependency, empty ancestors, and whatever makes mypy's look-ups end
 * as the plan says they do (doc/formats/action.md has the layout and the reasons).
 *
 * The first entry for a path wins, so the order of calls is: what must be right first, fillers last.
 */
#ifndef SEPAL_CHECKER_MYPY_STAGE_H
#define SEPAL_CHECKER_MYPY_STAGE_H

#include "base/map.h"
#include "checker/mypy_action.h"

/* Never read under --bazel while the interface is accepted; a loud syntax error when it is not. */
#define MYPY_PLACEHOLDER "this module is known by its interface only\n"

struct stage {
	const struct checker_setup *setup;
	const struct unit_spec *unit;
	struct arena *arena;      /* all text */
	struct map members, deps; /* id -> index */
	struct map paths;         /* what is staged */
	struct action_input *inputs;
	uint32_t input_count, input_cap;
	const char **outputs;
	uint32_t output_count, output_cap;
	const char **parents; /* parent packages that are neither member nor dependency */
	uint32_t parent_count, parent_cap;
	bool site; /* installed packages are staged, or something that must look installed */
};

void stage_init(struct stage *st, const struct checker_setup *setup, const struct unit_spec *unit, struct arena *arena);
void stage_release(struct stage *st);

/* The members and their sets of options, as options_config_text wants them. */
const struct member_options *stage_member_options(struct stage *st);

/* An inline input; text that starts with "#!" is staged executable (model/action.h). */
void stage_text(struct stage *st, const char *path, const char *text);
void stage_link(struct stage *st, const char *path, const char *real, const char *role);
void stage_file(struct stage *st, const char *path, const char *real, const struct digest *digest);
void stage_directory(struct stage *st, const char *path);
/* A module whose text does not matter: `text`, or a directory where the module has no file. */
void stage_module(struct stage *st, const char *canonical, const char *text);
void stage_output(struct stage *st, const char *path);
/* The three artifacts of a module may be written. */
void stage_artifacts_out(struct stage *st, const char *artifact_name);

/* Is this a member, a dependency, or (after stage_ancestors) a parent package of one? */
bool stage_knows(const struct stage *st, const char *id);

void stage_members(struct stage *st);
void stage_dependencies(struct stage *st);
void stage_ancestors(struct stage *st);
void stage_missing(struct stage *st); /* modules that are there and must not be followed or read */
/* A module that makes mypy's table of missing modules what it would be in a run over everything; false: needs none. */
bool stage_elsewhere(struct stage *st);
void stage_typeshed(struct stage *st);
void stage_plugins(struct stage *st); /* plugins that are files, where the configuration names them */
void stage_site(struct stage *st); /* last: looks at what the others staged */

/* Where mypy runs, below the directory of the action: "", or MYPY_INNER when an import would be found from the
 * directory above. All other functions here give names seen from there; stage_settle makes them the action's. */
const char *stage_working_directory(const struct unit_spec *unit);
void stage_settle(struct stage *st);

/* The index of the first member that has to be reached through an import; member_count if there is none. */
uint32_t stage_first_imported(const struct unit_spec *unit);

#endif
