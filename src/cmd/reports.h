/*
 * The reports that a command line asks for: --report, --new-only, and what `sepal baseline` makes. Order of calls:
 *
 *	reports_open(settings, &reports, &err)             before anything runs: refuses what cannot be done
 *	reports_make(&reports, &findings, ..., &report)   what standard output gets is in `report`, files are held back
 *	reports_write(&reports, &err)                     each file at once and whole, or not at all
 *	reports_release(&reports)
 */
#ifndef SEPAL_CMD_REPORTS_H
#define SEPAL_CMD_REPORTS_H

#include "cmd/report.h"
#include "cmd/settings.h"
#include "ui/baseline.h"
#include "ui/document.h"

struct report_target {
	const struct document_format *format;
	const char *file; /* absolute; NULL: standard output */
	struct buf bytes; /* made, and not yet written; for files */
};

struct reports {
	struct arena arena;
	const char *cwd;
	struct report_target *targets;
	uint32_t count;
	bool no_text;              /* other formats take the place of text on standard output */
	struct baseline *baseline; /* NULL: everything is reported */
	const char *baseline_file;
	/* For a verb that makes something else of what was found: appends what it has to say on standard output, in the
	 * place of the text. It is not asked where the checker was stopped or failed. NULL: there is none. */
	void (*take)(void *ctx, const struct document *doc, struct buf *out);
	void *ctx;
};

/* Accepts a zeroed `ret`. ERR_USAGE if a format is unknown, a file is given twice or cannot be made where it is wanted,
 * or the baseline is none. The caller releases, after a failure as well. */
int reports_open(const struct settings *s, struct reports *ret, struct err *err) MUST_CHECK;
/* The baseline in `file`. */
int reports_read_baseline(const char *file, struct baseline **ret, struct err *err) MUST_CHECK;
/* Does it need more than the text of the last run? */
bool reports_need_findings(const struct reports *r);
bool reports_have_files(const struct reports *r);
/* Into an empty report: what is shown, known issues left out. */
void reports_make(struct reports *r, const struct findings *f, const struct text_options *text, struct report *ret);
int reports_write(struct reports *r, struct err *err) MUST_CHECK;
void reports_release(struct reports *r);

#endif
