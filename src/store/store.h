/*
 * The store: content-addressed blobs, and small tables on top of them: the manifests (manifest key -> the results seen
 * so far and what they used) and the bodies of import cycles (bodies key -> bodies). One vtable, several kinds: local
 * directory, memory (tests), later remote and stacked.
 *
 * Every write is temp + rename in one file system; every read is verified: a blob against its digest, a table entry
 * against the checksum inside its record (by its decoder, model/; the caller says store_discard_record when it does not
 * hold). A torn or altered entry is a miss: it is counted in `corrupt`, removed, and replaced by the next write.
 * Readers and writers of many processes and repositories may use one directory at once without locks. A directory that
 * can only be read can be opened and read.
 *
 * Local layout (doc/formats/store.md):  DIR/FORMAT, DIR/v2/cas/ab/<62 hex>, DIR/v2/manifest/ab/<62 hex>,
 * DIR/v2/bodies/ab/<62 hex>, DIR/v2/state/<hex>/..., DIR/v2/tmp/...   Another directory DIR/vN belongs to an older or a
 * newer sepal and is left alone; a FORMAT that names a newer version is refused.
 */
#ifndef SEPAL_STORE_STORE_H
#define SEPAL_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

/* A larger blob or record is an error when it is written. */
#define STORE_BLOB_LIMIT ((size_t)1 << 30)
#define STORE_RECORD_LIMIT ((size_t)16 << 20)

enum store_table { STORE_MANIFESTS = 0, STORE_BODIES = 1 };

struct store_counters {
	uint64_t blobs_read, blobs_written, bytes_read, bytes_written, corrupt;
};

struct store;

/* `dir` absolute; created if missing (mode 0755 under an own 0700 `tmp`). Errors name the directory and what to do:
 * not writable, full, written by a newer version. */
int store_open_local(const char *dir, struct store **ret, struct err *err) MUST_CHECK;
struct store *store_open_memory(void);
void store_close(struct store *s);

/* Stores bytes and gives their digest. A blob that is already there with the right size is not written again. */
int store_put(struct store *s, struct span bytes, struct digest *ret, struct err *err) MUST_CHECK;
/* *ret_found is false on a miss (or a corrupt blob, which is removed). Appends to `out`. */
int store_get(struct store *s, const struct digest *d, struct buf *out, bool *ret_found, struct err *err) MUST_CHECK;
bool store_has(struct store *s, const struct digest *d);
/* Another number when blobs came or went since the last time, whoever did it; 0: this kind cannot tell. What is altered
 * in place does not show, nor what goes within a tick of the file system's clock: a reader verifies what it reads. */
uint64_t store_stamp(struct store *s);
/* The file that holds the blob, for a reader that verifies by itself (the worker, staging); false: a miss, or a kind of
 * store without files. The path is valid until the next call. */
bool store_blob_path(struct store *s, const struct digest *d, const char **ret_path);
/* Removes a blob that a reader found altered. */
void store_discard(struct store *s, const struct digest *d);

/* A table holds one record (opaque bytes, at most 16 MiB) per key; writing replaces. */
int store_lookup(struct store *s, enum store_table t, const struct digest *key, struct buf *out, bool *ret_found,
                 struct err *err) MUST_CHECK;
int store_record(struct store *s, enum store_table t, const struct digest *key, struct span record,
                 struct err *err) MUST_CHECK;
bool store_has_record(struct store *s, enum store_table t, const struct digest *key);
/* Removes a record that its decoder refused. */
void store_discard_record(struct store *s, enum store_table t, const struct digest *key);

/* A private directory for this process below DIR/v2/tmp (removed by store_close; those of dead processes are removed
 * at open), and the directory where per-work-tree state is kept under a digest. Both exist after the call. */
int store_scratch(struct store *s, const char **ret_dir, struct err *err) MUST_CHECK;
int store_state_dir(struct store *s, const struct digest *work_tree, const char **ret_dir, struct err *err) MUST_CHECK;

struct store_counters store_counters(const struct store *s);

/* Reads everything: each blob against its name, each table record against its seal (model/record.h), and nothing else
 * may lie between them. One line per finding is appended to `report`; *ret_bad counts them, and is 0 for a store that
 * others are writing to or died while writing to. Removes nothing. */
int store_verify(struct store *s, struct buf *report, uint64_t *ret_blobs, uint64_t *ret_bad,
                 struct err *err) MUST_CHECK;

#endif
