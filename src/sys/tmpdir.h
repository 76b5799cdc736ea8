/*
 * A directory of one's own that goes away: tmpdir_make(), work below `path`, tmpdir_remove(). Removal accepts a zeroed
 * or removed tmpdir, and never follows links out of the directory.
 */
#ifndef SEPAL_SYS_TMPDIR_H
#define SEPAL_SYS_TMPDIR_H

#include "base/err.h"

struct tmpdir {
	char *path; /* absolute if `parent` was; heap */
};

#define TMPDIR_INIT { 0 }

/* Below `parent` (made when missing), or below $TMPDIR, else /tmp, when it is NULL. Mode 0700, name PREFIX.XXXXXX. */
int tmpdir_make(struct tmpdir *t, const char *parent, const char *prefix, struct err *err) MUST_CHECK;
int tmpdir_remove(struct tmpdir *t, struct err *err) MUST_CHECK;

#endif
