/* The process runner: each unit becomes an action of one plain hermetic checker process, and its outputs a result. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "exec/deliver.h"
#include "exec/process.h"
#include "exec/runner.h"

struct run {
	struct unit_run *runner;
	struct run *next;
	const struct unit_spec *spec; /* valid until the unit's last event */
	uint32_t unit;
	struct arena arena;
	struct action action;
};

struct unit_run {
	struct runner base;
	struct runner_config config;
	struct process_runner *processes;
	struct run *runs;
};

static void forget(struct run *run)
{
	struct run **at = &run->runner->runs;
	while (*at != run)
		at = &(*at)->next;
	*at = run->next;
	arena_release(&run->arena);
	free(run);
}

static void fail(struct run *run, struct err *err)
{
	const struct runner_events *e = &run->runner->config.events;
	const char *kept = process_runner_kept(run->runner->processes);
	err_wrap(err, "checking %s%s in a hermetic process", run->spec->members[0].id,
	         run->spec->member_count > 1 ? " and the modules of its import cycle" : "");
	if (kept)
		err_wrap(err, "running it in %s, which is kept", kept);
	e->failed(e->ctx, run->unit, err);
	err_release(err);
}

static void on_done(void *ctx, const struct action_outcome *outcome, struct err *err)
{
	struct run *run = ctx;
	const struct checker_setup *setup = run->runner->config.setup;
	struct unit_outcome o = { 0 };
	struct err own = ERR_INIT;
	if (!outcome)
		err_move(&own, err);
	else if (!setup->checker->action_interpret(setup, run->spec, outcome, &run->arena, &o, &own))
		outcome_deliver(&run->runner->config.events, run->spec, &o, &run->arena);
	if (err_is_set(&own))
		fail(run, &own);
	forget(run);
}

static int start(struct runner *base, const struct unit_spec *const *units, uint32_t count, struct err *err)
{
	struct unit_run *r = (struct unit_run *)base;
	if (count != 1)
		BUG("the process runner was given %u units at once", count);
	struct run *run = xcalloc(1, sizeof *run);
	run->runner = r;
	run->next = r->runs;
	run->spec = units[0];
	run->unit = units[0]->unit;
	r->runs = run;
	r->config.setup->checker->action_make(r->config.setup, units[0], &run->arena, &run->action);
	run->action.timeout_seconds = r->config.timeout_seconds;
	if (process_runner_start(r->processes, &run->action, &run->arena, on_done, run, err)) {
		err_wrap(err, "checking %s in a hermetic process", units[0]->members[0].id);
		forget(run);
		if (err->kind != ERR_CORRUPT)
			return -1;
		/* Not the end of the build: a dependency's interface was altered in the store, and can be made again. */
		r->config.events.failed(r->config.events.ctx, units[0]->unit, err);
		err_release(err);
	}
	return 0;
}

static void drop(struct runner *base, uint32_t unit)
{
	struct unit_run *r = (struct unit_run *)base;
	for (struct run *run = r->runs; run; run = run->next)
		if (run->unit == unit) {
			process_runner_cancel(r->processes, run);
			forget(run);
			return;
		}
}

static unsigned free_lanes(const struct runner *base)
{
	const struct unit_run *r = (const struct unit_run *)base;
	unsigned running = process_runner_running(r->processes);
	return running < r->config.lanes ? r->config.lanes - running : 0;
}

static uint64_t processes(const struct runner *base)
{
	return process_runner_started(((const struct unit_run *)base)->processes);
}

static void runner_free(struct runner *base)
{
	struct unit_run *r = (struct unit_run *)base;
	process_runner_free(r->processes);
	while (r->runs)
		forget(r->runs);
	free(r);
}

int runner_process_new(const struct runner_config *config, struct runner **ret, struct err *err)
{
	struct unit_run *r = xcalloc(1, sizeof *r);
	r->base = (struct runner){ .name = "process", .start = start, .free_lanes = free_lanes,
		                   .processes = processes, .drop = drop, .free = runner_free };
	r->config = *config;
	if (process_runner_new(config->loop, config->store, config->scratch, &r->processes, err)) {
		free(r);
		return -1;
	}
	process_runner_keep_failed(r->processes, config->keep_failed);
	*ret = &r->base;
	return 0;
}
