/* build/build.h over a hand-written plan, a store in memory and a runner that only says what it was told to say. */
#include "../../lib/check.h"

#include "../../lib/fake_runner.h"
#include "../../lib/small_plan.h"
#include "build/build.h"

struct world {
	struct plan plan;
	struct options *options;
	struct store *store;
	struct clock clock;
	struct loop *loop;
	struct digest toolchain;
	struct build *build;
	struct build_config config;
	struct fake_runner fake;
	uint32_t events[BUILD_FAILED + 1];
	uint32_t hits_at_start; /* when the first unit was started */
	bool remembers; /* each build gets what the one before knew */
	struct past *past;
};

/* ---- the world ---- */

static void count_event(void *ctx, const struct build_event *e)
{
	struct world *w = ctx;
	if (e->kind == BUILD_STARTED && !w->events[BUILD_STARTED])
		w->hits_at_start = w->events[BUILD_HIT];
	w->events[e->kind]++;
}

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	struct world *w = calloc(1, sizeof *w);
	w->clock = clock_system();
	w->store = store_open_memory();
	w->options = small_plan_options();
	w->config = (struct build_config){ .plan = &w->plan, .options = w->options, .toolchain = &w->toolchain,
		                           .store = w->store, .make_runner = fake_runner_make, .runner_ctx = &w->fake,
		                           .lanes = FAKE_LANES, .on_event = count_event, .ctx = w };
	*state = w;
	return loop_new(&w->loop, &w->clock, &err);
}

static int set_up_with_memory(void **state)
{
	int failed = set_up(state);
	((struct world *)*state)->remembers = true;
	return failed;
}

static void remember(struct world *w)
{
	struct buf file = BUF_INIT;
	if (!w->build || !w->remembers || !build_encode_past(w->build, &file))
		return;
	past_free(w->past);
	w->config.past = w->past = past_decode(&file);
	assert_non_null(w->past);
}

static void forget_build(struct world *w)
{
	remember(w);
	build_free(w->build);
	w->build = NULL;
	plan_release(&w->plan);
	fake_runner_forget(&w->fake);
	memset(w->events, 0, sizeof w->events);
}

static int tear_down(void **state)
{
	struct world *w = *state;
	w->remembers = false;
	forget_build(w);
	past_free(w->past);
	buf_release(&w->fake.log);
	options_free(w->options);
	store_close(w->store);
	loop_free(w->loop);
	free(w);
	return 0;
}

static int build_plan(struct world *w, const struct small_module *modules, uint32_t count,
                      const struct behaviour *behaviours, struct err *err)
{
	forget_build(w);
	small_plan_make(&w->plan, modules, count);
	w->fake.behaviours = behaviours;
	w->config.loop = w->fake.loop = w->loop;
	w->fake.store = w->store;
	w->build = build_new(&w->config);
	return build_run(w->build, err);
}

#define BUILD(w, modules, behaviours) \
	build_plan(w, modules, sizeof(modules) / sizeof *(modules), behaviours, &err)

static const char *log_of(struct world *w)
{
	return fake_runner_log(&w->fake);
}

static const struct build_unit *unit_of(const struct world *w, const char *id)
{
	return build_unit(w->build, plan_find(&w->plan, id)->unit);
}

#define assert_counts(w, ...) assert_counts_are(build_stats((w)->build), (struct build_stats){ __VA_ARGS__ })

static void assert_counts_are(struct build_stats is, struct build_stats expected)
{
	assert_int_equal(is.units_run, expected.units_run);
	assert_int_equal(is.bodies_run, expected.bodies_run);
	assert_int_equal(is.hit_manifest, expected.hit_manifest);
	assert_int_equal(is.hit_strict, expected.hit_strict);
	assert_int_equal(is.cutoff, expected.cutoff);
	assert_int_equal(is.blocked, expected.blocked);
	assert_int_equal(is.failed, expected.failed);
}

