/*
 * Text as Python's str sees it, over UTF-8 bytes: lengths and slices count code points, "space" and "line break" are
 * what str.isspace and str.splitlines take them to be, tabs go to multiples of eight. A byte that is not valid UTF-8
 * counts as one code point (U+DC00 + byte, Python's surrogateescape), so any bytes can be measured and sliced.
 *
 * Spans are borrowed; nothing here allocates but utf8_expand_tabs, which appends to a buf.
 */
#ifndef SEPAL_UI_UTF8_H
#define SEPAL_UI_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* The code point that `s` starts with and, in *ret_len, its bytes (1 to 4). `s` must not be empty. */
uint32_t utf8_decode(struct span s, size_t *ret_len);
bool utf8_valid(struct span s); /* as strict as bytes.decode("utf-8"): no surrogates, no overlong forms */

size_t utf8_len(struct span s);                     /* len(s) */
struct span utf8_head(struct span s, size_t count); /* s[:count] */
struct span utf8_tail(struct span s, size_t count); /* s[count:] */

bool utf8_is_space(uint32_t c);
size_t utf8_leading_space(struct span s); /* how many code points str.lstrip would remove */
/* Takes the next line off *rest, without its end, as str.splitlines does (CR LF is one end; so are VT, FF, U+2028 …).
 * False when nothing is left. */
bool utf8_next_line(struct span *rest, struct span *ret_line);

/* Appends s.expandtabs() and returns its length in code points; `out` may be NULL to measure only. */
size_t utf8_expand_tabs(struct span s, struct buf *out);

/* Byte offset of the first (last) `needle` in `s`, or -1: str.find and str.rfind, where only the order matters. */
ptrdiff_t span_find(struct span s, const char *needle);
ptrdiff_t span_find_last(struct span s, char needle);
bool span_starts(struct span s, const char *prefix);
struct span span_head(struct span s, size_t bytes); /* the first `bytes` bytes, which must be there */
struct span span_tail(struct span s, size_t bytes); /* all but the first `bytes` bytes */

#endif
