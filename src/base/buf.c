#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct span span_of(const char *cstr)
{
	return (struct span){ cstr, strlen(cstr) };
}

bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool span_eq_str(struct span a, const char *cstr)
{
	return span_eq(a, span_of(cstr));
}

char *buf_room(struct buf *b, size_t len)
{
	size_t need = b->len + len + 1;
	if (need > b->cap) {
		size_t cap = b->cap ? b->cap : 64;
		while (cap < need)
			cap *= 2;
		b->data = xrealloc(b->data, cap);
		b->cap = cap;
	}
	return b->data + b->len;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	char *to = buf_room(b, len);
	if (len)
		memcpy(to, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_add_span(struct buf *b, struct span s)
{
	buf_add(b, s.data, s.len);
}

void buf_add_str(struct buf *b, const char *cstr)
{
	buf_add(b, cstr, strlen(cstr));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		BUG("bad format string: %s", fmt);
	char *to = buf_room(b, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len > b->len)
		BUG("buf_truncate to %zu of %zu", len, b->len);
	b->len = len;
	if (b->data)
		b->data[len] = '\0';
}

void buf_reset(struct buf *b)
{
	buf_truncate(b, 0);
}

void buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT;
}

char *buf_detach(struct buf *b)
{
	buf_room(b, 0)[0] = '\0';
	char *s = b->data;
	*b = (struct buf)BUF_INIT;
	return s;
}

struct span buf_span(const struct buf *b)
{
	return (struct span){ b->data ? b->data : "", b->len };
}

void buf_put_u8(struct buf *b, uint8_t v)
{
	buf_add(b, &v, 1);
}

void buf_put_u32(struct buf *b, uint32_t v)
{
	unsigned char x[4];
	for (int i = 0; i < 4; i++)
		x[i] = (unsigned char)(v >> (8 * i));
	buf_add(b, x, sizeof x);
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	buf_put_u32(b, (uint32_t)v);
	buf_put_u32(b, (uint32_t)(v >> 32));
}

void buf_put_bytes(struct buf *b, struct span s)
{
	if (s.len > UINT32_MAX)
		BUG("field of %zu bytes", s.len);
	buf_put_u32(b, (uint32_t)s.len);
	buf_add_span(b, s);
}

void buf_put_str(struct buf *b, const char *cstr)
{
	buf_put_bytes(b, span_of(cstr));
}

struct reader reader_of(struct span s)
{
	const char *at = s.data ? s.data : "";
	return (struct reader){ at, at + s.len, false };
}

struct span reader_raw(struct reader *r, size_t len)
{
	if (r->failed || (size_t)(r->end - r->at) < len) {
		r->failed = true;
		return (struct span){ "", 0 };
	}
	struct span s = { r->at, len };
	r->at += len;
	return s;
}

static uint64_t little_endian(struct reader *r, size_t n)
{
	struct span s = reader_raw(r, n);
	uint64_t v = 0;
	for (size_t i = 0; i < s.len; i++)
		v |= (uint64_t)(unsigned char)s.data[i] << (8 * i);
	return v;
}

uint8_t reader_u8(struct reader *r)
{
	return (uint8_t)little_endian(r, 1);
}

uint32_t reader_u32(struct reader *r)
{
	return (uint32_t)little_endian(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
	return little_endian(r, 8);
}

struct span reader_bytes(struct reader *r)
{
	uint32_t len = reader_u32(r);
	return reader_raw(r, len);
}

uint32_t reader_count(struct reader *r, size_t min_item)
{
	uint32_t n = reader_u32(r);
	if (!r->failed && n > (size_t)(r->end - r->at) / (min_item ? min_item : 1))
		r->failed = true;
	return r->failed ? 0 : n;
}

bool reader_ok(const struct reader *r)
{
	return !r->failed;
}

bool reader_done(const struct reader *r)
{
	return !r->failed && r->at == r->end;
}
