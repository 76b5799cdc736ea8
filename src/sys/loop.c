#include "sys/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"

struct fd_watch {
	int fd;
	unsigned events;
	uint32_t serial; /* a watch that was replaced since poll() must not get the old one's events */
	void (*ready)(struct loop *loop, int fd, unsigned events, void *ctx);
	void *ctx;
};

struct timer {
	uint32_t id;
	int64_t due_ns;
	void (*fire)(struct loop *loop, void *ctx);
	void *ctx;
};

struct child_watch {
	pid_t pid;
	void (*exited)(struct loop *loop, pid_t pid, int wait_status, void *ctx);
	void *ctx;
};

/* The signals the loop may take over; INTERRUPTS_FROM and later only while somebody watches for interrupts. */
static const int taken_signals[] = { SIGPIPE, SIGCHLD, SIGINT, SIGTERM, SIGHUP };
enum { SIGNAL_COUNT = 5, INTERRUPTS_FROM = 2 };

struct loop {
	const struct clock *clock;
	struct fd_watch *fds;
	size_t fd_count, fd_cap;
	struct timer *timers;
	size_t timer_count, timer_cap;
	struct child_watch *children;
	size_t child_count, child_cap;
	uint32_t next_serial, next_timer;
	struct pollfd *polled; /* scratch of one round: what poll() was asked, and the serials beside it */
	uint32_t *serials;
	size_t polled_cap, serials_cap;
	int signal_read;
	bool look_at_children; /* a SIGCHLD came, or a watch began after its child may have ended */
	bool stopped;
	struct loop_interrupt interrupt;
	struct sigaction former[SIGNAL_COUNT];
};

/* The write end of the self-pipe: the one variable a signal handler can reach. -1 while there is no loop. */
static volatile int signal_write = -1;

static void on_signal(int signo)
{
	int saved = errno;
	unsigned char byte = (unsigned char)signo;
	/* A full pipe already holds a signal to wake up for; nothing else can be done in a handler. */
	ssize_t ignored = write(signal_write, &byte, 1);
	(void)ignored;
	errno = saved;
}

static void take_signals(struct loop *loop, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct sigaction action = { .sa_flags = SA_RESTART };
		action.sa_handler = taken_signals[i] == SIGPIPE ? SIG_IGN : on_signal;
		sigemptyset(&action.sa_mask);
		sigaction(taken_signals[i], &action, &loop->former[i]);
		/* nohup: a program that was told to outlive its terminal does */
		if (taken_signals[i] == SIGHUP && loop->former[i].sa_handler == SIG_IGN)
			sigaction(SIGHUP, &loop->former[i], NULL);
	}
}

static void give_back_signals(struct loop *loop, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		sigaction(taken_signals[i], &loop->former[i], NULL);
}

int loop_new(struct loop **ret, const struct clock *clock, struct err *err)
{
	if (signal_write >= 0)
		BUG("a second event loop in one process");
	int ends[2];
	if (pipe(ends) != 0)
		return err_set_errno(err, ERR_IO, "cannot make the pipe for signals");
	for (int i = 0; i < 2; i++) {
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
		fcntl(ends[i], F_SETFL, O_NONBLOCK);
	}
	struct loop *loop = xcalloc(1, sizeof *loop);
	loop->clock = clock;
	loop->signal_read = ends[0];
	signal_write = ends[1];
	take_signals(loop, 0, INTERRUPTS_FROM);
	*ret = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	loop_watch_interrupt(loop, NULL, NULL);
	give_back_signals(loop, 0, INTERRUPTS_FROM);
	close(loop->signal_read);
	close(signal_write);
	signal_write = -1;
	free(loop->fds);
	free(loop->timers);
	free(loop->children);
	free(loop->polled);
	free(loop->serials);
	free(loop);
}

const struct clock *loop_clock(const struct loop *loop)
{
	return loop->clock;
}

static struct fd_watch *find_fd(struct loop *loop, int fd)
{
	for (size_t i = 0; i < loop->fd_count; i++)
		if (loop->fds[i].fd == fd)
			return &loop->fds[i];
	return NULL;
}

