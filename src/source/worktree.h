/*
 * Digests of files without reading them: a stat cache kept per work tree in the store's state directory
 * (source/statcache_file.h has its format), and git's index as a second witness that a file is unchanged.
 *
 * A file is read when it is new, or when its size, mtime, ctime, inode or device are not what they were, unless git's
 * index vouches for a content whose digest is known.
 *
 * *Racily clean* files are not remembered: a file that was written at (nearly) the moment we read it could be written
 * again within the same tick of the file system's clock and look the same. So a digest is kept only if the file's
 * mtime and ctime are at least a tick older than the beginning of the run that read it; that is stricter than comparing
 * with the moment the cache is saved, and does not depend on how long the run takes. If the clock has gone back since
 * the cache was saved, the cache is not believed.
 *
 * One run sees one state: a file is looked at once between open and save, and the same answer is given again.
 *
 * Order of calls: statcache_open, statcache_use_git (or not), statcache_digest for each file wanted, statcache_save,
 * statcache_free.
 */
#ifndef SEPAL_SOURCE_WORKTREE_H
#define SEPAL_SOURCE_WORKTREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

struct statcache;

/* `path` is the cache's file; a missing, torn or foreign file is an empty cache. `clock_ns` is wall-clock now, passed
 * in so that tests own time; call it before the first file of the run is looked at. */
int statcache_open(const char *path, int64_t clock_ns, struct statcache **ret, struct err *err) MUST_CHECK;
/* The SHA-256 of the file's bytes and its size. When the file had to be read and `ret_content` is not NULL, the bytes
 * are handed over there (else *ret_content stays empty): the scanner wants them next. Files over 64 MiB are refused. */
struct buf;
int statcache_digest(struct statcache *c, const char *abs_path, struct digest *ret, uint64_t *ret_size,
                     struct buf *ret_content, struct err *err) MUST_CHECK;
/* What was seen of the file when it was asked for in this run, before it was read; false: it was not. */
struct file_stat;
bool statcache_seen(const struct statcache *c, const char *abs_path, struct file_stat *ret);
/* How many files were read since open: tests assert on it. */
uint64_t statcache_files_read(const struct statcache *c);
/* Writes what was asked for in this run (temp + rename), if anything is new, and for other command lines as much of the
 * rest as there is room for. */
int statcache_save(struct statcache *c, int64_t clock_ns, struct err *err) MUST_CHECK;
void statcache_free(struct statcache *c);

/* The top of the git work tree that the absolute directory `dir` is in, else `dir` itself. Looked for by name: libgit2
 * takes longer than a run in which nothing changed. */
struct arena;
const char *worktree_root(struct arena *a, const char *dir);

/*
 * Git's index of the work tree that contains `dir`, by libgit2; *ret is NULL when there is none or it cannot be read
 * (not an error: it only saves reading).
 *
 * The stat cache remembers which git object id goes with which SHA-256 for every content it has read, so that a
 * checkout (new times, new inodes) of contents that were seen before needs no reading. An object id stands for the
 * bytes in the work tree only where git does not convert them: files with a `filter` attribute are never answered for,
 * and the size must be the object's, which rules out line-end and encoding conversions and `ident`.
 */
struct gitindex;
int gitindex_open(const char *dir, struct gitindex **ret, struct err *err) MUST_CHECK;
void gitindex_free(struct gitindex *g);
/* The git object id (20 or 32 bytes, *ret_len) of the file if it is tracked, its stat data are those in the index and
 * the index is newer than the file; false else. */
bool gitindex_unchanged(struct gitindex *g, const char *abs_path, unsigned char ret_oid[32], unsigned *ret_len);
/* Lets statcache_digest use the index; borrowed. */
void statcache_use_git(struct statcache *c, struct gitindex *g);

#endif
