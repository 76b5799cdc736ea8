/*
 * Where units run. A runner takes units whose dependencies' interfaces are known and tells what came out: interfaces
 * first, so that dependents can go on, then the reports. All runners give the same bytes. A runner is ignorant of
 * plans, keys and stores' tables; it decodes outputs through the adapter and hands over bytes.
 *
 * For each unit that was started exactly one of these sequences is called, from the loop:
 *   interface, report          the unit was checked
 *   blocked                    a blocking error in its own source
 *   discovered                 it needs modules that the plan did not give it
 *   failed                     the checker crashed, hung or broke its contract; `err` names the unit
 * All arguments are borrowed for the call.
 */
#ifndef SEPAL_EXEC_RUNNER_H
#define SEPAL_EXEC_RUNNER_H

#include "checker/checker.h"
#include "exec/kept_worker.h"
#include "exec/worker.h"
#include "model/unit_spec.h"
#include "store/store.h"
#include "sys/loop.h"
#include "sys/trace.h"

struct runner_events {
	void (*interface)(void *ctx, uint32_t unit, const struct unit_outcome *outcome);
	void (*report)(void *ctx, uint32_t unit, const struct unit_outcome *outcome);
	void (*blocked)(void *ctx, uint32_t unit, const struct unit_outcome *outcome);
	void (*discovered)(void *ctx, uint32_t unit, const char *module, const char *const *names);
	void (*failed)(void *ctx, uint32_t unit, struct err *err);
	void *ctx;
};

struct runner_config {
	struct loop *loop;
	struct store *store;
	const char *scratch; /* an empty directory of the runner's own */
	const struct checker_setup *setup;
	unsigned lanes;      /* children at once */
	unsigned timeout_seconds; /* for one unit (process) or one batch (worker) */
	struct trace *trace; /* NULL: nobody wants to know */
	bool keep_failed; /* process: keep the staged directory of a unit that failed */
	struct runner_events events;
	struct kept_worker *kept; /* worker: where the process comes from and is left; NULL: it ends with the runner */
	struct digest identity;   /* with `kept`: all that the process was set up for */
};

/* What became of units that were given to an executor. */
struct runner_counters {
	uint32_t remote_hits;   /* the executor knew the result */
	uint32_t remote_runs;   /* it ran the action */
	uint32_t remote_locals; /* they were run here after all */
};

struct runner {
	const char *name;
	/* Units of one batch are independent of each other. A spec is the runner's until it has had its last event. */
	int (*start)(struct runner *r, const struct unit_spec *const *units, uint32_t count, struct err *err);
	/* How many batches may be started now. */
	unsigned (*free_lanes)(const struct runner *r);
	/* How many more may be started that wait for a lane, so that none is idle until we answer; NULL: none. */
	unsigned (*waiting_room)(const struct runner *r);
	/* Members of units that will surely be started, in the order of their turns: it may prepare for them while it has
	 * nothing else to do. Copied. NULL: no use. */
	void (*expect)(struct runner *r, const struct member_spec *members, uint32_t count);
	/* Is there use in giving it several units at once? */
	bool takes_batches;
	uint64_t (*processes)(const struct runner *r); /* checker processes (or forked children) started so far */
	/* The unit has no more events, and its spec is nobody's. NULL: it cannot. */
	void (*drop)(struct runner *r, uint32_t unit);
	/* NULL: it has no executor. */
	struct runner_counters (*counters)(const struct runner *r);
	void (*free)(struct runner *r);
};

/* What `begin` carries beside the setup; borrowed. */
struct worker_begin {
	const struct js *options, *plugins, *plugin_config;
};

/* Takes over `worker`, which may be NULL if `config->kept` has one that fits (kept_worker_fits). */
int runner_worker_new(const struct runner_config *config, struct worker *worker, const struct worker_begin *begin,
                      struct runner **ret, struct err *err) MUST_CHECK;
int runner_process_new(const struct runner_config *config, struct runner **ret, struct err *err) MUST_CHECK;

#endif
