/* Blobs in one message each way: which are missing, several of them, several to be kept. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "remote/grpc_cache.h"
#include "remote/messages.h"
#include "remote/zstd.h"

#define SERVICE "/build.bazel.remote.execution.v2.ContentAddressableStorage/"

static const struct span NOTHING = { "", 0 };

/* What an unreadable message is worth to who asked. */
static enum remote_answer unreadable(struct grpc_cache *g)
{
	remote_health_corrupt(g->health, "an answer that does not parse or exceeds a limit");
	return REMOTE_FAILED;
}

/* ---- a group of blobs, and what the server says about each ---- */

/* Blobs by name, to find those of an answer among those of the question. */
struct group {
	struct grpc_cache *g;
	uint32_t count;
	struct remote_blob *blobs;
	bool *answered;
	struct map by_name;
	struct span *bytes; /* that are sent, not compressed; NULL */
	void (*found)(void *ctx, enum remote_answer answer, const unsigned char *missing);
	void (*fetched)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes);
	void (*sent)(void *ctx, uint32_t index, enum remote_answer answer);
	void *ctx;
};

static struct group *group_new(struct grpc_cache *g, const struct remote_blob *blobs, uint32_t count, void *ctx)
{
	struct group *group = xcalloc(1, sizeof *group);
	*group = (struct group){ .g = g, .count = count, .ctx = ctx };
	group->blobs = xcalloc(count, sizeof *blobs);
	group->answered = xcalloc(count, sizeof *group->answered);
	memcpy(group->blobs, blobs, count * sizeof *blobs);
	for (uint32_t i = 0; i < count; i++)
		map_put(&group->by_name, (struct span){ (const char *)&group->blobs[i], sizeof *blobs }, i, NULL);
	return group;
}

static void group_free(struct group *group)
{
	map_release(&group->by_name);
	free(group->blobs);
	free(group->answered);
	free(group);
}

/* The index of the first of this name; NULL: nobody asked for it. */
static const uint32_t *group_index(const struct group *group, const struct remote_blob *blob)
{
	return map_get(&group->by_name, (struct span){ (const char *)blob, sizeof *blob });
}

/* Its index, once; false for what was not asked for or was answered. */
static bool group_take(struct group *group, const struct remote_blob *blob, uint32_t *ret)
{
	const uint32_t *at = group_index(group, blob);
	if (!at || group->answered[*at])
		return false;
	group->answered[*at] = true;
	*ret = *at;
	return true;
}

/* ---- FindMissingBlobs ---- */

static void missing_came(void *ctx, enum rpc_status status, struct span response, const char *text)
{
	(void)text;
	struct group *group = ctx;
	enum remote_answer answer = status == RPC_OK ? REMOTE_FOUND : REMOTE_FAILED;
	unsigned char *missing = xcalloc(group->count, 1);
	struct arena a = ARENA_INIT;
	struct remote_blob *named;
	uint32_t count = 0, index;
	if (answer == REMOTE_FOUND && !reapi_decode_find_missing(response, &a, &named, &count))
		answer = unreadable(group->g);
	for (uint32_t i = 0; answer == REMOTE_FOUND && i < count; i++)
		if (group_take(group, &named[i], &index))
			missing[index] = 1;
	for (uint32_t i = 0; i < group->count; i++) /* who was named twice is missing twice */
		missing[i] = missing[*group_index(group, &group->blobs[i])];
	group->found(group->ctx, answer, answer == REMOTE_FOUND ? missing : NULL);
	arena_release(&a);
	free(missing);
	group_free(group);
}

void grpc_batch_find(struct remote_kind *kind, const struct remote_blob *blobs, uint32_t count,
		      void (*done)(void *ctx, enum remote_answer answer, const unsigned char *missing), void *ctx)
{
	struct grpc_cache *g = (struct grpc_cache *)kind;
	struct group *group = group_new(g, blobs, count, ctx);
	group->found = done;
	struct buf request = BUF_INIT;
	reapi_encode_find_missing(g->instance, blobs, count, &request);
	grpc_cache_ask(g, SERVICE "FindMissingBlobs", 0, &request, 0, missing_came, group);
}

/* ---- BatchReadBlobs ---- */

/* The bytes as they were before compression, of the length that was asked for. */
static enum remote_answer plain_bytes(const struct reapi_answer *answer, struct buf *unpacked, struct span *ret)
{
	*ret = answer->data;
	if (answer->status.code == RPC_NOT_FOUND)
		return REMOTE_MISSING;
	if (answer->status.code != RPC_OK)
		return REMOTE_FAILED;
	buf_reset(unpacked);
	if (answer->zstd) {
		zstd_decompress(answer->data, answer->blob.size, unpacked); /* what is wrong with it shows in the digest */
		*ret = buf_span(unpacked);
	}
	return REMOTE_FOUND;
}

