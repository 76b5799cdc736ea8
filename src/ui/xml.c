#include "ui/xml.h"

#include <stdbool.h>

#include "ui/utf8.h"

static const char *entity_of(uint32_t c, bool in_attribute)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\r': /* a parser would make it a line feed */
		return "&#13;";
	case '\t': /* and these, in an attribute, blanks */
		return in_attribute ? "&#9;" : NULL;
	case '\n':
		return in_attribute ? "&#10;" : NULL;
	default:
		return NULL;
	}
}

static bool is_allowed(uint32_t c)
{
	return c == '\t' || c == '\n' || (c >= 0x20 && !(c >= 0xD800 && c <= 0xDFFF) && c != 0xFFFE && c != 0xFFFF);
}

static void add(const char *text, bool in_attribute, struct buf *out)
{
	struct span s = span_of(text);
	while (s.len) {
		size_t len;
		uint32_t c = utf8_decode(s, &len);
		const char *entity = entity_of(c, in_attribute);
		if (entity)
			buf_add_str(out, entity);
		else if (is_allowed(c))
			buf_add(out, s.data, len);
		else
			buf_add_str(out, "\xEF\xBF\xBD");
		s = span_tail(s, len);
	}
}

void xml_add_text(const char *text, struct buf *out)
{
	add(text, false, out);
}

void xml_add_attribute(const char *name, const char *value, struct buf *out)
{
	buf_addf(out, " %s=\"", name);
	add(value, true, out);
	buf_add_char(out, '"');
}

void xml_add_number(const char *name, int64_t value, struct buf *out)
{
	buf_addf(out, " %s=\"%lld\"", name, (long long)value);
}
