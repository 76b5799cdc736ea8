/*
 * Ranges of tokens, the scanner's expressions: part of a token_list, walked on one bracket level. A range knows what it
 * is made of and not what it means; nothing here allocates.
 */
#ifndef SEPAL_SOURCE_SCAN_RANGE_H
#define SEPAL_SOURCE_SCAN_RANGE_H

#include "source/scan_token.h"

/* The tokens [from, to), all of one list. */
struct range {
	const struct token *tokens;
	uint32_t from, to;
};

uint32_t range_len(struct range r);
const struct token *range_token(struct range r, uint32_t i); /* counted from the range's start */
struct range range_part(struct range r, uint32_t from, uint32_t to);
/* Where the token after `i` on the same level is: behind the closing bracket when `i` opens one. */
uint32_t range_next(struct range r, uint32_t i);
/* Is this one group in brackets that begin with `open`? */
bool range_is_group(struct range r, int open);
struct range range_inside(struct range group);
/* The first of that name, or operator, on the range's own level; r.to when there is none. */
uint32_t range_find_name(struct range r, const char *name);
uint32_t range_find_op(struct range r, int op);
/* Takes the next item of a list off the front: what is before the first comma. False when there is none left. */
bool range_take_item(struct range *rest, struct range *ret);
/* Parentheses around one expression, not around a tuple, change nothing. */
struct range range_without_parentheses(struct range r);

#endif
