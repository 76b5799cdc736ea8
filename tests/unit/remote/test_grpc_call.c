/* remote/grpc_call.h over a transport that does what the test says: what is tried again, what is given up, in which
 * order, and that every call is answered once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "remote/grpc_call.h"

enum { MANY = 400 };

/* One try, as the transport sees it. */
struct try {
	const char *method;
	int64_t timeout_ns;
	struct buf request;
	struct rpc_events events;
	bool open, cancelled;
};

struct world {
	struct fake_clock time;
	struct clock clock;
	struct loop *loop;
	struct remote_health *health;
	struct grpc_calls *calls;
	struct try tries[3 * MANY];
	size_t try_count, open_count;
	uint64_t moved;
	/* what the callers were told */
	unsigned done, by_status[17], restarts, messages;
	char response[100], text[200], problem[300];
	unsigned problems;
};

static struct rpc_call *start(void *ctx, const char *method, int64_t timeout_ns, struct buf *request,
			      const struct rpc_events *events)
{
	struct world *w = ctx;
	struct try *t = &w->tries[w->try_count++];
	*t = (struct try){ method, timeout_ns, *request, *events, true, false };
	*request = (struct buf)BUF_INIT;
	w->open_count++;
	return (struct rpc_call *)t;
}

static void cancel(void *ctx, struct rpc_call *call)
{
	(void)ctx;
	((struct try *)call)->cancelled = true;
}

/* The end of a try, with a response if there is one. */
static void answer(struct world *w, size_t at, enum rpc_status status, const char *response)
{
	struct try *t = &w->tries[at];
	assert_true(t->open);
	t->open = false;
	w->open_count--;
	buf_release(&t->request);
	if (response)
		t->events.message(t->events.ctx, span_of(response));
	t->events.ended(t->events.ctx, t->cancelled ? RPC_CANCELLED : status, status == RPC_OK ? "" : "no luck");
}

static void end_all(void *ctx)
{
	struct world *w = ctx;
	for (size_t i = 0; i < w->try_count; i++)
		if (w->tries[i].open)
			answer(w, i, RPC_CANCELLED, NULL);
}

static struct rpc_traffic traffic(void *ctx)
{
	return (struct rpc_traffic){ .sent = ((struct world *)ctx)->moved };
}

static void problem(void *ctx, const struct err *err)
{
	struct world *w = ctx;
	w->problems++;
	snprintf(w->problem, sizeof w->problem, "%s", err->message);
}

static struct world *open_world(int64_t patience_ns)
{
	struct world *w = xcalloc(1, sizeof *w);
	struct err err = ERR_INIT;
	w->time.monotonic_ns = 100 * NS_PER_S;
	w->clock = clock_fake(&w->time);
	assert_int_equal(loop_new(&w->loop, &w->clock, &err), 0);
	w->health = remote_health_new(w->loop, "grpc://server:1", problem, w);
	const struct grpc_transport transport = { start, cancel, end_all, traffic, w };
	w->calls = grpc_calls_new(w->loop, &transport, w->health, 10 * NS_PER_S, patience_ns);
	return w;
}

static void close_world(struct world *w)
{
	grpc_calls_free(w->calls);
	assert_int_equal(w->open_count, 0);
	remote_health_free(w->health);
	loop_free(w->loop);
	free(w);
}

static void is_done(void *ctx, enum rpc_status status, struct span response, const char *text)
{
	struct world *w = ctx;
	w->done++;
	w->by_status[status]++;
	snprintf(w->response, sizeof w->response, "%.*s", (int)response.len, response.data);
	snprintf(w->text, sizeof w->text, "%s", text);
}

static void restart(void *ctx)
{
	((struct world *)ctx)->restarts++;
}

static int message(void *ctx, struct span bytes)
{
	(void)bytes;
	return ++((struct world *)ctx)->messages == 3;
}

static void ask(struct world *w, unsigned answers)
{
	struct grpc_job job = { .method = "/p.Service/Method", .answers = answers, .done = is_done, .ctx = w };
	struct buf request = BUF_INIT;
	buf_add_str(&request, "question");
	grpc_ask(w->calls, &job, &request);
}

/* Time passes, and what is due by then happens. */
static void pass(struct world *w, int64_t ns)
{
	struct err err = ERR_INIT;
	fake_clock_advance(&w->time, ns);
	assert_int_equal(loop_run_once(w->loop, 0, &err), 0);
}

/* The server has answered before. */
static void be_known(struct world *w)
{
	ask(w, 0);
	answer(w, 0, RPC_OK, "hello");
	w->done = w->by_status[RPC_OK] = 0;
}

static void an_answer_is_given_to_who_asked(void **state)
{
	(void)state;
	struct world *w = open_world(0);
	ask(w, 0);
	assert_int_equal(w->try_count, 1);
	assert_true(span_eq_str(buf_span(&w->tries[0].request), "question"));
	assert_int_equal(w->done, 0);
	answer(w, 0, RPC_OK, "response");
	assert_int_equal(w->by_status[RPC_OK], 1);
	assert_string_equal(w->response, "response");
	close_world(w);
}

