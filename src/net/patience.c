#include "net/patience.h"

enum patience patience_of_status(enum rpc_status status)
{
	static const enum patience of[] = {
		[RPC_CANCELLED] = PATIENCE_AGAIN,
		[RPC_UNKNOWN] = PATIENCE_AGAIN,
		[RPC_DEADLINE_EXCEEDED] = PATIENCE_AGAIN,
		[RPC_PERMISSION_DENIED] = PATIENCE_REFUSED,
		[RPC_RESOURCE_EXHAUSTED] = PATIENCE_AGAIN,
		[RPC_ABORTED] = PATIENCE_AGAIN,
		[RPC_UNIMPLEMENTED] = PATIENCE_REFUSED,
		[RPC_INTERNAL] = PATIENCE_AGAIN,
		[RPC_UNAVAILABLE] = PATIENCE_AGAIN,
		[RPC_UNAUTHENTICATED] = PATIENCE_REFUSED,
	};
	return (unsigned)status < sizeof of / sizeof *of ? of[status] : PATIENCE_AGAIN;
}

enum patience patience_of_http(int http_status)
{
	switch (http_status) {
	case 404: /* a miss */
	case 409:
	case 410:
	case 412:
	case 413: /* this blob is too large for it, others are not */
		return PATIENCE_ANSWER;
	case 0:
	case 408:
	case 425:
	case 429:
		return PATIENCE_AGAIN;
	default:
		return http_status >= 200 && http_status < 300 ? PATIENCE_ANSWER :
		       http_status >= 500 && http_status != 501 && http_status != 505 ? PATIENCE_AGAIN :
		       PATIENCE_REFUSED;
	}
}

/* splitmix64, of which every seed is a good one */
static uint64_t chance(uint64_t *seed)
{
	uint64_t x = *seed += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

int64_t backoff_next(struct backoff *b, const struct backoff_policy *policy)
{
	int64_t pause = policy->first_ns;
	if (++b->failures >= policy->tries)
		return -1;
	for (unsigned i = 1; i < b->failures && pause < policy->most_ns; i++)
		pause *= 2;
	if (pause > policy->most_ns)
		pause = policy->most_ns;
	return pause - (int64_t)(chance(&b->seed) % (uint64_t)(pause / 2 + 1));
}

bool breaker_allows(struct breaker *b, int64_t now_ns)
{
	if (!b->open)
		return true;
	if (b->probing || b->policy.rest_ns == 0 || now_ns - b->open_since_ns < b->policy.rest_ns)
		return false;
	b->probing = true;
	return true;
}

void breaker_success(struct breaker *b)
{
	b->failures = 0;
	if (b->probing)
		b->lost_ns = 0;
	if (b->probing)
		b->open = b->probing = false;
}

bool breaker_trip(struct breaker *b, int64_t now_ns)
{
	bool opened = !b->open;
	b->open = true;
	b->probing = false;
	b->open_since_ns = now_ns;
	return opened;
}

bool breaker_failure(struct breaker *b, int64_t started_ns, int64_t now_ns)
{
	int64_t from = started_ns > b->counted_ns ? started_ns : b->counted_ns;
	if (now_ns > from)
		b->lost_ns += now_ns - from;
	if (now_ns > b->counted_ns)
		b->counted_ns = now_ns;
	b->failures++;
	if (b->open && !b->probing)
		return false; /* it began before */
	bool enough = b->failures >= b->policy.most_failures || b->lost_ns >= b->policy.most_lost_ns;
	return (enough || b->probing) && breaker_trip(b, now_ns);
}
