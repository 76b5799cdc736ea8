/*
 * The outermost form of a record that others will read: compressed, because most of what records say they say twice.
 *
 *   packed := "SEPZ" size:u64 content(Zstandard, `size` bytes in all)
 *
 * What the content means, and whether it is whole, is for its own decoder to say.
 */
#ifndef SEPAL_REMOTE_PACK_H
#define SEPAL_REMOTE_PACK_H

#include <stdbool.h>

#include "base/buf.h"

/* Nothing larger is packed or unpacked: bytes of the content. */
#define PACK_LIMIT ((size_t)256 << 20)

/* Appends; false, and nothing is appended: `record` is too large. */
bool pack_record(struct span record, struct buf *out);
/* Appends the content; false: these are not the bytes of a packed record, and what was appended is of no use. */
bool unpack_record(struct span packed, struct buf *out);

#endif
