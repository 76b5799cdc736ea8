/*
 * What a kind of store must be able to do, for store.c and the kinds only. A kind moves bytes: it keeps three shelves
 * of named bytes and knows neither digests' meaning nor records. store.c hashes, verifies and counts.
 */
#ifndef SEPAL_STORE_STORE_KIND_H
#define SEPAL_STORE_STORE_KIND_H

#include "base/arena.h"
#include "store/store.h"

enum store_shelf { SHELF_BLOBS = 0, SHELF_MANIFESTS = 1, SHELF_BODIES = 2, SHELF_COUNT = 3 };

extern const char *const store_shelf_names[SHELF_COUNT]; /* "cas", "manifest" ...: directories and messages */

struct store_names {
	struct digest *items; /* in the arena that was passed */
	size_t count;
	const char **odd; /* what lies on the shelf and is not a name, as a path for people */
	size_t odd_count;
};

struct store_kind {
	void (*close)(struct store *s);
	/* Replaces what is there; for blobs the caller has asked `size` before. */
	int (*write)(struct store *s, enum store_shelf shelf, const struct digest *name, struct span bytes,
	             struct err *err);
	int (*read)(struct store *s, enum store_shelf shelf, const struct digest *name, struct buf *out, bool *ret_found,
	            struct err *err);
	/* False: not there. */
	bool (*size)(struct store *s, enum store_shelf shelf, const struct digest *name, uint64_t *ret_size);
	void (*remove)(struct store *s, enum store_shelf shelf, const struct digest *name);
	/* NULL: this kind has no files. */
	const char *(*path)(struct store *s, enum store_shelf shelf, const struct digest *name);
	/* See store_stamp; NULL: cannot tell. */
	uint64_t (*stamp)(struct store *s);
	int (*names)(struct store *s, enum store_shelf shelf, struct arena *arena, struct store_names *ret,
	             struct err *err);
	int (*scratch)(struct store *s, const char **ret_dir, struct err *err);
	int (*state_dir)(struct store *s, const struct digest *work_tree, const char **ret_dir, struct err *err);
};

/* The first member of every kind's own struct. */
struct store {
	const struct store_kind *kind;
	struct store_counters counters;
};

#endif
