#include "exec/kept_worker.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/xalloc.h"

struct known {
	uint64_t content; /* of the interface itself: what was loaded from it goes on as it was */
	uint64_t entry;   /* of all that was announced; 0: nothing yet */
	bool loaded;      /* or will be before a child is forked */
};

struct kept_worker {
	struct worker *worker; /* NULL while a runner has it */
	struct digest identity;
	uint32_t next_batch, generation;
	struct arena arena;
	struct map ids; /* into known */
	struct known *known;
	uint32_t count, cap;
	uint64_t *options; /* per set: hash of what was told; 0: nothing */
	uint32_t option_count, option_cap;
};

struct kept_worker *kept_worker_new(void)
{
	return xcalloc(1, sizeof(struct kept_worker));
}

static void forget_known(struct kept_worker *k)
{
	map_release(&k->ids);
	arena_release(&k->arena);
	k->count = k->option_count = 0;
}

void kept_worker_free(struct kept_worker *k)
{
	if (!k)
		return;
	worker_free(k->worker);
	forget_known(k);
	free(k->known);
	free(k->options);
	free(k);
}

bool kept_worker_lives(const struct kept_worker *k)
{
	return k->worker && !worker_is_gone(k->worker);
}

bool kept_worker_fits(const struct kept_worker *k, const struct digest *identity)
{
	return kept_worker_lives(k) && digest_eq(&k->identity, identity);
}

struct worker *kept_worker_take(struct kept_worker *k, uint32_t *ret_batch, uint32_t *ret_generation)
{
	struct worker *w = k->worker;
	if (!w)
		BUG("a kept worker is taken twice");
	k->worker = NULL;
	*ret_batch = k->next_batch;
	*ret_generation = k->generation;
	return w;
}

void kept_worker_adopt(struct kept_worker *k, const struct digest *identity, uint32_t *ret_generation)
{
	worker_free(k->worker);
	k->worker = NULL;
	k->identity = *identity;
	*ret_generation = kept_worker_reset(k);
}

void kept_worker_put(struct kept_worker *k, struct worker *w, uint32_t next_batch)
{
	static const struct worker_events none = { 0 };
	if (k->worker)
		BUG("two workers are kept");
	worker_on(w, &none);
	k->worker = w;
	k->next_batch = next_batch;
}

void kept_worker_drop(struct kept_worker *k, struct worker *w)
{
	worker_free(w);
	forget_known(k);
}

uint32_t kept_worker_reset(struct kept_worker *k)
{
	forget_known(k);
	if (!++k->generation)
		k->generation = 1;
	return k->generation;
}

static uint64_t content_of(const struct dep_spec *d)
{
	struct buf b = BUF_INIT;
	buf_add(&b, d->interface->data.bytes, DIGEST_SIZE);
	buf_add_str(&b, d->canonical);
	uint64_t hash = hash_xxh3(buf_span(&b));
	buf_release(&b);
	return hash;
}

static uint64_t entry_of(const struct dep_spec *d, uint64_t content)
{
	struct buf b = BUF_INIT;
	buf_put_u64(&b, content);
	buf_add(&b, d->interface->checker_hash, SHA1_SIZE);
	buf_put_u8(&b, d->hot);
	for (uint32_t i = 0; i < d->dep_count; i++)
		buf_put_str(&b, d->deps[i]->id);
	uint64_t hash = hash_xxh3(buf_span(&b));
	buf_release(&b);
	return hash | 1;
}

static struct known *find(const struct kept_worker *k, const struct dep_spec *d)
{
	const uint32_t *i = map_get_str(&k->ids, d->id);
	return i ? &k->known[*i] : NULL;
}

static struct known *find_or_add(struct kept_worker *k, const struct dep_spec *d)
{
	struct known *there = find(k, d);
	if (there)
		return there;
	VEC_GROW(k->known, k->count, k->cap);
	map_put_str(&k->ids, arena_strdup(&k->arena, d->id), k->count, NULL);
	k->known[k->count] = (struct known){ 0 };
	return &k->known[k->count++];
}

bool kept_worker_is_stale(const struct kept_worker *k, const struct unit_spec *unit, uint32_t generation)
{
	for (uint32_t i = 0; i < unit->closure_count; i++) {
		const struct dep_spec *d = unit->closure[i];
		const struct known *was = d->announced == generation ? NULL : find(k, d);
		if (was && was->loaded && was->entry && was->content != content_of(d))
			return true;
	}
	return false;
}

/* All that `d` stands on: what is marked has everything below it marked already. */
static void mark_loaded(struct kept_worker *k, const struct dep_spec *d)
{
	const struct dep_spec **stack = NULL;
	uint32_t len = 0, cap = 0;
	VEC_GROW(stack, len, cap);
	stack[len++] = d;
	while (len) {
		const struct dep_spec *at = stack[--len];
		struct known *known = find_or_add(k, at);
		if (known->loaded)
			continue;
		known->loaded = true;
		for (uint32_t i = 0; i < at->dep_count; i++) {
			VEC_GROW(stack, len, cap);
			stack[len++] = at->deps[i];
		}
	}
	free(stack);
}

bool kept_worker_announce(struct kept_worker *k, const struct dep_spec *d)
{
	struct known *known = find_or_add(k, d);
	uint64_t content = content_of(d), entry = entry_of(d, content);
	if (known->entry == entry)
		return false;
	known->content = content;
	known->entry = entry;
	/* One that is loaded may stand on more than when it was marked. */
	if (d->hot || known->loaded) {
		known->loaded = false;
		mark_loaded(k, d);
	}
	return true;
}

bool kept_worker_options(struct kept_worker *k, uint32_t set, struct span values)
{
	uint64_t hash = hash_xxh3(values) | 1;
	while (k->option_count <= set) {
		VEC_GROW(k->options, k->option_count, k->option_cap);
		k->options[k->option_count++] = 0;
	}
	if (k->options[set] == hash)
		return false;
	k->options[set] = hash;
	return true;
}

bool kept_worker_load(struct kept_worker *k, const struct dep_spec *d)
{
	if (find_or_add(k, d)->loaded)
		return false;
	mark_loaded(k, d);
	return true;
}
