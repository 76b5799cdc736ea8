/* A cache that is files behind an HTTP server: GET, PUT and HEAD of /ac/HASH and /cas/HASH, each on its own. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "remote/cache_internal.h"
#include "remote/http_call.h"

enum {
	FIND_COUNT = 64,                  /* questions for one group */
	FIND_FROM = 16 * 1024,            /* smaller ones are sent as soon as they would be asked for */
	SENDS = 8,                        /* half of the connections: sending must not keep fetching from its turn */
	RECORD_LIMIT = 64 * 1024 * 1024,
	ANSWER_LIMIT = 64 * 1024,         /* what a server says to a PUT, or about what it does not have */
};

static const struct span NOTHING = { "", 0 };

struct http_cache {
	struct remote_kind kind;
	struct http_calls *calls;
	struct remote_health *health;
	enum remote_upload_policy upload;
};

/* ---- what answers mean ---- */

static enum remote_answer read_answer(int status)
{
	return status >= 200 && status < 300 ? REMOTE_FOUND : status == 0 ? REMOTE_FAILED : REMOTE_MISSING;
}

/* After a refusal nothing is written any more. That this client may not is a problem only if the user wants to. */
static enum remote_answer write_answer(struct http_cache *h, int status)
{
	bool full = http_has_no_room(status);
	if (!full && !http_may_not_write(status))
		return read_answer(status);
	if (h->kind.limits.may_put && (full || h->upload == REMOTE_UPLOAD_YES))
		remote_health_failed(h->health, "PUT", full ? "the server has no room (HTTP status 507)" :
				     "the server does not let this client write: give it credentials that may, or do not ask "
				     "for uploads");
	h->kind.limits.may_put = false;
	return full ? REMOTE_FAILED : REMOTE_MISSING;
}

/* ---- records ---- */

static void http_start_kind(struct remote_kind *kind, void (*ready)(void *ctx, enum remote_answer answer), void *ctx)
{
	(void)kind;
	ready(ctx, REMOTE_FOUND); /* there is nothing to ask */
}

struct record_get {
	void (*done)(void *ctx, enum remote_answer answer, struct span result);
	void *ctx;
};

static void record_came(void *ctx, int status, struct span body)
{
	struct record_get *r = ctx;
	enum remote_answer answer = read_answer(status);
	r->done(r->ctx, answer, answer == REMOTE_FOUND ? body : NOTHING);
	free(r);
}

static void http_get_record(struct remote_kind *kind, const struct digest *key,
			    void (*done)(void *ctx, enum remote_answer answer, struct span result), void *ctx)
{
	struct record_get *r = xmalloc(sizeof *r);
	*r = (struct record_get){ done, ctx };
	http_ask(((struct http_cache *)kind)->calls, &(struct http_job){ .method = HTTP_GET, .where = "ac", .name = key,
									.limit = RECORD_LIMIT, .done = record_came,
									.ctx = r });
}

struct record_put {
	struct http_cache *cache;
	struct buf result;
	void (*done)(void *ctx, enum remote_answer answer);
	void *ctx;
};

static void record_was_put(void *ctx, int status, struct span body)
{
	(void)body;
	struct record_put *r = ctx;
	r->done(r->ctx, write_answer(r->cache, status));
	buf_release(&r->result);
	free(r);
}

static void http_put_record(struct remote_kind *kind, const struct digest *key, struct span result,
			    void (*done)(void *ctx, enum remote_answer answer), void *ctx)
{
	struct record_put *r = xmalloc(sizeof *r);
	*r = (struct record_put){ (struct http_cache *)kind, BUF_INIT, done, ctx };
	buf_add_span(&r->result, result);
	http_ask(r->cache->calls, &(struct http_job){ .method = HTTP_PUT, .where = "ac", .name = key,
						      .body = buf_span(&r->result), .limit = ANSWER_LIMIT,
						      .done = record_was_put, .ctx = r });
}

/* ---- blobs ---- */

/* One of several that were asked for together. */
struct one {
	struct http_cache *cache;
	uint32_t index;
	struct group *group; /* of find */
	void (*fetched)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes);
	void (*sent)(void *ctx, uint32_t index, enum remote_answer answer);
	void *ctx;
};

struct group {
	uint32_t left;
	bool failed;
	unsigned char missing[FIND_COUNT];
	void (*done)(void *ctx, enum remote_answer answer, const unsigned char *missing);
	void *ctx;
};

static void was_found(void *ctx, int status, struct span body)
{
	(void)body;
	struct one *one = ctx;
	struct group *group = one->group;
	group->failed |= read_answer(status) == REMOTE_FAILED;
	group->missing[one->index] = read_answer(status) == REMOTE_MISSING;
	free(one);
	if (--group->left)
		return;
	group->done(group->ctx, group->failed ? REMOTE_FAILED : REMOTE_FOUND, group->failed ? NULL : group->missing);
	free(group);
}

