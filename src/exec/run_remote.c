/* The remote runner: the steps of a unit, one after the other, and the executor that they all share. */
#include "exec/run_remote.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "exec/deliver.h"
#include "exec/run_remote_internal.h"

#define PATIENCE_NS (30 * NS_PER_S) /* of silence of its store: nothing can be done without it */

#define PAUSE_NS NS_PER_S

enum { FAILURES = 5, GRACE_SECONDS = 60 }; /* for queueing and staging, before silence means that nothing comes */

/* ---- the end of a run ---- */

static void forget(struct remote_run *run)
{
	struct remote_runner *r = run->runner;
	if (run->prev)
		run->prev->next = run->next;
	else
		r->runs = run->next;
	if (run->next)
		run->next->prev = run->prev;
	r->active--;
	loop_cancel_timer(r->config.loop, run->timer);
	arena_release(&run->arena);
	free(run);
}

static void end_race(struct remote_run *run)
{
	struct remote_runner *r = run->runner;
	if (run->raced)
		r->local->drop(r->local, run->spec->unit);
	run->raced = false;
}

bool remote_run_is_over(struct remote_run *run)
{
	if (run->abandoned && !run->runner->closing)
		forget(run);
	else if (!run->runner->closing)
		return false;
	return true;
}

void remote_run_deliver(struct remote_run *run, const struct unit_outcome *o)
{
	struct remote_runner *r = run->runner;
	end_race(run);
	if (run->from == RUN_FROM_CACHE)
		r->counters.remote_hits++;
	else
		r->counters.remote_runs++;
	outcome_deliver(&r->config.events, run->spec, o, &run->arena);
	forget(run);
}

void remote_run_fail(struct remote_run *run, struct err *err)
{
	const struct runner_events *e = &run->runner->config.events;
	end_race(run);
	err_wrap(err, "checking %s%s by remote execution", run->spec->members[0].id,
		 run->spec->member_count > 1 ? " and the modules of its import cycle" : "");
	e->failed(e->ctx, run->spec->unit, err);
	err_release(err);
	forget(run);
}

void remote_run_elsewhere(struct remote_run *run, struct err *err)
{
	if (!run->runner->remote.fall_back && !run->raced) {
		remote_run_fail(run, err);
		return;
	}
	err_release(err);
	if (!run->raced)
		remote_local_add(run->runner, run->spec);
	forget(run);
}

static void pause_is_over(struct loop *loop, void *ctx)
{
	struct remote_run *run = ctx;
	(void)loop;
	run->timer = 0;
	if (!remote_run_is_over(run))
		run->again(run);
}

bool remote_run_waits(struct remote_run *run, void (*again)(struct remote_run *run))
{
	struct remote_runner *r = run->runner;
	if (executor_is_gone(r->executor) || remote_cache_is_given_up(r->cache) || run->failures++ >= FAILURES)
		return false;
	executor_open_fewer(r->executor); /* it may be our own streams that it has no room beside */
	run->again = again;
	run->timer = loop_add_timer(r->config.loop, PAUSE_NS, pause_is_over, run);
	return true;
}

void remote_run_lost(struct remote_run *run)
{
	struct remote_runner *r = run->runner;
	struct err err = ERR_INIT;
	if (!executor_is_gone(r->executor) && remote_cache_is_given_up(r->cache)) { /* it is of no use without its store */
		err_set(&err, ERR_IO, "%s", err_is_set(&r->problem) ? r->problem.message : "its store is gone");
		executor_give_up(r->executor, &err);
		err_release(&err);
	}
	err_set(&err, ERR_IO, "%s", err_is_set(&r->problem) ? r->problem.message : "the executor is gone");
	remote_run_elsewhere(run, &err);
}

/* ---- executing ---- */

