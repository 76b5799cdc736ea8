/*
 * How long to bear with a server: what an answer says about it, pauses before another try, and when to stop asking at
 * all. Pure: time is given in, chance comes from a seed.
 *
 * A caller keeps one breaker for a server and one backoff for each thing that it wants:
 *
 *	if (!breaker_allows(&breaker, now)) ...fail at once...
 *	...call...
 *	switch (patience_of_status(status)) {
 *	case PATIENCE_ANSWER:  breaker_success(&breaker);
 *	case PATIENCE_AGAIN:   if (breaker_failure(&breaker, started, now)) ...warn, once...
 *	                       if (!breaker.open) pause = backoff_next(&backoff, &policy); -1: give up
 *	case PATIENCE_REFUSED: if (breaker_trip(&breaker, now)) ...warn, once...
 *	}
 */
#ifndef SEPAL_NET_PATIENCE_H
#define SEPAL_NET_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "net/rpc.h"

enum patience {
	PATIENCE_ANSWER,  /* the server is well and has answered, perhaps with a no */
	PATIENCE_AGAIN,   /* it may do better later */
	PATIENCE_REFUSED, /* it will say the same next time: wrong address, wrong credentials, not its trade */
};

enum patience patience_of_status(enum rpc_status status);
/* 0: no answer. */
enum patience patience_of_http(int http_status);

/* Pauses grow by a factor of two from first_ns to most_ns; each is shortened by up to half of it, by chance, so that
 * those who failed together do not come back together. */
struct backoff_policy {
	unsigned tries; /* in all, the first one too */
	int64_t first_ns, most_ns;
};

struct backoff {
	unsigned failures;
	uint64_t seed; /* any number; others should have others */
};

/* Another try failed: the pause before the next one, or -1 when there is none. */
int64_t backoff_next(struct backoff *b, const struct backoff_policy *policy);

/*
 * Opens (lets nobody through) after `most_failures` failures without a success between them, or when waiting for
 * failures has cost `most_lost_ns` in all; calls that waited at the same time count once. After `rest_ns` one call is
 * let through, and its end decides: it closes or stays open for as long again.
 */
struct breaker_policy {
	unsigned most_failures;
	int64_t most_lost_ns;
	int64_t rest_ns; /* 0: open for good */
};

struct breaker {
	struct breaker_policy policy;
	bool open;
	bool probing;        /* one call is through */
	unsigned failures;   /* in a row */
	int64_t lost_ns;
	int64_t counted_ns;  /* time up to here is in lost_ns, as far as it was lost */
	int64_t open_since_ns;
};

#define BREAKER_INIT(policy) { (policy), false, false, 0, 0, INT64_MIN, 0 }

bool breaker_allows(struct breaker *b, int64_t now_ns);
void breaker_success(struct breaker *b);
/* Both: true when it opened by this, and was not open before. */
bool breaker_failure(struct breaker *b, int64_t started_ns, int64_t now_ns);
bool breaker_trip(struct breaker *b, int64_t now_ns);

#endif
