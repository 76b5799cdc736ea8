/*
 * `sepal check --watch`: checks, waits until something changes that the check stood on, checks again.
 *
 * Each check is the ordinary one, with a pipeline of its own; kept between them are the worker process, the store's
 * handle and the event loop (struct pipeline_kept), nothing else, and none of it outlives the watch. What is watched is
 * what the witness of the last check names (source/witness.h).
 *
 * A change while a check runs is for the next check. When a watch was added, the witness is held against the world
 * once more: what changed between the look and the watch is not missed.
 */
#ifndef SEPAL_CMD_WATCH_H
#define SEPAL_CMD_WATCH_H

#include "cmd/settings.h"

int watch_run(const struct settings *s, int *ret_exit, struct err *err) MUST_CHECK;

#endif