static void blobs_came(void *ctx, enum rpc_status status, struct span response, const char *text)
{
	(void)text;
	struct group *group = ctx;
	struct arena a = ARENA_INIT;
	struct buf unpacked = BUF_INIT;
	struct reapi_answer *answers;
	uint32_t count = 0, index;
	enum remote_answer rest = REMOTE_MISSING; /* those that the server does not speak of */
	if (status != RPC_OK || !reapi_decode_batch_read(response, &a, &answers, &count))
		rest = status == RPC_OK ? unreadable(group->g) : REMOTE_FAILED;
	for (uint32_t i = 0; rest == REMOTE_MISSING && i < count; i++) {
		struct span bytes;
		if (!group_take(group, &answers[i].blob, &index))
			continue;
		enum remote_answer answer = plain_bytes(&answers[i], &unpacked, &bytes);
		if (answer == REMOTE_FAILED)
			remote_health_failed(group->g->health, "BatchReadBlobs", answers[i].status.text);
		group->fetched(group->ctx, index, answer, answer == REMOTE_FOUND ? bytes : NOTHING);
	}
	for (uint32_t i = 0; i < group->count; i++)
		if (!group->answered[i])
			group->fetched(group->ctx, i, rest, NOTHING);
	buf_release(&unpacked);
	arena_release(&a);
	group_free(group);
}

void grpc_batch_fetch(struct remote_kind *kind, const struct remote_blob *blobs, uint32_t count,
		       void (*each)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes), void *ctx)
{
	struct grpc_cache *g = (struct grpc_cache *)kind;
	if (count == 1 && blobs[0].size + REAPI_BLOB_OVERHEAD > g->abilities.batch_bytes) {
		grpc_stream_read(g, &blobs[0], each, ctx);
		return;
	}
	struct group *group = group_new(g, blobs, count, ctx);
	group->fetched = each;
	struct buf request = BUF_INIT;
	uint64_t bytes = 0;
	for (uint32_t i = 0; i < count; i++)
		bytes += blobs[i].size;
	reapi_encode_batch_read(g->instance, blobs, count, g->abilities.zstd, &request);
	grpc_cache_ask(g, SERVICE "BatchReadBlobs", 0, &request, bytes, blobs_came, group);
}

/* ---- BatchUpdateBlobs ---- */

static enum remote_answer sent_answer(struct grpc_cache *g, const struct reapi_status *status)
{
	enum remote_answer answer = grpc_cache_write_answer(g, "BatchUpdateBlobs", status->code, status->text);
	if (answer == REMOTE_FAILED && status->code != RPC_RESOURCE_EXHAUSTED)
		remote_health_failed(g->health, "BatchUpdateBlobs", status->text);
	return answer;
}

static void blobs_were_sent(void *ctx, enum rpc_status status, struct span response, const char *text)
{
	struct group *group = ctx;
	struct arena a = ARENA_INIT;
	struct reapi_answer *answers;
	uint32_t count = 0, index;
	enum remote_answer rest = grpc_cache_write_answer(group->g, "BatchUpdateBlobs", (int32_t)status, text);
	if (status == RPC_OK) {
		bool ok = reapi_decode_batch_update(response, &a, &answers, &count);
		rest = ok ? REMOTE_FAILED : unreadable(group->g); /* of those that the server does not speak of */
		count = ok ? count : 0;
	}
	for (uint32_t i = 0; i < count; i++)
		if (group_take(group, &answers[i].blob, &index))
			group->sent(group->ctx, index, sent_answer(group->g, &answers[i].status));
	for (uint32_t i = 0; i < group->count; i++)
		if (!group->answered[i])
			group->sent(group->ctx, i, rest);
	arena_release(&a);
	group_free(group);
}

/* Compressed where that is allowed and makes it smaller. */
static void encode_update(struct grpc_cache *g, const struct remote_blob *blobs, const struct span *bytes,
			  uint32_t count, struct buf *out)
{
	struct reapi_update *updates = xcalloc(count, sizeof *updates);
	struct buf *packed = xcalloc(count, sizeof *packed);
	for (uint32_t i = 0; i < count; i++) {
		updates[i] = (struct reapi_update){ blobs[i], bytes[i], false };
		if (!g->abilities.zstd_update || bytes[i].len < ZSTD_WORTH_BYTES)
			continue;
		zstd_compress(bytes[i], &packed[i]);
		if (packed[i].len < bytes[i].len)
			updates[i] = (struct reapi_update){ blobs[i], buf_span(&packed[i]), true };
	}
	reapi_encode_batch_update(g->instance, updates, count, out);
	for (uint32_t i = 0; i < count; i++)
		buf_release(&packed[i]);
	free(packed);
	free(updates);
}

void grpc_batch_send(struct remote_kind *kind, const struct remote_blob *blobs, const struct span *bytes,
		      uint32_t count, void (*each)(void *ctx, uint32_t index, enum remote_answer answer), void *ctx)
{
	struct grpc_cache *g = (struct grpc_cache *)kind;
	if (count == 1 && blobs[0].size + REAPI_BLOB_OVERHEAD > g->abilities.batch_bytes) {
		grpc_stream_write(g, &blobs[0], bytes[0], each, ctx);
		return;
	}
	struct group *group = group_new(g, blobs, count, ctx);
	group->sent = each;
	struct buf request = BUF_INIT;
	encode_update(g, blobs, bytes, count, &request);
	grpc_cache_ask(g, SERVICE "BatchUpdateBlobs", GRPC_CACHE_REFUSALS, &request, 0, blobs_were_sent, group);
}
