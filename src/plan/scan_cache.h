/*
 * What the scanner found, kept by content: (SHA-256 of the source, digest of the scan options) -> scan record. Kept
 * per work tree; losing it costs a scan, never a wrong answer.
 *
 *   file  := "SEPC" version:u8=1 count:u32 entry* xxh3:u64(of all before)
 *   entry := source_digest[32] options:u64 record:bytes          (record: source/scan.h)
 */
#ifndef SEPAL_PLAN_SCAN_CACHE_H
#define SEPAL_PLAN_SCAN_CACHE_H

#include "base/hash.h"
#include "source/scan.h"

struct scan_cache;

/* A missing, torn or foreign file is an empty cache. */
struct scan_cache *scan_cache_open(const char *path);
/* Finds the result for a source; decoded into `arena`. */
bool scan_cache_get(struct scan_cache *c, const struct digest *source, uint64_t options, struct arena *arena,
                    struct scan_result *ret);
void scan_cache_put(struct scan_cache *c, const struct digest *source, uint64_t options,
                    const struct scan_result *result);
/* Writes the entries that were used or added since open, and for other command lines as many of the rest as there is
 * room for; nothing if nothing was added. */
int scan_cache_save(struct scan_cache *c, struct err *err) MUST_CHECK;
void scan_cache_free(struct scan_cache *c);

#endif