static const struct small_module CHAIN[] = { { "a", "", NULL }, { "b", "a", NULL }, { "c", "b", NULL } };
static const struct small_module CHAIN_A[] = { { "a", "", "edited" }, { "b", "a", NULL }, { "c", "b", NULL } };
static const struct small_module DIAMOND[] = { { "base", "", NULL }, { "left", "base", NULL },
	                                       { "right", "base", NULL }, { "top", "left right", NULL },
	                                       { "alone", "", NULL } };

/* ---- order ---- */

static void units_run_when_what_they_need_is_known(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, DIAMOND, NULL));
	assert_string_equal(log_of(w), "base | alone | left | right | top | ");
	assert_counts(w, .units_run = 5, .bodies_run = 5);
	assert_int_equal(w->events[BUILD_STARTED], 5);
	assert_int_equal(w->events[BUILD_INTERFACE], 5);
	assert_int_equal(w->events[BUILD_FINISHED], 5);
	assert_int_equal(build_counts(w->build)[UNIT_DONE], 5);
	assert_int_equal(build_stats(w->build).checker_processes, 5);
}

static void the_longest_chain_goes_first(void **state)
{
	static const struct small_module modules[] = { { "s1", "", NULL }, { "s2", "", NULL }, { "long1", "", NULL },
		                                       { "long2", "long1", NULL }, { "long3", "long2", NULL },
		                                       { "mid1", "", NULL }, { "mid2", "mid1", NULL } };
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, modules, NULL));
	assert_string_equal(log_of(w), "long1 | mid1 | long2 | s1 | s2 | long3 | mid2 | ");
}

static void small_units_share_a_batch_where_the_runner_likes_that(void **state)
{
	struct small_module modules[200];
	char names[200][16];
	struct world *w = *state;
	struct err err = ERR_INIT;
	for (int i = 0; i < 200; i++) {
		snprintf(names[i], sizeof names[i], "m%d", i);
		modules[i] = (struct small_module){ names[i], "", NULL };
	}
	w->fake.takes_batches = true;
	assert_ok(BUILD(w, modules, NULL));
	assert_counts(w, .units_run = 200, .bodies_run = 200);
	assert_in_range(w->fake.batches, FAKE_LANES, 20);
}

static void what_will_surely_run_is_told_ahead_of_its_turn(void **state)
{
	struct small_module modules[100];
	char names[101][16] = { "" };
	struct world *w = *state;
	struct err err = ERR_INIT;
	for (int i = 0; i < 100; i++) {
		snprintf(names[i + 1], sizeof names[i + 1], "m%d", i);
		modules[i] = (struct small_module){ names[i + 1], names[i], NULL };
	}
	assert_ok(BUILD(w, modules, NULL));
	assert_int_equal(w->fake.expected, 99); /* the first of the chain has been started */
	assert_string_equal(w->fake.expected_first, "m1");
	w->fake.expected = 0;
	modules[0].source = "edited";
	assert_ok(BUILD(w, modules, NULL));
	assert_string_equal(log_of(w), "m0 | ");
	assert_int_equal(w->fake.expected, 0); /* nobody knows about the others until m0's interface is there */
}

static void after_an_edit_what_it_stands_on_is_looked_up_first(void **state)
{
	struct small_module modules[1000] = { { "a", "", NULL }, { "b", "a", NULL } };
	char names[1000][16];
	struct world *w = *state;
	struct err err = ERR_INIT;
	for (int i = 2; i < 1000; i++) {
		snprintf(names[i], sizeof names[i], "m%d", i);
		modules[i] = (struct small_module){ names[i], "", NULL };
	}
	assert_ok(BUILD(w, modules, NULL));
	modules[1].source = "edited";
	assert_ok(BUILD(w, modules, NULL));
	assert_string_equal(log_of(w), "b | ");
	assert_counts(w, .units_run = 1, .bodies_run = 1, .hit_manifest = 999);
	assert_int_equal(w->hits_at_start, 1);
}

