/*
 * The worker runner: units go to the worker as `run` frames, their dependencies as `modules` frames (each module once
 * per run), artifacts come back as ranges of pack files. The frames are documented in doc/formats/worker.md.
 *
 * With a kept worker (exec/kept_worker.h) the process has lived through other builds: what those announced need not be
 * announced again, and an interface that is loaded and has changed since makes it start a new generation.
 *
 * The units of a batch share a process. When it crashes, dies or takes too long, nobody can tell which of them is to
 * blame: those that have no answer yet are run once more, each in a batch of its own, and only then fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "base/xalloc.h"
#include "exec/runner.h"
#include "sys/fs.h"

enum { ARTIFACT_LIMIT = 256 * 1024 * 1024, FEW_UNITS = 8 };
#define ANSWERED UINT32_MAX /* in place of a member's index */

struct flight {
	const struct unit_spec *spec; /* valid until the unit's last event: the build owns it */
	uint32_t unit;
	const char *title; /* its first member */
	struct batch *batch;
	struct unit_outcome outcome;
	struct arena arena;
	bool has_interface; /* the worker has told it */
	bool told; /* had its `interface` event, perhaps in an earlier batch */
	bool done; /* had its last event, or waits to be run alone */
};

struct suspect {
	const struct unit_spec *spec;
	bool told;
};

struct batch {
	uint32_t number;
	struct flight *flights;
	uint32_t count;
	uint32_t timer;
	char *pack; /* the file with its artifacts, once it has any */
	struct worker_runner *runner;
	struct batch *next;
};

struct worker_runner {
	struct runner base;
	struct runner_config config;
	struct worker *worker;
	struct batch *batches;
	struct suspect *suspects; /* to be run alone, before anything new */
	uint32_t suspect_count, suspect_cap;
	uint32_t next_batch, running;
	uint32_t generation; /* of the worker; 1 if it is not kept */
	uint64_t started;
	bool *options_sent; /* per option set */
	uint32_t options_cap;
	struct err gone; /* why the worker is no more */
};

/* ---- requests ---- */

static bool is_options_news(struct worker_runner *r, uint32_t set)
{
	struct buf text = BUF_INIT;
	if (!r->config.kept)
		return true;
	js_write(options_values(r->config.setup->options, set), 0, &text);
	bool news = kept_worker_options(r->config.kept, set, buf_span(&text));
	buf_release(&text);
	return news;
}

static void send_options(struct worker_runner *r, uint32_t set)
{
	if (set >= r->options_cap) {
		uint32_t cap = options_count(r->config.setup->options);
		r->options_sent = xrealloc(r->options_sent, cap * sizeof *r->options_sent);
		memset(r->options_sent + r->options_cap, 0, (cap - r->options_cap) * sizeof *r->options_sent);
		r->options_cap = cap;
	}
	if (r->options_sent[set])
		return;
	r->options_sent[set] = true;
	if (!is_options_news(r, set))
		return;
	struct js *frame = js_new_object();
	js_set_string(frame, "op", "options");
	js_set_int(frame, "index", set);
	js_set(frame, "values", js_copy(options_values(r->config.setup->options, set)));
	worker_send(r->worker, frame);
}

static struct js *encode_module(struct worker_runner *r, const struct dep_spec *d)
{
	struct js *m = js_new_object();
	char hex[DIGEST_HEX_SIZE + 1];
	const char *blob = "";
	struct buf hash = BUF_INIT;
	digest_hex(&d->interface->data, hex);
	store_blob_path(r->config.store, &d->interface->data, &blob);
	hex_encode(&hash, d->interface->checker_hash, SHA1_SIZE);
	js_set_string(m, "id", d->id);
	js_set_string(m, "path", d->canonical);
	js_set_string(m, "blob", blob);
	js_set_string(m, "digest", hex);
	js_set_string(m, "interface", hash.data);
	js_set_bool(m, "hot", d->hot);
	struct js *deps = js_new_array();
	for (uint32_t i = 0; i < d->dep_count; i++)
		js_append(deps, js_new_string(d->deps[i]->id));
	js_set(m, "deps", deps);
	buf_release(&hash);
	return m;
}

