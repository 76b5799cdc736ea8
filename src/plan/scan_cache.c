#include "plan/scan_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/xalloc.h"
#include "model/record.h"
#include "sys/fs.h"

enum { VERSION = 1, KEY_SIZE = DIGEST_SIZE + 8, FILE_LIMIT = 512 * 1024 * 1024, SPARE = 1024 };
static const char MAGIC[] = "SEPC";

struct entry {
	struct span record;
	bool used;
};

struct scan_cache {
	struct arena arena;
	char *path;
	struct buf file; /* records of old entries point into it */
	struct map index;
	struct entry *entries;
	uint32_t count, cap;
	bool changed;
};

static struct span make_key(struct arena *a, const struct digest *source, uint64_t options)
{
	struct buf b = BUF_INIT;
	buf_add(&b, source->bytes, DIGEST_SIZE);
	buf_put_u64(&b, options);
	struct span key = arena_span(a, buf_span(&b));
	buf_release(&b);
	return key;
}

static void add(struct scan_cache *c, struct span key, struct span record, bool used)
{
	bool fresh;
	uint32_t *at = map_put(&c->index, key, c->count, &fresh);
	if (fresh) {
		VEC_GROW(c->entries, c->count, c->cap);
		c->count++;
	}
	c->entries[*at] = (struct entry){ record, used };
}

static void load(struct scan_cache *c)
{
	struct err ignored = ERR_INIT;
	bool there;
	struct reader r;
	if (fs_read_if_there(c->path, FILE_LIMIT, &c->file, &there, &ignored) || !there ||
	    !record_open(buf_span(&c->file), MAGIC, VERSION, &r)) {
		err_release(&ignored);
		return;
	}
	uint32_t n = reader_count(&r, KEY_SIZE + 4);
	for (uint32_t i = 0; i < n; i++) {
		struct span key = reader_raw(&r, KEY_SIZE), record = reader_bytes(&r);
		if (!reader_ok(&r))
			return;
		add(c, key, record, false);
	}
}

struct scan_cache *scan_cache_open(const char *path)
{
	struct scan_cache *c = xcalloc(1, sizeof *c);
	c->path = xstrdup(path);
	load(c);
	return c;
}

bool scan_cache_get(struct scan_cache *c, const struct digest *source, uint64_t options, struct arena *arena,
                    struct scan_result *ret)
{
	char key[KEY_SIZE];
	memcpy(key, source->bytes, DIGEST_SIZE);
	for (int i = 0; i < 8; i++)
		key[DIGEST_SIZE + i] = (char)(options >> (8 * i));
	uint32_t *at = map_get(&c->index, (struct span){ key, KEY_SIZE });
	if (!at || !scan_result_decode(c->entries[*at].record, arena, ret))
		return false;
	c->entries[*at].used = true;
	return true;
}

void scan_cache_put(struct scan_cache *c, const struct digest *source, uint64_t options,
                    const struct scan_result *result)
{
	struct buf record = BUF_INIT;
	scan_result_encode(result, &record);
	add(c, make_key(&c->arena, source, options), arena_span(&c->arena, buf_span(&record)), true);
	buf_release(&record);
	c->changed = true;
}

static void put_entry(const struct scan_cache *c, uint32_t i, struct buf *out)
{
	buf_add_span(out, c->index.entries[i].key);
	buf_put_bytes(out, c->entries[i].record);
}

int scan_cache_save(struct scan_cache *c, struct err *err)
{
	if (!c->changed)
		return 0;
	uint32_t used = 0;
	for (uint32_t i = 0; i < c->count; i++)
		used += c->entries[i].used;
	uint32_t spare = c->count - used, room = 2 * used + SPARE;
	spare = spare < room ? spare : room;
	struct buf out = BUF_INIT;
	size_t start = record_begin(&out, MAGIC, VERSION);
	buf_put_u32(&out, used + spare);
	for (uint32_t i = 0; i < c->count; i++)
		if (c->entries[i].used)
			put_entry(c, i, &out);
	for (uint32_t i = 0; i < c->count && spare; i++)
		if (!c->entries[i].used) {
			put_entry(c, i, &out);
			spare--;
		}
	record_seal(&out, start);
	int failed = fs_write_atomic(c->path, buf_span(&out), 0, err);
	buf_release(&out);
	c->changed = c->changed && failed;
	return failed;
}

void scan_cache_free(struct scan_cache *c)
{
	if (!c)
		return;
	map_release(&c->index);
	arena_release(&c->arena);
	buf_release(&c->file);
	free(c->entries);
	free(c->path);
	free(c);
}
