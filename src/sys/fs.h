/*
 * Files, as the rest of the program wants them: whole reads with a limit, atomic writes, sorted listings, and failures
 * that are sentences. With sys/tmpdir, sys/lock and sys/child this is the only room where the disk or a process can
 * fail. It knows nothing of modules, stores or checkers.
 *
 * "Not there" (ENOENT, ENOTDIR on the way) is an answer, never an error, wherever a function has a place to say so:
 * fs_stat gives FILE_NONE, fs_read_if_there and fs_list give a flag, fs_unlink and fs_remove_tree succeed.
 * Everything else that the system refuses is ERR_IO with the path in the message and errno in err->sys_errno.
 *
 * Every descriptor is opened close-on-exec. Nothing here blocks on anything but the disk.
 */
#ifndef SEPAL_SYS_FS_H
#define SEPAL_SYS_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum file_kind {
	FILE_NONE = 0, /* there is no such thing */
	FILE_REGULAR,
	FILE_DIR,
	FILE_LINK, /* from fs_lstat and fs_list only: fs_stat follows links */
	FILE_OTHER,
};

/* What the stat cache compares. Times in nanoseconds since the epoch. */
struct file_stat {
	enum file_kind kind;
	uint64_t size;
	int64_t mtime_ns, ctime_ns;
	uint64_t inode, dev;
	uint32_t mode; /* permission bits */
};

int fs_stat(const char *path, struct file_stat *ret, struct err *err) MUST_CHECK;  /* follows links */
int fs_lstat(const char *path, struct file_stat *ret, struct err *err) MUST_CHECK; /* does not */
bool fs_is_file(const char *path); /* regular, links followed; false on any failure */
bool fs_is_dir(const char *path);
/* Had the file been left alone, with a clock tick to spare, when it was `since_ns` (wall clock)? Else it could have
 * been written again since then and look the same. */
bool fs_is_settled(const struct file_stat *s, int64_t since_ns);

/* Appends the whole file to `out`. A file of more than `limit` bytes is ERR_PROTOCOL, and `out` is as it was. */
int fs_read(const char *path, size_t limit, struct buf *out, struct err *err) MUST_CHECK;
/* The same, and a file that is not there is *ret_there = false with nothing appended. */
int fs_read_if_there(const char *path, size_t limit, struct buf *out, bool *ret_there, struct err *err) MUST_CHECK;

enum fs_write_flags {
	FS_WRITE_PARENTS = 1,    /* make missing parent directories */
	FS_WRITE_SYNC = 2,       /* fsync file and directory: survives a power cut */
	FS_WRITE_EXECUTABLE = 4, /* mode 0777 & ~umask instead of 0666 */
};

/*
 * Writes to a temporary file in the same directory and renames it into place: a reader sees the old bytes or the new
 * ones. On failure the temporary file is gone and `path` is as it was. Temporary names start with FS_TEMP_PREFIX,
 * so that a listing can tell what a killed process left behind.
 */
#define FS_TEMP_PREFIX ".tmp-"
int fs_write_atomic(const char *path, struct span bytes, unsigned flags, struct err *err) MUST_CHECK;
/* For files that the user names as an output: a file is replaced as a whole (fs_write_atomic); what cannot be replaced
 * (a pipe, a terminal, /dev/stdout) is written to. */
int fs_write_output(const char *path, struct span bytes, struct err *err) MUST_CHECK;
/* Makes a file that must not be there yet, with these permission bits (less the umask). Not atomic: for a file in a
 * directory of one's own that is moved into place when it is whole. On failure it is gone again. */
int fs_create(const char *path, struct span bytes, unsigned mode, struct err *err) MUST_CHECK;
/* Appends and leaves earlier bytes alone; makes the file when it is not there. One write(2) when the disk allows. */
int fs_append(const char *path, struct span bytes, struct err *err) MUST_CHECK;

int fs_mkdirs(const char *dir, struct err *err) MUST_CHECK;          /* like mkdir -p */
int fs_mkdir_parents(const char *path, struct err *err) MUST_CHECK;  /* the directories above `path` */
int fs_rename(const char *from, const char *to, struct err *err) MUST_CHECK;
int fs_link(const char *from, const char *to, struct err *err) MUST_CHECK; /* hard link, falls back to a copy */
int fs_symlink(const char *target, const char *path, struct err *err) MUST_CHECK;
int fs_unlink(const char *path, struct err *err) MUST_CHECK;
int fs_remove_tree(const char *path, struct err *err) MUST_CHECK; /* never follows links */
int fs_touch(const char *path, struct err *err) MUST_CHECK;       /* mtime becomes now */

struct fs_entry {
	const char *name; /* in the arena of the listing */
	enum file_kind kind;
};

struct fs_listing {
	bool there; /* false: no such directory */
	struct fs_entry *entries; /* sorted by name (bytes), without . and .. */
	size_t count;
};

int fs_list(const char *dir, struct arena *a, struct fs_listing *ret, struct err *err) MUST_CHECK;

int fs_cwd(struct arena *a, const char **ret, struct err *err) MUST_CHECK;
/* All links resolved; a path that is not there is ERR_IO. */
int fs_realpath(struct arena *a, const char *path, const char **ret, struct err *err) MUST_CHECK;

/*
 * Fault injection. In production fs_fault is NULL. A test points it at a function that is asked before each operation
 * on the disk and returns 0 (go on) or the errno the operation shall fail with; so "fail at step N, for every N" is a
 * loop around a counter. FS_OP_WRITE is asked once for each write(2).
 */
enum fs_op {
	FS_OP_OPEN,
	FS_OP_READ,
	FS_OP_WRITE,
	FS_OP_SYNC,
	FS_OP_RENAME,
	FS_OP_LINK,
	FS_OP_MKDIR,
	FS_OP_UNLINK,
};

extern int (*fs_fault)(enum fs_op op, const char *path);

#endif
