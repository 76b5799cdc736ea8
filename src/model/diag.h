/*
 * One diagnostic as the checker reports it, and a module's list of them. The path of the module itself is not stored
 * (it differs between checkouts): `path` is NULL for "this module's own file" and a canonical path otherwise.
 *
 * Stored form, a part of the result record (model/result.h, which carries the version):
 *
 *   diagnostics := count:u32 diagnostic*
 *   diagnostic  := flags:u8 path:bytes? line:u32 column:u32 end_line:u32 end_column:u32 message:bytes code:bytes?
 *   flags       := 1 (a path follows) | 2 (a note) | 4 (a code follows)
 *
 * Numbers are two's complement.
 */
#ifndef SEPAL_MODEL_DIAG_H
#define SEPAL_MODEL_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"

struct diag {
	const char *path;     /* NULL: the module's own file; "" : no location, `message` is the whole line */
	int32_t line, column; /* mypy's: 1-based line, 0-based column, -1 unknown */
	int32_t end_line, end_column;
	bool is_note;         /* severity "note", else "error" */
	const char *message;
	const char *code; /* NULL if none */
};

struct diag_list {
	struct diag *items; /* in the checker's order */
	uint32_t count;
};

void diag_list_encode(const struct diag_list *list, struct buf *out);
/* Strings are copied into `arena`. */
bool diag_list_decode(struct reader *r, struct arena *arena, struct diag_list *ret);
/* As JSON, as the worker protocol has it (doc/formats/worker.md): [path, line, column, end_line, end_column, severity,
 * text, code]. A path that is null becomes "". What is not there gets a default; everything is copied into `arena`. */
struct diag diag_decode_js(const struct js *j, struct arena *arena);
bool diag_equal(const struct diag *a, const struct diag *b);

#endif
