/* The parts of the model that need no clock: what an argument means, what a step costs, the longest chain. */
#include <stdlib.h>
#include <string.h>

#include "build/simulate.h"

/* ---- WORKERS[,LATENCY,BANDWIDTH] ---- */

struct measure {
	const char *unit;
	double factor;
};

static const struct measure TIMES[] = { { "us", 1 }, { "ms", 1e3 }, { "s", 1e6 }, { NULL, 0 } };
static const struct measure RATES[] = { { "B/s", 1 }, { "kB/s", 1e3 }, { "MB/s", 1e6 }, { "GB/s", 1e9 }, { NULL, 0 } };

static const double MOST_LATENCY = 3600e6, LEAST_RATE = 1e3, MOST_RATE = 1e15;

/* A decimal number and one of the units, and nothing else. */
static bool parse_measure(struct span text, const struct measure *units, double *ret)
{
	char digits[32];
	size_t n = 0;
	while (n < text.len && strchr("0123456789.", text.data[n]))
		n++;
	if (!n || n >= sizeof digits || text.data[0] == '.')
		return false;
	memcpy(digits, text.data, n);
	digits[n] = '\0';
	char *end;
	double number = strtod(digits, &end);
	if (*end)
		return false;
	for (; units->unit; units++)
		if (span_eq((struct span){ text.data + n, text.len - n }, span_of(units->unit))) {
			*ret = number * units->factor;
			return true;
		}
	return false;
}

static bool parse_workers(struct span text, unsigned *ret)
{
	unsigned n = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || n > SIMULATION_MOST_WORKERS)
			return false;
		n = 10 * n + (unsigned)(text.data[i] - '0');
	}
	*ret = n;
	return n >= 1 && n <= SIMULATION_MOST_WORKERS;
}

int simulation_parse(const char *text, struct simulation *ret, struct err *err)
{
	struct span parts[3];
	uint32_t n = 0;
	double latency, rate;
	const char *rest = text;
	for (;; rest++) {
		parts[n] = (struct span){ rest, strcspn(rest, ",") };
		rest += parts[n++].len;
		if (!*rest || n == 3)
			break;
	}
	if (*rest || n == 2)
		return err_set(err, ERR_USAGE,
		               "--simulate wants WORKERS or WORKERS,LATENCY,BANDWIDTH, such as 100,40ms,100MB/s, not `%s`",
		               text);
	*ret = (struct simulation){ .remote = n == 3 };
	if (!parse_workers(parts[0], &ret->workers))
		return err_set(err, ERR_USAGE, "--simulate wants a number of workers from 1 to %d, not `%.*s`",
		               SIMULATION_MOST_WORKERS, (int)parts[0].len, parts[0].data);
	if (!ret->remote)
		return 0;
	if (!parse_measure(parts[1], TIMES, &latency) || latency > MOST_LATENCY)
		return err_set(err, ERR_USAGE,
		               "--simulate wants a latency of at most an hour in us, ms or s, such as 40ms, not `%.*s`",
		               (int)parts[1].len, parts[1].data);
	if (!parse_measure(parts[2], RATES, &rate) || rate < LEAST_RATE || rate > MOST_RATE)
		return err_set(err, ERR_USAGE,
		               "--simulate wants a bandwidth of at least 1kB/s in B/s, kB/s, MB/s or GB/s, such as 100MB/s, "
		               "not `%.*s`",
		               (int)parts[2].len, parts[2].data);
	ret->latency_us = (uint64_t)(latency + 0.5);
	ret->bytes_per_second = (uint64_t)(rate + 0.5);
	return 0;
}

/* ---- what a step costs ---- */

enum { MEMBERS_WORTH_A_WORKER = 30, US_PER_S = 1000000 }; /* sepal_mypy_parts.py: _WORTH_A_FORK */

uint64_t simulated_transfer(const struct simulation *s, uint64_t bytes)
{
	if (!s->remote)
		return 0;
	uint64_t whole = bytes / s->bytes_per_second, rest = bytes % s->bytes_per_second;
	double part = (double)rest * US_PER_S / (double)s->bytes_per_second;
	uint64_t us = (uint64_t)part;
	return whole * US_PER_S + us + (us < part);
}

