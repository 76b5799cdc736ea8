/*
 * One shared cache on the network, asynchronous on the program's loop. Two kinds behind one seam:
 *
 *   grpc[s]://HOST:PORT[/INSTANCE]  the Remote Execution API, version 2 (remote/messages.h): Capabilities, ActionCache,
 *                                   CAS in batches, ByteStream for what does not fit, Zstandard where it is offered
 *   http[s]://HOST:PORT[/PREFIX]    GET, PUT and HEAD of /ac/HASH and /cas/HASH, as bazel-remote and nginx serve them
 *
 * A cache holds *blobs*, named by their digest, and *records*: a small piece of bytes under a key that is no digest of
 * it. Over the wire a record is an ActionResult under the action digest {key, REMOTE_KEY_SIZE}: the bytes are its
 * stdout_raw (above REMOTE_INLINE_LIMIT a blob, its stdout_digest), and the blobs that the record needs are its
 * output_files, numbered (some 85 bytes for each), so that a server that checks completeness does not answer with what
 * it can no longer give. Over HTTP the same encoded ActionResult lies under /ac/KEY. What a record's bytes mean, and
 * whether they are whole (a checksum inside), is the affair of who asks: nobody vouches for the content of a record.
 * Blobs are verified here.
 *
 * Order of calls: remote_cache_open(); any number of requests, also out of callbacks; remote_cache_finish(), if
 * something was put; remote_cache_close(). A request returns at once and calls nothing; its callback comes from the
 * loop, exactly once (for each blob, where it says so), or as REMOTE_FAILED out of remote_cache_finish() and _close().
 * Arrays and keys that a request is given are copied. What a callback is given is borrowed until it returns. Callbacks
 * may make new requests, but not finish or close. Thousands of requests may be under way: what is asked for in one
 * round of the loop travels together, the same blob travels once.
 *
 * Failure: a cache is a convenience. Calls are tried again and given up as net/patience.h has it; a request that is
 * given up is REMOTE_FAILED, to be treated as a miss. `problem` is called at most once in the life of a cache, from the
 * loop, with a sentence that names the address: to be shown as a warning. When calls fail in a row, cost too much time,
 * or are met with silence (remote/health.h), no more are made, and every request is REMOTE_FAILED at once. A server
 * that is restarted is waited for, for a second or so.
 *
 * Network and open connections stay watched by the loop: loop_run() does not return by itself while a cache is open.
 */
#ifndef SEPAL_REMOTE_CACHE_H
#define SEPAL_REMOTE_CACHE_H

#include "net/address.h"
#include "remote/blob.h"
#include "sys/loop.h"

#define REMOTE_TIMEOUT_NS (20 * NS_PER_S)
#define REMOTE_PATIENCE_NS (3 * NS_PER_S)

struct credentials;
struct tls_options;
struct remote_cache;

enum {
	/* The size that goes with a key in an action digest. A key stands for no bytes, but servers want a size. */
	REMOTE_KEY_SIZE = 32,
	REMOTE_INLINE_LIMIT = 1024 * 1024,
	/* Blobs above this are not fetched and not sent: they count as missing, and as dropped. */
	REMOTE_BLOB_LIMIT = 512 * 1024 * 1024,
};

enum remote_answer {
	REMOTE_FOUND,
	REMOTE_MISSING,
	REMOTE_FAILED, /* the cache has a problem; told once through `problem` */
};

enum remote_upload_policy {
	REMOTE_UPLOAD_AUTO, /* if the server lets us */
	REMOTE_UPLOAD_YES,  /* a server that does not let us is a problem */
	REMOTE_UPLOAD_NO,   /* remote_put() does nothing: a reader can never write */
};

/* All that it points at is borrowed and outlives the cache. */
struct remote_cache_config {
	struct loop *loop;
	const struct address *address;
	const struct tls_options *tls;   /* NULL: the system's roots, no certificate of our own */
	struct credentials *credentials; /* NULL: none are sent */
	const char *invocation;          /* an id of this run, for the server's log (an UUID); NULL */
	int64_t timeout_ns;              /* for one try of one call; 0: REMOTE_TIMEOUT_NS */
	int64_t patience_ns;             /* of silence while calls wait, then it is given up; 0: REMOTE_PATIENCE_NS */
	enum remote_upload_policy upload;
	/* Appends the bytes of a blob that is to be sent, when it is its turn (a queue must not hold a gigabyte). false:
	 * they are gone, and what needs them is not put. NULL: there are only the bytes that remote_put_blobs is given. */
	bool (*read_blob)(void *ctx, const struct remote_blob *blob, struct buf *out);
	void (*problem)(void *ctx, const struct err *err); /* NULL: nobody wants to know */
	void *ctx;
};

