/*
 * How many units go into one batch, as the scheduler (build.c) and its simulation (simulate.h) cut them. Weights are
 * microseconds, or bytes of source (plan/weights.h).
 *
 * A batch is filled from the front of the queue until its weight reaches batch_goal() or it has MAX_BATCH units; it has
 * one at least. From a long queue it is half of a lane's share, so that the lanes end together.
 */
#ifndef SEPAL_BUILD_BATCH_H
#define SEPAL_BUILD_BATCH_H

#include <stdint.h>

enum { MIN_BATCH_WEIGHT = 30000, MAX_BATCH = 400 };

static inline uint64_t batch_goal(uint64_t queued_weight, unsigned lanes)
{
	uint64_t share = queued_weight / (2 * (uint64_t)lanes);
	return share < MIN_BATCH_WEIGHT ? MIN_BATCH_WEIGHT : share;
}

#endif
