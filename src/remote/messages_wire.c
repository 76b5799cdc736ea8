#include "remote/messages_internal.h"

#include <string.h>

#include "remote/proto/remote_execution.pb-c.h"
#include "remote/proto/status.pb-c.h"

/* ---- through protobuf-c, with limits ---- */

/* The structs of the smallest honest messages are some times larger than their bytes on the wire; an empty message
 * that is repeated a million times is not honest. */
enum { MEMORY_PER_BYTE = 16, MEMORY_BASE = 64 * 1024 };

struct bounded {
	struct arena *arena;
	size_t left;
};

static void *bounded_alloc(void *ctx, size_t size)
{
	struct bounded *b = ctx;
	size_t cost = size + sizeof(void *);
	if (cost < size || cost > b->left)
		return NULL;
	b->left -= cost;
	return arena_alloc(b->arena, size);
}

static void bounded_free(void *ctx, void *memory)
{
	(void)ctx; /* all of it goes with the arena */
	(void)memory;
}

void *wire_unpack(const ProtobufCMessageDescriptor *type, struct span message, struct arena *a)
{
	struct bounded b = { a, message.len * MEMORY_PER_BYTE + MEMORY_BASE };
	ProtobufCAllocator allocator = { bounded_alloc, bounded_free, &b };
	return protobuf_c_message_unpack(type, &allocator, message.len, (const uint8_t *)message.data);
}

void wire_pack(const void *message, struct buf *out)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	char *room = buf_room(out, size);
	out->len += protobuf_c_message_pack(message, (uint8_t *)room);
	out->data[out->len] = '\0';
}

/* ---- parts that many messages have ---- */

struct RE(Digest) *wire_digest(const struct remote_blob *blob, struct arena *a)
{
	RE(Digest) *d = ARENA_NEW(a, RE(Digest));
	*d = (RE(Digest))RE_INIT(DIGEST);
	d->hash = arena_alloc(a, DIGEST_HEX_SIZE + 1);
	digest_hex(&blob->digest, d->hash);
	d->size_bytes = (int64_t)blob->size;
	return d;
}

bool wire_blob(const RE(Digest) *digest, struct remote_blob *ret)
{
	if (!digest || digest->size_bytes < 0 || !digest_from_hex(&ret->digest, span_of(digest->hash)))
		return false;
	ret->size = (uint64_t)digest->size_bytes;
	return true;
}

bool wire_size_is_fine(size_t count)
{
	return count <= REAPI_LIST_LIMIT;
}

static bool is_plain(char c)
{
	return c >= ' ' && c < 0x7f;
}

const char *wire_text(const char *text, struct arena *a)
{
	char *copy = arena_strndup(a, text, strnlen(text, REAPI_TEXT_LIMIT));
	for (char *c = copy; *c; c++)
		if (!is_plain(*c))
			*c = '?';
	return copy;
}

struct reapi_status wire_status(const Google__Rpc__Status *status, struct arena *a)
{
	if (!status)
		return (struct reapi_status){ 0, "" };
	return (struct reapi_status){ status->code, wire_text(status->message, a) };
}

static bool part_is_fine(const char *part, size_t len)
{
	if (len == 0 || len > REAPI_NAME_LIMIT || (len == 1 && part[0] == '.') || (len == 2 && memcmp(part, "..", 2) == 0))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)part[i] < ' ' || part[i] == 0x7f || part[i] == '\\')
			return false;
	return true;
}

bool reapi_name_is_fine(const char *name)
{
	return !strchr(name, '/') && part_is_fine(name, strlen(name));
}

bool reapi_path_is_fine(const char *path)
{
	if (strnlen(path, REAPI_PATH_LIMIT + 1) > REAPI_PATH_LIMIT)
		return false;
	for (const char *slash; (slash = strchr(path, '/')); path = slash + 1)
		if (!part_is_fine(path, (size_t)(slash - path)))
			return false;
	return part_is_fine(path, strlen(path));
}
