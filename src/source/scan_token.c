#include "source/scan_token.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "source/scan_string.h"

/* What a byte means to cursor_skip_statement(); the rest is passed over. */
enum char_class {
	CLASS_PLAIN = 0,
	CLASS_LINE_END,
	CLASS_QUOTE,
	CLASS_COMMENT,
	CLASS_BACKSLASH,
	CLASS_OPEN,
	CLASS_CLOSE,
	CLASS_SEMI,
	CLASS_COLON,
};

static const unsigned char char_classes[256] = {
	['\n'] = CLASS_LINE_END, ['\r'] = CLASS_LINE_END, ['\''] = CLASS_QUOTE, ['"'] = CLASS_QUOTE,
	['#'] = CLASS_COMMENT,   ['\\'] = CLASS_BACKSLASH, ['('] = CLASS_OPEN,  ['['] = CLASS_OPEN,
	['{'] = CLASS_OPEN,      [')'] = CLASS_CLOSE,      [']'] = CLASS_CLOSE, ['}'] = CLASS_CLOSE,
	[';'] = CLASS_SEMI,      [':'] = CLASS_COLON,
};

/* As mypy's native parser counts; lines whose order depends on the size of a tab are errors anyway. */
enum { TAB_SIZE = 2 };

bool char_starts_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

bool char_in_name(char c)
{
	return char_starts_name(c) || (c >= '0' && c <= '9');
}

bool char_ends_line(char c)
{
	return c == '\n' || c == '\r';
}

struct cursor cursor_of(struct span source)
{
	const char *data = source.len ? source.data : "";
	return (struct cursor){ .at = data, .start = data, .end = data + source.len };
}

struct span cursor_name(struct cursor *c)
{
	const char *from = c->at;
	if (c->at < c->end && char_starts_name(*c->at))
		while (c->at < c->end && char_in_name(*c->at))
			c->at++;
	return (struct span){ from, (size_t)(c->at - from) };
}

void cursor_skip_line_end(struct cursor *c)
{
	if (c->at < c->end && *c->at == '\r')
		c->at += c->at + 1 < c->end && c->at[1] == '\n' ? 2 : 1;
	else if (c->at < c->end && *c->at == '\n')
		c->at++;
}

uint32_t cursor_indentation(struct cursor *c)
{
	uint32_t columns = 0;
	bool counting = true; /* what follows a joined line's backslash does not count */
	for (; c->at < c->end; c->at++) {
		if (*c->at == '\\' && c->end - c->at > 1 && char_ends_line(c->at[1])) {
			counting = false;
			c->at += c->at[1] == '\r' && c->end - c->at > 2 && c->at[2] == '\n' ? 1 : 0;
			c->at++;
		} else if (*c->at == '\f') {
			columns = 0;
		} else if (*c->at == ' ') {
			columns += counting;
		} else if (*c->at == '\t') {
			columns = counting ? columns / TAB_SIZE * TAB_SIZE + TAB_SIZE : columns;
		} else {
			break;
		}
	}
	return columns;
}

bool cursor_at_line_end(const struct cursor *c)
{
	return c->at == c->end || char_ends_line(*c->at) || *c->at == '#';
}

static const char *line_end_of(const char *p, const char *end)
{
	while (p < end && !char_ends_line(*p))
		p++;
	return p;
}

void cursor_skip_comment(struct cursor *c)
{
	if (c->at == c->end || *c->at != '#')
		return;
	const char *from = c->at;
	c->at = line_end_of(from, c->end);
	if (c->on_comment)
		c->on_comment(c->context, (struct span){ from, (size_t)(c->at - from) });
}

/* Passes the backslash at the cursor and the line end behind it. */
static void skip_backslash(struct cursor *c)
{
	c->at++;
	cursor_skip_line_end(c);
}

void cursor_skip_blanks(struct cursor *c)
{
	while (c->at < c->end) {
		switch (*c->at) {
		case ' ':
		case '\t':
		case '\f': c->at++; break;
		case '\\': skip_backslash(c); break;
		case '\r':
		case '\n':
			if (!c->depth)
				return;
			c->at++;
			break;
		case '#':
			if (!c->depth)
				return;
			cursor_skip_comment(c);
			break;
		default: return;
		}
	}
}

