/* build/simulate.h: schedules that were worked out by hand. Times are milliseconds here, sizes thousands of bytes. */
#include "../../lib/small_plan.h"

#include "build/simulate.h"

struct timed {
	const char *id, *imports;
	uint32_t interface_ms, bodies_ms;
	uint32_t source_kb, interface_kb;
};

enum { MOST_UNITS = 8, CYCLE = 60 };

static struct plan plan;
static struct simulated_unit units[MOST_UNITS];
static struct arena arena;

static void set_priorities(void)
{
	uint64_t interfaces[MOST_UNITS];
	for (uint32_t u = 0; u < plan.unit_count; u++) {
		plan.units[u].weight = 1 + units[u].interface_us + units[u].bodies_us;
		interfaces[u] = 1 + units[u].interface_us;
	}
	const uint64_t *path = graph_critical_path(&plan.graph, interfaces);
	for (uint32_t u = 0; u < plan.unit_count; u++)
		plan.units[u].priority = path[u];
}

static void make_plan(const struct timed *modules, uint32_t count)
{
	struct small_module small[MOST_UNITS] = { { 0 } };
	for (uint32_t i = 0; i < count; i++)
		small[i] = (struct small_module){ modules[i].id, modules[i].imports, NULL };
	small_plan_make(&plan, small, count);
	for (uint32_t i = 0; i < count; i++)
		units[plan.modules[i].unit] = (struct simulated_unit){
			modules[i].interface_ms * UINT64_C(1000), modules[i].bodies_ms * UINT64_C(1000),
			modules[i].source_kb * UINT64_C(1000), modules[i].interface_kb * UINT64_C(1000),
		};
	set_priorities();
}

static int tear_down(void **state)
{
	(void)state;
	plan_release(&plan);
	arena_release(&arena);
	return 0;
}

static struct simulated run(const char *text)
{
	struct simulation s;
	struct simulated answer;
	struct err err = ERR_INIT;
	assert_ok(simulation_parse(text, &s, &err));
	simulate(&plan, units, &s, &answer);
	return answer;
}

static double makespan_ms(const char *text)
{
	return (double)run(text).makespan_us / 1000;
}

static struct simulated_path path_of(const char *text)
{
	struct simulation s;
	struct simulated_path path;
	struct err err = ERR_INIT;
	assert_ok(simulation_parse(text, &s, &err));
	simulate_path(&plan, units, &s, &arena, &path);
	return path;
}

/* c's interface waits for b's, and that for a's; bodies are checked beside. */
static const struct timed CHAIN[] = { { "a", "", 100, 50, 0, 0 }, { "b", "a", 100, 50, 0, 0 },
	                              { "c", "b", 100, 50, 0, 0 } };

static void a_chain_gains_only_the_time_of_bodies(void **state)
{
	(void)state;
	make_plan(CHAIN, 3);
	assert_float_equal(makespan_ms("1"), 450, 0);
	assert_float_equal(makespan_ms("2"), 350, 0);
	assert_float_equal(makespan_ms("1000"), 350, 0);
	assert_int_equal(run("2").checking_us, 450000);
	assert_int_equal(run("2").batches, 3);
	struct simulated_path path = path_of("2");
	assert_int_equal(path.length_us, 350000);
	assert_int_equal(path.whole_us, 450000);
	assert_int_equal(path.count, 3);
	assert_string_equal(plan.units[path.units[0]].name, "a");
	assert_string_equal(plan.units[path.units[2]].name, "c");
}

/*
 *         0    100    200    300    400    500
 * 1 of 2  a-----bodies-c------bodies-
 * 2 of 2        b------bodies-d------bodies-
 *
 * 1 of 3  a-----bodies-d------bodies-
 * 2 of 3        b------bodies-
 * 3 of 3        c------bodies-
 */
static void a_diamond_gains_from_a_third_worker(void **state)
{
	static const struct timed diamond[] = { { "a", "", 100, 100, 0, 0 }, { "b", "a", 100, 100, 0, 0 },
		                                { "c", "a", 100, 100, 0, 0 }, { "d", "b c", 100, 100, 0, 0 } };
	(void)state;
	make_plan(diamond, 4);
	assert_float_equal(makespan_ms("1"), 800, 0);
	assert_float_equal(makespan_ms("2"), 500, 0);
	assert_float_equal(makespan_ms("3"), 400, 0);
	assert_int_equal(path_of("3").length_us, 400000);
	assert_int_equal(path_of("3").count, 3);
}

