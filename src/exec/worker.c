#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include "exec/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "exec/frames.h"
#include "sys/child.h"

enum { STDERR_KEPT = 64 * 1024, READ_SIZE = 1024 * 1024, PIPE_ROOM = 1024 * 1024 };

struct worker {
	struct loop *loop;
	struct child child;
	struct frame_reader reader;
	struct buf out; /* not yet taken by the pipe */
	size_t out_sent;
	struct buf log; /* the end of what it wrote to stderr */
	struct worker_events events;
	struct js *asked; /* the answer that worker_ask waits for */
	bool asking, gone;
	bool exited; /* reaped by the loop */
	struct err failure;
};

/* What it wrote to stderr, in case nobody has read it yet. */
static void drain_log(struct worker *w)
{
	char chunk[4096];
	ssize_t n;
	while (w->log.len < STDERR_KEPT && (n = read(w->child.err, chunk, sizeof chunk)) > 0)
		buf_add(&w->log, chunk, (size_t)n);
}

static void add_log(struct worker *w)
{
	struct err full = ERR_INIT;
	drain_log(w);
	size_t n = w->log.len;
	while (n && w->log.data[n - 1] == '\n')
		n--;
	if (!n)
		return;
	err_set(&full, w->failure.kind, "%s; it wrote:\n%.*s", w->failure.message, (int)n, w->log.data);
	err_move(&w->failure, &full);
}

static void fail(struct worker *w, struct err *err)
{
	if (w->gone)
		return;
	w->gone = true;
	if (w->child.out >= 0)
		loop_unwatch_fd(w->loop, w->child.out);
	if (w->child.in >= 0)
		loop_unwatch_fd(w->loop, w->child.in);
	child_kill(&w->child, SIGKILL);
	err_move(&w->failure, err);
	add_log(w);
	if (!w->asking && w->events.gone)
		w->events.gone(w->events.ctx, &w->failure);
}

static void deliver(struct worker *w, struct span payload)
{
	struct err err = ERR_INIT;
	struct js *doc;
	if (js_parse(payload, "a frame from the worker", &doc, &err)) {
		fail(w, &err);
		return;
	}
	if (w->asking && !w->asked) {
		w->asked = doc;
		return;
	}
	if (w->events.answer)
		w->events.answer(w->events.ctx, doc);
	js_free(doc);
}

static void on_output(struct loop *loop, int fd, unsigned events, void *ctx)
{
	(void)loop, (void)events;
	struct worker *w = ctx;
	struct err err = ERR_INIT;
	struct buf chunk = BUF_INIT;
	ssize_t n = read(fd, buf_room(&chunk, READ_SIZE), READ_SIZE);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		goto out;
	if (n <= 0) {
		err_set(&err, ERR_CHECKER, "the checker's worker ended before its work was done");
		fail(w, &err);
		goto out;
	}
	frame_reader_feed(&w->reader, (struct span){ chunk.data, (size_t)n });
	bool there = true;
	while (!w->gone && there) {
		struct span payload;
		if (frame_reader_next(&w->reader, &payload, &there, &err))
			fail(w, &err);
		else if (there)
			deliver(w, payload);
	}
out:
	buf_release(&chunk);
}

static void on_log(struct loop *loop, int fd, unsigned events, void *ctx)
{
	(void)events;
	struct worker *w = ctx;
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof chunk);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		loop_unwatch_fd(loop, fd);
		return;
	}
	buf_add(&w->log, chunk, (size_t)n);
	if (w->log.len > STDERR_KEPT) {
		size_t drop = w->log.len - STDERR_KEPT / 2;
		memmove(w->log.data, w->log.data + drop, w->log.len - drop);
		buf_truncate(&w->log, w->log.len - drop);
	}
}

static void on_input_ready(struct loop *loop, int fd, unsigned events, void *ctx)
{
	(void)events;
	struct worker *w = ctx;
	ssize_t n = write(fd, w->out.data + w->out_sent, w->out.len - w->out_sent);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		/* Its end of output tells the rest. */
		loop_unwatch_fd(loop, fd);
		return;
	}
	if (n > 0)
		w->out_sent += (size_t)n;
	if (w->out_sent == w->out.len) {
		buf_reset(&w->out);
		w->out_sent = 0;
		loop_unwatch_fd(loop, fd);
	}
}

static void on_exit_seen(struct loop *loop, pid_t pid, int wait_status, void *ctx)
{
	(void)loop, (void)pid, (void)wait_status;
	((struct worker *)ctx)->exited = true;
}

int worker_start(struct loop *loop, const char *python, const char *program, struct worker **ret, struct err *err)
{
	const char *argv[] = { python, program, NULL };
	struct child_spec spec = { .argv = argv, .in = CHILD_PIPE, .out = CHILD_PIPE, .err = CHILD_PIPE };
	struct worker *w = xcalloc(1, sizeof *w);
	w->loop = loop;
	w->child = (struct child)CHILD_INIT;
	if (child_spawn(&w->child, &spec, err)) {
		free(w);
		return err_wrap(err, "starting the checker's worker with %s", python);
	}
	/* What a unit stands on is told in one frame. Without the room it goes in more than one piece. */
	(void)fcntl(w->child.in, F_SETPIPE_SZ, PIPE_ROOM);
	loop_watch_fd(loop, w->child.out, LOOP_READ, on_output, w);
	loop_watch_fd(loop, w->child.err, LOOP_READ, on_log, w);
	loop_watch_child(loop, w->child.pid, on_exit_seen, w);
	*ret = w;
	return 0;
}

void worker_on(struct worker *w, const struct worker_events *events)
{
	w->events = *events;
}

void worker_send(struct worker *w, struct js *request)
{
	struct buf text = BUF_INIT;
	js_write(request, 0, &text);
	js_free(request);
	if (!w->gone) {
		frame_append(&w->out, buf_span(&text));
		loop_watch_fd(w->loop, w->child.in, LOOP_WRITE, on_input_ready, w);
	}
	buf_release(&text);
}

int worker_ask(struct worker *w, struct js *request, struct js **ret, struct err *err)
{
	w->asking = true;
	worker_send(w, request);
	while (!w->asked && !w->gone)
		if (loop_run_once(w->loop, -1, err))
			return -1;
	w->asking = false;
	if (!w->asked) {
		err_move(err, &w->failure);
		return -1;
	}
	*ret = w->asked;
	w->asked = NULL;
	return 0;
}

bool worker_is_gone(const struct worker *w)
{
	return w->gone;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	struct err ignored = ERR_INIT;
	if (!w->gone) {
		loop_unwatch_fd(w->loop, w->child.out);
		loop_unwatch_fd(w->loop, w->child.in);
	}
	loop_unwatch_fd(w->loop, w->child.err);
	child_kill(&w->child, SIGKILL);
	while (!w->exited && !loop_run_once(w->loop, -1, &ignored))
		;
	child_close(&w->child);
	frame_reader_release(&w->reader);
	buf_release(&w->out);
	buf_release(&w->log);
	err_release(&w->failure);
	err_release(&ignored);
	js_free(w->asked);
	free(w);
}
