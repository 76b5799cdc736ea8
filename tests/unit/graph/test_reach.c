/* graph/reach.h: against a slow obvious algorithm, and at a size where the square of the graph would not do. */
#include "../../lib/check.h"

#include "graph/reach.h"

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33);
}

/* Each node needs up to `fan` of the `window` before it, and now and then one from anywhere. */
static void make_layers(struct graph *g, uint32_t nodes, uint32_t fan, uint32_t window, uint64_t seed)
{
	graph_init(g, nodes);
	for (uint32_t v = 1; v < nodes; v++)
		for (uint32_t i = 0; i < fan; i++) {
			uint32_t near = v < window ? v : window;
			graph_edge(g, v, i ? v - 1 - next_random(&seed) % near : next_random(&seed) % v);
		}
	graph_condense(g);
}

/* Marks by walking. */
static void walk(const struct graph *g, uint32_t from, char *below)
{
	uint32_t *stack = test_malloc((g->component_count + 1) * sizeof *stack), len = 0;
	stack[len++] = from;
	while (len) {
		const struct graph_edges *needs = &g->needs[stack[--len]];
		for (uint32_t i = 0; i < needs->count; i++)
			if (!below[needs->to[i]]) {
				below[needs->to[i]] = 1;
				stack[len++] = needs->to[i];
			}
	}
	test_free(stack);
}

static void hold_against_walk(struct graph *g, struct reach *r, uint32_t from, bool ask_single)
{
	uint32_t n = g->component_count, all = 0;
	char *below = test_calloc(n + 1, 1);
	uint32_t *found = test_malloc((n + 1) * sizeof *found);
	walk(g, from, below);
	uint32_t count = reach_all(r, from, found); /* a walk the first times, then from rows */
	for (uint32_t to = 0; to < n; to++)
		if (below[to])
			assert_true(found[all++] == to);
	assert_int_equal(all, count);
	all = 0;
	for (uint32_t to = 0; ask_single && to < n; to++)
		assert_int_equal(reach_stands_on(r, from, to), below[to]);
	count = reach_all(r, from, found);
	for (uint32_t to = 0; to < n; to++)
		if (below[to])
			assert_int_equal(found[all++], to);
	assert_int_equal(all, count);
	test_free(found);
	test_free(below);
}

static void what_a_component_stands_on_is_what_a_walk_finds(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct graph g;
		uint64_t random = seed;
		make_layers(&g, 5000, (uint32_t)(1 + seed % 4), 1u << seed, seed);
		struct reach *r = reach_new(g.needs, g.component_count);
		for (int i = 0; i < 20; i++)
			hold_against_walk(&g, r, next_random(&random) % g.component_count, i > 4 || seed % 2);
		hold_against_walk(&g, r, g.component_count - 1, true);
		reach_free(r);
		graph_release(&g);
	}
}

static void nothing_stands_on_itself_or_on_what_comes_later(void **state)
{
	(void)state;
	struct graph g;
	graph_init(&g, 3);
	graph_edge(&g, 2, 1);
	graph_edge(&g, 1, 0);
	graph_condense(&g);
	struct reach *r = reach_new(g.needs, g.component_count);
	assert_true(reach_stands_on(r, 2, 0));
	assert_true(reach_stands_on(r, 2, 1));
	for (uint32_t v = 0; v < 3; v++)
		assert_false(reach_stands_on(r, v, v));
	assert_false(reach_stands_on(r, 0, 2));
	reach_free(r);
	graph_release(&g);
}

static void a_chain_of_fifty_thousand_shares_what_is_equal(void **state)
{
	(void)state;
	enum { NODES = 50000 };
	struct graph g;
	graph_init(&g, NODES);
	for (uint32_t v = 1; v < NODES; v++)
		graph_edge(&g, v, v - 1);
	graph_condense(&g);
	struct reach *r = reach_new(g.needs, g.component_count);
	assert_true(reach_stands_on(r, NODES - 1, 0));
	assert_true(reach_stands_on(r, NODES / 2, NODES / 2 - 2));
	reach_free(r);
	graph_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_component_stands_on_is_what_a_walk_finds),
		cmocka_unit_test(nothing_stands_on_itself_or_on_what_comes_later),
		cmocka_unit_test(a_chain_of_fifty_thousand_shares_what_is_equal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
