/* The remote runner: units that run in hermetic processes here after all, or here as well. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "exec/run_remote_internal.h"
#include "sys/path.h"

#define RACE_LOOK_NS (100 * NS_PER_MS)

static void start_later(struct remote_runner *r);

/* ---- races ---- */

/* The run of a unit that is under way there as well. */
static struct remote_run *rival_of(const struct remote_runner *r, uint32_t unit)
{
	for (struct remote_run *run = r->runs; run; run = run->next)
		if (run->raced && !run->abandoned && run->spec->unit == unit)
			return run;
	return NULL;
}

/* What ran here was faster. */
static void beat_rival(struct remote_runner *r, uint32_t unit)
{
	struct remote_run *run = rival_of(r, unit);
	if (!run)
		return;
	run->abandoned = true;
	r->counters.remote_locals++;
	if (run->execution)
		execution_cancel(run->execution);
}

/* ---- what happens here ---- */

/* The events go on to whoever listens to the remote runner's; after each there may be a lane. */
static void on_interface(void *ctx, uint32_t unit, const struct unit_outcome *o)
{
	const struct runner_events *e = &((struct remote_runner *)ctx)->config.events;
	beat_rival(ctx, unit);
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
	beat_rival(ctx, unit);
	e->blocked(e->ctx, unit, o);
	start_later(ctx);
}

static void on_discovered(void *ctx, uint32_t unit, const char *module, const char *const *names)
{
	const struct runner_events *e = &((struct remote_runner *)ctx)->config.events;
	beat_rival(ctx, unit);
	e->discovered(e->ctx, unit, module, names);
	start_later(ctx);
}

/* With a rival, it is the rival's word that counts. */
static void on_failed(void *ctx, uint32_t unit, struct err *err)
{
	const struct runner_events *e = &((struct remote_runner *)ctx)->config.events;
	struct remote_run *rival = rival_of(ctx, unit);
	if (rival)
		rival->raced = false;
	else
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

bool remote_local_has_worker(struct remote_runner *r)
{
	struct runner_events events = { on_interface, on_report, on_blocked, on_discovered, on_failed, r };
	struct err err = ERR_INIT;
	if (r->worker || r->no_worker || !r->remote.make_worker)
		return r->worker != NULL;
	if (r->remote.make_worker(r->remote.ctx, &events, &r->worker, &err)) {
		r->no_worker = true; /* there are still the processes */
		err_release(&err);
		return false;
	}
	r->base.takes_batches = true;
	return true;
}

/* It has room for all of them, and goes through them as it has lanes. */
static bool worker_takes_waiting(struct remote_runner *r)
{
	struct err err = ERR_INIT;
	if (!r->worker || !r->waiting_count)
		return false;
	if (r->worker->start(r->worker, r->waiting, r->waiting_count, &err)) {
		err_release(&err);
		return false;
	}
	r->waiting_count = 0;
	return true;
}

static void start_waiting(struct loop *loop, void *ctx)
{
	struct remote_runner *r = ctx;
	(void)loop;
	r->local_timer = 0;
	if (worker_takes_waiting(r))
		return;
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

/* The one that has been executing for longest, if it is long enough. */
static struct remote_run *slowest(const struct remote_runner *r)
{
	struct remote_run *found = NULL;
	int64_t limit = clock_monotonic_ns(loop_clock(r->config.loop)) - r->remote.race_after_ns;
	for (struct remote_run *run = r->runs; run; run = run->next)
		if (run->execution && !run->raced && !run->abandoned && run->executing_ns <= limit &&
		    (!found || run->executing_ns < found->executing_ns))
			found = run;
	return found;
}

static void start_races(struct loop *loop, void *ctx)
{
	struct remote_runner *r = ctx;
	struct remote_run *run;
	struct err err = ERR_INIT;
	(void)loop;
	r->race_timer = 0;
	while (remote_local_room(r) && (run = slowest(r))) {
		const struct unit_spec *spec = run->spec;
		run->raced = true;
		if (make_local(r, &err) || r->local->start(r->local, &spec, 1, &err)) {
			run->raced = false; /* then it is waited for */
			err_release(&err);
			return;
		}
	}
	if (r->active)
		remote_local_watch(r);
}

void remote_local_watch(struct remote_runner *r)
{
	if (r->remote.race_after_ns && !r->race_timer && !r->closing)
		r->race_timer = loop_add_timer(r->config.loop, RACE_LOOK_NS, start_races, r);
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
	if (r->worker)
		return r->worker->free_lanes(r->worker);
	unsigned lanes = r->local ? r->local->free_lanes(r->local) : r->config.lanes;
	return lanes > r->waiting_count ? lanes - r->waiting_count : 0;
}

void remote_local_free(struct remote_runner *r)
{
	loop_cancel_timer(r->config.loop, r->local_timer);
	loop_cancel_timer(r->config.loop, r->race_timer);
	if (r->local)
		r->local->free(r->local);
	if (r->worker)
		r->worker->free(r->worker);
	free(r->waiting);
}