static void on_executed(void *ctx, const struct execution_outcome *o)
{
	struct remote_run *run = ctx;
	struct remote_runner *r = run->runner;
	struct err err = ERR_INIT;
	run->execution = NULL;
	if (remote_run_is_over(run))
		return;
	switch (o->end) {
	case EXECUTION_DONE:
		remote_outputs_fetch(run, o->cached ? RUN_FROM_CACHE : RUN_FROM_EXECUTION, o->result);
		return;
	case EXECUTION_MISSING:
		if (!run->uploaded_anew) {
			run->uploaded_anew = true;
			r->common_is_there = false;
			remote_forget_sent(r->cache);
			remote_run_upload(run);
			return;
		}
		err_set(&err, ERR_PROTOCOL, "the executor could not run the action, also after its inputs were sent anew: %s",
			o->text);
		break;
	case EXECUTION_TIMED_OUT:
		err_set(&err, ERR_CHECKER, "the executor gave no result within %u seconds; see --timeout (it said: %s)",
			r->config.timeout_seconds, *o->text ? o->text : "nothing");
		break;
	case EXECUTION_FAILED:
		err_set(&err, ERR_PROTOCOL, "the executor could not run the action: %s", o->text);
		break;
	case EXECUTION_LOST:
		remote_run_lost(run);
		return;
	}
	remote_run_elsewhere(run, &err);
}

static void on_uploaded(void *ctx, enum remote_answer answer)
{
	struct remote_run *run = ctx;
	struct remote_runner *r = run->runner;
	struct err err = ERR_INIT;
	if (remote_run_is_over(run))
		return;
	if (answer == REMOTE_FOUND) {
		r->common_is_there = true;
		run->executing_ns = clock_monotonic_ns(loop_clock(r->config.loop));
		run->execution = executor_start(r->executor, &run->remote.action, remote_priority(run->spec->weight),
						run->skip_cache, on_executed, run);
		remote_local_watch(r);
	} else if (answer == REMOTE_FAILED) {
		if (!remote_run_waits(run, remote_run_upload))
			remote_run_lost(run);
	} else if (err_is_set(&r->unread)) {
		err_move(&err, &r->unread);
		remote_run_fail(run, &err); /* nobody else could read it either */
	} else {
		err_set(&err, ERR_PROTOCOL, "an input of the action is larger than the executor takes");
		remote_run_elsewhere(run, &err);
	}
}

void remote_run_upload(struct remote_run *run)
{
	remote_inputs_put(run, on_uploaded);
}

static void look_up(struct remote_run *run);

static void on_looked_up(void *ctx, enum remote_answer answer, const struct reapi_result *result)
{
	struct remote_run *run = ctx;
	if (remote_run_is_over(run))
		return;
	if (answer == REMOTE_FAILED) {
		if (!remote_run_waits(run, look_up))
			remote_run_lost(run);
	} else if (answer == REMOTE_FOUND && result->exit_code == 0) {
		remote_outputs_fetch(run, RUN_FROM_CACHE, result);
	} else {
		run->skip_cache = answer == REMOTE_FOUND; /* a failure that somebody kept */
		remote_run_upload(run);
	}
}

static void look_up(struct remote_run *run)
{
	executor_lookup(run->runner->executor, &run->remote.action, on_looked_up, run);
}

/* ---- the runner ---- */

static int start(struct runner *base, const struct unit_spec *const *units, uint32_t count, struct err *err)
{
	struct remote_runner *r = (struct remote_runner *)base;
	if (executor_is_gone(r->executor) && r->remote.fall_back && remote_local_has_worker(r)) {
		r->counters.remote_locals += count;
		return r->worker->start(r->worker, units, count, err);
	}
	struct remote_run *run = xcalloc(1, sizeof *run);
	if (count != 1)
		BUG("the remote runner was given %u units at once", count);
	*run = (struct remote_run){ .runner = r, .next = r->runs, .spec = units[0] };
	if (run->next)
		run->next->prev = run;
	r->runs = run;
	r->active++;
	struct err own = ERR_INIT;
	if (err_is_set(&r->unfit)) {
		err_set(&own, r->unfit.kind, "%s", r->unfit.message);
		remote_run_fail(run, &own);
	} else if (executor_is_gone(r->executor)) {
		remote_run_lost(run);
	} else if (remote_inputs_make(run, &own)) {
		remote_run_fail(run, &own);
	} else {
		look_up(run);
	}
	return 0;
}

