#include "net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct tls {
	SSL_CTX *context;
};

struct tls_session {
	SSL *ssl;
	const struct address *address;
	bool wants_write;
};

/* ---- files ---- */

/* OpenSSL's reason for what just failed, and an empty queue. */
static const char *reason(void)
{
	unsigned long code = ERR_get_error();
	const char *text = code ? ERR_reason_error_string(code) : NULL;
	ERR_clear_error();
	return text ? text : "no reason is given";
}

static int no_pass_phrase(char *into, int room, int writing, void *ctx)
{
	(void)into, (void)room, (void)writing, (void)ctx;
	return -1;
}

static int load_roots(SSL_CTX *context, const char *file, struct err *err)
{
	if (file && SSL_CTX_load_verify_file(context, file) != 1)
		return err_set(err, ERR_USAGE, "cannot take root certificates from %s (%s); it has to be a file in PEM", file,
			       reason());
	if (!file && SSL_CTX_set_default_verify_paths(context) != 1)
		return err_set(err, ERR_USAGE, "cannot take the system's root certificates (%s)", reason());
	return 0;
}

static int load_certificate(SSL_CTX *context, const struct tls_options *options, struct err *err)
{
	const char *certificate = options->certificate_file;
	const char *key = options->key_file ? options->key_file : certificate;
	if (!certificate && key)
		return err_set(err, ERR_USAGE, "there is a key for TLS (%s), but no certificate that it belongs to", key);
	if (!certificate)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
		return err_set(err, ERR_USAGE, "cannot take our certificate for TLS from %s (%s); it has to be a file in PEM",
			       certificate, reason());
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return err_set(err, ERR_USAGE, "cannot take our key for TLS from %s (%s); it has to be a file in PEM, without "
			       "a pass phrase, and belong to the certificate in %s", key, reason(), certificate);
	return 0;
}

int tls_new(const struct tls_options *options, struct tls **ret, struct err *err)
{
	static const struct tls_options none = { 0 };
	static const unsigned char h2[] = { 2, 'h', '2' };
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	if (!options)
		options = &none;
	if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_alpn_protos(context, h2, sizeof h2) != 0)
		BUG("OpenSSL cannot be set up: %s", reason());
	SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
	/* gRPC and HTTP/2 know where their ends are, so a cut needs no close_notify to be seen */
	SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	/* what is left of `bytes` after a WIRE_LATER may lie elsewhere, and may be longer, at the next try */
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_RELEASE_BUFFERS);
	if (load_roots(context, options->roots_file, err) || load_certificate(context, options, err)) {
		SSL_CTX_free(context);
		return -1;
	}
	struct tls *tls = xcalloc(1, sizeof *tls);
	tls->context = context;
	*ret = tls;
	return 0;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->context);
	free(tls);
}

/* ---- one connection ---- */

struct tls_session *tls_session_new(struct tls *tls, int fd, const struct address *address)
{
	struct tls_session *s = xcalloc(1, sizeof *s);
	s->address = address;
	s->ssl = SSL_new(tls->context);
	if (!s->ssl || SSL_set_fd(s->ssl, fd) != 1)
		BUG("OpenSSL cannot be set up: %s", reason());
	SSL_set_hostflags(s->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	/* A number is no name: it is not sent (RFC 6066, 3), and is looked for among the certificate's numbers. */
	bool number = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(s->ssl), address->host) == 1;
	ERR_clear_error();
	if (!number && (SSL_set_tlsext_host_name(s->ssl, address->host) != 1 ||
			SSL_set1_host(s->ssl, address->host) != 1))
		BUG("OpenSSL does not take the host name %s", address->host);
	return s;
}

void tls_session_free(struct tls_session *s)
{
	if (!s)
		return;
	SSL_free(s->ssl);
	free(s);
}

bool tls_wants_write(const struct tls_session *s)
{
	return s->wants_write;
}

