/* Reading, writing and asking about single files. Directories and trees are in fs_tree.c. */
#include "sys/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "sys/fs_internal.h"

int (*fs_fault)(enum fs_op op, const char *path);

bool fs_faulty(enum fs_op op, const char *path)
{
	int injected = fs_fault ? fs_fault(op, path) : 0;
	if (injected)
		errno = injected;
	return injected != 0;
}

bool fs_errno_is_absence(void)
{
	return errno == ENOENT || errno == ENOTDIR;
}

enum file_kind fs_kind_of_mode(unsigned mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return FILE_REGULAR;
	case S_IFDIR:
		return FILE_DIR;
	case S_IFLNK:
		return FILE_LINK;
	default:
		return FILE_OTHER;
	}
}

static int64_t timespec_ns(struct timespec t)
{
	return (int64_t)t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int convert_stat(int rc, const struct stat *st, const char *path, struct file_stat *ret, struct err *err)
{
	if (rc != 0) {
		if (!fs_errno_is_absence())
			return err_set_errno(err, ERR_IO, "cannot look at %s", path);
		*ret = (struct file_stat){ .kind = FILE_NONE };
		return 0;
	}
	*ret = (struct file_stat){
		.kind = fs_kind_of_mode(st->st_mode),
		.size = (uint64_t)st->st_size,
		.mtime_ns = timespec_ns(st->st_mtim),
		.ctime_ns = timespec_ns(st->st_ctim),
		.inode = st->st_ino,
		.dev = st->st_dev,
		.mode = st->st_mode & 07777,
	};
	return 0;
}

int fs_stat(const char *path, struct file_stat *ret, struct err *err)
{
	struct stat st;
	return convert_stat(stat(path, &st), &st, path, ret, err);
}

int fs_lstat(const char *path, struct file_stat *ret, struct err *err)
{
	struct stat st;
	return convert_stat(lstat(path, &st), &st, path, ret, err);
}

bool fs_is_file(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool fs_is_dir(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool fs_is_settled(const struct file_stat *s, int64_t since_ns)
{
	/* The kernel's clock for files ticks at 100 Hz at the slowest; twice that. File systems without fractions of a
	 * second (FAT: two seconds) show it in every time they give. */
	static const int64_t second_ns = INT64_C(1000000000), fine_ns = 20 * INT64_C(1000000);
	int64_t newest = s->mtime_ns > s->ctime_ns ? s->mtime_ns : s->ctime_ns;
	bool coarse = s->mtime_ns % second_ns == 0 && s->ctime_ns % second_ns == 0;
	return newest < since_ns - (coarse ? 2 * second_ns : fine_ns);
}

/* Reads to the end whatever fstat said: files in /proc have size 0, and a file may grow while it is read. */
static int read_all(int fd, const char *path, size_t limit, struct buf *out, struct err *err)
{
	size_t start = out->len;
	struct stat st;
	size_t room = fstat(fd, &st) == 0 && st.st_size > 0 ? (size_t)st.st_size + 1 : 4096;
	if (room > limit)
		room = limit < SIZE_MAX ? limit + 1 : limit; /* one more than allowed, to notice that there is more */
	for (;;) {
		char *at = buf_room(out, room);
		*at = '\0'; /* an empty file is an empty string */
		ssize_t n = fs_faulty(FS_OP_READ, path) ? -1 : read(fd, at, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, ERR_IO, "cannot read %s", path);
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
		if (out->len - start > limit)
			return err_set(err, ERR_PROTOCOL, "%s has more than the %zu bytes that are read of such a file",
				       path, limit);
		room = (size_t)n == room ? 65536 : room - (size_t)n;
	}
}

int fs_read_if_there(const char *path, size_t limit, struct buf *out, bool *ret_there, struct err *err)
{
	size_t start = out->len;
	int fd = fs_faulty(FS_OP_OPEN, path) ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		if (!fs_errno_is_absence())
			return err_set_errno(err, ERR_IO, "cannot open %s", path);
		*ret_there = false;
		return 0;
	}
	int rc = read_all(fd, path, limit, out, err);
	close(fd);
	if (rc != 0) {
		buf_truncate(out, start);
		return -1;
	}
	*ret_there = true;
	return 0;
}

int fs_read(const char *path, size_t limit, struct buf *out, struct err *err)
{
	bool there;
	if (fs_read_if_there(path, limit, out, &there, err) != 0)
		return -1;
	if (!there) {
		errno = ENOENT;
		return err_set_errno(err, ERR_IO, "cannot open %s", path);
	}
	return 0;
}

static int write_all(int fd, const char *path, struct span bytes, struct err *err)
{
	while (bytes.len) {
		ssize_t n = fs_faulty(FS_OP_WRITE, path) ? -1 : write(fd, bytes.data, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, ERR_IO, "cannot write %s", path);
		bytes.data += n;
		bytes.len -= (size_t)n;
	}
	return 0;
}

static int sync_fd(int fd, const char *path, struct err *err)
{
	if (fs_faulty(FS_OP_SYNC, path) || fsync(fd) != 0)
		return err_set_errno(err, ERR_IO, "cannot write %s to the disk", path);
	return 0;
}

/* Own names in place of mkstemp, whose files have mode 0600 whatever the umask says. */
static int open_temp(const char *dir, mode_t mode, char **ret_path, struct err *err)
{
	static const int attempts = 100;
	size_t size = strlen(dir) + 64;
	char *temp = xmalloc(size);
	for (int i = 0; i < attempts; i++) {
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		snprintf(temp, size, "%s/" FS_TEMP_PREFIX "%ld-%llx%03d", dir, (long)getpid(),
			 (unsigned long long)timespec_ns(now), i);
		int fd = fs_faulty(FS_OP_OPEN, temp) ? -1 : open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (fd >= 0) {
			*ret_path = temp;
			return fd;
		}
		if (errno != EEXIST)
			break;
	}
	err_set_errno(err, ERR_IO, "cannot make a temporary file in %s", dir);
	free(temp);
	return -1;
}

static int sync_dir(const char *dir, struct err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, "cannot open %s", dir);
	int rc = sync_fd(fd, dir, err);
	close(fd);
	return rc;
}

static int write_beside(const char *path, const char *dir, struct span bytes, unsigned flags, struct err *err)
{
	char *temp;
	int fd = open_temp(dir, flags & FS_WRITE_EXECUTABLE ? 0777 : 0666, &temp, err);
	if (fd < 0)
		return -1;
	int rc = write_all(fd, path, bytes, err);
	if (rc == 0 && flags & FS_WRITE_SYNC)
		rc = sync_fd(fd, path, err);
	/* close can report a delayed write error (NFS, quotas): then nothing may be renamed into place */
	if (close(fd) != 0 && rc == 0)
		rc = err_set_errno(err, ERR_IO, "cannot write %s", path);
	if (rc == 0 && (fs_faulty(FS_OP_RENAME, path) || rename(temp, path) != 0))
		rc = err_set_errno(err, ERR_IO, "cannot move a finished file to %s", path);
	if (rc != 0)
		unlink(temp);
	else if (flags & FS_WRITE_SYNC)
		rc = sync_dir(dir, err);
	free(temp);
	return rc;
}

int fs_write_atomic(const char *path, struct span bytes, unsigned flags, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *dir = !slash ? xstrdup(".") : slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
	int rc = flags & FS_WRITE_PARENTS ? fs_mkdir_parents(path, err) : 0;
	if (rc == 0)
		rc = write_beside(path, dir, bytes, flags, err);
	free(dir);
	return rc;
}

int fs_create(const char *path, struct span bytes, unsigned mode, struct err *err)
{
	int fd = fs_faulty(FS_OP_OPEN, path) ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, "cannot make the file %s", path);
	int rc = write_all(fd, path, bytes, err);
	if (close(fd) != 0 && rc == 0)
		rc = err_set_errno(err, ERR_IO, "cannot write %s", path);
	if (rc != 0)
		unlink(path);
	return rc;
}

