#include "source/scan_comment.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct span trimmed(struct span s)
{
	while (s.len && is_blank(s.data[0])) {
		s.data++;
		s.len--;
	}
	while (s.len && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

static bool starts_with(struct span s, const char *prefix)
{
	return s.len >= strlen(prefix) && !memcmp(s.data, prefix, strlen(prefix));
}

static struct span behind(struct span s, size_t n)
{
	return (struct span){ s.data + n, s.len - n };
}

/* Takes what is before the first `c` off the front of *rest. */
static struct span take_until(struct span *rest, char c)
{
	const char *at = rest->len ? memchr(rest->data, c, rest->len) : NULL;
	struct span taken = { rest->data, at ? (size_t)(at - rest->data) : rest->len };
	*rest = behind(*rest, taken.len + (at != NULL));
	return taken;
}

/* What follows the word `ignore`: nothing, or codes in brackets. */
static bool are_error_codes(struct span codes)
{
	codes = trimmed(codes);
	if (!codes.len)
		return true;
	if (codes.len < 2 || codes.data[0] != '[' || codes.data[codes.len - 1] != ']')
		return false;
	struct span rest = { codes.data + 1, codes.len - 2 };
	while (rest.len) {
		struct span code = trimmed(take_until(&rest, ','));
		for (size_t i = 0; i < code.len; i++) {
			unsigned char c = (unsigned char)code.data[i];
			bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
			if (!letter && !(c >= '0' && c <= '9') && c < 0x80 && c != '_' && c != '-')
				return false;
		}
	}
	return true;
}

/* One comment may hold several, each from its own `#`: `# type: int  # type: ignore[x]  # why`. */
bool comment_is_ignore(struct span comment)
{
	while (comment.len && comment.data[0] == '#') {
		struct span text = trimmed(behind(comment, 1));
		bool mypy = starts_with(text, "mypy:");
		if (!mypy && !starts_with(text, "type:"))
			return false;
		struct span body = trimmed(behind(text, 5)), rest = body;
		struct span own = take_until(&rest, '#');
		if (starts_with(own, "ignore") && (own.len == 6 || is_blank(own.data[6]) || own.data[6] == '[')) {
			if (are_error_codes(behind(own, 6)))
				return true;
		} else if (mypy) {
			return false;
		}
		comment = behind(body, own.len);
	}
	return false;
}

void name_list_add(struct name_list *list, const char *name)
{
	VEC_GROW(list->items, list->count + 1, list->cap);
	list->items[list->count++] = name;
	list->items[list->count] = NULL;
}

static void add_names(struct name_list *list, struct span value, struct arena *arena)
{
	while (value.len) {
		struct span name = trimmed(take_until(&value, ','));
		if (name.len)
			name_list_add(list, arena_strndup(arena, name.data, name.len));
	}
}

static bool is_key(struct span key, const char *name)
{
	if (key.len != strlen(name))
		return false;
	for (size_t i = 0; i < key.len; i++)
		if (key.data[i] != name[i] && !(key.data[i] == '-' && name[i] == '_'))
			return false;
	return true;
}

static bool is_true_word(struct span word)
{
	static const char *const words[] = { "1", "yes", "true", "on", 0 };
	char lower[5] = "";
	if (word.len >= sizeof lower)
		return false;
	for (size_t i = 0; i < word.len; i++)
		lower[i] = (char)(word.data[i] >= 'A' && word.data[i] <= 'Z' ? word.data[i] | 0x20 : word.data[i]);
	for (const char *const *w = words; *w; w++)
		if (!strcmp(lower, *w))
			return true;
	return false;
}

/* One `key=value` or `key`. */
static void add_entry(struct inline_options *options, struct span entry, struct arena *arena)
{
	entry = trimmed(entry);
	if (!entry.len)
		return;
	bool bare = !memchr(entry.data, '=', entry.len);
	struct span value = entry, key = trimmed(take_until(&value, '='));
	value = bare ? span_of("True") : trimmed(value);
	if (is_key(key, "always_true"))
		add_names(&options->always_true, value, arena);
	else if (is_key(key, "always_false"))
		add_names(&options->always_false, value, arena);
	else if (is_key(key, "ignore_errors"))
		options->ignore_errors = is_true_word(value);
}

void inline_options_add(struct inline_options *options, struct span comment, struct arena *arena)
{
	if (!starts_with(comment, "# mypy:"))
		return;
	struct span text = trimmed(behind(comment, 7));
	if (starts_with(text, "ignore") && (text.len == 6 || text.data[6] == '[' || text.data[6] == ' '))
		return;
	/* Commas inside double quotes do not separate, and the quotes fall away. */
	struct buf entry = BUF_INIT;
	bool quoted = false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"') {
			quoted = !quoted;
		} else if (text.data[i] == ',' && !quoted) {
			add_entry(options, buf_span(&entry), arena);
			buf_reset(&entry);
		} else {
			buf_add_char(&entry, text.data[i]);
		}
	}
	add_entry(options, buf_span(&entry), arena);
	buf_release(&entry);
}

void inline_options_release(struct inline_options *options)
{
	free(options->always_true.items);
	free(options->always_false.items);
	*options = (struct inline_options){ 0 };
}
