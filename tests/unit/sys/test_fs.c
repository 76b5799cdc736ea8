/* sys/fs.h on a real directory, with the failures that disks produce injected at every step. */
#include "../../lib/check.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/fs.h"
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
	fs_fault = NULL;
	arena_release(&arena);
	return tmpdir_remove(&dir, &err);
}

static const char *at(const char *name)
{
	return path_join(&arena, dir.path, name);
}

static const char *content_of(const char *path)
{
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;
	assert_ok(fs_read(path, 1 << 20, &b, &err));
	const char *text = arena_strdup(&arena, b.data);
	buf_release(&b);
	return text;
}

static size_t entries_in(const char *path)
{
	struct err err = ERR_INIT;
	struct fs_listing l;
	assert_ok(fs_list(path, &arena, &l, &err));
	return l.count;
}

static void what_is_written_is_read_back(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	assert_ok(fs_write_atomic(at("a/b/c"), span_of("hello"), FS_WRITE_PARENTS | FS_WRITE_SYNC, &err));
	assert_string_equal(content_of(at("a/b/c")), "hello");
	assert_ok(fs_write_atomic(at("a/b/c"), span_of(""), 0, &err));
	assert_string_equal(content_of(at("a/b/c")), "");
	assert_int_equal(entries_in(at("a/b")), 1);
}

static void modes_follow_the_umask(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct file_stat st;
	mode_t former = umask(027);
	assert_ok(fs_write_atomic(at("plain"), span_of("x"), 0, &err));
	assert_ok(fs_write_atomic(at("program"), span_of("x"), FS_WRITE_EXECUTABLE, &err));
	umask(former);
	assert_ok(fs_stat(at("plain"), &st, &err));
	assert_int_equal(st.mode, 0640);
	assert_ok(fs_stat(at("program"), &st, &err));
	assert_int_equal(st.mode, 0750);
}

static void a_file_that_is_not_there_is_an_answer(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct file_stat st;
	struct fs_listing l;
	struct buf b = BUF_INIT;
	bool there = true;
	assert_ok(fs_write_atomic(at("file"), span_of("x"), 0, &err));
	assert_ok(fs_stat(at("absent"), &st, &err));
	assert_int_equal(st.kind, FILE_NONE);
	assert_ok(fs_stat(at("file/below"), &st, &err));
	assert_int_equal(st.kind, FILE_NONE);
	assert_ok(fs_read_if_there(at("absent"), 10, &b, &there, &err));
	assert_false(there);
	assert_ok(fs_list(at("absent"), &arena, &l, &err));
	assert_false(l.there);
	assert_ok(fs_unlink(at("absent"), &err));
	assert_ok(fs_remove_tree(at("absent"), &err));
	assert_fails(fs_read(at("absent"), 10, &b, &err), ERR_IO, "absent");
	buf_release(&b);
}

static void the_limit_is_exact(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;
	buf_add_str(&b, "kept");
	assert_ok(fs_write_atomic(at("f"), span_of("12345"), 0, &err));
	assert_fails(fs_read(at("f"), 4, &b, &err), ERR_PROTOCOL, "4 bytes");
	assert_string_equal(b.data, "kept");
	assert_ok(fs_read(at("f"), 5, &b, &err));
	assert_string_equal(b.data, "kept12345");
	buf_release(&b);
}

static void files_without_a_size_are_read_too(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;
	assert_ok(fs_read("/proc/self/status", 1 << 20, &b, &err));
	assert_non_null(strstr(b.data, "Pid:"));
	buf_release(&b);
}

static void stat_tells_kinds_apart(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct file_stat st;
	assert_ok(fs_write_atomic(at("f"), span_of("123"), 0, &err));
	assert_ok(fs_symlink("f", at("l"), &err));
	assert_ok(fs_stat(at("l"), &st, &err));
	assert_int_equal(st.kind, FILE_REGULAR);
	assert_int_equal(st.size, 3);
	assert_true(st.mtime_ns > INT64_C(1600000000000000000));
	assert_true(st.inode != 0);
	assert_ok(fs_lstat(at("l"), &st, &err));
	assert_int_equal(st.kind, FILE_LINK);
	assert_ok(fs_stat(dir.path, &st, &err));
	assert_int_equal(st.kind, FILE_DIR);
	assert_true(fs_is_file(at("l")));
	assert_true(fs_is_dir(dir.path));
	assert_false(fs_is_file(dir.path));
}

