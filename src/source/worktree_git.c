/*
 * The project's one door to libgit2: which tracked files are as git's index says. Everything that libgit2 refuses is
 * the same as "git does not know", because git only saves reading.
 */
#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/xalloc.h"
#include "source/worktree.h"
#include "sys/fs.h"

struct gitindex {
	git_repository *repo;
	git_index *index;   /* read when the first file is asked for: a run where nothing changed never does */
	bool tried;
	bool has_filters;   /* some content filter is configured: attributes have to be asked */
	int64_t written_ns; /* when the index was written */
	char *root;         /* of the work tree, with the last slash */
};

/* By hand: the iterator that takes a pattern leaks in libgit2 1.5 with PCRE2. */
static bool has_filters(git_repository *repo)
{
	git_config *config = NULL;
	git_config_iterator *it = NULL;
	git_config_entry *entry;
	bool any = git_repository_config_snapshot(&config, repo) != 0 || git_config_iterator_new(&it, config) != 0;
	while (!any && git_config_next(&entry, it) == 0)
		any = strncmp(entry->name, "filter.", strlen("filter.")) == 0;
	git_config_iterator_free(it);
	git_config_free(config);
	return any; /* a configuration that cannot be read may hold some */
}

int gitindex_open(const char *dir, struct gitindex **ret, struct err *err)
{
	git_repository *repo = NULL;
	if (git_libgit2_init() < 0)
		return err_set(err, ERR_IO, "cannot start libgit2: %s", git_error_last() ? git_error_last()->message : "?");
	if (git_repository_open_ext(&repo, dir, 0, NULL) != 0 || !git_repository_workdir(repo)) {
		git_repository_free(repo);
		git_libgit2_shutdown();
		*ret = NULL;
		return 0;
	}
	struct gitindex *g = xcalloc(1, sizeof *g);
	g->repo = repo;
	g->root = xstrdup(git_repository_workdir(repo));
	*ret = g;
	return 0;
}

void gitindex_free(struct gitindex *g)
{
	if (!g)
		return;
	git_index_free(g->index);
	git_repository_free(g->repo);
	git_libgit2_shutdown();
	free(g->root);
	free(g);
}

static bool load(struct gitindex *g)
{
	struct file_stat st;
	struct err err = ERR_INIT;
	if (g->tried)
		return g->index != NULL;
	g->tried = true;
	g->has_filters = has_filters(g->repo);
	/* looked at before it is read: one that is replaced in between only seems older than it is */
	git_buf path = { 0 };
	bool there = git_repository_item_path(&path, g->repo, GIT_REPOSITORY_ITEM_INDEX) == 0 &&
	             fs_stat(path.ptr, &st, &err) == 0 && st.kind == FILE_REGULAR;
	git_buf_dispose(&path);
	err_release(&err);
	if (!there || git_repository_index(&g->index, g->repo) != 0) {
		g->index = NULL;
		return false;
	}
	g->written_ns = st.mtime_ns;
	return true;
}

static int64_t index_time_ns(const git_index_time *t)
{
	return (int64_t)(uint32_t)t->seconds * INT64_C(1000000000) + t->nanoseconds;
}

/* git's own rule (racy-git.txt): an entry that is not older than the index proves nothing. Times are compared whole, so
 * an index that was written without fractions of seconds proves nothing either. */
static bool proves(const git_index_time *t, int64_t now_ns, int64_t written_ns)
{
	int64_t then_ns = index_time_ns(t);
	return then_ns == now_ns && then_ns < written_ns;
}

static bool matches(const struct gitindex *g, const git_index_entry *e, const struct file_stat *st)
{
	bool regular = (e->mode & 0170000) == 0100000;
	bool real = !(e->flags_extended & GIT_INDEX_ENTRY_INTENT_TO_ADD);
	return regular && real && st->kind == FILE_REGULAR && e->file_size == (uint32_t)st->size &&
	       (e->ino == 0 || e->ino == (uint32_t)st->inode) && proves(&e->mtime, st->mtime_ns, g->written_ns) &&
	       proves(&e->ctime, st->ctime_ns, g->written_ns);
}

static bool is_filtered(const struct gitindex *g, const char *path)
{
	const char *value;
	if (!g->has_filters)
		return false;
	if (git_attr_get(&value, g->repo, GIT_ATTR_CHECK_FILE_THEN_INDEX, path, "filter") != 0)
		return true;
	git_attr_value_t kind = git_attr_value(value);
	return kind == GIT_ATTR_VALUE_STRING || kind == GIT_ATTR_VALUE_TRUE;
}

bool gitindex_unchanged(struct gitindex *g, const char *abs_path, unsigned char ret_oid[32], unsigned *ret_len)
{
	struct file_stat st;
	struct err err = ERR_INIT;
	size_t root_len = strlen(g->root);
	if (strncmp(abs_path, g->root, root_len) != 0 || !load(g))
		return false;
	const char *path = abs_path + root_len;
	const git_index_entry *e = git_index_get_bypath(g->index, path, 0);
	if (!e)
		return false;
	/* the entry's own file, not what a link leads to */
	if (fs_lstat(abs_path, &st, &err) != 0) {
		err_release(&err);
		return false;
	}
	if (!matches(g, e, &st) || is_filtered(g, path))
		return false;
	memcpy(ret_oid, e->id.id, GIT_OID_RAWSZ);
	*ret_len = GIT_OID_RAWSZ;
	return true;
}
