/* A cache's requests, before they become calls: one round of the loop collects what is asked for, the next hands it to
 * the kind. So no callback comes out of a request, and what belongs together travels together. */
#include "remote/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "remote/cache_internal.h"
#include "remote/messages.h"

struct record_request {
	struct remote_cache *cache;
	struct record_request *next;
	struct digest key;
	void (*done)(void *ctx, enum remote_answer answer, struct span record);
	void *ctx;
};

struct find_request {
	struct remote_cache *cache;
	struct find_request *next;
	struct remote_blob *blobs;
	uint32_t count, asked, answered; /* asked in groups of limits.find_count */
	unsigned char *missing;
	bool failed;
	void (*done)(void *ctx, enum remote_answer answer, const unsigned char *missing);
	void *ctx;
};

static const struct span NOTHING = { "", 0 };

/* ---- rounds ---- */

static void start_kind(struct remote_cache *cache);
static void send_records(struct remote_cache *cache);
static void send_finds(struct remote_cache *cache);

static void run_round(struct loop *loop, void *ctx)
{
	(void)loop;
	struct remote_cache *cache = ctx;
	cache->timer = 0;
	if (cache->state == CACHE_IDLE)
		start_kind(cache);
	send_records(cache); /* need no limits: they go out together with the question for them */
	if (cache->state == CACHE_STARTING)
		return;
	send_finds(cache);
	fetch_round(cache);
	put_round(cache);
}

void cache_wake(struct remote_cache *cache)
{
	if (!cache->timer && !cache->closing)
		cache->timer = loop_add_timer(cache->config.loop, 0, run_round, cache);
}

bool cache_is_refused(const struct remote_cache *cache)
{
	return cache->closing || cache->state == CACHE_REFUSED || remote_health_gave_up(cache->health);
}

bool cache_is_ready(const struct remote_cache *cache)
{
	return cache->state == CACHE_READY || cache_is_refused(cache);
}

static void kind_is_ready(void *ctx, enum remote_answer answer)
{
	struct remote_cache *cache = ctx;
	cache->state = answer == REMOTE_FOUND ? CACHE_READY : CACHE_REFUSED;
	cache_wake(cache);
}

static void start_kind(struct remote_cache *cache)
{
	cache->state = CACHE_STARTING;
	cache->kind->ops->start(cache->kind, kind_is_ready, cache);
}

/* ---- records ---- */

static void record_is_over(struct record_request *r, enum remote_answer answer, struct span record)
{
	r->cache->counters.records_found += answer == REMOTE_FOUND;
	r->done(r->ctx, answer, record);
	free(r);
}

static void record_blob_came(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes)
{
	(void)index;
	record_is_over(ctx, answer, bytes);
}

static void record_came(void *ctx, enum remote_answer answer, struct span encoded)
{
	struct record_request *r = ctx;
	struct remote_cache *cache = r->cache;
	struct arena a = ARENA_INIT;
	struct reapi_result result;
	if (answer != REMOTE_FOUND) {
		record_is_over(r, answer, NOTHING);
	} else if (!reapi_decode_result(encoded, &a, &result)) {
		remote_health_corrupt(cache->health, "an action result that does not parse or exceeds a limit");
		record_is_over(r, REMOTE_MISSING, NOTHING);
	} else if (result.out.raw.len == 0 && result.out.has_blob && result.out.blob.size) {
		/* too large for us to put it inline, or a server that keeps it apart */
		fetch_want(cache, &result.out.blob, 0, record_blob_came, r);
	} else {
		record_is_over(r, REMOTE_FOUND, result.out.raw);
	}
	arena_release(&a);
}

void remote_get_record(struct remote_cache *cache, const struct digest *key,
		       void (*done)(void *ctx, enum remote_answer answer, struct span record), void *ctx)
{
	struct record_request *r = xmalloc(sizeof *r);
	*r = (struct record_request){ cache, NULL, *key, done, ctx };
	cache->counters.records_asked++;
	*cache->last_record = r;
	cache->last_record = &r->next;
	cache_wake(cache);
}

static void send_records(struct remote_cache *cache)
{
	struct record_request *r = cache->first_record;
	cache->first_record = NULL;
	cache->last_record = &cache->first_record;
	for (struct record_request *next; r; r = next) {
		next = r->next;
		if (cache_is_refused(cache))
			record_is_over(r, REMOTE_FAILED, NOTHING);
		else
			cache->kind->ops->get_record(cache->kind, &r->key, record_came, r);
	}
}

/* ---- what is missing ---- */

static void find_is_over(struct find_request *f)
{
	f->done(f->ctx, f->failed ? REMOTE_FAILED : REMOTE_FOUND, f->failed ? NULL : f->missing);
	free(f->blobs);
	free(f->missing);
	free(f);
}

