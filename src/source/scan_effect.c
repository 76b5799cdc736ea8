#include "source/scan_effect.h"

#include <string.h>

#include "source/scan_range.h"

enum { MAX_NESTING = 60 };

struct effect_scan {
	struct cursor cursor;
	struct token_list tokens;
	struct span first; /* the first parameter's name; empty when assignments do not count */
};

static bool range_starts_with(struct range r, const char *name)
{
	return range_len(r) && token_is_name(range_token(r, 0), name);
}

/* A target of an assignment: an attribute of the first parameter, or a list, tuple or star with one inside. */
static bool target_has_effect(const struct effect_scan *s, struct range r, int nesting)
{
	if (!s->first.len || !range_len(r) || nesting > MAX_NESTING)
		return false;
	if (range_find_op(r, ',') < r.to) {
		struct range item;
		while (range_take_item(&r, &item))
			if (target_has_effect(s, item, nesting + 1))
				return true;
		return false;
	}
	if (range_is_group(r, '(') || range_is_group(r, '['))
		return target_has_effect(s, range_inside(r), nesting + 1);
	if (token_is_op(range_token(r, 0), '*'))
		return target_has_effect(s, range_part(r, r.from + 1, r.to), nesting + 1);
	if (range_len(r) < 3 || r.tokens[r.to - 1].kind != TOKEN_NAME || !token_is_op(&r.tokens[r.to - 2], '.'))
		return false;
	struct range base = range_without_parentheses(range_part(r, r.from, r.to - 2));
	return range_len(base) == 1 && range_token(base, 0)->kind == TOKEN_NAME &&
	       span_eq(range_token(base, 0)->text, s->first);
}

/* `a = b = c`, `a += b`, `a: b = c`. */
static bool assignment_has_effect(const struct effect_scan *s, struct range r)
{
	uint32_t from = r.from;
	for (uint32_t i = r.from; i < r.to; i = range_next(r, i)) {
		const struct token *t = &r.tokens[i];
		bool plain = token_is_op(t, '=');
		bool last = token_is_op(t, OP_AUGMENTED) || (token_is_op(t, ':') && from == r.from);
		if (token_is_name(t, "lambda"))
			return false;
		if ((plain || last) && target_has_effect(s, range_part(r, from, i), 0))
			return true;
		if (last)
			return false;
		if (plain)
			from = i + 1;
	}
	return false;
}

/* Where a compound statement's header ends: its colon, or r.to. */
static uint32_t header_colon(struct range r)
{
	uint32_t lambdas = 0, i = r.from;
	for (; i < r.to; i = range_next(r, i)) {
		if (token_is_name(&r.tokens[i], "lambda"))
			lambdas++;
		else if (token_is_op(&r.tokens[i], ':') && lambdas-- == 0)
			break;
	}
	return i;
}

static bool ends_target(const struct token *t)
{
	return token_is_op(t, ',') || token_is_op(t, ')') || token_is_name(t, "as");
}

/* `with a as b, (c as d)`: nothing else in a header says `as`, at whatever depth. */
static bool with_has_effect(const struct effect_scan *s, struct range header)
{
	for (uint32_t i = header.from; i < header.to; i++) {
		if (!token_is_name(&header.tokens[i], "as"))
			continue;
		struct range rest = range_part(header, i + 1, header.to);
		uint32_t to = rest.from;
		while (to < rest.to && !ends_target(&rest.tokens[to]))
			to = range_next(rest, to);
		if (target_has_effect(s, range_part(rest, rest.from, to < rest.to ? to : rest.to), 0))
			return true;
	}
	return false;
}

/* Compound statements have a body behind their colon, on the same line or below. `case` may also be a name. */
static bool is_compound(struct range r, uint32_t colon)
{
	static const char *const words[] = { "if",     "elif",    "else", "for",  "while", "try",
		                             "except", "finally", "with", "case", 0 };
	if (range_starts_with(r, "case") && (colon == r.from + 1 || colon == r.to))
		return false;
	for (const char *const *w = words; *w; w++)
		if (range_starts_with(r, *w))
			return true;
	return false;
}

