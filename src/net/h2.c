#include "net/h2.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum { MOST_HEADERS = 96 };

struct h2 {
	nghttp2_session *session;
	struct h2_events events;
	uint32_t complaint; /* the error code of our GOAWAY */
	bool greeted; /* a frame has come, the first of which is the server's settings */
	bool http1;   /* its first bytes are the answer of an HTTP/1 server */
	size_t received;
	struct stream *streams;
};

/* One stream, from h2_start to `closed`; nghttp2's user data of the stream. */
struct stream {
	void *user;
	int32_t id;
	size_t header_bytes;
	enum h2_end end;
	struct stream *next, **link; /* in h2.streams */
};

static const struct h2_stream_events *calls(const struct h2 *h)
{
	return h->events.streams;
}

static struct stream *find(const struct h2 *h, int32_t id)
{
	return nghttp2_session_get_stream_user_data(h->session, id);
}

const char *h2_code_name(uint32_t code)
{
	return nghttp2_http2_strerror(code);
}

/* ---- what nghttp2 tells ---- */

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
		     const uint8_t *value, size_t value_len, uint8_t flags, void *ctx)
{
	struct h2 *h = ctx;
	struct stream *s = find(h, frame->hd.stream_id);
	(void)session, (void)flags;
	if (!s)
		return 0;
	s->header_bytes += name_len + value_len + 32;
	if (s->header_bytes > H2_HEADER_LIMIT) {
		s->end = H2_END_HEADER_LIMIT;
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	calls(h)->header(s->user, (struct span){ (const char *)name, name_len },
			 (struct span){ (const char *)value, value_len });
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t len, void *ctx)
{
	struct h2 *h = ctx;
	struct stream *s = find(h, id);
	(void)session, (void)flags;
	if (s)
		calls(h)->data(s->user, (struct span){ (const char *)bytes, len });
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
	struct h2 *h = ctx;
	(void)session;
	h->greeted = true;
	if (frame->hd.type == NGHTTP2_GOAWAY)
		h->events.goaway(h->events.ctx, frame->goaway.error_code,
				 (struct span){ (const char *)frame->goaway.opaque_data,
						frame->goaway.opaque_data_len });
	if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
	    frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
		struct stream *s = find(h, frame->hd.stream_id);
		if (s)
			calls(h)->end_of_answer(s->user);
	}
	return 0;
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
	struct h2 *h = ctx;
	(void)session;
	if (frame->hd.type == NGHTTP2_GOAWAY)
		h->complaint = frame->goaway.error_code;
	if (frame->hd.type == NGHTTP2_HEADERS) {
		struct stream *s = find(h, frame->hd.stream_id);
		if (s && s->end == H2_END_UNSENT)
			s->end = H2_END_CLOSED;
	}
	return 0;
}

static void stream_free(struct stream *s)
{
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	free(s);
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *ctx)
{
	struct h2 *h = ctx;
	struct stream *s = find(h, id);
	if (!s)
		return 0;
	nghttp2_session_set_stream_user_data(session, id, NULL);
	void *user = s->user;
	enum h2_end end = s->end;
	stream_free(s);
	calls(h)->closed(user, end, code);
	return 0;
}

static ssize_t on_body(nghttp2_session *session, int32_t id, uint8_t *into, size_t room, uint32_t *flags,
		       nghttp2_data_source *source, void *ctx)
{
	struct h2 *h = ctx;
	struct stream *s = find(h, id);
	bool end = false;
	(void)session, (void)source;
	long n = s ? calls(h)->body(s->user, (char *)into, room, &end) : -1;
	if (n < 0)
		return NGHTTP2_ERR_DEFERRED;
	if (end)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return n;
}

/* ---- life ---- */

static nghttp2_session *session_new(struct h2 *h)
{
	nghttp2_session_callbacks *on;
	nghttp2_option *options;
	nghttp2_session *session;
	if (nghttp2_session_callbacks_new(&on) || nghttp2_option_new(&options))
		BUG("nghttp2 is out of memory");
	nghttp2_session_callbacks_set_on_header_callback(on, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(on, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(on, on_frame);
	nghttp2_session_callbacks_set_on_frame_send_callback(on, on_frame_sent);
	nghttp2_session_callbacks_set_on_stream_close_callback(on, on_close);
	nghttp2_option_set_no_closed_streams(options, 1);
	nghttp2_option_set_max_send_header_block_length(options, 2 * H2_HEADER_LIMIT);
	if (nghttp2_session_client_new2(&session, on, h, options))
		BUG("nghttp2 is out of memory");
	nghttp2_session_callbacks_del(on);
	nghttp2_option_del(options);
	return session;
}

struct h2 *h2_new(const struct h2_events *events)
{
	struct h2 *h = xcalloc(1, sizeof *h);
	h->events = *events;
	h->session = session_new(h);
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_STREAM_WINDOW },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, H2_HEADER_LIMIT },
	};
	if (nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof *settings) ||
	    nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0, H2_CONNECTION_WINDOW))
		BUG("nghttp2 does not accept our settings");
	return h;
}

