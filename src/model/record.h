/*
 * Sealed records: the frame that every binary format of ours shares, so that a torn or altered one is told from a whole
 * one before its contents are looked at.
 *
 *   record := magic[4] version:u8 contents xxh3:u64(of all before)
 *
 * Integers are little-endian, `bytes` is a u32 length and the bytes (base/buf.h). Strings hold no NUL and are kept as
 * `bytes`. Decoders accept exactly what the encoders write, so a record that is accepted encodes to itself again.
 */
#ifndef SEPAL_MODEL_RECORD_H
#define SEPAL_MODEL_RECORD_H

#include "base/arena.h"
#include "base/buf.h"

/* Both append to `out`; the second seals what was written since the first returned `start`. */
size_t record_begin(struct buf *out, const char magic[5], uint8_t version);
void record_seal(struct buf *out, size_t start);

/* Is this a whole record, of whatever kind? */
bool record_intact(struct span record);
/* An intact record of this kind: *ret reads its contents. */
bool record_open(struct span record, const char magic[5], uint8_t version, struct reader *ret);
/* The next string, copied into `arena`; fails the reader when it holds a NUL. */
const char *record_string(struct reader *r, struct arena *arena);

#endif
