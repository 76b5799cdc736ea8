/*
 * What has changed in a report since the one before: for `sepal check --watch`. A diagnostic is a line together with
 * the indented lines that follow it (--pretty). Whoever applies the changes, `- ` and `+ `, to the first report has the
 * diagnostics of the last one, each as often as it is there.
 *
 * Where an error stops mypy (a syntax error) the rest is not known to be better or worse: only that error is told, and
 * taken back when it is gone.
 */
#ifndef SEPAL_CMD_WATCH_DIFF_H
#define SEPAL_CMD_WATCH_DIFF_H

#include "base/buf.h"

struct watch_diff {
	char *base;    /* diagnostics of the last report that mypy was not stopped in; NULL: none yet */
	char *stopped; /* what has been told beyond those, while something stops mypy */
};

#define WATCH_DIFF_INIT { 0, 0 }

/* Appends the changes to `out`, those that are gone first; the first report has none, and `out` gets all of it. */
void watch_diff_next(struct watch_diff *d, struct span diagnostics, bool stopped, struct buf *out);
void watch_diff_release(struct watch_diff *d);

#endif
