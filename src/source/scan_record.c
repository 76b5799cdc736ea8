/*
 * The scan cache's record, version 1:
 *
 *   record := u8 version=1, u8 flags (1: module_getattr, 2: template_strings), u32 count, import * count
 *   import := u8 kind, u8 strippable, u32 level, u32 line, bytes module, u32 count, bytes name * count
 *
 * `bytes` is base/buf.h's: a u32 length, then as many bytes. Only IMPORT_FROM has names. Strings hold no NUL.
 */
#include <string.h>

#include "source/scan.h"

enum {
	RECORD_VERSION = 1,
	FLAG_GETATTR = 1,
	FLAG_TEMPLATE_STRINGS = 2,
	MIN_IMPORT_SIZE = 1 + 1 + 4 + 4 + 4 + 4,
	MIN_NAME_SIZE = 4,
};

void scan_result_encode(const struct scan_result *result, struct buf *out)
{
	buf_put_u8(out, RECORD_VERSION);
	buf_put_u8(out, (uint8_t)((result->module_getattr ? FLAG_GETATTR : 0) |
	                          (result->template_strings ? FLAG_TEMPLATE_STRINGS : 0)));
	buf_put_u32(out, result->import_count);
	for (uint32_t i = 0; i < result->import_count; i++) {
		const struct import *import = &result->imports[i];
		buf_put_u8(out, (uint8_t)import->kind);
		buf_put_u8(out, import->strippable);
		buf_put_u32(out, import->level);
		buf_put_u32(out, import->line);
		buf_put_str(out, import->module);
		buf_put_u32(out, import->name_count);
		for (uint32_t n = 0; n < import->name_count; n++)
			buf_put_str(out, import->names[n]);
	}
}

static const char *decode_string(struct reader *r, struct arena *arena)
{
	struct span s = reader_bytes(r);
	if (s.len && memchr(s.data, 0, s.len))
		r->failed = true;
	return reader_ok(r) ? arena_strndup(arena, s.data, s.len) : "";
}

static void decode_import(struct reader *r, struct arena *arena, struct import *ret)
{
	uint8_t kind = reader_u8(r), strippable = reader_u8(r);
	ret->kind = (enum import_kind)kind;
	ret->strippable = strippable == 1;
	ret->level = reader_u32(r);
	ret->line = reader_u32(r);
	ret->module = decode_string(r, arena);
	ret->name_count = reader_count(r, MIN_NAME_SIZE);
	if (kind > IMPORT_STAR || strippable > 1 || (ret->name_count && kind != IMPORT_FROM))
		r->failed = true;
	if (!reader_ok(r))
		return;
	ret->names = ARENA_ARRAY(arena, const char *, ret->name_count);
	for (uint32_t n = 0; n < ret->name_count && reader_ok(r); n++)
		ret->names[n] = decode_string(r, arena);
}

bool scan_result_decode(struct span record, struct arena *arena, struct scan_result *ret)
{
	struct reader r = reader_of(record);
	uint8_t version = reader_u8(&r), flags = reader_u8(&r);
	uint32_t count = reader_count(&r, MIN_IMPORT_SIZE);
	if (!reader_ok(&r) || version != RECORD_VERSION || flags > (FLAG_GETATTR | FLAG_TEMPLATE_STRINGS))
		return false;
	struct import *imports = ARENA_ARRAY(arena, struct import, count);
	for (uint32_t i = 0; i < count && reader_ok(&r); i++)
		decode_import(&r, arena, &imports[i]);
	if (!reader_done(&r))
		return false;
	*ret = (struct scan_result){
		.imports = imports,
		.import_count = count,
		.module_getattr = (flags & FLAG_GETATTR) != 0,
		.template_strings = (flags & FLAG_TEMPLATE_STRINGS) != 0,
	};
	return true;
}
