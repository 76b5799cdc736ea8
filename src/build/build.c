/*
 * The build's loop: what is ready is looked up, what missed is fetched for and queued, lanes get batches. Transitions
 * are in state.c, what the runner tells in answers.c.
 */
#include "build/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "build/batch.h"
#include "build/internal.h"

/* A batch waits ahead of its turn while so much is queued a lane. */
enum { AHEAD_WEIGHT = 300000, MANY_UNITS = 4, SOME_UNITS = 200 };

/* Who runs the unit has to find the interfaces in the store. */
static void miss(struct build *b, uint32_t unit)
{
	enum share_fetch fetch = build_share_fetch(b, unit);
	if (fetch == FETCH_NOTHING) {
		build_enqueue(b, unit);
		return;
	}
	build_set_state(b, unit, UNIT_FETCHING);
	if (fetch == FETCH_LOST)
		build_fetched(b, unit, false);
}

/* At most `most` units. */
static int look_up(struct build *b, struct unit_stack *stack, uint32_t most, struct err *err)
{
	for (; stack->count && most; most--) {
		uint32_t unit = stack->items[--stack->count];
		bool hit;
		if (build_share_parks(b, unit))
			continue;
		if (build_lookup(b, unit, &hit, err))
			return -1;
		if (!hit) {
			if (!build_share_asks_late(b, unit))
				miss(b, unit);
			continue;
		}
		build_know_interfaces(b, unit, &b->units[unit].result);
		build_finish(b, unit);
		build_release_dependents(b, unit, b->units[unit].below_ran);
	}
	return 0;
}

static int ensure_runner(struct build *b, struct err *err)
{
	if (b->runner)
		return 0;
	struct runner_events events = build_answers(b);
	return b->config.make_runner(b->config.runner_ctx, &events, &b->runner, err);
}

static int start_batch(struct build *b, struct err *err)
{
	uint64_t limit = batch_goal(b->queued_weight, b->config.lanes), weight = 0;
	const struct unit_spec *specs[MAX_BATCH];
	uint32_t n = 0, most = b->runner->takes_batches ? MAX_BATCH : 1;
	while (b->queue_len && n < most && (n == 0 || weight < limit)) {
		uint32_t unit = build_queue_pop(b);
		weight += b->config.plan->units[unit].weight;
		build_set_state(b, unit, UNIT_RUNNING);
		b->units[unit].started_ns = clock_monotonic_ns(loop_clock(b->config.loop));
		if (build_offer_bodies(b, unit, err))
			return -1;
		specs[n++] = build_spec_make(b, unit);
		build_emit(b, BUILD_STARTED, unit, NULL);
	}
	return b->runner->start(b->runner, specs, n, err);
}

/* Ahead of its turn a batch is only started from a long queue: what is more urgent may come up meanwhile. */
static bool has_room(const struct build *b)
{
	return b->runner->free_lanes(b->runner) ||
	       (b->queued_weight >= (uint64_t)AHEAD_WEIGHT * b->config.lanes && b->runner->waiting_room &&
	        b->runner->waiting_room(b->runner));
}

/* Weights decide about batches and their order, so they can wait until there is a choice. */
static void weigh(struct build *b)
{
	if (b->weighed || b->queue_len < MANY_UNITS || !b->config.weigh)
		return;
	uint32_t n = b->queue_len, *units = xmalloc(n * sizeof *units);
	memcpy(units, b->queue, n * sizeof *units);
	b->weighed = true;
	b->config.weigh(b->config.runner_ctx);
	b->queue_len = 0;
	b->queued_weight = 0;
	for (uint32_t i = 0; i < n; i++)
		build_queue_push(b, units[i]);
	free(units);
}

static int pump(struct build *b, struct err *err)
{
	if (look_up(b, &b->ready, UINT32_MAX, err))
		return -1;
	/* a part at a time, so that the checker is not left waiting for the loop */
	if ((!b->queue_len || !b->urgent) && look_up(b, &b->later, SOME_UNITS, err))
		return -1;
	if (!b->queue_len)
		return 0;
	weigh(b);
	if (ensure_runner(b, err))
		return -1;
	while (b->queue_len && has_room(b))
		if (start_batch(b, err))
			return -1;
	build_foresee(b);
	b->urgent = NULL; /* the checker works: everything else may be looked up beside it */
	return 0;
}

static bool has_look_ups(const struct build *b)
{
	return b->ready.count || b->later.count;
}

/* Queued units count: a lane is taken until its batch has ended, which may be after the last answer. */
static bool is_busy(const struct build *b)
{
	return b->counts[UNIT_QUEUED] || b->counts[UNIT_RUNNING] || b->counts[UNIT_BODIES] || has_look_ups(b) ||
	       build_share_is_awaited(b);
}

static void on_interrupt(struct loop *loop, int signo, void *ctx)
{
	(void)loop, (void)signo;
	((struct build *)ctx)->interrupted = true;
}

