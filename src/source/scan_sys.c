#include "source/scan_sys.h"

#include <string.h>

#include "source/scan_string.h"

static bool is_sys_attribute(struct range r, const char *name)
{
	r = range_without_parentheses(r);
	if (range_len(r) < 3 || !token_is_name(&r.tokens[r.to - 1], name) || !token_is_op(&r.tokens[r.to - 2], '.'))
		return false;
	struct range base = range_without_parentheses(range_part(r, r.from, r.to - 2));
	return range_len(base) == 1 && token_is_name(range_token(base, 0), "sys");
}

static int digit_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'z' ? (c | 0x20) - 'a' + 10 : 99;
}

/* An integer literal that fits 32 bits. */
static bool int_value(struct range r, int64_t *ret)
{
	r = range_without_parentheses(r);
	if (range_len(r) != 1 || range_token(r, 0)->kind != TOKEN_NUMBER)
		return false;
	struct span text = range_token(r, 0)->text;
	size_t i = 0;
	int base = 10;
	if (text.len > 1 && text.data[0] == '0' && strchr("xXoObB", text.data[1])) {
		char letter = (char)(text.data[1] | 0x20);
		base = letter == 'x' ? 16 : letter == 'o' ? 8 : 2;
		i = 2;
	}
	for (*ret = 0; i < text.len; i++) {
		if (text.data[i] == '_')
			continue;
		if (digit_value(text.data[i]) >= base)
			return false;
		*ret = *ret * base + digit_value(text.data[i]);
		if (*ret > INT32_MAX)
			return false;
	}
	return true;
}

/* One of sys.version_info's uses: an element, or the slice [low, high) of its first two. */
struct version_use {
	bool element;
	int64_t low, high;
};

static bool slice_bound(struct range r, int64_t absent, int64_t *ret)
{
	if (!range_len(r)) {
		*ret = absent;
		return true;
	}
	return int_value(r, ret);
}

static bool version_use_of(struct range r, struct version_use *ret)
{
	r = range_without_parentheses(r);
	*ret = (struct version_use){ false, 0, 2 };
	if (is_sys_attribute(r, "version_info"))
		return true;
	if (range_len(r) < 3 || !token_is_op(&r.tokens[r.to - 1], ']'))
		return false;
	uint32_t open = r.tokens[r.to - 1].partner;
	if (open <= r.from || open >= r.to || !is_sys_attribute(range_part(r, r.from, open), "version_info"))
		return false;
	struct range index = range_part(r, open + 1, r.to - 1);
	uint32_t colon = range_find_op(index, ':');
	if (colon == index.to) {
		ret->element = true;
		return int_value(index, &ret->low);
	}
	struct range rest = range_part(index, colon + 1, index.to);
	uint32_t second = range_find_op(rest, ':');
	int64_t stride = 1;
	if (second < rest.to && !slice_bound(range_part(rest, second + 1, rest.to), 1, &stride))
		return false;
	return stride == 1 && slice_bound(range_part(index, index.from, colon), 0, &ret->low) &&
	       slice_bound(range_part(rest, rest.from, second), 2, &ret->high);
}

/* A tuple of integers, of which only the first three are kept: no longer one is ever compared. */
static bool int_tuple(struct range r, int64_t values[3], uint32_t *ret_count)
{
	r = range_without_parentheses(r);
	if (!range_is_group(r, '('))
		return false;
	struct range items = range_inside(r), item;
	*ret_count = 0;
	while (range_take_item(&items, &item)) {
		int64_t value;
		if (!int_value(item, &value))
			return false;
		if (*ret_count < 3)
			values[(*ret_count)++] = value;
	}
	return true;
}

static enum truth truth_of(bool value)
{
	return value ? ALWAYS_TRUE : ALWAYS_FALSE;
}

/* `order` is negative, zero or positive as the left side is less, equal or greater. */
static enum truth fixed_comparison(int order, int op)
{
	switch (op) {
	case OP_EQ: return truth_of(order == 0);
	case OP_NE: return truth_of(order != 0);
	case OP_LE: return truth_of(order <= 0);
	case OP_GE: return truth_of(order >= 0);
	case '<': return truth_of(order < 0);
	case '>': return truth_of(order > 0);
	default: return TRUTH_UNKNOWN;
	}
}

static int reversed(int op)
{
	switch (op) {
	case OP_LE: return OP_GE;
	case OP_GE: return OP_LE;
	case '<': return '>';
	case '>': return '<';
	default: return op;
	}
}

