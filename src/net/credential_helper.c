/* The child process of a credential helper. */
#include "net/credential_helper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "sys/child.h"

struct credential_helper {
	struct loop *loop;
	const char *program;
	struct child child;
	struct buf in, out;
	size_t in_sent;
	uint32_t timer;
	void (*done)(void *ctx, struct span output, struct err *err);
	void *ctx;
};

static void close_pipes(struct credential_helper *h)
{
	if (h->child.in >= 0)
		loop_unwatch_fd(h->loop, h->child.in);
	if (h->child.out >= 0)
		loop_unwatch_fd(h->loop, h->child.out);
	loop_cancel_timer(h->loop, h->timer);
	child_close(&h->child);
}

static void helper_free(struct credential_helper *h)
{
	close_pipes(h);
	buf_release(&h->in);
	buf_release(&h->out);
	free(h);
}

void credential_helper_cancel(struct credential_helper *h)
{
	if (!h)
		return;
	child_kill(&h->child, SIGKILL);
	loop_unwatch_child(h->loop, h->child.pid);
	while (waitpid(h->child.pid, NULL, 0) < 0 && errno == EINTR)
		;
	helper_free(h);
}

static void finish(struct credential_helper *h, struct err *err)
{
	void (*done)(void *ctx, struct span output, struct err *err) = h->done;
	void *ctx = h->ctx;
	struct buf out = h->out;
	h->out = (struct buf)BUF_INIT;
	helper_free(h);
	done(ctx, buf_span(&out), err);
	err_release(err);
	buf_release(&out);
}

/* The child still runs: it is ended before anybody hears of it. */
static void give_up(struct credential_helper *h, struct err *err)
{
	child_kill(&h->child, SIGKILL);
	loop_unwatch_child(h->loop, h->child.pid);
	while (waitpid(h->child.pid, NULL, 0) < 0 && errno == EINTR)
		;
	finish(h, err);
}

static void on_timeout(struct loop *loop, void *ctx)
{
	struct credential_helper *h = ctx;
	struct err err = ERR_INIT;
	(void)loop;
	h->timer = 0;
	err_set(&err, ERR_IO, "it gave no answer in %d seconds", (int)(CREDENTIALS_HELPER_NS / NS_PER_S));
	give_up(h, &err);
}

/* Reads what is there; false at the end of it. */
static bool drain(struct credential_helper *h)
{
	while (h->out.len <= CREDENTIAL_HELPER_OUTPUT) {
		ssize_t n = read(h->child.out, buf_room(&h->out, 65536), 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		h->out.len += (size_t)n;
	}
	return false;
}

static void on_output(struct loop *loop, int fd, unsigned events, void *ctx)
{
	struct credential_helper *h = ctx;
	struct err err = ERR_INIT;
	(void)events;
	if (drain(h))
		return;
	loop_unwatch_fd(loop, fd);
	if (h->out.len > CREDENTIAL_HELPER_OUTPUT) {
		err_set(&err, ERR_PROTOCOL, "its answer is longer than %d bytes", CREDENTIAL_HELPER_OUTPUT);
		give_up(h, &err);
	}
}

static void on_input(struct loop *loop, int fd, unsigned events, void *ctx)
{
	struct credential_helper *h = ctx;
	(void)events;
	ssize_t n = write(fd, h->in.data + h->in_sent, h->in.len - h->in_sent);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	h->in_sent += n > 0 ? (size_t)n : 0;
	/* one that does not want to know what for is welcome too */
	if (n < 0 || h->in_sent == h->in.len) {
		loop_unwatch_fd(loop, fd);
		child_close_in(&h->child);
	}
}

static void on_exit_seen(struct loop *loop, pid_t pid, int wait_status, void *ctx)
{
	struct credential_helper *h = ctx;
	struct err err = ERR_INIT;
	struct buf how = BUF_INIT;
	(void)loop, (void)pid;
	drain(h);
	if (wait_status != 0) {
		child_describe_status(wait_status, &how);
		err_set(&err, ERR_IO, "it %s; run `%s get` by hand to see what it says", how.data, h->program);
		buf_reset(&h->out);
	}
	buf_release(&how);
	finish(h, &err);
}

int credential_helper_start(struct loop *loop, const char *program, struct span uri,
			    void (*done)(void *ctx, struct span output, struct err *err), void *ctx,
			    struct credential_helper **ret, struct err *err)
{
	const char *argv[] = { program, "get", NULL };
	const struct child_spec spec = { .argv = argv, .in = CHILD_PIPE, .out = CHILD_PIPE };
	struct credential_helper *h = xcalloc(1, sizeof *h);
	*h = (struct credential_helper){ .loop = loop, .program = program, .child = CHILD_INIT, .done = done, .ctx = ctx };
	if (child_spawn(&h->child, &spec, err)) {
		free(h);
		return -1;
	}
	buf_add_str(&h->in, "{\"uri\":\"");
	buf_add_span(&h->in, uri);
	buf_add_str(&h->in, "\"}\n");
	loop_watch_fd(loop, h->child.in, LOOP_WRITE, on_input, h);
	loop_watch_fd(loop, h->child.out, LOOP_READ, on_output, h);
	loop_watch_child(loop, h->child.pid, on_exit_seen, h);
	h->timer = loop_add_timer(loop, CREDENTIALS_HELPER_NS, on_timeout, h);
	*ret = h;
	return 0;
}
