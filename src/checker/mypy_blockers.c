/* Reads mypy's plain text for blocking errors (errors.Errors.format_messages_default). */
#include "checker/mypy_blockers.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static struct span skip(struct span s, size_t n)
{
	return (struct span){ s.data + n, s.len - n };
}

/* From the first `what` on; data is NULL when there is none. */
static struct span find(struct span s, const char *what)
{
	size_t len = strlen(what);

	for (; s.len >= len; s = skip(s, 1))
		if (memcmp(s.data, what, len) == 0)
			return s;
	return (struct span){ NULL, 0 };
}

/* Takes ":123" off the end of `s`. */
static bool take_number(struct span *s, int32_t *ret)
{
	size_t at = s->len;
	int64_t v = 0, unit = 1;

	while (at > 0 && s->data[at - 1] >= '0' && s->data[at - 1] <= '9' && v <= INT32_MAX) {
		v += (s->data[--at] - '0') * unit;
		unit *= 10;
	}
	if (at == s->len || at == 0 || s->data[at - 1] != ':' || v > INT32_MAX)
		return false;
	*ret = (int32_t)v;
	s->len = at - 1;
	return true;
}

/* PATH, PATH:LINE, PATH:LINE:COLUMN or PATH:LINE:COLUMN:END_LINE:END_COLUMN; printed columns start at 1. */
static void parse_place(struct span place, struct arena *arena, struct diag *d)
{
	int32_t numbers[4]; /* last first */
	int count = 0;

	while (count < 4 && take_number(&place, &numbers[count]))
		count++;
	if (count >= 1)
		d->line = numbers[count - 1];
	if (count >= 2)
		d->column = numbers[count - 2] - 1;
	if (count == 4) {
		d->end_line = numbers[1];
		d->end_column = numbers[0];
	}
	d->path = arena_strndup(arena, place.data, place.len);
}

static bool is_code_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* Takes "  [some-code]" off the end. */
static const char *take_code(struct span *message, struct arena *arena)
{
	size_t end = message->len, at;

	if (end < 5 || message->data[end - 1] != ']')
		return NULL;
	at = end - 1;
	while (at > 0 && is_code_character(message->data[at - 1]))
		at--;
	if (at < 3 || at == end - 1 || memcmp(message->data + at - 3, "  [", 3) != 0)
		return NULL;
	message->len = at - 3;
	return arena_strndup(arena, message->data + at, end - 1 - at);
}

static void parse_line(struct span line, struct arena *arena, struct diag *d)
{
	struct span error = find(line, ": error: "), note = find(line, ": note: "), message;

	*d = (struct diag){ .path = "", .line = -1, .column = -1, .end_line = -1, .end_column = -1 };
	if (!error.data && !note.data) {
		d->message = arena_strndup(arena, line.data, line.len);
		return;
	}
	d->is_note = note.data && (!error.data || note.data < error.data);
	message = d->is_note ? note : error;
	parse_place((struct span){ line.data, (size_t)(message.data - line.data) }, arena, d);
	message = skip(message, strlen(d->is_note ? ": note: " : ": error: "));
	d->code = take_code(&message, arena);
	d->message = arena_strndup(arena, message.data, message.len);
}

static struct span next_line(struct span *text)
{
	const char *end = memchr(text->data, '\n', text->len);
	size_t len = end ? (size_t)(end - text->data) : text->len;
	struct span line = { text->data, len };

	*text = skip(*text, len + (end != NULL));
	return line;
}

void mypy_blockers_parse(struct span text, struct arena *arena, struct diag_list *ret)
{
	struct span rest = text;
	uint32_t lines = 0, count = 0;

	while (rest.len) {
		next_line(&rest);
		lines++;
	}
	ret->items = ARENA_ARRAY(arena, struct diag, lines);
	while (text.len) {
		struct span line = next_line(&text);

		if (line.len)
			parse_line(line, arena, &ret->items[count++]);
	}
	ret->count = count;
}

static bool starts_with(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

/* Blocking errors of the parsers have the code "syntax", or "misc" for arguments of Arg() and the like; those of the
 * semantic analyzer have none, but for one. What build.load_graph finds has fixed wording. */
bool mypy_blockers_in_parse(const struct diag_list *list)
{
	static const char analyzed_late[] = "Assignment expression within a comprehension";
	static const char *const wordings[] = {
		"Cannot decode file: ", "Cannot read file: ", "No parent module -- cannot perform relative import",
		"Source file found twice under different module names: ", "Duplicate module named ",
	};

	for (uint32_t i = 0; i < list->count; i++) {
		const struct diag *d = &list->items[i];

		if (d->code && strcmp(d->code, "syntax") == 0 && !starts_with(d->message, analyzed_late))
			return true;
		for (size_t w = 0; w < sizeof wordings / sizeof *wordings; w++)
			if (starts_with(d->message, wordings[w]))
				return true;
	}
	return false;
}
