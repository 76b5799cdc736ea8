/* A cache that speaks the Remote Execution API: what goes into one message each way. */
#include "remote/grpc_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "net/tls.h"
#include "remote/messages.h"

#define SERVICE "/build.bazel.remote.execution.v2."

enum {
	FIND_COUNT = 8192,  /* 600 KB of digests in one question */
	BATCH_COUNT = 4096, /* 300 KB of digests in one question */
	SENDS = 4,          /* sending must not keep fetching from its turn */
};

void grpc_cache_ask(struct grpc_cache *g, const char *method, unsigned answers, struct buf *request, uint64_t bytes,
		    void (*done)(void *ctx, enum rpc_status status, struct span response, const char *text), void *ctx)
{
	struct grpc_job job = { .method = method, .answers = answers, .bytes = request->len + bytes, .done = done,
				.ctx = ctx };
	grpc_ask(g->calls, &job, request);
}

enum remote_answer grpc_cache_write_answer(struct grpc_cache *g, const char *method, int32_t status, const char *text)
{
	bool full = status == RPC_RESOURCE_EXHAUSTED;
	if (status == RPC_OK || status == RPC_ALREADY_EXISTS)
		return REMOTE_FOUND;
	if (!full && status != RPC_PERMISSION_DENIED && status != RPC_UNIMPLEMENTED)
		return REMOTE_FAILED;
	if (g->kind.limits.may_put && (full || g->upload == REMOTE_UPLOAD_YES))
		remote_health_failed(g->health, method, *text ? text : full ? "there is no room" :
							  "this client may not write");
	g->kind.limits.may_put = false;
	return full ? REMOTE_FAILED : REMOTE_MISSING;
}

/* ---- Capabilities ---- */

struct start {
	struct grpc_cache *g;
	void (*ready)(void *ctx, enum remote_answer answer);
	void *ctx;
};

static void set_limits(struct grpc_cache *g)
{
	g->kind.limits = (struct remote_limits){
		.batch_bytes = g->abilities.batch_bytes,
		.batch_count = BATCH_COUNT,
		.find_count = FIND_COUNT,
		.blob_bytes = g->abilities.blob_bytes,
		.sends = SENDS,
		.may_put = g->abilities.may_update && g->upload != REMOTE_UPLOAD_NO,
	};
}

static int unknown_instance(const struct grpc_cache *g, struct err *err)
{
	return err_set(err, ERR_PROTOCOL, "%s does not know the instance \"%s\": give another as the path of the address",
		       g->server, g->instance);
}

static int judge(struct grpc_cache *g, enum rpc_status status, struct span response, struct err *err)
{
	struct reapi_capabilities capabilities;
	g->abilities = remote_abilities_plain();
	if (status == RPC_UNIMPLEMENTED)
		return 0;
	if (status != RPC_OK)
		return unknown_instance(g, err);
	struct arena a = ARENA_INIT;
	int rc = 0;
	if (!reapi_decode_capabilities(response, &a, &capabilities))
		rc = err_set(err, ERR_PROTOCOL, "%s answers the question for its capabilities with something else: is it a "
			     "server of the Remote Execution API?", g->server);
	else
		rc = remote_abilities_judge(&capabilities, REMOTE_NEED_CACHE, g->server, &g->abilities, err);
	arena_release(&a);
	if (rc == 0 && g->upload == REMOTE_UPLOAD_YES && !g->abilities.may_update)
		rc = err_set(err, ERR_PROTOCOL, "%s does not let this client write results: give it credentials that may, or "
			     "do not ask for uploads", g->server);
	return rc;
}

static void capabilities_came(void *ctx, enum rpc_status status, struct span response, const char *text)
{
	(void)text;
	struct start *s = ctx;
	struct grpc_cache *g = s->g;
	struct err err = ERR_INIT;
	enum remote_answer answer = REMOTE_FOUND;
	if (status == RPC_OK || status == RPC_UNIMPLEMENTED || status == RPC_NOT_FOUND || status == RPC_INVALID_ARGUMENT) {
		if (judge(g, status, response, &err) < 0) {
			remote_health_refuse(g->health, &err);
			answer = REMOTE_FAILED;
		}
	} else {
		answer = REMOTE_FAILED; /* its health knows why */
	}
	set_limits(g);
	s->ready(s->ctx, answer);
	free(s);
}

static void grpc_start(struct remote_kind *kind, void (*ready)(void *ctx, enum remote_answer answer), void *ctx)
{
	struct grpc_cache *g = (struct grpc_cache *)kind;
	struct start *s = xmalloc(sizeof *s);
	*s = (struct start){ g, ready, ctx };
	struct buf request = BUF_INIT;
	reapi_encode_get_capabilities(g->instance, &request);
	grpc_cache_ask(g, SERVICE "Capabilities/GetCapabilities",
		       GRPC_ANSWER(RPC_UNIMPLEMENTED) | GRPC_ANSWER(RPC_NOT_FOUND) | GRPC_ANSWER(RPC_INVALID_ARGUMENT),
		       &request, 0, capabilities_came, s);
}

