/* mypy's JSON lines; see ui/text_json.h. */
#include "ui/text_json.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "ui/parents.h"
#include "ui/utf8.h"

static void add_escape(struct buf *out, uint32_t c)
{
	static const char shorts[][2] = { { '"', '"' },  { '\\', '\\' }, { '\n', 'n' }, { '\r', 'r' },
		                          { '\t', 't' }, { '\f', 'f' },  { '\b', 'b' } };
	for (size_t i = 0; i < sizeof shorts / sizeof *shorts; i++) {
		if (c == (unsigned char)shorts[i][0]) {
			buf_add_char(out, '\\');
			buf_add_char(out, shorts[i][1]);
			return;
		}
	}
	if (c >= 0x10000) {
		c -= 0x10000;
		buf_addf(out, "\\u%04x\\u%04x", 0xD800 | c >> 10, 0xDC00 | (c & 0x3FF));
	} else if (c < 0x20 || c > 0x7E) {
		buf_addf(out, "\\u%04x", c);
	} else {
		buf_add_char(out, (char)c);
	}
}

/* The inside of a JSON string. */
static void add_escaped(struct buf *out, const char *text)
{
	struct span s = span_of(text);
	while (s.len) {
		size_t len;
		add_escape(out, utf8_decode(s, &len));
		s = span_tail(s, len);
	}
}

static void add_string(struct buf *out, const char *key, const char *value)
{
	if (!value) {
		buf_addf(out, ", \"%s\": null", key);
		return;
	}
	buf_addf(out, ", \"%s\": \"", key);
	add_escaped(out, value);
	buf_add_char(out, '"');
}

void text_json_object(const struct diag *d, const char *path, const char *hints, struct buf *out)
{
	buf_add_str(out, "{\"file\": \"");
	add_escaped(out, path);
	buf_addf(out, "\", \"line\": %d, \"column\": %d, \"end_line\": %d, \"end_column\": %d", (int)d->line,
	         (int)d->column, (int)d->end_line, (int)d->end_column);
	add_string(out, "message", d->message);
	add_string(out, "hint", hints);
	add_string(out, "code", d->code);
	add_string(out, "severity", d->is_note ? "note" : "error");
	buf_add_char(out, '}');
}

void text_json_format(const struct diag_list *diags, const char *const *paths, struct message_list *out)
{
	size_t n = diags->count;
	struct arena arena = ARENA_INIT;
	const uint32_t *parents = parents_find(diags, paths, &arena);
	struct buf *hints = xcalloc(n + 1, sizeof *hints);
	for (size_t i = 0; i < n; i++) {
		if (parents[i] == NO_PARENT)
			continue;
		struct buf *h = &hints[parents[i]];
		if (h->data)
			buf_add_char(h, '\n');
		buf_add_str(h, diags->items[i].message);
	}
	for (size_t i = 0; i < n; i++) {
		if (!paths[i] || parents[i] != NO_PARENT)
			continue;
		text_json_object(&diags->items[i], paths[i], hints[i].data, &out->bytes);
		message_list_end(out);
	}
	for (size_t i = 0; i < n; i++)
		buf_release(&hints[i]);
	free(hints);
	arena_release(&arena);
}
