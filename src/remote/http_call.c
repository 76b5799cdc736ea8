#include "remote/http_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/xalloc.h"

static const struct span NOTHING = { "", 0 };

struct http_call {
	struct list_item item; /* first */
	struct http_calls *calls;
	struct http_job job;
	char path[4 + DIGEST_HEX_SIZE + 1]; /* "cas/HASH" */
	struct backoff backoff;
	int64_t started_ns;
	struct http_request *request; /* NULL between tries */
	uint32_t timer;
};

struct http_calls {
	struct loop *loop;
	struct http_client *client;
	struct remote_health *health;
	int64_t timeout_ns;
	struct list waiting, active;
	bool closing;
};

static void start_waiting(struct http_calls *h);
static void start_try(struct http_call *c);

static void call_is_over(struct http_call *c, int status, struct span body)
{
	list_remove(&c->item);
	c->job.done(c->job.ctx, status, body);
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
	buf_addf(&what, "%s of %.*s", method_names[c->job.method], (int)strcspn(c->path, "/"), c->path);
	if (status)
		buf_addf(&reason, "it answers with HTTP status %d%s", status,
			 status == 401 || status == 403 ? ": the credentials do not allow it" : "");
	else
		buf_add_str(&reason, text);
	remote_health_failed(c->calls->health, what.data, reason.data);
	buf_release(&what);
	buf_release(&reason);
}

bool http_may_not_write(int status)
{
	return status == 401 || status == 403 || status == 405 || status == 501;
}

bool http_has_no_room(int status)
{
	return status == 507;
}

static bool is_answer(const struct http_call *c, int status)
{
	return patience_of_http(status) == PATIENCE_ANSWER ||
	       (c->job.method == HTTP_PUT && (http_may_not_write(status) || http_has_no_room(status)));
}

static void try_ended(void *ctx, int status, struct span body, const char *text)
{
	struct http_call *c = ctx;
	struct http_calls *h = c->calls;
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
	struct http_calls *h = c->calls;
	if (remote_health_gave_up(h->health)) {
		call_is_over(c, 0, NOTHING);
		return;
	}
	struct buf body = BUF_INIT;
	buf_add_span(&body, c->job.body);
	c->started_ns = clock_monotonic_ns(loop_clock(h->loop));
	remote_health_waits(h->health);
	struct buf *sent = c->job.method == HTTP_PUT ? &body : NULL;
	const struct http_events events = { try_ended, c };
	int64_t timeout_ns = remote_timeout_ns(h->timeout_ns, c->job.bytes);
	c->request = http_start(h->client, c->job.method, c->path, sent, c->job.limit, timeout_ns, &events);
	buf_release(&body);
}

static void start_waiting(struct http_calls *h)
{
	while (h->waiting.first && h->active.count < HTTP_CONNECTIONS && !h->closing) {
		struct http_call *c = (struct http_call *)h->waiting.first;
		list_append(&h->active, &c->item);
		start_try(c);
	}
}

/* The server was given up: requests under way are cancelled, the others end when it is their turn, which is now. */
static void end_all(void *ctx)
{
	struct http_calls *h = ctx;
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
	struct http_calls *h = ctx;
	return http_traffic(h->client).moved;
}

void http_ask(struct http_calls *calls, const struct http_job *job)
{
	struct http_call *c = xcalloc(1, sizeof *c);
	char hex[DIGEST_HEX_SIZE + 1];
	digest_hex(job->name, hex);
	c->calls = calls;
	c->job = *job;
	snprintf(c->path, sizeof c->path, "%s/%s", job->where, hex);
	list_append(&calls->waiting, &c->item);
	start_waiting(calls);
}

/* ---- all of them ---- */

struct http_calls *http_calls_new(struct loop *loop, struct http_client *client, struct remote_health *health,
				  int64_t timeout_ns, int64_t patience_ns)
{
	struct http_calls *calls = xcalloc(1, sizeof *calls);
	*calls = (struct http_calls){ .loop = loop, .client = client, .health = health, .timeout_ns = timeout_ns };
	remote_health_watch(health, patience_ns, moved_bytes, end_all, calls);
	return calls;
}

void http_calls_free(struct http_calls *calls)
{
	calls->closing = true;
	remote_health_unwatch(calls->health);
	http_close(calls->client);
	while (calls->active.first) { /* between two tries */
		struct http_call *c = (struct http_call *)calls->active.first;
		loop_cancel_timer(calls->loop, c->timer);
		call_is_over(c, 0, NOTHING);
	}
	while (calls->waiting.first)
		call_is_over((struct http_call *)calls->waiting.first, 0, NOTHING);
	free(calls);
}

struct http_traffic http_calls_traffic(const struct http_calls *calls)
{
	return http_traffic(calls->client);
}
