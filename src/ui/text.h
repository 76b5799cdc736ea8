/*
 * Diagnostics as mypy prints them: from a module's diag_list (model/diag.h) to the very bytes of mypy's output and its
 * summary line. Rules: mypy/errors.py (Errors.format_messages_default, create_errors, simplify_path),
 * mypy/error_formatter.py (-O json), mypy/main.py (run_build: fit, count, colour; the summary).
 *
 * Order of calls, for each module in the order in which mypy would flush them:
 *
 *	struct text_tally tally = TEXT_TALLY_INIT;
 *	text_render_module(&options, &module, &tally, &out);     ... or text_render_messages() for lines without location
 *	text_render_summary(&options, &tally, sources, blockers, &out);
 *	status = text_exit_status(&tally, blockers);
 *
 * Nothing here reads files, looks at the environment or prints: source comes from a callback, colours and width are in
 * the options, bytes are appended to a buf. The list is printed as it stands, so sort, deduplicate (ui/once.h) and
 * drop before. show_error_context, custom formatters and JUnit output are not known here.
 */
#ifndef SEPAL_UI_TEXT_H
#define SEPAL_UI_TEXT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/map.h"
#include "model/diag.h"
#include "ui/color.h"
#include "ui/messages.h"

/* mypy's resolved options of the same names (--show-error-end has already set show_column_numbers there). */
struct text_options {
	bool pretty;
	bool show_column_numbers, show_error_end;
	bool hide_error_codes;
	bool show_absolute_path;
	bool output_json;               /* -O json */
	bool no_error_summary;          /* error_summary = False */
	const struct palette *palette;  /* from color_palette(); NULL: no colours */
	int width;                      /* from fit_terminal_width(); used with pretty only */
	const char *cwd;                /* absolute: where mypy would have been started */
};

/*
 * Gives the bytes of the file whose displayed path is `path`, good until the next call; false when it cannot be read
 * (its diagnostics are then printed without source). Called with pretty only, and once per file.
 */
struct text_source {
	bool (*read)(void *ctx, const char *path, struct span *ret);
	void *ctx;
};

struct text_module {
	const char *path; /* of the module's own file, as text_display_path() gives it */
	const struct diag_list *diags;
	struct text_source source; /* read may be NULL: no source */
};

/* What was printed so far, counted as mypy counts (util.count_stats): over messages, by the text in them. */
struct text_tally {
	uint32_t messages, errors, notes;
	struct map error_files;
	struct arena names; /* of error_files */
};

#define TEXT_TALLY_INIT { 0, 0, 0, MAP_INIT, ARENA_INIT }

void text_tally_release(struct text_tally *tally);

/* Appends `file` as mypy shows it: normalised, without the leading `options->cwd`, or absolute (simplify_path). */
void text_display_path(const struct text_options *options, const char *file, struct buf *out);

/* Appends a module's messages to a list, before fitting and colouring: what errors.format_messages returns. */
void text_format(const struct text_options *options, const struct text_module *module, struct message_list *out);

/* One flush of main.py: fits the messages of `list` when pretty, counts them and appends them, coloured, a line end
 * after each. Use it for messages that mypy raises whole, such as "mypy: can't read file '…'". */
void text_render_messages(const struct text_options *options, const struct message_list *list,
	struct text_tally *tally, struct buf *out);
/* text_format, then text_render_messages. */
void text_render_module(const struct text_options *options, const struct text_module *module,
	struct text_tally *tally, struct buf *out);

/* The last line ("Found 2 errors in 1 file (checked 3 source files)", "Success: …") with its line end, or nothing where
 * mypy prints nothing. `sources`: files given, not those followed. `blockers`: checking stopped early. */
void text_render_summary(const struct text_options *options, const struct text_tally *tally, uint32_t sources,
	bool blockers, struct buf *out);
/* mypy's exit status: 0 nothing but notes, 1 errors, 2 errors and `blockers`. */
int text_exit_status(const struct text_tally *tally, bool blockers);

#endif
