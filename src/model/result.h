/*
 * The result of one action: for each member of the unit its interface and its report. This is what the manifests hold.
 *
 * Stored form, version 2 (integers little-endian, `bytes` = u32 length + bytes; see base/buf.h):
 *
 *   result    := "SEPR" version:u8=2 ids member_count:u32 member* xxh3:u64(of all before)   (ids: model/id_table.h)
 *   member    := id_place:u32 interface report
 *   interface := data_digest[32] data_size:u64 checker_hash:bytes plugin_data:bytes
 *   report    := indirect_count:u32 id_place:u32* diagnostics         (model/diag.h)
 *
 * Members are in the unit's order. The digest of an interface (interface_digest) is over data_digest and plugin_data
 * only: not over line numbers, source hashes or dependency hashes, so a module that is re-run and comes out the same
 * looks the same to its dependents.
 */
#ifndef SEPAL_MODEL_RESULT_H
#define SEPAL_MODEL_RESULT_H

#include "base/hash.h"
#include "model/diag.h"

struct interface {
	struct digest data;       /* SHA-256 of the data file's bytes: a blob of the store */
	uint64_t data_size;
	unsigned char checker_hash[SHA1_SIZE]; /* mypy's interface_hash, needed in dependents' dep_hashes */
	struct span plugin_data;  /* the checker's own encoding of plugin data, from the meta file */
};

struct member_result {
	const char *id;
	struct interface interface;
	const char **indirect; /* modules used though not imported, sorted */
	uint32_t indirect_count;
	struct diag_list diags;
};

struct result {
	struct member_result *members;
	uint32_t member_count;
};

void interface_digest(const struct interface *i, struct digest *ret);
void result_encode(const struct result *result, struct buf *out);
/* Everything in *ret lives in `arena`. False: not a whole, well-formed record of this version. */
bool result_decode(struct span record, struct arena *arena, struct result *ret);

#endif
