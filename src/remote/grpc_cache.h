/* What grpc_cache.c (records, the kind), grpc_batch.c (blobs in one message each way) and grpc_stream.c (ByteStream)
 * share. */
#ifndef SEPAL_REMOTE_GRPC_CACHE_H
#define SEPAL_REMOTE_GRPC_CACHE_H

#include "remote/abilities.h"
#include "remote/cache_internal.h"
#include "remote/grpc_call.h"

struct grpc_cache {
	struct remote_kind kind;
	struct loop *loop;
	struct grpc_calls *calls;
	struct remote_health *health;
	struct remote_abilities abilities;
	enum remote_upload_policy upload;
	const char *instance; /* "" */
	char *server;         /* its address, for people */
	uint64_t uploads;     /* so that each has an id of its own */
};

/* A kind over a transport that is taken over; for tests, too. */
struct remote_kind *grpc_cache_over(const struct remote_cache_config *config, const struct grpc_transport *transport,
				    struct remote_health *health);

/* grpc_ask() with one message each way; `request` is taken over; `bytes` of blobs are in the answer. */
void grpc_cache_ask(struct grpc_cache *g, const char *method, unsigned answers, struct buf *request, uint64_t bytes,
		    void (*done)(void *ctx, enum rpc_status status, struct span response, const char *text), void *ctx);

/* For what is there or is not. */
static inline enum remote_answer grpc_cache_answer(enum rpc_status status)
{
	return status == RPC_OK ? REMOTE_FOUND : status == RPC_NOT_FOUND ? REMOTE_MISSING : REMOTE_FAILED;
}

/* Answers to a call that writes which say that nothing can be written: this client may not, or there is no room. No
 * more is tried then. That this client may not is a problem only if the user wants to write. */
#define GRPC_CACHE_REFUSALS                                                                                            \
	(GRPC_ANSWER(RPC_PERMISSION_DENIED) | GRPC_ANSWER(RPC_UNIMPLEMENTED) | GRPC_ANSWER(RPC_RESOURCE_EXHAUSTED))
/* What `status` is for who wanted to write. Everything but these refusals was told before. */
enum remote_answer grpc_cache_write_answer(struct grpc_cache *g, const char *method, int32_t status, const char *text);

/* kind->find, fetch and send; a single blob that fits into no message goes to those below. */
void grpc_batch_find(struct remote_kind *kind, const struct remote_blob *blobs, uint32_t count,
		     void (*done)(void *ctx, enum remote_answer answer, const unsigned char *missing), void *ctx);
void grpc_batch_fetch(struct remote_kind *kind, const struct remote_blob *blobs, uint32_t count,
		      void (*each)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes), void *ctx);
void grpc_batch_send(struct remote_kind *kind, const struct remote_blob *blobs, const struct span *bytes,
		     uint32_t count, void (*each)(void *ctx, uint32_t index, enum remote_answer answer), void *ctx);

/* One blob of any size, piece by piece; `bytes` are the caller's until `each` was called, with index 0. */
void grpc_stream_read(struct grpc_cache *g, const struct remote_blob *blob,
		      void (*each)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes), void *ctx);
void grpc_stream_write(struct grpc_cache *g, const struct remote_blob *blob, struct span bytes,
		       void (*each)(void *ctx, uint32_t index, enum remote_answer answer), void *ctx);

#endif
