/*
 * What the files of a channel share: rpc.c (the channel: queue, deadlines, life), rpc_call.c (one call: messages and
 * status out of a stream), rpc_connection.c (one connection: wire and HTTP/2 session).
 *
 * A call is in exactly one list: the channel's `waiting` (for credentials, a connection, room), a connection's `calls`
 * (it has a stream), the channel's `finished` (its end is known and will be told).
 */
#ifndef SEPAL_NET_RPC_INTERNAL_H
#define SEPAL_NET_RPC_INTERNAL_H

#include <stdbool.h>

#include "base/list.h"
#include "net/credentials.h"
#include "net/grpc.h"
#include "net/h2.h"
#include "net/rpc.h"
#include "net/tls.h"
#include "net/wire.h"

struct rpc_call {
	struct list_item item; /* first */
	struct rpc_channel *channel;
	struct rpc_connection *connection; /* while it has a stream */
	int32_t stream;
	const char *method;
	int64_t deadline_ns;
	struct rpc_events events;
	struct buf request; /* of rpc_ask */
	unsigned resent;
	uint64_t generation; /* of the credentials that it went with */
	bool pulled;         /* something of the request is no longer with the caller */
	bool asked_again;    /* other credentials were tried */
	bool heard;          /* a message was given to the caller */

	/* the request's message that is going out */
	unsigned char prefix[GRPC_PREFIX];
	struct span out;
	size_t out_sent; /* of prefix and message together */
	bool out_there, out_ended;

	/* what the server said */
	struct grpc_reader in;
	int http_status;
	bool is_grpc; /* by its content type */
	bool status_there;
	enum rpc_status status;
	struct buf text; /* decoded */

	/* the end, once it is known: nothing that comes later changes it */
	bool decided;
	enum rpc_status end;
	struct buf end_text;
};

/* Connects; a test gives bytes of its own instead. */
struct rpc_dialer {
	struct wire *(*open)(void *ctx, const struct wire_events *events);
	void *ctx;
};

struct rpc_connection {
	struct rpc_connection *next;
	struct rpc_channel *channel;
	struct wire *wire;
	struct h2 *h2;
	struct list calls;
	unsigned most;        /* calls at a time: fewer than the channel's after streams were refused */
	unsigned accepted;    /* calls that the server took up since `most` was last changed */
	unsigned refusals;    /* streams refused in a row */
	int32_t last_stream;  /* the last one that was opened */
	int32_t counted_upto; /* refusals up to this stream have had their effect on `most` */
	uint32_t pause;       /* timer: no call begins until then */
	struct buf out; /* frames that the wire has not taken */
	size_t out_sent;
	bool ready;
	bool served; /* the server has taken up a call */
	bool pumping;
	struct err why;    /* once it is lost or going away */
	uint32_t timer;    /* of the keep-alive */
	unsigned pings;    /* since the server last said something about a call */
	bool ping_under_way;
	int64_t heard_ns;  /* anything */
	int64_t spoken_ns; /* a ping, or something about a call from the server */
};

struct rpc_channel {
	struct loop *loop;
	const struct address *address;
	struct tls *tls;
	struct credentials *credentials;
	struct credentials_listener listener;
	struct rpc_dialer dialer;
	char *name, *authority; /* for people, and for the server */
	struct buf metadata;    /* base64 */
	size_t message_limit;
	unsigned max_streams, max_connections;
	int64_t connect_timeout_ns, keepalive_ns;
	struct list waiting, finished;
	struct rpc_connection *connections; /* the newest first; some may only be finishing what they have */
	uint32_t kick, deadline_timer;
	int64_t deadline_ns; /* of the timer */
	unsigned barren;     /* connections in a row that were made and lost, and served no call */
	size_t held;         /* bytes of messages that are not whole yet, in all calls */
	bool closing;
	struct rpc_traffic traffic;
};

/* rpc_open with another way to connect; `dialer` is copied. */
int rpc_open_with(const struct rpc_config *config, const struct rpc_dialer *dialer, struct rpc_channel **ret,
		  struct err *err) MUST_CHECK;

/* rpc.c */
void channel_kick(struct rpc_channel *ch);   /* soon, from the loop: begin what can begin, tell what has ended */
void channel_settle(struct rpc_channel *ch); /* the same now; calls back, so it is the last thing that anybody does */
void channel_fail_waiting(struct rpc_channel *ch, enum rpc_status status, const struct err *err);
/* `c` cannot be connected. */
void channel_note_failure(struct rpc_channel *ch, const struct rpc_connection *c, const struct err *err);

/* rpc_call.c */
extern const struct h2_stream_events rpc_stream_events;
struct rpc_call *call_first(const struct list *list); /* NULL: it is empty */
void call_begin(struct rpc_call *call, struct rpc_connection *c, const struct credentials_headers *headers);
/* The end of a call, unless that is known already: it loses its stream, and `ended` follows soon. */
void call_end(struct rpc_call *call, enum rpc_status status, const char *fmt, ...) PRINTF(3, 4);
void call_free(struct rpc_call *call);

/* rpc_connection.c */
struct rpc_connection *connection_open(struct rpc_channel *ch);
bool connection_takes_calls(const struct rpc_connection *c); /* also while it is still connecting */
bool connection_is_full(const struct rpc_connection *c);     /* the server wants no more calls on one connection */
unsigned connection_room(const struct rpc_connection *c);    /* calls that may begin on it now */
void connection_pump(struct rpc_connection *c);              /* reads and writes what goes; may lose the connection */
void connection_watch_over(struct rpc_connection *c);        /* calls begin: the server's silence counts from now */
void connection_heard_of_call(struct rpc_connection *c);
void connection_refused(struct rpc_connection *c, int32_t stream);
void connection_accepted(struct rpc_connection *c);
void connection_close(struct rpc_connection *c);             /* takes it out of the channel; it has no calls */

#endif
