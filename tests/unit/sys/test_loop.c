/* sys/loop.h: descriptors, timers and signals, with a clock that the test moves. */
#include "../../lib/check.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/loop.h"

static struct fake_clock fake_time;
static struct clock fake_clock;
static struct loop *loop;

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	fake_time = (struct fake_clock){ 1000, 5000 };
	fake_clock = clock_fake(&fake_time);
	return loop_new(&loop, &fake_clock, &err);
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

static void turn(void)
{
	struct err err = ERR_INIT;
	assert_ok(loop_run_once(loop, 0, &err));
}

struct record {
	char seen[64];
};

static struct record record;

static void note(const char *what)
{
	strncat(record.seen, what, sizeof record.seen - strlen(record.seen) - 1);
}

static void fire(struct loop *l, void *ctx)
{
	(void)l;
	note(ctx);
}

static void fire_again(struct loop *l, void *ctx)
{
	note(ctx);
	loop_add_timer(l, 0, fire_again, ctx);
}

static void timers_fire_in_order_when_due(void **state)
{
	(void)state;
	record.seen[0] = '\0';
	loop_add_timer(loop, 20, fire, "c");
	loop_add_timer(loop, 10, fire, "a");
	loop_add_timer(loop, 10, fire, "b");
	uint32_t cancelled = loop_add_timer(loop, 5, fire, "X");
	loop_cancel_timer(loop, cancelled);
	loop_cancel_timer(loop, 0);
	fake_clock_advance(&fake_time, 9);
	turn();
	assert_string_equal(record.seen, "");
	fake_clock_advance(&fake_time, 1);
	turn();
	assert_string_equal(record.seen, "ab");
	fake_clock_advance(&fake_time, 100);
	turn();
	turn();
	assert_string_equal(record.seen, "abc");
	assert_int_equal(clock_wall_ns(loop_clock(loop)), 5110);
}

static void a_timer_that_adds_itself_fires_once_a_round(void **state)
{
	(void)state;
	record.seen[0] = '\0';
	loop_add_timer(loop, 0, fire_again, "x");
	turn();
	turn();
	turn();
	assert_string_equal(record.seen, "xxx");
}

static void read_one(struct loop *l, int fd, unsigned events, void *ctx)
{
	char c;
	(void)ctx;
	assert_int_equal(events, LOOP_READ);
	if (read(fd, &c, 1) == 1)
		note((char[]){ c, '\0' });
	else
		loop_unwatch_fd(l, fd);
}

static void a_readable_descriptor_is_called_until_its_end(void **state)
{
	(void)state;
	int ends[2];
	record.seen[0] = '\0';
	assert_int_equal(pipe(ends), 0);
	loop_watch_fd(loop, ends[0], LOOP_READ, read_one, NULL);
	turn();
	assert_string_equal(record.seen, "");
	assert_int_equal(write(ends[1], "ab", 2), 2);
	close(ends[1]);
	struct err err = ERR_INIT;
	assert_ok(loop_run(loop, &err)); /* ends because nothing is watched any more */
	assert_string_equal(record.seen, "ab");
	close(ends[0]);
}

static void hung_up(struct loop *l, int fd, unsigned events, void *ctx)
{
	assert_int_equal(events, LOOP_HANGUP);
	note(ctx);
	loop_unwatch_fd(l, fd);
}

static void a_hangup_is_told_and_what_can_be_read_is_not(void **state)
{
	(void)state;
	int ends[2];
	record.seen[0] = '\0';
	assert_int_equal(pipe(ends), 0);
	loop_watch_fd(loop, ends[0], LOOP_HANGUP, hung_up, "gone");
	assert_int_equal(write(ends[1], "ab", 2), 2);
	turn();
	assert_string_equal(record.seen, "");
	close(ends[1]);
	turn();
	turn();
	assert_string_equal(record.seen, "gone");
	close(ends[0]);
}

static int other_fd;

