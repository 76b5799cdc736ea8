/* mypy's fixed-format encoding, byte by byte. Knows tags, integers and strings; not what a file is made of. */
#include "checker/mypy_ff.h"

#include <string.h>

enum {
	ONE_BYTE_MIN = -10,
	ONE_BYTE_MAX = 117,
	TWO_BYTES_MIN = -100,
	TWO_BYTES_MAX = 16283,
	FOUR_BYTES_MIN = -10000,
	FOUR_BYTES_MAX = 536860911,
	LONG_MARK = 0x0f,
	JSON_DEPTH_MAX = 64, /* plugin data is a few levels deep; a file that nests more is not one of mypy's */
};

static void put_little_endian(struct buf *out, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		buf_put_u8(out, (uint8_t)(v >> (8 * i)));
}

void ff_put_int(struct buf *out, int64_t v)
{
	if (v >= ONE_BYTE_MIN && v <= ONE_BYTE_MAX) {
		put_little_endian(out, (uint64_t)(v - ONE_BYTE_MIN) << 1, 1);
	} else if (v >= TWO_BYTES_MIN && v <= TWO_BYTES_MAX) {
		put_little_endian(out, (uint64_t)(v - TWO_BYTES_MIN) << 2 | 1, 2);
	} else if (v >= FOUR_BYTES_MIN && v <= FOUR_BYTES_MAX) {
		put_little_endian(out, (uint64_t)(v - FOUR_BYTES_MIN) << 3 | 3, 4);
	} else {
		uint64_t magnitude = v < 0 ? -(uint64_t)v : (uint64_t)v;
		int bytes = 1;

		while (bytes < 8 && magnitude >> (8 * bytes))
			bytes++;
		buf_put_u8(out, LONG_MARK);
		ff_put_int(out, bytes * 2 + (v < 0));
		put_little_endian(out, magnitude, bytes);
	}
}

void ff_put_bare(struct buf *out, struct span s)
{
	ff_put_int(out, (int64_t)s.len);
	buf_add_span(out, s);
}

void ff_put_tag(struct buf *out, enum ff_tag tag)
{
	buf_put_u8(out, (uint8_t)tag);
}

void ff_put_tagged_int(struct buf *out, int64_t v)
{
	ff_put_tag(out, FF_INT);
	ff_put_int(out, v);
}

void ff_put_str(struct buf *out, const char *s)
{
	ff_put_tag(out, FF_STR);
	ff_put_bare(out, span_of(s));
}

void ff_put_bytes(struct buf *out, struct span s)
{
	ff_put_tag(out, FF_BYTES);
	ff_put_bare(out, s);
}

static void fail(struct reader *r)
{
	r->failed = true;
	r->at = r->end;
}

static uint64_t little_endian(struct reader *r, size_t bytes)
{
	struct span raw = reader_raw(r, bytes);
	uint64_t v = 0;

	for (size_t i = 0; i < raw.len; i++)
		v |= (uint64_t)(unsigned char)raw.data[i] << (8 * i);
	return v;
}

/* One of the three short forms, whose first byte was read already. */
static int64_t short_int(struct reader *r, uint8_t first)
{
	if (!(first & 1))
		return (first >> 1) + ONE_BYTE_MIN;
	if (!(first & 2))
		return (int64_t)((first | little_endian(r, 1) << 8) >> 2) + TWO_BYTES_MIN;
	if (!(first & 4))
		return (int64_t)((first | little_endian(r, 3) << 8) >> 3) + FOUR_BYTES_MIN;
	fail(r);
	return 0;
}

static int64_t long_int(struct reader *r)
{
	int64_t size_and_sign = short_int(r, reader_u8(r));
	uint64_t magnitude;

	if (size_and_sign < 2 || size_and_sign > 17) {
		fail(r);
		return 0;
	}
	magnitude = little_endian(r, (size_t)(size_and_sign >> 1));
	if (magnitude > (uint64_t)INT64_MAX) {
		if (!(size_and_sign & 1) || magnitude != (uint64_t)INT64_MAX + 1)
			fail(r);
		return r->failed ? 0 : INT64_MIN;
	}
	return size_and_sign & 1 ? -(int64_t)magnitude : (int64_t)magnitude;
}

