/*
 * Runs one action in a fresh directory that holds only its inputs. Ignorant of checkers: it stages, runs, collects.
 * Blobs are hard-linked from the store when possible (they are verified once per runner first; mode 0444), copied
 * otherwise. After the run the directory is compared with what was staged: only declared outputs may have appeared
 * or changed. At most `jobs` children at once; the caller's loop drives it.
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
/* Kills what runs, removes what was staged. */
void process_runner_free(struct process_runner *r);

/* `done` is called once, from the loop; outcome lives in `arena` (the caller's, one per action). A failure to stage or
 * spawn calls it with outcome NULL and `err` set. */
typedef void process_done_fn(void *ctx, const struct action_outcome *outcome, struct err *err);
int process_runner_start(struct process_runner *r, const struct action *a, struct arena *arena, process_done_fn *done,
                         void *ctx, struct err *err) MUST_CHECK;
unsigned process_runner_running(const struct process_runner *r);
/* Processes started so far. */
uint64_t process_runner_started(const struct process_runner *r);
/* Keep the directory of an action whose run failed, and say where (for `--keep`). */
void process_runner_keep_failed(struct process_runner *r, bool keep);

#endif