/* Four units of 20 ms wait behind a: two batches of 40 ms, on one worker or on two. */
static void small_units_go_in_batches(void **state)
{
	static const struct timed fan[] = { { "a", "", 10, 10, 0, 0 },  { "w", "a", 10, 10, 0, 0 },
		                            { "x", "a", 10, 10, 0, 0 }, { "y", "a", 10, 10, 0, 0 },
		                            { "z", "a", 10, 10, 0, 0 } };
	(void)state;
	make_plan(fan, 5);
	assert_float_equal(makespan_ms("1"), 100, 0);
	assert_int_equal(run("1").batches, 3);
	assert_float_equal(makespan_ms("2"), 60, 0); /* the second one begins at 10, the first when a's bodies are done */
	assert_int_equal(run("2").batches, 3);
	assert_float_equal(makespan_ms("1,40ms,1GB/s"), 100 + 3 * 40, 0);
}

/* x and y are one batch: z starts when both interfaces are made, though no body has been checked. */
static void interfaces_of_a_batch_come_before_its_bodies(void **state)
{
	static const struct timed batch[] = { { "x", "", 5, 10, 0, 0 }, { "y", "", 5, 10, 0, 0 },
		                              { "z", "x y", 20, 0, 0, 0 } };
	(void)state;
	make_plan(batch, 3);
	assert_float_equal(makespan_ms("2"), 30, 0);
	assert_int_equal(run("2").batches, 2);
}

/* What more depends on goes first, so the long chain is not the last to start: 300 and not 400. */
static void the_longest_chain_goes_first(void **state)
{
	static const struct timed order[] = { { "short", "", 100, 0, 0, 0 }, { "low", "", 100, 0, 0, 0 },
		                              { "mid", "low", 100, 0, 0, 0 }, { "high", "mid", 100, 0, 0, 0 },
		                              { "other", "", 100, 0, 0, 0 } };
	(void)state;
	make_plan(order, 5);
	assert_float_equal(makespan_ms("2"), 300, 0);
}

static void make_cycle(void)
{
	struct small_module ring[CYCLE];
	char ids[CYCLE][8];
	for (uint32_t i = 0; i < CYCLE; i++)
		snprintf(ids[i], sizeof ids[i], "m%02u", i);
	for (uint32_t i = 0; i < CYCLE; i++)
		ring[i] = (struct small_module){ ids[i], ids[(i + 1) % CYCLE], "same" };
	small_plan_make(&plan, ring, CYCLE);
	assert_int_equal(plan.unit_count, 1);
	units[0] = (struct simulated_unit){ .interface_us = 100000, .bodies_us = 600000 };
	set_priorities();
}

/* Sixty members are worth two workers, whoever else is idle. */
static void bodies_of_a_large_cycle_are_shared_on_one_machine_only(void **state)
{
	(void)state;
	make_cycle();
	assert_float_equal(makespan_ms("1"), 700, 0);
	assert_float_equal(makespan_ms("2"), 400, 0);
	assert_float_equal(makespan_ms("10"), 400, 0);
	assert_int_equal(run("2").checking_us, 700000);
	assert_int_equal(path_of("1").length_us, 400000);
	assert_float_equal(makespan_ms("2,0ms,1GB/s"), 700, 0);
	assert_int_equal(path_of("2,0ms,1GB/s").length_us, 700000);
}

static void members_share_bodies_by_their_size(void **state)
{
	(void)state;
	make_cycle();
	plan.modules[plan.units[0].members[0]].size = 1000 * CYCLE + 59; /* + 1 each: twice the weight of all the others */
	plan.modules[plan.units[0].members[1]].size = 0;
	uint64_t *us = simulated_members(&plan, units, 0, &arena), all = 0;
	for (uint32_t i = 0; i < CYCLE; i++)
		all += us[i];
	assert_int_equal(all, 600000);
	assert_true(us[0] > 300000);
	assert_true(us[1] < 20);
	/* Whoever takes the large one takes no other: the second worker has the rest. */
	assert_int_equal(run("2").makespan_us, 100000 + us[0]);
	assert_int_equal(path_of("2").length_us, 100000 + us[0]);
}

static void every_batch_of_a_chain_costs_the_latency(void **state)
{
	(void)state;
	make_plan(CHAIN, 3);
	assert_float_equal(makespan_ms("2,40ms,1GB/s"), 3 * 140 + 50, 0);
	assert_float_equal(makespan_ms("1,40ms,1GB/s"), 3 * 190, 0);
	assert_int_equal(path_of("2,40ms,1GB/s").length_us, 470000);
	assert_int_equal(path_of("2,40ms,1GB/s").whole_us, 570000);
}

/*
 * At 1 MB/s a thousand bytes take a millisecond.
 *
 *         0      100         200    250      350       500         600      700
 * worker  source  interface   sends  bodies
 * another                            source and a's interface  interface  bodies
 */
