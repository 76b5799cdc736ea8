/*
 * A credential helper: the child process, and what it answers ("Credential Helper Specification" of EngFlow and Bazel).
 * Run without a shell as `HELPER get`, with {"uri":"..."} on its standard input; status 0 and on its standard output
 *
 *	{"headers": {NAME: [VALUE, ...], ...}, "expires": "2025-01-02T03:04:05Z"}
 *
 * where `expires` may be missing. Its standard error is not read: it may hold what nobody should see.
 */
#ifndef SEPAL_NET_CREDENTIAL_HELPER_H
#define SEPAL_NET_CREDENTIAL_HELPER_H

#include "net/credentials.h"

enum { CREDENTIAL_HELPER_OUTPUT = 1 << 20 };

struct credential_list {
	struct credential_header items[CREDENTIALS_MOST_HEADERS];
	unsigned count;
};

/* Adds one header, its strings copied into the arena. ERR_USAGE or ERR_PROTOCOL as given, without the value. */
int credential_list_add(struct credential_list *list, struct span name, struct span value, enum err_kind kind,
			struct arena *a, struct err *err) MUST_CHECK;

/* *ret_expires_ns is in wall time, INT64_MAX when the answer does not say. No value is in a message. */
int credential_helper_parse(struct span output, struct arena *a, struct credential_list *ret, int64_t *ret_expires_ns,
			    struct err *err) MUST_CHECK;

struct credential_helper;

/* `done` once, from the loop, with the output (borrowed) or with err (to be taken from), unless it is cancelled. */
int credential_helper_start(struct loop *loop, const char *program, struct span uri,
			    void (*done)(void *ctx, struct span output, struct err *err), void *ctx,
			    struct credential_helper **ret, struct err *err) MUST_CHECK;
void credential_helper_cancel(struct credential_helper *h); /* accepts NULL; ends the child */

#endif
