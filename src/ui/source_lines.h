/*
 * A Python file's bytes as the lines that a diagnostic's line numbers count when mypy shows source
 * (mypy/util.py read_py_file, decode_python_encoding, find_python_encoding): byte order mark, PEP 263 declaration in
 * the first two lines, str.splitlines. Note that splitlines ends lines at form feeds too, as mypy's snippets do.
 *
 * UTF-8 (and ASCII, Latin-1) are decoded here, other encodings by the C library's iconv. A file that does not decode,
 * or whose encoding is unknown, has no lines: its diagnostics are printed without source.
 *
 * Ownership: lines point into the bytes that were given or into memory of this struct: keep both until
 * source_lines_release().
 */
#ifndef SEPAL_UI_SOURCE_LINES_H
#define SEPAL_UI_SOURCE_LINES_H

#include <stdint.h>

#include "base/buf.h"

struct source_lines {
	struct span *items; /* UTF-8, without line ends */
	uint32_t count, cap;
	struct buf decoded;
};

#define SOURCE_LINES_INIT { 0, 0, 0, BUF_INIT }

/* Replaces what *lines held. */
void source_lines_set(struct source_lines *lines, struct span bytes);
void source_lines_release(struct source_lines *lines);

/* The encoding that a PEP 263 comment declares, as written there; "utf8" when there is none. */
struct span source_encoding(struct span bytes);

#endif