static void sources_and_interfaces_take_time_to_move(void **state)
{
	static const struct timed two[] = { { "a", "", 100, 100, 100, 50 }, { "b", "a", 100, 100, 200, 0 } };
	(void)state;
	make_plan(two, 2);
	struct simulated answer = run("2,0ms,1MB/s");
	assert_int_equal(answer.makespan_us, 700000);
	assert_int_equal(answer.fetched, 350000);
	assert_int_equal(answer.sent, 50000);
	/* Who made an interface need not fetch it. */
	answer = run("1,0ms,1MB/s");
	assert_int_equal(answer.makespan_us, 350000 + 400000);
	assert_int_equal(answer.fetched, 300000);
	/* Nothing moves on one machine. */
	answer = run("2");
	assert_int_equal(answer.makespan_us, 300000);
	assert_int_equal(answer.fetched + answer.sent, 0);
	assert_int_equal(path_of("2,0ms,1MB/s").length_us, 100000 + 100000 + 50000 + 200000 + 100000 + 100000);
}

/* Each of three workers has one unit: a, then b and a's interface, then c and the interfaces of both. */
static void a_worker_fetches_all_that_a_unit_stands_on(void **state)
{
	static const struct timed far[] = { { "a", "", 100, 1000, 0, 10 }, { "b", "a", 100, 1000, 0, 10 },
		                            { "c", "b", 100, 1000, 0, 10 } };
	(void)state;
	make_plan(far, 3);
	assert_int_equal(run("3,0ms,1MB/s").fetched, 10000 + 20000);
	assert_int_equal(run("3,0ms,1MB/s").makespan_us, 110000 + (10000 + 110000) + (20000 + 100000 + 10000 + 1000000));
	assert_int_equal(run("1,0ms,1MB/s").fetched, 0);
}

static void without_units_there_is_nothing_to_do(void **state)
{
	(void)state;
	make_plan(CHAIN, 0);
	assert_int_equal(run("3,40ms,1MB/s").makespan_us, 0);
	assert_int_equal(path_of("3,40ms,1MB/s").count, 0);
}

static void arguments_have_units(void **state)
{
	struct simulation s;
	struct err err = ERR_INIT;
	(void)state;
	make_plan(CHAIN, 0);
	assert_ok(simulation_parse("10000", &s, &err));
	assert_int_equal(s.workers, 10000);
	assert_false(s.remote);
	assert_ok(simulation_parse("100,40ms,100MB/s", &s, &err));
	assert_true(s.remote);
	assert_int_equal(s.latency_us, 40000);
	assert_int_equal(s.bytes_per_second, 100000000);
	assert_ok(simulation_parse("1,1.5s,2.5kB/s", &s, &err));
	assert_int_equal(s.latency_us, 1500000);
	assert_int_equal(s.bytes_per_second, 2500);
	assert_ok(simulation_parse("1,7us,1000B/s", &s, &err));
	assert_int_equal(s.latency_us, 7);
}

static void other_arguments_are_refused_with_a_sentence(void **state)
{
	static const char *const bad[] = {
		"",           "0",           "-1",           "10001",         "99999999999",   "ten",
		"1,",         "1,40ms",      "1,40ms,",      "1,,1MB/s",      "1,40,1MB/s",    "1,40ms,1MB",
		"1,-1ms,1MB/s", "1,1e3ms,1MB/s", "1,0x1ms,1MB/s", "1,.5ms,1MB/s", "1,1.2.3ms,1MB/s", "1,2h,1MB/s",
		"1,3601s,1MB/s", "1,40ms,0MB/s", "1,40ms,999B/s", "1,40ms,1MB/s,", "1,40ms,1MB/s,1", "1,40ms,1Mb/s",
		"1,0000000000000000000000000000000000001ms,1MB/s", "1 ,40ms,1MB/s", "1,nanms,1MB/s",
	};
	(void)state;
	make_plan(CHAIN, 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct simulation s;
		struct err err = ERR_INIT;
		if (!simulation_parse(bad[i], &s, &err))
			fail_msg("`%s` was accepted", bad[i]);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_non_null(strstr(err.message, "--simulate wants"));
		err_release(&err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_chain_gains_only_the_time_of_bodies, tear_down),
		cmocka_unit_test_teardown(a_diamond_gains_from_a_third_worker, tear_down),
		cmocka_unit_test_teardown(small_units_go_in_batches, tear_down),
		cmocka_unit_test_teardown(interfaces_of_a_batch_come_before_its_bodies, tear_down),
		cmocka_unit_test_teardown(the_longest_chain_goes_first, tear_down),
		cmocka_unit_test_teardown(bodies_of_a_large_cycle_are_shared_on_one_machine_only, tear_down),
		cmocka_unit_test_teardown(members_share_bodies_by_their_size, tear_down),
		cmocka_unit_test_teardown(every_batch_of_a_chain_costs_the_latency, tear_down),
		cmocka_unit_test_teardown(sources_and_interfaces_take_time_to_move, tear_down),
		cmocka_unit_test_teardown(a_worker_fetches_all_that_a_unit_stands_on, tear_down),
		cmocka_unit_test_teardown(without_units_there_is_nothing_to_do, tear_down),
		cmocka_unit_test_teardown(arguments_have_units, tear_down),
		cmocka_unit_test_teardown(other_arguments_are_refused_with_a_sentence, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
