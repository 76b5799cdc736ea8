/* sys/lock.h and sys/tmpdir.h: who may hold a lock beside whom, and directories that go away. */
#include "../../lib/check.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "sys/fs.h"
#include "sys/lock.h"
#include "sys/path.h"
#include "sys/tmpdir.h"

static struct tmpdir dir;
static struct arena arena;

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	return tmpdir_make(&dir, NULL, "sepal-test", &err);
}

static int tear_down(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	arena_release(&arena);
	return tmpdir_remove(&dir, &err);
}

static bool can_take(enum lock_mode mode)
{
	struct err err = ERR_INIT;
	struct lock l = LOCK_INIT;
	bool taken;
	assert_ok(lock_try(&l, path_join(&arena, dir.path, "locks/store"), mode, &taken, &err));
	lock_drop(&l);
	return taken;
}

static void many_may_share_and_one_excludes(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct lock held = LOCK_INIT;
	const char *path = path_join(&arena, dir.path, "locks/store");
	assert_true(can_take(LOCK_EXCLUSIVE));
	assert_ok(lock_take(&held, path, LOCK_SHARED, &err));
	assert_true(can_take(LOCK_SHARED));
	assert_false(can_take(LOCK_EXCLUSIVE));
	lock_drop(&held);
	assert_ok(lock_take(&held, path, LOCK_EXCLUSIVE, &err));
	assert_false(can_take(LOCK_SHARED));
	lock_drop(&held);
	lock_drop(&held);
	assert_true(can_take(LOCK_EXCLUSIVE));
}

static void a_dead_holder_holds_nothing(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		struct err err = ERR_INIT;
		struct lock l = LOCK_INIT;
		int rc = lock_take(&l, path_join(&arena, dir.path, "locks/store"), LOCK_EXCLUSIVE, &err);
		_exit(rc ? 1 : 0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(can_take(LOCK_EXCLUSIVE));
}

static void a_temporary_directory_is_private_and_removed_with_its_content(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct tmpdir t = TMPDIR_INIT;
	assert_ok(tmpdir_make(&t, path_join(&arena, dir.path, "made/too"), "stage", &err));
	struct file_stat st;
	assert_ok(fs_stat(t.path, &st, &err));
	assert_int_equal(st.mode, 0700);
	const char *path = arena_strdup(&arena, t.path);
	assert_ok(fs_write_atomic(path_join(&arena, path, "a/b"), span_of("x"), FS_WRITE_PARENTS, &err));
	assert_ok(tmpdir_remove(&t, &err));
	assert_false(fs_is_dir(path));
	assert_ok(tmpdir_remove(&t, &err));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_may_share_and_one_excludes),
		TEST(a_dead_holder_holds_nothing),
		TEST(a_temporary_directory_is_private_and_removed_with_its_content),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