/* The part of a statement up to its `;`. */
static bool targets_have_effect(const struct effect_scan *s, struct range r)
{
	if (range_starts_with(r, "async"))
		r.from++;
	uint32_t colon = header_colon(r);
	if (!is_compound(r, colon))
		return assignment_has_effect(s, r);
	struct range header = range_part(r, r.from + 1, colon);
	if (range_starts_with(r, "for") &&
	    target_has_effect(s, range_part(r, header.from, range_find_name(header, "in")), 0))
		return true;
	if (range_starts_with(r, "with") && with_has_effect(s, header))
		return true;
	return colon < r.to && assignment_has_effect(s, range_part(r, colon + 1, r.to));
}

/* A yield that is not a lambda's. A lambda runs to the end of its bracket, or to a comma or colon behind its own. */
static bool yields(struct range r)
{
	uint32_t base = 0, colons = 0;
	bool in_lambda = false;
	for (uint32_t i = r.from; i < r.to; i++) {
		const struct token *t = &r.tokens[i];
		if (token_is_name(t, "yield") && !in_lambda)
			return true;
		bool separates = token_is_op(t, ',') || token_is_op(t, ':');
		if (in_lambda && (t->depth < base || (t->depth == base && !colons && separates)))
			in_lambda = false;
		if (token_is_name(t, "lambda") && (!in_lambda || t->depth == base)) {
			base = t->depth;
			colons = in_lambda ? colons + 1 : 1;
			in_lambda = true;
		} else if (in_lambda && t->depth == base && token_is_op(t, ':') && colons) {
			colons--;
		}
	}
	return false;
}

/* A logical line, or what is left of it. */
static bool line_has_effect(struct effect_scan *s)
{
	for (;;) {
		enum stop stop = token_list_collect(&s->tokens, &s->cursor, false);
		struct range r = { s->tokens.items, 0, s->tokens.count };
		if (yields(r) || s->cursor.yields_in_string || (s->first.len && targets_have_effect(s, r)))
			return true;
		if (stop != STOP_SEMI)
			return false;
	}
}

static void skip_line(struct cursor *c)
{
	while (cursor_skip_statement(c, false) == STOP_SEMI)
		;
}

/* Is the statement at the cursor a function or a class, or a decorator of one? What is in those is their own. */
static bool at_definition(struct cursor c)
{
	if (c.at < c.end && *c.at == '@')
		return true;
	struct span word = cursor_name(&c);
	if (span_eq_str(word, "async")) {
		cursor_skip_blanks(&c);
		word = cursor_name(&c);
	}
	return span_eq_str(word, "def") || span_eq_str(word, "class");
}

static bool body_has_effect(struct effect_scan *s)
{
	struct cursor *c = &s->cursor;
	bool skipping = false;
	uint32_t skipped = 0; /* lines deeper than this belong to a definition */
	while (c->at < c->end) {
		uint32_t indentation = cursor_indentation(c);
		if (!cursor_at_line_end(c)) {
			skipping = skipping && indentation > skipped;
			if (skipping) {
				skip_line(c);
			} else if (at_definition(*c)) {
				skipping = true;
				skipped = indentation;
				skip_line(c);
			} else if (line_has_effect(s)) {
				return true;
			}
		}
		cursor_skip_comment(c);
		cursor_skip_line_end(c);
	}
	return false;
}

/* The first parameter, unless it is `*args`, keyword-only or `**kwargs`; the cursor is behind `def`. */
static struct span first_parameter(struct cursor c)
{
	struct token t = cursor_token(&c);
	while (t.kind != TOKEN_END && !(token_is_op(&t, '(') && t.depth == 0))
		t = cursor_token(&c);
	t = cursor_token(&c);
	return t.kind == TOKEN_NAME ? t.text : (struct span){ 0 };
}

bool function_has_effect(struct span function, bool in_class)
{
	struct effect_scan s = { .cursor = cursor_of(function) };
	struct cursor *c = &s.cursor;
	if (span_eq_str(cursor_name(c), "async")) {
		cursor_skip_blanks(c);
		cursor_name(c);
	}
	if (in_class)
		s.first = first_parameter(*c);
	bool found = false;
	if (cursor_skip_statement(c, true) == STOP_COLON)
		found = line_has_effect(&s) || body_has_effect(&s);
	token_list_release(&s.tokens);
	return found;
}