static void a_no_that_was_expected_is_an_answer_too(void **state)
{
	(void)state;
	struct world *w = open_world(0);
	ask(w, GRPC_ANSWER(RPC_NOT_FOUND));
	answer(w, 0, RPC_NOT_FOUND, NULL);
	assert_int_equal(w->by_status[RPC_NOT_FOUND], 1);
	assert_int_equal(w->try_count, 1);
	assert_int_equal(w->problems, 0);
	close_world(w);
}

static void a_failure_is_tried_again_after_a_pause_with_the_same_question(void **state)
{
	(void)state;
	struct world *w = open_world(0);
	be_known(w);
	ask(w, 0);
	answer(w, 1, RPC_UNAVAILABLE, NULL);
	assert_int_equal(w->try_count, 2);
	pass(w, 10 * NS_PER_MS);
	assert_int_equal(w->try_count, 2);
	pass(w, NS_PER_S);
	assert_int_equal(w->try_count, 3);
	assert_true(span_eq_str(buf_span(&w->tries[2].request), "question"));
	answer(w, 2, RPC_OK, "response");
	assert_int_equal(w->by_status[RPC_OK], 1);
	assert_int_equal(w->problems, 0);
	close_world(w);
}

static void after_the_last_try_it_is_told_once(void **state)
{
	(void)state;
	struct world *w = open_world(0);
	be_known(w);
	for (unsigned call = 0; call < 2; call++) {
		ask(w, 0);
		while (w->done == call) {
			answer(w, w->try_count - 1, RPC_ABORTED, NULL);
			pass(w, 2 * NS_PER_S);
			if (w->done == call)
				assert_int_equal(w->open_count, 1);
		}
		/* others are well, so it is not the server */
		ask(w, 0);
		answer(w, w->try_count - 1, RPC_OK, "x");
		w->done--;
	}
	assert_int_equal(w->by_status[RPC_ABORTED], 2);
	assert_int_equal(w->problems, 1);
	assert_string_equal(w->problem, "grpc://server:1: Method failed: no luck");
	assert_false(remote_health_gave_up(w->health));
	close_world(w);
}

static void an_answer_without_a_message_is_a_failure(void **state)
{
	(void)state;
	struct world *w = open_world(0);
	be_known(w);
	ask(w, 0);
	answer(w, 1, RPC_OK, NULL);
	pass(w, 2 * NS_PER_S);
	assert_int_equal(w->done, 0);
	answer(w, 2, RPC_OK, "response");
	assert_int_equal(w->by_status[RPC_OK], 1);
	close_world(w);
}

static void calls_that_fell_together_do_not_end_it(void **state)
{
	(void)state;
	struct world *w = open_world(0);
	be_known(w);
	for (unsigned i = 0; i < 90; i++)
		ask(w, 0);
	for (size_t i = 1; i <= 90; i++)
		answer(w, i, RPC_UNAVAILABLE, NULL);
	assert_false(remote_health_gave_up(w->health));
	while (w->try_count < 181)
		pass(w, 20 * NS_PER_MS);
	for (size_t i = 91; i <= 180; i++)
		answer(w, i, RPC_OK, "x");
	assert_int_equal(w->by_status[RPC_OK], 90);
	assert_int_equal(w->problems, 0);
	close_world(w);
}

static void a_refusal_ends_everything_at_once(void **state)
{
	(void)state;
	struct world *w = open_world(NS_PER_S);
	for (unsigned i = 0; i < MANY; i++)
		ask(w, 0);
	size_t under_way = w->try_count;
	assert_in_range(under_way, 10, 100);
	answer(w, 0, RPC_UNAUTHENTICATED, NULL);
	assert_true(remote_health_gave_up(w->health));
	for (size_t i = 1; i < under_way; i++) {
		assert_true(w->tries[i].cancelled);
		answer(w, i, RPC_OK, NULL);
	}
	assert_int_equal(w->try_count, under_way);
	assert_int_equal(w->done, MANY);
	assert_int_equal(w->problems, 1);
	/* and from now on nothing is sent */
	ask(w, 0);
	assert_int_equal(w->done, MANY + 1);
	assert_int_equal(w->try_count, under_way);
	close_world(w);
}

static void more_calls_than_the_line_should_carry_wait_in_order(void **state)
{
	(void)state;
	struct world *w = open_world(0);
	for (unsigned i = 0; i < MANY; i++)
		ask(w, 0);
	size_t most = w->open_count;
	assert_in_range(most, 10, 100);
	for (size_t i = 0; i < MANY; i++) {
		answer(w, i, RPC_OK, "x");
		assert_true(w->open_count <= most);
	}
	assert_int_equal(w->by_status[RPC_OK], MANY);
	close_world(w);
}

