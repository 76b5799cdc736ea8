/*
 * A manifest lists, for one (toolchain, options, sources, resolution), the results seen so far, each with the
 * interfaces that it used: the precise form of "is this result still right?" (mypy's own staleness rule, made
 * content-addressed; ccache's direct mode and Buck2's dep files are the same idea).
 *
 * Stored form, version 1:
 *
 *   manifest := "SEPM" version:u8=1 id_count:u32 id:bytes* entry_count:u32 entry* xxh3:u64(of all before)
 *   entry    := result_digest[32] used_count:u32 (id_index:u32 interface_digest[32])*
 *
 * Ids are sorted, used lists are in id order, entries newest first; at most MANIFEST_ENTRIES are kept.
 */
#ifndef SEPAL_MODEL_MANIFEST_H
#define SEPAL_MODEL_MANIFEST_H

#include "base/arena.h"
#include "base/hash.h"

enum { MANIFEST_ENTRIES = 16 };

struct used {
	const char *id;
	struct digest interface;
};

struct manifest_entry {
	struct digest result; /* blob digest of the encoded result */
	struct used *used;    /* sorted by id */
	uint32_t used_count;
};

struct manifest {
	struct manifest_entry *entries;
	uint32_t entry_count;
};

void manifest_encode(const struct manifest *m, struct buf *out);
bool manifest_decode(struct span record, struct arena *arena, struct manifest *ret);
/* A new manifest with `entry` in front and without an older entry that has the same used list. In `arena`. */
void manifest_add(const struct manifest *m, const struct manifest_entry *entry, struct arena *arena,
                  struct manifest *ret);

#endif