static void skip_string(struct cursor *c, int prefix)
{
	c->at = string_end(c, c->at, prefix);
}

/* The colon that the fast gait found may belong to a lambda: counts them with tokens, from the header's start. */
static enum stop skip_header_with_lambda(struct cursor *c, const char *from)
{
	struct token_list tokens = { 0 };
	struct cursor again = *c;
	again.at = from;
	again.depth = 0;
	again.on_comment = NULL;
	enum stop stop = token_list_collect(&tokens, &again, true);
	token_list_release(&tokens);
	c->at = again.at;
	return stop;
}

static bool has_lambda(const char *p, const char *end)
{
	for (; (p = memchr(p, 'l', (size_t)(end - p))); p++)
		if (end - p >= 6 && !memcmp(p, "lambda", 6))
			return true;
	return false;
}

enum stop cursor_skip_statement(struct cursor *c, bool header)
{
	const char *from = c->at;
	size_t depth = 0;
	for (;;) {
		const char *p = c->at, *end = c->end;
		while (p < end && char_classes[(unsigned char)*p] == CLASS_PLAIN)
			p++;
		c->at = p;
		if (p == end)
			return STOP_LINE;
		switch (char_classes[(unsigned char)*p]) {
		case CLASS_LINE_END:
			if (!depth)
				return STOP_LINE;
			c->at++;
			break;
		case CLASS_QUOTE: skip_string(c, string_prefix_before(from, p)); break;
		case CLASS_COMMENT: cursor_skip_comment(c); break;
		case CLASS_BACKSLASH: skip_backslash(c); break;
		case CLASS_OPEN:
			depth++;
			c->at++;
			break;
		case CLASS_CLOSE:
			depth -= depth > 0;
			c->at++;
			break;
		case CLASS_SEMI:
			c->at++;
			if (!depth)
				return STOP_SEMI;
			break;
		default:
			c->at++;
			if (!header || depth)
				break;
			if (c->at < end && *c->at == '=')
				break;
			if (has_lambda(from, p))
				return skip_header_with_lambda(c, from);
			return STOP_COLON;
		}
	}
}

static bool is_digit(const struct cursor *c, ptrdiff_t ahead)
{
	return c->end - c->at > ahead && c->at[ahead] >= '0' && c->at[ahead] <= '9';
}

static void skip_digits(struct cursor *c)
{
	while (is_digit(c, 0) || (c->at < c->end && *c->at == '_'))
		c->at++;
}

static bool cursor_at_any(const struct cursor *c, const char *chars)
{
	return c->at < c->end && *c->at && strchr(chars, *c->at);
}

/* Passes a number. Stops where the next word begins, so that `1if x` is two tokens. */
static void skip_number(struct cursor *c)
{
	if (*c->at == '0' && c->end - c->at > 1 && c->at[1] && strchr("xXoObB", c->at[1])) {
		bool hex = (c->at[1] | 0x20) == 'x';
		c->at += 2;
		while (is_digit(c, 0) || cursor_at_any(c, hex ? "abcdefABCDEF_" : "_"))
			c->at++;
		return;
	}
	skip_digits(c);
	if (cursor_at_any(c, ".")) {
		c->at++;
		skip_digits(c);
	}
	if (cursor_at_any(c, "eE")) {
		bool sign = c->end - c->at > 1 && (c->at[1] == '+' || c->at[1] == '-');
		if (is_digit(c, sign ? 2 : 1)) {
			c->at += sign ? 2 : 1;
			skip_digits(c);
		}
	}
	if (cursor_at_any(c, "jJ"))
		c->at++;
}

static int two_char_op(char a, char b)
{
	if (b == '=') {
		switch (a) {
		case ':': return OP_WALRUS;
		case '=': return OP_EQ;
		case '!': return OP_NE;
		case '<': return OP_LE;
		case '>': return OP_GE;
		default: return a && strchr("+-*/%&|^@", a) ? OP_AUGMENTED : 0;
		}
	}
	if (a == '-' && b == '>')
		return OP_ARROW;
	return a == b && (a == '<' || a == '>') ? OP_SHIFT : 0;
}

