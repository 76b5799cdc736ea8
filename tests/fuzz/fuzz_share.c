/*
 * Records out of a shared cache (build/share.h), as whoever can write to it made them: a build of a small tree gets the
 * input for an answer. Whatever it says, the build ends, every unit has an answer, nothing is a conflict, and a build
 * without the cache on the same store ends as well.
 *
 * The first byte is a set of bits (enum): whether the rest answers for the tree or for every unit, whether the
 * interfaces that the runner would make are there, and whether the rest is packed (remote/pack.h) or wants a seal.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* The tests' tools want these of cmocka, which is not here. */
#define SEPAL_TESTS_CHECK_H
#define fail_msg(...) BUG(__VA_ARGS__)
#define assert_ok(call)                                                                                                \
	do {                                                                                                           \
		if ((call) != 0)                                                                                       \
			BUG("%s: %s", #call, err.message);                                                             \
	} while (0)

#include "../lib/fake_runner.h"
#include "../lib/small_plan.h"
#ifndef SEPAL_WITHOUT_REMOTE
#include "remote/pack.h"
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FOR_UNITS = 1, WITH_INTERFACES = 2, PACKED = 4, TO_BE_SEALED = 8, HEAD_SIZE = 1, MODULES = 18, MOST_ROUNDS = 5 };

/* Enough modules that the tree is asked for; four of them depend on one another. */
static const struct small_module MODULE_ROWS[MODULES] = {
	{ "a", "", NULL },    { "b", "a", NULL },   { "x", "y b", NULL }, { "y", "x", NULL },  { "top", "x", NULL },
	{ "m0", "", NULL },   { "m1", "", NULL },   { "m2", "", NULL },   { "m3", "", NULL },  { "m4", "", NULL },
	{ "m5", "", NULL },   { "m6", "", NULL },   { "m7", "", NULL },   { "m8", "", NULL },  { "m9", "", NULL },
	{ "m10", "", NULL },  { "m11", "", NULL },  { "m12", "", NULL },
};

struct cache {
	struct plan *plan;
	struct loop *loop;
	struct span record;
	bool for_units, has_interfaces, tree_asked;
};

/* ---- the cache: answers come from the loop ---- */

struct question {
	void (*done)(void *to, bool found, struct span record);
	void (*each)(void *to, uint32_t index, bool found, struct span bytes);
	void *to;
	struct share_blob *blobs;
	uint32_t count;
	bool found;
	struct cache *cache;
};

/* The bytes of the interface that the runner would make, if it is one. */
static const char *interface_of(const struct cache *c, const struct digest *d, char (*text)[64])
{
	for (uint32_t i = 0; i < MODULES; i++) {
		struct digest one;
		snprintf(*text, sizeof *text, "interface of %s", c->plan->modules[i].id);
		hash_sha256(span_of(*text), &one);
		if (digest_eq(&one, d))
			return *text;
	}
	return NULL;
}

static void answer(struct loop *loop, void *ctx)
{
	struct question *q = ctx;
	(void)loop;
	if (q->done)
		q->done(q->to, q->found, q->found ? q->cache->record : span_of(""));
	for (uint32_t i = 0; i < q->count; i++) {
		char text[64];
		const char *bytes = q->cache->has_interfaces ? interface_of(q->cache, &q->blobs[i].digest, &text) : NULL;
		q->each(q->to, i, bytes != NULL, span_of(bytes ? bytes : ""));
	}
	free(q->blobs);
	free(q);
}

static struct question *ask(struct cache *c, void *to)
{
	struct question *q = calloc(1, sizeof *q);
	q->cache = c;
	q->to = to;
	loop_add_timer(c->loop, 0, answer, q);
	return q;
}

/* The tree is the first question; then each unit is one. */
static void get_record(void *ctx, const struct digest *key, void (*done)(void *to, bool found, struct span record),
                       void *to)
{
	struct cache *c = ctx;
	struct question *q = ask(c, to);
	(void)key;
	q->done = done;
	q->found = c->for_units == c->tree_asked;
	c->tree_asked = true;
}

