/*
 * Comments that change what mypy sees of a module: `# type: ignore` and `# mypy: ...` (mypy's native parser; the form
 * of the latter is mypy/config_parser.py's split_directive and mypy_comments_to_config_map). Knows one comment at a
 * time, from its `#` to before the line end.
 */
#ifndef SEPAL_SOURCE_SCAN_COMMENT_H
#define SEPAL_SOURCE_SCAN_COMMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/* Names, NULL-terminated once there is one. */
struct name_list {
	const char **items; /* heap */
	uint32_t count, cap;
};

/* What the `# mypy:` comments of a module ask for; the rest of what they may say does not concern imports. */
struct inline_options {
	struct name_list always_true, always_false;
	bool ignore_errors; /* the last one counts */
};

/* Does the comment hold a valid `type: ignore` or `mypy: ignore`, with or without error codes? */
bool comment_is_ignore(struct span comment);
/* Adds what a comment in the first column asks for; one that is no `# mypy:` adds nothing. Names go to `arena`. */
void inline_options_add(struct inline_options *options, struct span comment, struct arena *arena);
void inline_options_release(struct inline_options *options);

/* Appends to a list that stays NULL-terminated. */
void name_list_add(struct name_list *list, const char *name);

#endif
