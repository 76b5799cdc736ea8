/*
 * The state machine. Every transition goes through set_state(); `ready` and `queue` are only caches of it.
 *
 *   waiting -> ready -> done                                     a hit
 *   waiting -> ready -> queued -> running -> bodies -> done      a run
 *              ready -> fetching -> queued                     a run that stands on what is not here yet
 *                       fetching -> waiting                    to be built again
 *                                 running -> blocked | failed
 *                                 running | bodies -> waiting         to be planned or built again
 *   waiting -> blocked                                           something below is blocked or failed
 */
#include "build/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "build/batch.h"
#include "build/internal.h"

/* A batch waits ahead of its turn while so much is queued a lane. */
enum { AHEAD_WEIGHT = 300000, MANY_UNITS = 4, SOME_UNITS = 200 };

static void emit(struct build *b, enum build_event_kind kind, uint32_t unit, const struct err *err)
{
	struct build_event e = { kind, unit, err };
	if (b->config.on_event)
		b->config.on_event(b->config.ctx, &e);
}

static bool is_final(enum unit_state s)
{
	return s == UNIT_DONE || s == UNIT_BLOCKED || s == UNIT_FAILED;
}

static void set_state(struct build *b, uint32_t unit, enum unit_state to)
{
	static const unsigned allowed[UNIT_FAILED + 1] = {
		[UNIT_WAITING] = 1u << UNIT_READY | 1u << UNIT_BLOCKED,
		[UNIT_READY] = 1u << UNIT_DONE | 1u << UNIT_FETCHING | 1u << UNIT_QUEUED,
		[UNIT_FETCHING] = 1u << UNIT_QUEUED | 1u << UNIT_WAITING,
		[UNIT_QUEUED] = 1u << UNIT_RUNNING,
		[UNIT_RUNNING] = 1u << UNIT_BODIES | 1u << UNIT_BLOCKED | 1u << UNIT_FAILED | 1u << UNIT_WAITING,
		[UNIT_BODIES] = 1u << UNIT_DONE | 1u << UNIT_FAILED | 1u << UNIT_WAITING,
	};
	struct build_unit *u = &b->units[unit];
	if (!(allowed[u->state] & 1u << to))
		BUG("unit %u cannot go from state %d to %d", unit, (int)u->state, (int)to);
	b->counts[u->state]--;
	u->state = to;
	b->counts[to]++;
	b->unfinished -= is_final(to);
}

/* ---- the queue: a binary heap, the longest remaining chain first; ties by number, so that order is stable ---- */

bool build_goes_before(const struct build *b, uint32_t x, uint32_t y)
{
	const struct plan_unit *units = b->config.plan->units;
	return units[x].priority != units[y].priority ? units[x].priority > units[y].priority : x < y;
}

static void queue_push(struct build *b, uint32_t unit)
{
	VEC_GROW(b->queue, b->queue_len, b->queue_cap);
	uint32_t i = b->queue_len++;
	for (; i > 0 && build_goes_before(b, unit, b->queue[(i - 1) / 2]); i = (i - 1) / 2)
		b->queue[i] = b->queue[(i - 1) / 2];
	b->queue[i] = unit;
	b->queued_weight += b->config.plan->units[unit].weight;
}

static uint32_t queue_pop(struct build *b)
{
	uint32_t top = b->queue[0], last = b->queue[--b->queue_len], i = 0;
	for (;;) {
		uint32_t child = 2 * i + 1;
		if (child >= b->queue_len)
			break;
		if (child + 1 < b->queue_len && build_goes_before(b, b->queue[child + 1], b->queue[child]))
			child++;
		if (!build_goes_before(b, b->queue[child], last))
			break;
		b->queue[i] = b->queue[child];
		i = child;
	}
	if (b->queue_len)
		b->queue[i] = last;
	b->queued_weight -= b->config.plan->units[top].weight;
	return top;
}

/* ---- what is known about a unit reaches its dependents ---- */

static void make_ready(struct build *b, uint32_t unit)
{
	struct unit_stack *to = b->urgent && !b->urgent[unit] ? &b->later : &b->ready;
	set_state(b, unit, UNIT_READY);
	VEC_GROW(to->items, to->count, to->cap);
	to->items[to->count++] = unit;
}