struct find_group {
	struct find_request *request;
	uint32_t start, count;
};

static void group_was_found(void *ctx, enum remote_answer answer, const unsigned char *missing)
{
	struct find_group *group = ctx;
	struct find_request *f = group->request;
	if (answer == REMOTE_FOUND)
		memcpy(f->missing + group->start, missing, group->count);
	else
		f->failed = true;
	f->answered += group->count;
	free(group);
	if (f->answered == f->count)
		find_is_over(f);
}

static void send_find(struct remote_cache *cache, struct find_request *f)
{
	/* the last group's answer frees f, perhaps before `find` returns */
	for (uint32_t start = 0, count = f->count, step = cache->kind->limits.find_count; start < count; start += step) {
		struct find_group *group = xmalloc(sizeof *group);
		*group = (struct find_group){ f, start, count - start < step ? count - start : step };
		cache->kind->ops->find(cache->kind, f->blobs + start, group->count, group_was_found, group);
	}
}

void remote_find_missing(struct remote_cache *cache, const struct remote_blob *blobs, uint32_t count,
			 void (*done)(void *ctx, enum remote_answer answer, const unsigned char *missing), void *ctx)
{
	struct find_request *f = xmalloc(sizeof *f);
	*f = (struct find_request){ .cache = cache, .count = count, .done = done, .ctx = ctx };
	f->blobs = xcalloc(count + 1u, sizeof *f->blobs);
	f->missing = xcalloc(count + 1u, 1);
	if (count)
		memcpy(f->blobs, blobs, count * sizeof *blobs);
	*cache->last_find = f;
	cache->last_find = &f->next;
	cache_wake(cache);
}

static void send_finds(struct remote_cache *cache)
{
	struct find_request *f = cache->first_find;
	cache->first_find = NULL;
	cache->last_find = &cache->first_find;
	for (struct find_request *next; f; f = next) {
		next = f->next;
		f->failed = cache_is_refused(cache);
		if (f->failed || f->count == 0)
			find_is_over(f);
		else
			send_find(cache, f);
	}
}

/* ---- open and close ---- */

struct remote_cache *remote_cache_over(const struct remote_cache_config *config, struct remote_kind *kind,
				       struct remote_health *health)
{
	struct remote_cache *cache = xcalloc(1, sizeof *cache);
	cache->config = *config;
	cache->kind = kind;
	cache->health = health;
	cache->last_record = &cache->first_record;
	cache->last_find = &cache->first_find;
	fetcher_init(&cache->fetcher);
	putter_init(&cache->putter);
	return cache;
}

int remote_cache_open(const struct remote_cache_config *config, struct remote_cache **ret, struct err *err)
{
	struct buf name = BUF_INIT;
	address_print(config->address, &name);
	struct remote_health *health = remote_health_new(config->loop, name.data, config->problem, config->ctx);
	buf_release(&name);
	health->credentials = config->credentials;
	struct remote_kind *kind;
	int rc = address_is_grpc(config->address) ? grpc_cache_open(config, health, &kind, err)
						  : http_cache_open(config, health, &kind, err);
	if (rc < 0) {
		remote_health_free(health);
		return -1;
	}
	*ret = remote_cache_over(config, kind, health);
	return 0;
}

void remote_cache_close(struct remote_cache *cache)
{
	if (!cache)
		return;
	cache->closing = true; /* from here on every request is refused */
	loop_cancel_timer(cache->config.loop, cache->timer);
	cache->kind->ops->close(cache->kind);
	/* callbacks may ask again, and are told again */
	while (cache->first_record || cache->first_find || cache->fetcher.first) {
		send_records(cache);
		send_finds(cache);
		fetch_round(cache);
	}
	put_drop(cache);
	fetcher_release(&cache->fetcher);
	putter_release(&cache->putter);
	remote_health_free(cache->health);
	arena_release(&cache->arena);
	free(cache);
}

struct remote_counters remote_cache_counters(const struct remote_cache *cache)
{
	struct remote_counters c = cache->counters;
	c.dropped += cache->putter.stopped ? cache->putter.puts : 0; /* what is still on its way then */
	c.corrupt = cache->health->corrupt;
	c.failed = cache->health->failed;
	c.waited_ns = remote_health_waited_ns(cache->health);
	cache->kind->ops->count(cache->kind, &c);
	return c;
}

void remote_cache_give_up(struct remote_cache *cache, const char *why)
{
	struct err err = ERR_INIT;
	if (cache_is_refused(cache))
		return;
	err_set(&err, ERR_IO, "%s: %s", cache->health->server, why);
	remote_health_refuse(cache->health, &err);
	cache_wake(cache);
}

bool remote_cache_is_given_up(const struct remote_cache *cache)
{
	return cache_is_refused(cache);
}
