/*
 * A directed graph over dense numbers and what the planner needs of it: strongly connected components (Tarjan 1972, in
 * linear time and without recursion), their order, reverse edges, critical path. Pure: no names, no files.
 *
 * Order of calls: graph_init(nodes), graph_edge for every edge (duplicates and self-edges are allowed and ignored),
 * graph_condense, then the queries. Everything lives in the graph's arena until graph_release.
 */
#ifndef SEPAL_GRAPH_GRAPH_H
#define SEPAL_GRAPH_GRAPH_H

#include <stdint.h>

#include "base/arena.h"

struct graph_edges {
	uint32_t *to; /* sorted, without duplicates */
	uint32_t count;
};

struct graph {
	struct arena arena;
	uint32_t node_count;
	struct graph_edges *edges; /* per node: what it depends on; valid after graph_condense */
	/* Components are numbered so that dependencies come first: every edge between components goes to a smaller one. */
	uint32_t component_count;
	uint32_t *component_of; /* per node */
	struct graph_edges *members; /* per component: its nodes, ascending */
	struct graph_edges *needs;   /* per component: components it depends on */
	struct graph_edges *needed_by;

	uint32_t *pending; /* edges as (from, to) pairs until graph_condense */
	size_t pending_count, pending_cap;
};

void graph_init(struct graph *g, uint32_t node_count);
void graph_release(struct graph *g);
void graph_edge(struct graph *g, uint32_t from, uint32_t to);
void graph_condense(struct graph *g);

/* Length of the longest chain of dependents that starts at each component, its own weight included: what is first on
 * the critical path has the largest value. `weight` has one entry per component; the answer lives in the arena. */
uint64_t *graph_critical_path(struct graph *g, const uint64_t *weight);

#endif
