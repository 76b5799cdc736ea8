/*
 * A TCP connection to a host, by name or number. Names are looked up by getaddrinfo(3) in a thread, because that is the
 * only way that honours the machine's configuration, and it blocks. The addresses are tried in the order of the answer,
 * each DIAL_STAGGER_NS after the one before or as soon as that one failed, and the first that answers wins (RFC 8305 in
 * short), so that a host with a dead IPv6 route costs a quarter of a second.
 */
#ifndef SEPAL_NET_DIAL_H
#define SEPAL_NET_DIAL_H

#include "net/lookup.h"

#define DIAL_STAGGER_NS (250 * NS_PER_MS)

struct dial;

struct dial_events {
	void (*connected)(void *ctx, int fd); /* non-blocking and close-on-exec; the receiver's to close */
	void (*failed)(void *ctx, const struct err *err); /* ERR_IO, a sentence without the address */
	void *ctx;
};

/* One of the events follows, from the loop, unless dial_cancel() comes before. After it the dial is gone. */
struct dial *dial_start(struct loop *loop, const struct address *address, int64_t timeout_ns,
			const struct dial_events *events);
/* The same with addresses that are known already; at least one. */
struct dial *dial_known(struct loop *loop, const struct lookup_answer *known, int64_t timeout_ns,
			const struct dial_events *events);
void dial_cancel(struct dial *d); /* accepts NULL */

#endif
