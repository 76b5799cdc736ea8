/*
 * From a finished build to what the user reads: diagnostics of every module from its own report, once-only notes kept
 * once, ordered by path (model/findings.h), rendered as mypy renders them, with mypy's summary and exit status. Where a
 * blocking error stops mypy before it checks anything (a file that does not parse), only that error is shown, as mypy
 * does. Reports in other formats are cmd/reports.h's.
 */
#ifndef SEPAL_CMD_REPORT_H
#define SEPAL_CMD_REPORT_H

#include "cmd/pipeline.h"
#include "model/findings.h"
#include "ui/text_findings.h"

struct report {
	struct text_answer text;
	bool no_text;    /* `text.out` is not wanted on standard output */
	struct buf more; /* what else goes there: reports in other formats */
	bool refused;    /* the checker did not take the command line: these are its words, and not diagnostics */
};

#define REPORT_INIT { TEXT_ANSWER_INIT, false, BUF_INIT, false }

/* How text looks here and now: part of what a kept report depends on. */
struct look {
	const struct palette *palette;
	int width;
};

int look_now(const struct display *d, struct look *ret, struct err *err) MUST_CHECK;
struct text_options look_options(const struct display *d, const struct look *look, const char *cwd);
/* Of a finished build, or of a plan that could not be made because of the user's mistake (p->plan.fatal). They live in
 * `arena`, and borrow from the plan and the build. */
void report_collect(struct pipeline *p, struct arena *arena, struct findings *ret);
/* For source lines: `buf` is a struct buf that gets the bytes of the file `real`. */
bool report_read_source(void *buf, const char *real, struct span *ret);
/* As text; source lines are read from the disk where they are shown. */
void report_render(const struct findings *f, const struct text_options *options, struct text_answer *ret);
/* Both, for verbs that only say why there is no plan. */
void report_fatal(struct pipeline *p, const struct look *look, struct report *ret);
void report_release(struct report *r);

#endif
