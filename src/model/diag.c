#include "model/diag.h"

#include <string.h>

#include "model/record.h"

enum { HAS_PATH = 1, IS_NOTE = 2, HAS_CODE = 4, ALL_FLAGS = 7 };
enum { SMALLEST_DIAG = 1 + 4 * 4 + 4 };

static void encode(const struct diag *d, struct buf *out)
{
	buf_put_u8(out, (uint8_t)((d->path ? HAS_PATH : 0) | (d->is_note ? IS_NOTE : 0) | (d->code ? HAS_CODE : 0)));
	if (d->path)
		buf_put_str(out, d->path);
	buf_put_u32(out, (uint32_t)d->line);
	buf_put_u32(out, (uint32_t)d->column);
	buf_put_u32(out, (uint32_t)d->end_line);
	buf_put_u32(out, (uint32_t)d->end_column);
	buf_put_str(out, d->message);
	if (d->code)
		buf_put_str(out, d->code);
}

void diag_list_encode(const struct diag_list *list, struct buf *out)
{
	buf_put_u32(out, list->count);
	for (uint32_t i = 0; i < list->count; i++)
		encode(&list->items[i], out);
}

static void decode(struct reader *r, struct arena *arena, struct diag *ret)
{
	uint8_t flags = reader_u8(r);
	if (flags & ~ALL_FLAGS)
		r->failed = true;
	ret->is_note = flags & IS_NOTE;
	ret->path = flags & HAS_PATH ? record_string(r, arena) : NULL;
	ret->line = (int32_t)reader_u32(r);
	ret->column = (int32_t)reader_u32(r);
	ret->end_line = (int32_t)reader_u32(r);
	ret->end_column = (int32_t)reader_u32(r);
	ret->message = record_string(r, arena);
	ret->code = flags & HAS_CODE ? record_string(r, arena) : NULL;
}

bool diag_list_decode(struct reader *r, struct arena *arena, struct diag_list *ret)
{
	struct diag_list list = { NULL, reader_count(r, SMALLEST_DIAG) };
	list.items = ARENA_ARRAY(arena, struct diag, list.count);
	for (uint32_t i = 0; i < list.count && reader_ok(r); i++)
		decode(r, arena, &list.items[i]);
	if (!reader_ok(r))
		return false;
	*ret = list;
	return true;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool diag_equal(const struct diag *a, const struct diag *b)
{
	return same(a->path, b->path) && a->line == b->line && a->column == b->column && a->end_line == b->end_line &&
	       a->end_column == b->end_column && a->is_note == b->is_note && same(a->message, b->message) &&
	       same(a->code, b->code);
}

static const char *copy(struct arena *a, const char *s)
{
	return s ? arena_strdup(a, s) : NULL;
}

struct diag diag_decode_js(const struct js *j, struct arena *a)
{
	return (struct diag){
		.path = arena_strdup(a, js_string(js_at(j, 0), "")),
		.line = (int32_t)js_int(js_at(j, 1), -1),
		.column = (int32_t)js_int(js_at(j, 2), -1),
		.end_line = (int32_t)js_int(js_at(j, 3), -1),
		.end_column = (int32_t)js_int(js_at(j, 4), -1),
		.is_note = strcmp(js_string(js_at(j, 5), "error"), "note") == 0,
		.message = arena_strdup(a, js_string(js_at(j, 6), "")),
		.code = copy(a, js_string(js_at(j, 7), NULL)),
	};
}
