/*
 * What remote/messages*.c share: the way through protobuf-c with limits, and the parts that many messages have. The
 * door of protobuf-c; the generated code is seen by those files only.
 */
#ifndef SEPAL_REMOTE_MESSAGES_INTERNAL_H
#define SEPAL_REMOTE_MESSAGES_INTERNAL_H

#include <protobuf-c/protobuf-c.h>

#include "remote/messages.h"

/* The generated names are long. */
#define RE(name) Build__Bazel__Remote__Execution__V2__##name
#define RE_INIT(name) BUILD__BAZEL__REMOTE__EXECUTION__V2__##name##__INIT
#define RE_TYPE(name) build__bazel__remote__execution__v2__##name##__descriptor

struct Google__Rpc__Status;
struct RE(Digest);
struct RE(ActionResult);

/* The message, in the arena; NULL when it does not parse or would need much more memory than its length. */
void *wire_unpack(const ProtobufCMessageDescriptor *type, struct span message, struct arena *a);
void wire_pack(const void *message, struct buf *out);

/* The wire's digest of a blob, in the arena. */
struct RE(Digest) *wire_digest(const struct remote_blob *blob, struct arena *a);
/* false when there is none, or it is not one of SHA-256. */
bool wire_blob(const struct RE(Digest) *digest, struct remote_blob *ret);
bool wire_size_is_fine(size_t count);
/* Cut to REAPI_TEXT_LIMIT, everything that is not printable ASCII replaced. */
const char *wire_text(const char *text, struct arena *a);
struct reapi_status wire_status(const struct Google__Rpc__Status *status, struct arena *a); /* NULL is OK */
bool wire_result(const struct RE(ActionResult) *wire, struct arena *a,
		 struct reapi_result *ret);

static inline ProtobufCBinaryData wire_bytes(struct span s)
{
	return (ProtobufCBinaryData){ s.len, (uint8_t *)(uintptr_t)s.data };
}

/* protobuf-c has char * also where it only reads. */
static inline char *wire_string(const char *s)
{
	return (char *)(uintptr_t)s;
}

static inline struct span span_of_wire(ProtobufCBinaryData bytes)
{
	return (struct span){ bytes.len ? (const char *)bytes.data : "", bytes.len };
}

#endif