void loop_watch_fd(struct loop *loop, int fd, unsigned events,
		   void (*ready)(struct loop *loop, int fd, unsigned events, void *ctx), void *ctx)
{
	struct fd_watch *w = find_fd(loop, fd);
	if (!events) {
		if (w)
			*w = loop->fds[--loop->fd_count];
		return;
	}
	if (!w) {
		VEC_GROW(loop->fds, loop->fd_count, loop->fd_cap);
		w = &loop->fds[loop->fd_count++];
	}
	*w = (struct fd_watch){ fd, events, ++loop->next_serial, ready, ctx };
}

void loop_unwatch_fd(struct loop *loop, int fd)
{
	loop_watch_fd(loop, fd, 0, NULL, NULL);
}

uint32_t loop_add_timer(struct loop *loop, int64_t delay_ns, void (*fire)(struct loop *loop, void *ctx), void *ctx)
{
	VEC_GROW(loop->timers, loop->timer_count, loop->timer_cap);
	uint32_t id = ++loop->next_timer;
	int64_t due = clock_monotonic_ns(loop->clock) + delay_ns;
	loop->timers[loop->timer_count++] = (struct timer){ id, due, fire, ctx };
	return id;
}

void loop_cancel_timer(struct loop *loop, uint32_t id)
{
	for (size_t i = 0; i < loop->timer_count; i++)
		if (loop->timers[i].id == id) {
			loop->timers[i] = loop->timers[--loop->timer_count];
			return;
		}
}

void loop_watch_child(struct loop *loop, pid_t pid,
		      void (*exited)(struct loop *loop, pid_t pid, int wait_status, void *ctx), void *ctx)
{
	VEC_GROW(loop->children, loop->child_count, loop->child_cap);
	loop->children[loop->child_count++] = (struct child_watch){ pid, exited, ctx };
	loop->look_at_children = true;
}

void loop_unwatch_child(struct loop *loop, pid_t pid)
{
	for (size_t i = 0; i < loop->child_count; i++)
		if (loop->children[i].pid == pid) {
			loop->children[i] = loop->children[--loop->child_count];
			return;
		}
}

struct loop_interrupt loop_watch_interrupt(struct loop *loop,
                                           void (*interrupted)(struct loop *loop, int signo, void *ctx), void *ctx)
{
	struct loop_interrupt former = loop->interrupt;
	if (interrupted && !former.interrupted)
		take_signals(loop, INTERRUPTS_FROM, SIGNAL_COUNT);
	if (!interrupted && former.interrupted)
		give_back_signals(loop, INTERRUPTS_FROM, SIGNAL_COUNT);
	loop->interrupt = (struct loop_interrupt){ interrupted, ctx };
	return former;
}

/* The timer that is due first, among those with an id up to `last_id`; NULL if there is none. */
static struct timer *first_timer(struct loop *loop, uint32_t last_id)
{
	struct timer *first = NULL;
	for (size_t i = 0; i < loop->timer_count; i++) {
		struct timer *t = &loop->timers[i];
		if (t->id <= last_id && (!first || t->due_ns < first->due_ns ||
					 (t->due_ns == first->due_ns && t->id < first->id)))
			first = t;
	}
	return first;
}

/* Timers that a callback adds wait for the next round, so that a timer of delay 0 cannot keep the rest waiting. */
static void fire_timers(struct loop *loop)
{
	int64_t now = clock_monotonic_ns(loop->clock);
	uint32_t last_id = loop->next_timer;
	struct timer *t;
	while ((t = first_timer(loop, last_id)) && t->due_ns <= now) {
		struct timer due = *t;
		loop_cancel_timer(loop, due.id);
		due.fire(loop, due.ctx);
	}
}

