/* sys/child.h with real processes: what they inherit, how they end, and that nothing of theirs stays. */
#include "../../lib/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/child.h"

static struct clock real_clock;
static struct loop *loop;

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	real_clock = clock_system();
	return loop_new(&loop, &real_clock, &err);
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

/* Runs a shell script; its standard output. */
static struct child_result shell(const char *script, struct child_spec spec, const char *input, int64_t timeout_ns)
{
	struct err err = ERR_INIT;
	const char *argv[] = { "sh", "-c", script, NULL };
	struct child_result r = CHILD_RESULT_INIT;
	spec.argv = argv;
	assert_ok(child_run(loop, &spec, span_of(input), 1 << 24, timeout_ns, &r, &err));
	return r;
}

static void expect_output(const char *script, struct child_spec spec, const char *input, const char *expected)
{
	struct child_result r = shell(script, spec, input, 0);
	assert_string_equal(r.out.data, expected);
	assert_int_equal(r.wait_status, 0);
	child_result_release(&r);
}

static void both_streams_and_the_status_are_collected(void **state)
{
	(void)state;
	struct child_result r = shell("echo out; echo err >&2; exit 3", (struct child_spec){ 0 }, "", 0);
	assert_string_equal(r.out.data, "out\n");
	assert_string_equal(r.err.data, "err\n");
	assert_true(WIFEXITED(r.wait_status));
	assert_int_equal(WEXITSTATUS(r.wait_status), 3);
	child_result_release(&r);
}

static void environment_and_directory_are_the_given_ones(void **state)
{
	(void)state;
	const char *env[] = { "ONLY=this", "PATH=/usr/bin:/bin", NULL };
	struct child_spec spec = { .env = env, .cwd = "/usr" };
	expect_output("pwd; echo \"$ONLY-$HOME\"", spec, "", "/usr\nthis-\n");
}

static void input_larger_than_a_pipe_is_fed(void **state)
{
	(void)state;
	size_t size = 3000000;
	char *input = malloc(size + 1);
	memset(input, 'x', size);
	input[size] = '\0';
	struct child_result r = shell("cat", (struct child_spec){ 0 }, input, 0);
	assert_int_equal(r.out.len, size);
	assert_memory_equal(r.out.data, input, size);
	child_result_release(&r);
	free(input);
}

static void a_child_that_ignores_its_input_is_no_failure(void **state)
{
	(void)state;
	size_t size = 3000000;
	char *input = malloc(size + 1);
	memset(input, 'x', size);
	input[size] = '\0';
	expect_output("exec <&-; echo done", (struct child_spec){ 0 }, input, "done\n");
	free(input);
}

static void a_program_that_is_not_there_is_an_error_at_once(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct child_result r = CHILD_RESULT_INIT;
	const char *argv[] = { "/no/such/program", NULL };
	struct child_spec spec = { .argv = argv, .cwd = "/usr" };
	assert_fails(child_run(loop, &spec, span_of(""), 100, 0, &r, &err), ERR_IO,
		     "cannot start /no/such/program in /usr: No such file");
}

static void a_timeout_kills_the_whole_group(void **state)
{
	(void)state;
	struct child_result r = shell("sleep 100 & echo $!; wait", (struct child_spec){ 0 }, "", NS_PER_S / 5);
	assert_true(r.timed_out);
	assert_true(WIFSIGNALED(r.wait_status));
	assert_int_equal(WTERMSIG(r.wait_status), SIGKILL);
	pid_t grandchild = (pid_t)atol(r.out.data);
	assert_true(grandchild > 0);
	for (int i = 0; i < 200 && kill(grandchild, 0) == 0; i++) { /* until init has reaped it, or it is a zombie */
		char path[64], line[256] = "";
		snprintf(path, sizeof path, "/proc/%ld/stat", (long)grandchild);
		FILE *f = fopen(path, "r");
		if (f && fgets(line, sizeof line, f) && strstr(line, ") Z "))
			i = 200;
		if (f)
			fclose(f);
		if (i == 199)
			fail_msg("the grandchild %ld lives", (long)grandchild);
		usleep(10000);
	}
	child_result_release(&r);
}