static void take_the_other_away(struct loop *l, int fd, unsigned events, void *ctx)
{
	(void)events;
	note(ctx);
	loop_unwatch_fd(l, fd);
	loop_unwatch_fd(l, other_fd);
}

static void a_watch_removed_in_a_callback_is_not_called_any_more(void **state)
{
	(void)state;
	int ends[2], more[2];
	record.seen[0] = '\0';
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pipe(more), 0);
	other_fd = more[1];
	loop_watch_fd(loop, ends[1], LOOP_WRITE, take_the_other_away, "1");
	loop_watch_fd(loop, more[1], LOOP_WRITE, take_the_other_away, "2");
	turn();
	turn();
	assert_string_equal(record.seen, "1");
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(more[i]);
	}
}

static void stop_it(struct loop *l, int signo, void *ctx)
{
	(void)ctx;
	note(signo == SIGTERM ? "term" : "int");
	loop_stop(l);
}

static void raise_it(struct loop *l, void *ctx)
{
	(void)l;
	(void)ctx;
	raise(SIGTERM);
}

static void an_interrupt_arrives_as_a_callback(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	record.seen[0] = '\0';
	loop_watch_interrupt(loop, stop_it, NULL);
	raise(SIGINT);
	turn();
	assert_string_equal(record.seen, "int");
	assert_true(loop_is_stopped(loop));
	loop_add_timer(loop, 0, raise_it, NULL);
	loop_add_timer(loop, 1000 * NS_PER_S, fire, "never");
	assert_ok(loop_run(loop, &err));
	assert_false(loop_is_stopped(loop));
	assert_ok(loop_run(loop, &err));
	assert_string_equal(record.seen, "intterm");
}

static void handlers_are_given_back(void **state)
{
	(void)state;
	struct sigaction before, during, after;
	sigaction(SIGINT, NULL, &before);
	loop_watch_interrupt(loop, stop_it, NULL);
	sigaction(SIGINT, NULL, &during);
	assert_true(during.sa_handler != before.sa_handler);
	struct loop_interrupt former = loop_watch_interrupt(loop, stop_it, "borrowed");
	assert_true(former.interrupted == stop_it && !former.ctx);
	former = loop_watch_interrupt(loop, former.interrupted, former.ctx);
	assert_string_equal(former.ctx, "borrowed");
	loop_watch_interrupt(loop, NULL, NULL);
	sigaction(SIGINT, NULL, &after);
	assert_true(after.sa_handler == before.sa_handler);
}

static void reaped(struct loop *l, pid_t pid, int wait_status, void *ctx)
{
	(void)l, (void)pid, (void)wait_status;
	note(ctx);
}

static void a_child_that_is_not_watched_any_more_is_left_to_its_parent(void **state)
{
	(void)state;
	int status;
	record.seen[0] = '\0';
	pid_t pids[2];
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(7 + i);
		loop_watch_child(loop, pids[i], reaped, i ? "second" : "first");
	}
	loop_unwatch_child(loop, pids[0]);
	while (!record.seen[0])
		turn();
	turn();
	assert_string_equal(record.seen, "second");
	assert_int_equal(waitpid(pids[0], &status, 0), pids[0]);
	assert_int_equal(WEXITSTATUS(status), 7);
	loop_unwatch_child(loop, pids[0]);
}

static void writing_to_a_closed_pipe_is_an_error_and_no_signal(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(write(ends[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	close(ends[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(timers_fire_in_order_when_due),
		TEST(a_timer_that_adds_itself_fires_once_a_round),
		TEST(a_readable_descriptor_is_called_until_its_end),
		TEST(a_hangup_is_told_and_what_can_be_read_is_not),
		TEST(a_watch_removed_in_a_callback_is_not_called_any_more),
		TEST(an_interrupt_arrives_as_a_callback),
		TEST(handlers_are_given_back),
		TEST(a_child_that_is_not_watched_any_more_is_left_to_its_parent),
		TEST(writing_to_a_closed_pipe_is_an_error_and_no_signal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
