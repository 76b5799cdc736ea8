#include "model/findings.h"

#include "model/record.h"

enum { BLOCKED = 1 };
enum { RAW = 1, TO_STDERR = 2, HAS_REAL = 4, ALL_FLAGS = 7 };
enum { SMALLEST_MODULE = 1 + 4 + 4 };

void findings_encode(const struct findings *f, struct buf *out)
{
	buf_put_str(out, f->checker);
	buf_put_str(out, f->version);
	buf_put_str(out, f->warnings);
	buf_put_u8(out, f->blocked ? BLOCKED : 0);
	buf_put_u32(out, f->sources);
	buf_put_u32(out, f->count);
	for (uint32_t i = 0; i < f->count; i++) {
		const struct finding_module *m = &f->modules[i];
		buf_put_u8(out, (uint8_t)((m->raw ? RAW : 0) | (m->to_stderr ? TO_STDERR : 0) | (m->real ? HAS_REAL : 0)));
		buf_put_str(out, m->path);
		if (m->real)
			buf_put_str(out, m->real);
		diag_list_encode(&m->diags, out);
	}
}

static void decode_module(struct reader *r, struct arena *arena, struct finding_module *ret)
{
	uint8_t flags = reader_u8(r);
	if (flags & ~ALL_FLAGS)
		r->failed = true;
	ret->raw = flags & RAW;
	ret->to_stderr = flags & TO_STDERR;
	ret->path = record_string(r, arena);
	ret->real = flags & HAS_REAL ? record_string(r, arena) : NULL;
	if (!diag_list_decode(r, arena, &ret->diags))
		r->failed = true;
}

bool findings_decode(struct reader *r, struct arena *arena, struct findings *ret)
{
	struct findings f = { .checker = record_string(r, arena), .version = record_string(r, arena) };
	f.warnings = record_string(r, arena);
	uint8_t flags = reader_u8(r);
	if (flags & ~BLOCKED)
		r->failed = true;
	f.blocked = flags & BLOCKED;
	f.sources = reader_u32(r);
	f.count = reader_count(r, SMALLEST_MODULE);
	f.modules = ARENA_ARRAY(arena, struct finding_module, f.count + 1);
	for (uint32_t i = 0; i < f.count && reader_ok(r); i++)
		decode_module(r, arena, &f.modules[i]);
	if (!reader_ok(r))
		return false;
	*ret = f;
	return true;
}
