#include "remote/zstd.h"

#include <stdlib.h>
#include <zstd.h>

#include "base/xalloc.h"

enum { LEVEL = 3, WINDOW_LOG_MAX = 25, STEP = 128 * 1024 };

void zstd_compress(struct span content, struct buf *out)
{
	size_t bound = ZSTD_compressBound(content.len);
	size_t len = ZSTD_compress(buf_room(out, bound), bound, content.data, content.len, LEVEL);
	if (ZSTD_isError(len))
		BUG("compressing %zu bytes: %s", content.len, ZSTD_getErrorName(len));
	out->len += len;
	out->data[out->len] = '\0';
}

struct zstd_decoder {
	ZSTD_DCtx *ctx;
	uint64_t left;
	bool between_frames;
};

struct zstd_decoder *zstd_decoder_new(uint64_t size)
{
	struct zstd_decoder *d = xmalloc(sizeof *d);
	*d = (struct zstd_decoder){ ZSTD_createDCtx(), size, true };
	if (!d->ctx || ZSTD_isError(ZSTD_DCtx_setParameter(d->ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		BUG("libzstd gives no decoder");
	return d;
}

void zstd_decoder_free(struct zstd_decoder *d)
{
	if (!d)
		return;
	ZSTD_freeDCtx(d->ctx);
	free(d);
}

bool zstd_decoder_add(struct zstd_decoder *d, struct span piece, struct buf *out)
{
	ZSTD_inBuffer in = { piece.data, piece.len, 0 };
	for (bool full = false; in.pos < in.size || full;) {
		/* one byte more than was promised, so that a frame that ends in time can be told from one that goes on */
		size_t room = d->left < STEP ? (size_t)d->left + 1 : STEP;
		ZSTD_outBuffer to = { buf_room(out, room), room, 0 };
		size_t rc = ZSTD_decompressStream(d->ctx, &to, &in);
		if (ZSTD_isError(rc) || to.pos > d->left)
			return false;
		out->len += to.pos;
		out->data[out->len] = '\0';
		d->left -= to.pos;
		d->between_frames = rc == 0;
		full = to.pos == room;
	}
	return true;
}

bool zstd_decoder_is_done(const struct zstd_decoder *d)
{
	return d->left == 0 && d->between_frames;
}

bool zstd_decompress(struct span compressed, uint64_t size, struct buf *out)
{
	struct zstd_decoder *d = zstd_decoder_new(size);
	bool ok = zstd_decoder_add(d, compressed, out) && zstd_decoder_is_done(d);
	zstd_decoder_free(d);
	return ok;
}
