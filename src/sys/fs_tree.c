/* Directories: making, listing and removing them, and where a path really leads. Single files are in fs.c. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "sys/fs.h"
#include "sys/fs_internal.h"

static int make_dir(const char *dir, struct err *err)
{
	if (!fs_faulty(FS_OP_MKDIR, dir) && mkdir(dir, 0777) == 0)
		return 0;
	int failure = errno;
	if (failure == EEXIST && fs_is_dir(dir))
		return 0;
	errno = failure;
	return err_set_errno(err, ERR_IO, "cannot make the directory %s", dir);
}

int fs_mkdirs(const char *dir, struct err *err)
{
	if (fs_is_dir(dir))
		return 0;
	char *path = xstrdup(dir);
	int rc = 0;
	for (char *slash = strchr(path + 1, '/'); slash && rc == 0; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (!fs_is_dir(path))
			rc = make_dir(path, err);
		*slash = '/';
	}
	if (rc == 0)
		rc = make_dir(path, err);
	free(path);
	return rc;
}

int fs_mkdir_parents(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	if (!slash || slash == path)
		return 0;
	char *dir = xstrndup(path, (size_t)(slash - path));
	int rc = fs_mkdirs(dir, err);
	free(dir);
	return rc;
}

/* d_type saves one lstat per entry; some file systems do not fill it in. */
static enum file_kind entry_kind(int dir_fd, const struct dirent *e)
{
	struct stat st;
	switch (e->d_type) {
	case DT_REG:
		return FILE_REGULAR;
	case DT_DIR:
		return FILE_DIR;
	case DT_LNK:
		return FILE_LINK;
	case DT_UNKNOWN:
		return fstatat(dir_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? fs_kind_of_mode(st.st_mode) :
										      FILE_OTHER;
	default:
		return FILE_OTHER;
	}
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct fs_entry *)a)->name, ((const struct fs_entry *)b)->name);
}

static bool is_dot(const char *name)
{
	return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static int read_entries(DIR *d, const char *dir, struct arena *a, struct fs_listing *ret, struct err *err)
{
	struct fs_entry *entries = NULL;
	size_t count = 0, cap = 0;
	for (;;) {
		errno = 0;
		struct dirent *e = fs_faulty(FS_OP_READ, dir) ? NULL : readdir(d);
		if (!e && errno) {
			free(entries);
			return err_set_errno(err, ERR_IO, "cannot list %s", dir);
		}
		if (!e)
			break;
		if (is_dot(e->d_name))
			continue;
		VEC_GROW(entries, count, cap);
		entries[count++] = (struct fs_entry){ arena_strdup(a, e->d_name), entry_kind(dirfd(d), e) };
	}
	ret->there = true;
	ret->count = count;
	ret->entries = ARENA_ARRAY(a, struct fs_entry, count);
	if (count) {
		qsort(entries, count, sizeof *entries, compare_entries);
		memcpy(ret->entries, entries, count * sizeof *entries);
	}
	free(entries);
	return 0;
}

int fs_list(const char *dir, struct arena *a, struct fs_listing *ret, struct err *err)
{
	DIR *d = fs_faulty(FS_OP_OPEN, dir) ? NULL : opendir(dir);
	if (!d) {
		if (!fs_errno_is_absence())
			return err_set_errno(err, ERR_IO, "cannot open the directory %s", dir);
		*ret = (struct fs_listing){ .there = false };
		return 0;
	}
	int rc = read_entries(d, dir, a, ret, err);
	closedir(d);
	return rc;
}

static int remove_below(int parent_fd, const char *name, const char *path, struct err *err);

/* Takes over `fd`. */
static int remove_children(int fd, const char *path, struct err *err)
{
	DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return err_set_errno(err, ERR_IO, "cannot open the directory %s", path);
	}
	int rc = 0;
	struct dirent *e;
	while (rc == 0 && (e = readdir(d)))
		if (!is_dot(e->d_name))
			rc = remove_below(dirfd(d), e->d_name, path, err);
	closedir(d);
	return rc;
}

/* By descriptors, so that a link swapped in on the way is removed and never followed. */
static int remove_below(int parent_fd, const char *name, const char *path, struct err *err)
{
	if (!fs_faulty(FS_OP_UNLINK, name) && unlinkat(parent_fd, name, 0) == 0)
		return 0;
	if (fs_errno_is_absence())
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_set_errno(err, ERR_IO, "cannot remove %s in %s", name, path);
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, "cannot open %s in %s to remove it", name, path);
	if (remove_children(fd, name, err) != 0)
		return -1;
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) != 0 && !fs_errno_is_absence())
		return err_set_errno(err, ERR_IO, "cannot remove the directory %s in %s", name, path);
	return 0;
}

int fs_remove_tree(const char *path, struct err *err)
{
	return remove_below(AT_FDCWD, path, ".", err);
}

int fs_cwd(struct arena *a, const char **ret, struct err *err)
{
	char *cwd = getcwd(NULL, 0);
	if (!cwd)
		return err_set_errno(err, ERR_IO, "cannot find out the working directory");
	*ret = arena_strdup(a, cwd);
	free(cwd);
	return 0;
}

int fs_realpath(struct arena *a, const char *path, const char **ret, struct err *err)
{
	char *real = realpath(path, NULL);
	if (!real)
		return err_set_errno(err, ERR_IO, "cannot find out where %s leads", path);
	*ret = arena_strdup(a, real);
	free(real);
	return 0;
}
