/* source/witness.h: a witness holds while nothing it saw has changed, and not a moment longer. */
#include "../../lib/check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "source/witness.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/path.h"
#include "sys/tmpdir.h"

struct fixture {
	struct tmpdir dir;
	struct arena arena;
	struct buf kept;
};

static int make(void **state)
{
	struct err err = ERR_INIT;
	struct fixture *f = calloc(1, sizeof *f);
	*state = f;
	f->kept = (struct buf)BUF_INIT;
	return tmpdir_make(&f->dir, NULL, "witness", &err);
}

static int clean(void **state)
{
	struct err err = ERR_INIT;
	struct fixture *f = *state;
	buf_release(&f->kept);
	arena_release(&f->arena);
	int rc = tmpdir_remove(&f->dir, &err);
	free(f);
	return rc;
}

static const char *in_dir(struct fixture *f, const char *name)
{
	return path_join(&f->arena, f->dir.path, name);
}

static void edit(struct fixture *f, const char *name, const char *text)
{
	struct err err = ERR_INIT;
	assert_ok(fs_write_atomic(in_dir(f, name), span_of(text), FS_WRITE_PARENTS, &err));
}

/* Until what was written is older than an observer that begins now. */
static void let_time_pass(void)
{
	usleep(30000);
}

static void observe(struct fixture *f, const char *name)
{
	struct clock clock = clock_system();
	struct witness *w = witness_new(clock_wall_ns(&clock));
	witness_path(w, in_dir(f, name));
	witness_env(w, "SEPAL_TEST_WITNESS");
	buf_reset(&f->kept);
	witness_encode(w, &f->kept);
	witness_free(w);
}

static bool holds(struct fixture *f)
{
	struct reader r = reader_of(buf_span(&f->kept));
	return witness_holds(&r, NULL) && reader_done(&r);
}

/* Observes the fixture's directory with an earlier witness at hand. */
static void observe_again(struct fixture *f)
{
	struct clock clock = clock_system();
	struct witness *w = witness_new(clock_wall_ns(&clock));
	struct reader r = reader_of(buf_span(&f->kept));
	witness_recall(w, &r);
	witness_path(w, f->dir.path);
	buf_reset(&f->kept);
	witness_encode(w, &f->kept);
	witness_free(w);
}

static void an_earlier_witness_saves_listings_and_changes_no_answer(void **state)
{
	struct fixture *f = *state;
	edit(f, "a.py", "x");
	let_time_pass();
	observe(f, "");
	assert_true(holds(f));
	observe_again(f);
	assert_true(holds(f));
	edit(f, "b.py", "x");
	assert_false(holds(f));
	let_time_pass();
	observe_again(f); /* its times moved: it is listed */
	assert_true(holds(f));
	edit(f, "noise.txt~", "x");
	assert_true(holds(f));
	buf_reset(&f->kept);
	buf_add_str(&f->kept, "no witness");
	observe_again(f);
	assert_false(holds(f)); /* racy: written just now */
	let_time_pass();
	observe_again(f);
	assert_true(holds(f));
}

static void what_was_seen_counts_and_not_what_is_there_now(void **state)
{
	struct fixture *f = *state;
	struct clock clock = clock_system();
	struct err err = ERR_INIT;
	struct file_stat seen;
	edit(f, "a.py", "x");
	let_time_pass();
	struct witness *w = witness_new(clock_wall_ns(&clock));
	assert_ok(fs_stat(in_dir(f, "a.py"), &seen, &err));
	edit(f, "a.py", "another");
	witness_seen(w, in_dir(f, "a.py"), &seen);
	buf_reset(&f->kept);
	witness_encode(w, &f->kept);
	witness_free(w);
	assert_false(holds(f));
	edit(f, "a.py", "x");
	assert_false(holds(f));
}

static void an_unchanged_file_directory_and_absence_hold(void **state)
{
	struct fixture *f = *state;
	edit(f, "a.py", "x");
	let_time_pass();
	static const char *const names[] = { "a.py", ".", "missing.py" };
	for (size_t i = 0; i < 3; i++) {
		observe(f, names[i]);
		assert_true(holds(f));
	}
}

static void a_file_that_was_replaced_by_one_of_the_same_size_and_time_does_not_hold(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	edit(f, "a.py", "x");
	let_time_pass();
	observe(f, "a.py");
	assert_int_equal(stat(in_dir(f, "a.py"), &st), 0);
	struct timespec times[2] = { st.st_atim, st.st_mtim };
	edit(f, "a.py", "y");
	assert_int_equal(utimensat(AT_FDCWD, in_dir(f, "a.py"), times, 0), 0);
	assert_false(holds(f));
}

