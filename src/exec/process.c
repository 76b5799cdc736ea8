/* Children in staged directories. What is staged and collected is process_stage's affair; what runs, the caller's. */
#include "exec/process.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "exec/process_stage.h"
#include "sys/child.h"
#include "sys/path.h"

enum { OUTPUT_LIMIT = 1024 * 1024 };

#define CUT_SHORT "\n[more output was dropped]\n"

struct flight {
	struct process_runner *runner;
	struct flight *next;
	struct arena *arena;
	struct process_stage stage;
	struct child child;
	struct buf out, err;
	uint32_t timer;
	bool timed_out, cancelled;
	process_done_fn *done;
	void *ctx;
};

struct process_runner {
	struct loop *loop;
	struct store *store;
	char *scratch, *kept;
	struct flight *flights;
	struct stage_pool pool;
	uint64_t started, directories;
	unsigned running;
	bool keep_failed;
};

int process_runner_new(struct loop *loop, struct store *store, const char *scratch, struct process_runner **ret,
                       struct err *err)
{
	struct process_runner *r;

	if (!path_is_absolute(scratch))
		return err_set(err, ERR_USAGE, "the directory for staging must be an absolute path, not %s", scratch);
	if (fs_mkdirs(scratch, err))
		return -1;
	r = xcalloc(1, sizeof *r);
	r->loop = loop;
	r->store = store;
	r->scratch = xstrdup(scratch);
	r->pool.dir = path_join(&r->pool.arena, scratch, "inlined");
	*ret = r;
	return 0;
}