static void a_chain_that_nobody_edited_is_looked_up_to_its_end(void **state)
{
	struct small_module modules[1000] = { { "a", "", NULL }, { "b", "a", NULL } };
	char names[1000][16] = { "" };
	struct world *w = *state;
	struct err err = ERR_INIT;
	for (int i = 2; i < 1000; i++) {
		snprintf(names[i], sizeof names[i], "m%d", i);
		modules[i] = (struct small_module){ names[i], i == 2 ? "" : names[i - 1], NULL };
	}
	assert_ok(BUILD(w, modules, NULL));
	modules[1].source = "edited";
	assert_ok(BUILD(w, modules, NULL));
	assert_string_equal(log_of(w), "b | ");
	assert_counts(w, .units_run = 1, .bodies_run = 1, .hit_manifest = 999);
}

static void a_cycle_is_one_unit(void **state)
{
	static const struct small_module modules[] = { { "x", "y", NULL }, { "y", "x", NULL }, { "top", "y", NULL } };
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, modules, NULL));
	assert_string_equal(log_of(w), "x | top | ");
	assert_counts(w, .units_run = 2, .bodies_run = 3);
	assert_int_equal(unit_of(w, "y")->result.member_count, 2);
}

/* ---- hits and cutoff ---- */

static void nothing_runs_twice(void **state)
{
	static const struct behaviour say[] = { { "b", CHECKED, NULL, "it is wrong", NULL }, { 0 } };
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, CHAIN, say));
	w->fake.refuses_to_be_made = true;
	assert_ok(BUILD(w, CHAIN, NULL));
	assert_counts(w, .hit_manifest = 3);
	assert_int_equal(w->events[BUILD_HIT], 3);
	assert_int_equal(unit_of(w, "b")->source, FROM_MANIFEST);
	assert_string_equal(unit_of(w, "b")->result.members[0].diags.items[0].message, "it is wrong");
}

static void an_interface_that_comes_out_the_same_stops_the_work(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, CHAIN, NULL));
	assert_ok(BUILD(w, CHAIN_A, NULL));
	assert_string_equal(log_of(w), "a | ");
	assert_counts(w, .units_run = 1, .bodies_run = 1, .hit_manifest = 2, .cutoff = 2);
}

static void an_interface_that_changes_runs_who_used_it(void **state)
{
	static const struct behaviour other[] = { { "a", CHECKED, "another interface", NULL, NULL }, { 0 } };
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, CHAIN, NULL));
	assert_ok(BUILD(w, CHAIN_A, other));
	assert_string_equal(log_of(w), "a | b | "); /* b's interface is as it was */
	assert_counts(w, .units_run = 2, .bodies_run = 2, .hit_manifest = 1, .cutoff = 1);
}

static void what_was_used_though_not_imported_counts_as_used(void **state)
{
	static const struct behaviour first[] = { { "c", CHECKED, NULL, NULL, "a" }, { 0 } };
	static const struct behaviour second[] = { { "a", CHECKED, "another interface", NULL, NULL },
		                                   { "c", CHECKED, NULL, NULL, "a" }, { 0 } };
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, CHAIN, first));
	assert_ok(BUILD(w, CHAIN_A, second));
	assert_string_equal(log_of(w), "a | b | c | ");
}

static void what_is_used_must_still_be_reachable(void **state)
{
	static const struct small_module before[] = { { "a", "", NULL }, { "b", "a", NULL }, { "c", "b", NULL } };
	static const struct small_module after[] = { { "a", "", NULL }, { "b", "", "no import" }, { "c", "b", NULL } };
	static const struct behaviour uses[] = { { "c", CHECKED, NULL, NULL, "a" }, { 0 } };
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, before, uses));
	assert_ok(BUILD(w, after, NULL));
	assert_string_equal(log_of(w), "b | c | ");
}

