/*
 * The runner "remote" of a check: from the options of the command line, and the checker's own files, to
 * exec/run_remote.h.
 *
 * The list of the files that a machine without the checker needs comes from its worker (doc/formats/worker.md,
 * `files`), and is kept with their digests in the state of the work tree:
 *
 *   files := "SEPX" version:u8=1 toolchain:bytes python:bytes count:u32 file* xxh3:u64
 *   file  := name:bytes path:bytes sha256[32] size:u64
 */
#ifndef SEPAL_CMD_PIPELINE_EXECUTOR_H
#define SEPAL_CMD_PIPELINE_EXECUTOR_H

#include "cmd/pipeline.h"

/* What can be said about the options without the network: ERR_USAGE. */
int pipeline_executor_check(const struct settings *s, struct err *err) MUST_CHECK;
/* `make_worker` is for when the executor is gone. *ret is NULL when the executor cannot be used and units may run here;
 * the user was told. */
int pipeline_executor_runner(struct pipeline *p, const struct runner_config *config,
                             int (*make_worker)(void *pipeline, const struct runner_events *events,
                                                struct runner **ret, struct err *err),
                             struct runner **ret, struct err *err) MUST_CHECK;
void pipeline_close_executor(struct pipeline *p);

#endif
