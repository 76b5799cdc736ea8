/*
 * HTTP/1.1 for a cache that is plain files behind a server: GET, HEAD and PUT, many at a time over a few connections
 * that are kept, on the program's one loop. Nothing here blocks. Proxies are taken from the environment, as libcurl
 * does (http_proxy, https_proxy, no_proxy).
 *
 * Redirects are followed for GET and HEAD, at most HTTP_REDIRECTS times, and only to the same scheme (a redirect from
 * https to http, or to a file, is a failure); to another host or port no credentials and no certificate go along.
 *
 * A request that is refused (401) with credentials that may have become others is sent again once. Everything else is
 * the caller's to try again (patience_of_http). Order of calls and callbacks are those of net/rpc.h.
 */
#ifndef SEPAL_NET_HTTP_H
#define SEPAL_NET_HTTP_H

#include "net/address.h"
#include "net/tls.h"
#include "net/transfer.h"
#include "sys/loop.h"

struct credentials;
struct http_client;
struct http_request;

enum { HTTP_REDIRECTS = 3 };

/* Everything is borrowed and outlives the client. 0 and NULL stand for what is said behind them. */
struct http_config {
	struct loop *loop;
	const struct address *address;   /* http or https */
	const struct tls_options *tls;   /* the system's roots, no certificate of our own */
	struct credentials *credentials; /* none are sent */
	unsigned max_connections;        /* requests at a time; more wait in order: 16 */
	int64_t connect_timeout_ns;      /* name, TCP and TLS together: 10 s */
};

/* Exactly once. `status` is the server's (200, 404, 503 ...), `body` borrowed; for a request that got no answer, or one
 * that broke a limit, it is 0, and `text` a sentence with the address, at most 1 KiB; else "". The request is gone. */
struct http_events {
	void (*ended)(void *ctx, int status, struct span body, const char *text);
	void *ctx;
};

/* Fails for what can be said without the network: an address of another scheme, files of `tls` that cannot be used. */
int http_open(const struct http_config *config, struct http_client **ret, struct err *err) MUST_CHECK;
/* Requests that have not ended end now, with status 0. Accepts NULL. */
void http_close(struct http_client *client);

/* `path` ("ac/0123...") is put behind the address and copied; `body` (PUT) is taken over, NULL: none. An answer of more
 * than `limit` bytes is a failure. `timeout_ns` (> 0) covers everything from now on. */
struct http_request *http_start(struct http_client *client, enum http_method method, const char *path,
				struct buf *body, size_t limit, int64_t timeout_ns, const struct http_events *events);
void http_cancel(struct http_request *request); /* `ended` follows, from the loop */

struct http_traffic {
	uint64_t sent, received; /* bodies and headers, before TLS */
	uint64_t requests;       /* started */
	uint64_t connects;       /* connections that were made */
	uint64_t moved;          /* bytes, of requests that have not ended too: stands still when the server is silent */
};
struct http_traffic http_traffic(const struct http_client *client);

#endif
