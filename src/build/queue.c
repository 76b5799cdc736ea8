/* The queue: a binary heap, the longest remaining chain first; ties by number, so that order is stable. */
#include "base/xalloc.h"
#include "build/internal.h"

bool build_goes_before(const struct build *b, uint32_t x, uint32_t y)
{
	const struct plan_unit *units = b->config.plan->units;
	return units[x].priority != units[y].priority ? units[x].priority > units[y].priority : x < y;
}

void build_queue_push(struct build *b, uint32_t unit)
{
	VEC_GROW(b->queue, b->queue_len, b->queue_cap);
	uint32_t i = b->queue_len++;
	for (; i > 0 && build_goes_before(b, unit, b->queue[(i - 1) / 2]); i = (i - 1) / 2)
		b->queue[i] = b->queue[(i - 1) / 2];
	b->queue[i] = unit;
	b->queued_weight += b->config.plan->units[unit].weight;
}

uint32_t build_queue_pop(struct build *b)
{
	uint32_t top = b->queue[0], last = b->queue[--b->queue_len], i = 0;
	for (;;) {
		uint32_t child = 2 * i + 1;
		if (child >= b->queue_len)
			break;
		if (child + 1 < b->queue_len && build_goes_before(b, b->queue[child + 1], b->queue[child]))
			child++;
		if (!build_goes_before(b, b->queue[child], last))
			break;
		b->queue[i] = b->queue[child];
		i = child;
	}
	if (b->queue_len)
		b->queue[i] = last;
	b->queued_weight -= b->config.plan->units[top].weight;
	return top;
}