/* What it says it used is no reason to run it again: nothing that it can reach has changed. */
static void the_same_closure_is_a_hit_though_something_out_of_reach_was_used(void **state)
{
	static const struct small_module chain_and_other[] = { { "a", "", NULL }, { "b", "a", NULL }, { "c", "b", NULL },
		                                               { "other", "", NULL } };
	static const struct behaviour uses[] = { { "c", CHECKED, NULL, NULL, "other" }, { 0 } };
	struct world *w = *state;
	struct err err = ERR_INIT;
	for (int remembers = 0; remembers < 2; remembers++) {
		w->remembers = remembers;
		assert_ok(BUILD(w, chain_and_other, uses));
		assert_ok(BUILD(w, chain_and_other, uses));
		assert_counts(w, .hit_manifest = 3, .hit_strict = 1);
		assert_int_equal(unit_of(w, "c")->source, FROM_STRICT);
		assert_ok(BUILD(w, CHAIN, uses)); /* also when that is gone */
		assert_counts(w, .hit_manifest = 2, .hit_strict = 1);
	}
}

static void a_result_whose_interface_is_gone_is_a_miss(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, CHAIN, NULL));
	store_discard(w->store, &unit_of(w, "b")->result.members[0].interface.data);
	assert_ok(BUILD(w, CHAIN, NULL));
	assert_string_equal(log_of(w), "b | ");
}

static void what_the_last_build_knew_needs_no_table_of_the_store(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, CHAIN, NULL));
	for (uint32_t u = 0; u < w->plan.unit_count; u++)
		store_discard_record(w->store, STORE_MANIFESTS, &build_unit(w->build, u)->manifest_key);
	assert_ok(BUILD(w, CHAIN_A, NULL));
	assert_string_equal(log_of(w), "a | ");
	assert_counts(w, .units_run = 1, .bodies_run = 1, .hit_manifest = 2, .cutoff = 2);
}

static void a_past_that_was_altered_is_none(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	struct buf file = BUF_INIT;
	assert_ok(BUILD(w, CHAIN, NULL));
	assert_true(build_encode_past(w->build, &file));
	for (size_t i = 0; i < file.len; i++) {
		struct buf altered = BUF_INIT;
		buf_add(&altered, file.data, file.len);
		altered.data[i] ^= 1;
		assert_null(past_decode(&altered));
	}
	for (size_t n = 0; n < file.len; n += 7) {
		struct buf torn = BUF_INIT;
		buf_add(&torn, file.data, n);
		assert_null(past_decode(&torn));
	}
	buf_release(&file);
}

static void a_record_of_other_bytes_is_a_miss(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, CHAIN, NULL));
	for (uint32_t u = 0; u < w->plan.unit_count; u++) {
		const struct build_unit *unit = build_unit(w->build, u);
		assert_ok(store_record(w->store, STORE_MANIFESTS, &unit->manifest_key, span_of("anything"), &err));
	}
	assert_ok(BUILD(w, CHAIN, NULL));
	assert_counts(w, .units_run = 3, .bodies_run = 3);
}

static void a_result_that_fits_into_no_record_is_not_kept_and_no_error(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	char *message = malloc(STORE_RECORD_LIMIT + 1);
	memset(message, 'x', STORE_RECORD_LIMIT);
	message[STORE_RECORD_LIMIT] = '\0';
	const struct behaviour long_winded[] = { { "b", CHECKED, NULL, message, NULL }, { 0 } };
	assert_ok(BUILD(w, CHAIN, long_winded));
	assert_counts(w, .units_run = 3, .bodies_run = 3);
	assert_ok(BUILD(w, CHAIN, long_winded));
	assert_string_equal(log_of(w), "b | ");
	free(message);
}

static void a_module_that_cannot_be_read_is_always_asked_about(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, CHAIN, NULL));
	forget_build(w);
	small_plan_make(&w->plan, CHAIN, 3);
	w->plan.modules[1].unreadable = true;
	w->build = build_new(&w->config);
	assert_ok(build_run(w->build, &err));
	assert_string_equal(log_of(w), "b | ");
}

