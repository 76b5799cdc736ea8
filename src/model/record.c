#include "model/record.h"

#include <string.h>

#include "base/hash.h"

enum { MAGIC_SIZE = 4, SEAL_SIZE = 8 };

size_t record_begin(struct buf *out, const char magic[5], uint8_t version)
{
	size_t start = out->len;
	buf_add(out, magic, MAGIC_SIZE);
	buf_put_u8(out, version);
	return start;
}

void record_seal(struct buf *out, size_t start)
{
	buf_put_u64(out, hash_xxh3((struct span){ out->data + start, out->len - start }));
}

bool record_intact(struct span record)
{
	if (record.len < MAGIC_SIZE + 1 + SEAL_SIZE)
		return false;
	struct span sealed = { record.data, record.len - SEAL_SIZE };
	struct reader seal = reader_of((struct span){ record.data + sealed.len, SEAL_SIZE });
	return reader_u64(&seal) == hash_xxh3(sealed);
}

bool record_open(struct span record, const char magic[5], uint8_t version, struct reader *ret)
{
	if (!record_intact(record))
		return false;
	struct reader r = reader_of((struct span){ record.data, record.len - SEAL_SIZE });
	if (!span_eq(reader_raw(&r, MAGIC_SIZE), (struct span){ magic, MAGIC_SIZE }) || reader_u8(&r) != version)
		return false;
	*ret = r;
	return true;
}

const char *record_string(struct reader *r, struct arena *arena)
{
	struct span s = reader_bytes(r);
	if (memchr(s.data, 0, s.len))
		r->failed = true;
	return reader_ok(r) ? arena_strndup(arena, s.data, s.len) : "";
}
