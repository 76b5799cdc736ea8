/*
 * The worker runner: units go to the worker as `run` frames, their dependencies as `modules` frames (each module once
 * per run), artifacts come back as ranges of pack files. The frames are documented in doc/formats/worker.md.
 *
 * With a kept worker (exec/kept_worker.h) the process has lived through other builds: what those announced need not be
 * announced again, and an interface that is loaded and has changed since makes it start a new generation.
 *
 * The units of a batch share a process, which takes them in turn. When it crashes, dies or takes too long, the first
 * that has no answer is to blame: it is run once more in a hermetic process (run_worker_alone.c). The others are
 * innocent, and run in another batch.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "exec/run_worker_internal.h"
#include "sys/fs.h"

/* ---- answers ---- */

static struct batch *find_batch(struct worker_runner *r, uint32_t number)
{
	for (struct batch *b = r->batches; b; b = b->next)
		if (b->number == number)
			return b;
	return NULL;
}

static struct flight *find_flight(struct batch *b, int64_t unit)
{
	for (uint32_t i = 0; i < b->count; i++)
		if (b->flights[i].unit == unit)
			return &b->flights[i];
	return NULL;
}

static void fail_flight(struct worker_runner *r, struct flight *f, struct err *err)
{
	if (f->done)
		return;
	f->done = true;
	err_wrap(err, "checking %s%s", f->title, f->spec->member_count > 1 ? " and the modules of its import cycle" : "");
	r->config.events.failed(r->config.events.ctx, f->unit, err);
	err_release(err);
}

/* The unit's process ended badly. */
static void blame(struct worker_runner *r, struct flight *f, struct err *err)
{
	if (!r->config.setup->checker->action_make || err_is_set(&r->gone)) {
		fail_flight(r, f, err);
		return;
	}
	worker_runner_suspect(r, f->spec);
	f->done = true;
	err_release(err);
}

/* The process of a batch has ended, or is given up. The checker takes all interfaces before the first body. */
static void give_up(struct worker_runner *r, struct batch *b, const char *why)
{
	struct flight *first = NULL;
	for (uint32_t i = 0; i < b->count; i++) {
		struct flight *f = &b->flights[i];
		if (!f->done && (!first || (first->has_interface && !f->has_interface)))
			first = f;
	}
	for (uint32_t i = 0; i < b->count; i++) {
		struct flight *f = &b->flights[i];
		struct err err = ERR_INIT;
		if (f->done)
			continue;
		err_set(&err, ERR_CHECKER, "%s", why);
		if (f == first || err_is_set(&r->gone)) {
			blame(r, f, &err);
			continue;
		}
		VEC_GROW(r->innocents.items, r->innocents.count, r->innocents.cap);
		r->innocents.items[r->innocents.count++] = (struct again){ f->spec, f->told };
		f->done = true;
		err_release(&err);
	}
}

