#include "remote/grpc_call.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum { CALLS_UNDER_WAY = 96 }; /* below the 100 streams that servers usually allow */

struct grpc_call {
	struct grpc_calls *calls;
	struct grpc_call *prev, *next; /* under way, or waiting for their next try */
	struct grpc_job job;
	struct buf request, response;
	bool has_response;
	bool stopped; /* by the job, which has heard enough */
	unsigned tries;
	struct backoff backoff;
	struct rpc_call *rpc; /* NULL between tries */
	uint32_t timer;       /* for the next try; 0: none */
	int64_t started_ns;   /* this try */
};

struct grpc_calls {
	struct loop *loop;
	struct grpc_transport transport;
	struct remote_health *health;
	int64_t timeout_ns;
	struct grpc_call *active;          /* at most CALLS_UNDER_WAY */
	unsigned active_count;
	struct grpc_call *first, **last;   /* wait for their turn */
	bool closing;
};

static const struct span NOTHING = { "", 0 };

static void start_try(struct grpc_call *c);
static void next_try_is_due(struct loop *loop, void *ctx);
static void start_waiting(struct grpc_calls *calls);

/* ---- the transport that is not a test's ---- */

static struct rpc_call *channel_start(void *ctx, const char *method, int64_t timeout_ns, struct buf *request,
				      const struct rpc_events *events)
{
	if (!events->next)
		return rpc_ask(ctx, method, timeout_ns, request, events);
	buf_release(request);
	return rpc_start(ctx, method, timeout_ns, events);
}

static void channel_cancel(void *ctx, struct rpc_call *call)
{
	(void)ctx;
	rpc_cancel(call);
}

static void channel_close(void *ctx)
{
	rpc_close(ctx);
}

static struct rpc_traffic channel_traffic(void *ctx)
{
	return rpc_traffic(ctx);
}

struct grpc_transport grpc_transport_of(struct rpc_channel *channel)
{
	return (struct grpc_transport){ channel_start, channel_cancel, channel_close, channel_traffic, channel };
}

/* ---- one call ---- */

static void call_free(struct grpc_call *c)
{
	buf_release(&c->request);
	buf_release(&c->response);
	free(c);
}

static void call_is_over(struct grpc_call *c, enum rpc_status status, const char *text)
{
	struct grpc_calls *calls = c->calls;
	if (c->prev)
		c->prev->next = c->next;
	else
		calls->active = c->next;
	if (c->next)
		c->next->prev = c->prev;
	calls->active_count--;
	c->job.done(c->job.ctx, status, status == RPC_OK && c->has_response ? buf_span(&c->response) : NOTHING, text);
	call_free(c);
}

/* The server was given up: those under way are cancelled, the others end when it is their turn, which is now. */
static void end_all(void *ctx)
{
	struct grpc_calls *calls = ctx;
	for (struct grpc_call *c = calls->active; c; c = c->next) {
		if (c->rpc)
			calls->transport.cancel(calls->transport.ctx, c->rpc);
		if (!c->timer)
			continue;
		loop_cancel_timer(calls->loop, c->timer);
		c->timer = loop_add_timer(calls->loop, 0, next_try_is_due, c);
	}
}

static uint64_t moved_bytes(void *ctx)
{
	struct rpc_traffic traffic = grpc_calls_traffic(ctx);
	return traffic.sent + traffic.received;
}

static int try_next(void *ctx, struct span *ret)
{
	struct grpc_call *c = ctx;
	return c->job.next(c->job.ctx, ret);
}

static void try_rewind(void *ctx)
{
	struct grpc_call *c = ctx;
	if (c->job.restart)
		c->job.restart(c->job.ctx);
}

static int try_message(void *ctx, struct span message)
{
	struct grpc_call *c = ctx;
	if (c->job.message) {
		c->stopped = c->job.message(c->job.ctx, message) != 0;
		return c->stopped ? -1 : 0;
	}
	if (c->has_response)
		return -1; /* a second one, where one is due */
	c->has_response = true;
	buf_add_span(&c->response, message);
	return 0;
}

static void next_try_is_due(struct loop *loop, void *ctx)
{
	(void)loop;
	struct grpc_call *c = ctx;
	c->timer = 0;
	start_try(c);
}

static bool is_answer(const struct grpc_call *c, enum rpc_status status)
{
	/* a server that is shut down cancels calls too, and that is no answer */
	if (c->stopped)
		return true;
	if (status == RPC_OK)
		return c->job.message || c->has_response;
	return (unsigned)status < 32 && (c->job.answers & GRPC_ANSWER(status));
}

