/*
 * Messages made to fit a terminal, as mypy --pretty does before it prints (mypy/util.py FancyFormatter.fit_in_terminal,
 * soft_wrap, split_words, trim_source_line): error messages are wrapped between words but never inside double quotes,
 * source lines are cut around the error's column, their markers moved along. Like mypy this recognises a source line by
 * its indent of four spaces, so a message that happens to look like one is treated as one.
 */
#ifndef SEPAL_UI_FIT_H
#define SEPAL_UI_FIT_H

#include <stdbool.h>

#include "base/err.h"
#include "ui/messages.h"

#define FIT_SOURCE_OFFSET 4 /* mypy: DEFAULT_SOURCE_OFFSET */
#define FIT_CODE_START "    "
#define FIT_DEFAULT_WIDTH 80

/* A line under a source line: indent, then only ^ and ~. */
bool fit_is_marker(struct span message);

/* Appends to `out` one item for each of `in`. `width` is in columns; a silly one behaves as in mypy (at least 41
 * columns of source are shown, each word gets a line). */
void fit_in_terminal(const struct message_list *in, int width, struct message_list *out);

/*
 * The width to use: MYPY_FORCE_TERMINAL_WIDTH, else COLUMNS, else what the terminal says (0: it is none), else 80
 * (util.get_terminal_width, shutil.get_terminal_size). Environment values are NULL when unset. A forced width that is
 * no number is ERR_USAGE; mypy crashes on it.
 */
int fit_terminal_width(const char *force, const char *columns, int terminal_columns, int *ret, struct err *err)
	MUST_CHECK;

#endif
