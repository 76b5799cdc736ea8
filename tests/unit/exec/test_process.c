/* exec/process.h: an action runs in a directory that holds only its inputs. The actions here are shell one-liners. */
#include "../../lib/check.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/process.h"
#include "sys/fs.h"
#include "sys/path.h"
#include "sys/tmpdir.h"

struct fixture {
	struct arena arena;
	struct tmpdir dir;
	struct clock clock;
	struct loop *loop;
	struct store *store;
	struct process_runner *runner;
	const char *scratch;
	struct action_input inputs[8];
	const char *outputs[8];
	struct action action;
	/* what `done` was told */
	unsigned calls;
	bool has_outcome;
	struct action_outcome outcome;
	char *failure;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct err err = ERR_INIT;
	static const char *env[] = { "PATH=/usr/bin:/bin", NULL };

	assert_ok(tmpdir_make(&f->dir, NULL, "process", &err));
	f->clock = clock_system();
	assert_ok(loop_new(&f->loop, &f->clock, &err));
	assert_ok(store_open_local(path_join(&f->arena, f->dir.path, "store"), &f->store, &err));
	f->scratch = path_join(&f->arena, f->dir.path, "scratch");
	assert_ok(process_runner_new(f->loop, f->store, f->scratch, &f->runner, &err));
	f->action = (struct action){ .env = env, .inputs = f->inputs, .outputs = f->outputs };
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	process_runner_free(f->runner);
	loop_free(f->loop);
	store_close(f->store);
	assert_ok(tmpdir_remove(&f->dir, &err));
	arena_release(&f->arena);
	free(f->failure);
	free(f);
	return 0;
}

static void script(struct fixture *f, const char *text)
{
	f->action.argv = ARENA_ARRAY(&f->arena, const char *, 4);
	f->action.argv[0] = "/bin/sh";
	f->action.argv[1] = "-c";
	f->action.argv[2] = text;
}

static struct action_input *add_input(struct fixture *f, const char *path, enum input_kind kind)
{
	struct action_input *in = &f->inputs[f->action.input_count++];

	*in = (struct action_input){ .path = path, .kind = kind };
	return in;
}

static void add_text(struct fixture *f, const char *path, const char *text)
{
	add_input(f, path, INPUT_INLINE)->bytes = span_of(text);
}

static void add_blob(struct fixture *f, const char *path, const char *text)
{
	struct err err = ERR_INIT;

	assert_ok(store_put(f->store, span_of(text), &add_input(f, path, INPUT_BLOB)->digest, &err));
}

static void done(void *ctx, const struct action_outcome *outcome, struct err *failure)
{
	struct fixture *f = ctx;

	f->calls++;
	f->has_outcome = outcome != NULL;
	if (outcome) {
		f->outcome = *outcome;
	} else {
		f->failure = strdup(failure->message);
		err_release(failure);
	}
}

static void run(struct fixture *f)
{
	struct err err = ERR_INIT;

	action_finish(&f->action);
	assert_ok(process_runner_start(f->runner, &f->action, &f->arena, done, f, &err));
	assert_int_equal(process_runner_running(f->runner), 1);
	while (!f->calls)
		assert_ok(loop_run_once(f->loop, -1, &err));
	assert_int_equal(f->calls, 1);
	assert_int_equal(process_runner_running(f->runner), 0);
	if (!f->has_outcome)
		fail_msg("no outcome: %s", f->failure);
}

static void status_and_output_come_back(void **state)
{
	struct fixture *f = *state;

	script(f, "echo out; echo err >&2; exit 3");
	run(f);
	assert_int_equal(f->outcome.exit_status, 3);
	assert_true(span_eq_str(f->outcome.out, "out\n"));
	assert_true(span_eq_str(f->outcome.err, "err\n"));
	assert_false(f->outcome.timed_out);
	assert_null(f->outcome.undeclared);
	assert_int_equal(process_runner_started(f->runner), 1);
}

