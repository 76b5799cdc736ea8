/* Messages written by hand, so that a test can say what no encoder of ours would: tag, length, bytes. */
#ifndef SEPAL_TESTS_UNIT_REMOTE_WIRE_H
#define SEPAL_TESTS_UNIT_REMOTE_WIRE_H

#include <string.h>

#include "remote/messages.h"

static inline void wire_varint(struct buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_add_char(b, (char)(v | 0x80));
	buf_add_char(b, (char)v);
}

static inline void wire_int(struct buf *b, unsigned field, int64_t v)
{
	wire_varint(b, field << 3);
	wire_varint(b, (uint64_t)v);
}

static inline void wire_add(struct buf *b, unsigned field, struct span s)
{
	wire_varint(b, field << 3 | 2);
	wire_varint(b, s.len);
	buf_add_span(b, s);
}

static inline void wire_str(struct buf *b, unsigned field, const char *s)
{
	wire_add(b, field, span_of(s));
}

/* A message as a field; `inner` is empty afterwards. */
static inline void wire_sub(struct buf *b, unsigned field, struct buf *inner)
{
	wire_add(b, field, inner->data ? buf_span(inner) : span_of(""));
	buf_release(inner);
}

static inline void wire_digest_field(struct buf *b, unsigned field, const char *hash, int64_t size)
{
	struct buf d = BUF_INIT;
	wire_str(&d, 1, hash);
	wire_int(&d, 2, size);
	wire_sub(b, field, &d);
}

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static inline struct remote_blob blob_named(const char *hash, uint64_t size)
{
	struct remote_blob blob = { { { 0 } }, size };
	if (!digest_from_hex(&blob.digest, span_of(hash)))
		BUG("no digest: %s", hash);
	return blob;
}

#endif