uint32_t simulated_sharers(const struct plan *p, uint32_t unit, const struct simulation *s)
{
	uint32_t sharers = p->units[unit].member_count / MEMBERS_WORTH_A_WORKER;
	if (s->remote || sharers < 2)
		return 1;
	return sharers < s->workers ? sharers : s->workers;
}

/* Ends of parts are rounded, so that all parts together are the whole. */
static uint64_t share(uint64_t whole, uint64_t part, uint64_t parts)
{
	return whole / parts * part + whole % parts * part / parts;
}

uint64_t *simulated_members(const struct plan *p, const struct simulated_unit *units, uint32_t unit,
                            struct arena *arena)
{
	const struct plan_unit *u = &p->units[unit];
	uint64_t *us = ARENA_ARRAY(arena, uint64_t, u->member_count + 1);
	uint64_t all = 0, before = 0, taken = 0;
	for (uint32_t i = 0; i < u->member_count; i++)
		all += p->modules[u->members[i]].size + 1;
	for (uint32_t i = 0; i < u->member_count; i++) {
		before += p->modules[u->members[i]].size + 1;
		us[i] = share(units[unit].bodies_us, before, all) - taken;
		taken += us[i];
	}
	return us;
}

/* ---- the longest chain ---- */

static uint64_t least_bodies_us(const struct plan *p, const struct simulated_unit *units, uint32_t unit,
                                const struct simulation *s, struct arena *arena)
{
	uint32_t sharers = simulated_sharers(p, unit, s);
	if (sharers < 2)
		return units[unit].bodies_us;
	uint64_t least = (units[unit].bodies_us + sharers - 1) / sharers;
	const uint64_t *members = simulated_members(p, units, unit, arena);
	for (uint32_t i = 0; i < p->units[unit].member_count; i++)
		if (members[i] > least)
			least = members[i];
	return least;
}

void simulate_path(const struct plan *p, const struct simulated_unit *units, const struct simulation *s,
                   struct arena *arena, struct simulated_path *ret)
{
	uint64_t *interface = ARENA_ARRAY(arena, uint64_t, p->unit_count + 1); /* per unit: when it can be there */
	uint64_t *whole = ARENA_ARRAY(arena, uint64_t, p->unit_count + 1);     /* likewise, bodies and all */
	uint32_t *below = ARENA_ARRAY(arena, uint32_t, p->unit_count + 1); /* what it waited for last; itself: nothing */
	struct simulation many = *s;
	uint32_t last = 0;
	many.workers = SIMULATION_MOST_WORKERS;
	*ret = (struct simulated_path){ 0 };
	for (uint32_t u = 0; u < p->unit_count; u++) { /* dependencies come first */
		const struct graph_edges *needs = p->units[u].needs;
		below[u] = u;
		for (uint32_t i = 0; i < needs->count; i++) {
			uint32_t d = needs->to[i];
			if (below[u] == u || interface[d] > interface[below[u]])
				below[u] = d;
			if (whole[d] > whole[u])
				whole[u] = whole[d];
		}
		uint64_t step = s->latency_us + simulated_transfer(s, units[u].source_bytes) + units[u].interface_us +
		                simulated_transfer(s, units[u].interface_bytes);
		uint64_t bodies = least_bodies_us(p, units, u, &many, arena);
		interface[u] = (below[u] == u ? 0 : interface[below[u]]) + step;
		whole[u] += step + bodies;
		if (whole[u] > ret->whole_us)
			ret->whole_us = whole[u];
		if (interface[u] + bodies > ret->length_us) {
			ret->length_us = interface[u] + bodies;
			last = u;
		}
	}
	if (!p->unit_count)
		return;
	ret->count = 1;
	for (uint32_t u = last; below[u] != u; u = below[u])
		ret->count++;
	ret->units = ARENA_ARRAY(arena, uint32_t, ret->count);
	for (uint32_t i = ret->count, u = last; i > 0; i--, u = below[u])
		ret->units[i - 1] = u;
}
