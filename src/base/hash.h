/*
 * Hashing. SHA-256 is identity: keys, blobs, interfaces (the Remote Execution API knows it, and a shared cache needs
 * collision resistance). XXH3 is for tables, the stat cache and record checksums, never for identity. SHA-1 exists
 * only because mypy's own interface hash is one (mypy/build.py write_cache: sha1(data bytes + json(plugin data))).
 *
 * Keys are hashed field by field through hasher_field(): each field is preceded by its tag and length, so that two
 * different lists of fields never feed the same bytes ("-I" "-O2" is not "-I-O2").
 */
#ifndef SEPAL_BASE_HASH_H
#define SEPAL_BASE_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define DIGEST_SIZE 32
#define DIGEST_HEX_SIZE (2 * DIGEST_SIZE)
#define SHA1_SIZE 20

struct digest {
	unsigned char bytes[DIGEST_SIZE];
};

bool digest_eq(const struct digest *a, const struct digest *b);
int digest_cmp(const struct digest *a, const struct digest *b);
void digest_hex(const struct digest *d, char hex[DIGEST_HEX_SIZE + 1]);
/* Accepts exactly 64 lower-case hexadecimal digits. */
bool digest_from_hex(struct digest *ret, struct span hex);
bool digest_is_zero(const struct digest *d);

void hash_sha256(struct span s, struct digest *ret);
void hash_sha1(struct span s, unsigned char ret[SHA1_SIZE]);
uint64_t hash_xxh3(struct span s);
void hex_encode(struct buf *b, const void *bytes, size_t len);

/* An incremental SHA-256. hasher_finish() ends and frees it. */
struct hasher;
struct hasher *hasher_new(void);
void hasher_add(struct hasher *h, struct span raw); /* bytes as they are, for file contents */
void hasher_field(struct hasher *h, const char *tag, struct span value);
void hasher_field_str(struct hasher *h, const char *tag, const char *value);
void hasher_field_digest(struct hasher *h, const char *tag, const struct digest *d);
void hasher_field_u64(struct hasher *h, const char *tag, uint64_t value);
void hasher_finish(struct hasher *h, struct digest *ret);

#endif
