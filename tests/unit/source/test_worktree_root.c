/* source/worktree_root.c: where a git work tree begins. */
#include "../../lib/check.h"

#include "source/worktree.h"
#include "sys/fs.h"
#include "sys/path.h"
#include "sys/tmpdir.h"

struct fixture {
	struct tmpdir dir;
	struct arena arena;
	const char *top, *below; /* below is top/a/b */
};

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	struct fixture *f = calloc(1, sizeof *f);
	*state = f;
	if (tmpdir_make(&f->dir, NULL, "root", &err))
		return -1;
	f->top = path_join(&f->arena, f->dir.path, "top");
	f->below = path_join(&f->arena, f->top, "a/b");
	return fs_mkdirs(f->below, &err);
}

static int tear_down(void **state)
{
	struct err err = ERR_INIT;
	struct fixture *f = *state;
	int failed = tmpdir_remove(&f->dir, &err);
	arena_release(&f->arena);
	free(f);
	return failed;
}

static void put(struct fixture *f, const char *name)
{
	struct err err = ERR_INIT;
	assert_ok(fs_write_atomic(path_join(&f->arena, f->top, name), span_of("x"), FS_WRITE_PARENTS, &err));
}

static void outside_of_git_a_directory_is_its_own_root(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	assert_string_equal(worktree_root(&f->arena, f->below), f->below);
	assert_ok(fs_mkdirs(path_join(&f->arena, f->top, ".git"), &err)); /* of something else */
	assert_string_equal(worktree_root(&f->arena, f->below), f->below);
}

static void a_work_tree_begins_where_its_git_directory_is(void **state)
{
	struct fixture *f = *state;
	put(f, ".git/HEAD");
	assert_string_equal(worktree_root(&f->arena, f->below), f->top);
	assert_string_equal(worktree_root(&f->arena, f->top), f->top);
}

static void a_linked_work_tree_inside_another_has_its_own_root(void **state)
{
	struct fixture *f = *state;
	put(f, ".git/HEAD");
	put(f, "a/.git");
	assert_string_equal(worktree_root(&f->arena, f->below), path_join(&f->arena, f->top, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(outside_of_git_a_directory_is_its_own_root, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_work_tree_begins_where_its_git_directory_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_linked_work_tree_inside_another_has_its_own_root, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
