#include "source/scan_condition.h"

#include "source/scan_range.h"
#include "source/scan_sys.h"

/* Nested deeper than this, an expression is unknown (and a pattern refutable). */
enum { MAX_NESTING = 60 };

enum truth truth_inverted(enum truth t)
{
	switch (t) {
	case ALWAYS_TRUE: return ALWAYS_FALSE;
	case MYPY_TRUE: return MYPY_FALSE;
	case ALWAYS_FALSE: return ALWAYS_TRUE;
	case MYPY_FALSE: return MYPY_TRUE;
	default: return TRUTH_UNKNOWN;
	}
}

static bool is_one_of(const struct token *t, const char *const *names)
{
	for (; names && *names; names++)
		if (token_is_name(t, *names))
			return true;
	return false;
}

static const char *const literal_names[] = { "None", "True", "False", 0 };
static const char *const prefix_words[] = { "not", "lambda", "await", "yield", 0 };

/* Behind the atom and its trailers that begin at r.from: `a`, `a.b(c)[d].e`, `"x".y`, `(x).y`. */
static uint32_t primary_end(struct range r)
{
	uint32_t i = r.from;
	const struct token *t = &r.tokens[i];
	if (t->kind == TOKEN_STRING)
		while (i + 1 < r.to && r.tokens[i + 1].kind == TOKEN_STRING)
			i++;
	else if (t->kind == TOKEN_OP && t->op == '.' && range_len(r) >= 3)
		i += 2; /* the ellipsis */
	else if (t->kind == TOKEN_OP && t->partner == i)
		return i;
	i = range_next(r, i);
	while (i < r.to && r.tokens[i].kind == TOKEN_OP) {
		bool call = token_is_op(&r.tokens[i], '(') || token_is_op(&r.tokens[i], '[');
		bool attribute = token_is_op(&r.tokens[i], '.') && i + 1 < r.to && r.tokens[i + 1].kind == TOKEN_NAME;
		if (!call && !attribute)
			break;
		i = call ? range_next(r, i) : i + 2;
	}
	return i;
}

/* The name of a name or of an attribute (`x` of `x`, `a.x`, `f().x`), or NULL when the expression is neither. */
static const struct token *name_of(struct range r)
{
	const struct token *first = range_token(r, 0);
	if (range_len(r) == 1)
		return first->kind == TOKEN_NAME && !is_one_of(first, literal_names) ? first : NULL;
	if (range_len(r) < 3 || is_one_of(first, prefix_words) || primary_end(r) != r.to)
		return NULL;
	const struct token *last = &r.tokens[r.to - 1];
	return last->kind == TOKEN_NAME && token_is_op(last - 1, '.') ? last : NULL;
}

static enum truth name_truth(const struct scan_options *options, const struct token *name)
{
	if (token_is_name(name, "TYPE_CHECKING") || token_is_name(name, "MYPY"))
		return MYPY_TRUE;
	if (token_is_name(name, "PY2"))
		return ALWAYS_FALSE;
	if (token_is_name(name, "PY3") || is_one_of(name, options->always_true))
		return ALWAYS_TRUE;
	return is_one_of(name, options->always_false) ? ALWAYS_FALSE : TRUTH_UNKNOWN;
}

static enum truth expression_truth(const struct evaluation *e, struct range r, int nesting);

/* `a or b or c`, `a and b and c`. `seen` collects the parts' values as bits; an unknown part has none. */
static enum truth joined_truth(const struct evaluation *e, struct range r, const char *word, int nesting)
{
	bool any = word[0] == 'o', unknown = false;
	unsigned seen = 0;
	while (r.from < r.to) {
		uint32_t at = range_find_name(r, word);
		enum truth t = expression_truth(e, range_part(r, r.from, at), nesting + 1);
		unknown = unknown || t == TRUTH_UNKNOWN;
		seen |= t;
		r.from = at < r.to ? at + 1 : r.to;
	}
	enum truth wins = any ? ALWAYS_TRUE : ALWAYS_FALSE, mypy_wins = any ? MYPY_TRUE : MYPY_FALSE;
	if (seen & wins)
		return wins;
	if (seen & mypy_wins)
		return mypy_wins;
	if (unknown || !seen)
		return TRUTH_UNKNOWN;
	/* Only losing values are left: `or` is false, `and` is true, and mypy weighs the mixture differently. */
	if (any)
		return seen == MYPY_FALSE ? MYPY_FALSE : ALWAYS_FALSE;
	return seen == ALWAYS_TRUE ? ALWAYS_TRUE : MYPY_TRUE;
}