static unsigned free_lanes(const struct runner *base)
{
	const struct remote_runner *r = (const struct remote_runner *)base;
	if (executor_is_gone(r->executor) && r->remote.fall_back) {
		bool may_have_worker = !r->worker && !r->no_worker && r->remote.make_worker;
		return may_have_worker ? 1 : remote_local_room(r);
	}
	return r->active < r->remote.jobs ? r->remote.jobs - r->active : 0;
}

static uint64_t processes(const struct runner *base)
{
	const struct remote_runner *r = (const struct remote_runner *)base;
	return (r->local ? r->local->processes(r->local) : 0) + (r->worker ? r->worker->processes(r->worker) : 0);
}

static struct runner_counters counters(const struct runner *base)
{
	return ((const struct remote_runner *)base)->counters;
}

static void runner_free(struct runner *base)
{
	struct remote_runner *r = (struct remote_runner *)base;
	r->closing = true;
	remote_local_free(r);
	executor_close(r->executor);
	remote_cache_close(r->cache);
	while (r->runs)
		forget(r->runs);
	remote_inputs_release(r);
	err_release(&r->problem);
	err_release(&r->unfit);
	err_release(&r->unread);
	arena_release(&r->arena);
	free(r);
}

/* ---- the executor ---- */

static void on_problem(void *ctx, const struct err *err)
{
	struct remote_runner *r = ctx;
	if (err_is_set(&r->problem))
		return;
	err_set(&r->problem, err->kind, "%s", err->message);
	if (r->remote.fall_back && r->remote.problem && r->cache)
		r->remote.problem(r->remote.ctx, err);
}

static void on_ready(void *ctx, bool usable)
{
	*(int *)ctx = usable ? 1 : -1;
}

static int open_executor(struct remote_runner *r, struct err *err)
{
	struct executor_config config = {
		.loop = r->config.loop,
		.address = r->remote.address,
		.tls = r->remote.tls,
		.credentials = r->remote.credentials,
		.timeout_ns = r->remote.timeout_ns,
		.silence_ns = r->config.timeout_seconds ? (r->config.timeout_seconds + GRACE_SECONDS) * NS_PER_S : 0,
		.streams = r->remote.jobs,
		.problem = on_problem,
		.ctx = r,
	};
	int usable = 0;
	if (executor_open(&config, &r->executor, err))
		return -1;
	executor_prepare(r->executor, on_ready, &usable);
	while (!usable)
		if (loop_run_once(r->config.loop, -1, err))
			return -1;
	if (usable < 0)
		return err_set(err, err_is_set(&r->problem) ? r->problem.kind : ERR_IO, "%s",
			       err_is_set(&r->problem) ? r->problem.message : "the executor does not answer");
	return 0;
}

static int open_cache(struct remote_runner *r, struct err *err)
{
	struct remote_cache_config config = {
		.loop = r->config.loop,
		.address = r->remote.address,
		.tls = r->remote.tls,
		.credentials = r->remote.credentials,
		.timeout_ns = r->remote.timeout_ns,
		.patience_ns = PATIENCE_NS,
		.upload = REMOTE_UPLOAD_AUTO,
		.read_blob = remote_inputs_read,
		.problem = on_problem,
		.ctx = r,
	};
	return remote_cache_open(&config, &r->cache, err);
}

int runner_remote_new(const struct runner_config *config, const struct runner_remote_config *remote,
		      struct runner **ret, struct err *err)
{
	struct remote_runner *r = xcalloc(1, sizeof *r);
	r->base = (struct runner){ .name = "remote", .start = start, .free_lanes = free_lanes, .processes = processes,
				   .counters = counters, .free = runner_free };
	r->config = *config;
	r->remote = *remote;
	if (open_executor(r, err) || open_cache(r, err) || remote_inputs_prepare(r, err)) {
		runner_free(&r->base);
		return -1;
	}
	*ret = &r->base;
	return 0;
}