static void listings_are_sorted_by_bytes(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	static const char *const names[] = { "b", "a", "B", "_", "\xc3\xa4", "a.py" };
	static const char *const sorted[] = { "B", "_", "a", "a.py", "b", "\xc3\xa4" };
	for (size_t i = 0; i < 6; i++)
		assert_ok(fs_write_atomic(at(names[i]), span_of(""), 0, &err));
	assert_ok(fs_mkdirs(at("dir"), &err));
	struct fs_listing l;
	assert_ok(fs_list(dir.path, &arena, &l, &err));
	assert_int_equal(l.count, 7);
	for (size_t i = 0, j = 0; i < l.count; i++) {
		if (strcmp(l.entries[i].name, "dir") == 0) {
			assert_int_equal(l.entries[i].kind, FILE_DIR);
			continue;
		}
		assert_string_equal(l.entries[i].name, sorted[j++]);
		assert_int_equal(l.entries[i].kind, FILE_REGULAR);
	}
}

static void removing_a_tree_leaves_what_links_point_to(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	assert_ok(fs_write_atomic(at("outside/kept"), span_of("x"), FS_WRITE_PARENTS, &err));
	assert_ok(fs_write_atomic(at("tree/a/b/c"), span_of("x"), FS_WRITE_PARENTS, &err));
	assert_ok(fs_symlink("../../outside", at("tree/a/link"), &err));
	assert_ok(fs_remove_tree(at("tree"), &err));
	assert_false(fs_is_dir(at("tree")));
	assert_string_equal(content_of(at("outside/kept")), "x");
	assert_ok(fs_remove_tree(at("outside/kept"), &err));
	assert_int_equal(entries_in(at("outside")), 0);
}

static void making_directories_twice_is_fine_but_not_over_a_file(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	assert_ok(fs_mkdirs(at("x/y/z"), &err));
	assert_ok(fs_mkdirs(at("x/y/z"), &err));
	assert_ok(fs_mkdirs(at("x/y/z/"), &err));
	assert_ok(fs_write_atomic(at("f"), span_of(""), 0, &err));
	assert_fails(fs_mkdirs(at("f"), &err), ERR_IO, "cannot make the directory");
	assert_ok(fs_mkdir_parents("no-directory-above", &err));
}

static void appending_and_renaming_and_linking(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	assert_ok(fs_append(at("log"), span_of("a"), &err));
	assert_ok(fs_append(at("log"), span_of("b"), &err));
	assert_ok(fs_rename(at("log"), at("log2"), &err));
	assert_ok(fs_link(at("log2"), at("log3"), &err));
	assert_ok(fs_touch(at("log3"), &err));
	assert_string_equal(content_of(at("log3")), "ab");
	assert_fails(fs_link(at("log2"), at("log3"), &err), ERR_IO, "cannot link");
	assert_fails(fs_rename(at("absent"), at("x"), &err), ERR_IO, "cannot rename");
}

static void real_paths_have_no_links(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	const char *real, *direct;
	assert_ok(fs_mkdirs(at("d"), &err));
	assert_ok(fs_symlink("d", at("l"), &err));
	assert_ok(fs_realpath(&arena, at("l"), &real, &err));
	assert_ok(fs_realpath(&arena, at("d"), &direct, &err));
	assert_string_equal(real, direct);
	assert_fails(fs_realpath(&arena, at("absent"), &real, &err), ERR_IO, "absent");
	assert_ok(fs_cwd(&arena, &real, &err));
	assert_true(path_is_absolute(real));
}

static void a_created_file_is_new_and_has_its_mode(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct file_stat st;
	assert_ok(fs_create(at("blob"), span_of("bytes"), 0444, &err));
	assert_string_equal(content_of(at("blob")), "bytes");
	assert_ok(fs_stat(at("blob"), &st, &err));
	assert_int_equal(st.mode, 0444);
	assert_fails(fs_create(at("blob"), span_of("other"), 0444, &err), ERR_IO, "File exists");
	assert_string_equal(content_of(at("blob")), "bytes");
}

