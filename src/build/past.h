/*
 * What the last build of a command line knew, in one file of the work tree's state: for each unit the key it had, the
 * interfaces it used and its result. A unit whose key and used interfaces are as they were then is a hit without a
 * look at the store, by the same rule as a manifest's entry (lookup.c). It is a copy of what the store holds or held,
 * and can be deleted at any time.
 *
 * A hit needs the unit's interfaces in the store. They are looked for one by one unless the store's stamp (store.h)
 * says that no blob came or went since the file was written. Should one be gone or altered all the same, who needs it
 * finds out and says so (build_damaged), and the build that follows does without this file.
 *
 *   past   := "SEPP" version:u8=1 store_stamp:u64 module_count:u32 module* unit_count:u32 unit* xxh3:u64
 *   module := id:bytes interface_digest[32]
 *   unit   := manifest_key[32] used_count:u32 module_index:u32* result:bytes(model/result.h)
 */
#ifndef SEPAL_BUILD_PAST_H
#define SEPAL_BUILD_PAST_H

#include "base/buf.h"
#include "base/hash.h"

struct past;

struct past_entry {
	const char *used; /* used_count indexes of modules, as stored: past_used */
	uint32_t used_count;
	struct span result;
};

/* Takes over the file's bytes and leaves `file` empty. NULL: not a whole record of this version. */
struct past *past_decode(struct buf *file);
void past_free(struct past *p);

uint64_t past_stamp(const struct past *p);
uint32_t past_unit_count(const struct past *p);
bool past_find(const struct past *p, const struct digest *manifest_key, struct past_entry *ret);
uint32_t past_used(const struct past_entry *u, uint32_t i);
uint32_t past_module_count(const struct past *p);
struct span past_module_id(const struct past *p, uint32_t module);
const struct digest *past_interface(const struct past *p, uint32_t module);

/* Writing: begin, then each unit, then end. */
struct past_writer {
	struct buf *out;
	size_t start, count_at;
	uint32_t unit_count;
};
struct past_writer past_begin(struct buf *out, uint64_t stamp, uint32_t module_count);
void past_put_module(struct past_writer *w, const char *id, const struct digest *interface);
void past_begin_units(struct past_writer *w);
void past_put_unit(struct past_writer *w, const struct digest *manifest_key, const uint32_t *used, uint32_t used_count,
                   struct span result);
void past_end(struct past_writer *w);

#endif
