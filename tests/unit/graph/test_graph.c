/* graph/graph.h: components, their order and the critical path, by hand and against a slow obvious algorithm. */
#include "../../lib/check.h"

#include "graph/graph.h"

static void make(struct graph *g, uint32_t nodes, const uint32_t (*edges)[2], size_t count)
{
	graph_init(g, nodes);
	for (size_t i = 0; i < count; i++)
		graph_edge(g, edges[i][0], edges[i][1]);
	graph_condense(g);
}

#define MAKE(g, nodes, edges) make(g, nodes, edges, sizeof(edges) / sizeof *(edges))

static void an_empty_graph_has_no_components(void **state)
{
	(void)state;
	struct graph g;
	make(&g, 0, NULL, 0);
	assert_int_equal(g.component_count, 0);
	graph_critical_path(&g, NULL);
	graph_release(&g);
}

static void nodes_without_edges_are_components_of_their_own(void **state)
{
	(void)state;
	struct graph g;
	make(&g, 3, NULL, 0);
	assert_int_equal(g.component_count, 3);
	for (uint32_t c = 0; c < 3; c++) {
		assert_int_equal(g.members[c].count, 1);
		assert_int_equal(g.needs[c].count + g.needed_by[c].count, 0);
	}
	graph_release(&g);
}

static void dependencies_come_first(void **state)
{
	static const uint32_t edges[][2] = { { 0, 1 }, { 1, 2 }, { 0, 2 } };
	(void)state;
	struct graph g;
	MAKE(&g, 3, edges);
	assert_int_equal(g.component_of[2], 0);
	assert_int_equal(g.component_of[1], 1);
	assert_int_equal(g.component_of[0], 2);
	assert_int_equal(g.needs[2].count, 2);
	assert_int_equal(g.needed_by[0].count, 2);
	graph_release(&g);
}

static void a_cycle_is_one_component_with_its_members_ascending(void **state)
{
	static const uint32_t edges[][2] = { { 4, 1 }, { 1, 3 }, { 3, 4 }, { 3, 0 }, { 2, 4 } };
	(void)state;
	struct graph g;
	MAKE(&g, 5, edges);
	uint32_t c = g.component_of[1];
	assert_int_equal(g.component_count, 3);
	assert_int_equal(g.members[c].count, 3);
	assert_int_equal(g.members[c].to[0], 1);
	assert_int_equal(g.members[c].to[1], 3);
	assert_int_equal(g.members[c].to[2], 4);
	assert_int_equal(g.needs[c].to[0], g.component_of[0]);
	assert_int_equal(g.needed_by[c].to[0], g.component_of[2]);
	graph_release(&g);
}

static void edges_to_itself_and_repeated_ones_do_not_count(void **state)
{
	static const uint32_t edges[][2] = { { 0, 0 }, { 0, 1 }, { 0, 1 }, { 1, 1 }, { 0, 1 } };
	(void)state;
	struct graph g;
	MAKE(&g, 2, edges);
	assert_int_equal(g.component_count, 2);
	assert_int_equal(g.edges[0].count, 1);
	assert_int_equal(g.needs[1].count, 1);
	assert_int_equal(g.needs[0].count, 0);
	graph_release(&g);
}

/* 0 <- 1 <- 2 and 0 <- 3, weights 1 10 100 1000 */
static void the_critical_path_is_the_heaviest_chain_that_waits(void **state)
{
	static const uint32_t edges[][2] = { { 1, 0 }, { 2, 1 }, { 3, 0 } };
	(void)state;
	struct graph g;
	MAKE(&g, 4, edges);
	uint64_t weight[4];
	static const uint64_t of_node[] = { 1, 10, 100, 1000 }, expected[] = { 1001, 110, 100, 1000 };
	for (uint32_t n = 0; n < 4; n++)
		weight[g.component_of[n]] = of_node[n];
	const uint64_t *path = graph_critical_path(&g, weight);
	for (uint32_t n = 0; n < 4; n++)
		assert_int_equal(path[g.component_of[n]], expected[n]);
	graph_release(&g);
}

static void a_chain_of_a_million_needs_no_stack(void **state)
{
	enum { LENGTH = 1000000 };
	(void)state;
	struct graph g;
	graph_init(&g, LENGTH);
	for (uint32_t i = 0; i + 1 < LENGTH; i++)
		graph_edge(&g, i, i + 1);
	graph_condense(&g);
	assert_int_equal(g.component_count, LENGTH);
	assert_int_equal(g.component_of[LENGTH - 1], 0);
	graph_release(&g);
	graph_init(&g, LENGTH);
	for (uint32_t i = 0; i < LENGTH; i++)
		graph_edge(&g, i, (i + 1) % LENGTH);
	graph_condense(&g);
	assert_int_equal(g.component_count, 1);
	graph_release(&g);
}

/* ---- against reachability ---- */

enum { NODES = 12 };

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

static void close_over(bool reach[NODES][NODES])
{
	for (int k = 0; k < NODES; k++)
		for (int i = 0; i < NODES; i++)
			for (int j = 0; j < NODES; j++)
				reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
}

static bool is_in(const struct graph_edges *list, uint32_t value)
{
	bool found = false;
	for (uint32_t i = 0; i < list->count; i++) {
		assert_true(i == 0 || list->to[i - 1] < list->to[i]);
		found = found || list->to[i] == value;
	}
	return found;
}

static void hold_against(const struct graph *g, bool edge[NODES][NODES], bool reach[NODES][NODES])
{
	for (uint32_t i = 0; i < NODES; i++) {
		assert_true(is_in(&g->members[g->component_of[i]], i));
		for (uint32_t j = 0; j < NODES; j++) {
			uint32_t a = g->component_of[i], b = g->component_of[j];
			assert_int_equal(a == b, i == j || (reach[i][j] && reach[j][i]));
			if (edge[i][j] && a != b) {
				assert_true(b < a);
				assert_true(is_in(&g->needs[a], b));
				assert_true(is_in(&g->needed_by[b], a));
			}
		}
	}
}

static void random_graphs_have_the_components_that_reachability_says(void **state)
{
	(void)state;
	uint32_t seed = 1;
	for (int round = 0; round < 2000; round++) {
		bool edge[NODES][NODES] = { { false } }, reach[NODES][NODES];
		uint32_t count = next_random(&seed) % (2 * NODES);
		struct graph g;
		graph_init(&g, NODES);
		for (uint32_t e = 0; e < count; e++) {
			uint32_t from = next_random(&seed) % NODES, to = next_random(&seed) % NODES;
			edge[from][to] = true;
			graph_edge(&g, from, to);
		}
		graph_condense(&g);
		memcpy(reach, edge, sizeof reach);
		close_over(reach);
		hold_against(&g, edge, reach);
		graph_release(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_graph_has_no_components),
		cmocka_unit_test(nodes_without_edges_are_components_of_their_own),
		cmocka_unit_test(dependencies_come_first),
		cmocka_unit_test(a_cycle_is_one_component_with_its_members_ascending),
		cmocka_unit_test(edges_to_itself_and_repeated_ones_do_not_count),
		cmocka_unit_test(the_critical_path_is_the_heaviest_chain_that_waits),
		cmocka_unit_test(a_chain_of_a_million_needs_no_stack),
		cmocka_unit_test(random_graphs_have_the_components_that_reachability_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
