/* sys/install.h: where the worker programs are looked for. */
#include "../../lib/check.h"

#include "sys/fs.h"
#include "sys/install.h"
#include "sys/path.h"
#include "sys/tmpdir.h"

static void the_environment_decides_alone(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct arena a = ARENA_INIT;
	struct tmpdir dir = TMPDIR_INIT;
	const char *found;
	assert_ok(tmpdir_make(&dir, NULL, "sepal-test", &err));
	const char *worker = path_join(&a, dir.path, "w.py");
	assert_ok(fs_write_atomic(worker, span_of(""), 0, &err));
	setenv("SEPAL_WORKER_DIR", dir.path, 1);
	assert_ok(install_find_worker(&a, "w.py", &found, &err));
	assert_string_equal(found, worker);
	assert_fails(install_find_worker(&a, "absent.py", &found, &err), ERR_CHECKER, dir.path);
	unsetenv("SEPAL_WORKER_DIR");
	assert_fails(install_find_worker(&a, "absent.py", &found, &err), ERR_CHECKER, "share/sepal/worker");
	assert_ok(tmpdir_remove(&dir, &err));
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_environment_decides_alone) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
