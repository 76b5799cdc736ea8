/* build/share.h: machines with a store each, a cache in memory that answers from timers, and a runner that only says
 * what it was told to say. */
#include "../../lib/check.h"

#include "../../lib/fake_runner.h"
#include "../../lib/small_plan.h"
#include "build/share.h"
#include "model/manifest.h"
#include "model/record.h"

/* ---- the cache ---- */

struct kept_record {
	struct digest key;
	struct buf bytes;
	uint32_t blob_count;
};

/* One question, which is answered once. */
struct question {
	struct cache *cache;
	struct digest key;
	void (*done)(void *to, bool found, struct span record);
	void (*each)(void *to, uint32_t index, bool found, struct span bytes);
	struct share_blob *blobs;
	uint32_t count;
	void *to;
	uint32_t timer;
	bool answered;
};

struct cache {
	struct loop *loop;
	struct store *of_machine; /* the store whose blobs are put */
	struct store *blobs;
	struct kept_record records[500];
	uint32_t record_count;
	struct question *questions[1000];
	uint32_t question_count;
	int64_t delay_ns;
	bool silent;          /* answers only when it is closed */
	bool over;
	bool read_only;       /* what is put is counted and forgotten */
	uint32_t over_after, silent_after; /* questions; 0: never */
	uint32_t records_asked, blobs_asked, puts, blobs_put;
	struct buf log;       /* the blobs that were asked for, each with a comma behind */
};

static struct kept_record *record_of(struct cache *c, const struct digest *key)
{
	for (uint32_t i = 0; i < c->record_count; i++)
		if (digest_eq(&c->records[i].key, key))
			return &c->records[i];
	return NULL;
}

static void answer_record(struct question *q)
{
	struct kept_record *r = q->cache->over ? NULL : record_of(q->cache, &q->key);
	q->done(q->to, r != NULL, r ? buf_span(&r->bytes) : span_of(""));
}

static void answer_blobs(struct question *q)
{
	for (uint32_t i = q->count; i > 0; i--) {
		struct buf bytes = BUF_INIT;
		struct err err = ERR_INIT;
		bool found = false;
		if (!q->cache->over)
			assert_ok(store_get(q->cache->blobs, &q->blobs[i - 1].digest, &bytes, &found, &err));
		q->each(q->to, i - 1, found, buf_span(&bytes));
		buf_release(&bytes);
	}
}

static void answer_question(struct loop *loop, void *ctx)
{
	(void)loop;
	struct question *q = ctx;
	if (q->answered)
		return;
	q->answered = true;
	if (q->done)
		answer_record(q);
	else
		answer_blobs(q);
}

static struct question *ask(struct cache *c, void *to)
{
	struct question *q = calloc(1, sizeof *q);
	q->cache = c;
	q->to = to;
	assert_true(c->question_count < sizeof c->questions / sizeof *c->questions);
	c->questions[c->question_count++] = q;
	c->over = c->over || (c->over_after && c->question_count >= c->over_after);
	if (!c->silent && !(c->silent_after && c->question_count > c->silent_after))
		q->timer = loop_add_timer(c->loop, c->delay_ns, answer_question, q);
	return q;
}

static void get_record(void *ctx, const struct digest *key, void (*done)(void *to, bool found, struct span record),
                       void *to)
{
	struct question *q = ask(ctx, to);
	q->key = *key;
	q->done = done;
	q->cache->records_asked++;
}

static void get_blobs(void *ctx, const struct share_blob *blobs, uint32_t count,
                      void (*each)(void *to, uint32_t index, bool found, struct span bytes), void *to)
{
	struct question *q = ask(ctx, to);
	struct err err = ERR_INIT;
	bool found;
	q->each = each;
	q->count = count;
	q->blobs = calloc(count, sizeof *blobs);
	memcpy(q->blobs, blobs, count * sizeof *blobs);
	q->cache->blobs_asked += count;
	for (uint32_t i = 0; i < count; i++) {
		assert_ok(store_get(q->cache->blobs, &blobs[i].digest, &q->cache->log, &found, &err));
		buf_add_str(&q->cache->log, ",");
	}
}

static void keep_record(struct cache *c, const struct digest *key, struct span record)
{
	struct kept_record *r = record_of(c, key);
	if (!r) {
		assert_true(c->record_count < sizeof c->records / sizeof *c->records);
		r = &c->records[c->record_count++];
		*r = (struct kept_record){ .key = *key };
	}
	buf_reset(&r->bytes);
	buf_add_span(&r->bytes, record);
}

