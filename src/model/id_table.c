#include "model/id_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "model/record.h"

void id_writer_add(struct id_writer *w, const char *id)
{
	map_put_str(&w->places, id, 0, NULL);
}

static int by_id(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void id_writer_encode(struct id_writer *w, struct buf *out)
{
	uint32_t count = w->places.count;
	const char **ids = xmalloc((count + 1) * sizeof *ids);
	for (uint32_t i = 0; i < count; i++)
		ids[i] = w->places.entries[i].key.data;
	qsort(ids, count, sizeof *ids, by_id);
	buf_put_u32(out, count);
	for (uint32_t i = 0; i < count; i++) {
		buf_put_str(out, ids[i]);
		*map_get_str(&w->places, ids[i]) = i;
	}
	free(ids);
}

void id_writer_put(const struct id_writer *w, const char *id, struct buf *out)
{
	buf_put_u32(out, *map_get_str(&w->places, id));
}

void id_writer_release(struct id_writer *w)
{
	map_release(&w->places);
}

void id_table_decode(struct reader *r, struct arena *arena, struct id_table *ret)
{
	ret->count = reader_count(r, 4);
	ret->names = ARENA_ARRAY(arena, const char *, ret->count);
	ret->taken = ARENA_ARRAY(arena, bool, ret->count);
	for (uint32_t i = 0; i < ret->count && reader_ok(r); i++) {
		ret->names[i] = record_string(r, arena);
		if (i && strcmp(ret->names[i - 1], ret->names[i]) >= 0)
			r->failed = true;
	}
}

const char *id_table_take(struct id_table *t, struct reader *r)
{
	uint32_t place = reader_u32(r);
	if (!reader_ok(r) || place >= t->count) {
		r->failed = true;
		return "";
	}
	t->taken[place] = true;
	return t->names[place];
}

bool id_table_all_taken(const struct id_table *t)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (!t->taken[i])
			return false;
	return true;
}