/* Reads what is there, drops what is beyond the limit. False at the end of the stream. */
static bool drain(int fd, struct buf *into)
{
	for (;;) {
		char bytes[65536];
		ssize_t n = read(fd, bytes, sizeof bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		if (into->len <= OUTPUT_LIMIT)
			buf_add(into, bytes, (size_t)n);
	}
}

static void on_output(struct loop *loop, int fd, unsigned events, void *ctx)
{
	struct flight *f = ctx;

	(void)events;
	if (!drain(fd, fd == f->child.out ? &f->out : &f->err))
		loop_unwatch_fd(loop, fd);
}

static void on_timeout(struct loop *loop, void *ctx)
{
	struct flight *f = ctx;

	(void)loop;
	f->timed_out = true;
	child_kill(&f->child, SIGKILL);
}

static struct span printed(struct arena *arena, struct buf *text)
{
	if (text->len > OUTPUT_LIMIT) {
		buf_truncate(text, OUTPUT_LIMIT);
		buf_add_str(text, CUT_SHORT);
	}
	return arena_span(arena, buf_span(text));
}

static int collect(struct flight *f, int wait_status, struct action_outcome *ret, struct err *err)
{
	ret->exit_status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
	ret->signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
	ret->timed_out = f->timed_out;
	ret->out = printed(f->arena, &f->out);
	ret->err = printed(f->arena, &f->err);
	if (process_stage_compare(&f->stage, f->arena, &ret->undeclared, err))
		return -1;
	return process_stage_collect(&f->stage, f->arena, &ret->outputs, &ret->output_count, err);
}

static void keep(struct process_runner *r, const char *dir)
{
	free(r->kept);
	r->kept = xstrdup(dir);
}

static void remove_directory(const char *dir)
{
	struct err ignored = ERR_INIT; /* the whole scratch directory is removed at the end, and by the store if not */

	if (fs_remove_tree(dir, &ignored))
		err_release(&ignored);
}

static void unlink_flight(struct flight *f)
{
	struct flight **at = &f->runner->flights;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	f->runner->running--;
}

static void release_flight(struct flight *f)
{
	buf_release(&f->out);
	buf_release(&f->err);
	free(f);
}

static void on_exit_of_child(struct loop *loop, pid_t pid, int wait_status, void *ctx)
{
	struct flight *f = ctx;
	struct err err = ERR_INIT;
	bool failed;
	int rc;

	(void)pid;
	loop_cancel_timer(loop, f->timer);
	drain(f->child.out, &f->out);
	drain(f->child.err, &f->err);
	loop_unwatch_fd(loop, f->child.out);
	loop_unwatch_fd(loop, f->child.err);
	child_close(&f->child);
	unlink_flight(f);
	if (!f->cancelled) {
		struct action_outcome *outcome = ARENA_NEW(f->arena, struct action_outcome);

		rc = collect(f, wait_status, outcome, &err);
		failed = rc != 0 || outcome->exit_status < 0 || outcome->exit_status > 1 || outcome->undeclared;
		if (failed && f->runner->keep_failed)
			keep(f->runner, f->stage.dir);
		else
			remove_directory(f->stage.dir);
		f->done(f->ctx, rc == 0 ? outcome : NULL, rc == 0 ? NULL : &err);
	}
	release_flight(f);
}

/* argv, with a platform link in front replaced by what it points to. */
static const char *const *command_line(const struct action *a, struct arena *arena)
{
	size_t count = 0;
	const char **argv;

	while (a->argv[count])
		count++;
	argv = ARENA_ARRAY(arena, const char *, count + 1);
	memcpy(argv, a->argv, count * sizeof *argv);
	for (uint32_t i = 0; i < a->input_count; i++)
		if (a->inputs[i].kind == INPUT_PLATFORM && strcmp(a->inputs[i].path, argv[0]) == 0)
			argv[0] = a->inputs[i].real;
	return argv;
}

static void watch(struct flight *f)
{
	struct loop *loop = f->runner->loop;
	uint32_t seconds = f->stage.action->timeout_seconds;

	loop_watch_fd(loop, f->child.out, LOOP_READ, on_output, f);
	loop_watch_fd(loop, f->child.err, LOOP_READ, on_output, f);
	loop_watch_child(loop, f->child.pid, on_exit_of_child, f);
	f->timer = seconds ? loop_add_timer(loop, seconds * NS_PER_S, on_timeout, f) : 0;
	f->next = f->runner->flights;
	f->runner->flights = f;
	f->runner->running++;
	f->runner->started++;
}

int process_runner_start(struct process_runner *r, const struct action *a, struct arena *arena, process_done_fn *done,
                         void *ctx, struct err *err)
{
	const char *dir = arena_printf(arena, "%s/%" PRIu64, r->scratch, r->directories++);
	struct flight *f = xcalloc(1, sizeof *f);
	struct child_spec spec = { .argv = command_line(a, arena), .env = a->env, .cwd = dir, .in = CHILD_NULL,
		                   .out = CHILD_PIPE, .err = CHILD_PIPE };

	*f = (struct flight){ .runner = r, .arena = arena, .child = CHILD_INIT, .done = done, .ctx = ctx };
	if (process_stage_make(&f->stage, dir, a, r->store, &r->pool, arena, err) ||
	    child_spawn(&f->child, &spec, err)) {
		remove_directory(dir);
		release_flight(f);
		return -1;
	}
	watch(f);
	return 0;
}

void process_runner_cancel(struct process_runner *r, const void *ctx)
{
	for (struct flight *f = r->flights; f; f = f->next)
		if (f->ctx == ctx && !f->cancelled) {
			f->cancelled = true; /* its directory goes with the others */
			child_kill(&f->child, SIGKILL);
		}
}

static void cancel_all(struct process_runner *r)
{
	struct err err = ERR_INIT;

	for (struct flight *f = r->flights; f; f = f->next) {
		f->cancelled = true;
		child_kill(&f->child, SIGKILL);
	}
	while (r->flights)
		if (loop_run_once(r->loop, -1, &err)) /* the loop points to the flights */
			BUG("the event loop failed while children were being ended: %s", err.message);
}

void process_runner_free(struct process_runner *r)
{
	if (!r)
		return;
	cancel_all(r);
	if (!r->kept)
		remove_directory(r->scratch);
	stage_pool_release(&r->pool);
	free(r->scratch);
	free(r->kept);
	free(r);
}

unsigned process_runner_running(const struct process_runner *r)
{
	return r->running;
}

uint64_t process_runner_started(const struct process_runner *r)
{
	return r->started;
}

void process_runner_keep_failed(struct process_runner *r, bool keep_them)
{
	r->keep_failed = keep_them;
}

const char *process_runner_kept(const struct process_runner *r)
{
	return r->kept;
}
