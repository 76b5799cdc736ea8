/*
 * A runner that only says what it was told to say, for tests of what stands above runners. Answers come from a timer of
 * the loop, all that wait at once. Give fake_runner_make and the runner to a build, and ask for its log afterwards.
 */
#ifndef SEPAL_TESTS_FAKE_RUNNER_H
#define SEPAL_TESTS_FAKE_RUNNER_H

#include "check.h"

#include <signal.h>

#include "base/arena.h"
#include "build/build.h"

enum fate { CHECKED = 0, BLOCKED, FAILED, FAILED_IN_BODIES, DAMAGED, DISCOVERS, INTERRUPTS };

struct behaviour {
	const char *id;
	enum fate fate;
	const char *data;     /* the interface; NULL: a function of the id */
	const char *message;  /* a diagnostic */
	const char *indirect; /* one module that is used though not imported */
};

enum { FAKE_LANES = 2 };

struct fake_runner {
	struct runner base; /* first: the vtable's functions get it */
	struct runner_events events;
	const struct behaviour *behaviours;
	struct loop *loop; /* both set by the test */
	struct store *store;
	struct buf log; /* ids of what was started, "|" after each batch */
	const struct unit_spec *waiting[1000];
	uint32_t waiting_count, running, batches;
	uint32_t expected; /* how many members it was told of ahead of their turn */
	const char *expected_first;
	bool takes_batches, refuses_to_start, refuses_to_be_made;
	bool keeps_bodies; /* it says what interface steps said, and checks no body for which there is an offer */
	uint32_t kept;
};

static const struct behaviour *fake_behaviour_of(const struct fake_runner *f, const char *id)
{
	static const struct behaviour usual = { 0 };
	for (const struct behaviour *b = f->behaviours; b && b->id; b++)
		if (strcmp(b->id, id) == 0)
			return b;
	return &usual;
}

static void fake_make_outcome(const struct fake_runner *f, const struct unit_spec *unit, struct arena *a,
                              struct unit_outcome *o)
{
	unit_outcome_init(unit, a, o);
	for (uint32_t i = 0; i < unit->member_count; i++) {
		const struct behaviour *b = fake_behaviour_of(f, unit->members[i].id);
		struct member_result *r = &o->result.members[i];
		o->data[i] = span_of(b->data ? b->data : arena_printf(a, "interface of %s", unit->members[i].id));
		hash_sha256(o->data[i], &r->interface.data);
		r->interface.data_size = o->data[i].len;
		if (b->message) {
			r->diags = (struct diag_list){ ARENA_NEW(a, struct diag), 1 };
			r->diags.items[0] = (struct diag){ .line = 1, .message = b->message };
		}
		if (b->indirect) {
			r->indirect = ARENA_ARRAY(a, const char *, 1);
			r->indirect[r->indirect_count++] = b->indirect;
		}
	}
}

/* Interfaces come out as they were, and the interface step says the same each time. */
static void fake_keep(struct fake_runner *f, const struct unit_spec *unit, struct arena *a, struct unit_outcome *o)
{
	if (!f->keeps_bodies)
		return;
	o->said = ARENA_ARRAY(a, struct digest, unit->member_count);
	o->kept = ARENA_ARRAY(a, bool, unit->member_count);
	for (uint32_t i = 0; i < unit->member_count; i++) {
		hash_sha256(span_of("nothing"), &o->said[i]);
		o->kept[i] = unit->kept && unit->kept[i].offered && digest_eq(&unit->kept[i].said, &o->said[i]);
		f->kept += o->kept[i];
	}
}

static void fake_block(const struct fake_runner *f, const struct unit_spec *unit, struct arena *a)
{
	struct unit_outcome o = { .kind = OUTCOME_BLOCKED, .blockers = { ARENA_NEW(a, struct diag), 1 } };
	o.blockers.items[0] = (struct diag){ .path = unit->members[0].canonical, .line = 3, .message = "no" };
	f->events.blocked(f->events.ctx, unit->unit, &o);
}

static void fake_fail_unit(const struct fake_runner *f, const struct unit_spec *unit, enum err_kind kind)
{
	struct err err = ERR_INIT;
	err_set(&err, kind, "%s is more than it can do", unit->members[0].id);
	f->events.failed(f->events.ctx, unit->unit, &err);
	err_release(&err);
}

