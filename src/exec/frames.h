/*
 * Frames: a 4-byte little-endian length and that many bytes, at most FRAME_LIMIT (doc/formats/worker.md). The reader
 * takes bytes as they come from a pipe and gives whole frames; it never allocates more than was announced and allowed.
 */
#ifndef SEPAL_EXEC_FRAMES_H
#define SEPAL_EXEC_FRAMES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum { FRAME_LIMIT = 64 * 1024 * 1024 };

struct frame_reader {
	struct buf bytes;
	size_t taken; /* bytes of the frame that was given last, dropped by the next call */
};

#define FRAME_READER_INIT { BUF_INIT, 0 }

void frame_reader_feed(struct frame_reader *r, struct span bytes);
/* *ret_there is false when no whole frame has arrived yet. The payload is valid until the next call on the reader. */
int frame_reader_next(struct frame_reader *r, struct span *ret, bool *ret_there, struct err *err) MUST_CHECK;
void frame_reader_release(struct frame_reader *r);

void frame_append(struct buf *out, struct span payload);

#endif
