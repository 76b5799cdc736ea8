#include "cmd/watch.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/check.h"
#include "cmd/watch_diff.h"
#include "cmd/watch_places.h"

/* How long it must be quiet before a check begins. Who has opened a file for writing will close it; where many files
 * change at once (a checkout) more are to come; who never stops is not waited for. */
#define QUIET_NS (15 * NS_PER_MS)
#define QUIET_UNFINISHED_NS (200 * NS_PER_MS)
#define QUIET_MANY_NS (100 * NS_PER_MS)
#define WAIT_AT_MOST_NS (2 * NS_PER_S)
#define POLL_NS NS_PER_S
enum { MANY = 16 };

struct watch {
	const struct settings *settings;
	struct pipeline_kept kept;
	struct watch_places places;
	struct arena arena;
	struct watch_diff diff;
	struct buf total, warnings; /* of the last report */
	struct witness *seen;       /* what the last check stood on */
	bool polling;               /* changes are looked for, because the system does not tell of all of them */
	bool over, interrupted;
	int exit_status; /* of the last check */
	/* Changes since the last check began. */
	uint32_t changes;
	bool unfinished, due;
	bool news; /* one that nobody told: it came before the directory was watched */
	int64_t first_ns;
	uint32_t timer;
	bool caused; /* the check at hand was caused by a change: its total is of interest even if it is the same */
};

/* ---- what is printed ---- */

static void print(FILE *to, struct span text)
{
	if (text.len)
		fwrite(text.data, 1, text.len, to);
	fflush(to);
}

static void print_err(struct watch *w, struct span text)
{
	if (!span_eq(text, buf_span(&w->warnings)))
		print(stderr, text);
	buf_reset(&w->warnings);
	buf_add_span(&w->warnings, text);
}

static void show(void *ctx, const struct report *r)
{
	struct watch *w = ctx;
	struct span all = buf_span(&r->text.out);
	size_t total_at = r->text.total_at;
	struct span diagnostics = { all.data, total_at }, total = { all.data + total_at, all.len - total_at };
	struct buf out = BUF_INIT;
	if (r->refused)
		buf_add_span(&out, diagnostics);
	else
		watch_diff_next(&w->diff, diagnostics, r->text.exit_status == 2, &out);
	if (w->caused || out.len || !span_eq(total, buf_span(&w->total)))
		buf_add_span(&out, total);
	if (!r->no_text)
		print(stdout, buf_span(&out));
	print(stdout, buf_span(&r->more));
	print_err(w, buf_span(&r->text.err));
	buf_reset(&w->total);
	buf_add_span(&w->total, total);
	buf_release(&out);
	w->exit_status = r->text.exit_status;
	w->over = w->over || ferror(stdout);
}

/* ---- what is heard ---- */

static void on_due(struct loop *loop, void *ctx)
{
	(void)loop;
	struct watch *w = ctx;
	w->timer = 0;
	w->due = true;
}

static void expect_check(struct watch *w)
{
	int64_t now = clock_monotonic_ns(&w->kept.clock), latest = w->first_ns + WAIT_AT_MOST_NS;
	int64_t quiet = w->unfinished ? QUIET_UNFINISHED_NS : w->changes > MANY ? QUIET_MANY_NS : QUIET_NS;
	if (now + quiet > latest)
		quiet = latest > now ? latest - now : 0;
	loop_cancel_timer(w->kept.loop, w->timer);
	w->timer = loop_add_timer(w->kept.loop, quiet, on_due, w);
}

static void on_change(void *ctx, const struct dirwatch_change *c)
{
	struct watch *w = ctx;
	if (!watch_places_concerns(&w->places, c))
		return;
	if (!w->changes++)
		w->first_ns = clock_monotonic_ns(&w->kept.clock);
	w->unfinished = c->unfinished;
}

static void on_readable(struct loop *loop, int fd, unsigned events, void *ctx)
{
	(void)loop, (void)fd, (void)events;
	struct watch *w = ctx;
	uint32_t before = w->changes;
	dirwatch_read(w->places.dirs, on_change, w);
	if (w->changes != before)
		expect_check(w);
}

static void on_interrupt(struct loop *loop, int signo, void *ctx)
{
	(void)loop, (void)signo;
	struct watch *w = ctx;
	w->over = w->interrupted = true;
}

/* Nobody is there any more who could read what is printed, or who wanted it. */
static void on_hangup(struct loop *loop, int fd, unsigned events, void *ctx)
{
	(void)events;
	loop_unwatch_fd(loop, fd);
	((struct watch *)ctx)->over = true;
}

static void watch_hangup(struct watch *w, int fd)
{
	struct stat s;
	if (fstat(fd, &s) == 0 && (S_ISFIFO(s.st_mode) || S_ISSOCK(s.st_mode) || isatty(fd)))
		loop_watch_fd(w->kept.loop, fd, LOOP_HANGUP, on_hangup, w);
}

