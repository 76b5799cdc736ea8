#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "sys/fs.h"

static int lock_with(struct lock *l, const char *path, int operation, bool *ret_taken, struct err *err)
{
	if (fs_mkdir_parents(path, err) != 0)
		return -1;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, "cannot open the lock file %s", path);
	int rc;
	do {
		rc = flock(fd, operation);
	} while (rc != 0 && errno == EINTR);
	if (rc != 0 && errno != EWOULDBLOCK) {
		err_set_errno(err, ERR_IO, "cannot lock %s", path);
		close(fd);
		return -1;
	}
	*ret_taken = rc == 0;
	if (rc == 0)
		l->fd = fd;
	else
		close(fd);
	return 0;
}

static int operation_of(enum lock_mode mode)
{
	return mode == LOCK_SHARED ? LOCK_SH : LOCK_EX;
}

int lock_try(struct lock *l, const char *path, enum lock_mode mode, bool *ret_taken, struct err *err)
{
	return lock_with(l, path, operation_of(mode) | LOCK_NB, ret_taken, err);
}

int lock_take(struct lock *l, const char *path, enum lock_mode mode, struct err *err)
{
	bool taken;
	return lock_with(l, path, operation_of(mode), &taken, err);
}

void lock_drop(struct lock *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}
