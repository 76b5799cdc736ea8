/*
 * Child processes: started with an argument array (no shell), each in its own process group so that a whole tree of
 * them can be ended at once, and with no descriptor of ours but the three that were asked for.
 *
 * Order of calls: child_spawn(); watch in/out/err and the exit on the loop (loop_watch_fd, loop_watch_child);
 * child_close() when the exit was seen. A child that is no longer wanted gets child_kill(), and its exit is still to
 * be seen. Pipes are non-blocking on our side.
 *
 * Environment: `env` NULL means ours; otherwise exactly the given NAME=value strings.
 */
#ifndef SEPAL_SYS_CHILD_H
#define SEPAL_SYS_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "sys/loop.h"

enum child_stream {
	CHILD_NULL = 0, /* /dev/null */
	CHILD_PIPE,     /* our end is in struct child */
	CHILD_INHERIT,  /* the same as ours */
};

struct child_spec {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH when it has no slash */
	const char *const *env;  /* NULL-terminated, or NULL for ours */
	const char *cwd;         /* NULL for ours */
	enum child_stream in, out, err;
};

struct child {
	pid_t pid; /* also its process group; 0 when not running */
	int in, out, err; /* our ends, -1 when there is no pipe */
};

#define CHILD_INIT { 0, -1, -1, -1 }

/* A program that is not there is ERR_IO here, not an exit status of 127 later. */
int child_spawn(struct child *ret, const struct child_spec *spec, struct err *err) MUST_CHECK;
/* Sends a signal to the whole group; a child that is gone already is fine. */
void child_kill(const struct child *c, int signo);
/* Closes our ends of the pipes and forgets the pid; does not wait. */
void child_close(struct child *c);
void child_close_in(struct child *c); /* only stdin: the child sees the end of its input */

/* A sentence end for people, such as "exited with status 3" or "was ended by signal 9 (Killed)"; appended to `out`. */
void child_describe_status(int wait_status, struct buf *out);

struct child_result {
	struct buf out, err;
	int wait_status;
	bool timed_out; /* killed by us; wait_status says SIGKILL */
};

#define CHILD_RESULT_INIT { BUF_INIT, BUF_INIT, 0, false }

/*
 * Runs one child to its end on the loop and collects what it wrote (spec's out and err are taken as CHILD_PIPE,
 * `input` is fed to its stdin). More than `limit` bytes on either stream kills it: ERR_PROTOCOL. timeout_ns 0: none.
 * A callback that calls loop_stop() meanwhile (an interrupt) kills it too: ERR_INTERRUPTED.
 */
int child_run(struct loop *loop, const struct child_spec *spec, struct span input, size_t limit, int64_t timeout_ns,
	      struct child_result *ret, struct err *err) MUST_CHECK;
void child_result_release(struct child_result *r);

#endif
