/*
 * Addresses of a host name without waiting for them: getaddrinfo(3) in a thread of its own, the answer through a pipe
 * that the loop watches. The thread touches nothing but its own request, and is left alone when nobody waits any more.
 */
#ifndef SEPAL_NET_LOOKUP_H
#define SEPAL_NET_LOOKUP_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "net/address.h"
#include "sys/loop.h"

enum { LOOKUP_MOST = 16 };

struct lookup_answer {
	struct sockaddr_storage addresses[LOOKUP_MOST]; /* in the order to try them */
	socklen_t lengths[LOOKUP_MOST];
	unsigned count; /* 0: there is none, or it could not be found out */
	int error;      /* of getaddrinfo(3) */
	int sys_errno;  /* with EAI_SYSTEM */
};

struct lookup;

/* `done` is called once, from the loop, unless lookup_cancel() comes before; the lookup is gone then. Host and port
 * are copied. A number is answered without a thread. */
struct lookup *lookup_start(struct loop *loop, const struct address *address,
			    void (*done)(void *ctx, const struct lookup_answer *answer), void *ctx);
void lookup_cancel(struct lookup *l); /* accepts NULL */

#endif
