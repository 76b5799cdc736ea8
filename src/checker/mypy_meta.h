/*
 * mypy's cache artifacts as bytes: reading what a unit wrote and making what its dependents are given. The format is
 * mypy's "fixed format" (mypy/cache.py, CacheMeta and CacheMetaEx; low-level encoding in mypyc/lib-rt librt_internal.c:
 * tags, short and long integers, short and long strings). The first two bytes of a meta file are the format versions
 * (librt, CACHE_VERSION); every reader and writer here is gated on the versions it knows (supported_format).
 *
 * A meta file that is given to a dependent is synthesised: its bytes are a function of the module's import list, the
 * present interface hashes and the consumer's options, and of nothing that happened before. Source hash, size, mtimes,
 * line numbers, trans_dep_hash and suppressed imports are blank. meta_ex is a constant: no errors, no indirect
 * dependencies (so a dependency's errors are not replayed in its dependents).
 */
#ifndef SEPAL_CHECKER_MYPY_META_H
#define SEPAL_CHECKER_MYPY_META_H

#include "base/arena.h"
#include "base/hash.h"
#include "model/diag.h"

struct mypy_format {
	uint8_t librt, cache; /* the first two bytes of a meta file */
};

/* mypy 2.0 to 2.4 (CACHE_VERSION 8, 8, 10, 10, 11). */
bool mypy_format_supported(struct mypy_format f);

struct mypy_meta {
	struct mypy_format format;
	const char *id, *path, *version_id;
	const char **dependencies; /* direct, in mypy's order; NULL-terminated */
	const char **suppressed;
	unsigned char interface_hash[SHA1_SIZE];
	struct span plugin_data; /* as encoded in the file; borrowed from the input */
	bool ignore_all;
};

struct mypy_meta_ex {
	const char **dependencies; /* indirect, NULL-terminated */
	struct diag_list errors;   /* paths as in the file */
};

/* Bounded readers of foreign bytes; `what` names the file in the error. Strings are copied into `arena`. */
int mypy_meta_read(struct span file, const char *what, struct arena *arena, struct mypy_meta *ret,
                   struct err *err) MUST_CHECK;
int mypy_meta_ex_read(struct span file, struct mypy_format format, const char *what, struct arena *arena,
                      struct mypy_meta_ex *ret, struct err *err) MUST_CHECK;

struct mypy_dep_hash {
	const char *id;
	const unsigned char *interface_hash; /* SHA1_SIZE bytes */
};

/* The canonical meta file of a dependency. `deps` are its direct dependencies, sorted by id. */
void mypy_meta_write(struct mypy_format format, const char *version_id, const char *id, const char *canonical_path,
                     const char *platform, const unsigned char options_hash[SHA1_SIZE],
                     const struct mypy_dep_hash *deps, uint32_t dep_count,
                     const unsigned char interface_hash[SHA1_SIZE], struct span plugin_data, bool ignore_all,
                     struct buf *out);
/* The constant meta_ex file. */
struct span mypy_meta_ex_empty(struct mypy_format format);

/* Appends `value` in mypy's binary JSON (write_json_value), for options_cache_hash. */
struct js;
void mypy_json_write(const struct js *value, struct buf *out);

#endif