static void get_blobs(void *ctx, const struct share_blob *blobs, uint32_t count,
                      void (*each)(void *to, uint32_t index, bool found, struct span bytes), void *to)
{
	struct question *q = ask(ctx, to);
	q->each = each;
	q->count = count;
	q->blobs = calloc(count, sizeof *blobs);
	memcpy(q->blobs, blobs, count * sizeof *blobs);
}

static void put(void *ctx, const struct digest *key, struct span record, const struct share_blob *blobs, uint32_t count)
{
	(void)ctx, (void)key, (void)record, (void)blobs, (void)count;
}

static bool is_over(void *ctx)
{
	(void)ctx;
	return false;
}

/* ---- the builds ---- */

static void build_all(struct build_config *config, struct fake_runner *fake)
{
	struct err err = ERR_INIT;
	struct build *b = NULL;
	uint32_t rounds = 0, damaged;
	do {
		build_free(b);
		fake_runner_forget(fake);
		b = build_new(config);
		assert_ok(build_run(b, &err));
		damaged = build_damaged(b);
		if (build_stats(b).conflicts)
			BUG("a foreign record became a conflict");
		if (++rounds > MOST_ROUNDS)
			BUG("the build does not come to an end");
	} while (damaged);
	for (uint32_t i = 0; i < config->plan->unit_count; i++)
		if (build_unit(b, i)->state != UNIT_DONE)
			BUG("unit %u has no answer", i);
	build_share_tree(b);
	build_free(b);
}

/* What was asked too early to be answered in time is answered to nobody. */
static void drain(struct loop *loop)
{
	struct err err = ERR_INIT;
	for (int i = 0; i < MOST_ROUNDS; i++)
		assert_ok(loop_run_once(loop, 0, &err));
}

static void try_record(struct span record, int bits)
{
	struct err err = ERR_INIT;
	struct digest toolchain = { { 0 } };
	struct clock clock = clock_system();
	struct fake_runner fake = { .store = store_open_memory(), .keeps_bodies = true };
	struct plan plan;
	struct options *options = small_plan_options();
	struct loop *loop;
	assert_ok(loop_new(&loop, &clock, &err));
	small_plan_make(&plan, MODULE_ROWS, MODULES);
	struct cache cache = { &plan, loop, record, bits & FOR_UNITS, bits & WITH_INTERFACES, false };
	struct share_ops ops = { get_record, get_blobs, put, is_over, &cache };
	struct share *share = share_new(&ops, fake.store);
	struct build_config config = { .plan = &plan, .options = options, .toolchain = &toolchain, .store = fake.store,
		                       .loop = loop, .make_runner = fake_runner_make, .runner_ctx = &fake,
		                       .lanes = FAKE_LANES, .share = share };
	fake.loop = loop;
	build_all(&config, &fake);
	drain(loop);
	share_free(share);
	config.share = NULL;
	build_all(&config, &fake);
	buf_release(&fake.log);
	plan_release(&plan);
	options_free(options);
	loop_free(loop);
	store_close(fake.store);
}

static bool unpack(struct span packed, struct buf *out)
{
#ifdef SEPAL_WITHOUT_REMOTE
	(void)packed, (void)out;
	return false;
#else
	return unpack_record(packed, out);
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < HEAD_SIZE)
		return 0;
	struct span rest = { (const char *)data + HEAD_SIZE, size - HEAD_SIZE };
	struct buf record = BUF_INIT;
	if (!(data[0] & PACKED))
		buf_add_span(&record, rest);
	if (!(data[0] & PACKED) || unpack(rest, &record)) {
		if (data[0] & TO_BE_SEALED)
			buf_put_u64(&record, hash_xxh3(buf_span(&record)));
		try_record(buf_span(&record), data[0]);
	}
	buf_release(&record);
	return 0;
}
