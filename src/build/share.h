/*
 * The shared cache as a build sees it: results that other machines made, and what this one gives back. It stands behind
 * the local store: what is found there is entered into the store, and looked up there as if it had always been.
 *
 * What is shared, each under a key of its own (hashed below, version 1):
 *
 *   unit   manifest key -> the unit's manifest (model/manifest.h), with its results inline: one look-up tells whether a
 *          result holds, whatever was edited on the machine that made it. The record names the interfaces of its newest
 *          result, which are blobs under their own digests.
 *   bodies bodies key -> the bodies of an import cycle (model/bodies.h). Asked for when a cycle has to run of whose
 *          bodies nothing is known here, and then the manifests that it names, for their reports.
 *   tree   (toolchain, top-level packages of the sources) -> what the last whole build of such a tree knew
 *          (build/past.h): all that a machine needs which has never seen the tree, in one record. A hint: each entry is
 *          held against the keys and interfaces of this build, as always.
 *
 * Units that nothing is known of are asked for when a build begins (of a whole tree, after its record); one that is
 * known here and does not hold (something below it is another one now) when that turns out, before it runs.
 *
 * Interfaces are fetched when something has to run that stands on them; for units that hit, nothing but the result is.
 * A blob that the cache does not have after all is *lost*: who stands on it is given up in this build
 * (build_damaged), and the next build makes it again.
 *
 * A cache that is slow must not cost much. While answers are outstanding and nothing runs, time is counted: when none
 * has come for a tenth of what the check would take without the cache, at some milliseconds a unit, or when all such
 * waits together come to half of that, what is not there counts as missing for the rest of the check. Interfaces of
 * units that hit are worth more patience: without them all of these units would have to run.
 *
 * Whoever can write to the cache is believed in what a result says. Records that are damaged, of another version or
 * about other modules are misses, and their entries enter no table of the store.
 *
 * One `struct share` serves the builds of one check, one after the other.
 */
#ifndef SEPAL_BUILD_SHARE_H
#define SEPAL_BUILD_SHARE_H

#include "base/buf.h"
#include "base/hash.h"
#include "build/past.h"
#include "store/store.h"

struct share_blob {
	struct digest digest;
	uint64_t size;
};

/* The cache itself (cmd/pipeline_remote.c; a table in memory in tests). None of these waits. Callbacks come later, from
 * the loop, exactly once (for each blob), and are given nothing that lasts. */
struct share_ops {
	void (*get_record)(void *ctx, const struct digest *key, void (*done)(void *to, bool found, struct span record),
	                   void *to);
	void (*get_blobs)(void *ctx, const struct share_blob *blobs, uint32_t count,
	                  void (*each)(void *to, uint32_t index, bool found, struct span bytes), void *to);
	/* The record after the blobs, whose bytes are in the store. */
	void (*put)(void *ctx, const struct digest *key, struct span record, const struct share_blob *blobs,
	            uint32_t count);
	/* Nothing will be found any more. */
	bool (*is_over)(void *ctx);
	void *ctx;
};

struct share;

struct share *share_new(const struct share_ops *ops, struct store *store);
/* No callback may come after this: the cache is closed before. Accepts NULL. */
void share_free(struct share *s);

struct share_counters {
	uint32_t units_found;      /* whose manifest came from the cache, by itself or in the tree's record */
	uint32_t interfaces_found; /* that were fetched because something had to run */
	uint32_t lost;             /* that should have been there */
	uint32_t impatient;        /* units that were not waited for any longer */
};
struct share_counters share_counters(const struct share *s);

#endif
