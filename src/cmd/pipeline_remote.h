/*
 * The shared cache of a check: from the options of the command line to what the build asks (build/share.h).
 *
 * Order of calls: pipeline_remote_check() when the command line is read; pipeline_open_remote() before the build;
 * pipeline_finish_remote() when all there is to say has been said; pipeline_close_remote(). Configured
 * --without-remote, the first one refuses the options, and the others do nothing (cmd/pipeline_no_remote.c).
 */
#ifndef SEPAL_CMD_PIPELINE_REMOTE_H
#define SEPAL_CMD_PIPELINE_REMOTE_H

#include "base/json.h"
#include "cmd/pipeline.h"

/* What can be said about the options without the network: ERR_USAGE. */
int pipeline_remote_check(const struct settings *s, struct err *err) MUST_CHECK;
/* p->remote, and with it p->share, if the settings name a cache. */
int pipeline_open_remote(struct pipeline *p, struct err *err) MUST_CHECK;
/* Waits for uploads: a tenth of what the check took, at least a second; a minute if they were asked for. */
int pipeline_finish_remote(struct pipeline *p, struct err *err) MUST_CHECK;
/* What was done, for --stats-json; NULL: there is no cache. */
struct js *pipeline_remote_stats(const struct pipeline *p);
void pipeline_close_remote(struct pipeline *p);

#endif
