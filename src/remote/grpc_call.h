/*
 * Calls to one gRPC server that are tried again: unary ones, and streams that can start from their beginning. It keeps
 * calls in order when there are more than the connection should carry, and ends all of them when the server's health is
 * given up. Rooms that speak to the server in their own way (execution) use it too.
 */
#ifndef SEPAL_REMOTE_GRPC_CALL_H
#define SEPAL_REMOTE_GRPC_CALL_H

#include "net/rpc.h"
#include "remote/health.h"

struct grpc_calls;

/* How a try is sent: net/rpc.h, or a test. `start` is rpc_start when events->next is there, else rpc_ask. */
struct grpc_transport {
	struct rpc_call *(*start)(void *ctx, const char *method, int64_t timeout_ns, struct buf *request,
				  const struct rpc_events *events);
	void (*cancel)(void *ctx, struct rpc_call *call);
	void (*close)(void *ctx); /* ends what is under way */
	struct rpc_traffic (*traffic)(void *ctx);
	void *ctx;
};

struct grpc_transport grpc_transport_of(struct rpc_channel *channel); /* taken over */

/* `timeout_ns` is for one try of one call. The server is given up after `patience_ns` of silence while calls wait; 0:
 * never, as streams of executions want it. */
struct grpc_calls *grpc_calls_new(struct loop *loop, const struct grpc_transport *transport,
				  struct remote_health *health, int64_t timeout_ns, int64_t patience_ns);
/* Every call is answered, as RPC_CANCELLED; not out of a callback. */
void grpc_calls_free(struct grpc_calls *calls);
struct rpc_traffic grpc_calls_traffic(const struct grpc_calls *calls);

/* What a call is. Only `method` and `done` have to be there. */
struct grpc_job {
	const char *method; /* "/package.Service/Method", lives as long as the program */
	/* Statuses beside RPC_OK that are answers: neither tried again nor a failure of the server. One bit for each. */
	unsigned answers;
	/* What is to travel either way: a slow line is given time for it beyond the timeout. */
	uint64_t bytes;
	/* More messages than the request: as in struct rpc_events. */
	int (*next)(void *ctx, struct span *ret);
	/* Another try starts: forget what was read, and send from the first message. NULL if there is nothing to forget. */
	void (*restart)(void *ctx);
	/* A message of a stream; nonzero: it was enough, the call is ended and counts as answered (RPC_CANCELLED). NULL:
	 * one message is expected, and `done` is given it. */
	int (*message)(void *ctx, struct span message);
	/* Once. `response` is the one message if status is RPC_OK, else empty; `text` is for people. What is neither RPC_OK
	 * nor among `answers` was told to the health of the server. */
	void (*done)(void *ctx, enum rpc_status status, struct span response, const char *text);
	void *ctx;
};

#define GRPC_ANSWER(status) (1u << (status))

/* `request` is taken over: it is empty afterwards. May call `done` before it returns, when the server was given up. */
void grpc_ask(struct grpc_calls *calls, const struct grpc_job *job, struct buf *request);

#endif
