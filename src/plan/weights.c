#include "plan/weights.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/xalloc.h"
#include "model/record.h"
#include "sys/fs.h"

enum { VERSION = 1, FILE_LIMIT = 256 * 1024 * 1024, SMALLEST_ENTRY = 12 };
static const char MAGIC[] = "SEPT";

/* Before anything was measured: a byte of source takes a microsecond, two fifths of it for the interface. */
enum { INTERFACE_SHARE = 2, BODIES_SHARE = 3, SHARES = INTERFACE_SHARE + BODIES_SHARE };

struct time_taken {
	uint32_t interface_us, bodies_us;
};

struct weights {
	struct arena arena;
	char *path;
	struct map index; /* name -> place in items */
	struct time_taken *items;
	uint32_t count, cap;
	bool changed;
};

static void put(struct weights *w, const char *name, struct time_taken t)
{
	bool fresh;
	uint32_t *at = map_put_str(&w->index, name, w->count, &fresh);
	if (fresh) {
		VEC_GROW(w->items, w->count, w->cap);
		w->count++;
	}
	w->items[*at] = t;
}

static void load(struct weights *w, struct span file)
{
	struct reader r;
	if (!record_open(file, MAGIC, VERSION, &r))
		return;
	uint32_t n = reader_count(&r, SMALLEST_ENTRY);
	for (uint32_t i = 0; i < n; i++) {
		const char *name = record_string(&r, &w->arena);
		struct time_taken t;
		t.interface_us = reader_u32(&r);
		t.bodies_us = reader_u32(&r);
		if (!reader_ok(&r))
			return;
		put(w, name, t);
	}
}

struct weights *weights_decode(struct span file, const char *path)
{
	struct weights *w = xcalloc(1, sizeof *w);
	w->path = xstrdup(path);
	load(w, file);
	return w;
}

struct weights *weights_open(const char *path)
{
	struct buf file = BUF_INIT;
	struct err ignored = ERR_INIT;
	bool there;
	if (fs_read_if_there(path, FILE_LIMIT, &file, &there, &ignored))
		err_release(&ignored);
	struct weights *w = weights_decode(buf_span(&file), path);
	buf_release(&file);
	return w;
}

void weights_free(struct weights *w)
{
	if (!w)
		return;
	map_release(&w->index);
	arena_release(&w->arena);
	free(w->items);
	free(w->path);
	free(w);
}

void weights_put(struct weights *w, const char *name, uint32_t interface_us, uint32_t bodies_us)
{
	put(w, arena_strdup(&w->arena, name), (struct time_taken){ interface_us, bodies_us });
	w->changed = true;
}

/* The weight of a byte of source, in thousandths, by what was measured of this plan's units. */
static uint64_t measure_bytes(const struct weights *w, const struct plan *p)
{
	uint64_t bytes = 0, spent = 0;
	for (uint32_t u = 0; u < p->unit_count; u++) {
		const uint32_t *at = map_get_str(&w->index, p->units[u].name);
		if (!at)
			continue;
		bytes += p->units[u].bytes;
		spent += (uint64_t)w->items[*at].interface_us + w->items[*at].bodies_us;
	}
	return bytes && spent ? spent * 1000 / bytes + 1 : 1000;
}

uint32_t weights_times(const struct weights *w, const struct plan *p, struct unit_time *ret)
{
	uint64_t per_byte = measure_bytes(w, p);
	uint32_t measured = 0;
	for (uint32_t u = 0; u < p->unit_count; u++) {
		const uint32_t *at = map_get_str(&w->index, p->units[u].name);
		uint64_t estimate = p->units[u].bytes * per_byte / 1000;
		ret[u].interface_us = at ? w->items[*at].interface_us : estimate * INTERFACE_SHARE / SHARES;
		ret[u].bodies_us = at ? w->items[*at].bodies_us : estimate * BODIES_SHARE / SHARES;
		ret[u].measured = at;
		measured += ret[u].measured;
	}
	return measured;
}

void weights_apply(const struct weights *w, struct plan *p)
{
	struct arena scratch = ARENA_INIT;
	struct unit_time *times = ARENA_ARRAY(&scratch, struct unit_time, p->unit_count + 1);
	uint64_t *interfaces = ARENA_ARRAY(&scratch, uint64_t, p->unit_count + 1);
	weights_times(w, p, times);
	for (uint32_t u = 0; u < p->unit_count; u++) {
		p->units[u].weight = 1 + times[u].interface_us + times[u].bodies_us;
		interfaces[u] = 1 + times[u].interface_us;
	}
	/* Dependents wait for the interfaces only. */
	const uint64_t *path = graph_critical_path(&p->graph, interfaces);
	for (uint32_t u = 0; u < p->unit_count; u++)
		p->units[u].priority = path[u];
	arena_release(&scratch);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void weights_encode(const struct weights *w, struct buf *out)
{
	const char **names = xmalloc((w->count + 1) * sizeof *names);
	for (uint32_t i = 0; i < w->count; i++)
		names[i] = w->index.entries[i].key.data;
	qsort(names, w->count, sizeof *names, by_name);
	size_t start = record_begin(out, MAGIC, VERSION);
	buf_put_u32(out, w->count);
	for (uint32_t i = 0; i < w->count; i++) {
		struct time_taken t = w->items[*map_get_str(&w->index, names[i])];
		buf_put_str(out, names[i]);
		buf_put_u32(out, t.interface_us);
		buf_put_u32(out, t.bodies_us);
	}
	record_seal(out, start);
	free(names);
}

int weights_save(struct weights *w, struct err *err)
{
	struct buf out = BUF_INIT;
	if (!w->changed)
		return 0;
	weights_encode(w, &out);
	int failed = fs_write_atomic(w->path, buf_span(&out), 0, err);
	w->changed = failed;
	buf_release(&out);
	return failed;
}
