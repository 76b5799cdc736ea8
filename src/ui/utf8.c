/* Python's view of text; see ui/utf8.h. Knows nothing of diagnostics. */
#include "ui/utf8.h"

#include <string.h>

/* Well-formed sequences, Unicode 15 table 3-7: first byte, range of the second byte, length. */
static const struct {
	unsigned char first_low, first_high, second_low, second_high, len;
} sequences[] = {
	{ 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 },
	{ 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 }, { 0xF0, 0xF0, 0x90, 0xBF, 4 },
	{ 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
};

/* Bytes of the well-formed sequence that `s` starts with, 0 if there is none. */
static size_t sequence_len(struct span s)
{
	const unsigned char *p = (const unsigned char *)s.data;
	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
		if (p[0] < sequences[i].first_low || p[0] > sequences[i].first_high)
			continue;
		if (s.len < sequences[i].len || p[1] < sequences[i].second_low || p[1] > sequences[i].second_high)
			return 0;
		for (size_t k = 2; k < sequences[i].len; k++) {
			if ((p[k] & 0xC0) != 0x80)
				return 0;
		}
		return sequences[i].len;
	}
	return 0;
}

uint32_t utf8_decode(struct span s, size_t *ret_len)
{
	const unsigned char *p = (const unsigned char *)s.data;
	size_t len = sequence_len(s);
	*ret_len = len ? len : 1;
	if (len == 0)
		return 0xDC00u + p[0];
	if (len == 1)
		return p[0];
	uint32_t c = p[0] & (0xFFu >> (len + 1));
	for (size_t k = 1; k < len; k++)
		c = c << 6 | (p[k] & 0x3Fu);
	return c;
}

bool utf8_valid(struct span s)
{
	while (s.len) {
		size_t len = sequence_len(s);
		if (len == 0)
			return false;
		s = span_tail(s, len);
	}
	return true;
}

size_t utf8_len(struct span s)
{
	size_t count = 0;
	while (s.len) {
		size_t len;
		utf8_decode(s, &len);
		s = span_tail(s, len);
		count++;
	}
	return count;
}

struct span utf8_tail(struct span s, size_t count)
{
	while (count-- && s.len) {
		size_t len;
		utf8_decode(s, &len);
		s = span_tail(s, len);
	}
	return s;
}

struct span utf8_head(struct span s, size_t count)
{
	return span_head(s, s.len - utf8_tail(s, count).len);
}

bool utf8_is_space(uint32_t c)
{
	static const struct {
		uint32_t low, high;
	} spaces[] = {
		{ 0x09, 0x0D },     { 0x1C, 0x20 },     { 0x85, 0x85 },     { 0xA0, 0xA0 },     { 0x1680, 0x1680 },
		{ 0x2000, 0x200A }, { 0x2028, 0x2029 }, { 0x202F, 0x202F }, { 0x205F, 0x205F }, { 0x3000, 0x3000 },
	};
	for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
		if (c >= spaces[i].low && c <= spaces[i].high)
			return true;
	}
	return false;
}

size_t utf8_leading_space(struct span s)
{
	size_t count = 0, len;
	while (s.len && utf8_is_space(utf8_decode(s, &len))) {
		s = span_tail(s, len);
		count++;
	}
	return count;
}

static bool is_line_end(uint32_t c)
{
	return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool utf8_next_line(struct span *rest, struct span *ret_line)
{
	if (rest->len == 0)
		return false;
	struct span s = *rest;
	while (s.len) {
		size_t len;
		uint32_t c = utf8_decode(s, &len);
		if (is_line_end(c)) {
			*ret_line = span_head(*rest, rest->len - s.len);
			bool crlf = c == '\r' && s.len > 1 && s.data[1] == '\n';
			*rest = span_tail(s, crlf ? 2 : len);
			return true;
		}
		s = span_tail(s, len);
	}
	*ret_line = *rest;
	*rest = s;
	return true;
}

size_t utf8_expand_tabs(struct span s, struct buf *out)
{
	size_t total = 0, column = 0;
	while (s.len) {
		size_t len;
		uint32_t c = utf8_decode(s, &len);
		size_t width = c == '\t' ? 8 - column % 8 : 1;
		if (out && c != '\t')
			buf_add(out, s.data, len);
		for (size_t i = 0; out && c == '\t' && i < width; i++)
			buf_add_char(out, ' ');
		total += width;
		column = c == '\n' || c == '\r' ? 0 : column + width;
		s = span_tail(s, len);
	}
	return total;
}

ptrdiff_t span_find(struct span s, const char *needle)
{
	size_t len = strlen(needle);
	for (size_t at = 0; at + len <= s.len; at++) {
		if (memcmp(s.data + at, needle, len) == 0)
			return (ptrdiff_t)at;
	}
	return -1;
}

ptrdiff_t span_find_last(struct span s, char needle)
{
	for (size_t at = s.len; at > 0; at--) {
		if (s.data[at - 1] == needle)
			return (ptrdiff_t)at - 1;
	}
	return -1;
}

bool span_starts(struct span s, const char *prefix)
{
	size_t len = strlen(prefix);
	return s.len >= len && memcmp(s.data, prefix, len) == 0;
}

struct span span_head(struct span s, size_t bytes)
{
	if (bytes > s.len)
		BUG("first %zu bytes of %zu", bytes, s.len);
	return (struct span){ s.data, bytes };
}

struct span span_tail(struct span s, size_t bytes)
{
	if (bytes > s.len)
		BUG("all but %zu bytes of %zu", bytes, s.len);
	return (struct span){ s.data + bytes, s.len - bytes };
}
