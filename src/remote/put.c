/*
 * What is to be sent: blobs (are they there already? if not, several in one call), and records when all their blobs are
 * there. A blob that two records name is asked for and sent once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "remote/cache_internal.h"
#include "remote/messages.h"

enum {
	FINDS_UNDER_WAY = 4,
	RECORDS_UNDER_WAY = 32,
	BYTES_UNDER_WAY = 16 * 1024 * 1024, /* one larger blob may go alone */
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

struct put_link {
	struct put_link *next;
	struct put *put;
};

void putter_init(struct putter *p)
{
	p->last_ask = &p->first_ask;
	p->last_send = &p->first_send;
	p->last_record = &p->first_record;
}

void putter_release(struct putter *p)
{
	for (uint32_t i = 0; i < p->known.count; i++)
		buf_release(&p->sents[i]->own);
	map_release(&p->known);
	free(p->sents);
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

/* All its blobs are known to be there, or not to get there. */
static void put_is_due(struct put *put)
{
	struct putter *p = &put->cache->putter;
	*p->last_record = put;
	p->last_record = &put->next;
	cache_wake(put->cache);
}

static void put_waits_less(struct put *put, enum remote_answer answer)
{
	if (answer > put->answer)
		put->answer = answer;
	if (--put->waits == 0)
		put_is_due(put);
}

/* ---- one blob ---- */

static struct sent *sent_of(struct remote_cache *cache, const struct remote_blob *blob)
{
	struct putter *p = &cache->putter;
	uint32_t *there = map_get(&p->known, (struct span){ (const char *)blob, sizeof *blob });
	if (there)
		return p->sents[*there];
	struct sent *s = ARENA_NEW(&cache->arena, struct sent);
	s->blob = *blob;
	VEC_GROW(p->sents, p->known.count, p->sent_cap);
	p->sents[p->known.count] = s;
	map_put(&p->known, (struct span){ (const char *)&s->blob, sizeof s->blob }, p->known.count, NULL);
	return s;
}

static void sent_is_over(struct sent *s, enum remote_answer answer)
{
	struct put_link *link = s->puts;
	s->puts = NULL;
	s->state = answer == REMOTE_FOUND ? SENT_THERE : SENT_NOT;
	buf_release(&s->own);
	s->has_own = false;
	for (struct put_link *next; link; link = next) {
		next = link->next;
		put_waits_less(link->put, answer);
		free(link);
	}
}

static void enqueue(struct sent *s, enum sent_state state, struct sent ***last)
{
	s->state = state;
	s->next = NULL;
	**last = s;
	*last = &s->next;
}

static struct sent *dequeue(struct sent **first, struct sent ***last)
{
	struct sent *s = *first;
	*first = s->next;
	if (!*first)
		*last = first;
	return s;
}

/* `put` goes on when this blob is there. `own` are its bytes, or NULL data. */
static void need_blob(struct remote_cache *cache, struct put *put, const struct remote_blob *blob, struct span own)
{
	struct sent *s = sent_of(cache, blob);
	if (s->state == SENT_THERE)
		return;
	struct put_link *link = xmalloc(sizeof *link);
	*link = (struct put_link){ s->puts, put };
	s->puts = link;
	put->waits++;
	if (own.data && !s->has_own && s->state != SENT_SENDING) {
		s->has_own = true;
		buf_add_span(&s->own, own);
	}
	if (s->state == SENT_NOT)
		enqueue(s, SENT_ASKING, &cache->putter.last_ask);
}

/* ---- are they there? ---- */

struct ask_group {
	struct remote_cache *cache;
	uint32_t count;
	struct remote_blob *blobs;
	struct sent *sents[];
};

static void group_was_asked(void *ctx, enum remote_answer answer, const unsigned char *missing)
{
	struct ask_group *group = ctx;
	struct remote_cache *cache = group->cache;
	for (uint32_t i = 0; i < group->count; i++) {
		if (answer != REMOTE_FOUND) {
			sent_is_over(group->sents[i], answer);
		} else if (missing[i]) {
			enqueue(group->sents[i], SENT_SENDING, &cache->putter.last_send);
		} else {
			cache->counters.blobs_there++;
			sent_is_over(group->sents[i], REMOTE_FOUND);
		}
	}
	cache->putter.finds--;
	free(group->blobs);
	free(group);
	cache_wake(cache);
}

/* Does nobody but records want it there, which cannot be put any more? */
static bool is_in_vain(const struct remote_cache *cache, const struct sent *s)
{
	for (const struct put_link *link = s->puts; link; link = link->next)
		if (!link->put->is_record)
			return false;
	return !cache->kind->limits.may_put;
}

/* What can be said about a blob without asking the server. */
static bool goes_without_asking(struct remote_cache *cache, struct sent *s)
{
	const struct remote_limits *limits = &cache->kind->limits;
	if (is_in_vain(cache, s))
		sent_is_over(s, REMOTE_MISSING);
	else if (s->blob.size == 0)
		sent_is_over(s, REMOTE_FOUND); /* servers have the empty blob by definition */
	else if (s->blob.size > limits->blob_bytes || s->blob.size > REMOTE_BLOB_LIMIT)
		sent_is_over(s, REMOTE_MISSING);
	else if (s->blob.size < limits->find_from)
		enqueue(s, SENT_SENDING, &cache->putter.last_send);
	else
		return false;
	return true;
}

static void ask_round(struct remote_cache *cache)
{
	struct putter *p = &cache->putter;
	uint32_t limit = cache->kind->limits.find_count;
	while (p->first_ask && p->finds < FINDS_UNDER_WAY) {
		struct ask_group *group = xmalloc(sizeof *group + limit * sizeof group->sents[0]);
		*group = (struct ask_group){ .cache = cache, .blobs = xcalloc(limit, sizeof *group->blobs) };
		while (p->first_ask && group->count < limit) {
			struct sent *s = dequeue(&p->first_ask, &p->last_ask);
			if (goes_without_asking(cache, s))
				continue;
			group->blobs[group->count] = s->blob;
			group->sents[group->count++] = s;
		}
		p->finds++;
		if (group->count)
			cache->kind->ops->find(cache->kind, group->blobs, group->count, group_was_asked, group);
		else
			group_was_asked(group, REMOTE_FOUND, NULL);
	}
}

/* ---- sending them ---- */

struct send_batch {
	struct remote_cache *cache;
	uint32_t count, left;
	uint64_t bytes;
	struct remote_blob *blobs;
	struct span *bytes_of;
	struct buf *read;
	struct sent **sents;
};

static void batch_is_over(struct send_batch *batch)
{
	batch->cache->putter.sends--;
	batch->cache->putter.bytes_under_way -= batch->bytes;
	for (uint32_t i = 0; i < batch->count; i++)
		buf_release(&batch->read[i]);
	free(batch->blobs);
	free(batch->bytes_of);
	free(batch->read);
	free(batch->sents);
	cache_wake(batch->cache);
	free(batch);
}

static void blob_was_sent(void *ctx, uint32_t index, enum remote_answer answer)
{
	struct send_batch *batch = ctx;
	batch->cache->counters.blobs_sent += answer == REMOTE_FOUND;
	sent_is_over(batch->sents[index], answer);
	if (--batch->left == 0)
		batch_is_over(batch);
}

/* The bytes of a blob whose turn it is. */
static bool read_bytes(struct remote_cache *cache, struct sent *s, struct buf *out)
{
	if (s->has_own) {
		buf_release(out);
		*out = s->own;
		s->own = (struct buf)BUF_INIT;
		s->has_own = false;
		return out->len == s->blob.size;
	}
	return cache->config.read_blob && cache->config.read_blob(cache->config.ctx, &s->blob, out) &&
	       out->len == s->blob.size;
}

static struct send_batch *take_batch(struct remote_cache *cache)
{
	const struct remote_limits *limits = &cache->kind->limits;
	struct putter *p = &cache->putter;
	struct send_batch *batch = xcalloc(1, sizeof *batch);
	batch->cache = cache;
	batch->blobs = xcalloc(limits->batch_count, sizeof *batch->blobs);
	batch->bytes_of = xcalloc(limits->batch_count, sizeof *batch->bytes_of);
	batch->read = xcalloc(limits->batch_count, sizeof *batch->read);
	batch->sents = xcalloc(limits->batch_count, sizeof *batch->sents);
	while (p->first_send && batch->count < limits->batch_count) {
		uint64_t cost = p->first_send->blob.size + REAPI_BLOB_OVERHEAD;
		if (batch->count && batch->bytes + cost > limits->batch_bytes)
			break;
		struct sent *s = dequeue(&p->first_send, &p->last_send);
		struct buf *read = &batch->read[batch->count];
		if (is_in_vain(cache, s) || !read_bytes(cache, s, read)) {
			buf_release(read);
			sent_is_over(s, REMOTE_MISSING);
			continue;
		}
		batch->blobs[batch->count] = s->blob;
		batch->bytes_of[batch->count] = buf_span(read);
		batch->sents[batch->count++] = s;
		batch->bytes += cost;
	}
	batch->left = batch->count;
	return batch;
}

static void send_round(struct remote_cache *cache)
{
	struct putter *p = &cache->putter;
	while (p->first_send && p->sends < cache->kind->limits.sends &&
	       (p->sends == 0 || p->bytes_under_way + p->first_send->blob.size <= BYTES_UNDER_WAY)) {
		struct send_batch *batch = take_batch(cache);
		p->sends++;
		p->bytes_under_way += batch->bytes;
		if (batch->count)
			cache->kind->ops->send(cache->kind, batch->blobs, batch->bytes_of, batch->count, blob_was_sent, batch);
		else
			batch_is_over(batch);
	}
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

static void record_round(struct remote_cache *cache)
{
	struct putter *p = &cache->putter;
	while (p->first_record && p->records < RECORDS_UNDER_WAY) {
		struct put *put = p->first_record;
		p->first_record = put->next;
		if (!p->first_record)
			p->last_record = &p->first_record;
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
	while (p->first_ask)
		sent_is_over(dequeue(&p->first_ask, &p->last_ask), REMOTE_FAILED);
	while (p->first_send)
		sent_is_over(dequeue(&p->first_send, &p->last_send), REMOTE_FAILED);
	while (p->first_record) {
		struct put *put = p->first_record;
		p->first_record = put->next;
		if (!p->first_record)
			p->last_record = &p->first_record;
		if (put->is_record)
			put->answer = REMOTE_FAILED;
		put_is_over(put);
	}
}

void put_drop(struct remote_cache *cache)
{
	while (cache->putter.first_ask || cache->putter.first_send || cache->putter.first_record)
		refuse_all(&cache->putter);
}

void put_round(struct remote_cache *cache)
{
	if (cache_is_refused(cache) || cache->putter.stopped) {
		refuse_all(&cache->putter);
		return;
	}
	ask_round(cache);
	send_round(cache);
	record_round(cache);
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
		need_blob(cache, put, &blobs[i], (struct span){ NULL, 0 });
	if (record.len > REMOTE_INLINE_LIMIT) {
		struct remote_blob blob = remote_blob_of(record);
		need_blob(cache, put, &blob, record);
	}
	put_waits_less(put, REMOTE_FOUND);
	cache_wake(cache);
}

void remote_put_blobs(struct remote_cache *cache, const struct remote_blob *blobs, const struct span *bytes,
		      uint32_t count, void (*done)(void *ctx, enum remote_answer answer), void *ctx)
{
	struct put *put = put_new(cache, done, ctx);
	for (uint32_t i = 0; i < count; i++)
		need_blob(cache, put, &blobs[i], bytes ? bytes[i] : (struct span){ NULL, 0 });
	put_waits_less(put, REMOTE_FOUND);
	cache_wake(cache);
}

void remote_forget_sent(struct remote_cache *cache)
{
	struct putter *p = &cache->putter;
	for (uint32_t i = 0; i < p->known.count; i++)
		if (p->sents[i]->state == SENT_THERE)
			p->sents[i]->state = SENT_NOT;
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