static void put(void *ctx, const struct digest *key, struct span record, const struct share_blob *blobs, uint32_t count)
{
	struct cache *c = ctx;
	for (uint32_t i = 0; i < count; i++) {
		struct buf bytes = BUF_INIT;
		struct err err = ERR_INIT;
		struct digest stored;
		bool found;
		assert_ok(store_get(c->of_machine, &blobs[i].digest, &bytes, &found, &err));
		assert_true(found);
		assert_int_equal(bytes.len, blobs[i].size);
		assert_ok(store_put(c->blobs, buf_span(&bytes), &stored, &err));
		buf_release(&bytes);
	}
	if (!c->read_only) {
		keep_record(c, key, record);
		record_of(c, key)->blob_count = count;
	}
	c->puts++;
	c->blobs_put += count;
}

static bool is_over(void *ctx)
{
	return ((const struct cache *)ctx)->over;
}

/* What was not answered is answered now, with a no, as a cache that is closed does. */
static void cache_close(struct cache *c)
{
	c->over = true;
	for (uint32_t i = 0; i < c->question_count; i++)
		answer_question(NULL, c->questions[i]);
}

static void cache_forget_questions(struct cache *c)
{
	for (uint32_t i = 0; i < c->question_count; i++) {
		loop_cancel_timer(c->loop, c->questions[i]->timer);
		free(c->questions[i]->blobs);
		free(c->questions[i]);
	}
	c->question_count = c->records_asked = c->blobs_asked = c->puts = c->blobs_put = 0;
	c->over = false;
	buf_reset(&c->log);
}

/* ---- the world ---- */

struct world {
	struct plan plan;
	struct options *options;
	struct clock clock;
	struct loop *loop;
	struct digest toolchain;
	struct build_config config;
	struct fake_runner fake;
	struct cache cache;
	struct store *a, *b;    /* the machines' */
	/* of the last check */
	struct build_stats stats; /* of its last build */
	struct share_counters counters;
	uint32_t rounds, conflicts;
	uint32_t more_rounds;     /* after what was to be done is done */
};

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	struct world *w = calloc(1, sizeof *w);
	w->clock = clock_system();
	w->options = small_plan_options();
	w->a = store_open_memory();
	w->b = store_open_memory();
	w->cache.blobs = store_open_memory();
	w->config = (struct build_config){ .plan = &w->plan, .options = w->options, .toolchain = &w->toolchain,
		                           .make_runner = fake_runner_make, .runner_ctx = &w->fake, .lanes = FAKE_LANES };
	*state = w;
	assert_ok(loop_new(&w->loop, &w->clock, &err));
	w->config.loop = w->fake.loop = w->cache.loop = w->loop;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	cache_forget_questions(&w->cache);
	for (uint32_t i = 0; i < w->cache.record_count; i++)
		buf_release(&w->cache.records[i].bytes);
	buf_release(&w->cache.log);
	buf_release(&w->fake.log);
	plan_release(&w->plan);
	options_free(w->options);
	store_close(w->a);
	store_close(w->b);
	store_close(w->cache.blobs);
	loop_free(w->loop);
	free(w);
	return 0;
}

static void build_once(struct world *w, struct build **ret)
{
	struct err err = ERR_INIT;
	w->fake.running = w->fake.waiting_count = 0;
	*ret = build_new(&w->config);
	assert_ok(build_run(*ret, &err));
	w->stats = build_stats(*ret);
	w->conflicts += w->stats.conflicts;
	w->rounds++;
}

/* One check on a machine, as cmd/ does it: built again while there is damage. */
static void check(struct world *w, struct store *machine, const struct small_module *modules, uint32_t count,
                  const struct behaviour *behaviours)
{
	struct share_ops ops = { get_record, get_blobs, put, is_over, &w->cache };
	struct share *share = share_new(&ops, machine);
	struct build *b = NULL;
	uint32_t left = w->more_rounds;
	cache_forget_questions(&w->cache);
	fake_runner_forget(&w->fake);
	plan_release(&w->plan);
	small_plan_make(&w->plan, modules, count);
	w->fake.behaviours = behaviours;
	w->config.store = w->fake.store = w->cache.of_machine = machine;
	w->config.share = share;
	w->rounds = w->conflicts = 0;
	do {
		build_free(b);
		build_once(w, &b);
		assert_true(w->rounds < 6);
	} while (build_damaged(b) || left-- > 0);
	for (uint32_t i = 0; i < w->plan.unit_count; i++)
		assert_int_equal(build_unit(b, i)->state, UNIT_DONE);
	build_share_tree(b);
	w->counters = share_counters(share);
	build_free(b);
	cache_close(&w->cache);
	share_free(share);
}

#define CHECK(w, machine, modules, behaviours) \
	check(w, machine, modules, sizeof(modules) / sizeof *(modules), behaviours)

#define assert_ran(w, what) assert_string_equal(fake_runner_log(&(w)->fake), what)

