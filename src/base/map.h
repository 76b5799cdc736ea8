/*
 * A hash table from byte strings to 32-bit numbers (usually an index into an array elsewhere). Keys are borrowed:
 * they must outlive the map (keep them in an arena). Iteration order is insertion order, so it is deterministic;
 * there is no removal.
 */
#ifndef SEPAL_BASE_MAP_H
#define SEPAL_BASE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct map_entry {
	struct span key;
	uint32_t value;
};

struct map {
	struct map_entry *entries; /* insertion order */
	uint32_t count, cap;
	struct map_slot {
		uint32_t hash, entry; /* index + 1, 0 = empty */
	} *slots;
	uint32_t slot_count; /* power of two */
};

#define MAP_INIT { 0, 0, 0, 0, 0 }

void map_release(struct map *m);
/* Points at the value of `key`, or NULL. Valid until the next map_put. */
uint32_t *map_get(const struct map *m, struct span key);
uint32_t *map_get_str(const struct map *m, const char *key);
/* Points at the value of `key`, inserted as `value` when it was not there; *ret_new (may be NULL) says which. */
uint32_t *map_put(struct map *m, struct span key, uint32_t value, bool *ret_new);
uint32_t *map_put_str(struct map *m, const char *key, uint32_t value, bool *ret_new);

#endif
