/*
 * The directory of one action: made from its inputs, compared with them after the run. Part of exec/process; knows no
 * child processes.
 */
#ifndef SEPAL_EXEC_PROCESS_STAGE_H
#define SEPAL_EXEC_PROCESS_STAGE_H

#include "base/map.h"
#include "model/action.h"
#include "store/store.h"
#include "sys/fs.h"

struct process_stage {
	const char *dir;
	const struct action *action;
	struct file_stat *staged; /* one per input, as it was when the run began */
};

/* Blobs that were found to be what their names say. */
struct verified {
	struct map digests;
	struct arena arena;
};
void verified_release(struct verified *v);

/* `dir` is not there yet. On failure what was made stays, for the caller to remove. */
int process_stage_make(struct process_stage *ret, const char *dir, const struct action *a, struct store *store,
                       struct verified *verified, struct arena *arena, struct err *err) MUST_CHECK;
/* *ret_path: the first path (in byte order) that is neither an untouched input nor an output, or that is gone. */
int process_stage_compare(const struct process_stage *s, struct arena *arena, const char **ret_path,
                          struct err *err) MUST_CHECK;
/* One entry per declared output, bytes in `arena`. */
int process_stage_collect(const struct process_stage *s, struct arena *arena, struct action_output **ret,
                          uint32_t *ret_count, struct err *err) MUST_CHECK;

#endif