static void silence_ends_it_and_bytes_do_not(void **state)
{
	(void)state;
	struct world *w = open_world(NS_PER_S);
	ask(w, 0);
	for (unsigned i = 0; i < 30; i++) { /* slow, but it moves */
		w->moved += 100;
		pass(w, 300 * NS_PER_MS);
	}
	assert_false(remote_health_gave_up(w->health));
	for (unsigned i = 0; i < 6; i++)
		pass(w, 300 * NS_PER_MS);
	assert_true(remote_health_gave_up(w->health));
	assert_true(w->tries[0].cancelled);
	assert_non_null(strstr(w->problem, "has not said a word"));
	answer(w, 0, RPC_CANCELLED, NULL);
	assert_int_equal(w->done, 1);
	close_world(w);
}

static void nobody_is_given_up_while_nobody_waits(void **state)
{
	(void)state;
	struct world *w = open_world(NS_PER_S);
	be_known(w);
	for (unsigned i = 0; i < 30; i++)
		pass(w, NS_PER_S);
	ask(w, 0);
	pass(w, 300 * NS_PER_MS);
	assert_false(remote_health_gave_up(w->health));
	answer(w, 1, RPC_OK, "x");
	close_world(w);
}

static void waiting_is_counted_once_for_all_who_wait(void **state)
{
	(void)state;
	struct world *w = open_world(0);
	pass(w, NS_PER_S);
	assert_int_equal(remote_health_waited_ns(w->health), 0);
	ask(w, 0);
	pass(w, NS_PER_S);
	ask(w, 0);
	pass(w, NS_PER_S);
	answer(w, 0, RPC_OK, "x");
	assert_int_equal(remote_health_waited_ns(w->health), 2 * NS_PER_S);
	answer(w, 1, RPC_OK, "x");
	pass(w, NS_PER_S);
	assert_int_equal(remote_health_waited_ns(w->health), 2 * NS_PER_S);
	close_world(w);
}

static void a_stream_starts_again_from_its_beginning(void **state)
{
	(void)state;
	struct world *w = open_world(0);
	struct grpc_job job = { .method = "/p.Service/Read", .restart = restart, .message = message, .done = is_done,
				.ctx = w };
	struct buf request = BUF_INIT;
	be_known(w);
	grpc_ask(w->calls, &job, &request);
	answer(w, 1, RPC_UNAVAILABLE, "first");
	assert_int_equal(w->restarts, 0);
	pass(w, 2 * NS_PER_S);
	assert_int_equal(w->restarts, 1);
	answer(w, 2, RPC_OK, "first");
	assert_int_equal(w->messages, 2);
	assert_int_equal(w->by_status[RPC_OK], 1);
	assert_string_equal(w->response, "");
	close_world(w);
}

static void what_is_large_gets_more_time(void **state)
{
	(void)state;
	struct world *w = open_world(0);
	struct grpc_job job = { .method = "/p.Service/Method", .bytes = 10 * 1024 * 1024, .done = is_done, .ctx = w };
	struct buf request = BUF_INIT;
	ask(w, 0);
	grpc_ask(w->calls, &job, &request);
	assert_int_equal(w->tries[0].timeout_ns, 10 * NS_PER_S);
	assert_int_equal(w->tries[1].timeout_ns, 170 * NS_PER_S);
	close_world(w);
}

static void everything_is_answered_when_it_is_closed(void **state)
{
	(void)state;
	struct world *w = open_world(NS_PER_S);
	be_known(w);
	for (unsigned i = 0; i < MANY; i++)
		ask(w, 0);
	answer(w, 1, RPC_UNAVAILABLE, NULL); /* between two tries */
	struct loop *loop = w->loop;
	grpc_calls_free(w->calls);
	assert_int_equal(w->by_status[RPC_CANCELLED], MANY);
	assert_int_equal(w->problems, 0);
	remote_health_free(w->health);
	loop_free(loop);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_given_to_who_asked),
		cmocka_unit_test(a_no_that_was_expected_is_an_answer_too),
		cmocka_unit_test(a_failure_is_tried_again_after_a_pause_with_the_same_question),
		cmocka_unit_test(after_the_last_try_it_is_told_once),
		cmocka_unit_test(an_answer_without_a_message_is_a_failure),
		cmocka_unit_test(calls_that_fell_together_do_not_end_it),
		cmocka_unit_test(a_refusal_ends_everything_at_once),
		cmocka_unit_test(more_calls_than_the_line_should_carry_wait_in_order),
		cmocka_unit_test(silence_ends_it_and_bytes_do_not),
		cmocka_unit_test(nobody_is_given_up_while_nobody_waits),
		cmocka_unit_test(waiting_is_counted_once_for_all_who_wait),
		cmocka_unit_test(a_stream_starts_again_from_its_beginning),
		cmocka_unit_test(what_is_large_gets_more_time),
		cmocka_unit_test(everything_is_answered_when_it_is_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