static void a_file_that_appears_or_goes_does_not_hold(void **state)
{
	struct fixture *f = *state;
	observe(f, "a.py");
	edit(f, "a.py", "x");
	assert_false(holds(f));
	let_time_pass();
	observe(f, "a.py");
	assert_int_equal(unlink(in_dir(f, "a.py")), 0);
	assert_false(holds(f));
}

static void names_that_cannot_matter_do_not_disturb(void **state)
{
	struct fixture *f = *state;
	edit(f, "a.py", "x");
	let_time_pass();
	observe(f, ".");
	edit(f, ".a.py.swp", "x");
	edit(f, "notes.txt", "x");
	assert_true(holds(f));
}

static void a_new_name_is_seen_though_the_directory_was_given_its_old_time(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	edit(f, "a.py", "x");
	let_time_pass();
	observe(f, ".");
	assert_int_equal(stat(f->dir.path, &st), 0);
	struct timespec times[2] = { st.st_atim, st.st_mtim };
	edit(f, "json.py", "x");
	assert_int_equal(utimensat(AT_FDCWD, f->dir.path, times, 0), 0);
	assert_false(holds(f));
}

static void a_repository_mark_may_be_a_directory_or_a_file(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	let_time_pass();
	observe(f, ".");
	edit(f, ".git", "gitdir: elsewhere");
	assert_false(holds(f));
	assert_int_equal(unlink(in_dir(f, ".git")), 0);
	let_time_pass();
	observe(f, ".");
	assert_ok(fs_mkdirs(in_dir(f, ".git"), &err));
	assert_false(holds(f));
}

static void a_link_to_another_target_does_not_hold(void **state)
{
	struct fixture *f = *state;
	edit(f, "one.py", "x");
	edit(f, "two.py", "x");
	assert_int_equal(symlink("one.py", in_dir(f, "a.py")), 0);
	let_time_pass();
	observe(f, "a.py");
	assert_int_equal(unlink(in_dir(f, "a.py")), 0);
	assert_int_equal(symlink("two.py", in_dir(f, "a.py")), 0);
	assert_false(holds(f));
}

static void what_is_as_young_as_the_observer_never_holds(void **state)
{
	struct fixture *f = *state;
	edit(f, "a.py", "x");
	observe(f, "a.py");
	let_time_pass();
	assert_false(holds(f));
	observe(f, "a.py");
	assert_true(holds(f));
}

static void a_variable_that_changes_appears_or_goes_does_not_hold(void **state)
{
	struct fixture *f = *state;
	static const char *const values[] = { "a", "b", "", NULL };
	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < 4; k++) {
			values[i] ? setenv("SEPAL_TEST_WITNESS", values[i], 1) : unsetenv("SEPAL_TEST_WITNESS");
			observe(f, "missing.py");
			values[k] ? setenv("SEPAL_TEST_WITNESS", values[k], 1) : unsetenv("SEPAL_TEST_WITNESS");
			assert_int_equal(holds(f), i == k);
		}
	}
}

static void a_torn_record_never_holds(void **state)
{
	struct fixture *f = *state;
	edit(f, "a.py", "x");
	let_time_pass();
	observe(f, "a.py");
	for (size_t len = 0; len < f->kept.len; len++) {
		struct reader r = reader_of((struct span){ f->kept.data, len });
		assert_false(witness_holds(&r, NULL) && reader_done(&r));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clean)
	const struct CMUnitTest tests[] = {
		TEST(an_earlier_witness_saves_listings_and_changes_no_answer),
		TEST(what_was_seen_counts_and_not_what_is_there_now),
		TEST(an_unchanged_file_directory_and_absence_hold),
		TEST(a_file_that_was_replaced_by_one_of_the_same_size_and_time_does_not_hold),
		TEST(a_file_that_appears_or_goes_does_not_hold),
		TEST(names_that_cannot_matter_do_not_disturb),
		TEST(a_new_name_is_seen_though_the_directory_was_given_its_old_time),
		TEST(a_repository_mark_may_be_a_directory_or_a_file),
		TEST(a_link_to_another_target_does_not_hold),
		TEST(what_is_as_young_as_the_observer_never_holds),
		TEST(a_variable_that_changes_appears_or_goes_does_not_hold),
		TEST(a_torn_record_never_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
