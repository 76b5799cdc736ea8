/* Whether to paint, and how; see ui/color.h. The recognition of source lines is mypy's and shared with ui/fit.c. */
#include "ui/color.h"

#include <ctype.h>
#include <string.h>

#include "ui/fit.h"
#include "ui/utf8.h"

/* Dim is the cursor-movement sequence made into a graphic one, as mypy's parse_gray_color makes it. */
#define PALETTE(color, off)                                                                                            \
	{ "\33[1m", "\33[4m", "\33[2;10m", "\33[" color "1m", "\33[" color "2m", "\33[" color "4m", "\33[" color "3m", off }

static const struct palette xterm = PALETTE("3", "\33(B\33[m");
static const struct palette xterm_color = PALETTE("3", "\33[m");
static const struct palette linux_console = PALETTE("3", "\33[m\17");
static const struct palette ansi = PALETTE("3", "\33[0;10m");
static const struct palette rxvt_unicode = PALETTE("38;5;", "\33[m\33(B");

static const struct {
	const char *name;
	const struct palette *palette; /* NULL: terminfo has no colours for it */
} terminals[] = {
	{ "alacritty", &xterm },
	{ "ansi", &ansi },
	{ "cygwin", &ansi },
	{ "foot", &xterm },
	{ "linux", &linux_console },
	{ "rxvt", &linux_console },
	{ "rxvt-unicode", &rxvt_unicode },
	{ "rxvt-unicode-256color", &rxvt_unicode },
	{ "screen", &linux_console },
	{ "screen-256color", &linux_console },
	{ "screen-256color-bce", &linux_console },
	{ "screen-bce", &linux_console },
	{ "screen.xterm-256color", &linux_console },
	{ "tmux", &linux_console },
	{ "tmux-256color", &linux_console },
	{ "wezterm", &xterm },
	{ "xterm-color", &xterm_color },
	{ "xterm-mono", NULL },
	{ "xterm-r5", NULL },
	{ "xterm-r6", NULL },
};

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), end_len = strlen(end);
	return len >= end_len && strcmp(s + len - end_len, end) == 0;
}

static const struct palette *terminal_palette(const char *term)
{
	if (!term)
		return NULL;
	for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++) {
		if (strcmp(term, terminals[i].name) == 0)
			return terminals[i].palette;
	}
	bool like_xterm = strncmp(term, "xterm", 5) == 0 || ends_with(term, "-256color") || ends_with(term, "-direct");
	return like_xterm ? &xterm : NULL;
}

/* bool(int(s)), and bool(s) where int() refuses (util.should_force_color): only zeros, signed or not, say no. */
static bool is_forced(const char *s)
{
	struct span text = span_of(s);
	if (text.len == 0)
		return false;
	while (text.len && isspace((unsigned char)text.data[0]))
		text = span_tail(text, 1);
	while (text.len && isspace((unsigned char)text.data[text.len - 1]))
		text.len--;
	if (text.len && (text.data[0] == '+' || text.data[0] == '-'))
		text = span_tail(text, 1);
	if (text.len == 0 || text.data[0] != '0' || text.data[text.len - 1] != '0')
		return true;
	for (size_t i = 1; i < text.len; i++) {
		bool single_underscore = text.data[i] == '_' && text.data[i - 1] == '0';
		if (text.data[i] != '0' && !single_underscore)
			return true;
	}
	return false;
}

const struct palette *color_palette(bool color_output, const struct color_env *env)
{
	const char *force = env->mypy_force_color ? env->mypy_force_color : env->force_color;
	if (!color_output)
		return NULL;
	if (!(force && is_forced(force)) && !(env->stdout_is_terminal && env->stderr_is_terminal))
		return NULL;
	return terminal_palette(env->term);
}

/* FancyFormatter.style: `start` and `color` may be "". */
static void style(const struct palette *p, const char *start, const char *color, struct span text, struct buf *out)
{
	buf_add_str(out, start);
	buf_add_str(out, color);
	buf_add_span(out, text);
	buf_add_str(out, p->normal);
}

void color_bold(const struct palette *palette, const char *color, struct span text, struct buf *out)
{
	if (palette)
		style(palette, palette->bold, color, text, out);
	else
		buf_add_span(out, text);
}

static size_t count_quotes(struct span s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++)
		n += s.data[i] == '"';
	return n;
}

/* FancyFormatter.highlight_quote_groups: "quoted" parts bold, quotes included; all or nothing. */
static void add_quote_groups(const struct palette *p, struct span msg, struct buf *out)
{
	if (count_quotes(msg) % 2) {
		buf_add_span(out, msg);
		return;
	}
	for (bool quoted = false;; quoted = !quoted) {
		ptrdiff_t quote = span_find(msg, "\"");
		size_t len = quote < 0 ? msg.len : (size_t)quote;
		struct span part = span_head(msg, len);
		if (quoted) /* the quotes stand around the part in the message too */
			part = (struct span){ part.data - 1, part.len + 2 };
		style(p, quoted ? p->bold : "", "", part, out);
		if (quote < 0)
			return;
		msg = span_tail(msg, len + 1);
	}
}

/* FancyFormatter.underline_link: the first https?://\S* of a note. */
static void add_underlined_link(const struct palette *p, struct span note, struct buf *out)
{
	ptrdiff_t plain = span_find(note, "http://"), secure = span_find(note, "https://");
	ptrdiff_t start = plain < 0 || (secure >= 0 && secure < plain) ? secure : plain;
	if (start < 0) {
		buf_add_span(out, note);
		return;
	}
	struct span link = span_tail(note, (size_t)start), rest = link;
	size_t len;
	while (rest.len && !utf8_is_space(utf8_decode(rest, &len)))
		rest = span_tail(rest, len);
	buf_add_span(out, span_head(note, (size_t)start));
	style(p, p->under, "", span_head(link, link.len - rest.len), out);
	buf_add_span(out, rest);
}

static void add_error(const struct palette *p, bool hide_error_codes, struct span message, struct buf *out)
{
	size_t at = (size_t)span_find(message, "error:");
	buf_add_span(out, span_head(message, at));
	struct span msg = span_tail(message, at + strlen("error:"));
	style(p, p->bold, p->red, span_of("error:"), out);
	if (hide_error_codes) {
		add_quote_groups(p, msg, out);
		return;
	}
	ptrdiff_t code = span_find_last(msg, '[');
	size_t len = code < 0 ? msg.len : (size_t)code;
	add_quote_groups(p, span_head(msg, len), out);
	style(p, "", p->yellow, span_tail(msg, len), out);
}

static void add_note(const struct palette *p, struct span message, struct buf *out)
{
	size_t at = (size_t)span_find(message, "note:");
	buf_add_span(out, span_head(message, at));
	style(p, "", p->blue, span_of("note:"), out);
	struct buf linked = BUF_INIT;
	add_underlined_link(p, span_tail(message, at + strlen("note:")), &linked);
	add_quote_groups(p, buf_span(&linked), out);
	buf_release(&linked);
}

void color_message(const struct palette *palette, bool hide_error_codes, struct span message, struct buf *out)
{
	if (!palette)
		buf_add_span(out, message);
	else if (fit_is_marker(message))
		style(palette, "", palette->red, message, out);
	else if (span_starts(message, FIT_CODE_START))
		style(palette, palette->dim, "", message, out);
	else if (span_find(message, ": error:") >= 0)
		add_error(palette, hide_error_codes, message, out);
	else if (span_find(message, ": note:") >= 0)
		add_note(palette, message, out);
	else
		buf_add_span(out, message);
}