static void inputs_of_every_kind_are_there_and_read_only(void **state)
{
	struct fixture *f = *state;
	struct action_input *file;
	const char *real = path_join(&f->arena, f->dir.path, "real");
	struct err err = ERR_INIT;

	assert_ok(fs_create(real, span_of("file"), 0644, &err));
	add_text(f, "d/text", "text");
	add_text(f, "run", "#!/bin/sh\necho ran\n");
	add_blob(f, "d/e/blob", "blob");
	add_input(f, "empty/dir", INPUT_DIRECTORY);
	add_input(f, "link", INPUT_PLATFORM)->real = "/bin/sh";
	file = add_input(f, "file", INPUT_FILE);
	file->real = real;
	hash_sha256(span_of("file"), &file->digest);
	script(f, "cat d/text d/e/blob file; ./run; test -d empty/dir && readlink link; "
	          "stat -c %a d/text file run; env");
	run(f);
	assert_string_equal(f->outcome.err.data, "");
	assert_non_null(strstr(f->outcome.out.data, "textblobfileran\n/bin/sh\n444\n444\n555\n"));
	assert_null(strstr(f->outcome.out.data, "HOME="));
	assert_null(f->outcome.undeclared);
}

static void declared_outputs_are_collected_and_may_be_absent(void **state)
{
	struct fixture *f = *state;

	f->outputs[0] = "made/here";
	f->outputs[1] = "never";
	script(f, "mkdir made; printf x > made/here");
	run(f);
	assert_null(f->outcome.undeclared);
	assert_int_equal(f->outcome.output_count, 2);
	assert_string_equal(f->outcome.outputs[0].path, "made/here");
	assert_true(span_eq_str(f->outcome.outputs[0].bytes, "x"));
	assert_true(f->outcome.outputs[0].present);
	assert_false(f->outcome.outputs[1].present);
}

static void an_undeclared_file_is_named(void **state)
{
	struct fixture *f = *state;

	script(f, "mkdir -p a; touch a/z b");
	run(f);
	assert_string_equal(f->outcome.undeclared, "a/z");
}

static void a_changed_input_is_named(void **state)
{
	struct fixture *f = *state;

	add_text(f, "text", "1");
	script(f, "printf 1 > new; mv -f new text");
	run(f);
	assert_string_equal(f->outcome.undeclared, "text");
}

static void a_removed_input_is_named(void **state)
{
	struct fixture *f = *state;

	add_text(f, "d/text", "1");
	add_text(f, "e", "1");
	script(f, "rm -rf d");
	run(f);
	assert_string_equal(f->outcome.undeclared, "d/text");
}

static void a_blob_of_the_store_is_not_harmed_by_one_who_replaces_it(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	bool found;

	add_blob(f, "blob", "the blob");
	script(f, "printf other > new; mv -f new blob");
	run(f);
	assert_string_equal(f->outcome.undeclared, "blob");
	assert_ok(store_get(f->store, &f->inputs[0].digest, &out, &found, &err));
	assert_true(found);
	assert_string_equal(out.data, "the blob");
	buf_release(&out);
}

static void the_directory_is_gone_afterwards(void **state)
{
	struct fixture *f = *state;
	struct fs_listing listing;
	struct err err = ERR_INIT;

	add_text(f, "d/text", "1");
	script(f, "true");
	run(f);
	assert_ok(fs_list(f->scratch, &f->arena, &listing, &err));
	assert_int_equal(listing.count, 1);
	assert_string_equal(listing.entries[0].name, "inlined"); /* for the actions to come */
}

static void equal_texts_are_one_file(void **state)
{
	struct fixture *f = *state;

	add_text(f, "a/text", "1");
	add_text(f, "b/text", "1");
	add_text(f, "b/other", "2");
	script(f, "test a/text -ef b/text && ! test a/text -ef b/other");
	run(f);
	assert_int_equal(f->outcome.exit_status, 0);
}

