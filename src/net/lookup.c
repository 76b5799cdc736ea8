#define _GNU_SOURCE /* pipe2 */
#include "net/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

/* What the thread and the loop share. The last of the two that lets go frees it. */
struct request {
	char *host;
	char port[8];
	struct lookup_answer answer;
	int written; /* the thread's end of the pipe: closed when the answer is there */
	atomic_int holders;
};

struct lookup {
	struct loop *loop;
	struct request *request;
	int fd;         /* -1 without a thread */
	uint32_t timer; /* of an answer that is there */
	void (*done)(void *ctx, const struct lookup_answer *answer);
	void *ctx;
};

static void let_go(struct request *r)
{
	if (atomic_fetch_sub(&r->holders, 1) != 1)
		return;
	free(r->host);
	free(r);
}

static void look_up(struct request *r, int flags)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags };
	struct addrinfo *list = NULL;
	struct lookup_answer *answer = &r->answer;
	answer->error = getaddrinfo(r->host, r->port, &hints, &list);
	answer->sys_errno = answer->error == EAI_SYSTEM ? errno : 0;
	for (struct addrinfo *at = list; at && answer->count < LOOKUP_MOST; at = at->ai_next) {
		if (at->ai_addrlen > sizeof answer->addresses[0])
			continue;
		memcpy(&answer->addresses[answer->count], at->ai_addr, at->ai_addrlen);
		answer->lengths[answer->count++] = at->ai_addrlen;
	}
	if (list)
		freeaddrinfo(list);
}

static void *look_up_in_thread(void *arg)
{
	struct request *r = arg;
	look_up(r, AI_ADDRCONFIG);
	int fd = r->written;
	/* before the end of the pipe tells the loop, which then is the only holder */
	let_go(r);
	close(fd);
	return NULL;
}

static void finish(struct lookup *l)
{
	struct request *r = l->request;
	void (*done)(void *ctx, const struct lookup_answer *answer) = l->done;
	void *ctx = l->ctx;
	l->request = NULL;
	lookup_cancel(l);
	atomic_thread_fence(memory_order_acquire);
	done(ctx, &r->answer);
	let_go(r);
}

static void on_answer(struct loop *loop, int fd, unsigned events, void *ctx)
{
	(void)loop, (void)fd, (void)events;
	finish(ctx);
}

static void on_timer(struct loop *loop, void *ctx)
{
	(void)loop;
	((struct lookup *)ctx)->timer = 0;
	finish(ctx);
}

/* All signals stay with the thread of the loop. */
static int start_thread(struct request *r)
{
	pthread_t thread;
	sigset_t all, former;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &former);
	int rc = pthread_create(&thread, NULL, look_up_in_thread, r);
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	if (rc == 0)
		pthread_detach(thread);
	return rc;
}

static int start_waiting(struct lookup *l)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return errno;
	l->request->written = ends[1];
	atomic_store(&l->request->holders, 2);
	int rc = start_thread(l->request);
	if (rc) {
		atomic_store(&l->request->holders, 1);
		close(ends[0]);
		close(ends[1]);
		return rc;
	}
	l->fd = ends[0];
	loop_watch_fd(l->loop, l->fd, LOOP_READ, on_answer, l);
	return 0;
}

struct lookup *lookup_start(struct loop *loop, const struct address *address,
			    void (*done)(void *ctx, const struct lookup_answer *answer), void *ctx)
{
	struct lookup *l = xcalloc(1, sizeof *l);
	struct request *r = xcalloc(1, sizeof *r);
	*l = (struct lookup){ .loop = loop, .request = r, .fd = -1, .done = done, .ctx = ctx };
	r->host = xstrdup(address->host);
	snprintf(r->port, sizeof r->port, "%u", (unsigned)address->port);
	atomic_store(&r->holders, 1);
	look_up(r, AI_NUMERICHOST);
	if (r->answer.count == 0) {
		int rc = start_waiting(l);
		if (rc) {
			r->answer.error = EAI_SYSTEM;
			r->answer.sys_errno = rc;
		}
	}
	if (l->fd < 0)
		l->timer = loop_add_timer(loop, 0, on_timer, l);
	return l;
}

void lookup_cancel(struct lookup *l)
{
	if (!l)
		return;
	if (l->fd >= 0) {
		loop_unwatch_fd(l->loop, l->fd);
		close(l->fd);
	}
	loop_cancel_timer(l->loop, l->timer);
	if (l->request)
		let_go(l->request);
	free(l);
}
