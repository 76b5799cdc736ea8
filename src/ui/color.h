/*
 * Colour on a terminal as mypy has it (mypy/util.py FancyFormatter: should_force_color, initialize_unix_colors,
 * colorize). color_palette() decides, as a pure function of the option and the environment; color_message() paints one
 * message of a list (ui/messages.h).
 *
 * mypy asks terminfo (curses.setupterm) for its sequences. Sepal links no curses: a table in color.c gives, by the name
 * in TERM, the sequences that terminfo gives. They are plain ANSI (bold ESC[1m, underline ESC[4m, red ESC[31m …) on all
 * terminals with colours, and differ only in the one that turns everything off: ESC(B ESC[m for xterm-256color,
 * ESC[0;10m for ansi. A name that is not in the table is taken for an xterm when it starts with "xterm" or ends with
 * "-256color" or "-direct"; any other gets no colours, as in mypy when terminfo does not know it.
 * mypy does not look at NO_COLOR, so neither does Sepal.
 */
#ifndef SEPAL_UI_COLOR_H
#define SEPAL_UI_COLOR_H

#include <stdbool.h>

#include "base/buf.h"

struct palette {
	const char *bold, *under, *dim, *red, *green, *blue, *yellow, *normal;
};

/* Values of environment variables, NULL when unset, and isatty() of the two streams. */
struct color_env {
	const char *mypy_force_color, *force_color, *term;
	bool stdout_is_terminal, stderr_is_terminal;
};

/* NULL: no colours. `color_output` is mypy's option. The result is constant data. */
const struct palette *color_palette(bool color_output, const struct color_env *env);

/* Appends `message` painted. With `palette` NULL it is appended as it is. */
void color_message(const struct palette *palette, bool hide_error_codes, struct span message, struct buf *out);

/* Appends `text` in bold and `color` (one of the palette's), or as it is when `palette` is NULL. */
void color_bold(const struct palette *palette, const char *color, struct span text, struct buf *out);

#endif
