/*
 * The messages of the Remote Execution API (build.bazel.remote.execution.v2, version 2.0 to 2.12; google.bytestream,
 * google.rpc.Status) that a cache needs, as structs of our own. What runs actions is in messages_execute.h. The
 * messages themselves are written down in remote/proto; the generated code is seen by remote/messages*.c only.
 *
 * Encoding is canonical: the same struct gives the same bytes on every machine, the ones that Google's library writes
 * too (fields by number, defaults left out). Encoders append to `out` and cannot fail; what they are given is ours.
 *
 * Decoding trusts nothing. A decoder answers false, and what it points at is then undefined, when the bytes do not
 * parse, when memory for them would be more than a small multiple of their length, or when a value is none: a digest
 * is 64 lower-case hexadecimal digits and a size from 0 to INT64_MAX, a path is relative and its parts are names, a
 * list has at most REAPI_LIST_LIMIT items. What is decoded lives in the arena; no pointer is NULL but where it says so.
 * Text of a server (`text`, `message`) is cut and made printable. Unknown fields are skipped.
 */
#ifndef SEPAL_REMOTE_MESSAGES_H
#define SEPAL_REMOTE_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "remote/blob.h"

enum {
	REAPI_LIST_LIMIT = 1 << 18,
	REAPI_PATH_LIMIT = 4096,
	REAPI_NAME_LIMIT = 255,
	REAPI_TEXT_LIMIT = 400,
};

/* A relative path of names: none is empty, "." or "..", none has a control character, a backslash or 256 bytes. */
bool reapi_path_is_fine(const char *path);
/* One such name. */
bool reapi_name_is_fine(const char *name);

/* ---- Capabilities/GetCapabilities ---- */

struct reapi_version {
	int32_t major, minor;
};

struct reapi_capabilities {
	bool has_versions;              /* else low and high are 0.0 */
	struct reapi_version low, high; /* what the server speaks */
	bool has_cache;                 /* else everything down to blob_limit is as in a zeroed struct */
	bool cache_sha256;
	bool update_enabled; /* this client may write action results */
	bool zstd;           /* ByteStream and BatchReadBlobs */
	bool zstd_update;    /* BatchUpdateBlobs */
	uint64_t batch_limit, blob_limit; /* bytes; 0: none is told */
	bool executes, execution_sha256;
};

void reapi_encode_get_capabilities(const char *instance, struct buf *out);
bool reapi_decode_capabilities(struct span message, struct arena *a, struct reapi_capabilities *ret);

/* ---- ActionCache ---- */

struct reapi_file {
	const char *path; /* reapi_path_is_fine */
	struct remote_blob blob;
	bool executable;
	struct span contents; /* not verified; empty where the server did not send it */
};

struct reapi_output_dir {
	const char *path; /* may be "" */
	struct remote_blob tree;
};

struct reapi_symlink {
	const char *path;
	const char *target; /* anything printable: never follow it, never make it */
};

/* Bytes that an action wrote, inline, or as a blob to be fetched, or neither (then there were none). */
struct reapi_stream {
	struct span raw;
	bool has_blob;
	struct remote_blob blob;
};

struct reapi_result {
	int32_t exit_code;
	struct reapi_file *files;
	struct reapi_output_dir *dirs;
	struct reapi_symlink *symlinks;
	uint32_t file_count, dir_count, symlink_count;
	struct reapi_stream out, err;
	const char *worker; /* printable; "" */
	/* ns since the epoch, 0: not told. Never compared with the clock of this machine. */
	int64_t queued_ns, started_ns, completed_ns;
};

void reapi_encode_get_result(const char *instance, const struct remote_blob *action, bool inline_stdout,
			     struct buf *out);
/* `result` is what reapi_encode_result made. */
void reapi_encode_update_result(const char *instance, const struct remote_blob *action, struct span result,
				struct buf *out);
/* Files are written in the order of their paths; `symlinks`, `worker` and times are not written. */
void reapi_encode_result(const struct reapi_result *r, struct buf *out);
bool reapi_decode_result(struct span message, struct arena *a, struct reapi_result *ret);

/* ---- ContentAddressableStorage ---- */

void reapi_encode_find_missing(const char *instance, const struct remote_blob *blobs, uint32_t count, struct buf *out);
/* What the server said is missing; it may name blobs that were not asked for. */
bool reapi_decode_find_missing(struct span message, struct arena *a, struct remote_blob **ret, uint32_t *ret_count);

struct reapi_update {
	struct remote_blob blob;
	struct span data;
	bool zstd;
};

void reapi_encode_batch_update(const char *instance, const struct reapi_update *updates, uint32_t count,
			       struct buf *out);

struct reapi_status {
	int32_t code;     /* the gRPC codes, 0 is OK */
	const char *text; /* printable, at most REAPI_TEXT_LIMIT bytes */
};

/* What became of one blob of a batch. */
struct reapi_answer {
	struct remote_blob blob;
	struct reapi_status status;
	struct span data; /* of BatchReadBlobs: not verified */
	bool zstd;        /* and compressed */
};

bool reapi_decode_batch_update(struct span message, struct arena *a, struct reapi_answer **ret, uint32_t *ret_count);
void reapi_encode_batch_read(const char *instance, const struct remote_blob *blobs, uint32_t count, bool accept_zstd,
			     struct buf *out);
/* An answer in a compression that was not asked for makes the whole message unreadable. */
bool reapi_decode_batch_read(struct span message, struct arena *a, struct reapi_answer **ret, uint32_t *ret_count);

/* How many bytes a blob adds to the messages above beside its data, at most. */
enum { REAPI_BLOB_OVERHEAD = 128 };

/* ---- google.bytestream ---- */

/* Names for ByteStream: what is read, and what is written under an `uuid` of one's own. */
void reapi_read_name(const char *instance, const struct remote_blob *blob, bool zstd, struct buf *out);
void reapi_write_name(const char *instance, const char *uuid, const struct remote_blob *blob, bool zstd,
		      struct buf *out);

void reapi_encode_read(const char *resource, struct buf *out);
bool reapi_decode_read(struct span message, struct arena *a, struct span *ret_data);
/* `resource` is "" in all messages but the first. */
void reapi_encode_write(const char *resource, uint64_t offset, struct span data, bool last, struct buf *out);
/* -1: the server had the blob already. */
bool reapi_decode_write(struct span message, struct arena *a, int64_t *ret_committed);

/* ---- about the client ---- */

/* Sent with each call; NULL is left out. */
struct reapi_metadata {
	const char *tool_name, *tool_version, *action_id, *invocation_id, *correlated_id, *mnemonic, *target;
};

void reapi_encode_metadata(const struct reapi_metadata *metadata, struct buf *out);

#endif
