/*
 * GitHub's workflow commands (https://docs.github.com/actions/reference/workflow-commands-for-github-actions): a line
 * each, from which a run's log and the review page get annotations. Escaped as the toolkit of actions does it: line
 * ends and % in the message, in properties also : and the comma. The notes of an error follow in its message.
 */
#include "ui/document.h"
#include "ui/utf8.h"

static const char *escape_of(uint32_t c, bool in_property)
{
	switch (c) {
	case '%':
		return "%25";
	case '\r':
		return "%0D";
	case '\n':
		return "%0A";
	case ':':
		return in_property ? "%3A" : NULL;
	case ',':
		return in_property ? "%2C" : NULL;
	default: /* a log is a terminal to many */
		return (c < 0x20 && c != '\t') || c == 0x7F || (c >= 0xDC80 && c <= 0xDCFF) ? "\xEF\xBF\xBD" : NULL;
	}
}

static void add_escaped(const char *text, bool in_property, struct buf *out)
{
	struct span s = span_of(text);
	while (s.len) {
		size_t len;
		const char *escape = escape_of(utf8_decode(s, &len), in_property);
		if (escape)
			buf_add_str(out, escape);
		else
			buf_add(out, s.data, len);
		s = span_tail(s, len);
	}
}

/* A property that has none before it is behind a blank, the others behind a comma. */
static void add_property(const char *name, const char *value, bool *any, struct buf *out)
{
	buf_addf(out, "%c%s=", *any ? ',' : ' ', name);
	add_escaped(value, true, out);
	*any = true;
}

static void add_number(const char *name, int64_t value, bool *any, struct buf *out)
{
	buf_addf(out, "%c%s=%lld", *any ? ',' : ' ', name, (long long)value);
	*any = true;
}

static void add_place(const struct issue *issue, bool *any, struct buf *out)
{
	if (!issue->root_path)
		return;
	add_property("file", issue->root_path, any, out);
	if (issue->line < 1)
		return;
	add_number("line", issue->line, any, out);
	if (issue->end_line >= issue->line)
		add_number("endLine", issue->end_line, any, out);
	if (issue->column < 0)
		return;
	/* columns count within one line only */
	add_number("col", (int64_t)issue->column + 1, any, out);
	if (issue->end_line == issue->line && issue->end_column > issue->column)
		add_number("endColumn", issue->end_column, any, out);
}

static void add_issue(const struct document *doc, const struct issue *issue, struct buf *out)
{
	bool any = false;
	struct buf title = BUF_INIT;
	buf_addf(&title, "%s%s%s", doc->findings->checker, issue->code ? " " : "", issue->code ? issue->code : "");
	buf_add_str(out, issue->is_note ? "::notice" : "::error");
	add_place(issue, &any, out);
	add_property("title", title.data, &any, out);
	buf_add_str(out, "::");
	add_escaped(issue->message, false, out);
	for (uint32_t i = 0; i < issue->note_count; i++) {
		buf_add_str(out, "%0Anote: ");
		add_escaped(issue->notes[i], false, out);
	}
	buf_add_char(out, '\n');
	buf_release(&title);
}

void document_github(const struct document *doc, struct buf *out)
{
	for (uint32_t i = 0; i < doc->count; i++)
		add_issue(doc, &doc->issues[i], out);
	if (doc->findings->failure) {
		buf_add_str(out, "::error title=sepal::");
		add_escaped(doc->findings->failure, false, out);
		buf_add_char(out, '\n');
	}
}
