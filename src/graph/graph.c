/* Compressed adjacency, Tarjan's algorithm on an explicit stack, and one backward pass for the critical path. */
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"

void graph_init(struct graph *g, uint32_t node_count)
{
	memset(g, 0, sizeof *g);
	g->node_count = node_count;
}

void graph_release(struct graph *g)
{
	arena_release(&g->arena);
	free(g->pending);
	memset(g, 0, sizeof *g);
}

void graph_edge(struct graph *g, uint32_t from, uint32_t to)
{
	if (from >= g->node_count || to >= g->node_count)
		BUG("edge %u -> %u in a graph of %u nodes", from, to, g->node_count);
	if (from == to)
		return;
	VEC_GROW(g->pending, g->pending_count + 1, g->pending_cap);
	g->pending[g->pending_count++] = from;
	g->pending[g->pending_count++] = to;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

/* Groups (from, to) pairs by `from`, sorted and without duplicates. */
static struct graph_edges *group(struct arena *arena, uint32_t groups, const uint32_t *pairs, size_t count)
{
	struct graph_edges *out = ARENA_ARRAY(arena, struct graph_edges, groups ? groups : 1);
	for (size_t i = 0; i < count; i += 2)
		out[pairs[i]].count++;
	uint32_t *room = ARENA_ARRAY(arena, uint32_t, count / 2 + 1);
	for (uint32_t g = 0; g < groups; g++) {
		out[g].to = room;
		room += out[g].count;
		out[g].count = 0;
	}
	for (size_t i = 0; i < count; i += 2)
		out[pairs[i]].to[out[pairs[i]].count++] = pairs[i + 1];
	for (uint32_t g = 0; g < groups; g++) {
		uint32_t kept = 0;
		if (out[g].count)
			qsort(out[g].to, out[g].count, sizeof(uint32_t), compare_u32);
		for (uint32_t i = 0; i < out[g].count; i++)
			if (i == 0 || out[g].to[i] != out[g].to[kept - 1])
				out[g].to[kept++] = out[g].to[i];
		out[g].count = kept;
	}
	return out;
}

struct tarjan {
	uint32_t *index;   /* visit order + 1, 0 = not visited */
	uint32_t *low;
	uint32_t *next_edge;
	uint32_t *path, path_len;   /* depth-first path (the recursion stack) */
	uint32_t *stack, stack_len; /* nodes whose component is not closed */
	char *on_stack;
	uint32_t visited;
};

static void enter(struct tarjan *t, uint32_t v)
{
	t->index[v] = t->low[v] = ++t->visited;
	t->path[t->path_len++] = v;
	t->stack[t->stack_len++] = v;
	t->on_stack[v] = 1;
}

static void close_component(struct graph *g, struct tarjan *t, uint32_t root)
{
	uint32_t v;
	do {
		v = t->stack[--t->stack_len];
		t->on_stack[v] = 0;
		g->component_of[v] = g->component_count;
	} while (v != root);
	g->component_count++;
}

static void walk_from(struct graph *g, struct tarjan *t, uint32_t start)
{
	enter(t, start);
	while (t->path_len) {
		uint32_t v = t->path[t->path_len - 1];
		if (t->next_edge[v] < g->edges[v].count) {
			uint32_t w = g->edges[v].to[t->next_edge[v]++];
			if (!t->index[w])
				enter(t, w);
			else if (t->on_stack[w] && t->index[w] < t->low[v])
				t->low[v] = t->index[w];
			continue;
		}
		t->path_len--;
		if (t->path_len) {
			uint32_t parent = t->path[t->path_len - 1];
			if (t->low[v] < t->low[parent])
				t->low[parent] = t->low[v];
		}
		if (t->low[v] == t->index[v])
			close_component(g, t, v);
	}
}

static void find_components(struct graph *g)
{
	struct arena scratch = ARENA_INIT;
	uint32_t n = g->node_count ? g->node_count : 1;
	struct tarjan t = {
		.index = ARENA_ARRAY(&scratch, uint32_t, n),
		.low = ARENA_ARRAY(&scratch, uint32_t, n),
		.next_edge = ARENA_ARRAY(&scratch, uint32_t, n),
		.path = ARENA_ARRAY(&scratch, uint32_t, n),
		.stack = ARENA_ARRAY(&scratch, uint32_t, n),
		.on_stack = ARENA_ARRAY(&scratch, char, n),
	};
	g->component_of = ARENA_ARRAY(&g->arena, uint32_t, n);
	for (uint32_t v = 0; v < g->node_count; v++)
		if (!t.index[v])
			walk_from(g, &t, v);
	arena_release(&scratch);
}

static void link_components(struct graph *g)
{
	uint32_t *member = NULL, *needs = NULL, *needed_by = NULL;
	size_t member_count = 0, member_cap = 0, edge_count = 0, edge_cap = 0, back_cap = 0;
	for (uint32_t v = 0; v < g->node_count; v++) {
		uint32_t c = g->component_of[v];
		VEC_GROW(member, member_count + 1, member_cap);
		member[member_count++] = c;
		member[member_count++] = v;
		for (uint32_t i = 0; i < g->edges[v].count; i++) {
			uint32_t d = g->component_of[g->edges[v].to[i]];
			if (d == c)
				continue;
			VEC_GROW(needs, edge_count + 1, edge_cap);
			VEC_GROW(needed_by, edge_count + 1, back_cap);
			needs[edge_count] = needed_by[edge_count + 1] = c;
			needs[edge_count + 1] = needed_by[edge_count] = d;
			edge_count += 2;
		}
	}
	g->members = group(&g->arena, g->component_count, member, member_count);
	g->needs = group(&g->arena, g->component_count, needs, edge_count);
	g->needed_by = group(&g->arena, g->component_count, needed_by, edge_count);
	free(member);
	free(needs);
	free(needed_by);
}

void graph_condense(struct graph *g)
{
	g->edges = group(&g->arena, g->node_count, g->pending, g->pending_count);
	free(g->pending);
	g->pending = NULL;
	g->pending_count = g->pending_cap = 0;
	find_components(g);
	link_components(g);
}

uint64_t *graph_critical_path(struct graph *g, const uint64_t *weight)
{
	uint64_t *longest = ARENA_ARRAY(&g->arena, uint64_t, g->component_count ? g->component_count : 1);
	for (uint32_t c = g->component_count; c-- > 0;) {
		uint64_t after = 0;
		for (uint32_t i = 0; i < g->needed_by[c].count; i++)
			if (longest[g->needed_by[c].to[i]] > after)
				after = longest[g->needed_by[c].to[i]];
		longest[c] = weight[c] + after;
	}
	return longest;
}
