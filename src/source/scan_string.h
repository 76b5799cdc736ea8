/*
 * String literals: where one ends, and what a plain one says. Apart from scan_token.c because f-strings nest: a field
 * of an f-string holds any expression, hence strings, hence f-strings (PEP 701).
 */
#ifndef SEPAL_SOURCE_SCAN_STRING_H
#define SEPAL_SOURCE_SCAN_STRING_H

#include <stdbool.h>

#include "base/arena.h"
#include "source/scan_token.h"

/* enum string_prefix bits of a literal's prefix ("rb", "F"), or -1 when these letters are no prefix. */
int string_prefix_of(struct span letters);
/* The same for the letters in front of the quote at `quote`, not looking before `floor`; 0 when there are none. */
int string_prefix_before(const char *floor, const char *quote);

/* Where the literal ends whose opening quote is at `quote`: behind its closing quote; an unterminated one ends at its
 * line end, or at the end of the source when it is triple-quoted. The cursor stays, but notes what is in the fields:
 * t-strings, yields, comments. */
const char *string_end(struct cursor *c, const char *quote, int prefix);

/* The value of a str literal without fields, as UTF-8. False for f-, t- and bytes literals and for escapes that are not
 * known here (\N{...}). */
bool string_value(const struct token *t, struct arena *arena, struct span *ret);

#endif
