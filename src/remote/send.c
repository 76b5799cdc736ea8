/* Blobs on their way to the server: are they there already? If not, several in one call. Each is asked about and sent
 * once, whoever wants it there. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "remote/cache_internal.h"
#include "remote/messages.h"

enum {
	FINDS_UNDER_WAY = 4,
	BYTES_UNDER_WAY = 16 * 1024 * 1024, /* one larger blob may go alone */
};

struct put_link {
	struct put_link *next;
	struct put *put;
};

void sender_init(struct sender *p)
{
	p->last_ask = &p->first_ask;
	p->last_send = &p->first_send;
}

void sender_release(struct sender *p)
{
	for (uint32_t i = 0; i < p->known.count; i++)
		buf_release(&p->sents[i]->own);
	map_release(&p->known);
	free(p->sents);
}

/* ---- one blob ---- */

static struct sent *sent_of(struct remote_cache *cache, const struct remote_blob *blob)
{
	struct sender *p = &cache->putter.sender;
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

void send_need(struct remote_cache *cache, struct put *put, const struct remote_blob *blob, struct span own)
{
	struct sent *s = sent_of(cache, blob);
	if (s->state == SENT_THERE)
		return;
	struct put_link *link = xmalloc(sizeof *link);
	*link = (struct put_link){ s->puts, put };
	s->puts = link;
	put_waits_more(put);
	if (own.data && !s->has_own && s->state != SENT_SENDING) {
		s->has_own = true;
		buf_add_span(&s->own, own);
	}
	if (s->state == SENT_NOT)
		enqueue(s, SENT_ASKING, &cache->putter.sender.last_ask);
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
			enqueue(group->sents[i], SENT_SENDING, &cache->putter.sender.last_send);
		} else {
			cache->counters.blobs_there++;
			sent_is_over(group->sents[i], REMOTE_FOUND);
		}
	}
	cache->putter.sender.finds--;
	free(group->blobs);
	free(group);
	cache_wake(cache);
}

/* Does nobody but records want it there, which cannot be put any more? */
static bool is_in_vain(const struct remote_cache *cache, const struct sent *s)
{
	for (const struct put_link *link = s->puts; link; link = link->next)
		if (!put_is_record(link->put))
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
		enqueue(s, SENT_SENDING, &cache->putter.sender.last_send);
	else
		return false;
	return true;
}

static void ask_round(struct remote_cache *cache)
{
	struct sender *p = &cache->putter.sender;
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
	batch->cache->putter.sender.sends--;
	batch->cache->putter.sender.bytes_under_way -= batch->bytes;
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
	struct sender *p = &cache->putter.sender;
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

static void bytes_round(struct remote_cache *cache)
{
	struct sender *p = &cache->putter.sender;
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

void send_round(struct remote_cache *cache)
{
	ask_round(cache);
	bytes_round(cache);
}

bool send_is_wanted(const struct sender *p)
{
	return p->first_ask || p->first_send;
}

void send_refuse(struct sender *p)
{
	while (p->first_ask)
		sent_is_over(dequeue(&p->first_ask, &p->last_ask), REMOTE_FAILED);
	while (p->first_send)
		sent_is_over(dequeue(&p->first_send, &p->last_send), REMOTE_FAILED);
}

void remote_forget_sent(struct remote_cache *cache)
{
	struct sender *p = &cache->putter.sender;
	for (uint32_t i = 0; i < p->known.count; i++)
		if (p->sents[i]->state == SENT_THERE)
			p->sents[i]->state = SENT_NOT;
}