/* Fails for what can be said without the network (files of `tls`). The server is spoken to when the first request needs
 * it. */
int remote_cache_open(const struct remote_cache_config *config, struct remote_cache **ret, struct err *err) MUST_CHECK;
/* Everything under way is answered as REMOTE_FAILED, uploads are dropped. Accepts NULL. */
void remote_cache_close(struct remote_cache *cache);

/* ---- reading ---- */

/* REMOTE_FOUND: `record` is what was put under this key, by whoever may write to the cache; else it is empty. */
void remote_get_record(struct remote_cache *cache, const struct digest *key,
		       void (*done)(void *ctx, enum remote_answer answer, struct span record), void *ctx);

/* One call of `each` for each blob, in any order. REMOTE_FOUND: `bytes` are those of the digest. Wrong bytes are
 * counted as corrupt, told through `problem`, and REMOTE_MISSING. */
void remote_get_blobs(struct remote_cache *cache, const struct remote_blob *blobs, uint32_t count,
		      void (*each)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes), void *ctx);

/* Which of these does the server not have? `missing` has one byte for each, 0 or 1; NULL unless REMOTE_FOUND. */
void remote_find_missing(struct remote_cache *cache, const struct remote_blob *blobs, uint32_t count,
			 void (*done)(void *ctx, enum remote_answer answer, const unsigned char *missing), void *ctx);

/* ---- writing ---- */

/* A record, after all blobs that it names. Nothing happens when uploads are not allowed. In the background: nobody is
 * told how it went, but in the counters. */
void remote_put(struct remote_cache *cache, const struct digest *key, struct span record,
		const struct remote_blob *blobs, uint32_t count);

/* Sees to it that the server has these blobs, whatever the policy for uploads (an action's inputs have to be there).
 * bytes[i] is copied; where its `data` is NULL, or `bytes` is, read_blob is asked. REMOTE_FOUND: all are there;
 * REMOTE_MISSING: read_blob did not have one, or it is too large; REMOTE_FAILED. */
void remote_put_blobs(struct remote_cache *cache, const struct remote_blob *blobs, const struct span *bytes,
		      uint32_t count, void (*done)(void *ctx, enum remote_answer answer), void *ctx);

/* What was put is there: a server that has lost it (an executor said so) is asked again from now on. */
void remote_forget_sent(struct remote_cache *cache);

/* Runs the loop until everything that was put has gone, or for at most `budget_ns`; what is left then is dropped and
 * counted, and nothing more can be put. Fails as loop_run_once does. */
int remote_cache_finish(struct remote_cache *cache, int64_t budget_ns, struct err *err) MUST_CHECK;

/* ---- what it did ---- */

struct remote_counters {
	uint64_t records_asked, records_found, records_sent;
	uint64_t blobs_asked, blobs_found, blobs_sent; /* each blob that travelled, once */
	uint64_t blobs_there;                          /* to be sent, but the server had them */
	uint64_t bytes_received, bytes_sent;           /* on the wire, before TLS, with everything around them */
	uint64_t calls;                                /* round trips: of gRPC or HTTP */
	int64_t waited_ns;                             /* with at least one call under way, whoever waits for it */
	uint64_t corrupt;                              /* blobs with wrong bytes, and answers that do not parse */
	uint64_t failed;                               /* calls that were given up */
	uint64_t dropped;                              /* records and groups of blobs that were not put after all */
};

struct remote_counters remote_cache_counters(const struct remote_cache *cache);
/* No more calls are made: too much went wrong. */
bool remote_cache_is_given_up(const struct remote_cache *cache);
/* From the caller, who has lost patience for reasons of its own (the cache costs more than it gives): what is under way
 * is REMOTE_FAILED soon, and so is everything else. `why` is a sentence for `problem`, without the address. */
void remote_cache_give_up(struct remote_cache *cache, const char *why);

#endif
