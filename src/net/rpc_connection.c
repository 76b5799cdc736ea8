/*
 * One connection: what the wire brings goes into the HTTP/2 session, what the session says goes out. Reading comes
 * first, so that what the server said meanwhile (this is the end) is known before anything is sent.
 *
 * A server that falls silent while calls wait is pinged. Servers of gRPC's own libraries end connections on which they
 * count more than two pings within five minutes of another without having said anything ("A8-client-side-keepalive",
 * "keepalive.md" of the gRPC project): so the intervals grow from ping to ping, and from connection to connection once
 * a server has complained. The kernel's own probes (net/dial.c) go on meanwhile.
 */
#include <stdlib.h>

#include "base/xalloc.h"
#include "net/rpc_internal.h"

enum { READ_SIZE = 64 * 1024, PULL_SIZE = 256 * 1024, TURN_SIZE = 4 * 1024 * 1024, MOST_BARREN = 3 };
#define PONG_NS (20 * NS_PER_S)
#define PAUSE_NS (2 * NS_PER_MS)
#define KEEPALIVE_MOST_NS (3600 * NS_PER_S)

static int64_t now_of(const struct rpc_connection *c)
{
	return clock_monotonic_ns(loop_clock(c->channel->loop));
}

void connection_close(struct rpc_connection *c)
{
	struct rpc_connection **at = &c->channel->connections;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	loop_cancel_timer(c->channel->loop, c->timer);
	loop_cancel_timer(c->channel->loop, c->pause);
	wire_close(c->wire);
	h2_free(c->h2);
	buf_release(&c->out);
	err_release(&c->why);
	free(c);
}

/* A server that ends one connection after the other before it has answered anything is as good as none. */
static void count_barren(struct rpc_connection *c)
{
	struct rpc_channel *ch = c->channel;
	if (c->served || ++ch->barren >= MOST_BARREN)
		ch->barren = 0;
	if (c->served || ch->barren)
		return;
	if (!err_is_set(&c->why))
		err_set(&c->why, ERR_IO, "the server ends every connection before it has answered a call");
	channel_fail_waiting(ch, RPC_UNAVAILABLE, &c->why);
}

/* The end of a connection that was ready: its calls are sent again or fail. */
static void lose(struct rpc_connection *c, struct err *err)
{
	if (!err_is_set(&c->why))
		err_move(&c->why, err);
	err_release(err);
	h2_abandon(c->h2);
	count_barren(c);
	channel_kick(c->channel);
	connection_close(c);
}

/* ---- reading and writing ---- */

/* False: the connection is of no use any more. */
static bool read_wire(struct rpc_connection *c, struct err *err)
{
	char bytes[READ_SIZE];
	for (size_t turn = 0; turn < TURN_SIZE;) {
		size_t n = 0;
		switch (wire_read(c->wire, bytes, sizeof bytes, &n, err)) {
		case WIRE_LATER:
			return true;
		case WIRE_END:
			err_set(err, ERR_IO, "the server closed the connection");
			return false;
		case WIRE_LOST:
			return false;
		case WIRE_DONE:
			break;
		}
		turn += n;
		c->channel->traffic.received += n;
		c->heard_ns = now_of(c);
		c->ping_under_way = false;
		if (h2_feed(c->h2, (struct span){ bytes, n }, err))
			return false;
	}
	channel_kick(c->channel); /* others have their turn first */
	return true;
}

static bool write_wire(struct rpc_connection *c, struct err *err)
{
	for (size_t turn = 0; turn < TURN_SIZE;) {
		if (c->out_sent == c->out.len) {
			buf_reset(&c->out);
			c->out_sent = 0;
			if (h2_pull(c->h2, &c->out, PULL_SIZE, err))
				return false;
		}
		if (c->out.len == 0) {
			wire_want_write(c->wire, false);
			return true;
		}
		size_t n = 0;
		struct span left = { c->out.data + c->out_sent, c->out.len - c->out_sent };
		enum wire_result result = wire_write(c->wire, left, &n, err);
		if (result == WIRE_LATER) {
			wire_want_write(c->wire, true);
			return true;
		}
		if (result != WIRE_DONE)
			return false;
		c->out_sent += n;
		turn += n;
		c->channel->traffic.sent += n;
	}
	wire_want_write(c->wire, true);
	return true;
}

void connection_pump(struct rpc_connection *c)
{
	struct err err = ERR_INIT, other = ERR_INIT;
	if (!c->ready || c->pumping)
		return;
	c->pumping = true;
	bool good = read_wire(c, &err);
	/* also after a failure: the server may be told what it did wrong, which explains more than that it hung up */
	good = write_wire(c, good ? &err : &other) && good;
	err_release(&other);
	if (h2_check(c->h2, &other)) {
		err_release(&err);
		err_move(&err, &other);
		good = false;
	}
	c->pumping = false;
	if (!good) {
		lose(c, &err);
	} else if (c->calls.count == 0 && !h2_takes_streams(c->h2) && !h2_wants_write(c->h2)) {
		count_barren(c);
		connection_close(c);
	}
}

/* ---- keep-alive ---- */

static int64_t ping_interval(const struct rpc_connection *c)
{
	static const int times[] = { 1, 2, 4, 10 };
	unsigned last = sizeof times / sizeof *times - 1;
	return c->channel->keepalive_ns * times[c->pings < last ? c->pings : last];
}

