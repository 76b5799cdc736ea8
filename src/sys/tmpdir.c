#include "sys/tmpdir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "sys/fs.h"

int tmpdir_make(struct tmpdir *t, const char *parent, const char *prefix, struct err *err)
{
	if (!parent) {
		parent = getenv("TMPDIR");
		if (!parent || !*parent)
			parent = "/tmp";
	}
	if (fs_mkdirs(parent, err) != 0)
		return -1;
	size_t size = strlen(parent) + strlen(prefix) + sizeof "/.XXXXXX";
	char *path = xmalloc(size);
	snprintf(path, size, "%s/%s.XXXXXX", parent, prefix);
	if (!mkdtemp(path)) {
		err_set_errno(err, ERR_IO, "cannot make a temporary directory in %s", parent);
		free(path);
		return -1;
	}
	t->path = path;
	return 0;
}

int tmpdir_remove(struct tmpdir *t, struct err *err)
{
	if (!t->path)
		return 0;
	int rc = fs_remove_tree(t->path, err);
	free(t->path);
	t->path = NULL;
	return rc;
}