/* What people can do something about, by OpenSSL's reason. */
static const struct hint {
	int reason;
	const char *text;
} hints[] = {
	{ SSL_R_WRONG_VERSION_NUMBER, "it does not speak TLS; without TLS the address begins with grpc:// or http://" },
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "it asks for a client certificate, and there is none; give one" },
	{ SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "it does not accept what we offer, which may be the client certificate" },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "it does not accept our client certificate" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "our client certificate has expired" },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA, "it does not know who has signed our client certificate" },
};

static enum wire_result explain(struct tls_session *s, struct err *err)
{
	unsigned long code = ERR_peek_error();
	long verified = SSL_get_verify_result(s->ssl);
	const char *why = reason();
	if (verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH) {
		err_set(err, ERR_IO, "the server's certificate is not one for %s", s->address->host);
		return WIRE_LOST;
	}
	if (verified != X509_V_OK) {
		err_set(err, ERR_IO, "the server's certificate is not believed: %s; if the server is yours, give the root "
			"certificate that it comes from", X509_verify_cert_error_string(verified));
		return WIRE_LOST;
	}
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
		if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == hints[i].reason)
			why = hints[i].text;
	err_set(err, ERR_IO, "TLS with the server failed: %s", why);
	return WIRE_LOST;
}

/* What an operation that gave `rc` (not positive) means. */
static enum wire_result judge(struct tls_session *s, int rc, struct err *err)
{
	int saved = errno, code = SSL_get_error(s->ssl, rc);
	s->wants_write = code == SSL_ERROR_WANT_WRITE;
	if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE)
		return WIRE_LATER;
	if (code == SSL_ERROR_ZERO_RETURN)
		return WIRE_END;
	if (code == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) {
		errno = saved;
		if (saved)
			err_set_errno(err, ERR_IO, "the connection was lost");
		else
			err_set(err, ERR_IO, "the server closed the connection");
		return WIRE_LOST;
	}
	return explain(s, err);
}

static bool agreed_on_h2(const struct tls_session *s)
{
	const unsigned char *name;
	unsigned len;
	SSL_get0_alpn_selected(s->ssl, &name, &len);
	return len == 2 && memcmp(name, "h2", 2) == 0;
}

enum wire_result tls_handshake(struct tls_session *s, struct err *err)
{
	ERR_clear_error();
	errno = 0;
	int rc = SSL_connect(s->ssl);
	s->wants_write = false;
	if (rc != 1) {
		enum wire_result result = judge(s, rc, err);
		if (result != WIRE_END)
			return result;
		err_set(err, ERR_IO, "the server closed the connection at the beginning of TLS");
		return WIRE_LOST;
	}
	if (agreed_on_h2(s))
		return WIRE_DONE;
	err_set(err, ERR_IO, "the server does not offer HTTP/2 over TLS (no \"h2\" by ALPN), so there is no gRPC at this "
		"address; for an HTTP cache write https://");
	return WIRE_LOST;
}

enum wire_result tls_read(struct tls_session *s, char *into, size_t room, size_t *ret_n, struct err *err)
{
	ERR_clear_error();
	errno = 0;
	int rc = SSL_read_ex(s->ssl, into, room, ret_n);
	s->wants_write = false;
	return rc == 1 ? WIRE_DONE : judge(s, rc, err);
}

enum wire_result tls_write(struct tls_session *s, struct span bytes, size_t *ret_n, struct err *err)
{
	ERR_clear_error();
	errno = 0;
	int rc = SSL_write_ex(s->ssl, bytes.data, bytes.len, ret_n);
	s->wants_write = false;
	if (rc == 1)
		return WIRE_DONE;
	enum wire_result result = judge(s, rc, err);
	if (result != WIRE_END)
		return result;
	err_set(err, ERR_IO, "the server closed the connection");
	return WIRE_LOST;
}

void tls_say_goodbye(struct tls_session *s)
{
	ERR_clear_error();
	SSL_shutdown(s->ssl);
	ERR_clear_error();
}