static void a_file_is_settled_when_it_was_old_enough(void **state)
{
	(void)state;
	const int64_t second = INT64_C(1000000000), ms = second / 1000, at_ns = 1700000000 * second;
	static const struct {
		int64_t mtime_ms, ctime_ms; /* before the look */
		bool settled;
	} rows[] = {
		{ 1001, 1001, true }, { 21, 21, true },     { 19, 19, false },     { 1001, 19, false },
		{ 19, 1001, false },  { -5, -5, false },    { 3000, 3000, true },
		{ 1000, 1000, false }, /* whole seconds: a file system whose times are that coarse */
		{ 2000, 2000, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct file_stat s = { .kind = FILE_REGULAR, .mtime_ns = at_ns - rows[i].mtime_ms * ms,
				       .ctime_ns = at_ns - rows[i].ctime_ms * ms };
		if (fs_is_settled(&s, at_ns) != rows[i].settled)
			fail_msg("row %zu", i);
	}
}

static struct {
	int steps_left, injected;
} fault;

static int fail_when_used_up(enum fs_op op, const char *path)
{
	(void)op;
	(void)path;
	return fault.steps_left-- > 0 ? 0 : fault.injected;
}

/* At whatever step the disk refuses: an error with a sentence, the old bytes, and no temporary file left. */
static void a_failed_write_leaves_the_old_file_and_nothing_else(void **state)
{
	(void)state;
	static const int causes[] = { ENOSPC, EIO };
	struct err err = ERR_INIT;
	assert_ok(fs_write_atomic(at("d/f"), span_of("old"), FS_WRITE_PARENTS, &err));
	for (size_t c = 0; c < 2; c++) {
		int failures = 0;
		for (int n = 0;; n++) {
			fault.steps_left = n;
			fault.injected = causes[c];
			fs_fault = fail_when_used_up;
			int rc = fs_write_atomic(at("d/f"), span_of("new"), FS_WRITE_PARENTS | FS_WRITE_SYNC, &err);
			fs_fault = NULL;
			if (rc == 0)
				break;
			failures++;
			assert_int_equal(err.sys_errno, causes[c]);
			assert_non_null(strstr(err.message, strerror(causes[c])));
			err_release(&err);
			assert_int_equal(entries_in(at("d")), 1);
			/* the last step, fsync of the directory, comes after the rename */
			const char *now = content_of(at("d/f"));
			assert_true(strcmp(now, "old") == 0 || (n == 4 && strcmp(now, "new") == 0));
		}
		assert_int_equal(failures, 5); /* open, write, fsync, rename, fsync of the directory */
		assert_string_equal(content_of(at("d/f")), "new");
		assert_ok(fs_write_atomic(at("d/f"), span_of("old"), 0, &err));
	}
}

static void injected_failures_reach_every_operation(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;
	struct fs_listing l;
	assert_ok(fs_write_atomic(at("f"), span_of("x"), 0, &err));
	fault.steps_left = 0;
	fault.injected = EIO;
	fs_fault = fail_when_used_up;
	assert_fails(fs_read(at("f"), 9, &b, &err), ERR_IO, "Input/output error");
	assert_fails(fs_append(at("f"), span_of("y"), &err), ERR_IO, "Input/output error");
	assert_fails(fs_list(dir.path, &arena, &l, &err), ERR_IO, "Input/output error");
	assert_fails(fs_mkdirs(at("d"), &err), ERR_IO, "Input/output error");
	assert_fails(fs_rename(at("f"), at("g"), &err), ERR_IO, "Input/output error");
	assert_fails(fs_link(at("f"), at("g"), &err), ERR_IO, "Input/output error");
	assert_fails(fs_symlink("f", at("g"), &err), ERR_IO, "Input/output error");
	assert_fails(fs_unlink(at("f"), &err), ERR_IO, "Input/output error");
	assert_fails(fs_remove_tree(at("f"), &err), ERR_IO, "Input/output error");
	fs_fault = NULL;
	assert_string_equal(content_of(at("f")), "x");
	buf_release(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read_back),
		TEST(modes_follow_the_umask),
		TEST(a_file_that_is_not_there_is_an_answer),
		TEST(the_limit_is_exact),
		TEST(files_without_a_size_are_read_too),
		TEST(stat_tells_kinds_apart),
		TEST(listings_are_sorted_by_bytes),
		TEST(removing_a_tree_leaves_what_links_point_to),
		TEST(making_directories_twice_is_fine_but_not_over_a_file),
		TEST(appending_and_renaming_and_linking),
		TEST(real_paths_have_no_links),
		TEST(a_created_file_is_new_and_has_its_mode),
		TEST(a_file_is_settled_when_it_was_old_enough),
		TEST(a_failed_write_leaves_the_old_file_and_nothing_else),
		TEST(injected_failures_reach_every_operation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
