/*
 * The stat cache's file (source/worktree.h uses it; nothing else reads it).
 *
 *   statcache := "SEPS" version:u8=1 saved_ns:u64 file_count:u32 file* known_count:u32 known* xxh3:u64(of all before)
 *   file      := path:bytes size:u64 mtime_ns:u64 ctime_ns:u64 inode:u64 dev:u64 sha256[32] xxh3:u64(of this file)
 *   known     := git_oid:bytes(20 or 32) size:u64 sha256[32]
 *
 * Integers are little-endian, `bytes` is a u32 length and the bytes, times are two's complement. Files are sorted by
 * path, each once; known contents are the most recently used first. A file that is not exactly this is an empty cache.
 */
#ifndef SEPAL_SOURCE_STATCACHE_FILE_H
#define SEPAL_SOURCE_STATCACHE_FILE_H

#include "base/arena.h"
#include "base/hash.h"

enum { GIT_OID_MAX = 32 };

struct stat_record {
	const char *path;
	uint64_t size;
	int64_t mtime_ns, ctime_ns;
	uint64_t inode, dev;
	struct digest digest;
};

struct known_content {
	unsigned char oid[GIT_OID_MAX];
	uint32_t oid_len;
	uint64_t size;
	struct digest digest;
};

struct statcache_file {
	int64_t saved_ns;
	struct stat_record *files;
	struct known_content *known;
	uint32_t file_count, known_count;
};

/* Files must be sorted. */
void statcache_file_encode(const struct statcache_file *f, struct buf *out);
/* Everything in *ret lives in `arena`. */
bool statcache_file_decode(struct span bytes, struct arena *arena, struct statcache_file *ret);

#endif