static void nothing_is_read_when_that_is_asked_for(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, CHAIN, NULL));
	w->config.no_store_read = true;
	assert_ok(BUILD(w, CHAIN, NULL));
	assert_counts(w, .units_run = 3, .bodies_run = 3);
	assert_int_equal(build_stats(w->build).conflicts, 0);
}

static void forced_units_run_and_nothing_is_recorded_when_that_is_asked_for(void **state)
{
	static const unsigned char forced[] = { 0, 1, 0 };
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, CHAIN, NULL));
	struct digest key = unit_of(w, "b")->manifest_key;
	store_discard_record(w->store, STORE_MANIFESTS, &key);
	w->config.forced = forced;
	w->config.no_record = true;
	assert_ok(BUILD(w, CHAIN, NULL));
	assert_string_equal(log_of(w), "b | ");
	struct buf record = BUF_INIT;
	bool found;
	assert_ok(store_lookup(w->store, STORE_MANIFESTS, &key, &record, &found, &err));
	assert_false(found);
	buf_release(&record);
}

/* ---- conflicts ---- */

static const struct behaviour OTHER_B[] = { { "b", CHECKED, "another", "another", NULL }, { 0 } };

static void another_result_for_the_same_action_is_a_conflict(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, CHAIN, NULL));
	w->config.no_store_read = true;
	assert_ok(BUILD(w, CHAIN, OTHER_B));
	assert_int_equal(build_stats(w->build).conflicts, 1);
	assert_non_null(strstr(build_outputs(w->build)->conflicts[0].a.path, "b (action "));
	w->config.no_store_read = false;
	assert_ok(BUILD(w, CHAIN, NULL)); /* the store has what it had */
	assert_int_equal(unit_of(w, "b")->result.members[0].diags.count, 0);
}

static void the_first_result_stands_when_that_is_asked_for(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, CHAIN, NULL));
	struct digest before = unit_of(w, "c")->closure;
	w->config.no_store_read = true;
	w->config.policy = CONFLICT_FIRST;
	assert_ok(BUILD(w, CHAIN, OTHER_B));
	assert_int_equal(build_stats(w->build).conflicts, 0);
	assert_int_equal(build_stats(w->build).conflicts_tolerated, 1);
	assert_true(digest_eq(&unit_of(w, "c")->closure, &before)); /* and c was given the first interface */
	assert_int_equal(unit_of(w, "b")->result.members[0].diags.count, 0);
}

/* ---- trouble ---- */

static void a_blocked_unit_blocks_what_stands_on_it(void **state)
{
	static const struct behaviour blocked[] = { { "left", BLOCKED, NULL, NULL, NULL }, { 0 } };
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, DIAMOND, blocked));
	assert_counts(w, .units_run = 3, .bodies_run = 3, .blocked = 2);
	assert_int_equal(unit_of(w, "left")->state, UNIT_BLOCKED);
	assert_string_equal(unit_of(w, "left")->blockers.items[0].message, "no");
	assert_int_equal(unit_of(w, "top")->state, UNIT_BLOCKED);
	assert_int_equal(unit_of(w, "top")->blockers.count, 0);
	assert_int_equal(unit_of(w, "top")->blocked_by, plan_find(&w->plan, "left")->unit);
	assert_int_equal(unit_of(w, "right")->state, UNIT_DONE);
	assert_null(build_first_failure(w->build));
}

static void a_failed_unit_stops_only_what_stands_on_it(void **state)
{
	static const struct behaviour failing[] = { { "left", FAILED, NULL, NULL, NULL },
		                                    { "alone", FAILED, NULL, NULL, NULL }, { 0 } };
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, DIAMOND, failing));
	assert_counts(w, .units_run = 2, .bodies_run = 2, .blocked = 1, .failed = 2);
	assert_int_equal(build_first_failure(w->build)->kind, ERR_CHECKER);
	uint32_t first = plan_find(&w->plan, "left")->unit < plan_find(&w->plan, "alone")->unit;
	assert_string_equal(build_first_failure(w->build)->message,
	                    first ? "left is more than it can do" : "alone is more than it can do");
}