static void read_op(struct cursor *c, struct token *t)
{
	char first = *c->at++;
	t->op = (uint8_t)first < 128 ? (uint8_t)first : 0;
	if (first == '(' || first == '[' || first == '{') {
		c->depth++;
	} else if (first == ')' || first == ']' || first == '}') {
		c->depth -= c->depth > 0;
		t->depth = c->depth;
	} else if (c->at < c->end) {
		int op = two_char_op(first, *c->at);
		if (op) {
			t->op = (uint8_t)op;
			c->at++;
		}
		/* `**=`, `//=`, `<<=`, `>>=`: the second character belongs to the operator, so look one further. */
		bool doubled = op == OP_SHIFT || (!op && (first == '*' || first == '/') && *c->at == first);
		if (doubled && op != OP_SHIFT)
			c->at++;
		if (doubled && cursor_at_any(c, "=")) {
			t->op = OP_AUGMENTED;
			c->at++;
		}
	}
}

struct token cursor_token(struct cursor *c)
{
	cursor_skip_blanks(c);
	struct token t = { .kind = TOKEN_END, .depth = c->depth, .text = { c->at, 0 } };
	if (c->at == c->end || char_ends_line(*c->at) || *c->at == '#' || (*c->at == ';' && !c->depth))
		return t;
	if (char_starts_name(*c->at)) {
		struct span name = cursor_name(c);
		int prefix = c->at < c->end && (*c->at == '\'' || *c->at == '"') ? string_prefix_of(name) : -1;
		t.kind = prefix < 0 ? TOKEN_NAME : TOKEN_STRING;
		if (prefix >= 0) {
			t.prefix = (uint8_t)prefix;
			skip_string(c, prefix);
		}
	} else if (*c->at == '\'' || *c->at == '"') {
		t.kind = TOKEN_STRING;
		skip_string(c, 0);
	} else if (is_digit(c, 0) || (*c->at == '.' && is_digit(c, 1))) {
		t.kind = TOKEN_NUMBER;
		skip_number(c);
	} else {
		t.kind = TOKEN_OP;
		read_op(c, &t);
	}
	t.text.len = (size_t)(c->at - t.text.data);
	return t;
}

bool token_is_op(const struct token *t, int op)
{
	return t->kind == TOKEN_OP && t->op == op;
}

bool token_is_name(const struct token *t, const char *name)
{
	return t->kind == TOKEN_NAME && span_eq_str(t->text, name);
}

/* Links a closing bracket with the one that it closes. */
static void link_brackets(struct token_list *list, struct token *t, uint32_t *open_count)
{
	t->partner = list->count;
	if (t->kind != TOKEN_OP || !t->op || t->op > 127 || !strchr("()[]{}", t->op))
		return;
	if (strchr("([{", t->op)) {
		VEC_GROW(list->open, *open_count, list->open_cap);
		list->open[(*open_count)++] = list->count;
	} else if (*open_count) {
		t->partner = list->open[--*open_count];
		list->items[t->partner].partner = list->count;
	}
}

enum stop token_list_collect(struct token_list *list, struct cursor *c, bool header)
{
	uint32_t open_count = 0, lambdas = 0;
	list->count = 0;
	c->depth = 0;
	for (;;) {
		struct token t = cursor_token(c);
		if (t.kind == TOKEN_END)
			break;
		if (t.depth == 0 && token_is_name(&t, "lambda"))
			lambdas++;
		if (header && t.depth == 0 && token_is_op(&t, ':') && lambdas-- == 0)
			return STOP_COLON;
		link_brackets(list, &t, &open_count);
		VEC_GROW(list->items, list->count, list->cap);
		list->items[list->count++] = t;
	}
	c->depth = 0;
	if (c->at < c->end && *c->at == ';') {
		c->at++;
		return STOP_SEMI;
	}
	return STOP_LINE;
}

void token_list_release(struct token_list *list)
{
	free(list->items);
	free(list->open);
	*list = (struct token_list){ 0 };
}
