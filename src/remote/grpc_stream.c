/* Blobs that fit into no message: ByteStream, compressed where the server can. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "remote/grpc_cache.h"
#include "remote/messages.h"
#include "remote/zstd.h"

enum { PIECE_BYTES = 1024 * 1024 }; /* of one message that is sent; servers take up to 4 MiB */

static const struct span NOTHING = { "", 0 };

/* ---- reading ---- */

struct read_stream {
	struct grpc_cache *g;
	struct remote_blob blob;
	struct zstd_decoder *decoder; /* NULL: not compressed */
	bool broken;                  /* more than was promised, or not what was promised */
	struct buf bytes;
	void (*each)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes);
	void *ctx;
};

static void read_restarts(void *ctx)
{
	struct read_stream *r = ctx;
	buf_reset(&r->bytes);
	r->broken = false;
	if (!r->decoder)
		return;
	zstd_decoder_free(r->decoder);
	r->decoder = zstd_decoder_new(r->blob.size);
}

static bool add_piece(struct read_stream *r, struct span piece)
{
	if (r->decoder)
		return zstd_decoder_add(r->decoder, piece, &r->bytes);
	if (piece.len > r->blob.size - r->bytes.len)
		return false;
	buf_add_span(&r->bytes, piece);
	return true;
}

/* A stream that is broken is cancelled: what it says from here on is of no use. */
static int piece_came(void *ctx, struct span message)
{
	struct read_stream *r = ctx;
	struct arena a = ARENA_INIT;
	struct span piece;
	r->broken = r->broken || !reapi_decode_read(message, &a, &piece) || !add_piece(r, piece);
	arena_release(&a);
	return r->broken ? -1 : 0;
}

static void read_ended(void *ctx, enum rpc_status status, struct span response, const char *text)
{
	(void)response;
	(void)text;
	struct read_stream *r = ctx;
	enum remote_answer answer = grpc_cache_answer(status);
	/* wrong bytes that end in time are found by their digest */
	if (r->broken) {
		remote_health_corrupt(r->g->health, "a blob that is longer than its name says, or no Zstandard");
		answer = REMOTE_MISSING;
	}
	r->each(r->ctx, 0, answer, answer == REMOTE_FOUND ? buf_span(&r->bytes) : NOTHING);
	zstd_decoder_free(r->decoder);
	buf_release(&r->bytes);
	free(r);
}

void grpc_stream_read(struct grpc_cache *g, const struct remote_blob *blob,
		      void (*each)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes), void *ctx)
{
	struct read_stream *r = xcalloc(1, sizeof *r);
	*r = (struct read_stream){ .g = g, .blob = *blob, .each = each, .ctx = ctx };
	r->decoder = g->abilities.zstd ? zstd_decoder_new(blob->size) : NULL;
	struct buf resource = BUF_INIT, request = BUF_INIT;
	reapi_read_name(g->instance, blob, g->abilities.zstd, &resource);
	reapi_encode_read(resource.data, &request);
	buf_release(&resource);
	struct grpc_job job = {
		.method = "/google.bytestream.ByteStream/Read",
		.bytes = blob->size,
		.answers = GRPC_ANSWER(RPC_NOT_FOUND),
		.restart = read_restarts,
		.message = piece_came,
		.done = read_ended,
		.ctx = r,
	};
	grpc_ask(g->calls, &job, &request);
}

/* ---- writing ---- */

struct write_stream {
	struct grpc_cache *g;
	struct remote_blob blob;
	struct buf packed; /* empty: not compressed */
	struct span bytes; /* as they are sent */
	size_t sent;
	bool ended; /* the last piece was given away */
	struct buf resource, message;
	void (*each)(void *ctx, uint32_t index, enum remote_answer answer);
	void *ctx;
};

static int next_piece(void *ctx, struct span *ret)
{
	struct write_stream *w = ctx;
	if (w->ended)
		return 0;
	size_t left = w->bytes.len - w->sent, len = left < PIECE_BYTES ? left : PIECE_BYTES;
	w->ended = len == left;
	buf_reset(&w->message);
	struct span piece = { w->bytes.data + w->sent, len };
	reapi_encode_write(w->sent ? "" : w->resource.data, w->sent, piece, w->ended, &w->message);
	w->sent += len;
	*ret = buf_span(&w->message);
	return 1;
}

static void write_restarts(void *ctx)
{
	struct write_stream *w = ctx;
	w->sent = 0;
	w->ended = false;
}

/* A server that has the blob says so early, with the blob's own size or -1 (and perhaps before it has read all). */
static bool is_committed(const struct write_stream *w, struct span response)
{
	struct arena a = ARENA_INIT;
	int64_t committed = 0;
	bool ok = reapi_decode_write(response, &a, &committed);
	arena_release(&a);
	return ok && (committed == -1 || (uint64_t)committed == w->bytes.len || (uint64_t)committed == w->blob.size);
}

static void write_ended(void *ctx, enum rpc_status status, struct span response, const char *text)
{
	struct write_stream *w = ctx;
	enum remote_answer answer = grpc_cache_write_answer(w->g, "ByteStream/Write", (int32_t)status, text);
	if (status == RPC_OK && !is_committed(w, response)) {
		remote_health_failed(w->g->health, "ByteStream/Write", "it kept another number of bytes");
		answer = REMOTE_FAILED;
	}
	w->each(w->ctx, 0, answer);
	buf_release(&w->packed);
	buf_release(&w->resource);
	buf_release(&w->message);
	free(w);
}

/* A name for one upload, in the form of an UUID (RFC 4122): the blob's digest and a number make it unlike others. */
static void upload_id(struct grpc_cache *g, const struct remote_blob *blob, char id[37])
{
	struct { struct digest digest; uint64_t serial; int64_t now; } seed = {
		blob->digest, ++g->uploads, clock_wall_ns(loop_clock(g->loop)) };
	struct digest d;
	char hex[DIGEST_HEX_SIZE + 1];
	hash_sha256((struct span){ (const char *)&seed, sizeof seed }, &d);
	digest_hex(&d, hex);
	snprintf(id, 37, "%.8s-%.4s-4%.3s-8%.3s-%.12s", hex, hex + 8, hex + 12, hex + 15, hex + 18);
}

void grpc_stream_write(struct grpc_cache *g, const struct remote_blob *blob, struct span bytes,
		       void (*each)(void *ctx, uint32_t index, enum remote_answer answer), void *ctx)
{
	struct write_stream *w = xcalloc(1, sizeof *w);
	*w = (struct write_stream){ .g = g, .blob = *blob, .bytes = bytes, .each = each, .ctx = ctx };
	if (g->abilities.zstd) {
		zstd_compress(bytes, &w->packed);
		w->bytes = buf_span(&w->packed);
	}
	char id[37];
	upload_id(g, blob, id);
	reapi_write_name(g->instance, id, blob, g->abilities.zstd, &w->resource);
	struct grpc_job job = {
		.method = "/google.bytestream.ByteStream/Write",
		.bytes = w->bytes.len,
		.answers = GRPC_CACHE_REFUSALS | GRPC_ANSWER(RPC_ALREADY_EXISTS),
		.next = next_piece,
		.restart = write_restarts,
		.done = write_ended,
		.ctx = w,
	};
	struct buf none = BUF_INIT;
	grpc_ask(g->calls, &job, &none);
}
