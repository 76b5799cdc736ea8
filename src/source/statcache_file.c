#include "source/statcache_file.h"

#include <string.h>

#include "model/record.h"

enum {
	VERSION = 1,
	SMALLEST_FILE = 4 + 5 * 8 + DIGEST_SIZE + 8,
	SMALLEST_KNOWN = 4 + SHA1_SIZE + 8 + DIGEST_SIZE,
};
static const char magic[] = "SEPS";

void statcache_file_encode(const struct statcache_file *f, struct buf *out)
{
	size_t start = record_begin(out, magic, VERSION);
	buf_put_u64(out, (uint64_t)f->saved_ns);
	buf_put_u32(out, f->file_count);
	for (uint32_t i = 0; i < f->file_count; i++) {
		const struct stat_record *r = &f->files[i];
		size_t at = out->len;
		if (i && strcmp(r[-1].path, r->path) >= 0)
			BUG("stat records are not sorted: %s before %s", r[-1].path, r->path);
		buf_put_str(out, r->path);
		buf_put_u64(out, r->size);
		buf_put_u64(out, (uint64_t)r->mtime_ns);
		buf_put_u64(out, (uint64_t)r->ctime_ns);
		buf_put_u64(out, r->inode);
		buf_put_u64(out, r->dev);
		buf_add(out, r->digest.bytes, DIGEST_SIZE);
		record_seal(out, at);
	}
	buf_put_u32(out, f->known_count);
	for (uint32_t i = 0; i < f->known_count; i++) {
		const struct known_content *k = &f->known[i];
		buf_put_bytes(out, (struct span){ (const char *)k->oid, k->oid_len });
		buf_put_u64(out, k->size);
		buf_add(out, k->digest.bytes, DIGEST_SIZE);
	}
	record_seal(out, start);
}

static void decode_digest(struct reader *r, struct digest *ret)
{
	struct span s = reader_raw(r, DIGEST_SIZE);
	memcpy(ret->bytes, s.data, s.len);
}

static void decode_file(struct reader *r, struct arena *arena, struct stat_record *ret)
{
	const char *start = r->at;
	ret->path = record_string(r, arena);
	ret->size = reader_u64(r);
	ret->mtime_ns = (int64_t)reader_u64(r);
	ret->ctime_ns = (int64_t)reader_u64(r);
	ret->inode = reader_u64(r);
	ret->dev = reader_u64(r);
	decode_digest(r, &ret->digest);
	uint64_t sum = hash_xxh3((struct span){ start, (size_t)(r->at - start) });
	if (reader_u64(r) != sum)
		r->failed = true;
}

static void decode_known(struct reader *r, struct known_content *ret)
{
	struct span oid = reader_bytes(r);
	if (oid.len != SHA1_SIZE && oid.len != DIGEST_SIZE) {
		r->failed = true;
		return;
	}
	memcpy(ret->oid, oid.data, oid.len);
	ret->oid_len = (uint32_t)oid.len;
	ret->size = reader_u64(r);
	decode_digest(r, &ret->digest);
}

bool statcache_file_decode(struct span bytes, struct arena *arena, struct statcache_file *ret)
{
	struct reader r;
	if (!record_open(bytes, magic, VERSION, &r))
		return false;
	struct statcache_file f = { .saved_ns = (int64_t)reader_u64(&r) };
	f.file_count = reader_count(&r, SMALLEST_FILE);
	f.files = ARENA_ARRAY(arena, struct stat_record, f.file_count);
	for (uint32_t i = 0; i < f.file_count && reader_ok(&r); i++) {
		decode_file(&r, arena, &f.files[i]);
		if (i && strcmp(f.files[i - 1].path, f.files[i].path) >= 0)
			return false;
	}
	f.known_count = reader_count(&r, SMALLEST_KNOWN);
	f.known = ARENA_ARRAY(arena, struct known_content, f.known_count);
	for (uint32_t i = 0; i < f.known_count && reader_ok(&r); i++)
		decode_known(&r, &f.known[i]);
	if (!reader_done(&r))
		return false;
	*ret = f;
	return true;
}
