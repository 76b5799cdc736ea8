/*
 * The store's and the caches' own binary records: result, manifest, scan result, stat cache, bodies. The first byte
 * says which; the rest is read as it is, and once more with the checksum that belongs to it, so that inputs get past
 * the checksum. What a decoder accepts, its encoder writes in a form that the decoder accepts again, byte for byte the
 * same.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "model/bodies.h"
#include "model/result.h"
#include "source/scan.h"
#include "source/statcache_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool recode_result(struct span record, struct arena *a, struct buf *out)
{
	struct result r;
	if (!result_decode(record, a, &r))
		return false;
	result_encode(&r, out);
	return true;
}

static bool recode_manifest(struct span record, struct arena *a, struct buf *out)
{
	struct manifest m;
	if (!manifest_decode(record, a, &m))
		return false;
	manifest_encode(&m, out);
	return true;
}

static bool recode_scan(struct span record, struct arena *a, struct buf *out)
{
	struct scan_result s;
	if (!scan_result_decode(record, a, &s))
		return false;
	scan_result_encode(&s, out);
	return true;
}

static bool recode_statcache(struct span record, struct arena *a, struct buf *out)
{
	struct statcache_file f;
	if (!statcache_file_decode(record, a, &f))
		return false;
	statcache_file_encode(&f, out);
	return true;
}

static bool recode_bodies(struct span record, struct arena *a, struct buf *out)
{
	struct bodies b;
	if (!bodies_decode(record, a, &b))
		return false;
	bodies_encode(&b, out);
	return true;
}

static bool (*const recoders[])(struct span record, struct arena *a, struct buf *out) = {
	recode_result,
	recode_manifest,
	recode_scan,
	recode_statcache,
	recode_bodies,
};

static void try_record(size_t kind, struct span record)
{
	struct arena a = ARENA_INIT;
	struct buf once = BUF_INIT, twice = BUF_INIT;
	if (recoders[kind](record, &a, &once)) {
		if (!recoders[kind](buf_span(&once), &a, &twice))
			BUG("a record of kind %zu that was written is refused", kind);
		if (!span_eq(buf_span(&once), buf_span(&twice)))
			BUG("a record of kind %zu is written differently the second time", kind);
	}
	buf_release(&once);
	buf_release(&twice);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	size_t kind = data[0] % (sizeof recoders / sizeof *recoders);
	struct span record = { (const char *)data + 1, size - 1 };
	try_record(kind, record);
	struct buf sealed = BUF_INIT;
	buf_add_span(&sealed, record);
	buf_put_u64(&sealed, hash_xxh3(record));
	try_record(kind, buf_span(&sealed));
	buf_release(&sealed);
	return 0;
}
