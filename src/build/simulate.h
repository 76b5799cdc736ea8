/*
 * A build that takes place on paper: how long would the units of a plan take on so many workers, if each takes what it
 * took here? Behind `sepal plan --simulate`; doc/simulation.md has figures and what they mean. Nothing is read or run:
 * the same plan and times give the same answer everywhere.
 *
 * What is simulated is build.c: a unit may start when the interfaces of all that it needs are made, the longest chain
 * of interfaces first, in batches (batch.h) that go to the idle worker with the lowest number. A worker makes the
 * interfaces of its batch, each free for dependents at once, and then checks the bodies of the batch.
 *
 * Two models:
 *   local    WORKERS: lanes of one machine. Starting a batch and moving bytes costs nothing. The bodies of a large
 *            cycle are shared with workers that have nothing else to do, by the rule of
 *            src/worker/sepal_mypy_parts.py.
 *   remote   WORKERS,LATENCY,BANDWIDTH: every batch is one action and costs LATENCY once. Each worker has a connection
 *            of BANDWIDTH of its own: before a batch it fetches the sources of its units, and of the interfaces that
 *            they stand on, however far below, those that it has neither made nor fetched before; an interface is free
 *            for dependents when it has been sent. Bodies of one unit are never shared.
 *
 * Reports, which are small, the checker itself, which is sent once, and its start are not counted; who wants them puts
 * them into LATENCY.
 */
#ifndef SEPAL_BUILD_SIMULATE_H
#define SEPAL_BUILD_SIMULATE_H

#include "plan/plan.h"

enum { SIMULATION_MOST_WORKERS = 10000 };

struct simulation {
	unsigned workers;
	bool remote;
	uint64_t latency_us, bytes_per_second; /* 0 if not remote */
};

struct simulated_unit {
	uint64_t interface_us, bodies_us;
	uint64_t source_bytes, interface_bytes; /* of all its members */
};

struct simulated {
	uint64_t makespan_us;
	uint64_t checking_us;   /* of all workers together, without latency and transfers */
	uint64_t fetched, sent; /* bytes, by workers */
	uint32_t batches;
};

/* The longest chain of units in which each waits for the interface of the one before: no number of workers is faster.
 * A step is the latency, the transfer of the unit's own sources and interface, and the making of the interface; after
 * the last step come that unit's bodies, shared if the model shares them. */
struct simulated_path {
	uint32_t *units, count; /* first to last; in the arena */
	uint64_t length_us;
	uint64_t whole_us; /* the longest chain if dependents had to wait for bodies as well */
};

/* ERR_USAGE if it is not WORKERS or WORKERS,LATENCY,BANDWIDTH, as in `100,40ms,100MB/s`. */
int simulation_parse(const char *text, struct simulation *ret, struct err *err) MUST_CHECK;
/* `units` has one entry per unit of the plan, whose priorities and weights decide about the order (plan/weights.h). */
void simulate(const struct plan *p, const struct simulated_unit *units, const struct simulation *s,
              struct simulated *ret);
void simulate_path(const struct plan *p, const struct simulated_unit *units, const struct simulation *s,
                   struct arena *arena, struct simulated_path *ret);

/* ---- what the files of the simulation share ---- */

/* Microseconds that so many bytes take, rounded up. */
uint64_t simulated_transfer(const struct simulation *s, uint64_t bytes);
/* How many workers may share the unit's bodies; 1: they are not shared. */
uint32_t simulated_sharers(const struct plan *p, uint32_t unit, const struct simulation *s);
/* Per member of the unit its part of the unit's bodies, by the size of its source; in the arena. */
uint64_t *simulated_members(const struct plan *p, const struct simulated_unit *units, uint32_t unit,
                            struct arena *arena);

#endif
