/* The remote runner: units that run in hermetic processes here after all. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "exec/run_remote_internal.h"
#include "sys/path.h"

static void start_later(struct remote_runner *r);

/* The events go on to whoever listens to the remote runner's; after each there may be a lane. */
static void on_interface(void *ctx, uint32_t unit, const struct unit_outcome *o)
{
	const struct runner_events *e = &((struct remote_runner *)ctx)->config.events;
	e->interface(e->ctx, unit, o);
}

static void on_report(void *ctx, uint32_t unit, const struct unit_outcome *o)
{
	const struct runner_events *e = &((struct remote_runner *)ctx)->config.events;
	e->report(e->ctx, unit, o);
	start_later(ctx);
}

static void on_blocked(void *ctx, uint32_t unit, const struct unit_outcome *o)
{
	const struct runner_events *e = &((struct remote_runner *)ctx)->config.events;
	e->blocked(e->ctx, unit, o);
	start_later(ctx);
}

static void on_discovered(void *ctx, uint32_t unit, const char *module, const char *const *names)
{
	const struct runner_events *e = &((struct remote_runner *)ctx)->config.events;
	e->discovered(e->ctx, unit, module, names);
	start_later(ctx);
}

static void on_failed(void *ctx, uint32_t unit, struct err *err)
{
	const struct runner_events *e = &((struct remote_runner *)ctx)->config.events;
	e->failed(e->ctx, unit, err);
	start_later(ctx);
}

static int make_local(struct remote_runner *r, struct err *err)
{
	struct runner_config config = r->config;
	if (r->local)
		return 0;
	config.scratch = path_join(&r->arena, r->config.scratch, "local");
	config.events = (struct runner_events){ on_interface, on_report, on_blocked, on_discovered, on_failed, r };
	return runner_process_new(&config, &r->local, err);
}

static void start_waiting(struct loop *loop, void *ctx)
{
	struct remote_runner *r = ctx;
	(void)loop;
	r->local_timer = 0;
	while (r->waiting_count) {
		struct err err = ERR_INIT;
		const struct unit_spec *spec = r->waiting[0];
		if (r->local && !r->local->free_lanes(r->local))
			return; /* one of those that run will call again */
		r->waiting_count--;
		for (uint32_t i = 0; i < r->waiting_count; i++)
			r->waiting[i] = r->waiting[i + 1];
		if (make_local(r, &err) || r->local->start(r->local, &spec, 1, &err)) {
			r->config.events.failed(r->config.events.ctx, spec->unit, &err);
			err_release(&err);
		}
	}
}

/* From the loop: a process that has just told its last event still counts as running. */
static void start_later(struct remote_runner *r)
{
	if (r->waiting_count && !r->local_timer && !r->closing)
		r->local_timer = loop_add_timer(r->config.loop, 0, start_waiting, r);
}

void remote_local_add(struct remote_runner *r, const struct unit_spec *spec)
{
	VEC_GROW(r->waiting, r->waiting_count, r->waiting_cap);
	r->waiting[r->waiting_count++] = spec;
	r->counters.remote_locals++;
	start_later(r);
}

unsigned remote_local_room(const struct remote_runner *r)
{
	unsigned lanes = r->local ? r->local->free_lanes(r->local) : r->config.lanes;
	return lanes > r->waiting_count ? lanes - r->waiting_count : 0;
}

void remote_local_free(struct remote_runner *r)
{
	loop_cancel_timer(r->config.loop, r->local_timer);
	if (r->local)
		r->local->free(r->local);
	free(r->waiting);
}
