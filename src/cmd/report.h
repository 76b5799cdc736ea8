/*
 * From a finished build to what the user reads: diagnostics of every module from its own report, once-only notes kept
 * once, ordered by path, rendered as mypy renders them, with mypy's summary and exit status. Where a blocking error
 * stops mypy before it checks anything (a file that does not parse), only that error is shown, as mypy does.
 */
#ifndef SEPAL_CMD_REPORT_H
#define SEPAL_CMD_REPORT_H

#include "cmd/pipeline.h"
#include "ui/text.h"

struct report {
	struct buf out, err; /* for standard output and standard error */
	int exit_status;
	bool refused;    /* the checker did not take the command line: these are its words, and not diagnostics */
	size_t total_at; /* where the summary line begins in `out`; its end if there is none */
};

#define REPORT_INIT { BUF_INIT, BUF_INIT, 0, false, 0 }

/* How text looks here and now: part of what a kept report depends on. */
struct look {
	const struct palette *palette;
	int width;
};

int look_now(const struct display *d, struct look *ret, struct err *err) MUST_CHECK;
void report_make(struct pipeline *p, const struct look *look, struct report *ret);
/* A plan that could not be made because of the user's mistake (p->plan.fatal). */
void report_fatal(struct pipeline *p, const struct look *look, struct report *ret);
void report_release(struct report *r);

#endif
