/* What the files of the worker runner share; nothing else includes it. */
#ifndef SEPAL_EXEC_RUN_WORKER_INTERNAL_H
#define SEPAL_EXEC_RUN_WORKER_INTERNAL_H

#include "exec/runner.h"

struct flight {
	const struct unit_spec *spec; /* valid until the unit's last event: the build owns it */
	uint32_t unit;
	const char *title; /* its first member */
	struct batch *batch;
	struct unit_outcome outcome;
	struct arena arena;
	bool has_interface; /* the worker has told it */
	bool told; /* had its `interface` event, perhaps in an earlier batch */
	bool done; /* had its last event, or is tried again */
};

/* A unit that is run once more: alone, or in a batch like the one it was in. */
struct again {
	const struct unit_spec *spec;
	bool told;
};

struct again_list {
	struct again *items;
	uint32_t count, cap;
};

struct batch {
	uint32_t number;
	struct flight *flights;
	uint32_t count;
	uint32_t timer;
	char *pack; /* the file with its artifacts, once it has any */
	struct worker_runner *runner;
	struct batch *next;
};

struct worker_runner {
	struct runner base;
	struct runner_config config;
	struct worker *worker;
	struct batch *batches;
	struct again_list suspects;  /* to be run in a hermetic process each */
	struct again_list innocents; /* to be run in one batch, before anything new */
	struct runner *alone;        /* for suspects; NULL until there is one */
	uint32_t alone_timer;
	uint32_t next_batch, running;
	uint32_t generation; /* of the worker; 1 if it is not kept */
	uint64_t started;
	bool *options_sent; /* per option set */
	uint32_t options_cap;
	struct err gone; /* why the worker is no more */
};

/* run_worker_requests.c: what the worker is told. */

/* The `run` frame of a batch, after everything that its units need was announced. */
void worker_runner_send_batch(struct worker_runner *r, const struct batch *b);

void worker_runner_expect(struct runner *r, const struct member_spec *members, uint32_t count);

/* run_worker_artifacts.c: artifacts behind an answer become part of the flight's outcome. */
int worker_runner_take_interfaces(struct worker_runner *r, struct flight *f, const struct js *frame,
                                  struct err *err) MUST_CHECK;
int worker_runner_take_reports(struct worker_runner *r, struct flight *f, const struct js *frame,
                               struct err *err) MUST_CHECK;

/* run_worker_alone.c: units on which a process of the worker ended are tried once more, each in a hermetic process. */

void worker_runner_suspect(struct worker_runner *r, const struct unit_spec *spec);
void worker_runner_free_alone(struct worker_runner *r);

#endif
