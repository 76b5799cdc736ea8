#include "remote/executor.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "remote/abilities.h"
#include "remote/executor_internal.h"

#define TIMEOUT_NS (10 * NS_PER_S)
#define PATIENCE_NS (30 * NS_PER_S) /* an executor is waited for, where a cache would be done without */
#define GOODBYE_NS NS_PER_S /* for telling the server what nobody waits for any more */

enum { STREAMS = 100 };

static const struct breaker_policy stream_breaker = { 6, 60 * NS_PER_S, 0 };

/* ---- open and close ---- */

static int open_channel(const struct executor_config *config, struct span metadata, unsigned streams,
			struct rpc_channel **ret, struct err *err)
{
	return rpc_open(&(struct rpc_config){ .loop = config->loop,
					      .address = config->address,
					      .tls = config->tls,
					      .credentials = config->credentials,
					      .request_metadata = metadata,
					      .max_streams = streams },
			ret, err);
}

int executor_open(const struct executor_config *config, struct executor **ret, struct err *err)
{
	struct buf metadata = BUF_INIT, server = BUF_INIT;
	struct rpc_channel *calls = NULL, *streams = NULL;
	reapi_encode_metadata(&(struct reapi_metadata){ .tool_name = "sepal",
							.tool_version = SEPAL_VERSION,
							.invocation_id = config->invocation },
			      &metadata);
	int failed = open_channel(config, buf_span(&metadata), 0, &calls, err) ||
		     open_channel(config, buf_span(&metadata), config->streams ? config->streams : STREAMS, &streams, err);
	buf_release(&metadata);
	if (failed) {
		rpc_close(calls);
		return -1;
	}
	struct executor *e = xcalloc(1, sizeof *e);
	struct grpc_transport transport = grpc_transport_of(calls);
	address_print(config->address, &server);
	e->config = *config;
	e->server = buf_detach(&server);
	e->health = remote_health_new(config->loop, e->server, config->problem, config->ctx);
	e->calls = grpc_calls_new(config->loop, &transport, e->health,
				  config->timeout_ns ? config->timeout_ns : TIMEOUT_NS, PATIENCE_NS);
	e->streams = streams;
	e->open_limit = config->streams ? config->streams : STREAMS;
	e->breaker = (struct breaker)BREAKER_INIT(stream_breaker);
	e->last_wave_ns = INT64_MIN;
	e->chance = (uint64_t)clock_wall_ns(loop_clock(config->loop));
	*ret = e;
	return 0;
}

static void say_goodbye(struct executor *e)
{
	struct err ignored = ERR_INIT;
	int64_t until = clock_monotonic_ns(loop_clock(e->config.loop)) + GOODBYE_NS, left = GOODBYE_NS;
	execution_cancel_all(e);
	while (e->cancelling && left > 0 && !loop_run_once(e->config.loop, left, &ignored))
		left = until - clock_monotonic_ns(loop_clock(e->config.loop));
	err_release(&ignored);
}

void executor_close(struct executor *e)
{
	if (!e)
		return;
	e->closing = true;
	if (!executor_is_gone(e))
		say_goodbye(e);
	execution_end_all(e, EXECUTION_LOST, "the executor is being closed");
	rpc_close(e->streams);
	grpc_calls_free(e->calls);
	loop_cancel_timer(e->config.loop, e->silence_timer);
	remote_health_free(e->health);
	free(e->server);
	free(e);
}

/* ---- whether it can be used ---- */

bool executor_is_gone(const struct executor *e)
{
	return e->breaker.open || remote_health_gave_up(e->health);
}

void executor_give_up(struct executor *e, struct err *err)
{
	if (!e->breaker.open)
		breaker_trip(&e->breaker, clock_monotonic_ns(loop_clock(e->config.loop)));
	remote_health_refuse(e->health, err);
	execution_end_all(e, EXECUTION_LOST, "the executor was given up");
}

bool executor_outputs_are_files(const struct executor *e)
{
	return e->version.major == 2 && e->version.minor == 0;
}

