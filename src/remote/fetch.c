/* Blobs that somebody wants: each travels once, small ones together. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "remote/cache_internal.h"
#include "remote/messages.h"

enum {
	BATCHES_UNDER_WAY = 32,
	BYTES_UNDER_WAY = 64 * 1024 * 1024, /* one larger blob may go alone */
};

static const struct span NOTHING = { "", 0 };

void fetcher_init(struct fetcher *f)
{
	f->last = &f->first;
}

void fetcher_release(struct fetcher *f)
{
	map_release(&f->wanted);
	free(f->wants);
}

static struct want *want_of(struct remote_cache *cache, const struct remote_blob *blob)
{
	struct fetcher *f = &cache->fetcher;
	struct span key = { (const char *)blob, sizeof *blob };
	uint32_t *there = map_get(&f->wanted, key);
	if (there)
		return f->wants[*there];
	struct want *w = ARENA_NEW(&cache->arena, struct want);
	w->blob = *blob;
	VEC_GROW(f->wants, f->wanted.count, f->want_cap);
	f->wants[f->wanted.count] = w;
	map_put(&f->wanted, (struct span){ (const char *)&w->blob, sizeof w->blob }, f->wanted.count, NULL);
	return w;
}

void fetch_want(struct remote_cache *cache, const struct remote_blob *blob, uint32_t index,
		void (*each)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes), void *ctx)
{
	struct fetcher *f = &cache->fetcher;
	struct want *w = want_of(cache, blob);
	struct waiter *waiter = xmalloc(sizeof *waiter);
	*waiter = (struct waiter){ w->waiters, each, ctx, index };
	w->waiters = waiter;
	if (w->queued)
		return;
	w->queued = true;
	w->next = NULL;
	*f->last = w;
	f->last = &w->next;
	cache_wake(cache);
}

void remote_get_blobs(struct remote_cache *cache, const struct remote_blob *blobs, uint32_t count,
		      void (*each)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes), void *ctx)
{
	for (uint32_t i = 0; i < count; i++)
		fetch_want(cache, &blobs[i], i, each, ctx);
}

/* Whoever asks for the same blob out of a callback waits for another answer. */
static void answer_want(struct want *w, enum remote_answer answer, struct span bytes)
{
	struct waiter *list = w->waiters, *in_order = NULL;
	w->waiters = NULL;
	w->queued = false;
	for (struct waiter *next; list; list = next) {
		next = list->next;
		list->next = in_order;
		in_order = list;
	}
	for (struct waiter *next; in_order; in_order = next) {
		next = in_order->next;
		in_order->each(in_order->ctx, in_order->index, answer, bytes);
		free(in_order);
	}
}

struct fetch_batch {
	struct remote_cache *cache;
	uint32_t count, left;
	uint64_t bytes;
	struct remote_blob *blobs;
	struct want *wants[];
};

static void blob_came(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes)
{
	struct fetch_batch *batch = ctx;
	struct remote_cache *cache = batch->cache;
	struct want *w = batch->wants[index];
	if (answer == REMOTE_FOUND && !remote_blob_is(&w->blob, bytes)) {
		remote_health_corrupt(cache->health, "a blob whose bytes are not those of its digest");
		answer = REMOTE_MISSING;
	}
	cache->counters.blobs_found += answer == REMOTE_FOUND;
	answer_want(w, answer, answer == REMOTE_FOUND ? bytes : NOTHING);
	if (--batch->left)
		return;
	cache->fetcher.under_way--;
	cache->fetcher.bytes_under_way -= batch->bytes;
	free(batch->blobs);
	free(batch);
	cache_wake(cache);
}

static struct want *take_first(struct fetcher *f)
{
	struct want *w = f->first;
	f->first = w->next;
	if (!f->first)
		f->last = &f->first;
	return w;
}

/* The answer, where nobody has to be asked for it: for nothing at all, for what is too large to be wanted. */
static bool is_known(const struct remote_cache *cache, const struct want *w, enum remote_answer *ret)
{
	if (cache_is_refused(cache))
		*ret = REMOTE_FAILED;
	else if (w->blob.size == 0)
		*ret = remote_blob_is(&w->blob, NOTHING) ? REMOTE_FOUND : REMOTE_MISSING;
	else if (w->blob.size > REMOTE_BLOB_LIMIT)
		*ret = REMOTE_MISSING;
	else
		return false;
	return true;
}

static struct fetch_batch *take_batch(struct remote_cache *cache)
{
	const struct remote_limits *limits = &cache->kind->limits;
	struct fetcher *f = &cache->fetcher;
	enum remote_answer ignored;
	uint32_t count = 0;
	uint64_t bytes = 0;
	for (struct want *w = f->first; w && count < limits->batch_count; w = w->next, count++) {
		uint64_t cost = w->blob.size + REAPI_BLOB_OVERHEAD;
		if (count && (bytes + cost > limits->batch_bytes || is_known(cache, w, &ignored)))
			break;
		bytes += cost;
	}
	struct fetch_batch *batch = xmalloc(sizeof *batch + count * sizeof batch->wants[0]);
	*batch = (struct fetch_batch){ cache, count, count, bytes, xcalloc(count, sizeof *batch->blobs) };
	for (uint32_t i = 0; i < count; i++) {
		batch->wants[i] = take_first(f);
		batch->blobs[i] = batch->wants[i]->blob;
	}
	return batch;
}

static bool has_room(const struct fetcher *f)
{
	return f->under_way == 0 || (f->under_way < BATCHES_UNDER_WAY &&
				     f->bytes_under_way + f->first->blob.size <= BYTES_UNDER_WAY);
}

void fetch_round(struct remote_cache *cache)
{
	struct fetcher *f = &cache->fetcher;
	while (f->first) {
		enum remote_answer answer;
		if (is_known(cache, f->first, &answer)) {
			answer_want(take_first(f), answer, NOTHING);
			continue;
		}
		if (!has_room(f))
			return;
		struct fetch_batch *batch = take_batch(cache);
		f->under_way++;
		f->bytes_under_way += batch->bytes;
		cache->counters.blobs_asked += batch->count;
		cache->kind->ops->fetch(cache->kind, batch->blobs, batch->count, blob_came, batch);
	}
}
