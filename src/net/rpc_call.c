/* One call: its request as a stream's body, its messages and its end out of what the stream brings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "net/rpc_internal.h"

enum { HELD_MESSAGES = 4 }; /* as much as this many of the longest messages may be incomplete at a time */

struct rpc_call *call_first(const struct list *list)
{
	return (struct rpc_call *)list->first;
}

/* ---- the end ---- */

void call_end(struct rpc_call *call, enum rpc_status status, const char *fmt, ...)
{
	if (call->decided)
		return;
	va_list args;
	va_start(args, fmt);
	char text[GRPC_TEXT_LIMIT + 1];
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	call->decided = true;
	call->end = status;
	buf_add_str(&call->end_text, text);
	if (call->stream)
		h2_drop(call->connection->h2, call->stream, H2_CANCEL);
	call->stream = 0;
	call->connection = NULL;
	list_append(&call->channel->finished, &call->item);
	channel_kick(call->channel);
}

static void forget_answer(struct rpc_call *call)
{
	call->channel->held -= call->in.held.len;
	grpc_reader_release(&call->in);
	call->in.given = false;
	buf_reset(&call->text);
	call->http_status = 0;
	call->is_grpc = call->status_there = false;
	call->status = RPC_UNKNOWN;
}

void call_free(struct rpc_call *call)
{
	list_remove(&call->item);
	forget_answer(call);
	buf_release(&call->text);
	buf_release(&call->end_text);
	buf_release(&call->request);
	free(call);
}

/* Back into the queue, as its first: false when it cannot be. */
static bool send_again(struct rpc_call *call)
{
	struct rpc_channel *ch = call->channel;
	bool whole = !call->pulled || call->events.rewind || !call->events.next;
	if (call->heard || !whole || ch->closing)
		return false;
	if (call->pulled && call->events.rewind)
		call->events.rewind(call->events.ctx);
	forget_answer(call);
	call->pulled = call->out_there = call->out_ended = false;
	call->out_sent = 0;
	call->connection = NULL;
	ch->traffic.resent++;
	list_prepend(&ch->waiting, &call->item);
	channel_kick(ch);
	return true;
}

/* What the server said, or what its silence means. */
static void judge(struct rpc_call *call, enum h2_end end, uint32_t code)
{
	const char *name = call->channel->name;
	const struct rpc_connection *c = call->connection;
	if (call->status_there && call->status == RPC_OK && grpc_reader_is_inside(&call->in))
		call_end(call, RPC_INTERNAL, "%s: the answer ends inside a message", name);
	else if (call->status_there)
		call_end(call, call->status, "%s", call->text.data ? call->text.data : "");
	else if (end == H2_END_LOST || end == H2_END_UNSENT)
		call_end(call, RPC_UNAVAILABLE, "%s: %s", name,
			 c && err_is_set(&c->why) ? c->why.message : "the connection ended before the call did");
	else if (end == H2_END_HEADER_LIMIT)
		call_end(call, RPC_RESOURCE_EXHAUSTED, "%s: the answer has headers of more than %d bytes", name,
			 H2_HEADER_LIMIT);
	else if (call->http_status && (call->http_status != 200 || !call->is_grpc))
		call_end(call, grpc_status_of_http(call->http_status),
			 "%s: the answer is not one of gRPC (HTTP status %d); is this the right address, or does a proxy "
			 "answer?", name, call->http_status);
	else if (code != H2_NO_ERROR)
		call_end(call, grpc_status_of_reset(code), "%s: the server ended the call (%s)", name, h2_code_name(code));
	else
		call_end(call, RPC_UNKNOWN, "%s: the answer ended without a status", name);
}

/* Did the server surely not look at the call? */
static bool is_untouched(const struct rpc_call *call, enum h2_end end, uint32_t code)
{
	return end == H2_END_UNSENT || (end == H2_END_CLOSED && code == H2_REFUSED_STREAM && !call->http_status);
}

/* Might it be let in with other credentials? */
static bool is_worth_asking_again(const struct rpc_call *call)
{
	struct credentials *credentials = call->channel->credentials;
	return call->status_there && call->status == RPC_UNAUTHENTICATED && !call->asked_again && credentials &&
	       credentials_refused(credentials, call->generation);
}

static void on_closed(void *stream, enum h2_end end, uint32_t code)
{
	struct rpc_call *call = stream;
	if (end == H2_END_CLOSED && code == H2_REFUSED_STREAM)
		connection_refused(call->connection, call->stream);
	call->stream = 0;
	if (is_untouched(call, end, code) && call->resent < RPC_RESENDS && send_again(call)) {
		call->resent++;
		return;
	}
	if (is_worth_asking_again(call) && send_again(call)) {
		call->asked_again = true;
		return;
	}
	judge(call, end, code);
}

/* ---- what comes ---- */

static void on_header(void *stream, struct span name, struct span value)
{
	struct rpc_call *call = stream;
	connection_heard_of_call(call->connection);
	if (span_eq_str(name, ":status")) {
		connection_accepted(call->connection);
		call->http_status = value.len == 3 ? atoi((char[]){ value.data[0], value.data[1], value.data[2], 0 }) : -1;
	} else if (span_eq_str(name, "content-type")) {
		static const char type[] = "application/grpc";
		call->is_grpc = value.len >= sizeof type - 1 && memcmp(value.data, type, sizeof type - 1) == 0;
	} else if (span_eq_str(name, "grpc-status")) {
		call->status_there = true;
		call->status = grpc_status_parse(value);
	} else if (span_eq_str(name, "grpc-message")) {
		buf_reset(&call->text);
		grpc_message_decode(value, &call->text);
	}
}