struct prepare {
	struct executor *e;
	void (*ready)(void *ctx, bool usable);
	void *ctx;
};

static int judge(struct executor *e, enum rpc_status status, struct span response, struct err *err)
{
	struct reapi_capabilities capabilities;
	struct remote_abilities abilities;
	if (status != RPC_OK)
		return err_set(err, ERR_PROTOCOL,
			       "%s does not know the instance \"%s\": give another as the path of the address", e->server,
			       e->config.address->rest);
	struct arena a = ARENA_INIT;
	int rc = 0;
	if (!reapi_decode_capabilities(response, &a, &capabilities))
		rc = err_set(err, ERR_PROTOCOL, "%s answers the question for its capabilities with something else: is it a "
			     "server of the Remote Execution API?", e->server);
	else
		rc = remote_abilities_judge(&capabilities, REMOTE_NEED_CACHE | REMOTE_NEED_EXECUTION, e->server, &abilities,
					    err);
	arena_release(&a);
	if (rc == 0)
		e->version = abilities.version;
	return rc;
}

static void capabilities_came(void *ctx, enum rpc_status status, struct span response, const char *text)
{
	(void)text;
	struct prepare *p = ctx;
	struct err err = ERR_INIT;
	bool answered = status == RPC_OK || status == RPC_NOT_FOUND || status == RPC_INVALID_ARGUMENT;
	bool usable = answered && !judge(p->e, status, response, &err);
	if (answered && !usable)
		remote_health_refuse(p->e->health, &err);
	p->ready(p->ctx, usable);
	free(p);
}

void executor_prepare(struct executor *e, void (*ready)(void *ctx, bool usable), void *ctx)
{
	struct prepare *p = xmalloc(sizeof *p);
	struct buf request = BUF_INIT;
	*p = (struct prepare){ e, ready, ctx };
	reapi_encode_get_capabilities(e->config.address->rest, &request);
	struct grpc_job job = { .method = REMOTE_SERVICE "Capabilities/GetCapabilities",
				.answers = GRPC_ANSWER(RPC_NOT_FOUND) | GRPC_ANSWER(RPC_INVALID_ARGUMENT),
				.done = capabilities_came,
				.ctx = p };
	grpc_ask(e->calls, &job, &request);
}

/* ---- the action cache ---- */

struct lookup {
	struct executor *e;
	void (*done)(void *ctx, enum remote_answer answer, const struct reapi_result *result);
	void *ctx;
};

static void result_came(void *ctx, enum rpc_status status, struct span response, const char *text)
{
	(void)text;
	struct lookup *l = ctx;
	struct arena a = ARENA_INIT;
	struct reapi_result result;
	enum remote_answer answer = status == RPC_OK	      ? REMOTE_FOUND :
				    status == RPC_NOT_FOUND ? REMOTE_MISSING :
							      REMOTE_FAILED;
	if (answer == REMOTE_FOUND && !reapi_decode_result(response, &a, &result)) {
		remote_health_corrupt(l->e->health, "an action result that does not parse or exceeds a limit");
		answer = REMOTE_MISSING;
	}
	l->done(l->ctx, answer, answer == REMOTE_FOUND ? &result : NULL);
	arena_release(&a);
	free(l);
}

void executor_lookup(struct executor *e, const struct remote_blob *action,
		     void (*done)(void *ctx, enum remote_answer answer, const struct reapi_result *result), void *ctx)
{
	struct lookup *l = xmalloc(sizeof *l);
	struct buf request = BUF_INIT;
	*l = (struct lookup){ e, done, ctx };
	reapi_encode_get_result(e->config.address->rest, action, false, &request);
	struct grpc_job job = { .method = REMOTE_SERVICE "ActionCache/GetActionResult",
				.answers = GRPC_ANSWER(RPC_NOT_FOUND),
				.done = result_came,
				.ctx = l };
	grpc_ask(e->calls, &job, &request);
}
