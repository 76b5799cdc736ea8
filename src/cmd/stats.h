/* What a run did, for `--stats-json FILE` (schemas/stats.schema.json). Nothing is written without that option. */
#ifndef SEPAL_CMD_STATS_H
#define SEPAL_CMD_STATS_H

#include "cmd/pipeline.h"

int stats_write_build(struct pipeline *p, struct err *err) MUST_CHECK;
/* A run that was answered from the last one. */
int stats_write_unchanged(struct pipeline *p, uint32_t units, uint32_t modules, struct err *err) MUST_CHECK;

#endif
