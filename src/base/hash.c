#include "base/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/xalloc.h"

/* Small pieces are gathered: a call of the library costs more than hashing them. */
struct hasher {
	EVP_MD_CTX *ctx;
	size_t gathered;
	char bytes[4096];
};

bool digest_eq(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_SIZE) == 0;
}

int digest_cmp(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_SIZE);
}

bool digest_is_zero(const struct digest *d)
{
	static const struct digest zero;
	return digest_eq(d, &zero);
}

void hex_encode(struct buf *b, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = bytes;
	for (size_t i = 0; i < len; i++) {
		buf_add_char(b, digits[p[i] >> 4]);
		buf_add_char(b, digits[p[i] & 15]);
	}
}

void digest_hex(const struct digest *d, char hex[DIGEST_HEX_SIZE + 1])
{
	static const char digits[] = "0123456789abcdef";
	for (int i = 0; i < DIGEST_SIZE; i++) {
		hex[2 * i] = digits[d->bytes[i] >> 4];
		hex[2 * i + 1] = digits[d->bytes[i] & 15];
	}
	hex[DIGEST_HEX_SIZE] = '\0';
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool digest_from_hex(struct digest *ret, struct span hex)
{
	struct digest d;
	if (hex.len != DIGEST_HEX_SIZE)
		return false;
	for (int i = 0; i < DIGEST_SIZE; i++) {
		int hi = nibble(hex.data[2 * i]), lo = nibble(hex.data[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return false;
		d.bytes[i] = (unsigned char)(hi << 4 | lo);
	}
	*ret = d;
	return true;
}

static void one_shot(const EVP_MD *md, struct span s, unsigned char *ret)
{
	if (EVP_Digest(s.data, s.len, ret, NULL, md, NULL) != 1)
		BUG("libcrypto refused a digest");
}

void hash_sha256(struct span s, struct digest *ret)
{
	one_shot(EVP_sha256(), s, ret->bytes);
}

void hash_sha1(struct span s, unsigned char ret[SHA1_SIZE])
{
	one_shot(EVP_sha1(), s, ret);
}

uint64_t hash_xxh3(struct span s)
{
	return XXH3_64bits(s.data, s.len);
}

struct hasher *hasher_new(void)
{
	struct hasher *h = xmalloc(sizeof *h);
	h->gathered = 0;
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
		BUG("libcrypto has no SHA-256");
	return h;
}

static void hash_now(struct hasher *h, struct span raw)
{
	if (raw.len && EVP_DigestUpdate(h->ctx, raw.data, raw.len) != 1)
		BUG("libcrypto refused to hash");
}

static void hash_gathered(struct hasher *h)
{
	hash_now(h, (struct span){ h->bytes, h->gathered });
	h->gathered = 0;
}

void hasher_add(struct hasher *h, struct span raw)
{
	if (raw.len > sizeof h->bytes - h->gathered)
		hash_gathered(h);
	if (raw.len > sizeof h->bytes) {
		hash_now(h, raw);
	} else if (raw.len) {
		memcpy(h->bytes + h->gathered, raw.data, raw.len);
		h->gathered += raw.len;
	}
}

static void add_length(struct hasher *h, uint64_t n)
{
	char x[8];
	for (int i = 0; i < 8; i++)
		x[i] = (char)(n >> (8 * i));
	hasher_add(h, (struct span){ x, sizeof x });
}

void hasher_field(struct hasher *h, const char *tag, struct span value)
{
	struct span t = span_of(tag);
	add_length(h, t.len);
	hasher_add(h, t);
	add_length(h, value.len);
	hasher_add(h, value);
}

void hasher_field_str(struct hasher *h, const char *tag, const char *value)
{
	hasher_field(h, tag, span_of(value));
}

void hasher_field_digest(struct hasher *h, const char *tag, const struct digest *d)
{
	hasher_field(h, tag, (struct span){ (const char *)d->bytes, DIGEST_SIZE });
}

void hasher_field_u64(struct hasher *h, const char *tag, uint64_t value)
{
	char x[8];
	for (int i = 0; i < 8; i++)
		x[i] = (char)(value >> (8 * i));
	hasher_field(h, tag, (struct span){ x, sizeof x });
}

void hasher_finish(struct hasher *h, struct digest *ret)
{
	hash_gathered(h);
	if (EVP_DigestFinal_ex(h->ctx, ret->bytes, NULL) != 1)
		BUG("libcrypto refused to finish a digest");
	EVP_MD_CTX_free(h->ctx);
	free(h);
}
