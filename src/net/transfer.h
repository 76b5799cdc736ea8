/*
 * Single HTTP/1.1 transfers over connections that are kept: the project's one door to libcurl, which is loaded when the
 * first client is made, because with its thirty libraries it would cost every start of the program 2 ms. Whom to ask,
 * how often, with which credentials and where redirects lead is net/http.c's affair.
 */
#ifndef SEPAL_NET_TRANSFER_H
#define SEPAL_NET_TRANSFER_H

#include <stdint.h>

#include "base/buf.h"
#include "net/credentials.h"
#include "net/tls.h"
#include "sys/loop.h"

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_PUT };

enum { TRANSFER_HEADER_LIMIT = 64 * 1024 };

struct transfers;
struct transfer;

struct transfer_spec {
	enum http_method method;
	const char *url; /* of http or https; the answer comes from the same scheme */
	const struct credential_header *headers;
	unsigned header_count;
	bool with_certificate; /* our own, if there is one */
	struct span body;      /* PUT: borrowed to the end */
	size_t limit;          /* of the answer's body */
};

struct transfer_result {
	int status;           /* 0: there is no answer */
	struct span body;
	const char *location; /* where a redirect leads, absolute; NULL: there is none */
	const char *failure;  /* with status 0: why */
	uint64_t sent, received, connects;
};

/* `tls` is borrowed to the end. ERR_USAGE when libcurl is not there. */
int transfers_new(struct loop *loop, const struct tls_options *tls, unsigned max_connections,
		  int64_t connect_timeout_ns, struct transfers **ret, struct err *err) MUST_CHECK;
void transfers_free(struct transfers *all); /* accepts NULL; no transfer is left */

/* Bytes of transfers that have not ended, too: when it stands still, the servers are silent. */
uint64_t transfers_moved(const struct transfers *all);

/* `ended` once, from the loop, unless it is cancelled; the result is borrowed, the transfer gone. */
struct transfer *transfer_start(struct transfers *all, const struct transfer_spec *spec,
				void (*ended)(void *ctx, const struct transfer_result *result), void *ctx);
void transfer_cancel(struct transfer *t);

#endif
