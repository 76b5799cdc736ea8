/*
 * gRPC calls over HTTP/2, asynchronous on the program's one loop: many calls at a time on one connection (or a few, if
 * that is wanted), which is made when the first call needs it, kept, and made again when it was lost. It knows methods
 * by name and messages as bytes; what is in them is the affair of the rooms above.
 *
 * Order of calls: rpc_open(); any number of rpc_start() and rpc_ask(), also from callbacks; rpc_close(). Nothing here
 * blocks. Callbacks come from the loop, never out of rpc_start, rpc_ask or rpc_cancel; rpc_close() ends what is under
 * way before it returns. rpc_close() must not be called out of a callback of the channel.
 *
 * Every call ends exactly once, at the latest when its time is over: by a status of the gRPC protocol and a sentence.
 * Failures of the connection are RPC_UNAVAILABLE, answers that break the protocol RPC_INTERNAL (both as in "GRPC Core
 * statuscodes"); the sentence names the address, never a secret.
 *
 * What the channel does by itself: a call that the server surely has not looked at (refused stream, GOAWAY that leaves
 * it out, a connection lost before its request was sent) is sent again, at most RPC_RESENDS times; a server that
 * refuses streams is given fewer at a time, and pauses. A call refused as RPC_UNAUTHENTICATED asks for other
 * credentials and is sent again once. Everything else is the caller's to try again (net/patience.h says when).
 */
#ifndef SEPAL_NET_RPC_H
#define SEPAL_NET_RPC_H

#include <stddef.h>
#include <stdint.h>

#include "net/address.h"
#include "sys/loop.h"

struct credentials;
struct tls_options;
struct rpc_channel;
struct rpc_call;

enum { RPC_RESENDS = 8 };

/* Everything is borrowed and outlives the channel, but for what rpc_open reads: tls and request_metadata. 0 and NULL
 * stand for what is said behind them. */
struct rpc_config {
	struct loop *loop;
	const struct address *address;   /* grpc or grpcs */
	const struct tls_options *tls;   /* the system's roots, no certificate of our own */
	struct credentials *credentials; /* none are sent */
	struct span request_metadata;    /* bytes of a build.bazel.remote.execution.v2.RequestMetadata: not sent */
	size_t message_limit;            /* of one message that is received: 64 MiB */
	unsigned max_streams;            /* calls at a time, if the server allows as many: 100 */
	unsigned max_connections;        /* so many at a time where a server allows fewer streams on one: 1 */
	int64_t connect_timeout_ns;      /* name, TCP and TLS together: 10 s */
	int64_t keepalive_ns;            /* silence of the server while calls wait, after which it is pinged: 30 s */
};

/* The codes of gRPC by number. */
enum rpc_status {
	RPC_OK = 0,
	RPC_CANCELLED = 1,
	RPC_UNKNOWN = 2,
	RPC_INVALID_ARGUMENT = 3,
	RPC_DEADLINE_EXCEEDED = 4,
	RPC_NOT_FOUND = 5,
	RPC_ALREADY_EXISTS = 6,
	RPC_PERMISSION_DENIED = 7,
	RPC_RESOURCE_EXHAUSTED = 8,
	RPC_FAILED_PRECONDITION = 9,
	RPC_ABORTED = 10,
	RPC_OUT_OF_RANGE = 11,
	RPC_UNIMPLEMENTED = 12,
	RPC_INTERNAL = 13,
	RPC_UNAVAILABLE = 14,
	RPC_DATA_LOSS = 15,
	RPC_UNAUTHENTICATED = 16,
};

struct rpc_events {
	/* The next request message, pulled when there is room for it: 1 message (borrowed until the next pull or
	 * `ended`), 0 no more, -1 cancel the call. NULL for rpc_ask. */
	int (*next)(void *ctx, struct span *ret);
	/* The call is sent once more: the next pull is for its first message again. NULL: a call from which a message
	 * was pulled is not sent again. */
	void (*rewind)(void *ctx);
	/* A whole response message, borrowed; nonzero cancels the call. */
	int (*message)(void *ctx, struct span message);
	/* Exactly once. `text` is empty, or for people: decoded, printable, at most 1 KiB, borrowed. The call is gone. */
	void (*ended)(void *ctx, enum rpc_status status, const char *text);
	void *ctx;
};

/* Fails for what can be said without the network: an address of another scheme, files of `tls` that cannot be used. */
int rpc_open(const struct rpc_config *config, struct rpc_channel **ret, struct err *err) MUST_CHECK;
/* Calls that have not ended end now, as RPC_CANCELLED. Accepts NULL. */
void rpc_close(struct rpc_channel *channel);

/*
 * `method` is "/package.Service/Method", borrowed to the end. `timeout_ns` (> 0) covers everything from now on: waiting
 * for a connection, for credentials and for room. Calls beyond the streams that are allowed wait in order.
 */
struct rpc_call *rpc_start(struct rpc_channel *channel, const char *method, int64_t timeout_ns,
			   const struct rpc_events *events);
/* The same with one request message, whose bytes are taken over: `request` is empty afterwards. */
struct rpc_call *rpc_ask(struct rpc_channel *channel, const char *method, int64_t timeout_ns, struct buf *request,
			 const struct rpc_events *events);
/* No message comes any more; `ended` follows, as RPC_CANCELLED unless the end was known already. */
void rpc_cancel(struct rpc_call *call);

struct rpc_traffic {
	uint64_t sent, received; /* bytes on the wire, before TLS */
	uint64_t calls;          /* started */
	uint64_t resent;
	uint64_t connects;       /* connections that were made */
};
struct rpc_traffic rpc_traffic(const struct rpc_channel *channel);

const char *rpc_status_name(enum rpc_status status); /* "NOT_FOUND" */

#endif
