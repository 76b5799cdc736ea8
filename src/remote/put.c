/* Records that are to be put, and groups of blobs that somebody wants to be there. Each waits for its blobs (send.c).
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "remote/cache_internal.h"
#include "remote/messages.h"

enum {
	RECORDS_UNDER_WAY = 32,
};

/* One remote_put or remote_put_blobs. */
struct put {
	struct remote_cache *cache;
	struct put *next;   /* in the queue of those whose blobs are there */
	uint32_t waits;     /* for so many blobs */
	enum remote_answer answer;
	bool is_record;
	struct digest key;
	struct buf result; /* the encoded action result */
	void (*done)(void *ctx, enum remote_answer answer);
	void *ctx;
};

void putter_init(struct putter *p)
{
	p->last_due = &p->first_due;
	sender_init(&p->sender);
}

void putter_release(struct putter *p)
{
	sender_release(&p->sender);
}

/* ---- one put ---- */

static void put_is_over(struct put *put)
{
	struct remote_cache *cache = put->cache;
	cache->putter.puts--;
	cache->counters.dropped += put->answer != REMOTE_FOUND;
	cache->counters.records_sent += put->is_record && put->answer == REMOTE_FOUND;
	if (put->done)
		put->done(put->ctx, put->answer);
	buf_release(&put->result);
	free(put);
}

/* All its blobs are there, or will not get there. */
static void put_is_due(struct put *put)
{
	struct putter *p = &put->cache->putter;
	*p->last_due = put;
	p->last_due = &put->next;
	cache_wake(put->cache);
}

void put_waits_less(struct put *put, enum remote_answer answer)
{
	if (answer > put->answer)
		put->answer = answer;
	if (--put->waits == 0)
		put_is_due(put);
}

void put_waits_more(struct put *put)
{
	put->waits++;
}

bool put_is_record(const struct put *put)
{
	return put->is_record;
}

/* ---- records ---- */

static void record_was_sent(void *ctx, enum remote_answer answer)
{
	struct put *put = ctx;
	struct remote_cache *cache = put->cache;
	cache->putter.records--;
	put->answer = answer;
	put_is_over(put);
	cache_wake(cache);
}

static void due_round(struct remote_cache *cache)
{
	struct putter *p = &cache->putter;
	while (p->first_due && p->records < RECORDS_UNDER_WAY) {
		struct put *put = p->first_due;
		p->first_due = put->next;
		if (!p->first_due)
			p->last_due = &p->first_due;
		if (put->is_record && put->answer == REMOTE_FOUND && !cache->kind->limits.may_put)
			put->answer = REMOTE_MISSING;
		if (!put->is_record || put->answer != REMOTE_FOUND) {
			put_is_over(put);
			continue;
		}
		p->records++;
		cache->kind->ops->put_record(cache->kind, &put->key, buf_span(&put->result), record_was_sent, put);
	}
}

static void refuse_all(struct putter *p)
{
	send_refuse(&p->sender);
	while (p->first_due) {
		struct put *put = p->first_due;
		p->first_due = put->next;
		if (!p->first_due)
			p->last_due = &p->first_due;
		if (put->is_record)
			put->answer = REMOTE_FAILED;
		put_is_over(put);
	}
}

void put_drop(struct remote_cache *cache)
{
	while (cache->putter.first_due || send_is_wanted(&cache->putter.sender))
		refuse_all(&cache->putter);
}

void put_round(struct remote_cache *cache)
{
	if (cache_is_refused(cache) || cache->putter.stopped) {
		refuse_all(&cache->putter);
		return;
	}
	send_round(cache);
	due_round(cache);
}

/* ---- what others call ---- */

static struct put *put_new(struct remote_cache *cache, void (*done)(void *ctx, enum remote_answer answer), void *ctx)
{
	struct put *put = xcalloc(1, sizeof *put);
	put->cache = cache;
	put->answer = REMOTE_FOUND;
	put->waits = 1; /* until all its blobs were named */
	put->done = done;
	put->ctx = ctx;
	cache->putter.puts++;
	return put;
}

static int compare_blobs(const void *x, const void *y)
{
	const struct remote_blob *a = x, *b = y;
	return digest_cmp(&a->digest, &b->digest);
}

/* The record as an action result that names each blob once, numbered in the order of hashes. */
static void encode_record(struct span record, const struct remote_blob *blobs, uint32_t count, struct buf *out)
{
	struct arena a = ARENA_INIT;
	struct reapi_result result = { .worker = "" };
	struct remote_blob *sorted = ARENA_ARRAY(&a, struct remote_blob, count);
	if (count) {
		memcpy(sorted, blobs, count * sizeof *sorted);
		qsort(sorted, count, sizeof *sorted, compare_blobs);
	}
	result.files = ARENA_ARRAY(&a, struct reapi_file, count);
	for (uint32_t i = 0; i < count; i++) {
		if (i && digest_eq(&sorted[i].digest, &sorted[i - 1].digest))
			continue;
		char *path = arena_printf(&a, "%u", result.file_count); /* short: there are many */
		result.files[result.file_count++] = (struct reapi_file){ .path = path, .blob = sorted[i] };
	}
	if (record.len <= REMOTE_INLINE_LIMIT) {
		result.out.raw = record;
	} else {
		result.out.has_blob = true;
		result.out.blob = remote_blob_of(record);
	}
	reapi_encode_result(&result, out);
	arena_release(&a);
}

void remote_put(struct remote_cache *cache, const struct digest *key, struct span record,
		const struct remote_blob *blobs, uint32_t count)
{
	if (cache->config.upload == REMOTE_UPLOAD_NO)
		return;
	bool may_not = cache->state == CACHE_READY && !cache->kind->limits.may_put;
	if (may_not || cache_is_refused(cache) || cache->putter.stopped) {
		cache->counters.dropped++;
		return;
	}
	struct put *put = put_new(cache, NULL, NULL);
	put->is_record = true;
	put->key = *key;
	encode_record(record, blobs, count, &put->result);
	for (uint32_t i = 0; i < count; i++)
		send_need(cache, put, &blobs[i], (struct span){ NULL, 0 });
	if (record.len > REMOTE_INLINE_LIMIT) {
		struct remote_blob blob = remote_blob_of(record);
		send_need(cache, put, &blob, record);
	}
	put_waits_less(put, REMOTE_FOUND);
	cache_wake(cache);
}

void remote_put_blobs(struct remote_cache *cache, const struct remote_blob *blobs, const struct span *bytes,
		      uint32_t count, void (*done)(void *ctx, enum remote_answer answer), void *ctx)
{
	struct put *put = put_new(cache, done, ctx);
	for (uint32_t i = 0; i < count; i++)
		send_need(cache, put, &blobs[i], bytes ? bytes[i] : (struct span){ NULL, 0 });
	put_waits_less(put, REMOTE_FOUND);
	cache_wake(cache);
}

int remote_cache_finish(struct remote_cache *cache, int64_t budget_ns, struct err *err)
{
	struct loop *loop = cache->config.loop;
	int64_t end = clock_monotonic_ns(loop_clock(loop)) + budget_ns;
	while (cache->putter.puts) {
		int64_t left = end - clock_monotonic_ns(loop_clock(loop));
		if (left <= 0)
			break;
		if (loop_run_once(loop, left, err) < 0)
			return -1;
	}
	cache->putter.stopped = true;
	refuse_all(&cache->putter);
	return 0;
}
