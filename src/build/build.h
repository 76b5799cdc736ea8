/*
 * The build: takes every unit of a plan from "waiting" to an answer. One enum of states, one function that changes
 * them. A unit is looked up as soon as the interfaces of its dependencies are known (by what it used first, by its
 * closure second), runs if it missed, and lets its dependents go on as soon as its own interfaces are known; its report
 * may come later. Errors in one unit stop its dependents only.
 *
 * Cutoff is a property of the keys, not a branch here: a dependent whose used interfaces are as before finds its old
 * result. The build counts it.
 *
 * It knows plans, keys, the store's tables and runners, and nothing of terminals: what happens is told to `on_event`.
 */
#ifndef SEPAL_BUILD_BUILD_H
#define SEPAL_BUILD_BUILD_H

#include "build/past.h"
#include "build/share.h"
#include "exec/runner.h"
#include "merge/digest_map.h"
#include "plan/key.h"
#include "plan/plan.h"
#include "store/store.h"

enum unit_state {
	UNIT_WAITING = 0, /* some dependency's interfaces are not known yet */
	UNIT_READY,       /* all are known: keys can be made, the store is asked */
	UNIT_FETCHING,    /* missed: interfaces that it stands on are on their way from the shared cache */
	UNIT_QUEUED,      /* missed: waits for a lane */
	UNIT_RUNNING,     /* started: its interfaces are being made */
	UNIT_BODIES,      /* interfaces known and stored, dependents released; bodies are being checked */
	UNIT_DONE,        /* result known */
	UNIT_BLOCKED,     /* a blocking error in it, or something below it is blocked or failed */
	UNIT_FAILED,      /* the checker failed on it: an environment error, not the user's */
};

enum unit_source {
	FROM_NOWHERE = 0,
	FROM_MANIFEST, /* hit: the interfaces it used are as they were */
	FROM_STRICT,   /* hit: the very same action was run before, though what it says it used does not hold */
	FROM_RUN,
};

struct build_unit {
	enum unit_state state;
	enum unit_source source;
	bool below_ran;     /* something it depends on was run in this build */
	uint32_t waits_for; /* dependencies whose interfaces are not known */
	struct digest manifest_key, closure, strict_key;
	struct result result;        /* UNIT_DONE */
	struct result first;         /* CONFLICT_FIRST: what the store had for the same action, which stands */
	bool has_first;
	struct diag_list blockers;   /* UNIT_BLOCKED by its own source; empty when blocked from below */
	bool blocked_in_parse;
	uint32_t kept_reports;       /* members whose bodies were not checked, because nothing they used had changed */
	uint32_t blocked_by;         /* unit below that is the reason; itself when it is its own */
	int64_t started_ns, ended_ns; /* of the run, monotonic */
	uint32_t interface_us, bodies_us; /* what the run took the checker, if it told; else 0 */
};

enum build_event_kind { BUILD_HIT, BUILD_STARTED, BUILD_INTERFACE, BUILD_FINISHED, BUILD_BLOCKED, BUILD_FAILED };

struct build_event {
	enum build_event_kind kind;
	uint32_t unit;
	const struct err *err; /* BUILD_FAILED */
};

struct build_config {
	struct plan *plan;
	const struct options *options;
	const struct digest *toolchain;
	struct store *store;
	struct loop *loop;
	/* Asked once, when something has to run; the build owns the runner. */
	int (*make_runner)(void *ctx, const struct runner_events *events, struct runner **ret, struct err *err);
	void *runner_ctx;
	/* Asked once, when there are enough units to choose among: gives those of the plan their weights. NULL: they have
	 * them. */
	void (*weigh)(void *runner_ctx);
	unsigned lanes;
	const struct past *past;     /* what the last build knew; NULL: the store is asked about everything */
	struct share *share;         /* the shared cache behind the store; NULL: none */
	bool no_store_read;          /* every unit runs */
	const unsigned char *forced; /* per unit: these run although the store has them; NULL: none */
	bool no_record;              /* nothing is entered into the store's tables */
	enum conflict_policy policy;
	void (*on_event)(void *ctx, const struct build_event *e);
	void *ctx;
};

struct build_stats {
	uint32_t units, units_run, bodies_run, hit_manifest, hit_strict, cutoff, blocked, failed;
	uint32_t conflicts, conflicts_tolerated;
	uint64_t checker_processes;
	struct runner_counters remote;
};

struct build;

struct build *build_new(const struct build_config *config);
/* Runs until every unit has an answer, or until an error of the environment that stops everything (the disk, an
 * interrupt). Units that failed are not an error here: see build_first_failure. */
int build_run(struct build *b, struct err *err) MUST_CHECK;
const struct build_unit *build_unit(const struct build *b, uint32_t unit);
/* Interface digest per module; all zero where it is not known. */
const struct digest *build_interfaces(const struct build *b);
const struct interface *build_interface(const struct build *b, uint32_t module);
struct build_stats build_stats(const struct build *b);
/* The sentence for the first unit (in plan order) whose checker failed, or NULL. */
const struct err *build_first_failure(const struct build *b);
/* Different outputs for one action, sorted; empty if there are none. */
const struct digest_map *build_outputs(const struct build *b);
/* Dependencies that the checker reported and the plan does not have; plan again with them and build again. */
const struct plan_discovered *build_discovered(const struct build *b, uint32_t *ret_count);
/* Units that were given up because an interface in the store was altered or gone. It is a miss now: build again. */
uint32_t build_damaged(const struct build *b);
/* What this build knew, for the next one. False: all of it is in config.past, and nothing was appended. */
bool build_encode_past(const struct build *b, struct buf *out);
/* Gives what this build knew to the shared cache, if that is news. */
void build_share_tree(struct build *b);
/* How many units are in each state now, for a status line: array of UNIT_FAILED + 1. */
const uint32_t *build_counts(const struct build *b);
void build_free(struct build *b);

#endif