static void reap_children(struct loop *loop)
{
	loop->look_at_children = false;
	for (size_t i = 0; i < loop->child_count;) {
		struct child_watch w = loop->children[i];
		int status = 0;
		pid_t pid = waitpid(w.pid, &status, WNOHANG);
		if (pid == 0 || (pid < 0 && errno == EINTR)) {
			i++;
			continue;
		}
		if (pid < 0)
			BUG("waiting for process %ld, which is not our child", (long)w.pid);
		loop->children[i] = loop->children[--loop->child_count];
		w.exited(loop, w.pid, status, w.ctx);
		i = 0; /* the callback may have changed the array */
	}
}

static void read_signals(struct loop *loop)
{
	unsigned char bytes[256];
	ssize_t n;
	while ((n = read(loop->signal_read, bytes, sizeof bytes)) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (bytes[i] == SIGCHLD)
				loop->look_at_children = true;
			else if (loop->interrupt.interrupted)
				loop->interrupt.interrupted(loop, bytes[i], loop->interrupt.ctx);
		}
}

/* In milliseconds, rounded up: waking up early would only spin. */
static int poll_timeout(struct loop *loop, int64_t timeout_ns)
{
	struct timer *t = first_timer(loop, UINT32_MAX);
	if (t) {
		int64_t left = t->due_ns - clock_monotonic_ns(loop->clock);
		if (left < 0)
			left = 0;
		if (timeout_ns < 0 || left < timeout_ns)
			timeout_ns = left;
	}
	if (timeout_ns < 0)
		return -1;
	int64_t ms = timeout_ns / NS_PER_MS + (timeout_ns % NS_PER_MS != 0);
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static short poll_events(unsigned events)
{
	return (short)((events & LOOP_READ ? POLLIN : 0) | (events & LOOP_WRITE ? POLLOUT : 0));
}

static unsigned ready_events(short revents, unsigned wanted)
{
	unsigned ready = (revents & POLLIN ? LOOP_READ : 0u) | (revents & POLLOUT ? LOOP_WRITE : 0u);
	if (revents & (POLLHUP | POLLERR | POLLNVAL))
		ready |= LOOP_READ | LOOP_WRITE | LOOP_HANGUP;
	return ready & wanted;
}

static void prepare_poll(struct loop *loop)
{
	VEC_GROW(loop->polled, 0, loop->polled_cap);
	loop->polled[0] = (struct pollfd){ .fd = loop->signal_read, .events = POLLIN };
	for (size_t i = 0; i < loop->fd_count; i++) {
		VEC_GROW(loop->polled, i + 1, loop->polled_cap);
		VEC_GROW(loop->serials, i, loop->serials_cap);
		loop->polled[i + 1] =
			(struct pollfd){ .fd = loop->fds[i].fd, .events = poll_events(loop->fds[i].events) };
		loop->serials[i] = loop->fds[i].serial;
	}
}

static void call_ready(struct loop *loop, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct fd_watch *w = find_fd(loop, loop->polled[i + 1].fd);
		if (!w || w->serial != loop->serials[i])
			continue;
		unsigned ready = ready_events(loop->polled[i + 1].revents, w->events);
		if (ready)
			w->ready(loop, w->fd, ready, w->ctx);
	}
}

int loop_run_once(struct loop *loop, int64_t timeout_ns, struct err *err)
{
	size_t count = loop->fd_count;
	prepare_poll(loop);
	int timeout = poll_timeout(loop, loop->look_at_children ? 0 : timeout_ns);
	int n = poll(loop->polled, count + 1, timeout);
	if (n < 0 && errno == EINTR)
		n = poll(loop->polled, count + 1, 0);
	if (n < 0 && errno != EINTR)
		return err_set_errno(err, ERR_IO, "cannot wait for events");
	if (n > 0)
		call_ready(loop, count);
	read_signals(loop);
	if (loop->look_at_children)
		reap_children(loop);
	fire_timers(loop);
	return 0;
}

int loop_run(struct loop *loop, struct err *err)
{
	int rc = 0;
	while (rc == 0 && !loop->stopped && (loop->fd_count || loop->timer_count || loop->child_count))
		rc = loop_run_once(loop, -1, err);
	loop->stopped = false;
	return rc;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

bool loop_is_stopped(const struct loop *loop)
{
	return loop->stopped;
}