/* What is loaded stays as it is in a generation: the next one begins with nothing. */
static void renew_generation(struct worker_runner *r, const struct unit_spec *const *units, uint32_t count)
{
	bool stale = false;
	for (uint32_t i = 0; i < count && r->config.kept; i++)
		stale = stale || kept_worker_is_stale(r->config.kept, units[i], r->generation);
	if (!stale)
		return;
	struct js *frame = js_new_object();
	js_set_string(frame, "op", "reset");
	worker_send(r->worker, frame);
	r->generation = kept_worker_reset(r->config.kept);
	if (r->options_cap)
		memset(r->options_sent, 0, r->options_cap * sizeof *r->options_sent);
}

static void announce(struct worker_runner *r, const struct unit_spec *unit)
{
	struct js *modules = js_new_array();
	for (uint32_t i = 0; i < unit->closure_count; i++) {
		struct dep_spec *d = unit->closure[i];
		if (d->announced == r->generation)
			continue;
		d->announced = r->generation;
		if (!r->config.kept || kept_worker_announce(r->config.kept, d))
			js_append(modules, encode_module(r, d));
	}
	if (!js_len(modules)) {
		js_free(modules);
		return;
	}
	struct js *frame = js_new_object();
	js_set_string(frame, "op", "modules");
	js_set(frame, "modules", modules);
	worker_send(r->worker, frame);
}

/* A kept worker loads what a few units stand on itself: the next edit of the same module finds it there. */
static void load(struct worker_runner *r, const struct unit_spec *unit)
{
	struct js *names = js_new_array();
	for (uint32_t i = 0; i < unit->closure_count; i++)
		if (kept_worker_load(r->config.kept, unit->closure[i]))
			js_append(names, js_new_string(unit->closure[i]->id));
	if (!js_len(names)) {
		js_free(names);
		return;
	}
	struct js *frame = js_new_object();
	js_set_string(frame, "op", "load");
	js_set(frame, "modules", names);
	worker_send(r->worker, frame);
}

static struct js *encode_unit(struct worker_runner *r, const struct unit_spec *unit)
{
	for (uint32_t i = 0; i < unit->member_count; i++)
		send_options(r, unit->members[i].options);
	return unit_spec_encode(unit);
}

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
	if (f->batch->count == 1 || err_is_set(&r->gone)) {
		fail_flight(r, f, err);
		return;
	}
	VEC_GROW(r->suspects, r->suspect_count, r->suspect_cap);
	r->suspects[r->suspect_count++] = (struct suspect){ f->spec, f->told };
	f->done = true;
	err_release(err);
}

