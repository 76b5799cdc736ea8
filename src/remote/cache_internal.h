/*
 * The seam between a cache (cache.c, fetch.c, put.c, send.c: what to ask for, together with what, who waits for it) and
 * its kinds (grpc_cache.c, http_cache.c: how it is asked). The first half knows no protocol, the second no queue. Tests
 * have a kind of their own, in memory.
 */
#ifndef SEPAL_REMOTE_CACHE_INTERNAL_H
#define SEPAL_REMOTE_CACHE_INTERNAL_H

#include "base/map.h"
#include "remote/cache.h"
#include "remote/health.h"

/* ---- a kind ---- */

struct remote_kind;

/*
 * All operations are asynchronous, but may call back before they return. Arrays are the caller's until the last
 * callback. REMOTE_FAILED was told to the cache's health before. `close` answers what is under way, and frees.
 */
struct remote_kind_ops {
	/* What can the server do? Sets `limits`. Called once, before all others but get_record. REMOTE_FAILED: nothing
	 * of it can be used. */
	void (*start)(struct remote_kind *kind, void (*ready)(void *ctx, enum remote_answer answer), void *ctx);
	/* `result` is an encoded ActionResult. */
	void (*get_record)(struct remote_kind *kind, const struct digest *key,
			   void (*done)(void *ctx, enum remote_answer answer, struct span result), void *ctx);
	void (*put_record)(struct remote_kind *kind, const struct digest *key, struct span result,
			   void (*done)(void *ctx, enum remote_answer answer), void *ctx);
	/* At most limits.find_count. `missing` as in remote_find_missing. */
	void (*find)(struct remote_kind *kind, const struct remote_blob *blobs, uint32_t count,
		     void (*done)(void *ctx, enum remote_answer answer, const unsigned char *missing), void *ctx);
	/* One blob of any size, or several that fit into limits.batch_*. `bytes` have the right length, not more. */
	void (*fetch)(struct remote_kind *kind, const struct remote_blob *blobs, uint32_t count,
		      void (*each)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes), void *ctx);
	/* The same for sending; the bytes are the caller's until the last callback. */
	void (*send)(struct remote_kind *kind, const struct remote_blob *blobs, const struct span *bytes, uint32_t count,
		     void (*each)(void *ctx, uint32_t index, enum remote_answer answer), void *ctx);
	/* Adds what went over the wire. */
	void (*count)(const struct remote_kind *kind, struct remote_counters *counters);
	void (*close)(struct remote_kind *kind);
};

struct remote_limits {
	uint64_t batch_bytes; /* of blobs in one fetch or send, REAPI_BLOB_OVERHEAD added for each */
	uint32_t batch_count;
	uint32_t find_count;
	uint64_t find_from;  /* smaller blobs are sent without asking whether they are there */
	uint64_t blob_bytes; /* larger blobs are refused */
	uint32_t sends;      /* under way at a time */
	bool may_put;        /* records may be written */
};

struct remote_kind {
	const struct remote_kind_ops *ops;
	struct remote_limits limits;
};

int grpc_cache_open(const struct remote_cache_config *config, struct remote_health *health, struct remote_kind **ret,
		    struct err *err) MUST_CHECK;
int http_cache_open(const struct remote_cache_config *config, struct remote_health *health, struct remote_kind **ret,
		    struct err *err) MUST_CHECK;
/* A cache over a kind that is there already, and taken over. `health` as well. For tests. */
struct remote_cache *remote_cache_over(const struct remote_cache_config *config, struct remote_kind *kind,
				       struct remote_health *health);

/* ---- the cache ---- */

/* Singly linked lists in order: what waits for the next round. */
struct record_request;
struct find_request;
struct put;

/* Who wants the bytes of a blob. */
struct waiter {
	struct waiter *next;
	void (*each)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes);
	void *ctx;
	uint32_t index;
};

/* A blob that was asked for once. It stays: asked for again, it is fetched again. */
struct want {
	struct remote_blob blob; /* the key in `wanted`: its 40 bytes */
	struct waiter *waiters;
	struct want *next; /* in the queue */
	bool queued;       /* or under way */
};

struct fetcher {
	struct map wanted;
	struct want **wants;
	size_t want_cap;
	struct want *first, **last;
	uint32_t under_way;
	uint64_t bytes_under_way;
};

enum sent_state {
	SENT_NOT,     /* nothing is known, or it failed */
	SENT_ASKING,  /* in the queue for find, or there */
	SENT_SENDING, /* in the queue for send, or there */
	SENT_THERE,
};

struct sent {
	struct remote_blob blob; /* the key in `known` */
	enum sent_state state;
	struct buf own;       /* its bytes, if they do not come from read_blob */
	bool has_own;
	struct sent *next;    /* in the queue of its state */
	struct put_link *puts; /* who waits for it */
};

struct sender {
	struct map known;
	struct sent **sents;
	size_t sent_cap;
	struct sent *first_ask, **last_ask, *first_send, **last_send;
	uint32_t finds, sends; /* under way */
	uint64_t bytes_under_way;
};

struct putter {
	struct sender sender;
	struct put *first_due, **last_due; /* whose blobs are there, or will not get there */
	uint32_t records;                  /* under way */
	uint64_t puts;                     /* that are not over */
	bool stopped;
};

enum cache_state { CACHE_IDLE, CACHE_STARTING, CACHE_READY, CACHE_REFUSED };

struct remote_cache {
	struct remote_cache_config config;
	struct remote_kind *kind;
	struct remote_health *health;
	enum cache_state state;
	bool closing;
	uint32_t timer; /* the next round; 0: nothing waits for one */
	struct record_request *first_record, **last_record;
	struct find_request *first_find, **last_find;
	struct fetcher fetcher;
	struct putter putter;
	struct remote_counters counters;
	struct arena arena; /* wants and sents */
};

/* There is work for the next round of the loop. */
void cache_wake(struct remote_cache *cache);
/* Requests go to the kind, or are failed: either way they do not wait. */
bool cache_is_ready(const struct remote_cache *cache);
bool cache_is_refused(const struct remote_cache *cache);

/* ---- fetch.c ---- */
void fetcher_init(struct fetcher *f);
void fetcher_release(struct fetcher *f);
/* As remote_get_blobs for one blob. */
void fetch_want(struct remote_cache *cache, const struct remote_blob *blob, uint32_t index,
		void (*each)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes), void *ctx);
void fetch_round(struct remote_cache *cache);

/* ---- send.c ---- */
void sender_init(struct sender *p);
void sender_release(struct sender *p);
/* `put` waits for this blob, if it is not known to be there. `own` are its bytes; NULL data: read_blob has them. */
void send_need(struct remote_cache *cache, struct put *put, const struct remote_blob *blob, struct span own);
void send_round(struct remote_cache *cache);
bool send_is_wanted(const struct sender *p); /* something waits for its turn */
void send_refuse(struct sender *p);          /* and fails */

/* ---- put.c ---- */
void putter_init(struct putter *p);
void putter_release(struct putter *p);
void put_waits_more(struct put *put);
/* One of its blobs is there (REMOTE_FOUND), or will not get there. */
void put_waits_less(struct put *put, enum remote_answer answer);
bool put_is_record(const struct put *put); /* else it is a group of blobs */
void put_round(struct remote_cache *cache);
/* Whatever waits is over. */
void put_drop(struct remote_cache *cache);

#endif
