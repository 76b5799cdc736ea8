/*
 * TLS as a client, with certificates that are verified and a host name that has to match. The project's one door to
 * OpenSSL's ssl. At least TLS 1.2; "h2" is asked for by ALPN (RFC 7301), and has to be agreed to.
 *
 * Secrets: a private key is read from its file and nothing of it is ever in a message. A key that needs a pass phrase
 * is refused: nobody is there to be asked.
 */
#ifndef SEPAL_NET_TLS_H
#define SEPAL_NET_TLS_H

#include "base/buf.h"
#include "net/wire.h"

/* Files in PEM. All may be NULL. */
struct tls_options {
	const char *roots_file;       /* who is believed, instead of the system's list */
	const char *certificate_file; /* our own, with the certificates that lead to its root behind it */
	const char *key_file;         /* its key; NULL: in certificate_file as well */
};

struct tls;

/* What several connections share. Reads the files: what is wrong with one is ERR_USAGE, with its name. */
int tls_new(const struct tls_options *options, struct tls **ret, struct err *err) MUST_CHECK;
void tls_free(struct tls *tls); /* accepts NULL */

/* One connection. `fd` stays the caller's. */
struct tls_session;
struct tls_session *tls_session_new(struct tls *tls, int fd, const struct address *address);
void tls_session_free(struct tls_session *s); /* accepts NULL */

/* All three answer WIRE_LATER when the socket has to be waited for; tls_wants_write says for what. */
enum wire_result tls_handshake(struct tls_session *s, struct err *err);
enum wire_result tls_read(struct tls_session *s, char *into, size_t room, size_t *ret_n, struct err *err);
enum wire_result tls_write(struct tls_session *s, struct span bytes, size_t *ret_n, struct err *err);
bool tls_wants_write(const struct tls_session *s); /* the last WIRE_LATER waits for room, not for bytes */
void tls_say_goodbye(struct tls_session *s);       /* close_notify, if there is room for it */

#endif
