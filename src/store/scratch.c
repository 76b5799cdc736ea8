#include "store/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "sys/fs.h"
#include "sys/path.h"

static const char gate_name[] = "gate", lock_name[] = "lock", dead_prefix[] = "dead.";

/* True if the lock is ours now. No locks on this file system is the same as not ours. */
static bool try_lock(struct lock *l, const char *path, enum lock_mode mode)
{
	struct err err = ERR_INIT;
	bool taken;
	if (lock_try(l, path, mode, &taken, &err) == 0)
		return taken;
	err_release(&err);
	return false;
}

int scratch_make(struct scratch *s, const char *tmp, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct err lock_err = ERR_INIT;
	struct lock gate = LOCK_INIT;
	char prefix[32];
	snprintf(prefix, sizeof prefix, "%ld", (long)getpid());
	int rc = fs_mkdirs(tmp, err);
	if (rc == 0) {
		if (lock_take(&gate, path_join(&a, tmp, gate_name), LOCK_SHARED, &lock_err) != 0)
			err_release(&lock_err);
		rc = tmpdir_make(&s->own, tmp, prefix, err);
	}
	if (rc == 0) {
		try_lock(&s->lock, path_join(&a, s->own.path, lock_name), LOCK_EXCLUSIVE);
		s->pid = getpid();
	}
	lock_drop(&gate);
	arena_release(&a);
	return rc;
}

void scratch_release(struct scratch *s)
{
	struct err err = ERR_INIT;
	if (s->pid == getpid()) {
		if (tmpdir_remove(&s->own, &err) != 0)
			err_release(&err); /* the next opener removes what is left */
	}
	lock_drop(&s->lock);
	free(s->own.path);
	*s = (struct scratch)SCRATCH_INIT;
}

/* Gives a dead owner's directory a name that says so, so that the slow part needs no gate. */
static const char *bury(const char *tmp, const char *name, struct arena *a)
{
	struct err err = ERR_INIT;
	struct lock own = LOCK_INIT;
	const char *dir = path_join(a, tmp, name);
	if (strncmp(name, dead_prefix, strlen(dead_prefix)) == 0)
		return dir;
	if (!try_lock(&own, path_join(a, dir, lock_name), LOCK_EXCLUSIVE))
		return NULL;
	const char *dead = path_join(a, tmp, arena_printf(a, "%s%s", dead_prefix, name));
	if (fs_rename(dir, dead, &err) != 0) {
		err_release(&err);
		dead = NULL;
	}
	lock_drop(&own);
	return dead;
}

void scratch_clean(const char *tmp)
{
	struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct fs_listing l = { 0 };
	struct lock gate = LOCK_INIT;
	if (fs_list(tmp, &a, &l, &err) != 0)
		err_release(&err);
	size_t dirs = 0;
	for (size_t i = 0; i < l.count; i++)
		dirs += l.entries[i].kind == FILE_DIR;
	if (dirs && try_lock(&gate, path_join(&a, tmp, gate_name), LOCK_EXCLUSIVE)) {
		const char **dead = ARENA_ARRAY(&a, const char *, dirs);
		size_t count = 0;
		for (size_t i = 0; i < l.count; i++) {
			const char *path = l.entries[i].kind == FILE_DIR ? bury(tmp, l.entries[i].name, &a) : NULL;
			if (path)
				dead[count++] = path;
		}
		lock_drop(&gate);
		for (size_t i = 0; i < count; i++)
			if (fs_remove_tree(dead[i], &err) != 0)
				err_release(&err);
	}
	arena_release(&a);
}
