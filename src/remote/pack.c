#include "remote/pack.h"

#include <string.h>

#include "remote/zstd.h"

static const char MAGIC[] = "SEPZ";
enum { MAGIC_SIZE = 4, HEAD_SIZE = MAGIC_SIZE + 8 };

bool pack_record(struct span record, struct buf *out)
{
	if (record.len > PACK_LIMIT)
		return false;
	buf_add(out, MAGIC, MAGIC_SIZE);
	buf_put_u64(out, record.len);
	zstd_compress(record, out);
	return true;
}

bool unpack_record(struct span packed, struct buf *out)
{
	struct reader r = reader_of(packed);
	struct span magic = reader_raw(&r, MAGIC_SIZE);
	uint64_t size = reader_u64(&r);
	if (!reader_ok(&r) || memcmp(magic.data, MAGIC, MAGIC_SIZE) != 0 || size > PACK_LIMIT)
		return false;
	return zstd_decompress((struct span){ packed.data + HEAD_SIZE, packed.len - HEAD_SIZE }, size, out);
}
