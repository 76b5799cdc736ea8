/*
 * Time as something that is passed in. Product code gets clock_system(); a test gets clock_fake() and moves it by hand,
 * so that no test waits and no result depends on the hour.
 */
#ifndef SEPAL_SYS_CLOCK_H
#define SEPAL_SYS_CLOCK_H

#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

struct clock {
	int64_t (*monotonic)(void *ctx); /* ns since some point: for durations and timers */
	int64_t (*wall)(void *ctx);      /* ns since the epoch: for time stamps */
	void *ctx;
};

struct clock clock_system(void);
int64_t clock_monotonic_ns(const struct clock *c);
int64_t clock_wall_ns(const struct clock *c);

struct fake_clock {
	int64_t monotonic_ns, wall_ns;
};

struct clock clock_fake(struct fake_clock *time); /* borrowed: outlives the clock */
void fake_clock_advance(struct fake_clock *time, int64_t ns);

#endif
