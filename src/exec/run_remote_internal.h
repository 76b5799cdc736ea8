/* What the files of the remote runner share; nothing else includes it. */
#ifndef SEPAL_EXEC_RUN_REMOTE_INTERNAL_H
#define SEPAL_EXEC_RUN_REMOTE_INTERNAL_H

#include "base/map.h"
#include "exec/run_remote.h"
#include "remote/cache.h"
#include "remote/executor.h"

/* Where the bytes of an input lie that is a file. */
struct remote_source {
	struct remote_blob blob; /* the key in `sources` */
	const char *path;
};

struct remote_runner {
	struct runner base;
	struct runner_config config;
	struct runner_remote_config remote;
	struct executor *executor;
	struct remote_cache *cache;
	struct remote_shape shape;
	struct arena arena;
	/* Inputs that all actions have: the checker's files and directories, and the program that runs it there. */
	struct remote_need *common;
	uint32_t common_count;
	bool common_is_there;
	struct map sources; /* blob -> index in source_list */
	struct remote_source *source_list;
	size_t source_cap;
	struct remote_run *runs;
	unsigned active; /* runs that the executor is busy with */
	struct runner_counters counters;
	struct err problem; /* why the executor was given up */
	struct err unfit;   /* why its machines cannot run the checker */
	struct err unread;  /* which input could not be read, for the unit that needed it */
	bool closing;
	/* Units that run here after all. */
	struct runner *local;  /* hermetic processes */
	struct runner *worker; /* when the executor is gone */
	bool no_worker;        /* it cannot be had */
	const struct unit_spec **waiting;
	uint32_t waiting_count, waiting_cap, local_timer, race_timer;
};

enum run_from { RUN_FROM_CACHE, RUN_FROM_EXECUTION };

struct remote_run {
	struct remote_runner *runner;
	struct remote_run *prev, *next;
	const struct unit_spec *spec; /* valid until the unit's last event */
	struct arena arena;
	struct action action;
	struct remote_action remote;
	struct execution *execution; /* under way */
	int64_t executing_ns;        /* since then */
	unsigned failures;           /* of single calls, that were waited out */
	uint32_t timer;
	void (*again)(struct remote_run *run);
	bool raced;         /* the unit runs here too */
	bool abandoned;     /* and was faster here: nothing of it counts any more, and `spec` is gone */
	bool skip_cache;    /* what the cache has does not help */
	bool uploaded_anew; /* the server said that it lacks something */
	/* What came back. */
	enum run_from from;
	bool counted_hit;
	struct reapi_result result; /* files and their contents are in the arena */
	struct remote_blob *wanted;
	struct span *into;          /* per wanted blob */
	uint32_t *file_of;
	uint32_t wanted_count, left;
	enum remote_answer fetched;
};

/* ---- run_remote.c: the steps of a unit ---- */
void remote_run_upload(struct remote_run *run);
/* The unit's outcome is known, or an error that the executor is not to blame for. Both end the run. */
void remote_run_deliver(struct remote_run *run, const struct unit_outcome *o);
void remote_run_fail(struct remote_run *run, struct err *err);
/* It did not work there: here, or not at all. Takes the error over. Ends the run. */
void remote_run_elsewhere(struct remote_run *run, struct err *err);
/* Has it lost a race? Then it is over. To be asked first in every callback. */
bool remote_run_is_over(struct remote_run *run);
/* A call failed, though the server is not given up: true if it is tried `again` after a pause. */
bool remote_run_waits(struct remote_run *run, void (*again)(struct remote_run *run));
/* The executor is gone. Ends the run. */
void remote_run_lost(struct remote_run *run);

/* ---- run_remote_inputs.c ---- */
/* `common`, `shape` and the sources of the checker's files. */
int remote_inputs_prepare(struct remote_runner *r, struct err *err) MUST_CHECK;
/* The unit's action, with the sizes of its files. */
int remote_inputs_make(struct remote_run *run, struct err *err) MUST_CHECK;
/* For remote_cache_config.read_blob; ctx is the runner. */
bool remote_inputs_read(void *ctx, const struct remote_blob *blob, struct buf *out);
void remote_inputs_put(struct remote_run *run, void (*done)(void *ctx, enum remote_answer answer));
void remote_inputs_release(struct remote_runner *r);

/* ---- run_remote_outputs.c ---- */
/* Takes what is needed of `result` over, fetches the outputs, and goes on with the run. */
void remote_outputs_fetch(struct remote_run *run, enum run_from from, const struct reapi_result *result);

/* ---- run_remote_local.c ---- */
/* From the loop, the unit runs in a hermetic process. */
void remote_local_add(struct remote_runner *r, const struct unit_spec *spec);
/* Not from the loop: is there a worker now? */
bool remote_local_has_worker(struct remote_runner *r);
/* Looks after races from now on. */
void remote_local_watch(struct remote_runner *r);
/* How many more may be started there. */
unsigned remote_local_room(const struct remote_runner *r);
void remote_local_free(struct remote_runner *r);

#endif
