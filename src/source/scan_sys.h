/*
 * What sys.version_info and sys.platform say under the target version and platform: mypy/reachability.py's
 * consider_sys_version_info and consider_sys_platform. It knows single comparisons and calls, not what joins them.
 */
#ifndef SEPAL_SOURCE_SCAN_SYS_H
#define SEPAL_SOURCE_SCAN_SYS_H

#include "base/arena.h"
#include "source/scan_condition.h"
#include "source/scan_range.h"

struct evaluation {
	const struct scan_options *options;
	struct arena *arena; /* for strings */
};

/* Comparison operators that are words; the others are a token's op. */
enum word_op {
	OP_IN = 1,
	OP_NOT_IN = 2,
	OP_IS = 3,
};

/* left op right. */
enum truth sys_comparison(const struct evaluation *e, struct range left, int op, struct range right);
/* sys.platform.startswith("..."): one positional argument; keyword arguments do not count. */
enum truth sys_call(const struct evaluation *e, struct range r);

#endif
