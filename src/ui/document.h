/*
 * What a report says, for every format but mypy's own text: findings (model/findings.h) as a flat list of issues, each
 * with the notes that belong to it, its path from the root of the work tree, and a fingerprint. A format is a pure
 * function from a document to bytes, one file each, and a row of the table in formats.c.
 *
 *	struct document doc;
 *	document_make(&findings, &place, &arena, &doc);
 *	document_format_find("sarif")->render(&doc, &out);
 *
 * Same findings, same bytes: no time, no host, no absolute path of a file that is below the root.
 *
 * An issue's *identity* is its path from the root, its severity, its code and its message without line numbers (mypy
 * writes them in `… already defined on line 12`; they become `on line N`). Its fingerprint is a digest of the identity
 * and of how many issues of the same identity stand before it, so it stays when lines are added above, and no two are
 * the same. Baselines (ui/baseline.h) match by the same identity.
 */
#ifndef SEPAL_UI_DOCUMENT_H
#define SEPAL_UI_DOCUMENT_H

#include "model/findings.h"
#include "ui/text.h"

enum { FINGERPRINT_SIZE = 32 }; /* hexadecimal digits */

struct issue {
	const char *path;      /* as mypy shows it; NULL: no place is known */
	const char *root_path; /* from the root, without "./"; absolute for a file that is not below it; NULL as above */
	int32_t line, column;  /* line from 1, column from 0; -1 unknown */
	int32_t end_line, end_column;
	bool is_note; /* one that stands alone */
	bool whole;   /* mypy says it as a line of text, whatever its options are */
	const char *message, *code; /* code NULL: none */
	const char **notes; /* what is said to explain it, at the same place */
	uint32_t note_count;
	char fingerprint[FINGERPRINT_SIZE + 1];
};

/* Where reports are from. */
struct document_place {
	const struct text_options *text; /* how text would look, but for colours; with cwd */
	const char *root;                /* of the work tree; absolute, normalized */
	const char *program_version;
	/* For source lines, in text and with pretty only (ui/text_findings.h); NULL: none are shown. */
	bool (*read)(void *ctx, const char *real, struct span *ret);
	void *read_ctx;
};

struct document {
	const struct findings *findings;
	const struct document_place *place;
	struct issue *issues; /* in the order in which text has them */
	uint32_t count;
	/* Per diagnostic of the findings, in their order: the issue that it is part of. NULL after document_drop. */
	const uint32_t *issue_of;
	uint32_t errors, notes, files; /* notes that stand alone; files that have errors */
	uint32_t known;                /* how many were left out because a baseline has them */
};

/* Everything lives in `arena` or is borrowed from the arguments. */
void document_make(const struct findings *f, const struct document_place *place, struct arena *arena,
                   struct document *ret);
/* Leaves those out for which drop[i] is set, with their notes, in `findings` as well (a copy in `arena`); they count as
 * known. Fingerprints stay. Once for a document. */
void document_drop(struct document *doc, const bool *drop, struct arena *arena);
/* Appends the identity, with NULs between its parts. */
void issue_identity(const struct issue *issue, struct buf *out);
/* `path:line: error: message  [code]`, as mypy prints it, and a line for each note, all with line ends. */
void issue_add_lines(const struct issue *issue, struct buf *out);

/* ---- formats ---- */

struct document_format {
	const char *name;
	void (*render)(const struct document *doc, struct buf *out);
};

/* NULL if there is no such format. */
const struct document_format *document_format_find(struct span name);
/* Appends the names, separated by `separator`. */
void document_format_names(const char *separator, struct buf *out);

void document_text(const struct document *doc, struct buf *out);       /* as mypy prints it, with its summary line */
void document_json(const struct document *doc, struct buf *out);       /* schemas/report.schema.json */
void document_jsonl(const struct document *doc, struct buf *out);      /* the lines of `mypy --output json` */
void document_sarif(const struct document *doc, struct buf *out);      /* SARIF 2.1.0 */
void document_junit(const struct document *doc, struct buf *out);      /* a test case for each file with issues */
void document_github(const struct document *doc, struct buf *out);     /* GitHub's workflow commands */
void document_gitlab(const struct document *doc, struct buf *out);     /* GitLab's Code Quality */
void document_checkstyle(const struct document *doc, struct buf *out); /* Checkstyle's XML */

#endif