/* For whatever comes next. Time in which nothing runs, because the shared cache has not answered, is limited. */
static int wait_for_news(struct build *b, struct err *err)
{
	const struct clock *clock = loop_clock(b->config.loop);
	bool works = b->counts[UNIT_QUEUED] || b->counts[UNIT_RUNNING] || b->counts[UNIT_BODIES] || has_look_ups(b);
	if (works || !build_share_is_awaited(b))
		return loop_run_once(b->config.loop, has_look_ups(b) ? 0 : -1, err);
	int64_t start = clock_monotonic_ns(clock);
	int failed = loop_run_once(b->config.loop, build_share_patience(b), err);
	if (!failed)
		build_share_waited(b, clock_monotonic_ns(clock) - start);
	return failed;
}

int build_run(struct build *b, struct err *err)
{
	int failed = 0;
	struct loop_interrupt former = loop_watch_interrupt(b->config.loop, on_interrupt, b);
	b->urgent = build_find_urgent(b);
	build_share_ask(b);
	for (uint32_t i = 0; i < b->config.plan->unit_count; i++)
		if (!b->units[i].waits_for)
			build_make_ready(b, i);
	while (!failed) {
		failed = pump(b, err);
		if (failed || !is_busy(b))
			break;
		failed = wait_for_news(b, err);
		if (!failed && b->interrupted)
			failed = err_set(err, ERR_INTERRUPTED, "interrupted; what was finished is kept, run again to go on");
		if (!failed && err_is_set(&b->fatal)) {
			err_move(err, &b->fatal);
			failed = -1;
		}
	}
	if (!failed && b->unfinished && !b->discovered_count && !b->damaged)
		BUG("%u units without an answer", b->unfinished);
	if (b->runner)
		b->stats.checker_processes = b->runner->processes(b->runner);
	if (b->runner && b->runner->counters)
		b->stats.remote = b->runner->counters(b->runner);
	loop_watch_interrupt(b->config.loop, former.interrupted, former.ctx);
	return failed;
}

/* ---- making and asking ---- */

struct build *build_new(const struct build_config *config)
{
	struct build *b = xcalloc(1, sizeof *b);
	const struct plan *p = config->plan;
	b->config = *config;
	b->units = ARENA_ARRAY(&b->arena, struct build_unit, p->unit_count + 1);
	b->interfaces = ARENA_ARRAY(&b->arena, struct interface, p->module_count + 1);
	b->digests = ARENA_ARRAY(&b->arena, struct digest, p->module_count + 1);
	b->merkle = ARENA_ARRAY(&b->arena, struct digest, p->unit_count + 1);
	b->specs = ARENA_ARRAY(&b->arena, struct unit_spec *, p->unit_count + 1);
	b->kept = ARENA_ARRAY(&b->arena, struct kept *, p->unit_count + 1);
	b->spec_arenas = ARENA_ARRAY(&b->arena, struct arena, p->unit_count + 1);
	b->counts[UNIT_WAITING] = b->unfinished = p->unit_count;
	b->stats.units = p->unit_count;
	for (uint32_t i = 0; i < p->unit_count; i++)
		b->units[i].waits_for = p->units[i].needs->count;
	digest_map_init(&b->outputs);
	build_spec_init(b);
	build_memory_init(b);
	build_share_init(b);
	return b;
}

void build_free(struct build *b)
{
	if (!b)
		return;
	if (b->runner)
		b->runner->free(b->runner);
	for (uint32_t i = 0; i < b->config.plan->unit_count; i++)
		arena_release(&b->spec_arenas[i]);
	build_share_end(b);
	digest_map_release(&b->outputs);
	reach_free(b->reach);
	err_release(&b->failure);
	err_release(&b->fatal);
	free(b->queue);
	free(b->ready.items);
	free(b->later.items);
	free(b->discovered);
	arena_release(&b->arena);
	free(b);
}

const struct build_unit *build_unit(const struct build *b, uint32_t unit)
{
	return &b->units[unit];
}

const struct digest *build_interfaces(const struct build *b)
{
	return b->digests;
}

const struct interface *build_interface(const struct build *b, uint32_t module)
{
	return &b->interfaces[module];
}

struct build_stats build_stats(const struct build *b)
{
	struct build_stats s = b->stats;
	s.conflicts = b->outputs.conflict_count;
	s.conflicts_tolerated = b->outputs.tolerated;
	return s;
}

const struct err *build_first_failure(const struct build *b)
{
	return err_is_set(&b->failure) ? &b->failure : NULL;
}

const struct digest_map *build_outputs(const struct build *b)
{
	return &b->outputs;
}

const struct plan_discovered *build_discovered(const struct build *b, uint32_t *ret_count)
{
	*ret_count = b->discovered_count;
	return b->discovered;
}

uint32_t build_damaged(const struct build *b)
{
	return b->damaged;
}

const uint32_t *build_counts(const struct build *b)
{
	return b->counts;
}
