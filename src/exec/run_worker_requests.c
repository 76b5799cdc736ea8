/* What the worker is told: options, interfaces that it does not know yet, units. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "exec/frames.h"
#include "exec/run_worker_internal.h"

enum { FEW_UNITS = 8 };

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
static void renew_generation(struct worker_runner *r, const struct batch *b)
{
	bool stale = false;
	for (uint32_t i = 0; i < b->count && r->config.kept; i++)
		stale = stale || kept_worker_is_stale(r->config.kept, b->flights[i].spec, r->generation);
	if (!stale)
		return;
	struct js *frame = js_new_object();
	js_set_string(frame, "op", "reset");
	worker_send(r->worker, frame);
	r->generation = kept_worker_reset(r->config.kept);
	if (r->options_cap)
		memset(r->options_sent, 0, r->options_cap * sizeof *r->options_sent);
}

static void send_modules(struct worker_runner *r, struct js *modules)
{
	struct js *frame = js_new_object();
	js_set_string(frame, "op", "modules");
	js_set(frame, "modules", modules);
	worker_send(r->worker, frame);
}

/* About how many bytes a module takes in its frame. */
static size_t announced_size(const struct dep_spec *d)
{
	size_t size = 512 + 4 * strlen(d->id);
	for (uint32_t i = 0; i < d->dep_count; i++)
		size += strlen(d->deps[i]->id) + 3;
	return size;
}

static void announce(struct worker_runner *r, const struct unit_spec *unit)
{
	struct js *modules = js_new_array();
	size_t size = 0;
	for (uint32_t i = 0; i < unit->closure_count; i++) {
		struct dep_spec *d = unit->closure[i];
		if (d->announced == r->generation)
			continue;
		d->announced = r->generation;
		if (r->config.kept && !kept_worker_announce(r->config.kept, d))
			continue;
		js_append(modules, encode_module(r, d));
		size += announced_size(d);
		if (size > FRAME_LIMIT / 4) {
			send_modules(r, modules);
			modules = js_new_array();
			size = 0;
		}
	}
	if (js_len(modules))
		send_modules(r, modules);
	else
		js_free(modules);
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

void worker_runner_expect(struct runner *base, const struct member_spec *members, uint32_t count)
{
	struct worker_runner *r = (struct worker_runner *)base;
	struct js *frame = js_new_object(), *list = js_new_array();
	for (uint32_t i = 0; i < count; i++) {
		send_options(r, members[i].options);
		js_append(list, member_spec_encode(&members[i]));
	}
	js_set_string(frame, "op", "expect");
	js_set(frame, "members", list);
	worker_send(r->worker, frame);
}

void worker_runner_send_batch(struct worker_runner *r, const struct batch *b)
{
	struct js *frame = js_new_object(), *list = js_new_array();
	renew_generation(r, b);
	for (uint32_t i = 0; i < b->count; i++) {
		announce(r, b->flights[i].spec);
		if (r->config.kept && b->count <= FEW_UNITS)
			load(r, b->flights[i].spec);
		js_append(list, encode_unit(r, b->flights[i].spec));
	}
	js_set_string(frame, "op", "run");
	js_set_int(frame, "batch", b->number);
	js_set(frame, "units", list);
	worker_send(r->worker, frame);
}
