/*
 * The remote runner: each unit becomes the action of one hermetic checker process (as with the process runner), which a
 * server of the Remote Execution API runs, or has run before for somebody. The same bytes come out.
 *
 * For each unit, in this order: is there a result in the action cache? else inputs that the server lacks are uploaded,
 * the action is executed, and its outputs are fetched and verified. What the server says it lacks after all is uploaded
 * once more. Every step of every unit may be under way at once, up to `jobs` units.
 *
 * When the server cannot run an action, its result is a crash, or the server is gone, then with `fall_back` the unit
 * runs in a hermetic process here, and what that says counts; without, the unit fails. When the server is gone, a
 * worker takes all that follows. An interpreter that is not the
 * one of this machine's checker is never papered over: the unit fails, with a sentence about it.
 */
#ifndef SEPAL_EXEC_RUN_REMOTE_H
#define SEPAL_EXEC_RUN_REMOTE_H

#include "exec/runner.h"
#include "net/address.h"
#include "remote/action_tree.h"

struct credentials;
struct tls_options;

/* A file of the checker's distributions, as a machine without them needs it. */
struct remote_file {
	const char *name; /* below the directory that is searched for modules */
	const char *path; /* absolute */
	struct remote_blob blob;
};

/* Everything is borrowed and outlives the runner. */
struct runner_remote_config {
	const struct address *address;
	const struct tls_options *tls;   /* NULL: the system's roots */
	struct credentials *credentials; /* NULL: none are sent */
	int64_t timeout_ns;              /* for a call that is no execution */
	const char *python;              /* a program on the executor's PATH, or an absolute path there */
	const struct reapi_pair *platform;
	uint32_t platform_count;
	const struct remote_file *files;
	uint32_t file_count;
	const char *wrapper; /* sepal_remote_action.py */
	unsigned jobs;
	bool fall_back;
	int64_t race_after_ns; /* what has been executing for so long runs here too, and the first one counts; 0: never */
	/* A worker runner for when the executor is gone; NULL: there is none. */
	int (*make_worker)(void *ctx, const struct runner_events *events, struct runner **ret, struct err *err);
	void (*problem)(void *ctx, const struct err *err); /* at most once, if `fall_back`: the executor is given up */
	void *ctx;
};

/* Runs the loop until the server has said what it can do; ERR_IO or ERR_PROTOCOL if it cannot be used. */
int runner_remote_new(const struct runner_config *config, const struct runner_remote_config *remote,
		      struct runner **ret, struct err *err) MUST_CHECK;

#endif
