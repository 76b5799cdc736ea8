/*
 * An action (model/action.h) as the Remote Execution API has it: a Merkle tree of directories for its inputs, a Command
 * and an Action (remote/messages_execute.h). Pure: the same action gives the same bytes and so the same digests on
 * every machine. Where blobs are to be read is told by the action's inputs; nothing is read here.
 *
 *   sepal/                 the working directory; not the root, which is / itself on some executors
 *     run.py               the program that runs the action there (src/worker/sepal_remote_action.py says what it does)
 *     job.json             what it is to run: {"argv", "directory", "env", "outputs", "python"}
 *     checker/             the checker's distributions, if it has any: the same directory in every action
 *     unit/                the action's directory
 *     out/                 written by run.py: status, stdout, stderr, and 0, 1, 2 ... for the action's outputs
 *
 * The link to the interpreter (INPUT_PLATFORM), which has to be the action's argv[0], is no input: the executor has an
 * interpreter of its own, and run.py refuses one that is not what the link says.
 */
#ifndef SEPAL_REMOTE_ACTION_TREE_H
#define SEPAL_REMOTE_ACTION_TREE_H

#include "model/action.h"
#include "remote/messages_execute.h"

struct tree_file {
	const char *path; /* relative; one with a slash at its end is an empty directory */
	struct remote_blob blob;
	bool executable;
};

/* A blob that has to be there before an action can run. */
struct remote_need {
	struct remote_blob blob;
	struct span bytes;                /* data NULL: `input` says where to read it */
	const struct action_input *input; /* INPUT_BLOB or INPUT_FILE */
};

struct remote_tree {
	struct remote_blob root;   /* of the Directory of the whole */
	struct remote_need *needs; /* the Directory messages, each once */
	uint32_t need_count;
};

/* Paths are those of files that all can be there at once, and no path comes twice. `files` are put into an order. */
void remote_tree_make(struct tree_file *files, uint32_t count, struct arena *a, struct remote_tree *ret);

/* What all actions of a run have in common. */
struct remote_shape {
	const char *python;                   /* a program on the executor's PATH, or an absolute path there */
	const struct reapi_pair *platform;
	uint32_t platform_count;
	int64_t timeout_ns;                   /* 0: the executor's own */
	bool outputs_are_files;               /* for a server of version 2.0 */
	struct remote_blob wrapper;           /* run.py */
	bool has_checker;
	struct remote_blob checker;           /* the Directory of `checker/` */
};

struct remote_action {
	struct remote_blob action;
	struct remote_need *needs; /* all but the wrapper and what is in `checker/`; each once */
	uint32_t need_count;
};

/* The action is finished, and the sizes of its INPUT_FILE inputs are known (action_input.size). */
void remote_action_make(const struct action *action, const struct remote_shape *shape, struct arena *a,
			struct remote_action *ret);

/* Paths of outputs, as they come back in the action's result. */
#define REMOTE_OUTPUT_STATUS "out/status"
#define REMOTE_OUTPUT_STDOUT "out/stdout"
#define REMOTE_OUTPUT_STDERR "out/stderr"
const char *remote_output_path(uint32_t output, struct arena *a);

/* The priority of the Remote Execution API, where lower is earlier and 0 everybody's default, for the weight of the
 * longest chain that begins with the unit: 0 for the heaviest, up to REMOTE_PRIORITY_LAST. */
enum { REMOTE_PRIORITY_LAST = 1000 };
int32_t remote_priority(uint64_t weight);

#endif
