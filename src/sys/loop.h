/*
 * The program's one event loop: one thread, one poll(2). It waits for descriptors, timers, the exits of children and
 * the signals that ask to stop; everything slow or foreign is a child process behind a pipe. Callbacks get the loop
 * and the `ctx` they were registered with, and never block. Any callback may add or remove any watch, its own too.
 *
 * Signals arrive through a self-pipe. A handler can only reach a process-wide variable, so there is at most one loop
 * at a time in a process (a second loop_new is a BUG). loop_free() puts the former handlers back.
 */
#ifndef SEPAL_SYS_LOOP_H
#define SEPAL_SYS_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "sys/clock.h"

struct loop;

enum loop_events {
	LOOP_READ = 1,   /* readable, or the other side is gone: read(2) tells */
	LOOP_WRITE = 2,  /* writable, or the other side is gone: write(2) tells */
	LOOP_HANGUP = 4, /* the other side is gone, and nothing else: what can be read is left for somebody else */
};

/* Installs handlers for SIGCHLD, and ignores SIGPIPE; `clock` is borrowed. */
int loop_new(struct loop **ret, const struct clock *clock, struct err *err) MUST_CHECK;
void loop_free(struct loop *loop); /* accepts NULL; closes nothing that it was only watching */

/* Watches `fd`, or changes what is watched; events 0 ends it. Unwatch before you close. */
void loop_watch_fd(struct loop *loop, int fd, unsigned events,
		   void (*ready)(struct loop *loop, int fd, unsigned events, void *ctx), void *ctx);
void loop_unwatch_fd(struct loop *loop, int fd);

/* Fires once, `delay_ns` from now; returns an id (never 0) for loop_cancel_timer, which accepts fired ones and 0. */
uint32_t loop_add_timer(struct loop *loop, int64_t delay_ns, void (*fire)(struct loop *loop, void *ctx), void *ctx);
void loop_cancel_timer(struct loop *loop, uint32_t id);

/* Calls once, with the status of waitpid(2), when `pid` has ended; the child is reaped then. */
void loop_watch_child(struct loop *loop, pid_t pid,
		      void (*exited)(struct loop *loop, pid_t pid, int wait_status, void *ctx), void *ctx);

/* Nobody is called any more. The child is the caller's to wait for. */
void loop_unwatch_child(struct loop *loop, pid_t pid);

/* SIGINT, SIGTERM and SIGHUP (unless it is ignored) call this instead of ending the process, until loop_free; NULL
 * gives them back. Returns who was called before, to be put back by who only borrows them. */
struct loop_interrupt {
	void (*interrupted)(struct loop *loop, int signo, void *ctx);
	void *ctx;
};
struct loop_interrupt loop_watch_interrupt(struct loop *loop,
                                           void (*interrupted)(struct loop *loop, int signo, void *ctx), void *ctx);

/* Waits for at most `timeout_ns` (< 0: as long as it takes) and calls what is due. */
int loop_run_once(struct loop *loop, int64_t timeout_ns, struct err *err) MUST_CHECK;
/* Until loop_stop() or until nothing is watched any more (the interrupt watch does not count). */
int loop_run(struct loop *loop, struct err *err) MUST_CHECK;
void loop_stop(struct loop *loop);
bool loop_is_stopped(const struct loop *loop); /* loop_stop() was called and loop_run has not returned yet */
const struct clock *loop_clock(const struct loop *loop);

#endif
