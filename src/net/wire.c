/* A wire over a socket, with or without TLS. */
#include "net/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "net/dial.h"
#include "net/tls.h"

struct socket_wire {
	struct wire wire; /* first: what the world holds */
	struct loop *loop;
	const struct address *address;
	struct tls *tls; /* NULL without TLS */
	struct wire_events events;
	struct dial *dial;
	struct tls_session *session;
	int fd;
	uint32_t limit; /* timer, until it is ready */
	bool ready, want_write;
};

static struct socket_wire *of(struct wire *w)
{
	return (struct socket_wire *)w;
}

static void on_socket(struct loop *loop, int fd, unsigned events, void *ctx);

static void watch(struct socket_wire *s)
{
	bool write = (s->ready && s->want_write) || (s->session && tls_wants_write(s->session));
	loop_watch_fd(s->loop, s->fd, LOOP_READ | (write ? LOOP_WRITE : 0u), on_socket, s);
}

static void unwatch(struct socket_wire *s)
{
	dial_cancel(s->dial);
	s->dial = NULL;
	loop_cancel_timer(s->loop, s->limit);
	s->limit = 0;
	if (s->fd >= 0)
		loop_unwatch_fd(s->loop, s->fd);
}

static void fail(struct socket_wire *s, struct err *err)
{
	unwatch(s);
	s->events.failed(s->events.ctx, err);
	err_release(err);
}

static void become_ready(struct socket_wire *s)
{
	loop_cancel_timer(s->loop, s->limit);
	s->limit = 0;
	s->ready = true;
	watch(s);
	s->events.ready(s->events.ctx);
}

static void shake_hands(struct socket_wire *s)
{
	struct err err = ERR_INIT;
	switch (tls_handshake(s->session, &err)) {
	case WIRE_DONE:
		become_ready(s);
		return;
	case WIRE_LATER:
		watch(s);
		return;
	default:
		fail(s, &err);
	}
}

static void on_socket(struct loop *loop, int fd, unsigned events, void *ctx)
{
	struct socket_wire *s = ctx;
	(void)loop, (void)fd, (void)events;
	if (s->ready)
		s->events.active(s->events.ctx);
	else
		shake_hands(s);
}

static void on_connected(void *ctx, int fd)
{
	struct socket_wire *s = ctx;
	s->dial = NULL;
	s->fd = fd;
	if (!s->tls) {
		become_ready(s);
		return;
	}
	s->session = tls_session_new(s->tls, fd, s->address);
	shake_hands(s);
}

static void on_failed(void *ctx, const struct err *err)
{
	struct socket_wire *s = ctx;
	s->dial = NULL;
	unwatch(s);
	s->events.failed(s->events.ctx, err);
}

static void on_limit(struct loop *loop, void *ctx)
{
	struct socket_wire *s = ctx;
	struct err err = ERR_INIT;
	(void)loop;
	s->limit = 0;
	err_set(&err, ERR_IO, "the server did not answer the beginning of TLS in time");
	fail(s, &err);
}

static enum wire_result socket_read(struct wire *w, char *into, size_t room, size_t *ret_n, struct err *err)
{
	struct socket_wire *s = of(w);
	if (s->session)
		return tls_read(s->session, into, room, ret_n, err);
	ssize_t n = recv(s->fd, into, room, 0);
	if (n > 0) {
		*ret_n = (size_t)n;
		return WIRE_DONE;
	}
	if (n == 0)
		return WIRE_END;
	if (errno == EAGAIN || errno == EINTR)
		return WIRE_LATER;
	err_set_errno(err, ERR_IO, "the connection was lost");
	return WIRE_LOST;
}

static enum wire_result socket_write(struct wire *w, struct span bytes, size_t *ret_n, struct err *err)
{
	struct socket_wire *s = of(w);
	if (s->session)
		return tls_write(s->session, bytes, ret_n, err);
	ssize_t n = send(s->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
	if (n >= 0) {
		*ret_n = (size_t)n;
		return WIRE_DONE;
	}
	if (errno == EAGAIN || errno == EINTR)
		return WIRE_LATER;
	err_set_errno(err, ERR_IO, "the connection was lost");
	return WIRE_LOST;
}

static void socket_want_write(struct wire *w, bool wanted)
{
	struct socket_wire *s = of(w);
	s->want_write = wanted;
	watch(s);
}

static void socket_close(struct wire *w)
{
	struct socket_wire *s = of(w);
	unwatch(s);
	if (s->session && s->ready)
		tls_say_goodbye(s->session);
	tls_session_free(s->session);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

static const struct wire_kind socket_kind = { socket_read, socket_write, socket_want_write, socket_close };

struct wire *wire_open(struct loop *loop, const struct address *address, struct tls *tls, int64_t timeout_ns,
		       const struct wire_events *events)
{
	struct socket_wire *s = xcalloc(1, sizeof *s);
	*s = (struct socket_wire){ .wire = { &socket_kind }, .loop = loop, .address = address, .tls = tls,
				   .events = *events, .fd = -1 };
	/* one moment later, so that it is the dial that says that nothing answered */
	s->limit = loop_add_timer(loop, timeout_ns + NS_PER_MS, on_limit, s);
	s->dial = dial_start(loop, address, timeout_ns,
			     &(struct dial_events){ .connected = on_connected, .failed = on_failed, .ctx = s });
	return &s->wire;
}

enum wire_result wire_read(struct wire *w, char *into, size_t room, size_t *ret_n, struct err *err)
{
	return w->kind->read(w, into, room, ret_n, err);
}

enum wire_result wire_write(struct wire *w, struct span bytes, size_t *ret_n, struct err *err)
{
	return w->kind->write(w, bytes, ret_n, err);
}

void wire_want_write(struct wire *w, bool wanted)
{
	w->kind->want_write(w, wanted);
}

void wire_close(struct wire *w)
{
	if (w)
		w->kind->close(w);
}
