/* The clock of a simulation: what each worker does until when, and what becomes ready by it. */
#include "build/simulate.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "build/batch.h"

/*
 * What a worker does; it is in one stage until lane->until. IDLE and WAITING have no end of their own.
 *
 *   idle -> taking -> (interface -> sending)* -> (bodies | member* -> waiting)* -> idle
 *   idle -> member* -> idle                       helps with the bodies of a large cycle
 */
enum stage { IDLE, TAKING, INTERFACE, SENDING, BODIES, MEMBER, WAITING };

struct lane {
	enum stage stage;
	uint64_t until;
	uint32_t *batch, count, at; /* the units it has taken, and which of them it is at */
	uint32_t cycle;             /* MEMBER: whose */
	unsigned char *has;         /* remote: a bit per unit whose interfaces lie here; NULL: none */
};

/* The bodies of a large cycle while workers share them. */
struct shared {
	uint64_t *us;     /* per member */
	uint32_t owner;   /* the worker that has the unit in its batch */
	uint32_t next;    /* member that nobody has taken */
	uint32_t working; /* workers at it */
};

struct run {
	struct arena arena;
	const struct plan *plan;
	const struct simulated_unit *units;
	const struct simulation *simulation;
	struct simulated *answer;
	uint64_t now;
	uint32_t *waits_for;   /* per unit: dependencies without interfaces */
	struct heap {
		uint32_t *items, count;
		bool (*before)(const struct run *r, uint32_t x, uint32_t y);
	} queue, events;       /* units that are ready; workers that have an end to come to */
	uint64_t queued_weight;
	uint32_t *taken, taken_count; /* units in the order in which they were taken: batches are parts of it */
	struct lane *lanes;
	uint32_t idle, first_idle; /* how many; none has a lower number */
	struct shared *shared;     /* per unit */
	uint32_t *open, open_count; /* units with members that nobody has taken, in the order of their opening */
	uint32_t *stack;           /* room for fetch() */
};

/* ---- heaps ---- */

static bool is_more_urgent(const struct run *r, uint32_t x, uint32_t y)
{
	const struct plan_unit *units = r->plan->units;
	return units[x].priority != units[y].priority ? units[x].priority > units[y].priority : x < y;
}

static bool ends_earlier(const struct run *r, uint32_t x, uint32_t y)
{
	return r->lanes[x].until != r->lanes[y].until ? r->lanes[x].until < r->lanes[y].until : x < y;
}

static void heap_push(const struct run *r, struct heap *h, uint32_t item)
{
	uint32_t i = h->count++;
	for (; i > 0 && h->before(r, item, h->items[(i - 1) / 2]); i = (i - 1) / 2)
		h->items[i] = h->items[(i - 1) / 2];
	h->items[i] = item;
}

static uint32_t heap_pop(const struct run *r, struct heap *h)
{
	uint32_t top = h->items[0], last = h->items[--h->count], i = 0;
	for (uint32_t child; (child = 2 * i + 1) < h->count; i = child) {
		if (child + 1 < h->count && h->before(r, h->items[child + 1], h->items[child]))
			child++;
		if (!h->before(r, h->items[child], last))
			break;
		h->items[i] = h->items[child];
	}
	h->items[i] = last;
	return top;
}

/* ---- stages ---- */

static void begin(struct run *r, uint32_t lane, enum stage stage, uint64_t us)
{
	r->lanes[lane].stage = stage;
	r->lanes[lane].until = r->now + us;
	heap_push(r, &r->events, lane);
}

static void become_idle(struct run *r, uint32_t lane)
{
	r->lanes[lane].stage = IDLE;
	r->idle++;
	if (lane < r->first_idle)
		r->first_idle = lane;
}

static uint32_t take_idle(struct run *r)
{
	while (r->lanes[r->first_idle].stage != IDLE)
		r->first_idle++;
	r->idle--;
	return r->first_idle++;
}