static void a_shared_text_that_an_action_changes_is_noticed_and_written_anew(void **state)
{
	struct fixture *f = *state;

	add_text(f, "text", "1");
	script(f, "grep -q 1 text || exit 3; chmod 600 text; echo 2 > text");
	for (int i = 0; i < 2; i++) {
		f->calls = 0;
		run(f);
		assert_int_equal(f->outcome.exit_status, 0);
		assert_string_equal(f->outcome.undeclared, "text");
	}
}

static void a_failed_run_can_be_kept(void **state)
{
	struct fixture *f = *state;

	process_runner_keep_failed(f->runner, true);
	add_text(f, "text", "1");
	script(f, "exit 2");
	run(f);
	assert_non_null(process_runner_kept(f->runner));
	assert_true(fs_is_file(path_join(&f->arena, process_runner_kept(f->runner), "text")));
}

static void a_signal_is_told_from_a_status(void **state)
{
	struct fixture *f = *state;

	script(f, "kill -9 $$");
	run(f);
	assert_int_equal(f->outcome.exit_status, -1);
	assert_int_equal(f->outcome.signal, SIGKILL);
	assert_false(f->outcome.timed_out);
}

static void the_time_limit_ends_the_whole_group(void **state)
{
	struct fixture *f = *state;
	int64_t start = clock_monotonic_ns(&f->clock);

	f->action.timeout_seconds = 1;
	script(f, "sleep 60 & echo $!; wait");
	run(f);
	assert_true(f->outcome.timed_out);
	assert_true(clock_monotonic_ns(&f->clock) - start < 30 * NS_PER_S);
	for (int i = 0; i < 100 && kill(atoi(f->outcome.out.data), 0) == 0; i++)
		usleep(20000); /* until somebody has reaped it */
	assert_int_equal(kill(atoi(f->outcome.out.data), 0), -1);
}

static void much_output_is_cut_and_says_so(void **state)
{
	struct fixture *f = *state;

	script(f, "head -c 3000000 /dev/zero | tr '\\0' x");
	run(f);
	assert_int_equal(f->outcome.exit_status, 0);
	assert_true(f->outcome.out.len < 1100000);
	assert_non_null(strstr(f->outcome.out.data + 1048576, "more output was dropped"));
}

static void a_platform_link_in_front_is_started_by_its_own_name(void **state)
{
	struct fixture *f = *state;

	add_input(f, "program", INPUT_PLATFORM)->real = "/bin/sh";
	script(f, "echo $0");
	f->action.argv[0] = "program";
	run(f);
	assert_true(span_eq_str(f->outcome.out, "/bin/sh\n"));
}

static void refuse(struct fixture *f, enum err_kind kind, const char *what)
{
	struct err err = ERR_INIT;
	struct fs_listing listing;

	action_finish(&f->action);
	assert_fails(process_runner_start(f->runner, &f->action, &f->arena, done, f, &err), kind, what);
	assert_int_equal(f->calls, 0);
	assert_ok(fs_list(f->scratch, &f->arena, &listing, &err));
	assert_int_equal(listing.count, 0);
}

static void a_file_that_changed_is_not_staged(void **state)
{
	struct fixture *f = *state;
	struct action_input *file = add_input(f, "file", INPUT_FILE);
	const char *real = path_join(&f->arena, f->dir.path, "real");
	struct err err = ERR_INIT;

	assert_ok(fs_create(real, span_of("new"), 0644, &err));
	file->real = real;
	hash_sha256(span_of("old"), &file->digest);
	script(f, "true");
	refuse(f, ERR_IO, "has changed since");
}

static void a_blob_that_is_not_there_is_named(void **state)
{
	struct fixture *f = *state;

	hash_sha256(span_of("nobody stored this"), &add_input(f, "blob", INPUT_BLOB)->digest);
	script(f, "true");
	refuse(f, ERR_CORRUPT, "staging blob");
}

