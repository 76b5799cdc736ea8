#include "source/worktree.h"

#include <string.h>

#include "sys/fs.h"
#include "sys/path.h"

/* A directory with a HEAD, or the file that stands for one in a linked work tree or a submodule. */
static bool holds_git(struct arena *a, const char *dir)
{
	const char *git = path_join(a, dir, ".git");
	return fs_is_file(git) || fs_is_file(path_join(a, git, "HEAD"));
}

const char *worktree_root(struct arena *a, const char *dir)
{
	for (const char *at = dir;; at = path_dirname(a, at)) {
		if (holds_git(a, at))
			return at;
		if (strcmp(at, "/") == 0)
			return dir;
	}
}
