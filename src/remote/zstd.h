/*
 * Zstandard, as the Remote Execution API uses it for blobs: one or more frames, whose content's length is known before.
 * The door of libzstd. Decoding is bounded: never more bytes than were promised, never a window of more than 32 MiB.
 */
#ifndef SEPAL_REMOTE_ZSTD_H
#define SEPAL_REMOTE_ZSTD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* One frame. Below ZSTD_WORTH_BYTES nobody should bother. */
enum { ZSTD_WORTH_BYTES = 512 };
void zstd_compress(struct span content, struct buf *out);

/* A decoder for frames that arrive in pieces and hold `size` bytes in all. */
struct zstd_decoder;
struct zstd_decoder *zstd_decoder_new(uint64_t size);
/* Appends to `out` what the piece yields; false: it is no Zstandard, or it yields more than was promised. */
bool zstd_decoder_add(struct zstd_decoder *d, struct span piece, struct buf *out);
/* Has everything come, and was it whole? */
bool zstd_decoder_is_done(const struct zstd_decoder *d);
void zstd_decoder_free(struct zstd_decoder *d); /* accepts NULL */

/* All in one piece. */
bool zstd_decompress(struct span compressed, uint64_t size, struct buf *out);

#endif