static void put_into_queue(struct run *r, uint32_t unit)
{
	heap_push(r, &r->queue, unit);
	r->queued_weight += r->plan->units[unit].weight;
}

static void release_dependents(struct run *r, uint32_t unit)
{
	const struct graph_edges *above = r->plan->units[unit].needed_by;
	for (uint32_t i = 0; i < above->count; i++)
		if (--r->waits_for[above->to[i]] == 0)
			put_into_queue(r, above->to[i]);
}

/* The next member of an open cycle. */
static void take_member(struct run *r, uint32_t lane, uint32_t unit)
{
	struct shared *c = &r->shared[unit];
	r->lanes[lane].cycle = unit;
	begin(r, lane, MEMBER, c->us[c->next++]);
	if (c->next < r->plan->units[unit].member_count)
		return;
	uint32_t at = 0;
	while (r->open[at] != unit)
		at++;
	for (r->open_count--; at < r->open_count; at++)
		r->open[at] = r->open[at + 1];
}

static void join(struct run *r, uint32_t lane, uint32_t unit)
{
	r->shared[unit].working++;
	take_member(r, lane, unit);
}

/* The bodies of the unit that the worker is at; idle after the last. */
static void go_on_with_bodies(struct run *r, uint32_t lane)
{
	struct lane *l = &r->lanes[lane];
	if (l->at == l->count) {
		become_idle(r, lane);
		return;
	}
	uint32_t unit = l->batch[l->at];
	if (simulated_sharers(r->plan, unit, r->simulation) < 2) {
		begin(r, lane, BODIES, r->units[unit].bodies_us);
		return;
	}
	r->shared[unit] = (struct shared){ simulated_members(r->plan, r->units, unit, &r->arena), lane, 0, 0 };
	r->open[r->open_count++] = unit;
	join(r, lane, unit);
}

static void end_member(struct run *r, uint32_t lane)
{
	uint32_t unit = r->lanes[lane].cycle;
	struct shared *c = &r->shared[unit];
	if (c->next < r->plan->units[unit].member_count) {
		take_member(r, lane, unit);
		return;
	}
	c->working--;
	if (lane != c->owner)
		become_idle(r, lane);
	else
		r->lanes[lane].stage = WAITING;
	if (c->working)
		return;
	r->lanes[c->owner].at++;
	go_on_with_bodies(r, c->owner);
}

/* The worker has come to the end of its stage. */
static void advance(struct run *r, uint32_t lane)
{
	struct lane *l = &r->lanes[lane];
	switch (l->stage) {
	case TAKING:
		begin(r, lane, INTERFACE, r->units[l->batch[0]].interface_us);
		return;
	case INTERFACE:
		begin(r, lane, SENDING, simulated_transfer(r->simulation, r->units[l->batch[l->at]].interface_bytes));
		return;
	case SENDING:
		release_dependents(r, l->batch[l->at]);
		l->at = (l->at + 1) % l->count;
		if (l->at)
			begin(r, lane, INTERFACE, r->units[l->batch[l->at]].interface_us);
		else
			go_on_with_bodies(r, lane);
		return;
	case BODIES:
		l->at++;
		go_on_with_bodies(r, lane);
		return;
	case MEMBER:
		end_member(r, lane);
		return;
	case IDLE:
	case WAITING:
		break;
	}
	BUG("worker %u of a simulation ends stage %d", lane, (int)l->stage);
}

/* ---- handing out ---- */

static bool mark(unsigned char *bits, uint32_t at)
{
	unsigned char bit = (unsigned char)(1u << at % 8);
	bool fresh = !(bits[at / 8] & bit);
	bits[at / 8] |= bit;
	return fresh;
}

/* The bytes that the worker lacks for the unit. Who has the interfaces of a unit has all that it stands on. */
static uint64_t fetch(struct run *r, struct lane *l, uint32_t unit)
{
	uint64_t bytes = r->units[unit].source_bytes;
	uint32_t depth = 0;
	r->stack[depth++] = unit;
	mark(l->has, unit); /* it will be made here */
	while (depth) {
		const struct graph_edges *needs = r->plan->units[r->stack[--depth]].needs;
		for (uint32_t i = 0; i < needs->count; i++) {
			if (!mark(l->has, needs->to[i]))
				continue;
			bytes += r->units[needs->to[i]].interface_bytes;
			r->stack[depth++] = needs->to[i];
		}
	}
	return bytes;
}

