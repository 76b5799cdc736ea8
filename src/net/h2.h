/*
 * The client's side of one HTTP/2 connection (RFC 9113), without a socket: bytes of the server go in by h2_feed(),
 * bytes for the server come out of h2_pull(), and what happened to streams is told by callbacks out of both. The
 * project's one door to nghttp2. It knows nothing of gRPC.
 *
 * Windows are 4 MiB for a stream and 16 MiB for the connection. Header lists are limited to H2_HEADER_LIMIT bytes for
 * a stream, counted as RFC 9113 6.5.2 counts them; nghttp2 limits what it keeps for frames that ask for an answer.
 *
 * Callbacks may call h2_start(), h2_reset(), h2_drop() and h2_ping(), but not h2_feed(), h2_pull() or h2_free().
 */
#ifndef SEPAL_NET_H2_H
#define SEPAL_NET_H2_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct h2;

enum { H2_STREAM_WINDOW = 4 << 20, H2_CONNECTION_WINDOW = 16 << 20, H2_HEADER_LIMIT = 64 * 1024 };

/* Error codes of RFC 9113, section 7, as far as somebody here gives or looks at them. */
enum h2_code {
	H2_NO_ERROR = 0,
	H2_PROTOCOL_ERROR = 1,
	H2_REFUSED_STREAM = 7,
	H2_CANCEL = 8,
	H2_ENHANCE_YOUR_CALM = 11,
	H2_INADEQUATE_SECURITY = 12,
};
const char *h2_code_name(uint32_t code); /* "REFUSED_STREAM" */

struct h2_header {
	const char *name; /* lower case */
	struct span value;
	bool secret; /* never in the compression table of either side */
};

enum h2_end {
	H2_END_CLOSED,  /* both sides said all they had to say, or one reset it: `code` */
	H2_END_UNSENT,  /* the request was never given to h2_pull's caller */
	H2_END_HEADER_LIMIT, /* its headers were more than H2_HEADER_LIMIT */
	H2_END_LOST,    /* h2_abandon: what became of it is not known */
};

struct h2_stream_events {
	/* A header or trailer; ":status" is one of them. */
	void (*header)(void *stream, struct span name, struct span value);
	void (*data)(void *stream, struct span bytes);
	/* The server has said all: trailers and the last bytes were delivered before. */
	void (*end_of_answer)(void *stream);
	/* Writes at most `room` bytes of the request's body; their number, *ret_end with the last ones; -1 when it has
	 * dropped the stream. */
	long (*body)(void *stream, char *into, size_t room, bool *ret_end);
	/* The last callback of each stream that was neither dropped nor left to h2_free. */
	void (*closed)(void *stream, enum h2_end end, uint32_t code);
};

struct h2_events {
	void (*goaway)(void *ctx, uint32_t code, struct span debug);
	void *ctx;
	const struct h2_stream_events *streams;
};

struct h2 *h2_new(const struct h2_events *events);
void h2_free(struct h2 *h); /* accepts NULL; calls nobody */

/* ERR_PROTOCOL: the connection is of no use any more, but what h2_pull has to say should still be sent. */
int h2_feed(struct h2 *h, struct span bytes, struct err *err) MUST_CHECK;
/* Appends frames to `out` until it holds `limit` bytes or there are no more. */
int h2_pull(struct h2 *h, struct buf *out, size_t limit, struct err *err) MUST_CHECK;
/* ERR_PROTOCOL if the server broke the rules, and what was pulled says so to it. */
int h2_check(const struct h2 *h, struct err *err) MUST_CHECK;
bool h2_wants_write(const struct h2 *h);

/* Opens a stream, with a body that is asked for; `stream` is given to its callbacks. 0: no more can be opened here. */
int32_t h2_start(struct h2 *h, const struct h2_header *headers, size_t count, void *stream);
void h2_reset(struct h2 *h, int32_t id, uint32_t code); /* `closed` follows */
void h2_drop(struct h2 *h, int32_t id, uint32_t code);  /* resets it; no callback follows */
void h2_ping(struct h2 *h);
/* Tells the server that this is the end (GOAWAY). */
void h2_finish(struct h2 *h);
/* The connection is gone: every stream that is left is closed, H2_END_UNSENT or H2_END_LOST. Only h2_free follows. */
void h2_abandon(struct h2 *h);
/* May streams be opened: neither side has said that this is the end, and there are numbers left. */
bool h2_takes_streams(const struct h2 *h);
bool h2_is_greeted(const struct h2 *h); /* the server's settings have come */
/* As many as the server allows at a time. Before it has said so, one: it may not forgive more than its limit. */
uint32_t h2_max_streams(const struct h2 *h);

#endif
