/*
 * What mypy knows about a condition before it knows any type: comparisons of sys.version_info and sys.platform, the
 * names TYPE_CHECKING, MYPY, PY2, PY3, always_true and always_false, joined by not, and, or. The rules are those of
 * mypy/reachability.py as mypy's native parser applies them; where the two differ (integers beyond 32 bits, keyword
 * arguments of startswith) the native parser is followed, since it decides which imports mypy sees.
 *
 * Works on token ranges instead of a syntax tree: an expression that is none of the above is unknown, whatever it is.
 */
#ifndef SEPAL_SOURCE_SCAN_CONDITION_H
#define SEPAL_SOURCE_SCAN_CONDITION_H

#include "base/arena.h"
#include "source/scan.h"
#include "source/scan_token.h"

enum truth {
	TRUTH_UNKNOWN = 0,
	ALWAYS_TRUE = 1,
	MYPY_TRUE = 2, /* true for a type checker, false at run time */
	ALWAYS_FALSE = 4,
	MYPY_FALSE = 8,
};

static inline bool truth_is_true(enum truth t)
{
	return t == ALWAYS_TRUE || t == MYPY_TRUE;
}

static inline bool truth_is_false(enum truth t)
{
	return t == ALWAYS_FALSE || t == MYPY_FALSE;
}

enum truth truth_inverted(enum truth t);

/* The tokens [from, to) of `list`. String values go to `arena`. */
enum truth condition_truth(const struct token_list *list, uint32_t from, uint32_t to,
                           const struct scan_options *options, struct arena *arena);

/* Does the pattern of a case clause match anything: a capture, a wildcard, or an alternative that is one? */
bool pattern_matches_all(const struct token_list *list, uint32_t from, uint32_t to);

#endif