static int64_t pong_time(const struct rpc_connection *c)
{
	return c->channel->keepalive_ns < PONG_NS ? c->channel->keepalive_ns : PONG_NS;
}

static void on_timer(struct loop *loop, void *ctx)
{
	struct rpc_connection *c = ctx;
	struct rpc_channel *ch = c->channel;
	int64_t now = now_of(c);
	c->timer = 0;
	if (c->calls.count == 0)
		return;
	if (c->ping_under_way && now - c->spoken_ns >= pong_time(c)) {
		struct err err = ERR_INIT;
		err_set(&err, ERR_IO, "the server has fallen silent, and did not answer a ping either");
		lose(c, &err);
		channel_settle(ch);
		return;
	}
	if (!c->ping_under_way && now - c->spoken_ns >= ping_interval(c)) {
		h2_ping(c->h2);
		c->pings++;
		c->ping_under_way = true;
		c->spoken_ns = now;
	}
	int64_t due = c->spoken_ns + (c->ping_under_way ? pong_time(c) : ping_interval(c));
	c->timer = loop_add_timer(loop, due > now ? due - now : 0, on_timer, c);
	connection_pump(c);
	channel_settle(ch);
}

void connection_watch_over(struct rpc_connection *c)
{
	if (c->calls.count == 0)
		c->spoken_ns = now_of(c);
	if (!c->timer)
		c->timer = loop_add_timer(c->channel->loop, ping_interval(c), on_timer, c);
}

void connection_heard_of_call(struct rpc_connection *c)
{
	c->pings = 0;
	c->spoken_ns = c->heard_ns;
}

/* ---- a server that has enough ---- */

static void on_pause_over(struct loop *loop, void *ctx)
{
	struct rpc_connection *c = ctx;
	(void)loop;
	c->pause = 0;
	channel_kick(c->channel);
}

/* Half as many at a time, once for all that were under way; and a pause, longer from one refusal to the next. */
void connection_refused(struct rpc_connection *c, int32_t stream)
{
	if (stream > c->counted_upto) {
		c->counted_upto = c->last_stream;
		c->most = c->most > 1 ? c->most / 2 : 1;
		c->accepted = 0;
		c->refusals++;
	}
	unsigned doublings = c->refusals < 8 ? c->refusals : 8;
	if (!c->pause)
		c->pause = loop_add_timer(c->channel->loop, PAUSE_NS << doublings, on_pause_over, c);
}

/* One more at a time after as many calls as there may be were taken up. */
void connection_accepted(struct rpc_connection *c)
{
	c->refusals = 0;
	c->served = true;
	if (++c->accepted < c->most)
		return;
	c->accepted = 0;
	if (c->most < c->channel->max_streams)
		c->most++;
}

/* ---- life ---- */

static void on_goaway(void *ctx, uint32_t code, struct span debug)
{
	struct rpc_connection *c = ctx;
	struct rpc_channel *ch = c->channel;
	struct buf why = BUF_INIT;
	grpc_message_decode(debug, &why);
	if (!err_is_set(&c->why))
		err_set(&c->why, ERR_IO, "the server ended the connection (%s%s%s)", h2_code_name(code),
			why.len ? ", " : "", why.len ? why.data : "");
	buf_release(&why);
	if (code == H2_ENHANCE_YOUR_CALM && ch->keepalive_ns < KEEPALIVE_MOST_NS)
		ch->keepalive_ns *= 2;
}

static void on_ready(void *ctx)
{
	struct rpc_connection *c = ctx;
	struct rpc_channel *ch = c->channel;
	c->ready = true;
	c->heard_ns = now_of(c);
	ch->traffic.connects++;
	channel_settle(ch);
}

static void on_active(void *ctx)
{
	struct rpc_connection *c = ctx;
	struct rpc_channel *ch = c->channel;
	connection_pump(c);
	channel_settle(ch);
}

static void on_failed(void *ctx, const struct err *err)
{
	struct rpc_connection *c = ctx;
	struct rpc_channel *ch = c->channel;
	channel_note_failure(ch, c, err);
	connection_close(c);
	channel_settle(ch);
}

struct rpc_connection *connection_open(struct rpc_channel *ch)
{
	struct rpc_connection *c = xcalloc(1, sizeof *c);
	c->channel = ch;
	c->most = ch->max_streams;
	c->h2 = h2_new(&(struct h2_events){ .goaway = on_goaway, .ctx = c, .streams = &rpc_stream_events });
	c->next = ch->connections;
	ch->connections = c;
	const struct wire_events events = { .ready = on_ready, .active = on_active, .failed = on_failed, .ctx = c };
	c->wire = ch->dialer.open(ch->dialer.ctx, &events);
	return c;
}

bool connection_takes_calls(const struct rpc_connection *c)
{
	return !c->ready || h2_takes_streams(c->h2);
}

bool connection_is_full(const struct rpc_connection *c)
{
	return c->ready && h2_is_greeted(c->h2) && c->calls.count >= h2_max_streams(c->h2);
}

unsigned connection_room(const struct rpc_connection *c)
{
	uint32_t most = h2_max_streams(c->h2);
	if (most > c->most)
		most = c->most;
	return c->ready && !c->pause && h2_takes_streams(c->h2) && c->calls.count < most ? most - c->calls.count : 0;
}
