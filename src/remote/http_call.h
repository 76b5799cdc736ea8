/*
 * Requests to one HTTP server that are tried again: the counterpart of remote/grpc_call.h. It keeps requests in order
 * when there are more than connections, and ends all of them when the server's health is given up.
 */
#ifndef SEPAL_REMOTE_HTTP_CALL_H
#define SEPAL_REMOTE_HTTP_CALL_H

#include "base/hash.h"
#include "net/http.h"
#include "remote/health.h"

struct http_calls;

enum { HTTP_CONNECTIONS = 16 };

/* `client` is taken over. The server is given up after `patience_ns` of silence. */
struct http_calls *http_calls_new(struct loop *loop, struct http_client *client, struct remote_health *health,
				  int64_t timeout_ns, int64_t patience_ns);
/* Every request is answered, with status 0; not out of a callback. */
void http_calls_free(struct http_calls *calls);
struct http_traffic http_calls_traffic(const struct http_calls *calls);

struct http_job {
	enum http_method method;
	const char *where;         /* "ac" or "cas" */
	const struct digest *name; /* read now */
	struct span body;          /* of PUT: the caller's until `done` */
	size_t limit;              /* of the answer's body */
	uint64_t bytes;            /* that are to travel either way: a slow line is given time for them */
	/* Once. An answer is what net/patience.h calls one; to PUT, also that it is not allowed or that there is no room.
	 * Everything else is tried again, and in the end 0, told to the health of the server. */
	void (*done)(void *ctx, int status, struct span body);
	void *ctx;
};

/* May call `done` before it returns, when the server was given up. */
void http_ask(struct http_calls *calls, const struct http_job *job);

bool http_may_not_write(int status);
bool http_has_no_room(int status);

#endif
