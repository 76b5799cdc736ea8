/*
 * Units on which a process of the worker crashed, died or hung: each is run once more, in a hermetic process of its
 * own, and what that says counts. If it fails as well, its sentence is the unit's. A checker without a hermetic form
 * has no second try.
 */
#include "base/arena.h"
#include "base/xalloc.h"
#include "exec/run_worker_internal.h"
#include "sys/fs.h"
#include "sys/path.h"

#include <stdlib.h>

static void start_later(struct worker_runner *r);

/* The events of the hermetic processes go on to whoever listens to the worker's; after each there may be a lane. */
static void on_interface(void *ctx, uint32_t unit, const struct unit_outcome *o)
{
	const struct runner_events *e = &((struct worker_runner *)ctx)->config.events;
	e->interface(e->ctx, unit, o);
}

static void on_report(void *ctx, uint32_t unit, const struct unit_outcome *o)
{
	const struct runner_events *e = &((struct worker_runner *)ctx)->config.events;
	e->report(e->ctx, unit, o);
	start_later(ctx);
}

static void on_blocked(void *ctx, uint32_t unit, const struct unit_outcome *o)
{
	const struct runner_events *e = &((struct worker_runner *)ctx)->config.events;
	e->blocked(e->ctx, unit, o);
	start_later(ctx);
}

static void on_discovered(void *ctx, uint32_t unit, const char *module, const char *const *names)
{
	const struct runner_events *e = &((struct worker_runner *)ctx)->config.events;
	e->discovered(e->ctx, unit, module, names);
	start_later(ctx);
}

static void on_failed(void *ctx, uint32_t unit, struct err *err)
{
	const struct runner_events *e = &((struct worker_runner *)ctx)->config.events;
	e->failed(e->ctx, unit, err);
	start_later(ctx);
}

static int make_alone(struct worker_runner *r, struct err *err)
{
	struct arena scratch = ARENA_INIT;
	struct runner_config config = r->config;
	if (r->alone)
		return 0;
	config.scratch = path_join(&scratch, r->config.scratch, "alone");
	config.kept = NULL;
	config.events = (struct runner_events){ on_interface, on_report, on_blocked, on_discovered, on_failed, r };
	int failed = fs_mkdirs(config.scratch, err) || runner_process_new(&config, &r->alone, err) ? -1 : 0;
	arena_release(&scratch);
	return failed;
}

static void fail(struct worker_runner *r, const struct unit_spec *spec, struct err *err)
{
	const struct runner_events *e = &r->config.events;
	e->failed(e->ctx, spec->unit, err);
	err_release(err);
}

static void start_suspects(struct loop *loop, void *ctx)
{
	struct worker_runner *r = ctx;
	struct again_list *list = &r->suspects;
	(void)loop;
	r->alone_timer = 0;
	while (list->count) {
		struct err err = ERR_INIT;
		const struct unit_spec *spec = list->items[list->count - 1].spec;
		if (r->alone && !r->alone->free_lanes(r->alone))
			return; /* one of those that run will call again */
		list->count--;
		if (make_alone(r, &err) || r->alone->start(r->alone, &spec, 1, &err))
			fail(r, spec, &err);
	}
}

/* From the loop: a process that has just told its last event still counts as running. */
static void start_later(struct worker_runner *r)
{
	if (r->suspects.count && !r->alone_timer)
		r->alone_timer = loop_add_timer(r->config.loop, 0, start_suspects, r);
}

void worker_runner_suspect(struct worker_runner *r, const struct unit_spec *spec)
{
	VEC_GROW(r->suspects.items, r->suspects.count, r->suspects.cap);
	r->suspects.items[r->suspects.count++] = (struct again){ .spec = spec };
	start_later(r);
}

void worker_runner_free_alone(struct worker_runner *r)
{
	if (r->alone_timer)
		loop_cancel_timer(r->config.loop, r->alone_timer);
	if (r->alone)
		r->alone->free(r->alone);
	free(r->suspects.items);
}
