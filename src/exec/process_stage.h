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

/*
 * What the actions of one runner share. A file that was given with its bytes is written once, into `dir`, and linked
 * into each directory that needs it: most inputs of an action are placeholders and metas that many actions have, and a
 * new inode costs a file system many times what a link costs. Blobs are linked from the store. An action that writes to
 * such a file is found out by the comparison, and the next one gets it anew.
 */
struct stage_pool {
	const char *dir;  /* owned by the caller; made when it is first needed */
	struct map known; /* path -> index in `stats`: files whose bytes are right as long as they look as they did */
	struct file_stat *stats;
	uint32_t count, cap;
	struct arena arena;
};
void stage_pool_release(struct stage_pool *pool);

/* `dir` is not there yet. On failure what was made stays, for the caller to remove. */
int process_stage_make(struct process_stage *ret, const char *dir, const struct action *a, struct store *store,
                       struct stage_pool *pool, struct arena *arena, struct err *err) MUST_CHECK;
/* *ret_path: the first path (in byte order) that is neither an untouched input nor an output, or that is gone. */
int process_stage_compare(const struct process_stage *s, struct arena *arena, const char **ret_path,
                          struct err *err) MUST_CHECK;
/* One entry per declared output, bytes in `arena`. */
int process_stage_collect(const struct process_stage *s, struct arena *arena, struct action_output **ret,
                          uint32_t *ret_count, struct err *err) MUST_CHECK;

#endif
