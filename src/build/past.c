#include "build/past.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/xalloc.h"
#include "model/record.h"

enum { VERSION = 1, SMALLEST_MODULE = 4 + DIGEST_SIZE, SMALLEST_UNIT = DIGEST_SIZE + 4 + 4 };
static const char MAGIC[] = "SEPP";

struct past_module {
	struct span id;
	struct digest interface;
};

struct past {
	struct arena arena;
	struct buf file; /* everything points into it */
	uint64_t stamp;
	struct past_module *modules;
	uint32_t module_count;
	struct past_entry *units;
	uint32_t unit_count;
	struct map by_key; /* manifest key -> unit */
};

static void decode_modules(struct past *p, struct reader *r)
{
	p->module_count = reader_count(r, SMALLEST_MODULE);
	p->modules = ARENA_ARRAY(&p->arena, struct past_module, p->module_count + 1);
	for (uint32_t i = 0; i < p->module_count; i++) {
		p->modules[i].id = reader_bytes(r);
		struct span digest = reader_raw(r, DIGEST_SIZE);
		memcpy(p->modules[i].interface.bytes, digest.data, digest.len);
	}
}

static void decode_unit(struct past *p, struct reader *r, uint32_t at)
{
	struct past_entry *u = &p->units[at];
	struct span key = reader_raw(r, DIGEST_SIZE);
	u->used_count = reader_count(r, 4);
	u->used = reader_raw(r, (size_t)u->used_count * 4).data;
	u->result = reader_bytes(r);
	for (uint32_t i = 0; i < u->used_count && reader_ok(r); i++)
		if (past_used(u, i) >= p->module_count)
			r->failed = true;
	if (reader_ok(r))
		map_put(&p->by_key, key, at, NULL);
}

struct past *past_decode(struct buf *file)
{
	struct past *p = xcalloc(1, sizeof *p);
	struct reader r;
	p->file = *file;
	*file = (struct buf)BUF_INIT;
	if (!record_open(buf_span(&p->file), MAGIC, VERSION, &r)) {
		past_free(p);
		return NULL;
	}
	p->stamp = reader_u64(&r);
	decode_modules(p, &r);
	p->unit_count = reader_count(&r, SMALLEST_UNIT);
	p->units = ARENA_ARRAY(&p->arena, struct past_entry, p->unit_count + 1);
	for (uint32_t i = 0; i < p->unit_count && reader_ok(&r); i++)
		decode_unit(p, &r, i);
	if (!reader_done(&r)) {
		past_free(p);
		return NULL;
	}
	return p;
}

void past_free(struct past *p)
{
	if (!p)
		return;
	map_release(&p->by_key);
	buf_release(&p->file);
	arena_release(&p->arena);
	free(p);
}

uint64_t past_stamp(const struct past *p)
{
	return p->stamp;
}

uint32_t past_unit_count(const struct past *p)
{
	return p->unit_count;
}

bool past_find(const struct past *p, const struct digest *manifest_key, struct past_entry *ret)
{
	const uint32_t *at = map_get(&p->by_key, (struct span){ (const char *)manifest_key->bytes, DIGEST_SIZE });
	if (!at)
		return false;
	*ret = p->units[*at];
	return true;
}

uint32_t past_used(const struct past_entry *u, uint32_t i)
{
	struct reader r = reader_of((struct span){ u->used + 4 * (size_t)i, 4 });
	return reader_u32(&r);
}

uint32_t past_module_count(const struct past *p)
{
	return p->module_count;
}

struct span past_module_id(const struct past *p, uint32_t module)
{
	return p->modules[module].id;
}

const struct digest *past_interface(const struct past *p, uint32_t module)
{
	return &p->modules[module].interface;
}

/* ---- writing ---- */

struct past_writer past_begin(struct buf *out, uint64_t stamp, uint32_t module_count)
{
	struct past_writer w = { .out = out };
	w.start = record_begin(out, MAGIC, VERSION);
	buf_put_u64(out, stamp);
	buf_put_u32(out, module_count);
	return w;
}

void past_put_module(struct past_writer *w, const char *id, const struct digest *interface)
{
	buf_put_str(w->out, id);
	buf_add(w->out, interface->bytes, DIGEST_SIZE);
}

void past_begin_units(struct past_writer *w)
{
	w->count_at = w->out->len;
	buf_put_u32(w->out, 0);
}

void past_put_unit(struct past_writer *w, const struct digest *manifest_key, const uint32_t *used, uint32_t used_count,
                   struct span result)
{
	buf_add(w->out, manifest_key->bytes, DIGEST_SIZE);
	buf_put_u32(w->out, used_count);
	for (uint32_t i = 0; i < used_count; i++)
		buf_put_u32(w->out, used[i]);
	buf_put_bytes(w->out, result);
	w->unit_count++;
}

void past_end(struct past_writer *w)
{
	for (int i = 0; i < 4; i++)
		w->out->data[w->count_at + (size_t)i] = (char)(w->unit_count >> (8 * i));
	record_seal(w->out, w->start);
}