void h2_free(struct h2 *h)
{
	if (!h)
		return;
	nghttp2_session_del(h->session);
	while (h->streams)
		stream_free(h->streams);
	free(h);
}

/* ---- bytes ---- */

/* The end of what these bytes belong to: why, for people. */
static int fail(const struct h2 *h, const char *what, struct err *err)
{
	if (h->http1)
		return err_set(err, ERR_PROTOCOL, "the server answers in HTTP/1, not HTTP/2: there is no gRPC at this "
			       "address; for an HTTP cache write http:// or https://");
	if (!h->greeted)
		return err_set(err, ERR_PROTOCOL, "what the server says is not HTTP/2: there is no gRPC at this address, "
			       "or only with TLS (grpcs://)");
	return err_set(err, ERR_PROTOCOL, "the server broke the rules of HTTP/2 (%s)", what);
}

int h2_feed(struct h2 *h, struct span bytes, struct err *err)
{
	if (h->received == 0 && bytes.len >= 5 && memcmp(bytes.data, "HTTP/", 5) == 0)
		h->http1 = true;
	h->received += bytes.len;
	ssize_t n = nghttp2_session_mem_recv(h->session, (const uint8_t *)bytes.data, bytes.len);
	if (n < 0)
		return fail(h, nghttp2_strerror((int)n), err);
	return 0;
}

int h2_check(const struct h2 *h, struct err *err)
{
	return h->complaint == H2_NO_ERROR ? 0 : fail(h, h2_code_name(h->complaint), err);
}

int h2_pull(struct h2 *h, struct buf *out, size_t limit, struct err *err)
{
	while (out->len < limit) {
		const uint8_t *bytes;
		ssize_t n = nghttp2_session_mem_send(h->session, &bytes);
		if (n < 0)
			return err_set(err, ERR_PROTOCOL, "the HTTP/2 connection cannot go on (%s)", nghttp2_strerror((int)n));
		if (n == 0)
			break;
		buf_add(out, bytes, (size_t)n);
	}
	return 0;
}

bool h2_wants_write(const struct h2 *h)
{
	return nghttp2_session_want_write(h->session);
}

/* ---- streams ---- */

int32_t h2_start(struct h2 *h, const struct h2_header *headers, size_t count, void *user)
{
	nghttp2_nv list[MOST_HEADERS];
	if (count > MOST_HEADERS)
		BUG("%zu headers", count);
	for (size_t i = 0; i < count; i++)
		list[i] = (nghttp2_nv){ .name = (uint8_t *)(uintptr_t)headers[i].name,
					.namelen = strlen(headers[i].name),
					.value = (uint8_t *)(uintptr_t)headers[i].value.data,
					.valuelen = headers[i].value.len,
					.flags = headers[i].secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE };
	struct stream *s = xcalloc(1, sizeof *s);
	*s = (struct stream){ .user = user, .end = H2_END_UNSENT, .next = h->streams, .link = &h->streams };
	if (h->streams)
		h->streams->link = &s->next;
	h->streams = s;
	const nghttp2_data_provider body = { .read_callback = on_body };
	s->id = nghttp2_submit_request(h->session, NULL, list, count, &body, s);
	if (s->id > 0)
		return s->id;
	stream_free(s);
	return 0;
}

void h2_reset(struct h2 *h, int32_t id, uint32_t code)
{
	if (nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, id, code))
		BUG("cannot reset stream %ld", (long)id);
}

void h2_drop(struct h2 *h, int32_t id, uint32_t code)
{
	struct stream *s = h->streams;
	while (s && s->id != id)
		s = s->next;
	if (!s)
		BUG("there is no stream %ld", (long)id);
	nghttp2_session_set_stream_user_data(h->session, id, NULL);
	stream_free(s);
	h2_reset(h, id, code);
}

void h2_ping(struct h2 *h)
{
	if (nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, NULL))
		BUG("nghttp2 is out of memory");
}

void h2_finish(struct h2 *h)
{
	if (nghttp2_session_terminate_session(h->session, NGHTTP2_NO_ERROR))
		BUG("nghttp2 is out of memory");
}

void h2_abandon(struct h2 *h)
{
	while (h->streams) {
		struct stream *s = h->streams;
		void *user = s->user;
		enum h2_end end = s->end == H2_END_CLOSED ? H2_END_LOST : s->end;
		nghttp2_session_set_stream_user_data(h->session, s->id, NULL);
		stream_free(s);
		calls(h)->closed(user, end, H2_NO_ERROR);
	}
}

bool h2_takes_streams(const struct h2 *h)
{
	return nghttp2_session_check_request_allowed(h->session);
}

bool h2_is_greeted(const struct h2 *h)
{
	return h->greeted;
}

uint32_t h2_max_streams(const struct h2 *h)
{
	if (!h->greeted)
		return 1;
	return nghttp2_session_get_remote_settings(h->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}
