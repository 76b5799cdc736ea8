#include "source/scan_range.h"

uint32_t range_len(struct range r)
{
	return r.to - r.from;
}

const struct token *range_token(struct range r, uint32_t i)
{
	return &r.tokens[r.from + i];
}

struct range range_part(struct range r, uint32_t from, uint32_t to)
{
	return (struct range){ r.tokens, from, to };
}

uint32_t range_next(struct range r, uint32_t i)
{
	uint32_t partner = r.tokens[i].partner;
	return partner > i && partner < r.to ? partner + 1 : i + 1;
}

bool range_is_group(struct range r, int open)
{
	return range_len(r) >= 2 && token_is_op(range_token(r, 0), open) && range_token(r, 0)->partner == r.to - 1;
}

struct range range_inside(struct range group)
{
	return range_part(group, group.from + 1, group.to - 1);
}

uint32_t range_find_name(struct range r, const char *name)
{
	uint32_t i = r.from;
	while (i < r.to && !token_is_name(&r.tokens[i], name))
		i = range_next(r, i);
	return i;
}

uint32_t range_find_op(struct range r, int op)
{
	uint32_t i = r.from;
	while (i < r.to && !token_is_op(&r.tokens[i], op))
		i = range_next(r, i);
	return i;
}

struct range range_without_parentheses(struct range r)
{
	while (range_is_group(r, '(') && range_len(r) > 2 && range_find_op(range_inside(r), ',') == r.to - 1)
		r = range_inside(r);
	return r;
}

bool range_take_item(struct range *rest, struct range *ret)
{
	if (rest->from >= rest->to)
		return false;
	uint32_t comma = range_find_op(*rest, ',');
	*ret = range_part(*rest, rest->from, comma);
	rest->from = comma < rest->to ? comma + 1 : rest->to;
	return true;
}
