/* One child from start to end, its output collected: child_run, on top of child_spawn and the loop. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "sys/child.h"

struct run {
	struct child child;
	struct child_result *result;
	struct span input; /* what is left to feed */
	size_t limit;
	bool exited, too_much;
};

/* Reads what is there. Returns false at the end of the stream, on failure, or when the limit is passed. */
static bool drain(struct run *r, int fd, struct buf *into)
{
	for (;;) {
		char *at = buf_room(into, 65536);
		*at = '\0'; /* no output is an empty string */
		ssize_t n = read(fd, at, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			return false;
		into->len += (size_t)n;
		into->data[into->len] = '\0';
		if (into->len > r->limit) {
			r->too_much = true;
			child_kill(&r->child, SIGKILL);
			return false;
		}
	}
}

static void on_output(struct loop *loop, int fd, unsigned events, void *ctx)
{
	struct run *r = ctx;
	(void)events;
	if (!drain(r, fd, fd == r->child.out ? &r->result->out : &r->result->err))
		loop_unwatch_fd(loop, fd);
}

static void on_input(struct loop *loop, int fd, unsigned events, void *ctx)
{
	struct run *r = ctx;
	(void)events;
	ssize_t n = r->input.len ? write(fd, r->input.data, r->input.len) : 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		r->input.data += n;
		r->input.len -= (size_t)n;
	}
	/* All fed; or the child does not want more, which is its own affair: its exit status says what that means. */
	if (n < 0 || r->input.len == 0) {
		loop_unwatch_fd(loop, fd);
		child_close_in(&r->child);
	}
}

static void on_exit_of_child(struct loop *loop, pid_t pid, int wait_status, void *ctx)
{
	struct run *r = ctx;
	(void)loop;
	(void)pid;
	r->exited = true;
	r->result->wait_status = wait_status;
}

static void on_timeout(struct loop *loop, void *ctx)
{
	struct run *r = ctx;
	(void)loop;
	r->result->timed_out = true;
	child_kill(&r->child, SIGKILL);
}

static void unwatch(struct loop *loop, struct run *r)
{
	loop_unwatch_fd(loop, r->child.out);
	loop_unwatch_fd(loop, r->child.err);
	if (r->child.in >= 0)
		loop_unwatch_fd(loop, r->child.in);
}

int child_run(struct loop *loop, const struct child_spec *spec, struct span input, size_t limit, int64_t timeout_ns,
	      struct child_result *ret, struct err *err)
{
	struct run r = { .child = CHILD_INIT, .result = ret, .input = input, .limit = limit };
	struct child_spec piped = *spec;
	piped.in = input.len ? CHILD_PIPE : spec->in;
	piped.out = piped.err = CHILD_PIPE;
	if (child_spawn(&r.child, &piped, err) != 0)
		return -1;
	loop_watch_fd(loop, r.child.out, LOOP_READ, on_output, &r);
	loop_watch_fd(loop, r.child.err, LOOP_READ, on_output, &r);
	if (r.child.in >= 0)
		loop_watch_fd(loop, r.child.in, LOOP_WRITE, on_input, &r);
	loop_watch_child(loop, r.child.pid, on_exit_of_child, &r);
	uint32_t timer = timeout_ns ? loop_add_timer(loop, timeout_ns, on_timeout, &r) : 0;
	int rc = 0;
	while (rc == 0 && !r.exited) {
		rc = loop_run_once(loop, -1, err);
		if (loop_is_stopped(loop))
			child_kill(&r.child, SIGKILL);
	}
	if (rc != 0) /* the child must not outlive `r`, to which the loop points */
		BUG("the event loop failed while a child was running: %s", err->message);
	loop_cancel_timer(loop, timer);
	/* What it wrote last. Not until the streams end: a process it left behind may hold them open for ever. */
	if (!r.too_much) {
		drain(&r, r.child.out, &ret->out);
		drain(&r, r.child.err, &ret->err);
	}
	unwatch(loop, &r);
	child_close(&r.child);
	if (r.too_much)
		return err_set(err, ERR_PROTOCOL, "%s wrote more than %zu bytes and was ended", spec->argv[0], limit);
	if (loop_is_stopped(loop))
		return err_set(err, ERR_INTERRUPTED, "%s was ended because of an interrupt", spec->argv[0]);
	return 0;
}

void child_result_release(struct child_result *r)
{
	buf_release(&r->out);
	buf_release(&r->err);
}
