/* The channel: calls that wait, calls that have ended, deadlines, and the connection of the moment. */
#include "net/rpc.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "net/rpc_internal.h"

#define OR_DEFAULT(value, otherwise) ((value) ? (value) : (otherwise))

static int64_t now_of(const struct rpc_channel *ch)
{
	return clock_monotonic_ns(loop_clock(ch->loop));
}

/* ---- what can begin begins, what has ended is told ---- */

void channel_fail_waiting(struct rpc_channel *ch, enum rpc_status status, const struct err *err)
{
	while (ch->waiting.count)
		call_end(call_first(&ch->waiting), status, "%s: %s", ch->name, err->message);
}

/* May calls begin as far as credentials are concerned? Fails them if there will be none. */
static bool get_headers(struct rpc_channel *ch, struct credentials_headers *ret)
{
	struct err err = ERR_INIT;
	enum credentials_answer answer = CREDENTIALS_READY;
	if (ch->credentials)
		answer = credentials_get(ch->credentials, ret, &err);
	if (answer == CREDENTIALS_FAILED) {
		channel_fail_waiting(ch, RPC_UNAUTHENTICATED, &err);
		err_release(&err);
	}
	return answer == CREDENTIALS_READY;
}

static unsigned calls_under_way(const struct rpc_channel *ch)
{
	unsigned n = 0;
	for (const struct rpc_connection *c = ch->connections; c; c = c->next)
		n += c->calls.count;
	return n;
}

/* Is another connection of any use to calls that wait? One that is on its way comes first. */
static bool wants_connection(const struct rpc_channel *ch)
{
	unsigned there = 0;
	for (const struct rpc_connection *c = ch->connections; c; c = c->next) {
		if (!connection_takes_calls(c))
			continue;
		if (!connection_is_full(c))
			return false;
		there++;
	}
	return there == 0 || (there < ch->max_connections && calls_under_way(ch) < ch->max_streams);
}

static void begin_calls(struct rpc_channel *ch)
{
	struct credentials_headers headers = { 0 };
	if (!ch->waiting.count || !get_headers(ch, &headers))
		return;
	unsigned free = ch->max_streams - calls_under_way(ch);
	for (struct rpc_connection *c = ch->connections; c; c = c->next) {
		unsigned room = connection_room(c);
		if (room && free && ch->waiting.count)
			connection_watch_over(c);
		for (; room && free && ch->waiting.count; room--, free--)
			call_begin(call_first(&ch->waiting), c, &headers);
	}
	if (ch->waiting.count && wants_connection(ch))
		connection_open(ch);
}

/* Where there is a connection already, it has to do for all. */
void channel_note_failure(struct rpc_channel *ch, const struct rpc_connection *failed, const struct err *err)
{
	unsigned there = 0;
	for (const struct rpc_connection *c = ch->connections; c; c = c->next)
		there += c != failed && connection_takes_calls(c);
	if (there)
		ch->max_connections = there;
	else
		channel_fail_waiting(ch, RPC_UNAVAILABLE, err);
}

static void pump_all(struct rpc_channel *ch)
{
	for (struct rpc_connection *c = ch->connections, *next; c; c = next) {
		next = c->next;
		connection_pump(c);
	}
}

static bool is_idle(const struct rpc_channel *ch)
{
	for (const struct rpc_connection *c = ch->connections; c; c = c->next)
		if (c->calls.count)
			return false;
	return !ch->waiting.count && !ch->finished.count;
}

static void tell_ended(struct rpc_channel *ch)
{
	while (ch->finished.count) {
		struct rpc_call *call = call_first(&ch->finished);
		list_remove(&call->item);
		if (call->events.ended)
			call->events.ended(call->events.ctx, call->end, call->end_text.data);
		call_free(call);
	}
	if (ch->deadline_timer && is_idle(ch)) {
		loop_cancel_timer(ch->loop, ch->deadline_timer);
		ch->deadline_timer = 0;
	}
}

/* Another number when there is more or less room for calls, or another set of connections. */
static uint64_t places(const struct rpc_channel *ch)
{
	uint64_t sum = 0;
	for (const struct rpc_connection *c = ch->connections; c; c = c->next)
		sum += (UINT64_C(1) << 32) * (1 + connection_takes_calls(c)) + connection_room(c);
	return sum;
}

/* Calls for which there is no place wait for an event that makes one: it comes by channel_settle. */
static void on_kick(struct loop *loop, void *ctx)
{
	struct rpc_channel *ch = ctx;
	(void)loop;
	ch->kick = 0;
	begin_calls(ch);
	uint64_t before = places(ch);
	pump_all(ch);
	if (ch->waiting.count && (ch->finished.count || places(ch) != before))
		channel_kick(ch);
	tell_ended(ch);
}

void channel_settle(struct rpc_channel *ch)
{
	if (ch->waiting.count)
		channel_kick(ch);
	tell_ended(ch);
}

void channel_kick(struct rpc_channel *ch)
{
	if (!ch->kick && !ch->closing)
		ch->kick = loop_add_timer(ch->loop, 0, on_kick, ch);
}

static void on_credentials(void *ctx)
{
	channel_kick(ctx);
}

/* ---- deadlines: one timer for all, at the first of them or before ---- */

static void arm_deadline(struct rpc_channel *ch, int64_t deadline_ns);

/* The first deadline that is left in the list, after those that are over were ended. */
static int64_t end_late_calls(struct rpc_channel *ch, struct list *list, int64_t now, int64_t first)
{
	for (struct list_item *at = list->first, *after; at; at = after) {
		struct rpc_call *call = (struct rpc_call *)at;
		after = at->after;
		if (call->deadline_ns <= now)
			call_end(call, RPC_DEADLINE_EXCEEDED, "%s: no answer in time", ch->name);
		else if (call->deadline_ns < first)
			first = call->deadline_ns;
	}
	return first;
}

