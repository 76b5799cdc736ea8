/*
 * Import statements, from behind their keyword: the list of imports under construction, and the line each stands on.
 * Knows nothing of what is around the statement.
 */
#ifndef SEPAL_SOURCE_SCAN_IMPORT_H
#define SEPAL_SOURCE_SCAN_IMPORT_H

#include "base/arena.h"
#include "source/scan.h"
#include "source/scan_token.h"

struct import_list {
	struct import *items; /* heap; the strings are the arena's */
	uint32_t count, cap;
	struct arena *arena;
	struct buf module;         /* scratch: the dotted name being read */
	const char **names;        /* scratch: the names of a from-import */
	uint32_t names_cap;
	const char *line_from;     /* lines are counted from here, where line `line` is */
	uint32_t line;
};

/* Lines are counted from `start`. */
void import_list_init(struct import_list *list, const char *start, struct arena *arena);
void import_list_release(struct import_list *list);

/* `import a.b as c, d`, the cursor behind `import`. Passes the statement. */
enum stop import_list_read_import(struct import_list *list, struct cursor *c);
/* `from ..a import (b as c, d)`, the cursor behind `from`, which is at `statement`. Passes the statement. */
enum stop import_list_read_from(struct import_list *list, struct cursor *c, const char *statement);

#endif
