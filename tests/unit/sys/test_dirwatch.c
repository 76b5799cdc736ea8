/* sys/dirwatch.h on a real directory. */
#include "../../lib/check.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/dirwatch.h"
#include "sys/fs.h"
#include "sys/path.h"
#include "sys/tmpdir.h"

static struct tmpdir dir;
static struct arena arena;
static struct dirwatch *watch;
static struct buf seen; /* "NAME " per change; "/" after a directory, "@" after a link, "*" after an unfinished one */

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	return tmpdir_make(&dir, NULL, "sepal-test", &err) || dirwatch_open(&watch, &err);
}

static int tear_down(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	dirwatch_close(watch);
	buf_release(&seen);
	arena_release(&arena);
	return tmpdir_remove(&dir, &err);
}

static const char *at(const char *name)
{
	return path_join(&arena, dir.path, name);
}

static void note(void *ctx, const struct dirwatch_change *c)
{
	(void)ctx;
	buf_addf(&seen, "%s%s%s%s ", c->name ? c->name : "?", c->is_dir ? "/" : "", c->is_link ? "@" : "",
	         c->unfinished ? "*" : "");
}

static const char *changes(void)
{
	buf_reset(&seen);
	dirwatch_read(watch, note, NULL);
	return seen.data ? seen.data : "";
}

static bool add(const char *path)
{
	struct err err = ERR_INIT;
	bool is_new;
	assert_ok(dirwatch_add(watch, path, false, &is_new, &err));
	return is_new;
}

static void make(const char *path)
{
	struct err err = ERR_INIT;
	assert_ok(fs_mkdirs(path, &err));
}

static void a_write_is_unfinished_until_the_file_is_closed(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	assert_true(add(dir.path));
	assert_false(add(dir.path));
	assert_string_equal(changes(), "");
	assert_ok(fs_create(at("a.py"), span_of("x"), 0666, &err));
	assert_string_equal(changes(), "a.py* a.py* a.py ");
	struct pollfd p = { .fd = dirwatch_fd(watch), .events = POLLIN };
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_ok(fs_unlink(at("a.py"), &err));
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_string_equal(changes(), "a.py ");
}

static void links_and_directories_are_told_as_such(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	add(dir.path);
	make(at("sub"));
	assert_ok(fs_symlink("sub", at("link"), &err));
	assert_string_equal(changes(), "sub/ link@ ");
}

static void note_listed(void *ctx, const struct dirwatch_change *c)
{
	*(bool *)ctx = c->listed;
}

static void a_change_says_whether_its_directory_is_listed(void **state)
{
	struct err err = ERR_INIT;
	bool listed = true, is_new;
	(void)state;
	add(dir.path);
	make(at("one"));
	dirwatch_read(watch, note_listed, &listed);
	assert_false(listed);
	assert_ok(dirwatch_add(watch, dir.path, true, &is_new, &err));
	assert_false(is_new || add(dir.path));
	make(at("two"));
	dirwatch_read(watch, note_listed, &listed);
	assert_true(listed);
}

static void what_is_no_directory_is_not_watched(void **state)
{
	(void)state;
	assert_false(add(at("nowhere")));
	make(at("nowhere"));
	assert_true(add(at("nowhere")));
}

static void a_directory_that_is_replaced_can_be_added_again(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	make(at("a/b"));
	add(dir.path);
	add(at("a"));
	add(at("a/b"));
	assert_ok(fs_rename(at("a"), at("away"), &err));
	changes();
	assert_ok(fs_touch(at("away/b"), &err));
	assert_string_equal(changes(), "");
	make(at("a/b"));
	changes();
	assert_true(add(at("a")));
	assert_true(add(at("a/b")));
	changes();
	assert_ok(fs_create(at("a/b/new.py"), span_of(""), 0666, &err));
	assert_string_equal(changes(), "new.py* new.py ");
}

static void a_link_that_leads_elsewhere_is_followed_anew(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	make(at("one"));
	make(at("two"));
	assert_ok(fs_symlink("one", at("link"), &err));
	add(dir.path);
	assert_true(add(at("link")));
	assert_ok(fs_unlink(at("link"), &err));
	assert_ok(fs_symlink("two", at("link"), &err));
	changes();
	assert_true(add(at("link")));
	assert_ok(fs_create(at("two/x.py"), span_of(""), 0666, &err));
	assert_string_equal(changes(), "x.py* x.py ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_write_is_unfinished_until_the_file_is_closed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(links_and_directories_are_told_as_such, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_change_says_whether_its_directory_is_listed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_directory_is_not_watched, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_directory_that_is_replaced_can_be_added_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_link_that_leads_elsewhere_is_followed_anew, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