static void on_deadline(struct loop *loop, void *ctx)
{
	struct rpc_channel *ch = ctx;
	int64_t now = now_of(ch), first = INT64_MAX;
	(void)loop;
	ch->deadline_timer = 0;
	first = end_late_calls(ch, &ch->waiting, now, first);
	for (struct rpc_connection *c = ch->connections; c; c = c->next)
		first = end_late_calls(ch, &c->calls, now, first);
	if (first != INT64_MAX)
		arm_deadline(ch, first);
	channel_settle(ch);
}

static void arm_deadline(struct rpc_channel *ch, int64_t deadline_ns)
{
	if (ch->deadline_timer && ch->deadline_ns <= deadline_ns)
		return;
	loop_cancel_timer(ch->loop, ch->deadline_timer);
	int64_t now = now_of(ch);
	ch->deadline_ns = deadline_ns;
	ch->deadline_timer = loop_add_timer(ch->loop, deadline_ns > now ? deadline_ns - now : 0, on_deadline, ch);
}

/* ---- calls ---- */

struct rpc_call *rpc_start(struct rpc_channel *ch, const char *method, int64_t timeout_ns,
			   const struct rpc_events *events)
{
	struct rpc_call *call = xcalloc(1, sizeof *call);
	call->channel = ch;
	call->method = method;
	call->events = *events;
	call->deadline_ns = now_of(ch) + timeout_ns;
	call->in.limit = ch->message_limit;
	call->status = RPC_UNKNOWN;
	ch->traffic.calls++;
	if (ch->closing) {
		call_end(call, RPC_CANCELLED, "cancelled");
		return call;
	}
	list_append(&ch->waiting, &call->item);
	arm_deadline(ch, call->deadline_ns);
	channel_kick(ch);
	return call;
}

struct rpc_call *rpc_ask(struct rpc_channel *ch, const char *method, int64_t timeout_ns, struct buf *request,
			 const struct rpc_events *events)
{
	struct rpc_call *call = rpc_start(ch, method, timeout_ns, events);
	call->events.next = NULL;
	call->request = *request;
	*request = (struct buf)BUF_INIT;
	return call;
}

void rpc_cancel(struct rpc_call *call)
{
	call_end(call, RPC_CANCELLED, "cancelled");
}

struct rpc_traffic rpc_traffic(const struct rpc_channel *ch)
{
	return ch->traffic;
}

/* ---- life ---- */

static struct wire *open_socket(void *ctx, const struct wire_events *events)
{
	struct rpc_channel *ch = ctx;
	return wire_open(ch->loop, ch->address, ch->tls, ch->connect_timeout_ns, events);
}

int rpc_open_with(const struct rpc_config *config, const struct rpc_dialer *dialer, struct rpc_channel **ret,
		  struct err *err)
{
	struct tls *tls = NULL;
	struct buf name = BUF_INIT, authority = BUF_INIT;
	address_print(config->address, &name);
	if (!address_is_grpc(config->address)) {
		err_set(err, ERR_USAGE, "%s is no address for gRPC: write grpc:// or grpcs://", name.data);
		goto refused;
	}
	if (address_has_tls(config->address) && tls_new(config->tls, &tls, err))
		goto refused;
	address_print_authority(config->address, &authority);
	struct rpc_channel *ch = xcalloc(1, sizeof *ch);
	*ch = (struct rpc_channel){
		.loop = config->loop,
		.address = config->address,
		.tls = tls,
		.credentials = config->credentials,
		.listener = { .changed = on_credentials, .ctx = ch },
		.dialer = *dialer,
		.name = buf_detach(&name),
		.authority = buf_detach(&authority),
		.message_limit = OR_DEFAULT(config->message_limit, (size_t)64 << 20),
		.max_streams = OR_DEFAULT(config->max_streams, 100),
		.max_connections = OR_DEFAULT(config->max_connections, 1),
		.connect_timeout_ns = OR_DEFAULT(config->connect_timeout_ns, 10 * NS_PER_S),
		.keepalive_ns = OR_DEFAULT(config->keepalive_ns, 30 * NS_PER_S),
	};
	grpc_base64(config->request_metadata, &ch->metadata);
	if (ch->credentials)
		credentials_listen(ch->credentials, &ch->listener);
	*ret = ch;
	return 0;
refused:
	buf_release(&name);
	return -1;
}

int rpc_open(const struct rpc_config *config, struct rpc_channel **ret, struct err *err)
{
	const struct rpc_dialer sockets = { .open = open_socket };
	if (rpc_open_with(config, &sockets, ret, err))
		return -1;
	(*ret)->dialer.ctx = *ret;
	return 0;
}

/* The calls end first, so that the server hears of it: it is told what it need not go on with. */
void rpc_close(struct rpc_channel *ch)
{
	if (!ch)
		return;
	ch->closing = true;
	while (ch->waiting.count)
		rpc_cancel(call_first(&ch->waiting));
	for (struct rpc_connection *c = ch->connections; c; c = c->next)
		while (c->calls.count)
			rpc_cancel(call_first(&c->calls));
	while (ch->connections) {
		struct rpc_connection *c = ch->connections;
		h2_finish(c->h2);
		connection_pump(c);
		if (ch->connections == c)
			connection_close(c);
	}
	tell_ended(ch);
	loop_cancel_timer(ch->loop, ch->kick);
	loop_cancel_timer(ch->loop, ch->deadline_timer);
	if (ch->credentials)
		credentials_unlisten(ch->credentials, &ch->listener);
	tls_free(ch->tls);
	buf_release(&ch->metadata);
	free(ch->name);
	free(ch->authority);
	free(ch);
}