int64_t ff_int(struct reader *r)
{
	uint8_t first = reader_u8(r);
	int64_t v = first == LONG_MARK ? long_int(r) : short_int(r, first);

	return r->failed ? 0 : v;
}

struct span ff_bare(struct reader *r)
{
	int64_t len = ff_int(r);

	if (len < 0 || len > r->end - r->at) {
		fail(r);
		return (struct span){ "", 0 };
	}
	return reader_raw(r, (size_t)len);
}

uint32_t ff_count(struct reader *r, size_t min_item)
{
	int64_t count = ff_int(r);

	if (count < 0 || count > UINT32_MAX || (uint64_t)count * min_item > (uint64_t)(r->end - r->at)) {
		fail(r);
		return 0;
	}
	return (uint32_t)count;
}

void ff_tag(struct reader *r, enum ff_tag expected)
{
	if (reader_u8(r) != expected)
		fail(r);
}

int64_t ff_tagged_int(struct reader *r)
{
	ff_tag(r, FF_INT);
	return ff_int(r);
}

bool ff_bool(struct reader *r)
{
	uint8_t tag = reader_u8(r);

	if (tag != FF_FALSE && tag != FF_TRUE)
		fail(r);
	return tag == FF_TRUE;
}

struct span ff_bytes(struct reader *r)
{
	ff_tag(r, FF_BYTES);
	return ff_bare(r);
}

static const char *bare_str(struct reader *r, struct arena *arena)
{
	struct span s = ff_bare(r);

	if (s.len && memchr(s.data, 0, s.len)) {
		fail(r);
		return "";
	}
	return arena_strndup(arena, s.data, s.len);
}

const char *ff_str(struct reader *r, struct arena *arena)
{
	ff_tag(r, FF_STR);
	return bare_str(r, arena);
}

const char *ff_str_or_none(struct reader *r, struct arena *arena)
{
	uint8_t tag = reader_u8(r);

	if (tag == FF_NONE)
		return NULL;
	if (tag != FF_STR)
		fail(r);
	return bare_str(r, arena);
}

const char **ff_str_list(struct reader *r, struct arena *arena, uint32_t *ret_count)
{
	const char **list;
	uint32_t count;

	ff_tag(r, FF_LIST_STR);
	count = ff_count(r, 1);
	list = ARENA_ARRAY(arena, const char *, (size_t)count + 1);
	for (uint32_t i = 0; i < count; i++)
		list[i] = bare_str(r, arena);
	if (ret_count)
		*ret_count = count;
	return list;
}

/* An integer of any size: plugin data may hold one that no int64_t does. */
static void skip_int(struct reader *r)
{
	uint8_t first = reader_u8(r);

	if (first == LONG_MARK) {
		int64_t size_and_sign = short_int(r, reader_u8(r));

		if (size_and_sign < 0)
			fail(r);
		else
			reader_raw(r, (size_t)(size_and_sign >> 1));
	} else {
		short_int(r, first);
	}
}

static void skip_json(struct reader *r, int depth)
{
	uint8_t tag = reader_u8(r);
	bool keyed = tag == FF_DICT_STR_GEN;
	uint32_t count;

	switch (tag) {
	case FF_FALSE:
	case FF_TRUE:
	case FF_NONE:
		return;
	case FF_INT:
		skip_int(r);
		return;
	case FF_STR:
		ff_bare(r);
		return;
	case FF_FLOAT:
		reader_raw(r, 8);
		return;
	case FF_LIST_GEN:
	case FF_TUPLE_GEN:
	case FF_DICT_STR_GEN:
		if (depth == JSON_DEPTH_MAX)
			break;
		count = ff_count(r, keyed ? 2 : 1);
		for (uint32_t i = 0; i < count && !r->failed; i++) {
			if (keyed)
				ff_bare(r);
			skip_json(r, depth + 1);
		}
		return;
	default:
		break;
	}
	fail(r);
}

struct span ff_json(struct reader *r)
{
	const char *start = r->at;

	skip_json(r, 0);
	return r->failed ? (struct span){ "", 0 } : (struct span){ start, (size_t)(r->at - start) };
}
