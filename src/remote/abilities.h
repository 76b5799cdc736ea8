/*
 * What a server's answer to GetCapabilities means for us: may we talk to it at all, and within which limits. Pure.
 */
#ifndef SEPAL_REMOTE_ABILITIES_H
#define SEPAL_REMOTE_ABILITIES_H

#include "remote/messages.h"

/* The versions of the API that this client speaks. */
#define REMOTE_API_LOW ((struct reapi_version){ 2, 0 })
#define REMOTE_API_HIGH ((struct reapi_version){ 2, 12 })

enum {
	/* gRPC servers refuse messages of more than 4 MiB unless they were told otherwise, whatever batch limit they
	 * announce (buildbox-casd announces 0: none). What a message holds beside its blobs has to fit too. */
	REMOTE_BATCH_BYTES = 4 * 1024 * 1024 - 64 * 1024,
};

enum remote_need {
	REMOTE_NEED_CACHE = 1,
	REMOTE_NEED_EXECUTION = 2, /* the two can be added */
};

struct remote_abilities {
	struct reapi_version version; /* the highest that both speak */
	uint64_t batch_bytes;         /* blobs and REAPI_BLOB_OVERHEAD for each, in one message */
	uint64_t blob_bytes;          /* larger blobs are refused; UINT64_MAX: none is */
	bool zstd, zstd_update;       /* as in struct reapi_capabilities */
	bool may_update;              /* action results may be written */
};

/* What is assumed of a server that does not know the Capabilities service: a plain 2.0 cache that takes results. */
struct remote_abilities remote_abilities_plain(void);

/* Fails with a sentence that names the server when it is not what is needed: another version, no SHA-256, no cache, no
 * execution. `server` is the address as printed for people. */
int remote_abilities_judge(const struct reapi_capabilities *c, unsigned need, const char *server,
			   struct remote_abilities *ret, struct err *err) MUST_CHECK;

#endif
