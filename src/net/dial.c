#define _GNU_SOURCE /* SOCK_NONBLOCK */
#include "net/dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

struct dial {
	struct loop *loop;
	struct lookup *lookup; /* NULL once it has answered */
	struct dial_events events;
	struct lookup_answer found;
	unsigned next;           /* of found: not tried yet */
	int fds[LOOKUP_MOST];    /* attempts under way, -1: none */
	unsigned under_way;
	uint32_t stagger, limit; /* timers */
	int last_errno;          /* of an attempt that failed */
};

static void on_socket(struct loop *loop, int fd, unsigned events, void *ctx);
static void on_stagger(struct loop *loop, void *ctx);

static void drop(struct dial *d, unsigned i)
{
	loop_unwatch_fd(d->loop, d->fds[i]);
	close(d->fds[i]);
	d->fds[i] = -1;
	d->under_way--;
}

void dial_cancel(struct dial *d)
{
	if (!d)
		return;
	lookup_cancel(d->lookup);
	for (unsigned i = 0; i < LOOKUP_MOST; i++)
		if (d->fds[i] >= 0)
			drop(d, i);
	loop_cancel_timer(d->loop, d->stagger);
	loop_cancel_timer(d->loop, d->limit);
	free(d);
}

static void fail(struct dial *d, struct err *err)
{
	struct dial_events events = d->events;
	dial_cancel(d);
	events.failed(events.ctx, err);
	err_release(err);
}

/* So that a peer that vanished without a word is noticed by the kernel, also while nothing is sent. */
static void set_options(int fd)
{
	static const struct { int level, name, value; } options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 30 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 10 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 3 },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 30000 },
	};
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
}

/* Begins with the next address; false if it failed at once. */
static bool try_next(struct dial *d)
{
	unsigned i = d->next++;
	const struct sockaddr *to = (const struct sockaddr *)&d->found.addresses[i];
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && (connect(fd, to, d->found.lengths[i]) == 0 || errno == EINPROGRESS)) {
		set_options(fd);
		d->fds[i] = fd;
		d->under_way++;
		loop_watch_fd(d->loop, fd, LOOP_WRITE, on_socket, d);
		return true;
	}
	d->last_errno = errno;
	if (fd >= 0)
		close(fd);
	return false;
}

/* Begins the next attempt, or gives up when there is none left and none under way. */
static void go_on(struct dial *d)
{
	loop_cancel_timer(d->loop, d->stagger);
	d->stagger = 0;
	while (d->next < d->found.count)
		if (try_next(d)) {
			if (d->next < d->found.count)
				d->stagger = loop_add_timer(d->loop, DIAL_STAGGER_NS, on_stagger, d);
			return;
		}
	if (d->under_way)
		return;
	struct err err = ERR_INIT;
	errno = d->last_errno;
	err_set_errno(&err, ERR_IO, "cannot connect");
	fail(d, &err);
}

static void on_stagger(struct loop *loop, void *ctx)
{
	struct dial *d = ctx;
	(void)loop;
	d->stagger = 0;
	go_on(d);
}

static void on_socket(struct loop *loop, int fd, unsigned events, void *ctx)
{
	struct dial *d = ctx;
	int error = 0;
	socklen_t size = sizeof error;
	unsigned i = 0;
	(void)events;
	while (d->fds[i] != fd)
		i++;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
		error = errno;
	if (error) {
		d->last_errno = error;
		drop(d, i);
		go_on(d);
		return;
	}
	struct dial_events answer = d->events;
	loop_unwatch_fd(loop, fd);
	d->fds[i] = -1;
	dial_cancel(d);
	answer.connected(answer.ctx, fd);
}

static void on_found(void *ctx, const struct lookup_answer *answer)
{
	struct dial *d = ctx;
	struct err err = ERR_INIT;
	d->lookup = NULL;
	if (answer->count) {
		d->found = *answer;
		go_on(d);
		return;
	}
	if (answer->error == EAI_SYSTEM)
		err_set(&err, ERR_IO, "cannot look up the host's name: %s", strerror(answer->sys_errno));
	else
		err_set(&err, ERR_IO, "cannot look up the host's name: %s", gai_strerror(answer->error));
	fail(d, &err);
}

static void on_limit(struct loop *loop, void *ctx)
{
	struct dial *d = ctx;
	struct err err = ERR_INIT;
	(void)loop;
	d->limit = 0;
	err_set(&err, ERR_IO, d->lookup ? "cannot look up the host's name in time" : "nothing answered in time");
	fail(d, &err);
}

static struct dial *dial_new(struct loop *loop, int64_t timeout_ns, const struct dial_events *events)
{
	struct dial *d = xcalloc(1, sizeof *d);
	d->loop = loop;
	d->events = *events;
	for (unsigned i = 0; i < LOOKUP_MOST; i++)
		d->fds[i] = -1;
	d->limit = loop_add_timer(loop, timeout_ns, on_limit, d);
	return d;
}

struct dial *dial_start(struct loop *loop, const struct address *address, int64_t timeout_ns,
			const struct dial_events *events)
{
	struct dial *d = dial_new(loop, timeout_ns, events);
	d->lookup = lookup_start(loop, address, on_found, d);
	return d;
}

struct dial *dial_known(struct loop *loop, const struct lookup_answer *known, int64_t timeout_ns,
			const struct dial_events *events)
{
	struct dial *d = dial_new(loop, timeout_ns, events);
	d->found = *known;
	d->stagger = loop_add_timer(loop, 0, on_stagger, d);
	return d;
}