static void after_its_interface_a_failure_stops_nobody(void **state)
{
	static const struct behaviour failing[] = { { "a", FAILED_IN_BODIES, NULL, NULL, NULL }, { 0 } };
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, CHAIN, failing));
	assert_counts(w, .units_run = 2, .bodies_run = 2, .failed = 1);
	assert_ok(BUILD(w, CHAIN, NULL));
	assert_string_equal(log_of(w), "a | ");
}

static void what_the_checker_discovers_is_handed_on(void **state)
{
	static const struct behaviour discovering[] = { { "b", DISCOVERS, NULL, NULL, NULL }, { 0 } };
	struct world *w = *state;
	struct err err = ERR_INIT;
	uint32_t count;
	assert_ok(BUILD(w, CHAIN, discovering));
	const struct plan_discovered *d = build_discovered(w->build, &count);
	assert_int_equal(count, 1);
	assert_string_equal(d[0].module, "b");
	assert_string_equal(d[0].names[0], "somewhere");
	assert_int_equal(unit_of(w, "a")->state, UNIT_DONE);
	assert_int_equal(unit_of(w, "b")->state, UNIT_WAITING);
	assert_int_equal(unit_of(w, "c")->state, UNIT_WAITING);
}

static void an_interface_that_was_altered_in_the_store_is_made_again_by_another_build(void **state)
{
	static const struct behaviour damaged[] = { { "b", DAMAGED, NULL, NULL, NULL }, { 0 } };
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, CHAIN, damaged));
	assert_int_equal(build_damaged(w->build), 1);
	assert_int_equal(unit_of(w, "b")->state, UNIT_WAITING);
	assert_null(build_first_failure(w->build));
	assert_ok(BUILD(w, CHAIN, NULL));
	assert_string_equal(log_of(w), "a | b | c | ");
}

static void damage_that_is_not_in_the_store_is_a_failure(void **state)
{
	static const struct behaviour damaged[] = { { "a", DAMAGED, NULL, NULL, NULL }, { 0 } };
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_ok(BUILD(w, CHAIN, damaged));
	assert_counts(w, .blocked = 2, .failed = 1);
	assert_int_equal(build_damaged(w->build), 0);
}

static void an_interrupt_ends_the_build(void **state)
{
	static const struct behaviour interrupting[] = { { "b", INTERRUPTS, NULL, NULL, NULL }, { 0 } };
	struct world *w = *state;
	struct err err = ERR_INIT;
	assert_fails(BUILD(w, CHAIN, interrupting), ERR_INTERRUPTED, "what was finished is kept");
	assert_ok(BUILD(w, CHAIN, NULL));
	assert_string_equal(log_of(w), "b | c | ");
}

static void a_runner_that_cannot_be_made_or_started_ends_the_build(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	w->fake.refuses_to_be_made = true;
	assert_fails(BUILD(w, CHAIN, NULL), ERR_CHECKER, "there is no checker");
	w->fake.refuses_to_be_made = false;
	w->fake.refuses_to_start = true;
	assert_fails(BUILD(w, CHAIN, NULL), ERR_IO, "no process can be started");
}

static void a_very_long_chain_can_be_blocked(void **state)
{
	enum { LENGTH = 100000 };
	struct world *w = *state;
	struct err err = ERR_INIT;
	struct arena a = ARENA_INIT;
	static const struct behaviour blocked[] = { { "m0", BLOCKED, NULL, NULL, NULL }, { 0 } };
	struct small_module *modules = ARENA_ARRAY(&a, struct small_module, LENGTH);
	for (uint32_t i = 0; i < LENGTH; i++)
		modules[i] = (struct small_module){ arena_printf(&a, "m%u", i), i ? arena_printf(&a, "m%u", i - 1) : "", NULL };
	assert_ok(build_plan(w, modules, LENGTH, blocked, &err));
	assert_counts(w, .blocked = LENGTH);
	arena_release(&a);
}