static void output_beyond_the_limit_ends_the_child(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct child_result r = CHILD_RESULT_INIT;
	const char *argv[] = { "sh", "-c", "while :; do echo xxxxxxxxxxxxxxxx; done", NULL };
	struct child_spec spec = { .argv = argv };
	assert_fails(child_run(loop, &spec, span_of(""), 100000, 0, &r, &err), ERR_PROTOCOL, "more than 100000 bytes");
	child_result_release(&r);
}

static void a_grandchild_that_keeps_the_pipe_open_does_not_hold_us_up(void **state)
{
	(void)state;
	struct child_result r = shell("echo early; sleep 30 & exit 0", (struct child_spec){ 0 }, "", 10 * NS_PER_S);
	assert_false(r.timed_out);
	assert_string_equal(r.out.data, "early\n");
	child_result_release(&r);
}

static void the_child_gets_no_descriptor_but_its_three(void **state)
{
	(void)state;
	for (int inherited = 3; inherited < 1024; inherited++) /* what the test itself was started with */
		fcntl(inherited, F_SETFD, FD_CLOEXEC);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	expect_output("ls /proc/self/fd | tr '\\n' ' '", (struct child_spec){ 0 }, "", "0 1 2 3 ");
	close(fd);
}

static void signals_are_as_a_fresh_program_expects_them(void **state)
{
	(void)state;
	/* SIGPIPE is ignored in this process; if the child inherited that, `yes` would not be ended by it */
	struct child_result r = shell("{ yes; echo $? >&2; } | head -1; sleep 0.1", (struct child_spec){ 0 }, "", 0);
	assert_string_equal(r.out.data, "y\n");
	assert_string_equal(r.err.data, "141\n");
	child_result_release(&r);
}

static void interrupt(struct loop *l, void *ctx)
{
	(void)ctx;
	loop_stop(l);
}

static void stopping_the_loop_ends_the_child(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct child_result r = CHILD_RESULT_INIT;
	const char *argv[] = { "sleep", "100", NULL };
	struct child_spec spec = { .argv = argv };
	loop_add_timer(loop, NS_PER_S / 20, interrupt, NULL);
	assert_fails(child_run(loop, &spec, span_of(""), 100, 0, &r, &err), ERR_INTERRUPTED, "sleep was ended");
	child_result_release(&r);
}

static int exits_seen;

static void count_exit(struct loop *l, pid_t pid, int wait_status, void *ctx)
{
	struct child *c = ctx;
	(void)l;
	assert_int_equal(pid, c->pid);
	assert_int_equal(wait_status, 0);
	child_close(c);
	exits_seen++;
}

static void many_children_are_all_reaped(void **state)
{
	(void)state;
	enum { COUNT = 20 };
	struct err err = ERR_INIT;
	struct child children[COUNT];
	const char *argv[] = { "true", NULL };
	struct child_spec spec = { .argv = argv };
	exits_seen = 0;
	for (int i = 0; i < COUNT; i++)
		assert_ok(child_spawn(&children[i], &spec, &err));
	usleep(50000); /* some have ended before anybody watches them */
	for (int i = 0; i < COUNT; i++)
		loop_watch_child(loop, children[i].pid, count_exit, &children[i]);
	assert_ok(loop_run(loop, &err));
	assert_int_equal(exits_seen, COUNT);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void a_status_reads_as_a_sentence_end(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	child_describe_status(3 << 8, &b);
	buf_add_char(&b, '/');
	child_describe_status(SIGKILL, &b);
	assert_string_equal(b.data, "exited with status 3/was ended by signal 9 (Killed)");
	buf_release(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_streams_and_the_status_are_collected),
		TEST(environment_and_directory_are_the_given_ones),
		TEST(input_larger_than_a_pipe_is_fed),
		TEST(a_child_that_ignores_its_input_is_no_failure),
		TEST(a_program_that_is_not_there_is_an_error_at_once),
		TEST(a_timeout_kills_the_whole_group),
		TEST(output_beyond_the_limit_ends_the_child),
		TEST(a_grandchild_that_keeps_the_pipe_open_does_not_hold_us_up),
		TEST(the_child_gets_no_descriptor_but_its_three),
		TEST(signals_are_as_a_fresh_program_expects_them),
		TEST(stopping_the_loop_ends_the_child),
		TEST(many_children_are_all_reaped),
		TEST(a_status_reads_as_a_sentence_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
