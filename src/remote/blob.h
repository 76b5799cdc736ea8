/*
 * What the Remote Execution API calls a digest: SHA-256 of some bytes and how many they are. Two blobs with the same
 * hash and different sizes are different names; at most one of them can be right.
 */
#ifndef SEPAL_REMOTE_BLOB_H
#define SEPAL_REMOTE_BLOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

struct remote_blob {
	struct digest digest;
	uint64_t size;
};

struct remote_blob remote_blob_of(struct span bytes);
/* Are these the bytes that the name promises? Foreign bytes are used after this only. */
bool remote_blob_is(const struct remote_blob *blob, struct span bytes);
bool remote_blob_eq(const struct remote_blob *a, const struct remote_blob *b);

#endif
