#include "sys/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t now(clockid_t which)
{
	struct timespec t;
	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t system_monotonic(void *ctx)
{
	(void)ctx;
	return now(CLOCK_MONOTONIC);
}

static int64_t system_wall(void *ctx)
{
	(void)ctx;
	return now(CLOCK_REALTIME);
}

struct clock clock_system(void)
{
	return (struct clock){ system_monotonic, system_wall, NULL };
}

int64_t clock_monotonic_ns(const struct clock *c)
{
	return c->monotonic(c->ctx);
}

int64_t clock_wall_ns(const struct clock *c)
{
	return c->wall(c->ctx);
}

static int64_t fake_monotonic(void *ctx)
{
	return ((struct fake_clock *)ctx)->monotonic_ns;
}

static int64_t fake_wall(void *ctx)
{
	return ((struct fake_clock *)ctx)->wall_ns;
}

struct clock clock_fake(struct fake_clock *time)
{
	return (struct clock){ fake_monotonic, fake_wall, time };
}

void fake_clock_advance(struct fake_clock *time, int64_t ns)
{
	time->monotonic_ns += ns;
	time->wall_ns += ns;
}
