/*
 * What is sent along so that a server lets us in: fixed headers, a bearer token out of a file (RFC 6750), headers from
 * a credential helper (the protocol of Bazel's --credential_helper). One object for each server; channels and HTTP
 * clients ask it before each call. It never blocks.
 *
 * The file is looked at for each call and read when it has changed, so that somebody else may renew the token. The
 * helper is run as HELPER get, without a shell, with {"uri": "https://HOST[:PORT]/"} on its standard input; it answers
 * {"headers": {NAME: [VALUE, ...]}, "expires": RFC 3339 time} on its standard output, which is kept until a little
 * before it expires, or for half an hour. It is at most 1 MiB, and has to come in CREDENTIALS_HELPER_NS.
 *
 * Secrets: values of headers are in no message; a helper's standard error is not read. Headers that the protocols need
 * for themselves, and what is no header at all, are refused.
 */
#ifndef SEPAL_NET_CREDENTIALS_H
#define SEPAL_NET_CREDENTIALS_H

#include "net/address.h"
#include "sys/loop.h"

#define CREDENTIALS_HELPER_NS (10 * NS_PER_S)
enum { CREDENTIALS_MOST_HEADERS = 64 };

struct credentials;

struct credential_header {
	const char *name; /* lower case */
	const char *value;
};

struct credentials_config {
	struct loop *loop;
	const struct address *address;
	const char *token_file;         /* NULL: none */
	const char *helper;             /* a program, looked up in PATH when it has no slash; NULL: none */
	const char *const *headers;     /* "Name: value" each; NULL-terminated, or NULL */
};

/* Strings are borrowed to the end, `headers` is copied. ERR_USAGE for a header that cannot be sent (its name is in the
 * message, its value is not), or for a token file that is not there. */
int credentials_new(const struct credentials_config *config, struct credentials **ret, struct err *err) MUST_CHECK;
void credentials_free(struct credentials *c); /* accepts NULL; ends a helper that is under way */

struct credentials_headers {
	const struct credential_header *items; /* borrowed until the loop runs again */
	unsigned count;
	uint64_t generation; /* another number when they are others */
};

enum credentials_answer {
	CREDENTIALS_READY,
	CREDENTIALS_PENDING, /* listeners are told when it is worth asking again */
	CREDENTIALS_FAILED,  /* err: a sentence about the file or the helper */
};

enum credentials_answer credentials_get(struct credentials *c, struct credentials_headers *ret, struct err *err);
/* The server did not accept these. True: another call of credentials_get may give others. */
bool credentials_refused(struct credentials *c, uint64_t generation);

struct credentials_listener {
	void (*changed)(void *ctx); /* from the loop */
	void *ctx;
	struct credentials_listener *next; /* the list's */
};
void credentials_listen(struct credentials *c, struct credentials_listener *listener);
void credentials_unlisten(struct credentials *c, struct credentials_listener *listener);

#endif