/* The interfaces of `unit` are known and stored. */
static void release_dependents(struct build *b, uint32_t unit, bool something_ran)
{
	const struct plan_unit *u = &b->config.plan->units[unit];
	for (uint32_t i = 0; i < u->needed_by->count; i++) {
		struct build_unit *d = &b->units[u->needed_by->to[i]];
		d->below_ran = d->below_ran || something_ran;
		d->waits_for--;
		if (!d->waits_for && d->state == UNIT_WAITING)
			make_ready(b, u->needed_by->to[i]);
	}
}

/* Everything that waits for `unit`, however far above: a chain may be as long as the plan, so there is no recursion. */
static void block_dependents(struct build *b, uint32_t unit)
{
	uint32_t *stack = NULL, len = 0, cap = 0;
	VEC_GROW(stack, len, cap);
	stack[len++] = unit;
	while (len) {
		const struct graph_edges *above = b->config.plan->units[stack[--len]].needed_by;
		for (uint32_t i = 0; i < above->count; i++) {
			uint32_t d = above->to[i];
			if (b->units[d].state != UNIT_WAITING)
				continue;
			set_state(b, d, UNIT_BLOCKED);
			b->units[d].blocked_by = unit;
			b->stats.blocked++;
			emit(b, BUILD_BLOCKED, d, NULL);
			VEC_GROW(stack, len, cap);
			stack[len++] = d;
		}
	}
	free(stack);
}

static void know_interfaces(struct build *b, uint32_t unit, const struct result *r)
{
	const struct plan *p = b->config.plan;
	const struct plan_unit *u = &p->units[unit];
	for (uint32_t i = 0; i < u->member_count; i++) {
		b->interfaces[u->members[i]] = r->members[i].interface;
		interface_digest(&r->members[i].interface, &b->digests[u->members[i]]);
	}
	key_merkle(p, unit, b->digests, &b->units[unit].closure, &b->merkle[unit]);
}

static void finish(struct build *b, uint32_t unit)
{
	struct build_unit *u = &b->units[unit];
	set_state(b, unit, UNIT_DONE);
	bool hit = u->source != FROM_RUN;
	b->stats.hit_manifest += u->source == FROM_MANIFEST;
	b->stats.hit_strict += u->source == FROM_STRICT;
	b->stats.cutoff += hit && u->below_ran;
	if (!hit) {
		b->stats.units_run++;
		b->stats.bodies_run += b->config.plan->units[unit].member_count - u->kept_reports;
	}
	emit(b, hit ? BUILD_HIT : BUILD_FINISHED, unit, NULL);
}

static void enqueue(struct build *b, uint32_t unit)
{
	set_state(b, unit, UNIT_QUEUED);
	queue_push(b, unit);
}

/* This build cannot finish the unit; the caller builds again. Its dependents wait with it. */
static void put_off(struct build *b, uint32_t unit)
{
	set_state(b, unit, UNIT_WAITING);
	b->units[unit].waits_for = UINT32_MAX;
	build_spec_drop(b, unit);
}

void build_fetched(struct build *b, uint32_t unit, bool all_here)
{
	if (all_here) {
		enqueue(b, unit);
		return;
	}
	b->damaged++;
	put_off(b, unit);
}

static void miss(struct build *b, uint32_t unit)
{
	enum share_fetch fetch = build_share_fetch(b, unit);
	if (fetch == FETCH_NOTHING) {
		enqueue(b, unit);
		return;
	}
	set_state(b, unit, UNIT_FETCHING);
	if (fetch == FETCH_LOST)
		build_fetched(b, unit, false);
}

void build_unpark(struct build *b, uint32_t unit)
{
	struct unit_stack *to = &b->ready;
	VEC_GROW(to->items, to->count, to->cap);
	to->items[to->count++] = unit;
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
			miss(b, unit);
			continue;
		}
		know_interfaces(b, unit, &b->units[unit].result);
		finish(b, unit);
		release_dependents(b, unit, b->units[unit].below_ran);
	}
	return 0;
}

/* ---- events of the runner ---- */

