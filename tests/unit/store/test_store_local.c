/* store/store_local.c: the layout on disk, damaged files, other people's files, and what its errors say. */
#include "../../lib/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "store/store.h"
#include "sys/fs.h"
#include "sys/path.h"
#include "sys/tmpdir.h"

struct fixture {
	struct tmpdir dir;
	struct store *store;
	struct arena arena;
};

static int open_store(void **state)
{
	struct err err = ERR_INIT;
	struct fixture *f = calloc(1, sizeof *f);
	*state = f;
	return tmpdir_make(&f->dir, NULL, "store", &err) || store_open_local(f->dir.path, &f->store, &err);
}

static int close_store(void **state)
{
	struct err err = ERR_INIT;
	struct fixture *f = *state;
	fs_fault = NULL;
	store_close(f->store);
	arena_release(&f->arena);
	int rc = tmpdir_remove(&f->dir, &err);
	free(f);
	return rc;
}

static const char *below(struct fixture *f, const char *name)
{
	return path_join(&f->arena, f->dir.path, name);
}

static struct digest put(struct fixture *f, const char *text)
{
	struct err err = ERR_INIT;
	struct digest d;
	assert_ok(store_put(f->store, span_of(text), &d, &err));
	return d;
}

static bool get(struct fixture *f, const struct digest *d, const char *expected)
{
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	bool found;
	assert_ok(store_get(f->store, d, &out, &found, &err));
	if (found)
		assert_true(span_eq_str(buf_span(&out), expected));
	else
		assert_int_equal(out.len, 0);
	buf_release(&out);
	return found;
}