int fs_append(const char *path, struct span bytes, struct err *err)
{
	int fd = fs_faulty(FS_OP_OPEN, path) ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, "cannot open %s for appending", path);
	int rc = write_all(fd, path, bytes, err);
	if (close(fd) != 0 && rc == 0)
		rc = err_set_errno(err, ERR_IO, "cannot write %s", path);
	return rc;
}

int fs_write_output(const char *path, struct span bytes, struct err *err)
{
	struct file_stat s;
	if (fs_stat(path, &s, err))
		return -1;
	if (s.kind == FILE_OTHER || strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0)
		return fs_append(path, bytes, err);
	return fs_write_atomic(path, bytes, 0, err);
}

int fs_rename(const char *from, const char *to, struct err *err)
{
	if (fs_faulty(FS_OP_RENAME, to) || rename(from, to) != 0)
		return err_set_errno(err, ERR_IO, "cannot rename %s to %s", from, to);
	return 0;
}

static int copy_file(const char *from, const char *to, struct err *err)
{
	struct buf bytes = BUF_INIT;
	int rc = fs_read(from, SIZE_MAX - 1, &bytes, err);
	if (rc == 0)
		rc = fs_write_atomic(to, buf_span(&bytes), 0, err);
	buf_release(&bytes);
	return rc;
}

int fs_link(const char *from, const char *to, struct err *err)
{
	if (!fs_faulty(FS_OP_LINK, to) && link(from, to) == 0)
		return 0;
	/* another file system, one without hard links, or too many links to one file */
	if (errno == EXDEV || errno == EPERM || errno == EMLINK || errno == EOPNOTSUPP)
		return copy_file(from, to, err);
	return err_set_errno(err, ERR_IO, "cannot link %s to %s", from, to);
}

int fs_symlink(const char *target, const char *path, struct err *err)
{
	if (fs_faulty(FS_OP_LINK, path) || symlink(target, path) != 0)
		return err_set_errno(err, ERR_IO, "cannot make the link %s", path);
	return 0;
}

int fs_unlink(const char *path, struct err *err)
{
	if ((fs_faulty(FS_OP_UNLINK, path) || unlink(path) != 0) && !fs_errno_is_absence())
		return err_set_errno(err, ERR_IO, "cannot remove %s", path);
	return 0;
}

int fs_touch(const char *path, struct err *err)
{
	if (utimensat(AT_FDCWD, path, NULL, 0) != 0)
		return err_set_errno(err, ERR_IO, "cannot set the time of %s", path);
	return 0;
}