void build_stop(struct build *b, struct err *err)
{
	if (!err_is_set(&b->fatal))
		err_move(&b->fatal, err);
	err_release(err);
}

static struct span keep(struct build *b, struct span s)
{
	return arena_span(&b->arena, s);
}

static void keep_interface(struct build *b, struct interface *to, const struct interface *from)
{
	*to = *from;
	to->plugin_data = keep(b, from->plugin_data);
}

static void on_interface(void *ctx, uint32_t unit, const struct unit_outcome *o)
{
	struct build *b = ctx;
	struct build_unit *u = &b->units[unit];
	struct err err = ERR_INIT;
	if (u->state != UNIT_RUNNING)
		return;
	const struct plan_unit *p = &b->config.plan->units[unit];
	u->result.member_count = p->member_count;
	u->result.members = ARENA_ARRAY(&b->arena, struct member_result, p->member_count);
	for (uint32_t i = 0; i < p->member_count; i++) {
		struct digest stored;
		u->result.members[i].id = b->config.plan->modules[p->members[i]].id;
		keep_interface(b, &u->result.members[i].interface, &o->result.members[i].interface);
		if (store_put(b->config.store, o->data[i], &stored, &err)) {
			build_stop(b, &err);
			return;
		}
		if (!digest_eq(&stored, &u->result.members[i].interface.data))
			BUG("the adapter's digest of %s is not that of its bytes", u->result.members[i].id);
		build_share_made(b, p->members[i]);
	}
	if (build_load_first(b, unit, &err)) {
		build_stop(b, &err);
		return;
	}
	u->source = FROM_RUN;
	know_interfaces(b, unit, u->has_first ? &u->first : &u->result);
	set_state(b, unit, UNIT_BODIES);
	emit(b, BUILD_INTERFACE, unit, NULL);
	release_dependents(b, unit, true);
}

static void keep_diags(struct build *b, struct diag_list *to, const struct diag_list *from)
{
	to->count = from->count;
	to->items = ARENA_ARRAY(&b->arena, struct diag, from->count + 1);
	for (uint32_t i = 0; i < from->count; i++) {
		const struct diag *d = &from->items[i];
		to->items[i] = *d;
		to->items[i].path = d->path ? arena_strdup(&b->arena, d->path) : NULL;
		to->items[i].message = arena_strdup(&b->arena, d->message);
		to->items[i].code = d->code ? arena_strdup(&b->arena, d->code) : NULL;
	}
}

static void on_report(void *ctx, uint32_t unit, const struct unit_outcome *o)
{
	struct build *b = ctx;
	struct build_unit *u = &b->units[unit];
	struct err err = ERR_INIT;
	if (u->state != UNIT_BODIES)
		return;
	for (uint32_t i = 0; i < u->result.member_count; i++) {
		if (o->kept && o->kept[i])
			continue;
		struct member_result *to = &u->result.members[i];
		const struct member_result *from = &o->result.members[i];
		to->indirect_count = from->indirect_count;
		to->indirect = ARENA_ARRAY(&b->arena, const char *, from->indirect_count + 1);
		for (uint32_t k = 0; k < from->indirect_count; k++)
			to->indirect[k] = arena_strdup(&b->arena, from->indirect[k]);
		keep_diags(b, &to->diags, &from->diags);
	}
	build_keep_reports(b, unit, o);
	u->interface_us = o->interface_us;
	u->bodies_us = o->bodies_us;
	u->ended_ns = clock_monotonic_ns(loop_clock(b->config.loop));
	build_spec_drop(b, unit);
	if (!b->config.no_record && build_record(b, unit, o, &err)) {
		build_stop(b, &err);
		return;
	}
	build_share_put(b, unit);
	if (u->has_first)
		u->result = u->first;
	finish(b, unit);
}

static void on_blocked(void *ctx, uint32_t unit, const struct unit_outcome *o)
{
	struct build *b = ctx;
	struct build_unit *u = &b->units[unit];
	if (u->state != UNIT_RUNNING)
		return;
	keep_diags(b, &u->blockers, &o->blockers);
	u->blocked_in_parse = o->blocked_in_parse;
	u->blocked_by = unit;
	build_spec_drop(b, unit);
	set_state(b, unit, UNIT_BLOCKED);
	b->stats.blocked++;
	emit(b, BUILD_BLOCKED, unit, NULL);
	block_dependents(b, unit);
}

