/*
 * What a check found, before it is put into words: the diagnostics of each module in the order in which they are
 * printed, with paths as the user knows them, and what is said beside them. Every report is made from this
 * (ui/text_findings.h, ui/document.h), and it is kept with the last run's answer, so that a report in another format
 * needs no check.
 *
 *   findings := checker:bytes version:bytes warnings:bytes flags:u8 sources:u32 count:u32 module*
 *   flags    := 1 (blocked)
 *   module   := flags:u8 path:bytes real:bytes? diagnostics(model/diag.h)
 *   flags    := 1 (raw) | 2 (to standard error) | 4 (`real` follows)
 *
 * Part of a record that carries the version (cmd/found.h). Findings with a failure are not kept.
 */
#ifndef SEPAL_MODEL_FINDINGS_H
#define SEPAL_MODEL_FINDINGS_H

#include "model/diag.h"

struct finding_module {
	const char *path;       /* of the module's file as the checker shows it; "" where `raw` */
	const char *real;       /* where its bytes are; NULL: they are not shown */
	struct diag_list diags; /* a path of their own is one that the user knows, too */
	bool raw;               /* said in whole lines: diagnostics without a place, a line is the message */
	bool to_stderr;         /* where the checker prints them */
};

struct findings {
	const char *checker, *version;
	const char *warnings; /* what the checker says of its configuration, lines for standard error */
	struct finding_module *modules;
	uint32_t count;
	uint32_t sources; /* how many were given to check, not those followed */
	bool blocked;     /* an error stopped the checker before it was through */
	const char *failure; /* why units have no answer: the environment failed (one sentence); NULL: they all have */
};

void findings_encode(const struct findings *f, struct buf *out);
/* Strings are copied into `arena`. */
bool findings_decode(struct reader *r, struct arena *arena, struct findings *ret);

#endif