static const struct small_module CHAIN[] = { { "a", "", NULL }, { "b", "a", NULL }, { "c", "b", NULL } };
static const struct small_module CHAIN_A[] = { { "a", "", "edited" }, { "b", "a", NULL }, { "c", "b", NULL } };
static const struct small_module CHAIN_C[] = { { "a", "", NULL }, { "b", "a", NULL }, { "c", "b", "edited" } };
static const struct small_module CHAIN_AC[] = { { "a", "", "edited" }, { "b", "a", NULL }, { "c", "b", "edited" } };
static const struct small_module DIAMOND[] = { { "base", "", NULL }, { "left", "base", NULL },
	                                       { "right", "base", NULL }, { "top", "left right", NULL },
	                                       { "alone", "", NULL } };
static const struct small_module DIAMOND_LEFT[] = { { "base", "", NULL }, { "left", "base", "edited" },
	                                            { "right", "base", NULL }, { "top", "left right", NULL },
	                                            { "alone", "", NULL } };
static const struct behaviour OTHER_A[] = { { "a", CHECKED, "another interface", NULL, NULL }, { 0 } };

enum { LONG = 40 };

struct long_chain {
	struct small_module modules[LONG];
	char names[LONG][16];
};

static void make_long_chain(struct long_chain *l)
{
	for (int i = 0; i < LONG; i++) {
		snprintf(l->names[i], sizeof l->names[i], "m%02d", i);
		l->modules[i] = (struct small_module){ l->names[i], i ? l->names[i - 1] : "", NULL };
	}
}

/* ---- what is shared ---- */

static void what_another_machine_made_needs_no_runner(void **state)
{
	static const struct behaviour say[] = { { "b", CHECKED, NULL, "it is wrong", NULL }, { 0 } };
	struct world *w = *state;
	CHECK(w, w->a, CHAIN, say);
	assert_ran(w, "a | b | c | ");
	assert_int_equal(w->cache.puts, 4); /* three units and the tree */
	assert_int_equal(w->cache.blobs_put, 3);
	w->fake.refuses_to_be_made = true;
	CHECK(w, w->b, CHAIN, NULL);
	assert_int_equal(w->stats.hit_manifest, 3);
	assert_int_equal(w->counters.units_found, 3);
	assert_int_equal(w->cache.blobs_asked, 0);
	assert_int_equal(w->cache.puts, 0);
}

static void few_units_are_asked_for_one_by_one(void **state)
{
	struct world *w = *state;
	CHECK(w, w->a, CHAIN, NULL);
	assert_int_equal(w->cache.records_asked, 3);
	CHECK(w, w->b, CHAIN_C, NULL);
	assert_ran(w, "c | ");
	assert_int_equal(w->cache.records_asked, 3);
	CHECK(w, w->b, CHAIN_C, NULL); /* and nobody is asked for what the store has */
	assert_int_equal(w->cache.records_asked, 0);
}

static void a_tree_is_one_question(void **state)
{
	struct world *w = *state;
	struct long_chain l;
	make_long_chain(&l);
	CHECK(w, w->a, l.modules, NULL);
	assert_int_equal(w->cache.records_asked, 1 + LONG); /* there was no tree */
	w->fake.refuses_to_be_made = true;
	CHECK(w, w->b, l.modules, NULL);
	assert_int_equal(w->cache.records_asked, 1);
	assert_int_equal(w->stats.hit_manifest, LONG);
	assert_int_equal(w->counters.units_found, LONG);
}

static void of_a_tree_with_an_edit_only_the_edited_unit_is_asked_for_and_run(void **state)
{
	struct world *w = *state;
	struct long_chain l;
	make_long_chain(&l);
	CHECK(w, w->a, l.modules, NULL);
	l.modules[5].source = "edited";
	CHECK(w, w->b, l.modules, NULL);
	assert_ran(w, "m05 | ");
	assert_int_equal(w->cache.records_asked, 2);
	assert_string_equal(buf_span(&w->cache.log).data, "interface of m00,interface of m01,interface of m02,"
	                                                  "interface of m03,interface of m04,");
	assert_int_equal(w->counters.interfaces_found, 5);
}

static void the_tree_is_put_when_it_is_news(void **state)
{
	struct world *w = *state;
	struct long_chain l;
	make_long_chain(&l);
	CHECK(w, w->a, l.modules, NULL);
	assert_int_equal(w->cache.puts, LONG + 1);
	CHECK(w, w->b, l.modules, NULL);
	assert_int_equal(w->cache.puts, 0);
	l.modules[LONG - 1].source = "edited";
	CHECK(w, w->b, l.modules, NULL);
	assert_ran(w, "m39 | ");
	assert_int_equal(w->cache.puts, 2);
	CHECK(w, w->a, l.modules, NULL); /* that one was asked for by itself, and all is well known */
	assert_ran(w, "");
	assert_int_equal(w->cache.puts, 0);
}

