/* A cache that is files behind an HTTP server: GET, PUT and HEAD of /ac/HASH and /cas/HASH, each on its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/xalloc.h"
#include "net/http.h"
#include "remote/cache_internal.h"

enum {
	CONNECTIONS = 16,
	FIND_COUNT = 64,                  /* questions for one group */
	FIND_FROM = 16 * 1024,            /* smaller ones are sent as soon as they would be asked for */
	SENDS = 8,                        /* half of the connections: sending must not keep fetching from its turn */
	RECORD_LIMIT = 64 * 1024 * 1024,
	ANSWER_LIMIT = 64 * 1024,         /* what a server says to a PUT, or about what it does not have */
};

static const struct span NOTHING = { "", 0 };

struct http_cache {
	struct remote_kind kind;
	struct loop *loop;
	struct http_client *client;
	struct remote_health *health;
	enum remote_upload_policy upload;
	int64_t timeout_ns;
	struct list waiting, active;
	bool closing;
};

/* ---- one request, tried again ---- */

struct http_call {
	struct list_item item; /* first */
	struct http_cache *cache;
	enum http_method method;
	char path[4 + DIGEST_HEX_SIZE + 1]; /* "cas/HASH" */
	struct span body;                   /* the caller's */
	struct buf own;                     /* its bytes, if nobody else keeps them */
	size_t limit;
	uint64_t bytes; /* that are to travel either way */
	struct backoff backoff;
	int64_t started_ns;
	struct http_request *request; /* NULL between tries */
	uint32_t timer;
	void (*done)(void *ctx, int status, struct span body);
	void *ctx;
};

static void start_waiting(struct http_cache *h);
static void start_try(struct http_call *c);

static void call_is_over(struct http_call *c, int status, struct span body)
{
	list_remove(&c->item);
	c->done(c->ctx, status, body);
	buf_release(&c->own);
	free(c);
}

static void next_try_is_due(struct loop *loop, void *ctx)
{
	(void)loop;
	struct http_call *c = ctx;
	c->timer = 0;
	start_try(c);
}

