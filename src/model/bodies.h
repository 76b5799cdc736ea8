/*
 * What is known about the bodies of an import cycle: for each member the report that stands while the member and the
 * interfaces it used are as they were. Where a manifest answers for a whole unit, this answers member by member, after
 * the unit's interface step was done again: a body edit in a cycle of hundreds checks one module's bodies.
 *
 * Stored form, version 2 (integers little-endian, strings as u32 length + bytes; see model/record.h):
 *
 *   bodies := "SEPB" version:u8=2 entry_count:u32 entry* xxh3:u64(of all before)
 *   entry  := manifest_key[32] result_digest[32] table_count:u32 (id:bytes interface_digest[32])* member_count:u32
 *             member*
 *   member := key[32] said[32] used_count:u32 (table_index:u32)*
 *
 * Tables are sorted by id, indexes ascend, entries are newest first; at most BODIES_ENTRIES are kept. Members are in
 * the unit's order, like those of the result.
 */
#ifndef SEPAL_MODEL_BODIES_H
#define SEPAL_MODEL_BODIES_H

#include "base/arena.h"
#include "base/hash.h"
#include "model/manifest.h"

enum { BODIES_ENTRIES = 4 };

struct bodies_member {
	struct digest key;  /* options, source and resolution of this member alone */
	struct digest said; /* of the messages that the interface step had for it */
	uint32_t *used;     /* the interfaces it used, its own unit's included: places in the entry's table */
	uint32_t used_count;
};

struct bodies_entry {
	struct digest manifest_key, result; /* the reports are in that manifest: the result of this digest */
	struct used *table;
	uint32_t table_count;
	struct bodies_member *members;
	uint32_t member_count;
};

struct bodies {
	struct bodies_entry *entries;
	uint32_t entry_count;
};

void bodies_encode(const struct bodies *b, struct buf *out);
/* Everything in *ret lives in `arena`. False: not a whole, well-formed record of this version. */
bool bodies_decode(struct span record, struct arena *arena, struct bodies *ret);
/* With `entry` in front and without older entries that it replaces: those of the same members and interfaces. */
void bodies_add(const struct bodies *b, const struct bodies_entry *entry, struct arena *arena, struct bodies *ret);

#endif