static void an_altered_blob_is_found_before_it_is_used(void **state)
{
	struct fixture *f = *state;
	const char *path;
	struct err err = ERR_INIT;

	add_blob(f, "blob", "the blob");
	assert_true(store_blob_path(f->store, &f->inputs[0].digest, &path));
	path = arena_strdup(&f->arena, path);
	assert_ok(fs_unlink(path, &err));
	assert_ok(fs_create(path, span_of("THE BLOB"), 0444, &err));
	script(f, "true");
	refuse(f, ERR_CORRUPT, "not what its name says");
	assert_false(store_has(f->store, &f->inputs[0].digest));
}

static void a_program_that_is_not_there_is_an_error_at_once(void **state)
{
	struct fixture *f = *state;

	script(f, "true");
	f->action.argv[0] = "/nowhere/at/all";
	refuse(f, ERR_IO, "/nowhere/at/all");
}

static int steps_left;

static int fail_when_counted_down(enum fs_op op, const char *path)
{
	(void)op;
	(void)path;
	return steps_left-- == 0 ? ENOSPC : 0;
}

static void every_failure_of_the_disk_while_staging_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	int step = 0, rc;

	add_text(f, "d/text", "1");
	add_blob(f, "blob", "the blob");
	add_input(f, "dir", INPUT_DIRECTORY);
	script(f, "true");
	action_finish(&f->action);
	do {
		steps_left = step++;
		fs_fault = fail_when_counted_down;
		rc = process_runner_start(f->runner, &f->action, &f->arena, done, f, &err);
		fs_fault = NULL;
		if (rc)
			assert_int_equal(err.sys_errno, ENOSPC);
		err_release(&err);
	} while (rc && step < 100);
	assert_true(step > 3 && step < 100);
	while (!f->calls)
		assert_ok(loop_run_once(f->loop, -1, &err));
	assert_true(f->has_outcome);
}

static void freeing_the_runner_ends_what_runs(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	script(f, "sleep 60");
	action_finish(&f->action);
	assert_ok(process_runner_start(f->runner, &f->action, &f->arena, done, f, &err));
	process_runner_free(f->runner);
	f->runner = NULL;
	assert_int_equal(f->calls, 0);
	assert_false(fs_is_dir(f->scratch));
}

static void one_that_is_cancelled_tells_nothing_and_needs_its_action_no_more(void **state)
{
	struct fixture *f = *state;
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;

	script(f, "sleep 60");
	action_finish(&f->action);
	assert_ok(process_runner_start(f->runner, &f->action, &arena, done, f, &err));
	process_runner_cancel(f->runner, f);
	arena_release(&arena);
	while (process_runner_running(f->runner))
		assert_ok(loop_run_once(f->loop, -1, &err));
	assert_int_equal(f->calls, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(status_and_output_come_back),
		TEST(inputs_of_every_kind_are_there_and_read_only),
		TEST(declared_outputs_are_collected_and_may_be_absent),
		TEST(an_undeclared_file_is_named),
		TEST(a_changed_input_is_named),
		TEST(a_removed_input_is_named),
		TEST(a_blob_of_the_store_is_not_harmed_by_one_who_replaces_it),
		TEST(the_directory_is_gone_afterwards),
		TEST(equal_texts_are_one_file),
		TEST(a_shared_text_that_an_action_changes_is_noticed_and_written_anew),
		TEST(a_failed_run_can_be_kept),
		TEST(a_signal_is_told_from_a_status),
		TEST(the_time_limit_ends_the_whole_group),
		TEST(much_output_is_cut_and_says_so),
		TEST(a_platform_link_in_front_is_started_by_its_own_name),
		TEST(a_file_that_changed_is_not_staged),
		TEST(a_blob_that_is_not_there_is_named),
		TEST(an_altered_blob_is_found_before_it_is_used),
		TEST(a_program_that_is_not_there_is_an_error_at_once),
		TEST(every_failure_of_the_disk_while_staging_is_an_error),
		TEST(freeing_the_runner_ends_what_runs),
		TEST(one_that_is_cancelled_tells_nothing_and_needs_its_action_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
