/* net/patience.h, with a clock that stands still until it is told otherwise. */
#include "../../lib/check.h"

#include "net/patience.h"

static const struct backoff_policy pauses = { .tries = 6, .first_ns = 100, .most_ns = 1000 };
static const struct breaker_policy limits = { .most_failures = 3, .most_lost_ns = 1000, .rest_ns = 0 };

static void pauses_grow_to_their_limit_and_end(void **state)
{
	static const int64_t most[] = { 100, 200, 400, 800, 1000 };
	(void)state;
	for (uint64_t seed = 0; seed < 200; seed++) {
		struct backoff b = { .seed = seed };
		for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
			int64_t pause = backoff_next(&b, &pauses);
			assert_in_range(pause, most[i] / 2, most[i]);
		}
		assert_int_equal(backoff_next(&b, &pauses), -1);
		assert_int_equal(backoff_next(&b, &pauses), -1);
	}
}

static void pauses_are_spread_and_the_same_for_the_same_seed(void **state)
{
	int64_t least = INT64_MAX, most = 0;
	const struct backoff_policy policy = { .tries = 2, .first_ns = 1000000, .most_ns = 1000000 };
	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct backoff one = { .seed = seed }, other = { .seed = seed };
		int64_t pause = backoff_next(&one, &policy);
		assert_int_equal(pause, backoff_next(&other, &policy));
		least = pause < least ? pause : least;
		most = pause > most ? pause : most;
	}
	assert_true(least < 550000 && most > 950000);
}

static void one_try_is_no_pause(void **state)
{
	struct backoff b = { 0 };
	(void)state;
	assert_int_equal(backoff_next(&b, &(struct backoff_policy){ .tries = 1, .first_ns = 5, .most_ns = 5 }), -1);
}

static void failures_in_a_row_open_it_once_and_a_success_between_them_does_not_let_them(void **state)
{
	struct breaker b = BREAKER_INIT(limits);
	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_false(breaker_failure(&b, 0, 0));
		assert_false(breaker_failure(&b, 0, 0));
		breaker_success(&b);
	}
	assert_false(breaker_failure(&b, 0, 0));
	assert_false(breaker_failure(&b, 0, 0));
	assert_true(breaker_allows(&b, 0));
	assert_true(breaker_failure(&b, 0, 0));
	assert_false(breaker_allows(&b, 0));
	assert_false(breaker_failure(&b, 0, 0));
	breaker_success(&b); /* one that was under way */
	assert_false(breaker_allows(&b, INT64_MAX));
}

static void time_that_was_lost_opens_it_and_calls_at_the_same_time_count_once(void **state)
{
	struct breaker b = BREAKER_INIT(limits);
	(void)state;
	assert_false(breaker_failure(&b, 0, 400));
	breaker_success(&b);
	for (int i = 0; i < 100; i++) {
		assert_false(breaker_failure(&b, 100, 400)); /* beside it */
		breaker_success(&b);
	}
	assert_false(breaker_failure(&b, 300, 900)); /* 500 of it are new */
	breaker_success(&b);
	assert_int_equal(b.lost_ns, 900);
	assert_true(breaker_failure(&b, 2000, 2100));
	assert_false(breaker_allows(&b, 3000));
}

static void after_a_rest_one_call_decides(void **state)
{
	struct breaker_policy policy = limits;
	policy.rest_ns = 50;
	struct breaker b = BREAKER_INIT(policy);
	(void)state;
	assert_true(breaker_trip(&b, 1000));
	assert_false(breaker_trip(&b, 1000));
	assert_false(breaker_allows(&b, 1049));
	assert_true(breaker_allows(&b, 1050));
	assert_false(breaker_allows(&b, 1051)); /* one only */
	assert_false(breaker_failure(&b, 1050, 1060)); /* it was open before: nothing new to be told */
	assert_false(breaker_allows(&b, 1109));
	assert_true(breaker_allows(&b, 1110));
	breaker_success(&b);
	assert_true(breaker_allows(&b, 1111));
	assert_true(breaker_allows(&b, 1111));
	assert_false(breaker_failure(&b, 1111, 1111));
}

static void answers_say_what_they_mean_for_the_next_one(void **state)
{
	static const struct { enum rpc_status status; enum patience means; } of_rpc[] = {
		{ RPC_OK, PATIENCE_ANSWER },          { RPC_NOT_FOUND, PATIENCE_ANSWER },
		{ RPC_OUT_OF_RANGE, PATIENCE_ANSWER }, { RPC_FAILED_PRECONDITION, PATIENCE_ANSWER },
		{ RPC_UNAVAILABLE, PATIENCE_AGAIN },  { RPC_DEADLINE_EXCEEDED, PATIENCE_AGAIN },
		{ RPC_INTERNAL, PATIENCE_AGAIN },     { RPC_UNAUTHENTICATED, PATIENCE_REFUSED },
		{ RPC_UNIMPLEMENTED, PATIENCE_REFUSED }, { (enum rpc_status)99, PATIENCE_AGAIN },
	};
	static const struct { int status; enum patience means; } of_http[] = {
		{ 200, PATIENCE_ANSWER }, { 204, PATIENCE_ANSWER }, { 404, PATIENCE_ANSWER }, { 413, PATIENCE_ANSWER },
		{ 0, PATIENCE_AGAIN },    { 429, PATIENCE_AGAIN },  { 500, PATIENCE_AGAIN },  { 503, PATIENCE_AGAIN },
		{ 401, PATIENCE_REFUSED }, { 403, PATIENCE_REFUSED }, { 405, PATIENCE_REFUSED }, { 501, PATIENCE_REFUSED },
		{ 302, PATIENCE_REFUSED },
	};
	(void)state;
	for (size_t i = 0; i < sizeof of_rpc / sizeof *of_rpc; i++)
		assert_int_equal(patience_of_status(of_rpc[i].status), of_rpc[i].means);
	for (size_t i = 0; i < sizeof of_http / sizeof *of_http; i++)
		assert_int_equal(patience_of_http(of_http[i].status), of_http[i].means);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_grow_to_their_limit_and_end),
		cmocka_unit_test(pauses_are_spread_and_the_same_for_the_same_seed),
		cmocka_unit_test(one_try_is_no_pause),
		cmocka_unit_test(failures_in_a_row_open_it_once_and_a_success_between_them_does_not_let_them),
		cmocka_unit_test(time_that_was_lost_opens_it_and_calls_at_the_same_time_count_once),
		cmocka_unit_test(after_a_rest_one_call_decides),
		cmocka_unit_test(answers_say_what_they_mean_for_the_next_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