/* As a checker would: it loads the interfaces of all that the unit stands on. */
static bool fake_can_load(const struct fake_runner *f, const struct unit_spec *unit)
{
	for (uint32_t i = 0; i < unit->closure_count; i++)
		if (!store_has(f->store, &unit->closure[i]->interface->data))
			return false;
	return true;
}

static void fake_answer(struct fake_runner *f, const struct unit_spec *unit)
{
	static const char *const names[] = { "somewhere", NULL };
	enum fate fate = fake_behaviour_of(f, unit->members[0].id)->fate;
	struct arena a = ARENA_INIT;
	struct unit_outcome o;
	uint32_t number = unit->unit; /* the spec goes with the last event */
	if (!fake_can_load(f, unit)) {
		fake_fail_unit(f, unit, ERR_CORRUPT);
		return;
	}
	switch (fate) {
	case BLOCKED:
		fake_block(f, unit, &a);
		break;
	case FAILED:
		fake_fail_unit(f, unit, ERR_CHECKER);
		break;
	case DAMAGED: /* somebody altered what it stands on, and it noticed */
		for (uint32_t i = 0; i < unit->closure_count; i++)
			store_discard(f->store, &unit->closure[i]->interface->data);
		fake_fail_unit(f, unit, ERR_CORRUPT);
		break;
	case DISCOVERS:
		f->events.discovered(f->events.ctx, number, unit->members[0].id, names);
		break;
	case INTERRUPTS:
		raise(SIGINT);
		break;
	case CHECKED:
	case FAILED_IN_BODIES:
		fake_make_outcome(f, unit, &a, &o);
		fake_keep(f, unit, &a, &o);
		f->events.interface(f->events.ctx, number, &o);
		if (fate == FAILED_IN_BODIES)
			fake_fail_unit(f, unit, ERR_CHECKER);
		else
			f->events.report(f->events.ctx, number, &o);
	}
	arena_release(&a);
}

static void fake_answer_all(struct loop *loop, void *ctx)
{
	(void)loop;
	struct fake_runner *f = ctx;
	const struct unit_spec *now[1000];
	uint32_t count = f->waiting_count;
	memcpy(now, f->waiting, count * sizeof *now);
	f->waiting_count = f->running = 0;
	for (uint32_t i = 0; i < count; i++)
		fake_answer(f, now[i]);
}

static int fake_start(struct runner *r, const struct unit_spec *const *units, uint32_t count, struct err *err)
{
	struct fake_runner *f = (struct fake_runner *)r;
	if (f->refuses_to_start)
		return err_set(err, ERR_IO, "no process can be started");
	if (f->running++ == 0)
		loop_add_timer(f->loop, 0, fake_answer_all, f);
	f->batches++;
	for (uint32_t i = 0; i < count; i++) {
		f->waiting[f->waiting_count++] = units[i];
		buf_addf(&f->log, "%s ", units[i]->members[0].id);
	}
	buf_add_str(&f->log, "| ");
	return 0;
}

static unsigned fake_free_lanes(const struct runner *r)
{
	return FAKE_LANES - ((const struct fake_runner *)r)->running;
}

static void fake_expect(struct runner *r, const struct member_spec *members, uint32_t count)
{
	((struct fake_runner *)r)->expected += count;
	((struct fake_runner *)r)->expected_first = members[0].id;
}

static uint64_t fake_processes(const struct runner *r)
{
	return ((const struct fake_runner *)r)->batches;
}

static void fake_free_nothing(struct runner *r)
{
	(void)r;
}

static inline int fake_runner_make(void *ctx, const struct runner_events *events, struct runner **ret, struct err *err)
{
	struct fake_runner *f = ctx;
	if (f->refuses_to_be_made)
		return err_set(err, ERR_CHECKER, "there is no checker");
	f->base = (struct runner){ .name = "fake", .start = fake_start, .free_lanes = fake_free_lanes,
		                   .expect = fake_expect, .takes_batches = f->takes_batches, .processes = fake_processes,
		                   .free = fake_free_nothing };
	f->events = *events;
	*ret = &f->base;
	return 0;
}

/* What was started, in order: "a b | c | ". */
static inline const char *fake_runner_log(struct fake_runner *f)
{
	return buf_span(&f->log).data;
}

static inline void fake_runner_forget(struct fake_runner *f)
{
	buf_reset(&f->log);
	f->batches = f->running = f->waiting_count = 0;
}

#endif