static uint32_t time_taken(const struct js *frame)
{
	int64_t us = js_get_int(frame, "us", 0);
	return us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static void on_interface(struct worker_runner *r, struct flight *f, const struct js *frame, struct err *err)
{
	f->outcome.interface_us = time_taken(frame);
	if (worker_runner_take_interfaces(r, f, frame, err))
		fail_flight(r, f, err);
	else if (!f->told)
		r->config.events.interface(r->config.events.ctx, f->unit, &f->outcome);
	f->told = f->has_interface = true;
}

static void on_report(struct worker_runner *r, struct flight *f, const struct js *frame, struct err *err)
{
	f->outcome.bodies_us = time_taken(frame);
	if (worker_runner_take_reports(r, f, frame, err)) {
		fail_flight(r, f, err);
		return;
	}
	f->done = true;
	r->config.events.report(r->config.events.ctx, f->unit, &f->outcome);
	arena_release(&f->arena);
}

static void on_blocked(struct worker_runner *r, struct flight *f, const struct js *frame, struct err *err)
{
	(void)err;
	const struct js *messages = js_get(frame, "messages");
	struct unit_outcome *o = &f->outcome;
	o->kind = OUTCOME_BLOCKED;
	o->blocked_in_parse = strcmp(js_get_string(frame, "phase", ""), "parse") == 0;
	o->blockers.count = (uint32_t)js_len(messages);
	o->blockers.items = ARENA_ARRAY(&f->arena, struct diag, o->blockers.count + 1);
	for (uint32_t i = 0; i < o->blockers.count; i++)
		o->blockers.items[i] = diag_decode_js(js_at(messages, i), &f->arena);
	f->done = true;
	r->config.events.blocked(r->config.events.ctx, f->unit, o);
	arena_release(&f->arena);
}

static void on_discovered(struct worker_runner *r, struct flight *f, const struct js *frame, struct err *err)
{
	void *it = NULL;
	const char *module;
	const struct js *names;
	if (!js_next(js_get(frame, "dependencies"), &it, &module, &names)) {
		err_set(err, ERR_PROTOCOL, "the worker discovered dependencies and names none");
		fail_flight(r, f, err);
		return;
	}
	it = NULL;
	f->done = true;
	while (js_next(js_get(frame, "dependencies"), &it, &module, &names)) {
		const char **list = ARENA_ARRAY(&f->arena, const char *, js_len(names) + 1);
		for (size_t i = 0; i < js_len(names); i++)
			list[i] = arena_strdup(&f->arena, js_string(js_at(names, i), "?"));
		r->config.events.discovered(r->config.events.ctx, f->unit, module, list);
	}
	arena_release(&f->arena);
}

static void on_failed(struct worker_runner *r, struct flight *f, const struct js *frame, struct err *err)
{
	const char *kind = js_get_string(frame, "kind", "crash");
	const char *message = js_get_string(frame, "message", "no message");
	if (strcmp(kind, "bad-blob") == 0) {
		err_set(err, ERR_CORRUPT, "an interface in the store is not what its digest says: %s; run `sepal doctor`",
		        message);
		fail_flight(r, f, err);
		return;
	}
	if (strcmp(kind, "changed-source") == 0) {
		err_set(err, ERR_IO, "%s; run the command again", message);
		fail_flight(r, f, err);
		return;
	}
	err_set(err, ERR_CHECKER, "the checker failed: %s", message);
	blame(r, f, err);
}

static void start_batch(struct worker_runner *r, const struct again *units, uint32_t count);

static void start_innocents(struct worker_runner *r)
{
	struct again_list list = r->innocents;
	if (!list.count)
		return;
	r->innocents = (struct again_list){ 0 };
	start_batch(r, list.items, list.count);
	free(list.items);
}

/* A kept worker lives long: what has been read is removed. */
static void forget_batch(struct worker_runner *r, struct batch *b)
{
	struct err ignored = ERR_INIT;
	if (r->config.kept && b->pack && fs_unlink(b->pack, &ignored))
		err_release(&ignored);
	loop_cancel_timer(r->config.loop, b->timer);
	for (uint32_t i = 0; i < b->count; i++)
		arena_release(&b->flights[i].arena);
	free(b->flights);
	free(b->pack);
	free(b);
}

static void end_batch(struct worker_runner *r, struct batch *b)
{
	struct batch **at = &r->batches;
	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	forget_batch(r, b);
	r->running--;
	start_innocents(r);
}

/* A process that died owes answers; one that came to its end does not. */
static void take_end(struct worker_runner *r, struct batch *b, const char *died)
{
	struct buf why = BUF_INIT;
	if (died)
		buf_addf(&why, "the checker failed: %s before it had an answer", died);
	for (uint32_t i = 0; i < b->count && !died; i++) {
		struct err err = ERR_INIT;
		if (b->flights[i].done)
			continue;
		err_set(&err, ERR_CHECKER, "the checker ended without an answer");
		fail_flight(r, &b->flights[i], &err);
	}
	if (died)
		give_up(r, b, why.data);
	buf_release(&why);
	end_batch(r, b);
}

/* A unit is blocked or lacks modules before its interfaces are known, and is reported on after; a failure may come at
 * any time. A unit of a second batch tells its interfaces again. */
static const struct {
	const char *event;
	bool before, after; /* the interfaces of this batch */
	void (*take)(struct worker_runner *r, struct flight *f, const struct js *frame, struct err *err);
} EVENTS[] = {
	{ "interface", true, false, on_interface }, { "report", false, true, on_report },
	{ "blocked", true, false, on_blocked },     { "discovered", true, false, on_discovered },
	{ "failed", true, true, on_failed },
};

static void take_event(struct worker_runner *r, struct flight *f, const char *event, const struct js *frame,
                       struct err *err)
{
	for (size_t i = 0; i < sizeof EVENTS / sizeof *EVENTS; i++) {
		if (strcmp(event, EVENTS[i].event) != 0)
			continue;
		if (f->has_interface ? EVENTS[i].after : EVENTS[i].before) {
			EVENTS[i].take(r, f, frame, err);
			return;
		}
		break;
	}
	err_set(err, ERR_PROTOCOL, "the worker gave an answer that has no place %s the interfaces: `%s`",
	        f->has_interface ? "after" : "before", event);
	fail_flight(r, f, err);
}

/* Phases of one process of the worker, with the times of its monotonic clock, which is ours. */
static void take_trace(struct worker_runner *r, const struct js *frame)
{
	const struct js *phases = js_get(frame, "phases");
	int64_t lane = js_get_int(frame, "lane", -1);
	for (size_t i = 0; lane >= 0 && lane <= UINT16_MAX && i < js_len(phases); i++) {
		const struct js *p = js_at(phases, i);
		int64_t start = js_int(js_at(p, 2), 0), end = js_int(js_at(p, 3), 0);
		if (start >= 0 && end >= start && end <= INT64_MAX / NS_PER_US)
			trace_span(r->config.trace, (unsigned)lane, js_string(js_at(p, 0), ""), js_string(js_at(p, 1), ""),
			           start * NS_PER_US, end * NS_PER_US);
	}
}

static void on_answer(void *ctx, const struct js *frame)
{
	struct worker_runner *r = ctx;
	const char *event = js_get_string(frame, "event", "");
	if (strcmp(event, "trace") == 0) {
		take_trace(r, frame);
		return;
	}
	struct batch *b = find_batch(r, (uint32_t)js_get_int(frame, "batch", -1));
	if (!b)
		return; /* a batch that timed out */
	if (strcmp(event, "end") == 0) {
		take_end(r, b, js_get_string(frame, "died", NULL));
		return;
	}
	struct flight *f = find_flight(b, js_get_int(frame, "unit", -1));
	struct err err = ERR_INIT;
	int64_t start = trace_now(r->config.trace);
	if (f && !f->done) {
		const char *title = f->title;
		take_event(r, f, event, frame, &err);
		trace_since(r->config.trace, TRACE_LANE_SEPAL, event, title, start);
	}
	err_release(&err);
}

static void fail_all(struct worker_runner *r, enum err_kind kind, const char *why)
{
	while (r->batches) {
		struct batch *b = r->batches;
		for (uint32_t i = 0; i < b->count; i++) {
			struct err err = ERR_INIT;
			err_set(&err, kind, "%s", why);
			fail_flight(r, &b->flights[i], &err);
			err_release(&err);
		}
		end_batch(r, b);
	}
}

static void on_gone(void *ctx, struct err *err)
{
	struct worker_runner *r = ctx;
	err_move(&r->gone, err);
	fail_all(r, r->gone.kind, r->gone.message);
}

/* Are all lanes taken by batches that were started before this one? Then its time has not begun. */
static bool waits_its_turn(const struct worker_runner *r, const struct batch *b)
{
	uint32_t before = 0;
	for (const struct batch *other = r->batches; other; other = other->next)
		before += other->number < b->number;
	return before >= r->config.lanes;
}

static void on_timeout(struct loop *loop, void *ctx)
{
	struct batch *b = ctx;
	struct worker_runner *r = b->runner;
	if (waits_its_turn(r, b)) {
		b->timer = loop_add_timer(loop, (int64_t)r->config.timeout_seconds * NS_PER_S, on_timeout, b);
		return;
	}
	struct js *frame = js_new_object();
	js_set_string(frame, "op", "cancel");
	js_set_int(frame, "batch", b->number);
	worker_send(r->worker, frame);
	b->timer = 0;
	struct buf why = BUF_INIT;
	buf_addf(&why, "the checker gave no answer within %u seconds and was ended; see --timeout",
	         r->config.timeout_seconds);
	give_up(r, b, why.data);
	buf_release(&why);
	end_batch(r, b);
}

/* ---- the runner ---- */

static void start_batch(struct worker_runner *r, const struct again *units, uint32_t count)
{
	struct batch *b = xcalloc(1, sizeof *b);
	*b = (struct batch){ r->next_batch++, xcalloc(count, sizeof *b->flights), count, 0, NULL, r, r->batches };
	for (uint32_t i = 0; i < count; i++) {
		struct flight *f = &b->flights[i];
		f->spec = units[i].spec;
		f->unit = f->spec->unit;
		f->title = f->spec->members[0].id;
		f->batch = b;
		f->told = units[i].told;
		unit_outcome_init(f->spec, &f->arena, &f->outcome);
	}
	r->batches = b;
	r->running++;
	r->started++;
	worker_runner_send_batch(r, b);
	if (r->config.timeout_seconds)
		b->timer = loop_add_timer(r->config.loop, (int64_t)r->config.timeout_seconds * NS_PER_S, on_timeout, b);
}

static int start(struct runner *base, const struct unit_spec *const *units, uint32_t count, struct err *err)
{
	struct worker_runner *r = (struct worker_runner *)base;
	if (err_is_set(&r->gone))
		return err_set(err, r->gone.kind, "%s", r->gone.message);
	struct again *list = xcalloc(count, sizeof *list);
	for (uint32_t i = 0; i < count; i++)
		list[i].spec = units[i];
	start_batch(r, list, count);
	free(list);
	return 0;
}

static unsigned free_lanes(const struct runner *base)
{
	const struct worker_runner *r = (const struct worker_runner *)base;
	return r->running < r->config.lanes ? r->config.lanes - r->running : 0;
}

/* One batch ahead for each lane. */
static unsigned waiting_room(const struct runner *base)
{
	const struct worker_runner *r = (const struct worker_runner *)base;
	return r->running < 2 * r->config.lanes ? 2 * r->config.lanes - r->running : 0;
}

static uint64_t processes(const struct runner *base)
{
	const struct worker_runner *r = (const struct worker_runner *)base;
	return r->started + (r->alone ? r->alone->processes(r->alone) : 0);
}

/* Does the worker owe an answer? The end of a batch is none. */
static bool is_owed(const struct worker_runner *r)
{
	bool owed = r->innocents.count > 0;
	for (const struct batch *b = r->batches; b; b = b->next)
		for (uint32_t i = 0; i < b->count; i++)
			owed = owed || !b->flights[i].done;
	return owed;
}

static void runner_free(struct runner *base)
{
	struct worker_runner *r = (struct worker_runner *)base;
	if (r->config.kept && !is_owed(r))
		kept_worker_put(r->config.kept, r->worker, r->next_batch);
	else if (r->config.kept)
		kept_worker_drop(r->config.kept, r->worker);
	else
		worker_free(r->worker);
	while (r->batches) {
		struct batch *b = r->batches;
		r->batches = b->next;
		forget_batch(r, b);
	}
	worker_runner_free_alone(r);
	err_release(&r->gone);
	free(r->innocents.items);
	free(r->options_sent);
	free(r);
}

static int begin(struct worker_runner *r, const struct worker_begin *with, struct err *err)
{
	struct js *frame = js_new_object(), *answer;
	js_set_string(frame, "op", "begin");
	js_set_string(frame, "scratch", r->config.scratch);
	js_set_string(frame, "typeshed", r->config.setup->typeshed);
	js_set(frame, "options", js_copy(with->options));
	js_set(frame, "plugins", with->plugins ? js_copy(with->plugins) : js_new_array());
	js_set(frame, "plugin_config", with->plugin_config ? js_copy(with->plugin_config) : js_new_null());
	js_set_int(frame, "lanes", r->config.lanes);
	if (r->config.trace)
		js_set_bool(frame, "trace", true);
	if (r->config.kept)
		js_set_bool(frame, "generations", true);
	if (worker_ask(r->worker, frame, &answer, err))
		return -1;
	int failed = 0;
	if (strcmp(js_get_string(answer, "event", ""), "ready") != 0)
		failed = err_set(err, ERR_CHECKER, "the checker cannot start: %s",
		                 js_get_string(answer, "message", "no reason given"));
	js_free(answer);
	return failed;
}

int runner_worker_new(const struct runner_config *config, struct worker *worker, const struct worker_begin *with,
                      struct runner **ret, struct err *err)
{
	struct worker_runner *r = xcalloc(1, sizeof *r);
	r->base = (struct runner){ .name = "worker", .start = start, .free_lanes = free_lanes,
		                   .waiting_room = waiting_room, .expect = worker_runner_expect, .takes_batches = true,
		                   .processes = processes, .free = runner_free };
	r->config = *config;
	r->generation = 1;
	r->worker = worker;
	if (!worker) {
		r->worker = kept_worker_take(config->kept, &r->next_batch, &r->generation);
	} else if (begin(r, with, err)) {
		r->config.kept = NULL; /* it is not one to keep */
		runner_free(&r->base);
		return -1;
	} else if (config->kept) {
		kept_worker_adopt(config->kept, &config->identity, &r->generation);
	}
	struct worker_events events = { on_answer, on_gone, r };
	worker_on(r->worker, &events);
	*ret = &r->base;
	return 0;
}
