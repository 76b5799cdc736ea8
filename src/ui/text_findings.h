/*
 * The whole of what mypy prints, from findings (model/findings.h): diagnostics, the summary line, and which of it goes
 * to standard error. What the words look like is ui/text.h's business.
 */
#ifndef SEPAL_UI_TEXT_FINDINGS_H
#define SEPAL_UI_TEXT_FINDINGS_H

#include "model/findings.h"
#include "ui/text.h"

struct text_answer {
	struct buf out, err; /* for standard output and standard error; appended to */
	size_t total_at;     /* where the summary line begins in `out`; its end if there is none */
	int exit_status;     /* mypy's; without meaning where findings->failure is set */
};

#define TEXT_ANSWER_INIT { BUF_INIT, BUF_INIT, 0, 0 }

/* Source lines (with pretty only) are read from `real` of each module through `read`; NULL: none are shown. */
void text_render_findings(const struct text_options *options, const struct findings *f,
	bool (*read)(void *ctx, const char *real, struct span *ret), void *ctx, struct text_answer *ret);
void text_answer_release(struct text_answer *a);

#endif