static void try_ended(void *ctx, enum rpc_status status, const char *text)
{
	struct grpc_call *c = ctx;
	struct grpc_calls *calls = c->calls;
	c->rpc = NULL;
	remote_health_waits_no(calls->health);
	if (calls->closing) {
		call_is_over(c, RPC_CANCELLED, "the cache is being closed");
		return;
	}
	if (is_answer(c, status)) {
		remote_health_ok(calls->health);
		call_is_over(c, status, text);
		start_waiting(calls);
		return;
	}
	status = status == RPC_OK ? RPC_INTERNAL : status;
	int64_t pause_ns = remote_health_again(calls->health, patience_of_status(status), &c->backoff, c->started_ns);
	if (pause_ns >= 0) {
		c->timer = loop_add_timer(calls->loop, pause_ns, next_try_is_due, c);
		return;
	}
	remote_health_failed(calls->health, c->job.method, *text ? text : rpc_status_name(status));
	call_is_over(c, status, text);
	start_waiting(calls);
}

static void start_try(struct grpc_call *c)
{
	struct grpc_calls *calls = c->calls;
	struct rpc_events events = { c->job.next ? try_next : NULL, c->job.restart ? try_rewind : NULL, try_message,
				     try_ended, c };
	if (remote_health_gave_up(calls->health)) {
		call_is_over(c, RPC_UNAVAILABLE, "the server was given up");
		return;
	}
	if (c->tries++ && c->job.restart)
		c->job.restart(c->job.ctx);
	c->has_response = c->stopped = false;
	buf_reset(&c->response);
	struct buf request = BUF_INIT;
	if (!c->job.next)
		buf_add_span(&request, buf_span(&c->request));
	c->started_ns = clock_monotonic_ns(loop_clock(calls->loop));
	remote_health_waits(calls->health);
	int64_t timeout_ns = remote_timeout_ns(calls->timeout_ns, c->job.bytes);
	c->rpc = calls->transport.start(calls->transport.ctx, c->job.method, timeout_ns, &request, &events);
	buf_release(&request);
}

/* ---- all of them ---- */

static void start_waiting(struct grpc_calls *calls)
{
	while (calls->first && calls->active_count < CALLS_UNDER_WAY && !calls->closing) {
		struct grpc_call *c = calls->first;
		calls->first = c->next;
		if (!calls->first)
			calls->last = &calls->first;
		c->next = calls->active;
		if (c->next)
			c->next->prev = c;
		calls->active = c;
		calls->active_count++;
		start_try(c);
	}
}

void grpc_ask(struct grpc_calls *calls, const struct grpc_job *job, struct buf *request)
{
	struct grpc_call *c = xcalloc(1, sizeof *c);
	c->calls = calls;
	c->job = *job;
	c->request = *request;
	*request = (struct buf)BUF_INIT;
	*calls->last = c;
	calls->last = &c->next;
	start_waiting(calls);
}

struct grpc_calls *grpc_calls_new(struct loop *loop, const struct grpc_transport *transport,
				  struct remote_health *health, int64_t timeout_ns, int64_t patience_ns)
{
	struct grpc_calls *calls = xcalloc(1, sizeof *calls);
	calls->loop = loop;
	calls->transport = *transport;
	calls->health = health;
	calls->timeout_ns = timeout_ns;
	calls->last = &calls->first;
	if (patience_ns)
		remote_health_watch(health, patience_ns, moved_bytes, end_all, calls);
	return calls;
}

void grpc_calls_free(struct grpc_calls *calls)
{
	calls->closing = true;
	remote_health_unwatch(calls->health);
	calls->transport.close(calls->transport.ctx);
	while (calls->active) { /* between two tries */
		loop_cancel_timer(calls->loop, calls->active->timer);
		call_is_over(calls->active, RPC_CANCELLED, "the cache is being closed");
	}
	while (calls->first) {
		struct grpc_call *c = calls->first;
		calls->first = c->next;
		c->job.done(c->job.ctx, RPC_CANCELLED, NOTHING, "the cache is being closed");
		call_free(c);
	}
	free(calls);
}

struct rpc_traffic grpc_calls_traffic(const struct grpc_calls *calls)
{
	return calls->transport.traffic(calls->transport.ctx);
}
