/*
 * Runs one action in a fresh directory that holds only its inputs. Ignorant of checkers: it stages, runs, collects.
 *
 * Blobs are hard-linked from the store when it has files (each is verified once per runner, and again when it was
 * touched), copied otherwise; inline inputs with the same bytes are links to one file; files of the work tree are
 * copied while they are checked against their digest, so what is staged is what the action says. Inputs are read-only;
 * an inline input that starts with "#!" is executable. When argv[0] is a staged platform link, the program that it
 * points to is started by its own name: an interpreter finds its packages by where it lies.
 *
 * After the run the directory is compared with what was staged: only declared outputs may have appeared or changed.
 * The whole process group is ended when the time is up. The caller's loop drives it; nothing here waits.
 */
#ifndef SEPAL_EXEC_PROCESS_H
#define SEPAL_EXEC_PROCESS_H

#include "base/arena.h"
#include "model/action.h"
#include "store/store.h"
#include "sys/loop.h"

struct process_runner;

/* `scratch` is an empty directory owned by the runner from now on. */
int process_runner_new(struct loop *loop, struct store *store, const char *scratch, struct process_runner **ret,
                       struct err *err) MUST_CHECK;
/* Kills what runs (its `done` is not called), removes what was staged. */
void process_runner_free(struct process_runner *r);

/* Called once, from the loop; the outcome lives in `arena` (the caller's, one per action). When the outputs could not
 * be collected, outcome is NULL and `err` says why; the callee takes the error over or releases it. */
typedef void process_done_fn(void *ctx, const struct action_outcome *outcome, struct err *err);
/* A failure to stage or to start is this function's own: then `done` will not be called. `a` and `arena` are borrowed
 * until `done` was called. ERR_CORRUPT: a blob is not what its name says (it was removed from the store). */
int process_runner_start(struct process_runner *r, const struct action *a, struct arena *arena, process_done_fn *done,
                         void *ctx, struct err *err) MUST_CHECK;
/* Kills the process that was started with this `ctx`, if it runs: its `done` is not called, and its action and arena
 * are the caller's again. */
void process_runner_cancel(struct process_runner *r, const void *ctx);
unsigned process_runner_running(const struct process_runner *r);
/* Processes started so far. */
uint64_t process_runner_started(const struct process_runner *r);
/* Keep the directory of an action that did not end with status 0 or 1 or that broke its contract. */
void process_runner_keep_failed(struct process_runner *r, bool keep);
/* The directory that was kept last, NULL if none: for the message about the failure. */
const char *process_runner_kept(const struct process_runner *r);

#endif
