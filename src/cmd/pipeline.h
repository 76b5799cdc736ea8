/*
 * What every verb that looks at a work tree does before its own work, in this order: pipeline_open (store, state
 * directory, interpreter), pipeline_describe (how the checker understands the command line; kept), pipeline_plan, and
 * for those that run units pipeline_build. Each step may be the last. pipeline_close ends whatever was begun.
 */
#ifndef SEPAL_CMD_PIPELINE_H
#define SEPAL_CMD_PIPELINE_H

#include "build/build.h"
#include "cmd/settings.h"
#include "exec/worker.h"
#include "plan/weights.h"
#include "sys/trace.h"

/* What outlives one look at the work tree: `sepal check --watch` takes many, one pipeline each. */
struct pipeline_kept {
	struct clock clock;
	struct loop *loop;
	struct store *store;
	struct kept_worker *worker;
	bool remote_told;              /* of a problem with the shared cache */
	int64_t remote_rests_until_ns; /* monotonic: until then the shared cache is not asked */
};

struct pipeline {
	const struct settings *settings;
	struct pipeline_kept *kept; /* NULL: nothing is, and loop and store are this pipeline's own */
	struct arena arena;
	struct clock clock;
	struct loop *loop;
	struct trace *trace; /* NULL unless --trace */
	struct store *store;
	int64_t began_ns; /* wall clock at the start, before anything was looked at */
	const char *cwd;
	const char *state_dir;      /* of this work tree */
	const char *run_name;       /* hex: which command line within the work tree; names files in state_dir */
	const char *python, *worker_program;
	const struct checker *checker;
	struct digest worker_digest, action_program_digest;
	const char *action_program; /* NULL: the checker needs none */
	struct worker *worker;      /* NULL until Python is needed */
	bool expects_runs;          /* Python will be needed: it may start while the plan is made */
	struct js *answer;          /* of describe; `described` borrows from it */
	struct described described;
	bool described_ready;
	uint32_t describe_processes;
	/* The checker refused the command line: its exit status and words. */
	bool refused;
	int refused_exit;
	const char *refused_out, *refused_err;
	struct checker_setup setup;
	struct digest versions_file, toolchain;
	struct resolver *resolver;
	struct statcache *stats;
	struct gitindex *git;
	struct scan_cache *scans;
	struct plan_discovered *discovered;
	uint32_t discovered_count;
	struct weights *weights; /* NULL until many units have to run */
	uint32_t early_timer;    /* of what is done while the first units are checked; 0: none */
	/* Called then, once in each build: for work that need not wait for them. NULL: there is none. */
	void (*idle)(void *ctx);
	void *idle_ctx;
	struct plan plan;
	bool planned;
	unsigned plans_made;
	struct build *build;
	struct remote_side *remote; /* the shared cache; NULL: none */
	struct executor_side *executor; /* NULL: none, or not needed yet */
	struct share *share;        /* and as the build sees it */
	struct past *past; /* NULL: the store is asked about every unit */
	bool remembers;    /* what the build knew is kept for the next run */
	/* What builds did that had to be followed by another: the first members of units that ran, and processes. */
	struct map ran_before;
	uint64_t processes_before;
	struct runner_counters counters_before;
};

int pipeline_open(struct pipeline *p, const struct settings *s, struct err *err) MUST_CHECK;
int pipeline_kept_open(struct pipeline_kept *kept, const struct settings *s, struct err *err) MUST_CHECK;
void pipeline_kept_close(struct pipeline_kept *kept); /* accepts a zeroed one */
int pipeline_open_kept(struct pipeline *p, const struct settings *s, struct pipeline_kept *kept,
                       struct err *err) MUST_CHECK;
/* Ends the build, and starts the worker that the next one will want if none is there that fits. Needs a plan. */
int pipeline_warm(struct pipeline *p, struct err *err) MUST_CHECK;
/* After success either p->described is ready, or p->refused is set. */
int pipeline_describe(struct pipeline *p, struct err *err) MUST_CHECK;
int pipeline_plan(struct pipeline *p, struct err *err) MUST_CHECK;
/* The build may use what the last one knew, and what it knows is kept (pipeline_save). Without this call neither. */
void pipeline_recall(struct pipeline *p);
/* Plans again and builds again while the checker discovers dependencies. */
int pipeline_build(struct pipeline *p, void (*on_event)(void *ctx, const struct build_event *e), void *ctx,
                   struct err *err) MUST_CHECK;
/* For `sepal verify`: runs the `forced` units again over the same plan, by a runner of this kind, enters nothing into
 * the tables. The caller frees *ret. */
int pipeline_build_again(struct pipeline *p, const char *runner, const unsigned char *forced, struct build **ret,
                         void (*on_event)(void *ctx, const struct build_event *e), void *ctx,
                         struct err *err) MUST_CHECK;
/* A file of this work tree's state, in the pipeline's arena: state_dir/KIND-<run_name>. */
const char *pipeline_state_file(struct pipeline *p, const char *kind);
/* Writes the caches that make the next run cheaper. */
int pipeline_save(struct pipeline *p, struct err *err) MUST_CHECK;
void pipeline_close(struct pipeline *p);

#endif
