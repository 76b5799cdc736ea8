/*
 * A process's own directory below the store's `tmp`, and the removal of those that dead processes left.
 *
 * A living owner holds a lock on `OWN/lock`; the kernel drops it when the owner dies, however it dies, in whatever
 * container it ran (a process id would not tell). Making a directory and locking it is not one step, so makers hold
 * `tmp/gate` shared meanwhile and a cleaner needs it exclusively; it never waits for it.
 *
 * Where the file system has no locks, everything works but nothing is cleaned up.
 */
#ifndef SEPAL_STORE_SCRATCH_H
#define SEPAL_STORE_SCRATCH_H

#include <sys/types.h>

#include "sys/lock.h"
#include "sys/tmpdir.h"

struct scratch {
	struct tmpdir own;
	struct lock lock;
	pid_t pid; /* who made it: a forked child must not remove it */
};

#define SCRATCH_INIT { TMPDIR_INIT, LOCK_INIT, 0 }

/* Below `tmp`, which is made when missing. */
int scratch_make(struct scratch *s, const char *tmp, struct err *err) MUST_CHECK;
void scratch_release(struct scratch *s); /* removes it; accepts one that was never made */
/* Best effort: what cannot be removed now stays for the next one. */
void scratch_clean(const char *tmp);

#endif
