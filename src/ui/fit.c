/* Wrapping and trimming to a terminal's width; see ui/fit.h. All lengths here are code points. */
#include "ui/fit.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ui/utf8.h"

#define MINIMUM_WIDTH 20 /* columns shown on each side of an error's location; mypy's name for it */
#define ELLIPSIS "..."
#define ELLIPSIS_LEN 3

static void add_spaces(struct buf *out, ptrdiff_t count)
{
	for (; count > 0; count--)
		buf_add_char(out, ' ');
}

bool fit_is_marker(struct span message)
{
	if (!span_starts(message, FIT_CODE_START))
		return false;
	struct span s = utf8_tail(message, utf8_leading_space(message));
	if (!span_starts(s, "^"))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] != '^' && s.data[i] != '~')
			return false;
	}
	return true;
}

/* Takes the next word off *rest: what stands before a space outside double quotes. False after the last one. */
static bool next_word(struct span *rest, bool *done, struct span *ret)
{
	if (*done)
		return false;
	bool allow_break = true;
	size_t i = 0;
	for (; i < rest->len && !(rest->data[i] == ' ' && allow_break); i++) {
		if (rest->data[i] == '"')
			allow_break = !allow_break;
	}
	*ret = span_head(*rest, i);
	*done = i == rest->len;
	*rest = span_tail(*rest, *done ? i : i + 1);
	return true;
}

/* util.soft_wrap with num_indent 0: every line after the first may be `max_len` long. */
static void add_wrapped(struct span msg, ptrdiff_t max_len, ptrdiff_t first_offset, struct buf *out)
{
	struct span word;
	bool done = false;
	if (!next_word(&msg, &done, &word))
		return;
	buf_add_span(out, word);
	ptrdiff_t line_len = (ptrdiff_t)utf8_len(word), room = max_len - first_offset;
	while (next_word(&msg, &done, &word)) {
		ptrdiff_t word_len = (ptrdiff_t)utf8_len(word);
		bool fits = line_len + word_len + 1 <= room;
		buf_add_char(out, fits ? ' ' : '\n');
		buf_add_span(out, word);
		line_len = fits ? line_len + word_len + 1 : word_len;
		if (!fits)
			room = max_len;
	}
}

static void add_fitted_error(struct span message, int width, struct buf *out)
{
	struct span loc = span_head(message, (size_t)span_find(message, "error:"));
	struct span msg = span_tail(message, loc.len + strlen("error:"));
	buf_add_span(out, loc);
	buf_add_str(out, "error:");
	add_wrapped(msg, width, (ptrdiff_t)utf8_len(loc) + (ptrdiff_t)strlen("error: "), out);
}

/* util.trim_source_line: appends the trimmed line; the result is by how much columns move to the left. */
static ptrdiff_t add_trimmed(struct span line, ptrdiff_t max_len, ptrdiff_t col, struct buf *out)
{
	ptrdiff_t len = (ptrdiff_t)utf8_len(line);
	if (max_len < 2 * MINIMUM_WIDTH + 1)
		max_len = 2 * MINIMUM_WIDTH + 1;
	if (len <= max_len) {
		buf_add_span(out, line);
		return 0;
	}
	if (col + MINIMUM_WIDTH < max_len) {
		buf_add_span(out, utf8_head(line, (size_t)max_len));
		buf_add_str(out, ELLIPSIS);
		return 0;
	}
	buf_add_str(out, ELLIPSIS);
	if (col < len - MINIMUM_WIDTH - 1) {
		ptrdiff_t end = col + MINIMUM_WIDTH + 1, start = end - max_len;
		buf_add_span(out, utf8_tail(utf8_head(line, (size_t)end), (size_t)start));
		buf_add_str(out, ELLIPSIS);
		return start - ELLIPSIS_LEN;
	}
	buf_add_span(out, utf8_tail(line, (size_t)(len - max_len)));
	return len - max_len - ELLIPSIS_LEN;
}

/* A source line and the marker under it, both fitted. */
static void add_fitted_source(struct span source, struct span marker_line, int width, struct message_list *out)
{
	ptrdiff_t marker_at = span_find(marker_line, "^");
	struct span marker = span_tail(marker_line, (size_t)marker_at);
	if (span_find(marker, "~") < 0)
		marker = span_of("^");
	ptrdiff_t column = marker_at - FIT_SOURCE_OFFSET;

	size_t start = out->bytes.len;
	buf_add_str(&out->bytes, FIT_CODE_START);
	/* Some space on the right too, and room for an ellipsis on each side. */
	ptrdiff_t max_len = (ptrdiff_t)width - FIT_SOURCE_OFFSET - 2 * ELLIPSIS_LEN;
	ptrdiff_t offset = add_trimmed(span_tail(source, FIT_SOURCE_OFFSET), max_len, column, &out->bytes);
	ptrdiff_t source_len = (ptrdiff_t)utf8_len(span_tail(buf_span(&out->bytes), start));
	message_list_end(out);

	start = out->bytes.len;
	add_spaces(&out->bytes, FIT_SOURCE_OFFSET + column - offset);
	buf_add_span(&out->bytes, marker);
	if ((ptrdiff_t)(out->bytes.len - start) > source_len && marker.len > ELLIPSIS_LEN) {
		buf_truncate(&out->bytes, start + (size_t)(source_len - ELLIPSIS_LEN));
		buf_add_str(&out->bytes, ELLIPSIS);
	}
	message_list_end(out);
}

void fit_in_terminal(const struct message_list *in, int width, struct message_list *out)
{
	for (uint32_t i = 0; i < in->count; i++) {
		struct span message = message_list_at(in, i);
		bool is_code = span_starts(message, FIT_CODE_START);
		if (!is_code && span_find(message, ": error:") >= 0) {
			add_fitted_error(message, width, &out->bytes);
			message_list_end(out);
		} else if (is_code && !fit_is_marker(message) && i + 1 < in->count &&
		           fit_is_marker(message_list_at(in, i + 1))) {
			add_fitted_source(message, message_list_at(in, i + 1), width, out);
			i++;
		} else {
			message_list_add(out, message);
		}
	}
}

/* int(s) for a decimal number in the range of int. */
static bool parse_int(const char *s, int *ret)
{
	char *end;
	errno = 0;
	long v = strtol(s, &end, 10);
	while (isspace((unsigned char)*end))
		end++;
	if (end == s || *end || errno || v < INT_MIN || v > INT_MAX)
		return false;
	*ret = (int)v;
	return true;
}

int fit_terminal_width(const char *force, const char *columns, int terminal_columns, int *ret, struct err *err)
{
	int width = 0;
	if (force && !parse_int(force, &width))
		return err_set(err, ERR_USAGE, "reading MYPY_FORCE_TERMINAL_WIDTH: '%s' is not a number of columns; "
		               "set it to a number such as 100, or unset it", force);
	if (width == 0 && columns && (!parse_int(columns, &width) || width < 0))
		width = 0;
	if (width == 0)
		width = terminal_columns > 0 ? terminal_columns : FIT_DEFAULT_WIDTH;
	*ret = width;
	return 0;
}