static void take_piece(struct rpc_call *call, enum grpc_piece piece, struct span message)
{
	const char *name = call->channel->name;
	if (piece == GRPC_TOO_LONG)
		call_end(call, RPC_RESOURCE_EXHAUSTED, "%s: a message of the answer is longer than %zu bytes", name,
			 call->in.limit);
	else if (piece == GRPC_COMPRESSED)
		call_end(call, RPC_INTERNAL, "%s: a message of the answer is compressed, which nobody asked for", name);
	else if (piece == GRPC_MESSAGE) {
		call->heard = true;
		if (call->events.message && call->events.message(call->events.ctx, message))
			call_end(call, RPC_CANCELLED, "cancelled");
	}
}

static void on_data(void *stream, struct span bytes)
{
	struct rpc_call *call = stream;
	struct rpc_channel *ch = call->channel;
	connection_heard_of_call(call->connection);
	if (call->http_status != 200 || !call->is_grpc)
		return; /* a page for people; judge() says so */
	while (bytes.len && !call->decided) {
		struct span message = { 0 };
		size_t held = call->in.held.len;
		enum grpc_piece piece = grpc_reader_take(&call->in, &bytes, &message);
		ch->held += call->in.held.len - held;
		if (piece != GRPC_MORE)
			take_piece(call, piece, message);
		if (ch->held > HELD_MESSAGES * ch->message_limit)
			call_end(call, RPC_RESOURCE_EXHAUSTED, "%s: the messages of all answers together are too long",
				 ch->name);
	}
}

/* A status before the request is whole: the rest of it is of no use. */
static void on_end_of_answer(void *stream)
{
	struct rpc_call *call = stream;
	if (!call->out_ended && !call->decided)
		h2_reset(call->connection->h2, call->stream, H2_NO_ERROR);
}

/* ---- what goes ---- */

/* 1: there is a message to send, 0: there is none any more, -1: the call is cancelled. */
static int next_message(struct rpc_call *call)
{
	int rc;
	if (!call->events.next) {
		rc = !call->pulled;
		call->out = (struct span){ call->request.data ? call->request.data : "", call->request.len };
	} else {
		rc = call->events.next(call->events.ctx, &call->out);
	}
	call->pulled = call->pulled || rc > 0;
	call->out_there = rc > 0;
	call->out_sent = 0;
	if (rc > 0)
		grpc_prefix(call->out.len, call->prefix);
	return rc < 0 ? -1 : rc > 0;
}

static size_t copy_out(struct rpc_call *call, char *into, size_t room)
{
	size_t done = 0;
	while (done < room && call->out_sent < GRPC_PREFIX)
		into[done++] = (char)call->prefix[call->out_sent++];
	if (call->out_sent < GRPC_PREFIX)
		return done;
	size_t at = call->out_sent - GRPC_PREFIX, n = call->out.len - at;
	if (n > room - done)
		n = room - done;
	if (n)
		memcpy(into + done, call->out.data + at, n);
	call->out_sent += n;
	call->out_there = at + n < call->out.len;
	return done + n;
}

static long on_body(void *stream, char *into, size_t room, bool *ret_end)
{
	struct rpc_call *call = stream;
	size_t done = 0;
	while (done < room && !call->out_ended) {
		int rc = call->out_there ? 1 : next_message(call);
		if (rc < 0) {
			call_end(call, RPC_CANCELLED, "cancelled");
			return -1;
		}
		if (rc == 0)
			call->out_ended = true;
		else
			done += copy_out(call, into + done, room - done);
	}
	/* a message that ends here may have been the last: asking now spares a frame of its own for the end */
	*ret_end = call->out_ended;
	return (long)done;
}

const struct h2_stream_events rpc_stream_events = { on_header, on_data, on_end_of_answer, on_body, on_closed };

/* ---- the beginning ---- */

static void add(struct h2_header *list, size_t *count, const char *name, struct span value, bool secret)
{
	list[(*count)++] = (struct h2_header){ name, value, secret };
}

void call_begin(struct rpc_call *call, struct rpc_connection *c, const struct credentials_headers *headers)
{
	struct rpc_channel *ch = call->channel;
	struct h2_header list[16 + CREDENTIALS_MOST_HEADERS];
	size_t n = 0;
	char timeout[16];
	grpc_timeout(call->deadline_ns - clock_monotonic_ns(loop_clock(ch->loop)), timeout);
	add(list, &n, ":method", span_of("POST"), false);
	add(list, &n, ":scheme", span_of(ch->tls ? "https" : "http"), false);
	add(list, &n, ":path", span_of(call->method), false);
	add(list, &n, ":authority", span_of(ch->authority), false);
	add(list, &n, "te", span_of("trailers"), false);
	add(list, &n, "content-type", span_of("application/grpc"), false);
	add(list, &n, "user-agent", span_of("sepal/" SEPAL_VERSION), false);
	add(list, &n, "grpc-accept-encoding", span_of("identity"), false);
	add(list, &n, "grpc-timeout", span_of(timeout), false);
	if (ch->metadata.len)
		add(list, &n, "build.bazel.remote.execution.v2.requestmetadata-bin", buf_span(&ch->metadata), false);
	for (unsigned i = 0; i < headers->count; i++)
		add(list, &n, headers->items[i].name, span_of(headers->items[i].value), true);
	call->generation = headers->generation;
	call->connection = c;
	list_append(&c->calls, &call->item);
	call->stream = c->last_stream = h2_start(c->h2, list, n, call);
	if (!call->stream) {
		call->connection = NULL;
		call_end(call, RPC_UNAVAILABLE, "%s: no call can begin on this connection", ch->name);
	}
}