static void a_body_edited_elsewhere_is_nobodys_business(void **state)
{
	struct world *w = *state;
	CHECK(w, w->a, CHAIN, NULL);
	CHECK(w, w->a, CHAIN_A, NULL);
	assert_ran(w, "a | ");
	CHECK(w, w->b, CHAIN_C, NULL);
	assert_ran(w, "c | ");
	CHECK(w, w->b, CHAIN_AC, NULL); /* and what each of them ran serves both */
	assert_ran(w, "");
}

/* A never had the sources of B, and what it made of b holds all the same. */
static void a_result_holds_whatever_its_maker_had_below(void **state)
{
	struct world *w = *state;
	CHECK(w, w->a, CHAIN_A, NULL);
	CHECK(w, w->b, CHAIN, NULL);
	assert_ran(w, "a | ");
	assert_int_equal(w->stats.hit_manifest, 2);
}

static void only_what_a_run_stands_on_is_fetched(void **state)
{
	struct world *w = *state;
	CHECK(w, w->a, DIAMOND, NULL);
	CHECK(w, w->b, DIAMOND_LEFT, NULL);
	assert_ran(w, "left | ");
	assert_string_equal(buf_span(&w->cache.log).data, "interface of base,");
	assert_int_equal(w->counters.interfaces_found, 1);
}

static void what_several_runs_stand_on_is_fetched_once(void **state)
{
	static const struct small_module both[] = { { "base", "", NULL }, { "left", "base", "edited" },
		                                    { "right", "base", "edited" }, { "top", "left right", NULL },
		                                    { "alone", "", NULL } };
	struct world *w = *state;
	CHECK(w, w->a, DIAMOND, NULL);
	CHECK(w, w->b, both, NULL);
	assert_ran(w, "left | right | ");
	assert_string_equal(buf_span(&w->cache.log).data, "interface of base,");
}

/* What the store has of a unit was right yesterday: others may know about today. */
static void a_unit_that_misses_here_is_asked_for_after_all(void **state)
{
	struct world *w = *state;
	CHECK(w, w->b, CHAIN, NULL);
	CHECK(w, w->a, CHAIN, NULL);
	CHECK(w, w->a, CHAIN_A, OTHER_A);
	assert_ran(w, "a | b | ");
	w->fake.refuses_to_be_made = true;
	CHECK(w, w->b, CHAIN_A, NULL);
	assert_int_equal(w->cache.records_asked, 2);
	assert_int_equal(w->stats.hit_manifest, 3);
	CHECK(w, w->b, CHAIN, NULL); /* and what the store had is there still */
	assert_int_equal(w->cache.records_asked, 0);
}

static void the_tree_of_another_time_hides_nothing(void **state)
{
	static const struct behaviour other[] = { { "m00", CHECKED, "another interface", NULL, NULL }, { 0 } };
	struct world *w = *state;
	struct long_chain l, edited;
	make_long_chain(&l);
	make_long_chain(&edited);
	edited.modules[0].source = "edited";
	CHECK(w, w->a, l.modules, NULL);
	CHECK(w, w->a, edited.modules, other);
	assert_ran(w, "m00 | m01 | ");
	w->fake.refuses_to_be_made = true;
	CHECK(w, w->b, l.modules, NULL);
	assert_int_equal(w->cache.records_asked, 3); /* the tree, m00 and m01 */
	assert_int_equal(w->stats.hit_manifest, LONG);
}

/* An edit of our own that reaches far: nobody else has checked what it concerns. */
static void nobody_is_asked_about_everything_in_vain(void **state)
{
	enum { WIDTH = 150 };
	struct small_module modules[2 + 2 * WIDTH] = { { "a", "", NULL } };
	char names[2 * WIDTH][16];
	struct world *w = *state;
	for (int i = 0; i < WIDTH; i++) { /* two rows; the second stands on all of the first */
		snprintf(names[i], sizeof names[i], "r%d", i);
		modules[1 + i] = (struct small_module){ names[i], "a", NULL };
		snprintf(names[WIDTH + i], sizeof names[i], "s%d", i);
		modules[1 + WIDTH + i] = (struct small_module){ names[WIDTH + i], i ? names[i - 1] : "a", NULL };
	}
	modules[1 + 2 * WIDTH] = (struct small_module){ "top", "r0", NULL };
	w->fake.takes_batches = true;
	struct behaviour others[2 * WIDTH + 2] = { { "a", CHECKED, "another interface", NULL, NULL } };
	for (int i = 0; i < WIDTH; i++)
		others[1 + i] = (struct behaviour){ names[i], CHECKED, "another one", NULL, NULL };
	CHECK(w, w->a, modules, NULL);
	modules[0].source = "edited";
	CHECK(w, w->a, modules, others);
	assert_int_equal(w->stats.units_run, 2 + 2 * WIDTH);
	/* a itself, the first row and who else stands on a */
	assert_int_equal(w->cache.records_asked, 1 + WIDTH + 1);
}

