/*
 * Bytes to and from a server, whatever is below: TCP, TLS over TCP, or what a test feeds. A wire is made connecting;
 * `ready` says that it can be read and written. From then on `active` is called whenever there may be something to read
 * (or room to write, while that was asked for), until wire_close(). Nothing blocks.
 */
#ifndef SEPAL_NET_WIRE_H
#define SEPAL_NET_WIRE_H

#include <stdint.h>

#include "net/address.h"
#include "sys/loop.h"

struct tls;

struct wire_events {
	void (*ready)(void *ctx);
	void (*active)(void *ctx);
	void (*failed)(void *ctx, const struct err *err); /* before `ready` only; then wire_close() is all that is left */
	void *ctx;
};

enum wire_result {
	WIRE_DONE,  /* some bytes went, *ret_n of them */
	WIRE_LATER, /* none now */
	WIRE_END,   /* the server has closed the connection in an orderly way (reading only) */
	WIRE_LOST,  /* the connection is gone: err */
};

struct wire {
	const struct wire_kind *kind;
};

/* What a kind of wire is made of; struct wire is its first member. */
struct wire_kind {
	enum wire_result (*read)(struct wire *w, char *into, size_t room, size_t *ret_n, struct err *err);
	enum wire_result (*write)(struct wire *w, struct span bytes, size_t *ret_n, struct err *err);
	void (*want_write)(struct wire *w, bool wanted); /* call `active` too when there is room */
	void (*close)(struct wire *w);
};

/* Connects to the address, in at most `timeout_ns`; all of its addresses are tried. `tls` NULL: without TLS. Events
 * come from the loop only. `address` and `tls` are borrowed to the end. */
struct wire *wire_open(struct loop *loop, const struct address *address, struct tls *tls, int64_t timeout_ns,
		       const struct wire_events *events);

enum wire_result wire_read(struct wire *w, char *into, size_t room, size_t *ret_n, struct err *err);
enum wire_result wire_write(struct wire *w, struct span bytes, size_t *ret_n, struct err *err);
void wire_want_write(struct wire *w, bool wanted);
void wire_close(struct wire *w); /* accepts NULL; no event follows */

#endif
