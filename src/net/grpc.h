/*
 * What gRPC puts into HTTP/2 ("gRPC over HTTP2", "GRPC Core statuscodes" of the gRPC project): pure functions over
 * bytes, no connection.
 */
#ifndef SEPAL_NET_GRPC_H
#define SEPAL_NET_GRPC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/rpc.h"

enum { GRPC_PREFIX = 5, GRPC_TEXT_LIMIT = 1024 };

/* What stands before a message: not compressed, and its length, big-endian. */
void grpc_prefix(size_t message_len, unsigned char ret[GRPC_PREFIX]);

/* Messages out of a stream of bytes that comes in pieces. */
struct grpc_reader {
	struct buf held; /* a prefix and a message that are not whole yet */
	size_t limit;    /* of a message */
	bool given;      /* what is held is a message that was given out */
};

enum grpc_piece { GRPC_MORE, GRPC_MESSAGE, GRPC_TOO_LONG, GRPC_COMPRESSED };

/* Takes from the front of `bytes` up to the end of one message. GRPC_MESSAGE: *ret_message is borrowed until the next
 * call. GRPC_MORE: all of `bytes` is taken. The last two are the end: nothing more can be read. */
enum grpc_piece grpc_reader_take(struct grpc_reader *r, struct span *bytes, struct span *ret_message);
bool grpc_reader_is_inside(const struct grpc_reader *r); /* a message has begun and is not whole */
void grpc_reader_release(struct grpc_reader *r);

/* The value of grpc-timeout: at most eight digits and a unit, rounded up. */
void grpc_timeout(int64_t timeout_ns, char ret[16]);

/* Appends a header's decoded grpc-message: percent-encoding undone, at most GRPC_TEXT_LIMIT bytes, whatever is not
 * printable ASCII or valid UTF-8 replaced by '?'. */
void grpc_message_decode(struct span value, struct buf *out);

/* A number from 0 to 16; any other is RPC_UNKNOWN, as the protocol wants it. */
enum rpc_status grpc_status_parse(struct span value);
enum rpc_status grpc_status_of_http(int http_status);
enum rpc_status grpc_status_of_reset(uint32_t h2_code);

/* Base64 (RFC 4648, 4) without padding: the value of a "-bin" header. */
void grpc_base64(struct span bytes, struct buf *out);

#endif