/* Conditional expressions, lambdas, assignments, comprehensions, tuples. */
static bool is_beyond_us(struct range r)
{
	for (uint32_t i = r.from; i < r.to; i = range_next(r, i)) {
		const struct token *t = &r.tokens[i];
		if (token_is_op(t, ',') || token_is_op(t, OP_WALRUS) || token_is_name(t, "if") ||
		    token_is_name(t, "lambda") || token_is_name(t, "for") || token_is_name(t, "yield"))
			return true;
	}
	return false;
}

/* The comparison operator at token i: how many tokens it takes, 0 when there is none. */
static uint32_t comparison_at(struct range r, uint32_t i, int *ret_op)
{
	const struct token *t = &r.tokens[i];
	bool negated = token_is_name(t, "not") && i + 1 < r.to && token_is_name(t + 1, "in");
	if (t->kind == TOKEN_OP)
		*ret_op = t->op == '<' || t->op == '>' || (t->op >= OP_EQ && t->op <= OP_GE) ? t->op : 0;
	else
		*ret_op = negated ? OP_NOT_IN : token_is_name(t, "in") ? OP_IN : token_is_name(t, "is") ? OP_IS : 0;
	return negated ? 2 : *ret_op != 0;
}

/* An expression with one comparison operator; chains are unknown. *ret_found says whether there was one at all. */
static enum truth comparison_truth(const struct evaluation *e, struct range r, bool *ret_found)
{
	uint32_t at = 0, len = 0;
	int op = 0;
	for (uint32_t i = r.from; i < r.to; i = range_next(r, i)) {
		int found;
		uint32_t n = comparison_at(r, i, &found);
		if (!n)
			continue;
		*ret_found = true;
		if (len)
			return TRUTH_UNKNOWN;
		at = i;
		len = n;
		op = found;
		i += n - 1;
	}
	if (!len)
		return TRUTH_UNKNOWN;
	return sys_comparison(e, range_part(r, r.from, at), op, range_part(r, at + len, r.to));
}

static enum truth expression_truth(const struct evaluation *e, struct range r, int nesting)
{
	bool inverting = false, compared = false;
	r = range_without_parentheses(r);
	if (!range_len(r) || nesting > MAX_NESTING || is_beyond_us(r))
		return TRUTH_UNKNOWN;
	if (range_find_name(r, "or") < r.to)
		return joined_truth(e, r, "or", nesting);
	if (range_find_name(r, "and") < r.to)
		return joined_truth(e, r, "and", nesting);
	if (token_is_name(range_token(r, 0), "not")) {
		for (; range_len(r) && token_is_name(range_token(r, 0), "not"); r.from++)
			inverting = !inverting;
		enum truth t = expression_truth(e, r, nesting + 1);
		return inverting ? truth_inverted(t) : t;
	}
	enum truth t = comparison_truth(e, r, &compared);
	if (compared)
		return t;
	const struct token *name = name_of(r);
	return name ? name_truth(e->options, name) : sys_call(e, r);
}

enum truth condition_truth(const struct token_list *list, uint32_t from, uint32_t to,
                           const struct scan_options *options, struct arena *arena)
{
	struct evaluation e = { options, arena };
	return expression_truth(&e, (struct range){ list->items, from, to }, 0);
}

static bool pattern_range_matches_all(struct range r, int nesting)
{
	r = range_without_parentheses(r);
	if (!range_len(r) || nesting > MAX_NESTING || range_find_op(r, ',') < r.to || range_find_name(r, "as") < r.to)
		return false;
	uint32_t bar = range_find_op(r, '|');
	if (bar == r.to)
		return range_len(r) == 1 && name_of(r);
	while (r.from < r.to) {
		bar = range_find_op(r, '|');
		if (pattern_range_matches_all(range_part(r, r.from, bar), nesting + 1))
			return true;
		r.from = bar < r.to ? bar + 1 : r.to;
	}
	return false;
}

bool pattern_matches_all(const struct token_list *list, uint32_t from, uint32_t to)
{
	return pattern_range_matches_all((struct range){ list->items, from, to }, 0);
}
