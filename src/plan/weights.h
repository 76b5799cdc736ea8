/*
 * How long units took when they last ran: what the scheduler goes by. Kept per work tree; losing the file costs a batch
 * that is cut less well, never a result. A unit that never ran is estimated by the size of its sources.
 *
 *   weights := "SEPT" version:u8=1 count:u32 (name:bytes interface_us:u32 bodies_us:u32)* xxh3:u64
 *
 * A unit goes by its name (struct plan_unit), names are sorted. Times are microseconds of one process.
 */
#ifndef SEPAL_PLAN_WEIGHTS_H
#define SEPAL_PLAN_WEIGHTS_H

#include "plan/plan.h"

struct weights;

/* What cannot be read is as if nothing was known. */
struct weights *weights_open(const char *path);
/* The same from the bytes of a file; `path` is where weights_save would write. */
struct weights *weights_decode(struct span file, const char *path);
void weights_free(struct weights *w); /* accepts NULL */
/* `name` is copied. */
void weights_put(struct weights *w, const char *name, uint32_t interface_us, uint32_t bodies_us);
struct unit_time {
	uint64_t interface_us, bodies_us;
	bool measured; /* or estimated by the size of its sources, with a factor that fits those that were measured */
};
/* Per unit of the plan (room for each in `ret`) the time it should take; returns how many of them were measured. */
uint32_t weights_times(const struct weights *w, const struct plan *p, struct unit_time *ret);
/* Gives every unit of the plan its weight and its priority, by these times. */
void weights_apply(const struct weights *w, struct plan *p);
void weights_encode(const struct weights *w, struct buf *out);
/* Writes nothing if nothing was put. */
int weights_save(struct weights *w, struct err *err) MUST_CHECK;

#endif