static void nothing_is_asked_or_put_when_that_is_asked_for(void **state)
{
	struct world *w = *state;
	w->config.no_record = true;
	CHECK(w, w->a, CHAIN, NULL);
	assert_int_equal(w->cache.puts, 0);
	w->config.no_record = false;
	w->config.no_store_read = true;
	CHECK(w, w->a, CHAIN, NULL);
	assert_int_equal(w->cache.records_asked, 0);
	assert_int_equal(w->cache.puts, 4);
	CHECK(w, w->b, CHAIN, NULL);
	assert_ran(w, "a | b | c | ");
}

/* ---- what is lost ---- */

static void discard_blob(struct world *w, const char *content)
{
	struct digest d;
	hash_sha256(span_of(content), &d);
	assert_true(store_has(w->cache.blobs, &d));
	store_discard(w->cache.blobs, &d);
}

static void an_interface_that_is_lost_is_made_again_by_the_next_build(void **state)
{
	struct world *w = *state;
	CHECK(w, w->a, DIAMOND, NULL);
	discard_blob(w, "interface of base");
	CHECK(w, w->b, DIAMOND_LEFT, NULL);
	assert_ran(w, "base | left | ");
	assert_int_equal(w->rounds, 2);
	assert_int_equal(w->counters.lost, 1);
	assert_int_equal(w->conflicts, 0);
	CHECK(w, w->b, DIAMOND_LEFT, NULL);
	assert_ran(w, "");
}

static void what_was_lost_and_made_again_is_here(void **state)
{
	struct world *w = *state;
	CHECK(w, w->a, DIAMOND, NULL);
	discard_blob(w, "interface of base");
	w->more_rounds = 1; /* as after a discovered dependency */
	CHECK(w, w->b, DIAMOND_LEFT, NULL);
	assert_ran(w, "base | left | ");
	assert_int_equal(w->rounds, 3);
}

static void all_may_be_lost(void **state)
{
	struct world *w = *state;
	struct long_chain l;
	make_long_chain(&l);
	CHECK(w, w->a, l.modules, NULL);
	store_close(w->cache.blobs);
	w->cache.blobs = store_open_memory();
	l.modules[LONG - 1].source = "edited";
	CHECK(w, w->b, l.modules, NULL);
	assert_int_equal(w->stats.units_run, LONG);
	assert_int_equal(w->counters.lost, LONG - 1);
	assert_int_equal(w->rounds, 2);
}

/* ---- slow and dead ---- */

static void an_answer_that_is_too_late_is_not_needed(void **state)
{
	struct world *w = *state;
	CHECK(w, w->a, CHAIN, NULL);
	w->cache.delay_ns = 400 * NS_PER_MS;
	CHECK(w, w->b, CHAIN, NULL);
	assert_ran(w, "a | b | c | ");
	assert_int_equal(w->counters.impatient, 3);
	assert_int_equal(w->conflicts, 0);
}

/* It comes while the unit runs, or after its end. */
static void a_late_answer_changes_nothing(void **state)
{
	struct world *w = *state;
	struct long_chain l;
	make_long_chain(&l);
	CHECK(w, w->a, l.modules, NULL);
	for (int ms = 195; ms < 215; ms += 4) {
		store_close(w->b);
		w->b = store_open_memory();
		w->cache.delay_ns = ms * NS_PER_MS;
		CHECK(w, w->b, l.modules, NULL);
		assert_int_equal(w->stats.units_run + w->stats.hit_manifest, LONG);
		assert_int_equal(w->conflicts, 0);
	}
}

static void a_cache_that_never_answers_costs_its_patience_once(void **state)
{
	struct world *w = *state;
	int64_t start = clock_monotonic_ns(&w->clock);
	w->cache.silent = true;
	w->more_rounds = 3;
	CHECK(w, w->a, CHAIN, NULL);
	assert_ran(w, "a | b | c | ");
	assert_int_equal(w->counters.impatient, 3);
	assert_int_equal(w->cache.records_asked, 3);
	assert_in_range(clock_monotonic_ns(&w->clock) - start, 200 * NS_PER_MS, 5 * NS_PER_S);
}

static void interfaces_that_never_come_are_made(void **state)
{
	struct world *w = *state;
	CHECK(w, w->a, DIAMOND, NULL);
	CHECK(w, w->b, DIAMOND, NULL); /* hits, and has no interface */
	w->cache.silent = true;
	CHECK(w, w->b, DIAMOND_LEFT, NULL);
	assert_int_equal(w->stats.units_run, 5);
	assert_int_equal(w->conflicts, 0);
}