/* The check that begins now sees them all. */
static void take_changes(struct watch *w)
{
	if (w->places.dirs)
		dirwatch_read(w->places.dirs, on_change, w);
	w->caused = w->caused || w->changes || w->news;
	loop_cancel_timer(w->kept.loop, w->timer);
	w->timer = 0;
	w->changes = 0;
	w->unfinished = w->due = w->news = false;
}

/* ---- check, listen, wait ---- */

static void poll_from_now_on(struct watch *w, struct err *why)
{
	if (!w->polling)
		fprintf(stderr, "sepal: warning: %s; files are looked at every second instead\n", why->message);
	w->polling = true;
	err_release(why);
}

/* What has changed before it was watched needs another check at once. */
static void listen(struct watch *w)
{
	struct err err = ERR_INIT;
	bool is_new = false;
	if (w->places.dirs && watch_places_follow(&w->places, w->seen, &is_new, &err))
		poll_from_now_on(w, &err);
	if (is_new && w->seen && !witness_still_holds(w->seen)) {
		w->due = true;
		w->news = witness_has_news(w->seen);
	}
}

static void fail(struct watch *w, struct err *err)
{
	w->exit_status = err_exit_status(err->kind);
	w->interrupted = w->interrupted || err->kind == ERR_INTERRUPTED;
	w->over = w->over || w->interrupted;
	/* What changed meanwhile may be the reason, and is checked next. */
	if (!w->interrupted && !w->changes)
		fprintf(stderr, "sepal: %s\n", err->message);
	err_release(err);
}

static void check_now(struct watch *w)
{
	struct check c;
	struct reports reports = { 0 };
	struct err err = ERR_INIT, ignored = ERR_INIT;
	take_changes(w);
	check_init(&c, w->settings, &reports, show, w);
	/* the baseline may be another one by now */
	if (reports_open(w->settings, &reports, &err) ||
	    pipeline_open_kept(&c.pipeline, w->settings, &w->kept, &err) || check_run(&c, &err) ||
	    trace_write(c.pipeline.trace, w->settings->trace, &err))
		fail(w, &err);
	else if (c.seen && !w->over && pipeline_warm(&c.pipeline, &ignored))
		err_release(&ignored); /* whoever needs it will be told */
	if (c.seen) {
		witness_free(w->seen);
		w->seen = c.seen;
		c.seen = NULL;
	}
	check_release(&c);
	reports_release(&reports);
	listen(w);
}

static int wait_for_change(struct watch *w, struct err *err)
{
	w->caused = false;
	while (!w->over && !w->due) {
		int64_t patience = w->polling ? POLL_NS : -1;
		int64_t began = clock_monotonic_ns(&w->kept.clock);
		if (loop_run_once(w->kept.loop, patience, err))
			return -1;
		bool waited = w->polling && clock_monotonic_ns(&w->kept.clock) - began >= POLL_NS;
		if (waited && w->seen && !witness_still_holds(w->seen)) {
			w->due = true;
			w->news = witness_has_news(w->seen);
		}
	}
	return 0;
}

static int open_watch(struct watch *w, struct err *err)
{
	struct err untold = ERR_INIT;
	if (pipeline_kept_open(&w->kept, w->settings, err) || fs_cwd(&w->arena, &w->places.cwd, err))
		return -1;
	loop_watch_interrupt(w->kept.loop, on_interrupt, w);
	watch_hangup(w, STDIN_FILENO);
	watch_hangup(w, STDOUT_FILENO);
	if (dirwatch_open(&w->places.dirs, &untold))
		poll_from_now_on(w, &untold);
	else
		loop_watch_fd(w->kept.loop, dirwatch_fd(w->places.dirs), LOOP_READ, on_readable, w);
	listen(w); /* to the current directory: the first check may fail before it knows of more */
	return 0;
}

int watch_run(const struct settings *s, int *ret_exit, struct err *err)
{
	struct watch w = { .settings = s, .places = { .store = s->store }, .caused = true };
	struct reports reports = { 0 }; /* what cannot be done is refused before anything runs */
	int failed = reports_open(s, &reports, err) || open_watch(&w, err);
	reports_release(&reports);
	while (!failed && !w.over) {
		check_now(&w);
		failed = wait_for_change(&w, err);
	}
	*ret_exit = w.interrupted ? err_exit_status(ERR_INTERRUPTED) : w.exit_status;
	pipeline_kept_close(&w.kept);
	watch_places_release(&w.places);
	watch_diff_release(&w.diff);
	witness_free(w.seen);
	buf_release(&w.total);
	buf_release(&w.warnings);
	arena_release(&w.arena);
	return failed;
}
