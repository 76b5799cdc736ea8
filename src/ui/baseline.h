/*
 * A baseline: the issues that are known, so that only others are reported. An issue is matched by its identity
 * (ui/document.h), which has no line numbers, and as often as it is there: of three equal ones where two are known, the
 * last is new.
 *
 * The file is text that can be read, reviewed and merged: a line for each issue, sorted by bytes. A line that is there
 * twice stands for two issues. Any order is read, so that git may merge it by `merge=union`.
 *
 *   baseline := "# sepal baseline 1" LF line* "# end" LF
 *   line     := path TAB severity TAB code TAB message LF
 *   severity := "error" | "note"
 *
 * `path` is that from the root of the work tree, and empty for what concerns no file; `code` is empty if there is none.
 * In fields \\ \t \n \r stand for what they do in C; other control characters, bytes that are not UTF-8, and a # at the
 * beginning of a field are written \xHH. By the last line a file that was cut off is told from a whole one.
 */
#ifndef SEPAL_UI_BASELINE_H
#define SEPAL_UI_BASELINE_H

#include "base/err.h"
#include "ui/document.h"

struct baseline;

/* `file` is how messages call it. ERR_USAGE if it is of another version, cut off, or no baseline. */
int baseline_parse(struct span text, const char *file, struct baseline **ret, struct err *err) MUST_CHECK;
void baseline_free(struct baseline *b); /* accepts NULL */
/* Are these bytes the beginning of a baseline, of whatever version? Nothing else is written over. */
bool baseline_is(struct span text);

/* Leaves out what is known. */
void baseline_apply(const struct baseline *b, struct document *doc, struct arena *arena);
/* Appends the file that holds all the issues of `doc`. */
void baseline_write(const struct document *doc, struct buf *out);

struct baseline_difference {
	uint32_t fresh, gone;
};

/* Appends a line for each issue: first those that are gone, `- ` and no line number, then the new ones, `+ `. */
struct baseline_difference baseline_compare(const struct baseline *b, const struct document *doc, struct buf *out);

#endif
