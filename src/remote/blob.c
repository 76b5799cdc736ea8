#include "remote/blob.h"

struct remote_blob remote_blob_of(struct span bytes)
{
	struct remote_blob blob = { { { 0 } }, bytes.len };
	hash_sha256(bytes, &blob.digest);
	return blob;
}

bool remote_blob_is(const struct remote_blob *blob, struct span bytes)
{
	if (bytes.len != blob->size)
		return false;
	struct digest digest;
	hash_sha256(bytes, &digest);
	return digest_eq(&digest, &blob->digest);
}

bool remote_blob_eq(const struct remote_blob *a, const struct remote_blob *b)
{
	return a->size == b->size && digest_eq(&a->digest, &b->digest);
}