/* An interface that was altered in the store is a miss found late: whoever made it has to run again. */
static bool is_damage(struct build *b, uint32_t unit, const struct err *why)
{
	struct err err = ERR_INIT;
	bool found = false;
	if (why->kind == ERR_CORRUPT && build_find_damage(b, unit, &found, &err))
		build_stop(b, &err);
	return found;
}

static void on_failed(void *ctx, uint32_t unit, struct err *err)
{
	struct build *b = ctx;
	struct build_unit *u = &b->units[unit];
	if (u->state != UNIT_RUNNING && u->state != UNIT_BODIES)
		return;
	if (is_damage(b, unit, err)) {
		b->damaged++;
		put_off(b, unit);
		return;
	}
	bool released = u->state == UNIT_BODIES;
	build_spec_drop(b, unit);
	set_state(b, unit, UNIT_FAILED);
	u->blocked_by = unit;
	b->stats.failed++;
	emit(b, BUILD_FAILED, unit, err);
	if (!err_is_set(&b->failure) || unit < b->failed_unit) {
		b->failed_unit = unit;
		err_move(&b->failure, err);
	}
	if (!released)
		block_dependents(b, unit);
}

static void on_discovered(void *ctx, uint32_t unit, const char *module, const char *const *names)
{
	struct build *b = ctx;
	uint32_t n = 0;
	while (names[n])
		n++;
	const char **copy = ARENA_ARRAY(&b->arena, const char *, n + 1);
	for (uint32_t i = 0; i < n; i++)
		copy[i] = arena_strdup(&b->arena, names[i]);
	VEC_GROW(b->discovered, b->discovered_count, b->discovered_cap);
	const struct plan_module *m = plan_find(b->config.plan, module);
	b->discovered[b->discovered_count++] = (struct plan_discovered){
		.module = arena_strdup(&b->arena, module),
		.names = copy,
		.source = m ? m->digest : (struct digest){ { 0 } },
	};
	if (b->units[unit].state == UNIT_RUNNING)
		put_off(b, unit);
}

/* ---- starting work ---- */

static int ensure_runner(struct build *b, struct err *err)
{
	if (b->runner)
		return 0;
	struct runner_events events = { on_interface, on_report, on_blocked, on_discovered, on_failed, b };
	return b->config.make_runner(b->config.runner_ctx, &events, &b->runner, err);
}

static int start_batch(struct build *b, struct err *err)
{
	uint64_t limit = batch_goal(b->queued_weight, b->config.lanes), weight = 0;
	const struct unit_spec *specs[MAX_BATCH];
	uint32_t n = 0, most = b->runner->takes_batches ? MAX_BATCH : 1;
	while (b->queue_len && n < most && (n == 0 || weight < limit)) {
		uint32_t unit = queue_pop(b);
		weight += b->config.plan->units[unit].weight;
		set_state(b, unit, UNIT_RUNNING);
		b->units[unit].started_ns = clock_monotonic_ns(loop_clock(b->config.loop));
		if (build_offer_bodies(b, unit, err))
			return -1;
		specs[n++] = build_spec_make(b, unit);
		emit(b, BUILD_STARTED, unit, NULL);
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
		queue_push(b, units[i]);
	free(units);
}

static int pump(struct build *b, struct err *err)
{
	if (look_up(b, &b->ready, UINT32_MAX, err))
		return -1;
	if (!b->queue_len && look_up(b, &b->later, SOME_UNITS, err))
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
	return 0;
}

/* Queued units count: a lane is taken until its batch has ended, which may be after the last answer. */
static bool is_busy(const struct build *b)
{
	return b->counts[UNIT_QUEUED] || b->counts[UNIT_RUNNING] || b->counts[UNIT_BODIES] || b->later.count ||
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
	bool works = b->counts[UNIT_QUEUED] || b->counts[UNIT_RUNNING] || b->counts[UNIT_BODIES] || b->later.count;
	if (works || !build_share_is_awaited(b))
		return loop_run_once(b->config.loop, b->later.count ? 0 : -1, err);
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
			make_ready(b, i);
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