static void a_cache_that_ends_in_the_middle_is_done_without(void **state)
{
	struct world *w = *state;
	struct long_chain l;
	make_long_chain(&l);
	CHECK(w, w->a, l.modules, NULL);
	l.modules[20].source = "edited";
	for (uint32_t n = 1; n < 5; n++) { /* the tree, its unit, the interfaces, nothing */
		store_close(w->b);
		w->b = store_open_memory();
		w->cache.over_after = n;
		CHECK(w, w->b, l.modules, NULL);
		assert_int_equal(w->stats.units_run + w->stats.hit_manifest, LONG);
		assert_int_equal(w->conflicts, 0);
		if (n < 4)
			assert_in_range(w->stats.units_run, 21, LONG);
		else
			assert_ran(w, "m20 | ");
	}
}

/* The rest of a check without the cache, on a machine that has results and none of the interfaces. */
static void results_without_interfaces_are_done_again_when_the_cache_is_gone(void **state)
{
	struct world *w = *state;
	CHECK(w, w->a, CHAIN, NULL);
	CHECK(w, w->b, CHAIN, NULL);
	assert_ran(w, "");
	w->cache.over_after = 1;
	CHECK(w, w->b, CHAIN_C, NULL);
	assert_ran(w, "a | b | c | ");
}

/* ---- hostile ---- */

static void as_garbage(struct cache *c, struct kept_record *r)
{
	(void)c;
	memset(r->bytes.data, 'x', r->bytes.len);
}

static void as_half(struct cache *c, struct kept_record *r)
{
	(void)c;
	buf_truncate(&r->bytes, r->bytes.len / 2);
}

static void as_nothing(struct cache *c, struct kept_record *r)
{
	(void)c;
	buf_reset(&r->bytes);
}

static void seal(struct buf *record)
{
	buf_truncate(record, record->len - 8);
	buf_put_u64(record, hash_xxh3(buf_span(record)));
}

static void as_of_another_version(struct cache *c, struct kept_record *r)
{
	(void)c;
	r->bytes.data[4]++;
	seal(&r->bytes);
}

static void as_of_its_neighbour(struct cache *c, struct kept_record *r)
{
	struct kept_record *last = &c->records[c->record_count - 1];
	if (r == last)
		return;
	struct buf mine = r->bytes;
	r->bytes = r[1].bytes;
	r[1].bytes = mine;
}

/* Well-formed, with results that are none. */
static void as_without_results(struct cache *c, struct kept_record *r)
{
	struct arena a = ARENA_INIT;
	struct manifest m;
	struct buf out = BUF_INIT;
	(void)c;
	if (manifest_decode(buf_span(&r->bytes), &a, &m)) {
		for (uint32_t i = 0; i < m.entry_count; i++)
			m.entries[i].result = span_of("no result");
		manifest_encode(&m, &out);
		buf_reset(&r->bytes);
		buf_add_span(&r->bytes, buf_span(&out));
	}
	buf_release(&out);
	arena_release(&a);
}

/* Whole and right, and longer than a store's record may be. */
static void as_endless(struct cache *c, struct kept_record *r)
{
	struct arena a = ARENA_INIT;
	struct manifest m;
	struct buf out = BUF_INIT, result = BUF_INIT;
	(void)c;
	if (manifest_decode(buf_span(&r->bytes), &a, &m)) {
		char *text = arena_alloc(&a, STORE_RECORD_LIMIT + 1);
		struct result one;
		memset(text, 'x', STORE_RECORD_LIMIT);
		text[STORE_RECORD_LIMIT] = '\0';
		struct diag d = { .line = 1, .message = text };
		assert_true(result_decode(m.entries[0].result, &a, &one));
		one.members[0].diags = (struct diag_list){ &d, 1 };
		result_encode(&one, &result);
		m.entries[0].result = buf_span(&result);
		manifest_encode(&m, &out);
		buf_reset(&r->bytes);
		buf_add_span(&r->bytes, buf_span(&out));
	}
	buf_release(&result);
	buf_release(&out);
	arena_release(&a);
}

static void (*const alterations[])(struct cache *c, struct kept_record *r) = {
	as_garbage, as_half, as_nothing, as_of_another_version, as_of_its_neighbour, as_without_results, as_endless,
};

