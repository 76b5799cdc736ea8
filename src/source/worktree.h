/*
 * Digests of files without reading them: a stat cache (size, mtime, ctime, inode, device, XXH3 of the record) kept per
 * work tree in the store's state directory, and git's index as a second witness that a file is unchanged since its
 * digest was taken. A file is read when its record does not match, or when the record is "racily clean": its mtime or
 * ctime is not older than the moment the cache was written (a later edit within the same clock tick would be missed).
 *
 * Order of calls: statcache_open, statcache_digest for each file wanted, statcache_save, statcache_free.
 */
#ifndef SEPAL_SOURCE_WORKTREE_H
#define SEPAL_SOURCE_WORKTREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

struct statcache;

/* `path` is the cache's file; a missing, torn or foreign file is an empty cache. `clock_ns` is wall-clock now, passed
 * in so that tests own time. */
int statcache_open(const char *path, int64_t clock_ns, struct statcache **ret, struct err *err) MUST_CHECK;
/* The SHA-256 of the file's bytes and its size. When the file had to be read and `ret_content` is not NULL, the bytes
 * are handed over there (else *ret_content stays empty): the scanner wants them next. Files over 64 MiB are refused. */
struct buf;
int statcache_digest(struct statcache *c, const char *abs_path, struct digest *ret, uint64_t *ret_size,
                     struct buf *ret_content, struct err *err) MUST_CHECK;
/* How many files were read since open: tests assert on it. */
uint64_t statcache_files_read(const struct statcache *c);
/* Writes what was asked for in this run (temp + rename); entries not asked for are dropped. */
int statcache_save(struct statcache *c, int64_t clock_ns, struct err *err) MUST_CHECK;
void statcache_free(struct statcache *c);

/* Git's index of the work tree that contains `dir`, by libgit2; *ret is NULL when there is none (not an error).
 * gitindex_digest answers from the index when its stat data match the file and the blob's SHA-256 is known from an
 * earlier run (`known` maps git object ids to SHA-256 digests and is kept in the stat cache's file). */
struct gitindex;
int gitindex_open(const char *dir, struct gitindex **ret, struct err *err) MUST_CHECK;
void gitindex_free(struct gitindex *g);
/* The git object id (20 or 32 bytes, *ret_len) of the file if it is tracked and its index stat data match; false else. */
bool gitindex_unchanged(struct gitindex *g, const char *abs_path, unsigned char ret_oid[32], unsigned *ret_len);
/* Lets statcache_digest use the index; borrowed. */
void statcache_use_git(struct statcache *c, struct gitindex *g);

#endif