static int order_of(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* sys.version_info[i] against an integer; sys.version_info or a slice of it against a tuple of integers. */
static enum truth version_truth(const struct scan_options *options, struct version_use use, int op, struct range other)
{
	const int64_t version[2] = { options->python_major, options->python_minor };
	int64_t values[3];
	uint32_t count;
	if (use.element) {
		if (use.low < 0 || use.low > 1 || !int_value(other, values))
			return TRUTH_UNKNOWN;
		return fixed_comparison(order_of(version[use.low], values[0]), op);
	}
	if (use.low < 0 || use.low >= use.high || use.high > 2 || !int_tuple(other, values, &count))
		return TRUTH_UNKNOWN;
	uint32_t length = (uint32_t)(use.high - use.low);
	if (length < count || (length > count && (op == OP_EQ || op == OP_NE)))
		return TRUTH_UNKNOWN;
	for (uint32_t i = 0; i < count; i++)
		if (version[use.low + i] != values[i])
			return fixed_comparison(order_of(version[use.low + i], values[i]), op);
	return fixed_comparison(length > count, op);
}

static bool is_int_or_tuple(struct range r)
{
	int64_t values[3];
	uint32_t count;
	return int_value(r, values) || int_tuple(r, values, &count);
}

static enum truth version_comparison(const struct scan_options *options, struct range left, int op, struct range right)
{
	struct version_use use;
	if (version_use_of(left, &use) && is_int_or_tuple(right))
		return version_truth(options, use, op, right);
	return version_use_of(right, &use) ? version_truth(options, use, reversed(op), left) : TRUTH_UNKNOWN;
}

/* A string literal, or several side by side. */
static bool string_of(const struct evaluation *e, struct range r, struct span *ret)
{
	struct buf joined = BUF_INIT;
	bool ok = true;
	r = range_without_parentheses(r);
	for (uint32_t i = r.from; ok && i < r.to; i++) {
		struct span value;
		ok = r.tokens[i].kind == TOKEN_STRING && string_value(&r.tokens[i], e->arena, &value);
		if (ok)
			buf_add_span(&joined, value);
	}
	ok = ok && range_len(r);
	if (ok)
		*ret = arena_span(e->arena, buf_span(&joined));
	buf_release(&joined);
	return ok;
}

/* `x in (a, b)`, also with brackets or braces: all items must be strings. */
static enum truth platform_among(const struct evaluation *e, struct range r)
{
	bool found = false;
	r = range_without_parentheses(r);
	bool braces = range_is_group(r, '{');
	if (!braces && !range_is_group(r, '(') && !range_is_group(r, '['))
		return TRUTH_UNKNOWN;
	struct range items = range_inside(r), item;
	if (braces && !range_len(items))
		return TRUTH_UNKNOWN; /* a dict */
	while (range_take_item(&items, &item)) {
		struct span value;
		if (!string_of(e, item, &value))
			return TRUTH_UNKNOWN;
		found = found || span_eq_str(value, e->options->platform);
	}
	return truth_of(found);
}

/* `x in (a, b)`, `x == "a"` and their opposites, with sys.platform on the left. */
static enum truth platform_comparison(const struct evaluation *e, struct range left, int op, struct range right)
{
	struct span text;
	if (!is_sys_attribute(left, "platform"))
		return TRUTH_UNKNOWN;
	if (op == OP_IN || op == OP_NOT_IN) {
		enum truth among = platform_among(e, right);
		return op == OP_IN ? among : truth_inverted(among);
	}
	if ((op == OP_EQ || op == OP_NE) && string_of(e, right, &text))
		return truth_of(span_eq_str(text, e->options->platform) == (op == OP_EQ));
	return TRUTH_UNKNOWN;
}

enum truth sys_comparison(const struct evaluation *e, struct range left, int op, struct range right)
{
	enum truth t = version_comparison(e->options, left, op, right);
	return t != TRUTH_UNKNOWN ? t : platform_comparison(e, left, op, right);
}

enum truth sys_call(const struct evaluation *e, struct range r)
{
	if (range_len(r) < 4 || !token_is_op(&r.tokens[r.to - 1], ')'))
		return TRUTH_UNKNOWN;
	uint32_t open = r.tokens[r.to - 1].partner;
	if (open <= r.from || open >= r.to)
		return TRUTH_UNKNOWN;
	struct range callee = range_without_parentheses(range_part(r, r.from, open));
	struct range items = range_part(r, open + 1, r.to - 1), item;
	struct span text = { 0 };
	uint32_t positional = 0;
	if (range_len(callee) < 3 || !token_is_name(&callee.tokens[callee.to - 1], "startswith") ||
	    !token_is_op(&callee.tokens[callee.to - 2], '.') ||
	    !is_sys_attribute(range_part(callee, callee.from, callee.to - 2), "platform"))
		return TRUTH_UNKNOWN;
	while (range_take_item(&items, &item)) {
		bool keyword = range_len(item) >= 2 && token_is_op(range_token(item, 1), '=');
		bool mapping = range_len(item) && span_eq_str(range_token(item, 0)->text, "**");
		if (!keyword && !mapping && (positional++ || !string_of(e, item, &text)))
			return TRUTH_UNKNOWN;
	}
	if (!positional)
		return TRUTH_UNKNOWN;
	return truth_of(text.len <= strlen(e->options->platform) &&
	                (!text.len || !memcmp(text.data, e->options->platform, text.len)));
}

