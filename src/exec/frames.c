#include "exec/frames.h"

#include <string.h>

enum { HEADER = 4 };

static void drop_taken(struct frame_reader *r)
{
	if (!r->taken)
		return;
	memmove(r->bytes.data, r->bytes.data + r->taken, r->bytes.len - r->taken);
	buf_truncate(&r->bytes, r->bytes.len - r->taken);
	r->taken = 0;
}

void frame_reader_feed(struct frame_reader *r, struct span bytes)
{
	drop_taken(r);
	buf_add_span(&r->bytes, bytes);
}

int frame_reader_next(struct frame_reader *r, struct span *ret, bool *ret_there, struct err *err)
{
	/* Frames that arrived together are given one after the other without moving the rest each time. */
	struct span rest = { r->bytes.data + r->taken, r->bytes.len - r->taken };
	*ret_there = false;
	if (rest.len < HEADER) {
		drop_taken(r);
		return 0;
	}
	struct reader header = reader_of((struct span){ rest.data, HEADER });
	uint32_t length = reader_u32(&header);
	if (length > FRAME_LIMIT)
		return err_set(err, ERR_PROTOCOL,
		               "the worker announced a frame of %u bytes, more than the %d that are allowed; it is not a "
		               "sepal worker or printed something of its own", length, FRAME_LIMIT);
	if (rest.len - HEADER < length) {
		drop_taken(r);
		return 0;
	}
	*ret = (struct span){ rest.data + HEADER, length };
	*ret_there = true;
	r->taken += HEADER + length;
	return 0;
}

void frame_reader_release(struct frame_reader *r)
{
	buf_release(&r->bytes);
	r->taken = 0;
}

void frame_append(struct buf *out, struct span payload)
{
	if (payload.len > FRAME_LIMIT)
		BUG("frame of %zu bytes", payload.len);
	buf_put_bytes(out, payload);
}
