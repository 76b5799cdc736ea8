#include "model/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/xalloc.h"
#include "model/record.h"

enum { VERSION = 1, SMALLEST_ENTRY = DIGEST_SIZE + 4, SMALLEST_USED = 4 + DIGEST_SIZE };
static const char magic[] = "SEPM";

static int by_id(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The sorted table of all ids, and a map from id to its place there. */
static void collect_ids(const struct manifest *m, const char ***ret_ids, struct map *ret_index)
{
	struct map seen = MAP_INIT;
	for (uint32_t e = 0; e < m->entry_count; e++)
		for (uint32_t u = 0; u < m->entries[e].used_count; u++)
			map_put_str(&seen, m->entries[e].used[u].id, 0, NULL);
	const char **ids = xmalloc((seen.count + 1) * sizeof *ids);
	for (uint32_t i = 0; i < seen.count; i++)
		ids[i] = seen.entries[i].key.data;
	qsort(ids, seen.count, sizeof *ids, by_id);
	for (uint32_t i = 0; i < seen.count; i++)
		map_put_str(ret_index, ids[i], i, NULL);
	map_release(&seen);
	*ret_ids = ids;
}

void manifest_encode(const struct manifest *m, struct buf *out)
{
	if (m->entry_count > MANIFEST_ENTRIES)
		BUG("a manifest of %u entries", m->entry_count);
	const char **ids;
	struct map index = MAP_INIT;
	collect_ids(m, &ids, &index);
	size_t start = record_begin(out, magic, VERSION);
	buf_put_u32(out, index.count);
	for (uint32_t i = 0; i < index.count; i++)
		buf_put_str(out, ids[i]);
	buf_put_u32(out, m->entry_count);
	for (uint32_t e = 0; e < m->entry_count; e++) {
		const struct manifest_entry *entry = &m->entries[e];
		buf_add(out, entry->result.bytes, DIGEST_SIZE);
		buf_put_u32(out, entry->used_count);
		for (uint32_t u = 0; u < entry->used_count; u++) {
			if (u && strcmp(entry->used[u - 1].id, entry->used[u].id) >= 0)
				BUG("used interfaces are not sorted: %s before %s", entry->used[u - 1].id, entry->used[u].id);
			buf_put_u32(out, *map_get_str(&index, entry->used[u].id));
			buf_add(out, entry->used[u].interface.bytes, DIGEST_SIZE);
		}
	}
	record_seal(out, start);
	free(ids);
	map_release(&index);
}

struct ids {
	const char **names;
	bool *used;
	uint32_t count;
};

static void decode_ids(struct reader *r, struct arena *arena, struct ids *ret)
{
	ret->count = reader_count(r, 4);
	ret->names = ARENA_ARRAY(arena, const char *, ret->count);
	ret->used = ARENA_ARRAY(arena, bool, ret->count);
	for (uint32_t i = 0; i < ret->count && reader_ok(r); i++) {
		ret->names[i] = record_string(r, arena);
		if (i && strcmp(ret->names[i - 1], ret->names[i]) >= 0)
			r->failed = true;
	}
}

static struct digest decode_digest(struct reader *r)
{
	struct digest d = { { 0 } };
	struct span s = reader_raw(r, DIGEST_SIZE);
	memcpy(d.bytes, s.data, s.len);
	return d;
}

static void decode_entry(struct reader *r, struct arena *arena, struct ids *ids, struct manifest_entry *ret)
{
	ret->result = decode_digest(r);
	ret->used_count = reader_count(r, SMALLEST_USED);
	ret->used = ARENA_ARRAY(arena, struct used, ret->used_count);
	uint32_t next = 0; /* the smallest index that keeps the list sorted */
	for (uint32_t u = 0; u < ret->used_count; u++) {
		uint32_t i = reader_u32(r);
		if (i < next || i >= ids->count) {
			r->failed = true;
			return;
		}
		next = i + 1;
		ids->used[i] = true;
		ret->used[u] = (struct used){ ids->names[i], decode_digest(r) };
	}
}

bool manifest_decode(struct span record, struct arena *arena, struct manifest *ret)
{
	struct reader r;
	if (!record_open(record, magic, VERSION, &r))
		return false;
	struct ids ids;
	decode_ids(&r, arena, &ids);
	struct manifest m = { NULL, reader_count(&r, SMALLEST_ENTRY) };
	if (m.entry_count > MANIFEST_ENTRIES)
		return false;
	m.entries = ARENA_ARRAY(arena, struct manifest_entry, m.entry_count);
	for (uint32_t e = 0; e < m.entry_count && reader_ok(&r); e++)
		decode_entry(&r, arena, &ids, &m.entries[e]);
	if (!reader_done(&r))
		return false;
	for (uint32_t i = 0; i < ids.count; i++)
		if (!ids.used[i])
			return false;
	*ret = m;
	return true;
}

static bool same_used(const struct manifest_entry *a, const struct manifest_entry *b)
{
	if (a->used_count != b->used_count)
		return false;
	for (uint32_t u = 0; u < a->used_count; u++)
		if (!digest_eq(&a->used[u].interface, &b->used[u].interface) || strcmp(a->used[u].id, b->used[u].id) != 0)
			return false;
	return true;
}

static struct manifest_entry copy_entry(const struct manifest_entry *e, struct arena *arena)
{
	struct manifest_entry copy = { e->result, ARENA_ARRAY(arena, struct used, e->used_count), e->used_count };
	for (uint32_t u = 0; u < e->used_count; u++)
		copy.used[u] = (struct used){ arena_strdup(arena, e->used[u].id), e->used[u].interface };
	return copy;
}

void manifest_add(const struct manifest *m, const struct manifest_entry *entry, struct arena *arena,
                  struct manifest *ret)
{
	struct manifest added = { ARENA_ARRAY(arena, struct manifest_entry, MANIFEST_ENTRIES), 0 };
	added.entries[added.entry_count++] = copy_entry(entry, arena);
	for (uint32_t e = 0; e < m->entry_count && added.entry_count < MANIFEST_ENTRIES; e++)
		if (!same_used(&m->entries[e], entry))
			added.entries[added.entry_count++] = copy_entry(&m->entries[e], arena);
	*ret = added;
}
