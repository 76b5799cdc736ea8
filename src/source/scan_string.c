#include "source/scan_string.h"

#include <string.h>

/* f-strings may nest in each other's fields at will since Python 3.12; deeper than this one is read as plain text. */
enum { MAX_NESTING = 100 };

int string_prefix_of(struct span letters)
{
	int prefix = 0;
	if (letters.len > 2)
		return -1;
	for (size_t i = 0; i < letters.len; i++) {
		switch (letters.data[i] | 0x20) {
		case 'r': prefix |= PREFIX_RAW; break;
		case 'b': prefix |= PREFIX_BYTES; break;
		case 'f': prefix |= PREFIX_FORMAT; break;
		case 't': prefix |= PREFIX_TEMPLATE; break;
		case 'u':
			if (letters.len > 1)
				return -1;
			break;
		default: return -1;
		}
	}
	if (letters.len == 2 && (!(prefix & PREFIX_RAW) || prefix == PREFIX_RAW))
		return -1;
	return prefix;
}

int string_prefix_before(const char *floor, const char *quote)
{
	const char *p = quote;
	while (p > floor && quote - p < 3 && char_in_name(p[-1]))
		p--;
	int prefix = string_prefix_of((struct span){ p, (size_t)(quote - p) });
	return prefix < 0 ? 0 : prefix;
}

static bool is_triple(const char *quote, const char *end)
{
	return end - quote >= 3 && quote[1] == quote[0] && quote[2] == quote[0];
}

/* Behind the backslash at `p` and the character (or the whole line end) that it escapes. */
static const char *skip_escape(const char *p, const char *end)
{
	p++;
	if (p < end && *p == '\r' && p + 1 < end && p[1] == '\n')
		p++;
	return p < end ? p + 1 : end;
}

/* A quote is escaped by an odd number of backslashes in front of it. */
static bool is_escaped(const char *floor, const char *p)
{
	const char *q = p;
	while (q > floor && q[-1] == '\\')
		q--;
	return (p - q) % 2 != 0;
}

static const char *plain_triple_end(const char *quote, const char *end)
{
	const char *text = quote + 3;
	for (const char *p = text; (p = memchr(p, *quote, (size_t)(end - p))); p++)
		if (is_triple(p, end) && !is_escaped(text, p))
			return p + 3;
	return end;
}

static const char *plain_end(const char *quote, const char *end)
{
	if (is_triple(quote, end))
		return plain_triple_end(quote, end);
	const char *p = quote + 1;
	while (p < end && *p != *quote && !char_ends_line(*p))
		p = *p == '\\' ? skip_escape(p, end) : p + 1;
	return p < end && *p == *quote ? p + 1 : p;
}

/* An f-string being passed. */
struct formatted {
	struct cursor *cursor; /* of the file: its end, and where to note things */
	char quote;
	bool triple, raw;
};

static const char *skip_literal(struct cursor *c, const char *quote, int prefix, int nesting);
static const char *skip_field(const struct formatted *f, const char *p, int nesting);

static bool at_closing_quote(const struct formatted *f, const char *p)
{
	return *p == f->quote && (!f->triple || is_triple(p, f->cursor->end));
}

/* Passes the text between fields, or a field's format specification (`spec`: braces do not double there, and `}` ends
 * it). Stops at the closing quote, at the `}` of a specification or at the line end of a single-quoted string. */
static const char *skip_text(const struct formatted *f, const char *p, bool spec, int nesting)
{
	const char *end = f->cursor->end;
	while (p < end && !at_closing_quote(f, p) && (f->triple || !char_ends_line(*p))) {
		bool doubled = !spec && p + 1 < end && p[1] == *p;
		if (*p == '\\' && !f->raw && end - p > 2 && p[1] == 'N' && p[2] == '{') {
			for (p += 3; p < end && *p != '}' && *p != f->quote && !char_ends_line(*p);)
				p++;
			if (p < end && *p == '}')
				p++;
		} else if (*p == '\\') {
			p = p + 1 < end && (p[1] == '{' || p[1] == '}') ? p + 1 : skip_escape(p, end);
		} else if ((*p == '{' || *p == '}') && doubled) {
			p += 2;
		} else if (*p == '{') {
			p = skip_field(f, p + 1, nesting + 1);
		} else if (*p == '}' && spec) {
			return p;
		} else {
			p++;
		}
	}
	return p;
}

static const char *skip_comment(struct cursor *c, const char *p)
{
	struct cursor at_comment = *c;
	at_comment.at = p;
	cursor_skip_comment(&at_comment);
	return at_comment.at;
}

static bool is_yield(const char *floor, const char *p, const char *end)
{
	return end - p > 5 && !memcmp(p, "yield", 5) && !char_in_name(p[5]) && (p == floor || !char_in_name(p[-1]));
}

