/* One check of the work tree, from `describe` to the report: what `sepal check` does once, and with --watch again and
 * again. The caller opens the pipeline and closes it. */
#ifndef SEPAL_CMD_CHECK_H
#define SEPAL_CMD_CHECK_H

#include "cmd/pipeline.h"
#include "cmd/reports.h"
#include "source/witness.h"
#include "ui/status.h"

struct history;

struct check {
	struct pipeline pipeline;
	/* Called once with all there is to print, before anything is saved for the next run. */
	void (*show)(void *ctx, const struct report *r);
	void *ctx;
	struct reports *reports; /* the caller's */
	int exit_status;
	struct witness *seen; /* what the run stood on; NULL if there is no plan */
	/* The rest is check.c's. */
	struct status status;
	struct history *history;
	unsigned seen_plan; /* the number of the plan that `seen` is of */
	const char *current;
	bool quiet;
};

void check_init(struct check *c, const struct settings *s, struct reports *reports,
                void (*show)(void *ctx, const struct report *r), void *ctx);
/* Needs an open c->pipeline. An error is one of the environment; what was found is shown all the same. */
int check_run(struct check *c, struct err *err) MUST_CHECK;
/* Opens the pipeline, and answers from the last run if nothing has changed since, else by check_run. */
int check_answer(struct check *c, const struct settings *s, struct err *err) MUST_CHECK;
/* For check_init: standard output and standard error. */
void check_print(void *ctx, const struct report *r);
/* Closes the pipeline too. */
void check_release(struct check *c);

#endif
