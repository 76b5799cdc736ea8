/*
 * Proof that nothing an answer stands on has changed: files and directories with their stat data, paths that did not
 * exist, environment variables with their values. Kept beside an answer; a later run that finds it unchanged may use
 * the answer without reading a single file.
 *
 * Racily clean: a file whose times are not older than the moment the observer began (less a clock tick: fs_is_settled)
 * may have been edited after it was read without its stat data showing it, so a witness that holds one never holds.
 * A directory whose times moved is listed again: only names that can matter (Python files, directories, configuration,
 * path files, the mark of a repository) count, so editors' temporary files do not disturb.
 *
 *   witness := "SEPW" version:u8=2 count:u32 item* env_count:u32 (name:bytes there:u8 value:bytes)*
 *   item    := path:bytes kind:u8(255: racy) size:u64 mtime:u64 ctime:u64 inode:u64 dev:u64 listing:u64
 */
#ifndef SEPAL_SOURCE_WITNESS_H
#define SEPAL_SOURCE_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "sys/fs.h"

struct witness;

/* `began_ns`: wall clock when the observer began, before it looked at anything. */
struct witness *witness_new(int64_t began_ns);
void witness_free(struct witness *w);
/* Observe a path now: a file, a directory, or nothing. Watching a path twice is one observation. */
void witness_path(struct witness *w, const char *path);
/* The same with what somebody saw when he looked at the file, in this run and before he read it. */
void witness_seen(struct witness *w, const char *path, const struct file_stat *seen);
void witness_env(struct witness *w, const char *name);
/* Directories whose times are those of an earlier witness have the names that they had then, and are not listed again.
 * `old` reads one; before the first path. What is no witness is no help. */
void witness_recall(struct witness *w, struct reader *old);
void witness_encode(const struct witness *w, struct buf *out);

/* What is watched, in the order of the calls; *ret_kind is what was there. */
uint32_t witness_count(const struct witness *w);
const char *witness_at(const struct witness *w, uint32_t i, enum file_kind *ret_kind);
/* May a new, changed or deleted entry of this name in a watched directory matter, though nobody watches it itself? */
bool witness_name_matters(const char *name, bool is_dir);
/* Is the world still as it was observed? Never true when something is racily clean. */
bool witness_still_holds(const struct witness *w);
/* Has something changed for certain since the observer began? What is only racily clean is no news. */
bool witness_has_news(const struct witness *w);

/* Reads one witness from `r` and compares it with the world as it is now. False: something changed, or the record is
 * not a witness. *ret_changed (may be NULL) names the first thing that changed, borrowed from the reader's bytes. */
bool witness_holds(struct reader *r, struct span *ret_changed);

#endif
