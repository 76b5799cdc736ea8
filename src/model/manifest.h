/*
 * A manifest lists, for one (toolchain, options, sources, resolution), the results seen so far, each with the
 * interfaces that it used and the closure that it stood on: all that it takes to answer "is there a result, and is it
 * still right?" with one look-up (mypy's own staleness rule, made content-addressed; ccache's direct mode and Buck2's
 * dep files are the same idea).
 *
 * Stored form, version 2:
 *
 *   manifest := "SEPM" version:u8=2 id_count:u32 used* result_count:u32 result:bytes* entry_count:u32 entry*
 *               xxh3:u64(of all before)
 *   used     := id:bytes digest_count:u32 interface_digest[32]*
 *   entry    := closure[32] result_place:u32 used_count:u32 used_place:u32*
 *
 * Interfaces are in the order of ids, those of one id in the order of digests, and numbered throughout: an entry names
 * them by that number, ascending, one of each id. Results (model/result.h, whole records) are in the order of their
 * first entries. Nothing is there twice, and nothing that no entry names. Entries are newest first; at most
 * MANIFEST_ENTRIES are kept.
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
	struct digest closure; /* of the unit when it ran: manifest key and closure together are the action */
	struct span result;    /* encoded */
	struct used *used;     /* sorted by id */
	uint32_t used_count;
};

struct manifest {
	struct manifest_entry *entries;
	uint32_t entry_count;
};

void manifest_encode(const struct manifest *m, struct buf *out);
/* Results are spans of `record`, everything else lives in `arena`. False: not a whole record of this version. */
bool manifest_decode(struct span record, struct arena *arena, struct manifest *ret);
/* The entry of this closure, or NULL. */
const struct manifest_entry *manifest_find(const struct manifest *m, const struct digest *closure);
/* A new manifest with `entry` in front and without older entries that it replaces: of the same used list, or of the
 * same closure. What entries point to stays where it is. */
void manifest_add(const struct manifest *m, const struct manifest_entry *entry, struct arena *arena,
                  struct manifest *ret);
/* Appends the encoded manifest, without its oldest entries if it would be longer than `limit`; the newest one stays. */
void manifest_encode_within(const struct manifest *m, size_t limit, struct buf *out);

#endif
