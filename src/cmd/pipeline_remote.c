/* The shared cache of a check (pipeline_remote.h): remote/cache.h behind build/share.h. */
#include "cmd/pipeline_remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cmd/remote_server.h"
#include "remote/cache.h"
#include "remote/pack.h"
#include "sys/clock.h"

/* A watch leaves a cache alone for so long that was dead or slow: its checks are short. */
#define REST_NS (60 * NS_PER_S)

enum { WAIT_ASKED_SECONDS = 60, SHARE_OF_RUN = 10 };

struct remote_side {
	struct pipeline *pipeline;
	struct remote_server server;
	struct remote_cache *cache;
};

/* ---- what the build asks for ---- */

struct pending {
	void (*done)(void *to, bool found, struct span record);
	void (*each)(void *to, uint32_t index, bool found, struct span bytes);
	void *to;
	uint32_t left;
};

static void on_record(void *ctx, enum remote_answer answer, struct span record)
{
	struct pending *p = ctx;
	struct buf content = BUF_INIT;
	bool found = answer == REMOTE_FOUND && unpack_record(record, &content);
	p->done(p->to, found, found ? buf_span(&content) : (struct span){ "", 0 });
	buf_release(&content);
	free(p);
}

static void get_record(void *ctx, const struct digest *key, void (*done)(void *to, bool found, struct span record),
                       void *to)
{
	struct remote_side *s = ctx;
	struct pending *p = xcalloc(1, sizeof *p);
	p->done = done;
	p->to = to;
	remote_get_record(s->cache, key, on_record, p);
}

static void on_blob(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes)
{
	struct pending *p = ctx;
	p->each(p->to, index, answer == REMOTE_FOUND, bytes);
	if (--p->left == 0)
		free(p);
}

/* The build room does not know the network's: the same two fields under another name. */
static struct remote_blob *blobs_of(const struct share_blob *blobs, uint32_t count)
{
	struct remote_blob *list = xmalloc((count + 1) * sizeof *list);
	for (uint32_t i = 0; i < count; i++)
		list[i] = (struct remote_blob){ blobs[i].digest, blobs[i].size };
	return list;
}

static void get_blobs(void *ctx, const struct share_blob *blobs, uint32_t count,
                      void (*each)(void *to, uint32_t index, bool found, struct span bytes), void *to)
{
	struct remote_side *s = ctx;
	struct remote_blob *list = blobs_of(blobs, count);
	struct pending *p = xcalloc(1, sizeof *p);
	p->each = each;
	p->to = to;
	p->left = count;
	remote_get_blobs(s->cache, list, count, on_blob, p);
	free(list);
}

static void put(void *ctx, const struct digest *key, struct span record, const struct share_blob *blobs, uint32_t count)
{
	struct remote_side *s = ctx;
	struct remote_blob *list = blobs_of(blobs, count);
	struct buf packed = BUF_INIT;
	if (strcmp(s->pipeline->settings->remote.upload, "no") != 0 && pack_record(record, &packed))
		remote_put(s->cache, key, buf_span(&packed), list, count);
	buf_release(&packed);
	free(list);
}

static bool is_over(void *ctx)
{
	struct remote_side *s = ctx;
	return remote_cache_is_given_up(s->cache);
}

/* ---- what the cache asks for ---- */

static bool read_blob(void *ctx, const struct remote_blob *blob, struct buf *out)
{
	struct remote_side *s = ctx;
	struct err ignored = ERR_INIT;
	bool found = false;
	if (store_get(s->pipeline->store, &blob->digest, out, &found, &ignored))
		err_release(&ignored);
	return found;
}

/* A cache is a convenience: one warning, also of a watch, and the check goes on. */
static void on_problem(void *ctx, const struct err *err)
{
	struct remote_side *s = ctx;
	struct pipeline_kept *kept = s->pipeline->kept;
	if (!s->pipeline->settings->quiet && !(kept && kept->remote_told))
		fprintf(stderr, "sepal: warning: %s\n", err->message);
	if (kept)
		kept->remote_told = true;
}

/* ---- opening and closing ---- */

int pipeline_remote_check(const struct settings *s, struct err *err)
{
	return remote_server_check(&s->remote, s->remote.cache, err);
}