/* Passes a replacement field, from behind its `{` to behind its `}`. */
static const char *skip_field(const struct formatted *f, const char *p, int nesting)
{
	struct cursor *c = f->cursor;
	const char *floor = p;
	size_t depth = 0;
	if (nesting > MAX_NESTING)
		return p;
	while (p < c->end) {
		switch (*p) {
		case '\'':
		case '"':
			p = skip_literal(c, p, string_prefix_before(floor, p), nesting);
			continue;
		case '#': p = skip_comment(c, p); continue;
		case 'y': c->yields_in_string = c->yields_in_string || is_yield(floor, p, c->end); break;
		case '(':
		case '[':
		case '{': depth++; break;
		case '}':
			if (!depth)
				return p + 1;
			depth--;
			break;
		case ')':
		case ']': depth -= depth > 0; break;
		case ':':
			if (depth)
				break;
			p = skip_text(f, p + 1, true, nesting);
			return p < c->end && *p == '}' ? p + 1 : p;
		default: break;
		}
		p++;
	}
	return p;
}

static const char *skip_literal(struct cursor *c, const char *quote, int prefix, int nesting)
{
	const char *end = c->end;
	if (prefix & PREFIX_TEMPLATE)
		c->template_strings = true;
	if (!(prefix & (PREFIX_FORMAT | PREFIX_TEMPLATE)) || nesting > MAX_NESTING)
		return plain_end(quote, end);
	bool triple = is_triple(quote, end);
	struct formatted f = { c, *quote, triple, (prefix & PREFIX_RAW) != 0 };
	const char *p = skip_text(&f, quote + (triple ? 3 : 1), false, nesting);
	if (p < end && at_closing_quote(&f, p))
		p += triple ? 3 : 1;
	return p;
}

const char *string_end(struct cursor *c, const char *quote, int prefix)
{
	return skip_literal(c, quote, prefix, 0);
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Reads up to `max` digits; returns how many. */
static int read_digits(const char *p, const char *end, int base, int max, uint32_t *ret)
{
	int n = 0;
	for (*ret = 0; n < max && p + n < end && digit_of(p[n]) < base; n++)
		*ret = *ret * (uint32_t)base + (uint32_t)digit_of(p[n]);
	return n;
}

static char *put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
		*out++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	} else {
		*out++ = (char)(0xf0 | (c >> 18 & 7));
		*out++ = (char)(0x80 | (c >> 12 & 0x3f));
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	}
	return out;
}

/* Decodes the escape at *p (a backslash) to *out; both move on. No escape is longer decoded than written. */
static bool decode_escape(const char **p, const char *end, char **out)
{
	static const char letters[] = "abfnrtv", values[] = "\a\b\f\n\r\t\v";
	const char *s = *p + 1;
	uint32_t value = 0;
	if (s >= end)
		return false;
	const char *letter = memchr(letters, *s, sizeof letters - 1);
	int width = *s == 'x' ? 2 : *s == 'u' ? 4 : *s == 'U' ? 8 : 0;
	if (char_ends_line(*s)) {
		*p = skip_escape(*p, end);
	} else if (*s == 'N') {
		return false;
	} else if (letter) {
		*(*out)++ = values[letter - letters];
		*p = s + 1;
	} else if (width) {
		if (read_digits(s + 1, end, 16, width, &value) != width)
			return false;
		*out = put_utf8(*out, value);
		*p = s + 1 + width;
	} else if (*s >= '0' && *s <= '7') {
		*p = s + read_digits(s, end, 8, 3, &value);
		*out = put_utf8(*out, value);
	} else if (*s == '\\' || *s == '\'' || *s == '"') {
		*(*out)++ = *s;
		*p = s + 1;
	} else {
		*(*out)++ = '\\';
		*p = s;
	}
	return true;
}

bool string_value(const struct token *t, struct arena *arena, struct span *ret)
{
	if (t->prefix & (PREFIX_BYTES | PREFIX_FORMAT | PREFIX_TEMPLATE))
		return false;
	const char *p = t->text.data, *end = p + t->text.len;
	while (p < end && *p != '\'' && *p != '"')
		p++;
	size_t quotes = is_triple(p, end) && end - p >= 6 ? 3 : 1;
	if ((size_t)(end - p) < 2 * quotes)
		return false;
	p += quotes;
	end -= quotes;
	char *text = arena_alloc(arena, (size_t)(end - p) + 1), *out = text;
	while (p < end) {
		if (*p != '\\' || t->prefix & PREFIX_RAW)
			*out++ = *p++;
		else if (!decode_escape(&p, end, &out))
			return false;
	}
	*ret = (struct span){ text, (size_t)(out - text) };
	return true;
}
