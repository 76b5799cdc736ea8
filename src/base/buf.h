/*
 * Growing bytes with one owner. `data` is always NUL-terminated once anything was added (so it can be used as a C
 * string when it holds text), and `len` does not count the NUL. BUF_INIT is an empty buffer that owns nothing.
 *
 * The buf_put_* / reader_* pairs are the project's one binary encoding: fixed-width little-endian integers and
 * length-prefixed bytes. A reader keeps the first failure and then returns zeros, so that a decoder reads a whole
 * record and asks reader_ok() once; every length is checked against what is left before it is believed.
 */
#ifndef SEPAL_BASE_BUF_H
#define SEPAL_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Borrowed bytes: never freed by the one who holds a span. */
struct span {
	const char *data;
	size_t len;
};

struct span span_of(const char *cstr);
bool span_eq(struct span a, struct span b);
bool span_eq_str(struct span a, const char *cstr);

struct buf {
	char *data;
	size_t len, cap;
};

#define BUF_INIT { 0, 0, 0 }

void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_span(struct buf *b, struct span s);
void buf_add_str(struct buf *b, const char *cstr);
void buf_add_char(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
/* Makes room for `len` more bytes and returns where they start; the caller adds to b->len what it wrote. */
char *buf_room(struct buf *b, size_t len);
void buf_truncate(struct buf *b, size_t len);
void buf_reset(struct buf *b);   /* empty, keeps its memory */
void buf_release(struct buf *b); /* empty, frees */
char *buf_detach(struct buf *b); /* heap C string, the buffer becomes empty */
struct span buf_span(const struct buf *b);

void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);
void buf_put_bytes(struct buf *b, struct span s); /* u32 length, then the bytes */
void buf_put_str(struct buf *b, const char *cstr);

struct reader {
	const char *at, *end;
	bool failed;
};

struct reader reader_of(struct span s);
uint8_t reader_u8(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
struct span reader_bytes(struct reader *r);           /* the counterpart of buf_put_bytes; borrowed */
struct span reader_raw(struct reader *r, size_t len); /* exactly len bytes; borrowed */
/* A count of items of at least `min_item` bytes each: fails when that many cannot be left. */
uint32_t reader_count(struct reader *r, size_t min_item);
bool reader_ok(const struct reader *r);
bool reader_done(const struct reader *r); /* ok and nothing left */

#endif