static enum remote_upload_policy upload_policy(const struct settings *s)
{
	if (strcmp(s->remote.upload, "yes") == 0)
		return REMOTE_UPLOAD_YES;
	return strcmp(s->remote.upload, "no") == 0 ? REMOTE_UPLOAD_NO : REMOTE_UPLOAD_AUTO;
}

static int open_cache(struct remote_side *s, struct pipeline *p, struct err *err)
{
	const struct remote_settings *set = &p->settings->remote;
	if (remote_server_open(&s->server, set, set->cache, p->loop, err))
		return -1;
	struct remote_cache_config config = {
		.loop = p->loop,
		.address = &s->server.address,
		.tls = &s->server.tls,
		.credentials = s->server.credentials,
		.timeout_ns = s->server.timeout_ns,
		.upload = upload_policy(p->settings),
		.read_blob = read_blob,
		.problem = on_problem,
		.ctx = s,
	};
	return remote_cache_open(&config, &s->cache, err);
}

int pipeline_open_remote(struct pipeline *p, struct err *err)
{
	if (!p->settings->remote.cache || p->remote)
		return 0;
	if (p->kept && clock_monotonic_ns(&p->clock) < p->kept->remote_rests_until_ns)
		return 0;
	if (!p->loop && loop_new(&p->loop, &p->clock, err))
		return -1;
	p->remote = xcalloc(1, sizeof *p->remote);
	p->remote->pipeline = p;
	if (open_cache(p->remote, p, err))
		return err_wrap(err, "opening the shared cache %s", p->settings->remote.cache);
	struct share_ops ops = { get_record, get_blobs, put, is_over, p->remote };
	p->share = share_new(&ops, p->store);
	return 0;
}

/* Whoever has said nothing in all this time will not be given anything either. */
static bool is_dumb(const struct pipeline *p)
{
	return share_counters(p->share).impatient && !remote_cache_counters(p->remote->cache).bytes_received;
}

int pipeline_finish_remote(struct pipeline *p, struct err *err)
{
	if (!p->remote)
		return 0;
	if (strcmp(p->settings->remote.upload, "yes") != 0 && is_dumb(p))
		remote_cache_give_up(p->remote->cache, "nothing has come from there; this check was done without it");
	int64_t budget = (clock_wall_ns(&p->clock) - p->began_ns) / SHARE_OF_RUN;
	budget = budget < NS_PER_S ? NS_PER_S : budget;
	if (strcmp(p->settings->remote.upload, "yes") == 0)
		budget = WAIT_ASKED_SECONDS * NS_PER_S;
	return remote_cache_finish(p->remote->cache, budget, err);
}

struct js *pipeline_remote_stats(const struct pipeline *p)
{
	if (!p->remote)
		return NULL;
	struct remote_counters c = remote_cache_counters(p->remote->cache);
	struct share_counters s = share_counters(p->share);
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "units_found", s.units_found },       { "interfaces_found", s.interfaces_found },
		{ "lost", s.lost },                     { "impatient", s.impatient },
		{ "records_asked", c.records_asked },   { "records_found", c.records_found },
		{ "records_sent", c.records_sent },     { "blobs_asked", c.blobs_asked },
		{ "blobs_found", c.blobs_found },       { "blobs_sent", c.blobs_sent },
		{ "bytes_received", c.bytes_received }, { "bytes_sent", c.bytes_sent },
		{ "calls", c.calls },                   { "corrupt", c.corrupt },
		{ "failed", c.failed },                 { "dropped", c.dropped },
	};
	struct js *doc = js_new_object();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		js_set_int(doc, rows[i].name, (int64_t)rows[i].value);
	return doc;
}

void pipeline_close_remote(struct pipeline *p)
{
	struct remote_side *s = p->remote;
	if (!s)
		return;
	if (p->kept && s->cache && (remote_cache_is_given_up(s->cache) || share_counters(p->share).impatient))
		p->kept->remote_rests_until_ns = clock_monotonic_ns(&p->clock) + REST_NS;
	remote_cache_close(s->cache);
	remote_server_close(&s->server);
	share_free(p->share);
	free(s);
	p->remote = NULL;
	p->share = NULL;
}
