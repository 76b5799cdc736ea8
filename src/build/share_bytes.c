/* Interfaces that are not here: fetched when something has to run that stands on them. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "build/share_internal.h"

static const struct interface *interface_of(const struct build *b, uint32_t module)
{
	return &b->interfaces[module];
}

/* The unit waits for the module. */
static void wait_for(struct share_state *st, uint32_t module, uint32_t unit)
{
	VEC_GROW(st->waiters, st->waiter_count, st->waiter_cap);
	st->waiters[st->waiter_count] = (struct share_waiter){ unit, st->first_waiter[module] };
	st->first_waiter[module] = st->waiter_count++;
	st->outstanding[unit]++;
}

void share_one_less(struct build *b, uint32_t unit, bool here)
{
	struct share_state *st = b->share;
	st->without[unit] = st->without[unit] || !here;
	if (--st->outstanding[unit] == 0)
		build_fetched(b, unit, !st->without[unit]);
}

/* The module's bytes are here, or will never be: whoever waited for them goes on. */
static void settle(struct build *b, uint32_t module, enum share_bytes how)
{
	struct share_state *st = b->share;
	uint32_t at = st->first_waiter[module];
	st->bytes[module] = how;
	st->first_waiter[module] = 0;
	for (; at; at = st->waiters[at].next)
		share_one_less(b, st->waiters[at].unit, how != BYTES_LOST);
}

static void lose(struct build *b, uint32_t module)
{
	struct share *s = b->config.share;
	struct span name = { (const char *)interface_of(b, module)->data.bytes, DIGEST_SIZE };
	bool fresh;
	if (!map_get(&s->lost, name))
		map_put(&s->lost, arena_span(&s->arena, name), 0, &fresh);
	s->counters.lost++;
	settle(b, module, BYTES_LOST);
}

static void on_bytes(void *to, uint32_t index, bool found, struct span bytes)
{
	struct share_request *r = to;
	if (share_is_current(r)) {
		struct build *b = r->share->build;
		uint32_t module = r->modules[index];
		struct digest stored;
		struct err err = ERR_INIT;
		r->share->progress = true;
		if (b->share->bytes[module] != BYTES_COMING) {
			/* nobody waits for it any longer */
		} else if (!found) {
			lose(b, module);
		} else if (store_put(b->config.store, bytes, &stored, &err)) {
			build_stop(b, &err);
		} else {
			r->share->counters.interfaces_found++;
			settle(b, module, BYTES_HERE);
		}
	}
	if (--r->left == 0) {
		free(r->modules);
		free(r);
	}
}

static bool is_here(struct build *b, uint32_t module)
{
	unsigned char *bytes = &b->share->bytes[module];
	if (*bytes == BYTES_UNKNOWN && store_has(b->config.store, &interface_of(b, module)->data))
		*bytes = BYTES_HERE;
	return *bytes == BYTES_HERE;
}

enum share_fetch build_share_fetch(struct build *b, uint32_t unit)
{
	struct share_state *st = b->share;
	struct share *s = b->config.share;
	if (!st || share_is_over(s))
		return FETCH_NOTHING; /* should one be gone, who loads it finds out (build_damaged) */
	uint32_t count, wanted = 0;
	const uint32_t *closure = build_closure_of(b, unit, &count);
	struct share_request *r = share_request_new(s, unit);
	struct share_blob *blobs = xmalloc((count + 1) * sizeof *blobs);
	r->modules = xmalloc((count + 1) * sizeof *r->modules);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t module = closure[i];
		if (is_here(b, module))
			continue;
		st->without[unit] = st->without[unit] || st->bytes[module] == BYTES_LOST;
		if (st->bytes[module] == BYTES_LOST)
			continue;
		wait_for(st, module, unit);
		if (st->bytes[module] == BYTES_COMING)
			continue;
		st->bytes[module] = BYTES_COMING;
		r->modules[wanted] = module;
		blobs[wanted++] =
			(struct share_blob){ interface_of(b, module)->data, interface_of(b, module)->data_size };
	}
	r->left = wanted;
	if (wanted) {
		share_be_patient(s, wanted, WORTH_AN_INTERFACE);
		s->ops.get_blobs(s->ops.ctx, blobs, wanted, on_bytes, r);
	} else {
		free(r->modules);
		free(r);
	}
	free(blobs);
	if (!st->without[unit])
		share_ask_for_bodies(b, unit);
	return st->outstanding[unit] ? FETCH_COMING : st->without[unit] ? FETCH_LOST : FETCH_NOTHING;
}

void build_share_made(struct build *b, uint32_t module)
{
	if (b->share)
		b->share->bytes[module] = BYTES_HERE;
}

void build_share_give_up_bytes(struct build *b)
{
	for (uint32_t i = 0; i < b->config.plan->module_count; i++)
		if (b->share->bytes[i] == BYTES_COMING)
			lose(b, i);
	share_give_up_bodies(b);
}