static int read_range(int fd, const struct js *range, struct arena *arena, struct span *ret, struct err *err)
{
	int64_t offset = js_int(js_at(range, 0), -1), length = js_int(js_at(range, 1), -1);
	if (offset < 0 || length < 0 || length > ARTIFACT_LIMIT)
		return err_set(err, ERR_PROTOCOL, "the worker gave a range of a pack file that cannot be right");
	char *bytes = arena_alloc(arena, (size_t)length + 1);
	for (int64_t have = 0; have < length;) {
		ssize_t n = pread(fd, bytes + have, (size_t)(length - have), offset + have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(err, ERR_PROTOCOL, "a pack file of the worker is shorter than it says");
		have += n;
	}
	*ret = (struct span){ bytes, (size_t)length };
	return 0;
}

typedef int member_fn(struct worker_runner *r, struct flight *f, uint32_t i, int fd, const struct js *member,
                      struct err *err);

static int take_interface(struct worker_runner *r, struct flight *f, uint32_t i, int fd, const struct js *member,
                          struct err *err)
{
	const struct checker_setup *setup = r->config.setup;
	struct span data, meta;
	if (read_range(fd, js_get(member, "data"), &f->arena, &data, err) ||
	    read_range(fd, js_get(member, "meta"), &f->arena, &meta, err))
		return -1;
	const char *said = js_get_string(member, "said", NULL);
	if (said && !digest_from_hex(&f->outcome.said[i], span_of(said)))
		return err_set(err, ERR_PROTOCOL, "the worker gave `%s` as a digest of messages", said);
	return setup->checker->outcome_interface(setup, f->spec, i, data, meta, &f->arena, &f->outcome, err);
}

static int take_report(struct worker_runner *r, struct flight *f, uint32_t i, int fd, const struct js *member,
                       struct err *err)
{
	const struct checker_setup *setup = r->config.setup;
	struct span meta_ex;
	const struct js *uses = js_get(member, "uses");
	if (read_range(fd, js_get(member, "meta_ex"), &f->arena, &meta_ex, err))
		return -1;
	f->outcome.uses[i] = ARENA_ARRAY(&f->arena, const char *, js_len(uses) + 1);
	for (size_t k = 0; k < js_len(uses); k++)
		f->outcome.uses[i][k] = arena_strdup(&f->arena, js_string(js_at(uses, k), ""));
	return setup->checker->outcome_report(setup, f->spec, i, meta_ex, &f->arena, &f->outcome, err);
}

/* A member that is left out of a report keeps the one that it was offered. */
static int keep_unanswered(struct flight *f, const struct map *waiting, struct err *err)
{
	for (uint32_t i = 0; i < f->spec->member_count; i++) {
		if (*map_get_str(waiting, f->spec->members[i].id) == ANSWERED)
			continue;
		if (!f->spec->kept || !f->spec->kept[i].offered)
			return err_set(err, ERR_PROTOCOL, "the worker did not answer for %s", f->spec->members[i].id);
		f->outcome.kept[i] = true;
	}
	return 0;
}

/* Applies `take` to every member of the frame; none may be there twice, and none missing that has nothing to keep. */
static int take_members(struct worker_runner *r, struct flight *f, const struct js *frame, member_fn *take,
                        struct err *err)
{
	const struct js *members = js_get(frame, "members");
	const char *pack = js_get_string(frame, "pack", "");
	if (js_len(members) > f->spec->member_count || (take == take_interface && js_len(members) < f->spec->member_count))
		return err_set(err, ERR_PROTOCOL, "the worker answered for %zu modules of %u", js_len(members),
		               f->spec->member_count);
	int fd = open(pack, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, "cannot open the worker's pack file %s", pack);
	if (!f->batch->pack)
		f->batch->pack = xstrdup(pack);
	/* The worker answers in its processing order or ours: members are found by name. */
	struct map waiting = MAP_INIT;
	for (uint32_t i = 0; i < f->spec->member_count; i++)
		map_put_str(&waiting, f->spec->members[i].id, i, NULL);
	int failed = 0;
	for (uint32_t k = 0; k < js_len(members) && !failed; k++) {
		const char *id = js_get_string(js_at(members, k), "id", "");
		uint32_t *i = map_get_str(&waiting, id);
		if (!i || *i == ANSWERED) {
			failed = err_set(err, ERR_PROTOCOL, "the worker answered for %s, which %s", id,
			                 i ? "it had answered for already" : "is not in the unit");
			continue;
		}
		failed = take(r, f, *i, fd, js_at(members, k), err);
		*i = ANSWERED;
	}
	if (!failed)
		failed = keep_unanswered(f, &waiting, err);
	map_release(&waiting);
	close(fd);
	return failed;
}

static uint32_t time_taken(const struct js *frame)
{
	int64_t us = js_get_int(frame, "us", 0);
	return us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static void on_interface(struct worker_runner *r, struct flight *f, const struct js *frame, struct err *err)
{
	f->outcome.interface_us = time_taken(frame);
	if (take_members(r, f, frame, take_interface, err))
		fail_flight(r, f, err);
	else if (!f->told)
		r->config.events.interface(r->config.events.ctx, f->unit, &f->outcome);
	f->told = f->has_interface = true;
}

static void on_report(struct worker_runner *r, struct flight *f, const struct js *frame, struct err *err)
{
	f->outcome.bodies_us = time_taken(frame);
	if (take_members(r, f, frame, take_report, err)) {
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

static void start_batch(struct worker_runner *r, const struct unit_spec *const *units, const bool *told,
                        uint32_t count);

static void start_suspects(struct worker_runner *r)
{
	while (r->suspect_count && r->running < r->config.lanes && !err_is_set(&r->gone)) {
		struct suspect s = r->suspects[--r->suspect_count];
		start_batch(r, &s.spec, &s.told, 1);
	}
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
	for (uint32_t i = 0; i < b->count; i++) {
		struct err err = ERR_INIT;
		if (!b->flights[i].done) {
			err_set(&err, ERR_CHECKER, "the checker ended without an answer");
			blame(r, &b->flights[i], &err);
		}
	}
	struct batch **at = &r->batches;
	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	forget_batch(r, b);
	r->running--;
	start_suspects(r);
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
		end_batch(r, b);
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

static void fail_suspects(struct worker_runner *r, enum err_kind kind, const char *why)
{
	while (r->suspect_count) {
		struct flight f = { .spec = r->suspects[--r->suspect_count].spec };
		struct err err = ERR_INIT;
		f.unit = f.spec->unit;
		f.title = f.spec->members[0].id;
		err_set(&err, kind, "%s", why);
		fail_flight(r, &f, &err);
	}
}

static void fail_all(struct worker_runner *r, enum err_kind kind, const char *why)
{
	fail_suspects(r, kind, why);
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
	for (uint32_t i = 0; i < b->count; i++) {
		struct err err = ERR_INIT;
		if (b->flights[i].done)
			continue;
		err_set(&err, ERR_CHECKER, "the checker gave no answer within %u seconds and was ended; see --timeout",
		        r->config.timeout_seconds);
		blame(r, &b->flights[i], &err);
		err_release(&err);
	}
	end_batch(r, b);
}

/* ---- the runner ---- */

static void start_batch(struct worker_runner *r, const struct unit_spec *const *units, const bool *told,
                        uint32_t count)
{
	struct batch *b = xcalloc(1, sizeof *b);
	*b = (struct batch){ r->next_batch++, xcalloc(count, sizeof *b->flights), count, 0, NULL, r, r->batches };
	struct js *frame = js_new_object(), *list = js_new_array();
	renew_generation(r, units, count);
	for (uint32_t i = 0; i < count; i++) {
		b->flights[i].spec = units[i];
		b->flights[i].unit = units[i]->unit;
		b->flights[i].title = units[i]->members[0].id;
		b->flights[i].batch = b;
		b->flights[i].told = told && told[i];
		unit_outcome_init(units[i], &b->flights[i].arena, &b->flights[i].outcome);
		announce(r, units[i]);
		if (r->config.kept && count <= FEW_UNITS)
			load(r, units[i]);
		js_append(list, encode_unit(r, units[i]));
	}
	r->batches = b;
	r->running++;
	r->started++;
	js_set_string(frame, "op", "run");
	js_set_int(frame, "batch", b->number);
	js_set(frame, "units", list);
	worker_send(r->worker, frame);
	if (r->config.timeout_seconds)
		b->timer = loop_add_timer(r->config.loop, (int64_t)r->config.timeout_seconds * NS_PER_S, on_timeout, b);
}

static int start(struct runner *base, const struct unit_spec *const *units, uint32_t count, struct err *err)
{
	struct worker_runner *r = (struct worker_runner *)base;
	if (err_is_set(&r->gone))
		return err_set(err, r->gone.kind, "%s", r->gone.message);
	start_batch(r, units, NULL, count);
	return 0;
}

static unsigned free_lanes(const struct runner *base)
{
	const struct worker_runner *r = (const struct worker_runner *)base;
	uint32_t taken = r->running + r->suspect_count;
	return taken < r->config.lanes ? r->config.lanes - taken : 0;
}

/* One batch ahead for each lane. */
static unsigned waiting_room(const struct runner *base)
{
	const struct worker_runner *r = (const struct worker_runner *)base;
	uint32_t taken = r->running + r->suspect_count;
	return taken < 2 * r->config.lanes ? 2 * r->config.lanes - taken : 0;
}

static uint64_t processes(const struct runner *base)
{
	return ((const struct worker_runner *)base)->started;
}

/* Does the worker owe an answer? The end of a batch is none. */
static bool is_owed(const struct worker_runner *r)
{
	bool owed = r->suspect_count > 0;
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
	err_release(&r->gone);
	free(r->suspects);
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
	r->base = (struct runner){ "worker", start, free_lanes, waiting_room, true, processes, runner_free };
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