/* ---- records ---- */

struct record_get {
	struct grpc_cache *g;
	void (*done)(void *ctx, enum remote_answer answer, struct span result);
	void *ctx;
};

static void result_came(void *ctx, enum rpc_status status, struct span response, const char *text)
{
	(void)text;
	struct record_get *r = ctx;
	/* Nothing else can be wrong with the question, which need not wait for what the server says it can do. */
	if (status == RPC_INVALID_ARGUMENT) {
		struct err err = ERR_INIT;
		(void)unknown_instance(r->g, &err);
		remote_health_refuse(r->g->health, &err);
	}
	r->done(r->ctx, grpc_cache_answer(status), response);
	free(r);
}

static void grpc_get_record(struct remote_kind *kind, const struct digest *key,
			    void (*done)(void *ctx, enum remote_answer answer, struct span result), void *ctx)
{
	struct grpc_cache *g = (struct grpc_cache *)kind;
	struct record_get *r = xmalloc(sizeof *r);
	*r = (struct record_get){ g, done, ctx };
	struct buf request = BUF_INIT;
	reapi_encode_get_result(g->instance, &(struct remote_blob){ *key, REMOTE_KEY_SIZE }, true, &request);
	grpc_cache_ask(g, SERVICE "ActionCache/GetActionResult",
		       GRPC_ANSWER(RPC_NOT_FOUND) | GRPC_ANSWER(RPC_INVALID_ARGUMENT), &request, 0, result_came, r);
}

struct record_put {
	struct grpc_cache *g;
	void (*done)(void *ctx, enum remote_answer answer);
	void *ctx;
};

static void result_was_put(void *ctx, enum rpc_status status, struct span response, const char *text)
{
	(void)response;
	struct record_put *r = ctx;
	r->done(r->ctx, grpc_cache_write_answer(r->g, "UpdateActionResult", (int32_t)status, text));
	free(r);
}

static void grpc_put_record(struct remote_kind *kind, const struct digest *key, struct span result,
			    void (*done)(void *ctx, enum remote_answer answer), void *ctx)
{
	struct grpc_cache *g = (struct grpc_cache *)kind;
	struct record_put *r = xmalloc(sizeof *r);
	*r = (struct record_put){ g, done, ctx };
	struct buf request = BUF_INIT;
	reapi_encode_update_result(g->instance, &(struct remote_blob){ *key, REMOTE_KEY_SIZE }, result, &request);
	grpc_cache_ask(g, SERVICE "ActionCache/UpdateActionResult", GRPC_CACHE_REFUSALS, &request, 0,
		       result_was_put, r);
}

/* ---- the kind ---- */

static void grpc_count(const struct remote_kind *kind, struct remote_counters *counters)
{
	struct rpc_traffic traffic = grpc_calls_traffic(((const struct grpc_cache *)kind)->calls);
	counters->bytes_sent += traffic.sent;
	counters->bytes_received += traffic.received;
	counters->calls += traffic.calls;
}

static void grpc_close(struct remote_kind *kind)
{
	struct grpc_cache *g = (struct grpc_cache *)kind;
	grpc_calls_free(g->calls);
	free(g->server);
	free(g);
}

static const struct remote_kind_ops grpc_ops = {
	grpc_start,	 grpc_get_record, grpc_put_record, grpc_batch_find,
	grpc_batch_fetch, grpc_batch_send, grpc_count,	   grpc_close,
};

struct remote_kind *grpc_cache_over(const struct remote_cache_config *config, const struct grpc_transport *transport,
				    struct remote_health *health)
{
	struct grpc_cache *g = xcalloc(1, sizeof *g);
	struct buf server = BUF_INIT;
	address_print(config->address, &server);
	g->kind.ops = &grpc_ops;
	g->loop = config->loop;
	g->calls = grpc_calls_new(config->loop, transport, health,
				  config->timeout_ns ? config->timeout_ns : REMOTE_TIMEOUT_NS,
				  config->patience_ns ? config->patience_ns : REMOTE_PATIENCE_NS);
	g->health = health;
	g->upload = config->upload;
	g->instance = config->address->rest;
	g->server = buf_detach(&server);
	g->abilities = remote_abilities_plain();
	set_limits(g);
	return &g->kind;
}

int grpc_cache_open(const struct remote_cache_config *config, struct remote_health *health, struct remote_kind **ret,
		    struct err *err)
{
	struct buf metadata = BUF_INIT;
	reapi_encode_metadata(&(struct reapi_metadata){ .tool_name = "sepal",
							.tool_version = SEPAL_VERSION,
							.invocation_id = config->invocation },
			      &metadata);
	struct rpc_channel *channel;
	int rc = rpc_open(&(struct rpc_config){ .loop = config->loop,
						.address = config->address,
						.tls = config->tls,
						.credentials = config->credentials,
						.request_metadata = buf_span(&metadata) },
			  &channel, err);
	buf_release(&metadata);
	if (rc < 0)
		return -1;
	struct grpc_transport transport = grpc_transport_of(channel);
	*ret = grpc_cache_over(config, &transport, health);
	return 0;
}