static void a_plan_without_modules_is_built_at_once(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	w->fake.refuses_to_be_made = true;
	assert_ok(build_plan(w, NULL, 0, NULL, &err));
	assert_counts(w, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
/* The same with memory: what the last build knew changes nothing that can be seen. */
#define MEMORY_TEST(name) { #name "_with_memory", name, set_up_with_memory, tear_down, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(units_run_when_what_they_need_is_known),
		TEST(the_longest_chain_goes_first),
		TEST(small_units_share_a_batch_where_the_runner_likes_that),
		TEST(what_will_surely_run_is_told_ahead_of_its_turn),
		TEST(after_an_edit_what_it_stands_on_is_looked_up_first),
		TEST(a_chain_that_nobody_edited_is_looked_up_to_its_end),
		TEST(a_cycle_is_one_unit),
		TEST(nothing_runs_twice),
		TEST(an_interface_that_comes_out_the_same_stops_the_work),
		TEST(an_interface_that_changes_runs_who_used_it),
		TEST(what_was_used_though_not_imported_counts_as_used),
		TEST(what_is_used_must_still_be_reachable),
		TEST(the_same_closure_is_a_hit_though_something_out_of_reach_was_used),
		TEST(a_result_whose_interface_is_gone_is_a_miss),
		TEST(a_record_of_other_bytes_is_a_miss),
		TEST(a_result_that_fits_into_no_record_is_not_kept_and_no_error),
		TEST(a_module_that_cannot_be_read_is_always_asked_about),
		TEST(nothing_is_read_when_that_is_asked_for),
		TEST(forced_units_run_and_nothing_is_recorded_when_that_is_asked_for),
		TEST(another_result_for_the_same_action_is_a_conflict),
		TEST(the_first_result_stands_when_that_is_asked_for),
		TEST(a_blocked_unit_blocks_what_stands_on_it),
		TEST(a_failed_unit_stops_only_what_stands_on_it),
		TEST(after_its_interface_a_failure_stops_nobody),
		TEST(what_the_checker_discovers_is_handed_on),
		TEST(an_interface_that_was_altered_in_the_store_is_made_again_by_another_build),
		TEST(damage_that_is_not_in_the_store_is_a_failure),
		MEMORY_TEST(nothing_runs_twice),
		MEMORY_TEST(an_interface_that_comes_out_the_same_stops_the_work),
		MEMORY_TEST(an_interface_that_changes_runs_who_used_it),
		MEMORY_TEST(what_was_used_though_not_imported_counts_as_used),
		MEMORY_TEST(what_is_used_must_still_be_reachable),
		MEMORY_TEST(a_result_whose_interface_is_gone_is_a_miss),
		MEMORY_TEST(a_module_that_cannot_be_read_is_always_asked_about),
		MEMORY_TEST(nothing_is_read_when_that_is_asked_for),
		MEMORY_TEST(a_blocked_unit_blocks_what_stands_on_it),
		MEMORY_TEST(a_failed_unit_stops_only_what_stands_on_it),
		MEMORY_TEST(an_interface_that_was_altered_in_the_store_is_made_again_by_another_build),
		MEMORY_TEST(what_the_last_build_knew_needs_no_table_of_the_store),
		MEMORY_TEST(a_past_that_was_altered_is_none),
		TEST(an_interrupt_ends_the_build),
		TEST(a_runner_that_cannot_be_made_or_started_ends_the_build),
		TEST(a_very_long_chain_can_be_blocked),
		TEST(a_plan_without_modules_is_built_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