/* Files are read-only and may be linked elsewhere: what damages them is the disk, or root. */
static void overwrite(const char *path, const char *text)
{
	assert_int_equal(chmod(path, 0644), 0);
	int fd = open(path, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* The file system's clock ticks every few milliseconds. */
static void let_the_clock_tick(void)
{
	nanosleep(&(struct timespec){ 0, 20 * 1000 * 1000 }, NULL);
}

static void the_stamp_changes_when_blobs_come_and_go(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct digest d;
	uint64_t empty = store_stamp(f->store), one;
	assert_ok(store_put(f->store, span_of("a blob"), &d, &err));
	one = store_stamp(f->store);
	assert_true(one != empty);
	assert_true(store_stamp(f->store) == one);
	let_the_clock_tick();
	assert_ok(store_put(f->store, span_of("a blob"), &d, &err));
	assert_true(store_stamp(f->store) == one);
	store_discard(f->store, &d);
	assert_true(store_stamp(f->store) != one);
}

static void a_blob_is_a_read_only_file_with_the_bare_bytes(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct file_stat st;
	struct buf bytes = BUF_INIT;
	const char *path;
	struct digest d = put(f, "hello");
	assert_true(store_blob_path(f->store, &d, &path));
	assert_string_equal(path, below(f, "v2/cas/2c/f24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"));
	assert_ok(fs_stat(path, &st, &err));
	assert_int_equal(st.mode, 0444);
	assert_ok(fs_read(path, 100, &bytes, &err));
	assert_string_equal(bytes.data, "hello");
	buf_release(&bytes);
}

static void a_torn_or_altered_blob_is_a_miss_and_replaced_by_the_next_put(void **state)
{
	struct fixture *f = *state;
	static const char *const damage[] = { "hell", "hellp", "", "hello, world" };
	for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
		const char *path;
		struct digest d = put(f, "hello");
		assert_true(get(f, &d, "hello"));
		assert_true(store_blob_path(f->store, &d, &path));
		overwrite(path, damage[i]);
		assert_false(get(f, &d, NULL));
		assert_int_equal(store_counters(f->store).corrupt, i + 1);
		assert_false(store_has(f->store, &d));
		put(f, "hello");
		assert_true(get(f, &d, "hello"));
	}
}

static void a_put_replaces_a_torn_blob_that_nobody_read(void **state)
{
	struct fixture *f = *state;
	const char *path;
	struct digest d = put(f, "hello");
	assert_true(store_blob_path(f->store, &d, &path));
	overwrite(path, "hel");
	put(f, "hello");
	assert_true(get(f, &d, "hello"));
	assert_int_equal(store_counters(f->store).corrupt, 0);
}

static void a_link_to_a_blob_outlives_its_replacement(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct buf bytes = BUF_INIT;
	const char *path, *staged = below(f, "staged");
	struct digest d = put(f, "hello");
	assert_true(store_blob_path(f->store, &d, &path));
	assert_ok(fs_link(path, staged, &err));
	store_discard(f->store, &d);
	put(f, "hello");
	assert_ok(fs_read(staged, 100, &bytes, &err));
	assert_string_equal(bytes.data, "hello");
	buf_release(&bytes);
}

static void an_oversized_record_on_disk_is_read_as_an_empty_one(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	struct digest key = { { 0xaa } };
	bool found = false;
	assert_ok(store_record(f->store, STORE_BODIES, &key, span_of("x"), &err));
	const char *path =
		below(f, "v2/bodies/aa/00000000000000000000000000000000000000000000000000000000000000");
	assert_int_equal(truncate(path, (off_t)STORE_RECORD_LIMIT + 1), 0);
	assert_ok(store_lookup(f->store, STORE_BODIES, &key, &out, &found, &err));
	assert_true(found);
	assert_int_equal(out.len, 0);
	buf_release(&out);
}

static void closing_leaves_no_temporary_files(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct fs_listing l;
	const char *scratch;
	put(f, "hello");
	assert_ok(store_scratch(f->store, &scratch, &err));
	assert_ok(fs_create(path_join(&f->arena, scratch, "file"), span_of("x"), 0666, &err));
	store_close(f->store);
	f->store = NULL;
	assert_ok(fs_list(below(f, "v2/tmp"), &f->arena, &l, &err));
	assert_int_equal(l.count, 1);
	assert_string_equal(l.entries[0].name, "gate");
}

static void opening_removes_what_the_dead_left_and_nothing_of_the_living(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct store *other;
	const char *mine;
	int channel[2], status;
	char path[512] = "";
	assert_ok(store_scratch(f->store, &mine, &err));
	assert_int_equal(pipe(channel), 0);
	pid_t pid = fork();
	if (pid == 0) {
		const char *theirs;
		if (store_open_local(f->dir.path, &other, &err) == 0 && store_scratch(other, &theirs, &err) == 0 &&
		    write(channel[1], theirs, strlen(theirs)) > 0)
			pause();
		_exit(1);
	}
	assert_true(read(channel[0], path, sizeof path - 1) > 0);
	close(channel[0]);
	close(channel[1]);
	assert_ok(store_open_local(f->dir.path, &other, &err));
	store_close(other);
	assert_true(fs_is_dir(path));
	assert_true(fs_is_dir(mine));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_ok(store_open_local(f->dir.path, &other, &err));
	store_close(other);
	assert_false(fs_is_dir(path));
	assert_true(fs_is_dir(mine));
}

static void a_forked_child_that_closes_leaves_the_scratch_of_its_parent(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	const char *mine;
	int status;
	assert_ok(store_scratch(f->store, &mine, &err));
	pid_t pid = fork();
	if (pid == 0) {
		struct digest d;
		int rc = store_put(f->store, span_of("from the child"), &d, &err);
		store_close(f->store);
		_exit(rc == 0 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_true(fs_is_dir(mine));
	struct digest d;
	hash_sha256(span_of("from the child"), &d);
	assert_true(get(f, &d, "from the child"));
}

static void a_cache_that_is_emptied_meanwhile_goes_on_working(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct digest d = put(f, "hello");
	assert_ok(fs_remove_tree(below(f, "v2"), &err));
	assert_false(get(f, &d, NULL));
	put(f, "hello");
	assert_true(get(f, &d, "hello"));
}

static void verify_names_what_is_altered_and_what_does_not_belong(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct buf report = BUF_INIT;
	uint64_t blobs, bad;
	const char *path;
	struct digest d = put(f, "hello");
	put(f, "other");
	assert_true(store_blob_path(f->store, &d, &path));
	overwrite(path, "hellO");
	assert_ok(fs_write_atomic(below(f, "v2/cas/2c/README"), span_of(""), FS_WRITE_PARENTS, &err));
	assert_ok(fs_write_atomic(below(f, "v2/bodies/zz"), span_of(""), FS_WRITE_PARENTS, &err));
	assert_ok(store_verify(f->store, &report, &blobs, &bad, &err));
	assert_int_equal(blobs, 2);
	assert_int_equal(bad, 3);
	assert_non_null(strstr(report.data, "blob 2cf24dba"));
	assert_non_null(strstr(report.data, "v2/cas/2c/README: does not belong there\n"));
	assert_non_null(strstr(report.data, "v2/bodies/zz: does not belong there\n"));
	buf_release(&report);
}

static void a_store_of_a_newer_sepal_is_refused_and_what_is_another_sepals_left_alone(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct store *other;
	struct buf text = BUF_INIT;
	assert_ok(fs_read(below(f, "FORMAT"), 100, &text, &err));
	assert_string_equal(text.data, "sepal store 1\n");
	buf_release(&text);
	assert_ok(fs_write_atomic(below(f, "v1/tmp/1.dead/lock"), span_of(""), FS_WRITE_PARENTS, &err));
	assert_ok(fs_write_atomic(below(f, "v3/tmp/1.dead/lock"), span_of(""), FS_WRITE_PARENTS, &err));
	assert_ok(store_open_local(f->dir.path, &other, &err));
	store_close(other);
	assert_true(fs_is_file(below(f, "v1/tmp/1.dead/lock")));
	assert_true(fs_is_file(below(f, "v3/tmp/1.dead/lock")));
	assert_ok(fs_write_atomic(below(f, "FORMAT"), span_of("sepal store 2\n"), 0, &err));
	assert_fails(store_open_local(f->dir.path, &other, &err), ERR_CORRUPT, "was written by a newer sepal (format 2");
	static const char *const foreign[] = { "", "sepal store", "sepal store \n", "sepal store 1", "sepal store 1x\n",
		                               "sepal store 12345678901234567890\n", "hello\n" };
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		assert_ok(fs_write_atomic(below(f, "FORMAT"), span_of(foreign[i]), 0, &err));
		assert_fails(store_open_local(f->dir.path, &other, &err), ERR_CORRUPT, "use another directory");
	}
}

static void a_file_where_a_directory_belongs_is_named(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct store *other;
	struct digest d;
	assert_ok(fs_write_atomic(below(f, "file"), span_of("x"), 0, &err));
	assert_fails(store_open_local(below(f, "file"), &other, &err), ERR_IO, "move it away");
	assert_fails(store_open_local(below(f, "file/x"), &other, &err), ERR_IO, "move it away");
	assert_ok(fs_write_atomic(below(f, "v2/cas/2c"), span_of("x"), FS_WRITE_PARENTS, &err));
	assert_fails(store_put(f->store, span_of("hello"), &d, &err), ERR_IO, "move it away");
	hash_sha256(span_of("hello"), &d);
	assert_false(get(f, &d, NULL));
	assert_ok(fs_unlink(below(f, "v2/cas/2c"), &err));
	assert_ok(fs_mkdirs(below(f, "v2/cas/2c/f24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"), &err));
	assert_fails(store_put(f->store, span_of("hello"), &d, &err), ERR_IO, "a directory lies where a file belongs");
}

static int injected;

static int refuse_changes(enum fs_op op, const char *path)
{
	(void)path;
	return op == FS_OP_READ ? 0 : op == FS_OP_OPEN && injected == ENOSPC ? 0 : injected;
}

static void refusals_of_the_system_name_the_directory_and_a_remedy(void **state)
{
	struct fixture *f = *state;
	static const struct {
		int number;
		const char *remedy;
	} rows[] = {
		{ ENOSPC, "free some space" },      { EDQUOT, "free some space" }, { EACCES, "writable for this user" },
		{ EROFS, "cannot be written there" }, { EIO, "the disk has errors" }, { EMFILE, "use another directory" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err = ERR_INIT;
		struct digest d;
		injected = rows[i].number;
		fs_fault = refuse_changes;
		int rc = store_put(f->store, span_of("hello"), &d, &err);
		fs_fault = NULL;
		assert_int_equal(rc, -1);
		assert_int_equal(err.sys_errno, rows[i].number);
		assert_non_null(strstr(err.message, f->dir.path));
		assert_non_null(strstr(err.message, rows[i].remedy));
		assert_null(strchr(err.message, '\n'));
		err_release(&err);
	}
}

static int only_read(enum fs_op op, const char *path)
{
	(void)path;
	return op == FS_OP_READ || op == FS_OP_OPEN ? 0 : EROFS;
}

static void a_store_that_can_only_be_read_is_read(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct digest d = put(f, "hello"), unused;
	store_close(f->store);
	f->store = NULL;
	fs_fault = only_read;
	assert_ok(store_open_local(f->dir.path, &f->store, &err));
	assert_true(get(f, &d, "hello"));
	assert_ok(store_put(f->store, span_of("hello"), &d, &err));
	assert_fails(store_put(f->store, span_of("new"), &unused, &err), ERR_IO, "cannot be written there");
	const char *path;
	assert_true(store_blob_path(f->store, &d, &path));
	overwrite(path, "hellO");
	assert_false(get(f, &d, NULL)); /* it cannot be removed, and is still a miss */
	assert_false(get(f, &d, NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_stamp_changes_when_blobs_come_and_go),
		TEST(a_blob_is_a_read_only_file_with_the_bare_bytes),
		TEST(a_torn_or_altered_blob_is_a_miss_and_replaced_by_the_next_put),
		TEST(a_put_replaces_a_torn_blob_that_nobody_read),
		TEST(a_link_to_a_blob_outlives_its_replacement),
		TEST(an_oversized_record_on_disk_is_read_as_an_empty_one),
		TEST(closing_leaves_no_temporary_files),
		TEST(opening_removes_what_the_dead_left_and_nothing_of_the_living),
		TEST(a_forked_child_that_closes_leaves_the_scratch_of_its_parent),
		TEST(a_cache_that_is_emptied_meanwhile_goes_on_working),
		TEST(verify_names_what_is_altered_and_what_does_not_belong),
		TEST(a_store_of_a_newer_sepal_is_refused_and_what_is_another_sepals_left_alone),
		TEST(a_file_where_a_directory_belongs_is_named),
		TEST(refusals_of_the_system_name_the_directory_and_a_remedy),
		TEST(a_store_that_can_only_be_read_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