static void http_find(struct remote_kind *kind, const struct remote_blob *blobs, uint32_t count,
		      void (*done)(void *ctx, enum remote_answer answer, const unsigned char *missing), void *ctx)
{
	struct http_cache *h = (struct http_cache *)kind;
	struct group *group = xcalloc(1, sizeof *group);
	*group = (struct group){ .left = count, .done = done, .ctx = ctx };
	for (uint32_t i = 0; i < count; i++) {
		struct one *one = xmalloc(sizeof *one);
		*one = (struct one){ .cache = h, .index = i, .group = group };
		http_ask(h->calls, &(struct http_job){ .method = HTTP_HEAD, .where = "cas", .name = &blobs[i].digest,
						       .limit = ANSWER_LIMIT, .done = was_found, .ctx = one });
	}
}

static void was_fetched(void *ctx, int status, struct span body)
{
	struct one *one = ctx;
	enum remote_answer answer = read_answer(status);
	one->fetched(one->ctx, one->index, answer, answer == REMOTE_FOUND ? body : NOTHING);
	free(one);
}

static void http_fetch(struct remote_kind *kind, const struct remote_blob *blobs, uint32_t count,
		       void (*each)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes), void *ctx)
{
	struct http_cache *h = (struct http_cache *)kind;
	for (uint32_t i = 0; i < count; i++) {
		struct one *one = xmalloc(sizeof *one);
		*one = (struct one){ .cache = h, .index = i, .fetched = each, .ctx = ctx };
		/* what is a little longer than it should be, its digest tells */
		http_ask(h->calls, &(struct http_job){ .method = HTTP_GET, .where = "cas", .name = &blobs[i].digest,
						       .limit = blobs[i].size + ANSWER_LIMIT, .bytes = blobs[i].size,
						       .done = was_fetched, .ctx = one });
	}
}

static void was_sent(void *ctx, int status, struct span body)
{
	(void)body;
	struct one *one = ctx;
	one->sent(one->ctx, one->index, write_answer(one->cache, status));
	free(one);
}

static void http_send(struct remote_kind *kind, const struct remote_blob *blobs, const struct span *bytes,
		      uint32_t count, void (*each)(void *ctx, uint32_t index, enum remote_answer answer), void *ctx)
{
	struct http_cache *h = (struct http_cache *)kind;
	for (uint32_t i = 0; i < count; i++) {
		struct one *one = xmalloc(sizeof *one);
		*one = (struct one){ .cache = h, .index = i, .sent = each, .ctx = ctx };
		http_ask(h->calls, &(struct http_job){ .method = HTTP_PUT, .where = "cas", .name = &blobs[i].digest,
						       .body = bytes[i], .limit = ANSWER_LIMIT, .bytes = blobs[i].size,
						       .done = was_sent, .ctx = one });
	}
}

/* ---- the kind ---- */

static void http_count(const struct remote_kind *kind, struct remote_counters *counters)
{
	struct http_traffic traffic = http_calls_traffic(((const struct http_cache *)kind)->calls);
	counters->bytes_sent += traffic.sent;
	counters->bytes_received += traffic.received;
	counters->calls += traffic.requests;
}

static void http_close_kind(struct remote_kind *kind)
{
	struct http_cache *h = (struct http_cache *)kind;
	http_calls_free(h->calls);
	free(h);
}

static const struct remote_kind_ops http_ops = {
	http_start_kind, http_get_record, http_put_record, http_find, http_fetch, http_send, http_count, http_close_kind,
};

int http_cache_open(const struct remote_cache_config *config, struct remote_health *health, struct remote_kind **ret,
		    struct err *err)
{
	struct http_client *client;
	const struct http_config http = { .loop = config->loop,
					  .address = config->address,
					  .tls = config->tls,
					  .credentials = config->credentials,
					  .max_connections = HTTP_CONNECTIONS };
	if (http_open(&http, &client, err) < 0)
		return -1;
	struct http_cache *h = xcalloc(1, sizeof *h);
	*h = (struct http_cache){
		.kind = { &http_ops,
			  { .batch_bytes = UINT64_MAX,
			    .batch_count = 1,
			    .find_count = FIND_COUNT,
			    .find_from = FIND_FROM,
			    .blob_bytes = UINT64_MAX,
			    .sends = SENDS,
			    .may_put = config->upload != REMOTE_UPLOAD_NO } },
		.calls = http_calls_new(config->loop, client, health,
					config->timeout_ns ? config->timeout_ns : REMOTE_TIMEOUT_NS,
					config->patience_ns ? config->patience_ns : REMOTE_PATIENCE_NS),
		.health = health,
		.upload = config->upload,
	};
	*ret = &h->kind;
	return 0;
}