static void records_that_are_wrong_are_misses_and_no_conflicts(void **state)
{
	struct world *w = *state;
	for (size_t i = 0; i < sizeof alterations / sizeof *alterations; i++) {
		w->config.no_store_read = true;
		CHECK(w, w->a, CHAIN, NULL);
		w->config.no_store_read = false;
		for (uint32_t k = 0; k < w->cache.record_count; k++)
			alterations[i](&w->cache, &w->cache.records[k]);
		store_close(w->b);
		w->b = store_open_memory();
		CHECK(w, w->b, CHAIN, NULL);
		assert_ran(w, "a | b | c | ");
		assert_int_equal(w->conflicts, 0);
		assert_int_equal(w->counters.units_found, 0);
	}
}

/* They say something else than the unit's own run, and name an interface that nobody has. */
static void as_a_claim(struct cache *c, struct kept_record *r)
{
	struct arena a = ARENA_INIT;
	struct manifest m;
	struct buf out = BUF_INIT, result = BUF_INIT;
	struct diag lie = { .line = 1, .message = "all is well" };
	struct result one;
	(void)c;
	if (manifest_decode(buf_span(&r->bytes), &a, &m)) {
		assert_true(result_decode(m.entries[0].result, &a, &one));
		one.members[0].diags = (struct diag_list){ &lie, 1 };
		memset(one.members[0].interface.data.bytes, 7, DIGEST_SIZE);
		result_encode(&one, &result);
		m.entries[0].result = buf_span(&result);
		manifest_encode(&m, &out);
		buf_reset(&r->bytes);
		buf_add_span(&r->bytes, buf_span(&out));
	}
	buf_release(&result);
	buf_release(&out);
	arena_release(&a);
}

static void a_claim_without_an_interface_is_no_conflict(void **state)
{
	struct world *w = *state;
	CHECK(w, w->a, CHAIN, NULL);
	for (uint32_t k = 0; k < w->cache.record_count; k++)
		as_a_claim(&w->cache, &w->cache.records[k]);
	CHECK(w, w->b, CHAIN_C, NULL);
	assert_int_equal(w->conflicts, 0);
	assert_ran(w, "a | b | c | ");
}

static void trees_that_are_wrong_are_none(void **state)
{
	struct world *w = *state;
	struct long_chain l;
	make_long_chain(&l);
	for (size_t i = 0; i < 4; i++) {
		CHECK(w, w->a, l.modules, NULL);
		if (i == 0)
			assert_int_equal(w->cache.puts, LONG + 1);
		struct kept_record *tree = &w->cache.records[w->cache.record_count - 1];
		struct buf whole = BUF_INIT;
		assert_int_equal(tree->blob_count, 0);
		buf_add_span(&whole, buf_span(&tree->bytes));
		alterations[i](&w->cache, tree);
		store_close(w->b);
		w->b = store_open_memory();
		CHECK(w, w->b, l.modules, NULL);
		assert_ran(w, ""); /* the units' own records answer */
		assert_int_equal(w->cache.records_asked, 1 + LONG);
		buf_release(&tree->bytes);
		tree->bytes = whole;
	}
}

/* ---- the cut inside a cycle ---- */

static const struct small_module CYCLE[] = { { "x", "y", NULL }, { "y", "z", NULL }, { "z", "x", NULL } };
static const struct small_module CYCLE_Y[] = { { "x", "y", NULL }, { "y", "z", "edited" }, { "z", "x", NULL } };
static const struct small_module CYCLE_YZ[] = { { "x", "y", NULL }, { "y", "z", "edited" }, { "z", "x", "edited" } };

static void start_again_on_b(struct world *w)
{
	store_close(w->b);
	w->b = store_open_memory();
	w->fake.kept = 0;
}

static void an_edit_inside_a_cycle_checks_one_body_anywhere(void **state)
{
	struct world *w = *state;
	w->fake.keeps_bodies = true;
	CHECK(w, w->a, CYCLE, NULL);
	assert_int_equal(w->stats.bodies_run, 3);
	CHECK(w, w->b, CYCLE_Y, NULL);
	assert_ran(w, "x | ");
	assert_int_equal(w->stats.bodies_run, 1);
	assert_int_equal(w->cache.records_asked, 3); /* the unit, its bodies, and the manifest that has their reports */
	start_again_on_b(w);
	CHECK(w, w->b, CYCLE_YZ, NULL); /* the record of bodies that B has put holds more than the one of A */
	assert_int_equal(w->stats.bodies_run, 1);
	CHECK(w, w->b, CYCLE, NULL);
	assert_ran(w, "");
}

static void alter_kind(struct world *w, const char *magic, void (*alter)(struct cache *c, struct kept_record *r))
{
	for (uint32_t i = 0; i < w->cache.record_count; i++)
		if (w->cache.records[i].bytes.len && memcmp(w->cache.records[i].bytes.data, magic, strlen(magic)) == 0)
			alter(&w->cache, &w->cache.records[i]);
}

