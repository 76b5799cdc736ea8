/*
 * Advisory locks between processes, by flock(2) on a file that stays. They are for collection of the store only:
 * readers and writers of a content-addressed store hold it shared, the collector exclusively. The kernel releases a
 * lock when its holder dies, so there is no stale lock to clean up.
 */
#ifndef SEPAL_SYS_LOCK_H
#define SEPAL_SYS_LOCK_H

#include <stdbool.h>

#include "base/err.h"

struct lock {
	int fd; /* -1 when not held */
};

#define LOCK_INIT { -1 }

enum lock_mode {
	LOCK_SHARED,
	LOCK_EXCLUSIVE,
};

/* Never waits: *ret_taken says whether we hold it now. Makes the file and its directories when missing. */
int lock_try(struct lock *l, const char *path, enum lock_mode mode, bool *ret_taken, struct err *err) MUST_CHECK;
/* Waits until it is ours. */
int lock_take(struct lock *l, const char *path, enum lock_mode mode, struct err *err) MUST_CHECK;
void lock_drop(struct lock *l); /* accepts one that is not held */

#endif