static const char *const method_names[] = { [HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD", [HTTP_PUT] = "PUT" };

static void tell_failure(struct http_call *c, int status, const char *text)
{
	struct buf what = BUF_INIT, reason = BUF_INIT;
	buf_addf(&what, "%s of %.*s", method_names[c->method], (int)strcspn(c->path, "/"), c->path);
	if (status)
		buf_addf(&reason, "it answers with HTTP status %d%s", status,
			 status == 401 || status == 403 ? ": the credentials do not allow it" : "");
	else
		buf_add_str(&reason, text);
	remote_health_failed(c->cache->health, what.data, reason.data);
	buf_release(&what);
	buf_release(&reason);
}

static bool may_not_write(int status)
{
	return status == 401 || status == 403 || status == 405 || status == 501;
}

static bool has_no_room(int status)
{
	return status == 507;
}

static bool is_answer(const struct http_call *c, int status)
{
	return patience_of_http(status) == PATIENCE_ANSWER ||
	       (c->method == HTTP_PUT && (may_not_write(status) || has_no_room(status)));
}

static void try_ended(void *ctx, int status, struct span body, const char *text)
{
	struct http_call *c = ctx;
	struct http_cache *h = c->cache;
	c->request = NULL;
	remote_health_waits_no(h->health);
	if (h->closing) {
		call_is_over(c, 0, NOTHING);
		return;
	}
	if (is_answer(c, status)) {
		remote_health_ok(h->health);
		call_is_over(c, status, body);
		start_waiting(h);
		return;
	}
	int64_t pause_ns = remote_health_again(h->health, patience_of_http(status), &c->backoff, c->started_ns);
	if (pause_ns >= 0) {
		c->timer = loop_add_timer(h->loop, pause_ns, next_try_is_due, c);
		return;
	}
	tell_failure(c, status, text);
	call_is_over(c, 0, NOTHING);
	start_waiting(h);
}

static void start_try(struct http_call *c)
{
	struct http_cache *h = c->cache;
	if (remote_health_gave_up(h->health)) {
		call_is_over(c, 0, NOTHING);
		return;
	}
	struct buf body = BUF_INIT;
	buf_add_span(&body, c->body);
	c->started_ns = clock_monotonic_ns(loop_clock(h->loop));
	remote_health_waits(h->health);
	struct buf *sent = c->method == HTTP_PUT ? &body : NULL;
	const struct http_events events = { try_ended, c };
	int64_t timeout_ns = remote_timeout_ns(h->timeout_ns, c->bytes);
	c->request = http_start(h->client, c->method, c->path, sent, c->limit, timeout_ns, &events);
	buf_release(&body);
}

static void start_waiting(struct http_cache *h)
{
	while (h->waiting.first && h->active.count < CONNECTIONS && !h->closing) {
		struct http_call *c = (struct http_call *)h->waiting.first;
		list_append(&h->active, &c->item);
		start_try(c);
	}
}

/* The server was given up: requests under way are cancelled, the others end when it is their turn, which is now. */
static void end_all(void *ctx)
{
	struct http_cache *h = ctx;
	for (struct list_item *item = h->active.first; item; item = item->after) {
		struct http_call *c = (struct http_call *)item;
		if (c->request)
			http_cancel(c->request);
		if (!c->timer)
			continue;
		loop_cancel_timer(h->loop, c->timer);
		c->timer = loop_add_timer(h->loop, 0, next_try_is_due, c);
	}
}

static uint64_t moved_bytes(void *ctx)
{
	struct http_cache *h = ctx;
	return http_traffic(h->client).moved;
}

static struct http_call *call_new(struct http_cache *h, enum http_method method, const char *where,
				  const struct digest *name, void (*done)(void *ctx, int status, struct span body),
				  void *ctx)
{
	struct http_call *c = xcalloc(1, sizeof *c);
	char hex[DIGEST_HEX_SIZE + 1];
	digest_hex(name, hex);
	c->cache = h;
	c->method = method;
	snprintf(c->path, sizeof c->path, "%s/%s", where, hex);
	c->limit = ANSWER_LIMIT;
	c->done = done;
	c->ctx = ctx;
	return c;
}

static void call_start(struct http_call *c)
{
	list_append(&c->cache->waiting, &c->item);
	start_waiting(c->cache);
}

/* ---- what answers mean ---- */

static enum remote_answer read_answer(int status)
{
	return status >= 200 && status < 300 ? REMOTE_FOUND : status == 0 ? REMOTE_FAILED : REMOTE_MISSING;
}

/* After a refusal nothing is written any more. That this client may not is a problem only if the user wants to. */
static enum remote_answer write_answer(struct http_cache *h, int status)
{
	bool full = has_no_room(status);
	if (!full && !may_not_write(status))
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
	struct http_call *c = call_new((struct http_cache *)kind, HTTP_GET, "ac", key, record_came, r);
	c->limit = RECORD_LIMIT;
	call_start(c);
}

struct record_put {
	struct http_cache *cache;
	void (*done)(void *ctx, enum remote_answer answer);
	void *ctx;
};

static void record_was_put(void *ctx, int status, struct span body)
{
	(void)body;
	struct record_put *r = ctx;
	r->done(r->ctx, write_answer(r->cache, status));
	free(r);
}

static void http_put_record(struct remote_kind *kind, const struct digest *key, struct span result,
			    void (*done)(void *ctx, enum remote_answer answer), void *ctx)
{
	struct record_put *r = xmalloc(sizeof *r);
	*r = (struct record_put){ (struct http_cache *)kind, done, ctx };
	struct http_call *c = call_new(r->cache, HTTP_PUT, "ac", key, record_was_put, r);
	buf_add_span(&c->own, result);
	c->body = buf_span(&c->own);
	call_start(c);
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
		call_start(call_new(h, HTTP_HEAD, "cas", &blobs[i].digest, was_found, one));
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
		struct http_call *c = call_new(h, HTTP_GET, "cas", &blobs[i].digest, was_fetched, one);
		c->bytes = blobs[i].size;
		c->limit = blobs[i].size + ANSWER_LIMIT; /* what is longer than it should be, its digest tells */
		call_start(c);
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
		struct http_call *c = call_new(h, HTTP_PUT, "cas", &blobs[i].digest, was_sent, one);
		c->body = bytes[i];
		c->bytes = blobs[i].size;
		call_start(c);
	}
}

/* ---- the kind ---- */

static void http_count(const struct remote_kind *kind, struct remote_counters *counters)
{
	struct http_traffic traffic = http_traffic(((const struct http_cache *)kind)->client);
	counters->bytes_sent += traffic.sent;
	counters->bytes_received += traffic.received;
	counters->calls += traffic.requests;
}

static void http_close_kind(struct remote_kind *kind)
{
	struct http_cache *h = (struct http_cache *)kind;
	h->closing = true;
	remote_health_unwatch(h->health);
	http_close(h->client);
	while (h->active.first) { /* between two tries */
		struct http_call *c = (struct http_call *)h->active.first;
		loop_cancel_timer(h->loop, c->timer);
		call_is_over(c, 0, NOTHING);
	}
	while (h->waiting.first)
		call_is_over((struct http_call *)h->waiting.first, 0, NOTHING);
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
					  .max_connections = CONNECTIONS };
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
		.loop = config->loop,
		.client = client,
		.health = health,
		.upload = config->upload,
		.timeout_ns = config->timeout_ns ? config->timeout_ns : REMOTE_TIMEOUT_NS,
	};
	int64_t patience_ns = config->patience_ns ? config->patience_ns : REMOTE_PATIENCE_NS;
	remote_health_watch(health, patience_ns, moved_bytes, end_all, h);
	*ret = &h->kind;
	return 0;
}
