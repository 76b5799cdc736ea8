#include "remote/health.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum { FAILURES_IN_A_ROW = 5 };

struct remote_health *remote_health_new(struct loop *loop, const char *server,
					void (*problem)(void *ctx, const struct err *err), void *ctx)
{
	(void)loop;
	struct remote_health *h = xcalloc(1, sizeof *h);
	h->server = xstrdup(server);
	h->problem = problem;
	h->ctx = ctx;
	return h;
}

void remote_health_free(struct remote_health *h)
{
	if (!h)
		return;
	free(h->server);
	free(h);
}

bool remote_health_gave_up(const struct remote_health *h)
{
	return h->gave_up;
}

void remote_health_ok(struct remote_health *h, int64_t started_ns)
{
	(void)started_ns;
	h->failed_in_a_row = 0;
}

static void tell(struct remote_health *h, struct err *err)
{
	if (!h->told && h->problem)
		h->problem(h->ctx, err);
	h->told = true;
	err_release(err);
}

bool remote_health_may_retry(struct remote_health *h, unsigned tries, enum rpc_status status, int64_t *ret_delay_ns)
{
	*ret_delay_ns = 20 * NS_PER_MS << tries;
	return !h->gave_up && tries < 3 && (status == RPC_UNAVAILABLE || status == RPC_ABORTED);
}

void remote_health_failed(struct remote_health *h, const char *what, int64_t started_ns, enum rpc_status status,
			  const char *reason)
{
	(void)started_ns;
	(void)status;
	struct err err = ERR_INIT;
	const char *slash = strrchr(what, '/');
	h->failed++;
	if (++h->failed_in_a_row >= FAILURES_IN_A_ROW)
		h->gave_up = true;
	err_set(&err, ERR_IO, "%s: %s failed: %s", h->server, slash ? slash + 1 : what, reason);
	tell(h, &err);
}

void remote_health_corrupt(struct remote_health *h, const char *what)
{
	struct err err = ERR_INIT;
	h->corrupt++;
	err_set(&err, ERR_CORRUPT, "%s gave %s; it is not used, and counts as missing", h->server, what);
	tell(h, &err);
}

void remote_health_refuse(struct remote_health *h, struct err *err)
{
	h->gave_up = true;
	tell(h, err);
}
