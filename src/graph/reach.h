/*
 * Which components of a condensed graph does a component stand on, directly or not? Rows of bits, made when asked for
 * (a direct dependency needs none), in chunks that rows share where they are equal: most of what a component stands on
 * its dependencies stand on as well, so memory and time grow with the differences and not with the square of the graph.
 *
 * Components are numbered dependencies first (graph.h); a component does not stand on itself. Pure, like graph.h.
 */
#ifndef SEPAL_GRAPH_REACH_H
#define SEPAL_GRAPH_REACH_H

#include <stdbool.h>

#include "graph/graph.h"

struct reach;

/* `needs` as in struct graph, one per component; borrowed. */
struct reach *reach_new(const struct graph_edges *needs, uint32_t count);
void reach_free(struct reach *r);

bool reach_stands_on(struct reach *r, uint32_t from, uint32_t to);
/* All that `from` stands on, ascending, into `out` (room for `from` numbers); returns how many. */
uint32_t reach_all(struct reach *r, uint32_t from, uint32_t *out);

#endif