static void bodies_that_are_wrong_are_checked(void **state)
{
	struct world *w = *state;
	w->fake.keeps_bodies = true;
	for (size_t i = 0; i < sizeof alterations / sizeof *alterations; i++) {
		static const char *const magics[] = { "SEPB", "SEPM" };
		for (int k = 0; k < 2; k++) {
			if (k == 0 && alterations[i] == as_of_its_neighbour)
				continue;
			w->cache.read_only = false;
			w->config.no_store_read = true;
			CHECK(w, w->a, CYCLE, NULL);
			w->config.no_store_read = false;
			w->cache.read_only = true;
			alter_kind(w, magics[k], alterations[i]);
			start_again_on_b(w);
			CHECK(w, w->b, CYCLE_Y, NULL);
			assert_ran(w, "x | ");
			assert_int_equal(w->conflicts, 0);
			/* what only speaks of results leaves the bodies' own record as it is */
			if (k == 1 || (alterations[i] != as_without_results && alterations[i] != as_endless))
				assert_int_equal(w->stats.bodies_run, 3);
		}
	}
}

static void bodies_that_do_not_come_are_checked(void **state)
{
	struct world *w = *state;
	w->fake.keeps_bodies = true;
	CHECK(w, w->a, CYCLE, NULL);
	w->cache.read_only = true;
	for (uint32_t n = 1; n < 5; n++) { /* the unit, its bodies, their manifest, nothing */
		start_again_on_b(w);
		w->cache.over_after = n;
		CHECK(w, w->b, CYCLE_Y, NULL);
		assert_ran(w, "x | ");
		assert_int_equal(w->stats.bodies_run, n < 4 ? 3 : 1);
	}
	w->cache.over_after = 0;
	w->cache.silent_after = 1;
	for (; w->cache.silent_after < 3; w->cache.silent_after++) {
		start_again_on_b(w);
		CHECK(w, w->b, CYCLE_Y, NULL);
		assert_ran(w, "x | ");
		assert_int_equal(w->stats.bodies_run, 3);
	}
}

/* ---- the end ---- */

static void interrupts(struct loop *loop, void *ctx)
{
	(void)loop, (void)ctx;
	raise(SIGINT);
}

static void an_interrupted_build_leaves_answers_to_nobody(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;
	struct share_ops ops = { get_record, get_blobs, put, is_over, &w->cache };
	struct share *share = share_new(&ops, w->a);
	w->cache.silent = true;
	small_plan_make(&w->plan, CHAIN, 3);
	w->config.store = w->fake.store = w->cache.of_machine = w->a;
	w->config.share = share;
	loop_add_timer(w->loop, 20 * NS_PER_MS, interrupts, NULL);
	struct build *b = build_new(&w->config);
	assert_fails(build_run(b, &err), ERR_INTERRUPTED, "interrupted");
	build_free(b);
	assert_int_equal(w->cache.question_count, 3);
	cache_close(&w->cache);
	share_free(share);
	share_free(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_another_machine_made_needs_no_runner),
		TEST(few_units_are_asked_for_one_by_one),
		TEST(a_tree_is_one_question),
		TEST(of_a_tree_with_an_edit_only_the_edited_unit_is_asked_for_and_run),
		TEST(the_tree_is_put_when_it_is_news),
		TEST(a_body_edited_elsewhere_is_nobodys_business),
		TEST(a_result_holds_whatever_its_maker_had_below),
		TEST(only_what_a_run_stands_on_is_fetched),
		TEST(what_several_runs_stand_on_is_fetched_once),
		TEST(a_unit_that_misses_here_is_asked_for_after_all),
		TEST(the_tree_of_another_time_hides_nothing),
		TEST(nobody_is_asked_about_everything_in_vain),
		TEST(nothing_is_asked_or_put_when_that_is_asked_for),
		TEST(an_interface_that_is_lost_is_made_again_by_the_next_build),
		TEST(what_was_lost_and_made_again_is_here),
		TEST(all_may_be_lost),
		TEST(an_answer_that_is_too_late_is_not_needed),
		TEST(a_late_answer_changes_nothing),
		TEST(a_cache_that_never_answers_costs_its_patience_once),
		TEST(interfaces_that_never_come_are_made),
		TEST(a_cache_that_ends_in_the_middle_is_done_without),
		TEST(results_without_interfaces_are_done_again_when_the_cache_is_gone),
		TEST(records_that_are_wrong_are_misses_and_no_conflicts),
		TEST(a_claim_without_an_interface_is_no_conflict),
		TEST(trees_that_are_wrong_are_none),
		TEST(an_edit_inside_a_cycle_checks_one_body_anywhere),
		TEST(bodies_that_are_wrong_are_checked),
		TEST(bodies_that_do_not_come_are_checked),
		TEST(an_interrupted_build_leaves_answers_to_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
