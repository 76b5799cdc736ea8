/* What the files of the pipeline share; nothing else includes it. */
#ifndef SEPAL_CMD_PIPELINE_INTERNAL_H
#define SEPAL_CMD_PIPELINE_INTERNAL_H

#include "cmd/pipeline.h"

/* The loop and a worker process; both are started once. */
int pipeline_worker(struct pipeline *p, struct err *err) MUST_CHECK;
/* Makes the plan, again if there was one, with everything discovered so far. */
int pipeline_replan(struct pipeline *p, struct err *err) MUST_CHECK;
int pipeline_save_weights(struct pipeline *p, struct err *err) MUST_CHECK;
int pipeline_save_past(struct pipeline *p, struct err *err) MUST_CHECK;
int pipeline_save_discovered(struct pipeline *p, struct err *err) MUST_CHECK;

#endif
