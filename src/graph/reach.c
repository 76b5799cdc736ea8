#include "graph/reach.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum { WORD_BITS = 64, CHUNK_WORDS = 32, CHUNK_BITS = WORD_BITS * CHUNK_WORDS };
/* Somebody who asks about a few components only gets walks: rows are for those who ask about many. */
enum { WALKS = 16 };

/* Never changed once a row has it. NULL in a row: no bits. */
struct chunk {
	uint64_t words[CHUNK_WORDS];
};

struct reach {
	const struct graph_edges *needs;
	uint32_t count;
	struct arena arena;
	const struct chunk ***rows; /* per component: chunks up to its own number's; NULL: not asked for yet */
	uint32_t *pending, pending_len, pending_cap;
	char *is_pending;
	bool any_row;
	uint32_t walks;
};

struct reach *reach_new(const struct graph_edges *needs, uint32_t count)
{
	struct reach *r = xcalloc(1, sizeof *r);
	r->needs = needs;
	r->count = count;
	r->rows = xcalloc(count + 1, sizeof *r->rows);
	r->is_pending = xcalloc(count + 1, 1);
	return r;
}

void reach_free(struct reach *r)
{
	if (!r)
		return;
	arena_release(&r->arena);
	free(r->rows);
	free(r->pending);
	free(r->is_pending);
	free(r);
}

/* The union under construction: somebody's chunk as long as that is all of it, else one of our own. */
struct build_chunk {
	const struct chunk *shared;
	struct chunk own;
	bool is_own;
};

static void become_own(struct build_chunk *c)
{
	if (c->is_own)
		return;
	if (c->shared)
		c->own = *c->shared;
	else
		memset(&c->own, 0, sizeof c->own);
	c->is_own = true;
}

static bool holds_all(const struct chunk *big, const struct chunk *small)
{
	for (uint32_t w = 0; w < CHUNK_WORDS; w++)
		if (small->words[w] & ~big->words[w])
			return false;
	return true;
}

static void add_chunk(struct build_chunk *c, const struct chunk *more)
{
	if (!more || more == c->shared)
		return;
	if (!c->is_own && (!c->shared || holds_all(more, c->shared))) {
		c->shared = more;
		return;
	}
	if (holds_all(c->is_own ? &c->own : c->shared, more))
		return;
	become_own(c);
	for (uint32_t w = 0; w < CHUNK_WORDS; w++)
		c->own.words[w] |= more->words[w];
}

static bool bit_of(const struct chunk *c, uint32_t bit)
{
	return c && c->words[bit / WORD_BITS] >> bit % WORD_BITS & 1;
}

static void add_bit(struct build_chunk *c, uint32_t bit)
{
	if (bit_of(c->is_own ? &c->own : c->shared, bit))
		return;
	become_own(c);
	c->own.words[bit / WORD_BITS] |= UINT64_C(1) << bit % WORD_BITS;
}

static const struct chunk *finish_chunk(struct reach *r, const struct build_chunk *c)
{
	if (!c->is_own)
		return c->shared;
	struct chunk *kept = ARENA_NEW(&r->arena, struct chunk);
	*kept = c->own;
	return kept;
}

/* The rows of all that it needs are there. */
static void make_row(struct reach *r, uint32_t v)
{
	const struct graph_edges *needs = &r->needs[v];
	uint32_t chunks = v / CHUNK_BITS + 1;
	const struct chunk **row = ARENA_ARRAY(&r->arena, const struct chunk *, chunks);
	for (uint32_t at = 0; at < chunks; at++) {
		struct build_chunk c;
		c.shared = NULL;
		c.is_own = false;
		for (uint32_t i = needs->count; i-- > 0 && needs->to[i] / CHUNK_BITS >= at;) {
			add_chunk(&c, r->rows[needs->to[i]][at]);
			if (needs->to[i] / CHUNK_BITS == at)
				add_bit(&c, needs->to[i] % CHUNK_BITS);
		}
		row[at] = finish_chunk(r, &c);
	}
	r->rows[v] = row;
	r->any_row = true;
}

static void want_row(struct reach *r, uint32_t v)
{
	if (r->rows[v] || r->is_pending[v])
		return;
	VEC_GROW(r->pending, r->pending_len, r->pending_cap);
	r->pending[r->pending_len++] = v;
	r->is_pending[v] = 1;
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

/* `v` and everything below that has no row, ascending: no recursion, and one step per edge. */
static void collect_pending(struct reach *r, uint32_t v)
{
	r->pending_len = 0;
	want_row(r, v);
	for (uint32_t i = 0; i < r->pending_len; i++) {
		const struct graph_edges *needs = &r->needs[r->pending[i]];
		for (uint32_t k = 0; k < needs->count; k++)
			want_row(r, needs->to[k]);
	}
	qsort(r->pending, r->pending_len, sizeof *r->pending, ascending);
}

static void need_row(struct reach *r, uint32_t v)
{
	if (r->rows[v])
		return;
	collect_pending(r, v);
	for (uint32_t i = 0; i < r->pending_len; i++) {
		make_row(r, r->pending[i]);
		r->is_pending[r->pending[i]] = 0;
	}
}

bool reach_stands_on(struct reach *r, uint32_t from, uint32_t to)
{
	const struct graph_edges *needs = &r->needs[from];
	if (to >= from)
		return false;
	if (!r->rows[from] && needs->count && bsearch(&to, needs->to, needs->count, sizeof to, ascending))
		return true;
	need_row(r, from);
	return bit_of(r->rows[from][to / CHUNK_BITS], to % CHUNK_BITS);
}

/* No component has a row yet. */
static uint32_t walk(struct reach *r, uint32_t from, uint32_t *out)
{
	collect_pending(r, from);
	for (uint32_t i = 0; i < r->pending_len; i++)
		r->is_pending[r->pending[i]] = 0;
	r->walks++;
	memcpy(out, r->pending, (r->pending_len - 1) * sizeof *out); /* `from` is the last */
	return r->pending_len - 1;
}

uint32_t reach_all(struct reach *r, uint32_t from, uint32_t *out)
{
	uint32_t n = 0;
	if (!r->any_row && r->walks < WALKS)
		return walk(r, from, out);
	need_row(r, from);
	for (uint32_t at = 0; at <= from / CHUNK_BITS; at++) {
		const struct chunk *c = r->rows[from][at];
		for (uint32_t w = 0; c && w < CHUNK_WORDS; w++)
			for (uint64_t rest = c->words[w]; rest; rest &= rest - 1)
				out[n++] = at * CHUNK_BITS + w * WORD_BITS + (uint32_t)__builtin_ctzll(rest);
	}
	return n;
}
