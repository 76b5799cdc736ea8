/*
 * A worker process that lives through several builds (`sepal check --watch`), and what it has been told so far.
 *
 * The process only ever loads interfaces, and cannot unload one. What it knows belongs to a *generation*
 * (doc/formats/worker.md, `reset`): an interface that is only known may be announced again when it changes; when one
 * that may be loaded has changed, the next generation begins with nothing. So a child never sees an interface that is
 * not the present one, and what it knows is a function of artifacts, however many builds there were before.
 *
 * A runner takes the process (kept_worker_take, or kept_worker_adopt for one that it has set up itself) and puts it
 * back, or drops it when it owes answers.
 */
#ifndef SEPAL_EXEC_KEPT_WORKER_H
#define SEPAL_EXEC_KEPT_WORKER_H

#include "base/hash.h"
#include "exec/worker.h"
#include "model/unit_spec.h"

struct kept_worker;

struct kept_worker *kept_worker_new(void);
void kept_worker_free(struct kept_worker *k); /* ends the process; accepts NULL */

bool kept_worker_lives(const struct kept_worker *k);
/* Is there a living process that was set up for just this? */
bool kept_worker_fits(const struct kept_worker *k, const struct digest *identity);
/* The process of kept_worker_fits, the next number for a batch, and its generation. */
struct worker *kept_worker_take(struct kept_worker *k, uint32_t *ret_batch, uint32_t *ret_generation);
/* A new process takes the place of the one before, which is ended; nothing has been told to it yet. */
void kept_worker_adopt(struct kept_worker *k, const struct digest *identity, uint32_t *ret_generation);
void kept_worker_put(struct kept_worker *k, struct worker *w, uint32_t next_batch);
void kept_worker_drop(struct kept_worker *k, struct worker *w);

/* Does the unit stand on an interface of which an earlier form is, or may be, loaded? Then begin a new generation. */
bool kept_worker_is_stale(const struct kept_worker *k, const struct unit_spec *unit, uint32_t generation);
/* Nothing has been told and nothing is loaded from now on. Returns the number of the generation, never 0. */
uint32_t kept_worker_reset(struct kept_worker *k);
/* True if the process has to be told of `d`; it counts as told then, and if it is hot, as loaded with all below it. */
bool kept_worker_announce(struct kept_worker *k, const struct dep_spec *d);
/* True if the process has to be told of a set of options; it counts as told then. */
bool kept_worker_options(struct kept_worker *k, uint32_t set, struct span values);
/* True if `d` may not be loaded yet; it counts as loaded then. */
bool kept_worker_load(struct kept_worker *k, const struct dep_spec *d);

#endif
