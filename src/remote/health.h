/*
 * Is a server worth talking to? One for each server: every call tells how it went, and before a call is made it is
 * asked here. It tells the user what is wrong, once.
 */
#ifndef SEPAL_REMOTE_HEALTH_H
#define SEPAL_REMOTE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "net/rpc.h"

struct remote_health {
	char *server; /* its address, for people */
	void (*problem)(void *ctx, const struct err *err);
	void *ctx;
	bool told, gave_up;
	uint64_t failed, corrupt; /* calls that were given up; answers that were not what they should be */
	unsigned failed_in_a_row;
};

struct remote_health *remote_health_new(struct loop *loop, const char *server,
					void (*problem)(void *ctx, const struct err *err), void *ctx);
void remote_health_free(struct remote_health *h);

bool remote_health_gave_up(const struct remote_health *h);
/* A try that started at `started_ns` (monotonic) brought an answer. */
void remote_health_ok(struct remote_health *h, int64_t started_ns);
/* A try failed. Is another one worth it, and after how long? `tries` were made. */
bool remote_health_may_retry(struct remote_health *h, unsigned tries, enum rpc_status status, int64_t *ret_delay_ns);
/* A call was given up, whose last try started at `started_ns` (0: it cost nothing). `what` was called; the last part of
 * a path is what people are told. `reason` is for people. */
void remote_health_failed(struct remote_health *h, const char *what, int64_t started_ns, enum rpc_status status,
			  const char *reason);
/* The server gave `what`: counted as a miss by the caller. */
void remote_health_corrupt(struct remote_health *h, const char *what);
/* The server cannot be used at all. Takes the message of `err` over. */
void remote_health_refuse(struct remote_health *h, struct err *err);

#endif