static void start_batch(struct run *r)
{
	uint64_t goal = batch_goal(r->queued_weight, r->simulation->workers), weight = 0, bytes = 0;
	uint32_t lane = take_idle(r);
	struct lane *l = &r->lanes[lane];
	l->batch = r->taken + r->taken_count;
	l->at = l->count = 0;
	if (!l->has && r->simulation->remote)
		l->has = xcalloc(r->plan->unit_count / 8 + 1, 1);
	while (r->queue.count && l->count < MAX_BATCH && (!l->count || weight < goal)) {
		uint32_t unit = heap_pop(r, &r->queue);
		l->batch[l->count++] = unit;
		weight += r->plan->units[unit].weight;
		r->answer->checking_us += r->units[unit].interface_us + r->units[unit].bodies_us;
		if (!r->simulation->remote)
			continue;
		bytes += fetch(r, l, unit);
		r->answer->sent += r->units[unit].interface_bytes;
	}
	r->taken_count += l->count;
	r->queued_weight -= weight;
	r->answer->fetched += bytes;
	r->answer->batches++;
	begin(r, lane, TAKING, r->simulation->latency_us + simulated_transfer(r->simulation, bytes));
}

/* Idle workers take batches; those that are left over help with large cycles, the first that was opened first. */
static void hand_out(struct run *r)
{
	while (r->idle && r->queue.count)
		start_batch(r);
	for (uint32_t i = 0; r->idle && i < r->open_count;) {
		uint32_t unit = r->open[i];
		if (r->shared[unit].working < simulated_sharers(r->plan, unit, r->simulation))
			join(r, take_idle(r), unit); /* may close it: another one is at its place then */
		else
			i++;
	}
}

void simulate(const struct plan *p, const struct simulated_unit *units, const struct simulation *s,
              struct simulated *ret)
{
	struct run r = { .plan = p, .units = units, .simulation = s, .answer = ret, .idle = s->workers };
	*ret = (struct simulated){ 0 };
	r.waits_for = ARENA_ARRAY(&r.arena, uint32_t, p->unit_count + 1);
	r.queue = (struct heap){ ARENA_ARRAY(&r.arena, uint32_t, p->unit_count + 1), 0, is_more_urgent };
	r.events = (struct heap){ ARENA_ARRAY(&r.arena, uint32_t, s->workers), 0, ends_earlier };
	r.taken = ARENA_ARRAY(&r.arena, uint32_t, p->unit_count + 1);
	r.lanes = ARENA_ARRAY(&r.arena, struct lane, s->workers);
	r.shared = ARENA_ARRAY(&r.arena, struct shared, p->unit_count + 1);
	r.open = ARENA_ARRAY(&r.arena, uint32_t, p->unit_count + 1);
	r.stack = ARENA_ARRAY(&r.arena, uint32_t, p->unit_count + 1);
	for (uint32_t u = 0; u < p->unit_count; u++) {
		r.waits_for[u] = p->units[u].needs->count;
		if (!r.waits_for[u])
			put_into_queue(&r, u);
	}
	hand_out(&r);
	while (r.events.count) {
		r.now = r.lanes[r.events.items[0]].until;
		while (r.events.count && r.lanes[r.events.items[0]].until == r.now)
			advance(&r, heap_pop(&r, &r.events));
		hand_out(&r);
	}
	if (r.taken_count != p->unit_count)
		BUG("a simulation ended with %u units of %u", r.taken_count, p->unit_count);
	ret->makespan_us = r.now;
	for (uint32_t i = 0; i < s->workers; i++)
		free(r.lanes[i].has);
	arena_release(&r.arena);
}
