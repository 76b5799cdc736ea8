/* From a Python file's bytes to lines of UTF-8; see ui/source_lines.h. Does not read files. */
#include "ui/source_lines.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "ui/utf8.h"

#define ENCODING_NAME_MAX 63

static bool is_name_byte(char c)
{
	return c == '-' || c == '.' || c == '_' || (isascii((unsigned char)c) && isalnum((unsigned char)c));
}

static struct span skip_blanks(struct span s, const char *blanks)
{
	while (s.len && strchr(blanks, s.data[0]) && s.data[0])
		s = span_tail(s, 1);
	return s;
}

/* `[ \t\v]*#.*coding[:=][ \t]*([-\w.]+)` at the start of `s`, where `.` stops at a line feed only. As the expression is
 * greedy, the last "coding:" of the line that a name follows is the one. Empty when it does not match. */
static struct span declared_encoding(struct span s)
{
	static const struct span none = { "", 0 };
	s = skip_blanks(s, " \t\v");
	if (s.len == 0 || s.data[0] != '#')
		return none;
	ptrdiff_t line_end = span_find(s, "\n");
	size_t limit = line_end < 0 ? s.len : (size_t)line_end;
	for (size_t at = limit; at-- > 1;) {
		struct span rest = span_tail(s, at);
		if (!span_starts(rest, "coding:") && !span_starts(rest, "coding="))
			continue;
		rest = skip_blanks(span_tail(rest, strlen("coding:")), " \t");
		size_t len = 0;
		while (len < rest.len && is_name_byte(rest.data[len]))
			len++;
		if (len)
			return span_head(rest, len);
	}
	return none;
}

/* The declaration in the line after a first line that is a comment, or empty. A lone carriage return ends a line too,
 * but `.` also runs over it: the later ends are tried first, as the expression does. */
static struct span declared_on_second_line(struct span bytes)
{
	static const struct span none = { "", 0 };
	struct span s = skip_blanks(bytes, " \t\v");
	if (s.len == 0 || s.data[0] != '#')
		return none;
	ptrdiff_t feed = span_find(s, "\n");
	size_t limit = feed < 0 ? s.len : (size_t)feed;
	if (feed >= 0) {
		struct span found = declared_encoding(span_tail(s, limit + 1));
		if (found.len)
			return found;
	}
	for (size_t at = limit; at-- > 1;) {
		if (s.data[at] != '\r')
			continue;
		struct span found = declared_encoding(span_tail(s, at + 1));
		if (found.len)
			return found;
	}
	return none;
}

struct span source_encoding(struct span bytes)
{
	struct span found = declared_encoding(bytes);
	if (found.len == 0)
		found = declared_on_second_line(bytes);
	return found.len ? found : span_of("utf8");
}

/* Lower case with dashes, so that one spelling stands in the tables. False: too long to be an encoding's name. */
static bool normal_name(struct span name, char ret[ENCODING_NAME_MAX + 1])
{
	if (name.len > ENCODING_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		ret[i] = name.data[i] == '_' ? '-' : (char)tolower((unsigned char)name.data[i]);
	ret[name.len] = '\0';
	return true;
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++) {
		if (strcmp(name, *names) == 0)
			return true;
	}
	return false;
}

static void add_latin1(struct span bytes, struct buf *out)
{
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.data[i];
		if (c >= 0x80)
			buf_add_char(out, (char)(0xC0 | c >> 6));
		buf_add_char(out, (char)(c < 0x80 ? c : 0x80 | (c & 0x3F)));
	}
}

static bool add_by_iconv(struct span bytes, const char *encoding, struct buf *out)
{
	iconv_t cd = iconv_open("UTF-8", encoding);
	if (cd == (iconv_t)-1)
		return false;
	/* iconv() wants char **, though it does not write to its input. */
	union {
		const char *read;
		char *pass;
	} in = { .read = bytes.data };
	size_t left = bytes.len;
	bool ok = true;
	while (ok && left) {
		char *to = buf_room(out, 4096);
		size_t room = 4096;
		ok = iconv(cd, &in.pass, &left, &to, &room) != (size_t)-1 || errno == E2BIG;
		out->len += 4096 - room;
	}
	iconv_close(cd);
	return ok;
}

/* bytes.decode(encoding) as UTF-8 in *ret; false when Python would refuse. */
static bool decode(struct span bytes, struct buf *decoded, struct span *ret)
{
	/* mypy's own aliases (find_python_encoding), then Python's (encodings/aliases.py). */
	static const char *const latin1[] = { "iso-latin-1", "latin-1", "latin1", "latin", "l1", "iso-8859-1", "iso8859-1",
		                              "8859", "iso8859", "cp819", NULL };
	static const char *const utf8[] = { "utf8", "utf-8", "u8", "utf", "utf-8-sig", "cp65001", "ascii", "us-ascii",
		                            "646", NULL };
	char name[ENCODING_NAME_MAX + 1];
	if (span_starts(bytes, "\xef\xbb\xbf")) {
		bytes = span_tail(bytes, 3);
		strcpy(name, "utf8");
	} else if (!normal_name(source_encoding(bytes), name)) {
		return false;
	}
	*ret = bytes;
	if (is_one_of(name, utf8))
		return utf8_valid(bytes);
	bool latin = is_one_of(name, latin1) || strncmp(name, "iso-latin-1-", 12) == 0 || strncmp(name, "latin-1-", 8) == 0;
	if (latin)
		add_latin1(bytes, decoded);
	else if (!add_by_iconv(bytes, name, decoded))
		return false;
	*ret = buf_span(decoded);
	return true;
}

void source_lines_set(struct source_lines *lines, struct span bytes)
{
	lines->count = 0;
	buf_reset(&lines->decoded);
	struct span rest, line;
	if (!decode(bytes, &lines->decoded, &rest))
		return;
	while (utf8_next_line(&rest, &line)) {
		VEC_GROW(lines->items, lines->count, lines->cap);
		lines->items[lines->count++] = line;
	}
}

void source_lines_release(struct source_lines *lines)
{
	free(lines->items);
	buf_release(&lines->decoded);
	*lines = (struct source_lines)SOURCE_LINES_INIT;
}
