/*
 * Where a server is: grpc[s]://HOST[:PORT][/INSTANCE] for the Remote Execution API, http[s]://HOST[:PORT][/PREFIX] for
 * an HTTP cache. The port is 443 with TLS and 80 without when none is given (as for any URL); an IPv6 address stands in
 * brackets (RFC 3986, 3.2.2). The rest of a grpc address is the instance name, percent-decoded, which may hold slashes;
 * the rest of an http address is put before each path.
 *
 * An address never holds a secret: user names, passwords, queries and fragments are refused, with a sentence that does
 * not repeat them. So it may be printed anywhere, and so may what address_print makes of it.
 */
#ifndef SEPAL_NET_ADDRESS_H
#define SEPAL_NET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum address_scheme { ADDRESS_GRPC, ADDRESS_GRPCS, ADDRESS_HTTP, ADDRESS_HTTPS };

struct address {
	enum address_scheme scheme;
	const char *host; /* a name or a number, lower case, without brackets */
	bool numeric_v6;  /* `host` is an IPv6 address */
	uint16_t port;
	const char *rest; /* instance name, or prefix of paths; without slashes around it, "" when there is none */
};

/* Strings go into the arena. What is wrong is ERR_USAGE, with the schemes that there are if it is the scheme. */
int address_parse(const char *url, struct arena *a, struct address *ret, struct err *err) MUST_CHECK;

bool address_is_grpc(const struct address *address);
bool address_has_tls(const struct address *address);

/* Appends the URL; the port is always in it. address_parse() of it gives the same address. */
void address_print(const struct address *address, struct buf *out);
/* Appends what an HTTP server is called by (RFC 3986 authority): the port only if it is not the scheme's. */
void address_print_authority(const struct address *address, struct buf *out);

#endif
