#include "remote/health.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "net/credentials.h"

/* What a server costs that has never answered, and one that has. Tries that were under way together count once. */
static const struct backoff_policy first_backoff = { 2, 50 * NS_PER_MS, 100 * NS_PER_MS };
static const struct backoff_policy later_backoff = { 7, 100 * NS_PER_MS, 1 * NS_PER_S };
static const struct breaker_policy first_breaker = { 3, 3 * NS_PER_S, 0 };
static const struct breaker_policy later_breaker = { 8, 5 * NS_PER_S, 0 };

enum {
	LOOKS = 4, /* at the wire, in the time of its patience */
	SLOW_BYTES_PER_SECOND = 64 * 1024,
};

static int64_t now_ns(const struct remote_health *h)
{
	return clock_monotonic_ns(loop_clock(h->loop));
}

struct remote_health *remote_health_new(struct loop *loop, const char *server,
					void (*problem)(void *ctx, const struct err *err), void *ctx)
{
	struct remote_health *h = xcalloc(1, sizeof *h);
	h->loop = loop;
	h->server = xstrdup(server);
	h->problem = problem;
	h->ctx = ctx;
	h->breaker = (struct breaker)BREAKER_INIT(first_breaker);
	h->last_wave_ns = INT64_MIN;
	h->chance = (uint64_t)clock_wall_ns(loop_clock(loop));
	return h;
}

void remote_health_free(struct remote_health *h)
{
	if (!h)
		return;
	remote_health_unwatch(h);
	free(h->server);
	free(h);
}

bool remote_health_gave_up(const struct remote_health *h)
{
	return h->breaker.open;
}

/* ---- telling ---- */

static void tell(struct remote_health *h, struct err *err)
{
	if (!h->told && h->problem)
		h->problem(h->ctx, err);
	h->told = true;
	err_release(err);
}

void remote_health_failed(struct remote_health *h, const char *what, const char *reason)
{
	struct err err = ERR_INIT;
	const char *slash = strrchr(what, '/');
	bool names_it = strstr(reason, h->server);
	h->failed++;
	err_set(&err, ERR_IO, "%s%s%s failed: %s", names_it ? "" : h->server, names_it ? "" : ": ",
		slash ? slash + 1 : what, reason);
	tell(h, &err);
}

void remote_health_corrupt(struct remote_health *h, const char *what)
{
	struct err err = ERR_INIT;
	h->corrupt++;
	err_set(&err, ERR_CORRUPT, "%s gave %s; it is not used, and counts as missing", h->server, what);
	tell(h, &err);
}

/* ---- giving up ---- */

static void gave_up(struct remote_health *h)
{
	void (*stop)(void *ctx) = h->stop;
	void *ctx = h->watch_ctx;
	remote_health_unwatch(h);
	if (stop)
		stop(ctx);
}

void remote_health_refuse(struct remote_health *h, struct err *err)
{
	tell(h, err);
	if (breaker_trip(&h->breaker, now_ns(h)))
		gave_up(h);
}

void remote_health_ok(struct remote_health *h)
{
	if (!h->answered)
		h->breaker.policy = later_breaker;
	h->answered = true;
	breaker_success(&h->breaker);
}

/* A hundred calls that a lost connection has taken along are one failure. */
static bool breaks(struct remote_health *h, int64_t started_ns)
{
	if (started_ns <= h->last_wave_ns)
		return false;
	h->last_wave_ns = now_ns(h);
	return breaker_failure(&h->breaker, started_ns, h->last_wave_ns);
}

int64_t remote_health_again(struct remote_health *h, enum patience verdict, struct backoff *backoff, int64_t started_ns)
{
	if (verdict == PATIENCE_ANSWER) {
		remote_health_ok(h);
		return -1;
	}
	if (verdict == PATIENCE_REFUSED ? breaker_trip(&h->breaker, now_ns(h)) : breaks(h, started_ns))
		gave_up(h);
	if (h->breaker.open)
		return -1;
	if (!backoff->seed)
		backoff->seed = ++h->chance;
	return backoff_next(backoff, h->answered ? &later_backoff : &first_backoff);
}

int64_t remote_timeout_ns(int64_t timeout_ns, uint64_t bytes)
{
	return timeout_ns + (int64_t)(bytes / SLOW_BYTES_PER_SECOND) * NS_PER_S;
}

/* ---- silence ---- */

static void look(struct loop *loop, void *ctx);

static bool waits_for_credentials(const struct remote_health *h)
{
	struct credentials_headers headers;
	struct err err = ERR_INIT;
	bool pending = h->credentials && credentials_get(h->credentials, &headers, &err) == CREDENTIALS_PENDING;
	err_release(&err);
	return pending;
}

static void look_later(struct remote_health *h)
{
	h->timer = loop_add_timer(h->loop, h->patience_ns / LOOKS, look, h);
}

static void look(struct loop *loop, void *ctx)
{
	(void)loop;
	struct remote_health *h = ctx;
	uint64_t moved = h->moved(h->watch_ctx);
	int64_t now = now_ns(h);
	h->timer = 0;
	if (moved != h->moved_before || waits_for_credentials(h))
		h->silent_since_ns = now;
	h->moved_before = moved;
	if (now - h->silent_since_ns < h->patience_ns) {
		look_later(h);
		return;
	}
	struct err err = ERR_INIT;
	h->failed++;
	err_set(&err, ERR_IO, "%s has not said a word for %.1f s", h->server,
		(double)(now - h->silent_since_ns) / (double)NS_PER_S);
	remote_health_refuse(h, &err);
}

void remote_health_watch(struct remote_health *h, int64_t patience_ns, uint64_t (*moved)(void *ctx),
			 void (*stop)(void *ctx), void *ctx)
{
	h->patience_ns = patience_ns;
	h->moved = moved;
	h->stop = stop;
	h->watch_ctx = ctx;
}

void remote_health_unwatch(struct remote_health *h)
{
	loop_cancel_timer(h->loop, h->timer);
	h->timer = 0;
	h->moved = NULL;
	h->stop = NULL;
}

void remote_health_waits(struct remote_health *h)
{
	if (h->waiting++)
		return;
	h->waiting_since_ns = h->silent_since_ns = now_ns(h);
	if (!h->moved || h->timer)
		return;
	h->moved_before = h->moved(h->watch_ctx);
	look_later(h);
}

int64_t remote_health_waited_ns(const struct remote_health *h)
{
	return h->waited_ns + (h->waiting ? now_ns(h) - h->waiting_since_ns : 0);
}

void remote_health_waits_no(struct remote_health *h)
{
	if (--h->waiting)
		return;
	h->waited_ns += now_ns(h) - h->waiting_since_ns;
	loop_cancel_timer(h->loop, h->timer);
	h->timer = 0;
}
