#include "net/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What is printed may be three times as long as what it stands for, and has to be read again. */
enum { URL_LIMIT = 2048, HOST_LIMIT = 253, REST_LIMIT = 500 };

static const struct scheme {
	const char *name;
	uint16_t port;
	bool grpc, tls;
} schemes[] = {
	[ADDRESS_GRPC] = { "grpc", 80, true, false },
	[ADDRESS_GRPCS] = { "grpcs", 443, true, true },
	[ADDRESS_HTTP] = { "http", 80, false, false },
	[ADDRESS_HTTPS] = { "https", 443, false, true },
};

enum { SCHEME_COUNT = sizeof schemes / sizeof *schemes };

bool address_is_grpc(const struct address *address)
{
	return schemes[address->scheme].grpc;
}

bool address_has_tls(const struct address *address)
{
	return schemes[address->scheme].tls;
}

/* The URL for a message: nothing that stands where secrets stand, and nothing that upsets a terminal. */
static const char *shown(const char *url, struct arena *a)
{
	struct buf out = BUF_INIT;
	const char *start = strstr(url, "://");
	start = start ? start + 3 : url;
	const char *end = start + strcspn(start, "?#");
	const char *host = start;
	for (const char *at = start; at < end; at++)
		if (*at == '@')
			host = at + 1;
	buf_add(&out, url, (size_t)(start - url));
	buf_add_str(&out, host > start ? "...@" : "");
	buf_add(&out, host, (size_t)(end - host));
	if (*end)
		buf_addf(&out, "%c...", *end);
	buf_truncate(&out, out.len < 200 ? out.len : 200);
	for (size_t i = 0; i < out.len; i++)
		if (!isprint((unsigned char)out.data[i]))
			out.data[i] = '?';
	const char *copy = arena_strndup(a, out.data ? out.data : "", out.len);
	buf_release(&out);
	return copy;
}

static int parse_scheme(const char *url, struct arena *a, struct address *ret, const char **rest, struct err *err)
{
	const char *end = strstr(url, "://");
	for (size_t i = 0; end && i < SCHEME_COUNT; i++)
		if (strlen(schemes[i].name) == (size_t)(end - url) &&
		    strncasecmp(url, schemes[i].name, (size_t)(end - url)) == 0) {
			ret->scheme = (enum address_scheme)i;
			*rest = end + 3;
			return 0;
		}
	return err_set(err, ERR_USAGE,
		       "the address '%s' does not begin with a scheme that is known here; write "
		       "grpc://HOST:PORT or grpcs://HOST:PORT for the Remote Execution API, http://HOST:PORT or "
		       "https://HOST:PORT for an HTTP cache",
		       shown(url, a));
}

static bool is_name(const char *host)
{
	size_t n = strlen(host);
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)host[i]) && !strchr("-._", host[i]))
			return false;
	return n > 0 && n <= HOST_LIMIT && host[0] != '-' && host[0] != '.';
}

static bool is_v6(const char *host)
{
	struct in6_addr ignored;
	return inet_pton(AF_INET6, host, &ignored) == 1;
}

/* From 1 to 65535, or 0. */
static uint16_t parse_port(const char *digits, size_t len)
{
	unsigned long port = 0;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)digits[i]) || len > 5)
			return 0;
		port = port * 10 + (unsigned long)(digits[i] - '0');
	}
	return port <= 65535 ? (uint16_t)port : 0;
}

static int parse_host(const char *url, const char *text, size_t len, struct arena *a, struct address *ret,
		      struct err *err)
{
	bool bracket = len && *text == '[';
	const char *end = bracket ? memchr(text, ']', len) : memchr(text, ':', len);
	if (bracket && !end)
		return err_set(err, ERR_USAGE, "the address '%s' has a '[' without a ']'", shown(url, a));
	size_t host_len = end ? (size_t)(end - text) : len;
	char *host = bracket ? arena_strndup(a, text + 1, host_len - 1) : arena_strndup(a, text, host_len);
	for (char *at = host; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	if (bracket ? !is_v6(host) : !is_name(host))
		return err_set(err, ERR_USAGE, "the address '%s' has no %s where its host should be; an IPv6 address "
			       "stands in brackets, as in grpc://[::1]:8980", shown(url, a),
			       bracket ? "IPv6 address" : "host name");
	ret->host = host;
	ret->numeric_v6 = bracket;
	const char *after = text + host_len + (bracket ? 1 : 0);
	size_t left = len - (size_t)(after - text);
	if (left == 0)
		return 0;
	ret->port = *after == ':' ? parse_port(after + 1, left - 1) : 0;
	if (!ret->port)
		return err_set(err, ERR_USAGE, "the address '%s' has no port number from 1 to 65535 after its host",
			       shown(url, a));
	return 0;
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* %41 becomes A. False when an escape is broken, or stands for what is not printable. */
static bool percent_decode(char *text)
{
	char *to = text;
	for (const char *at = text; *at; at++, to++) {
		*to = *at;
		if (*at != '%')
			continue;
		int high = hex_value(at[1]), low = high < 0 ? -1 : hex_value(at[2]);
		if (low < 0)
			return false;
		*to = (char)(high * 16 + low);
		if (!isprint((unsigned char)*to))
			return false;
		at += 2;
	}
	*to = '\0';
	return true;
}

static int parse_rest(const char *url, const char *text, struct arena *a, struct address *ret, struct err *err)
{
	char *rest = arena_strdup(a, text);
	bool good = true;
	for (const char *at = rest; *at; at++)
		good = good && isgraph((unsigned char)*at) && !strchr("\"<>\\^`{|}", *at);
	if (address_is_grpc(ret))
		good = good && percent_decode(rest);
	size_t len = strlen(rest);
	while (len && rest[len - 1] == '/')
		rest[--len] = '\0';
	while (*rest == '/')
		rest++;
	ret->rest = rest;
	if (len > REST_LIMIT)
		return err_set(err, ERR_USAGE, "the address '%s' has more than %d characters after its host", shown(url, a),
			       REST_LIMIT);
	return good ? 0 : err_set(err, ERR_USAGE, "the address '%s' has characters after its host that cannot be there",
				  shown(url, a));
}

int address_parse(const char *url, struct arena *a, struct address *ret, struct err *err)
{
	struct address parsed = { 0 };
	const char *at = url;
	if (strlen(url) > URL_LIMIT)
		return err_set(err, ERR_USAGE, "the address '%s' is longer than %d characters", shown(url, a), URL_LIMIT);
	if (parse_scheme(url, a, &parsed, &at, err))
		return -1;
	if (strchr(at, '@'))
		return err_set(err, ERR_USAGE,
			       "the address '%s' holds a user name or password, which everybody could see in the list of "
			       "processes; give a token in a file, or a credential helper", shown(url, a));
	if (strpbrk(at, "?#"))
		return err_set(err, ERR_USAGE, "the address '%s' has a query or a fragment; it ends after the %s",
			       shown(url, a), address_is_grpc(&parsed) ? "instance name" : "path");
	size_t authority = strcspn(at, "/");
	parsed.port = schemes[parsed.scheme].port;
	if (parse_host(url, at, authority, a, &parsed, err) || parse_rest(url, at + authority, a, &parsed, err))
		return -1;
	*ret = parsed;
	return 0;
}

static void print_host(const struct address *address, struct buf *out)
{
	buf_addf(out, address->numeric_v6 ? "[%s]" : "%s", address->host);
}

/* The inverse of percent_decode, for what an instance name may hold. */
static void print_escaped(const char *text, struct buf *out)
{
	for (; *text; text++)
		if (isalnum((unsigned char)*text) || strchr("/-._~!$&'()*+,;=:", *text))
			buf_add_char(out, *text);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)*text);
}

void address_print(const struct address *address, struct buf *out)
{
	buf_addf(out, "%s://", schemes[address->scheme].name);
	print_host(address, out);
	buf_addf(out, ":%u", (unsigned)address->port);
	if (!*address->rest)
		return;
	buf_add_char(out, '/');
	if (address_is_grpc(address))
		print_escaped(address->rest, out);
	else
		buf_add_str(out, address->rest);
}

void address_print_authority(const struct address *address, struct buf *out)
{
	print_host(address, out);
	if (address->port != schemes[address->scheme].port)
		buf_addf(out, ":%u", (unsigned)address->port);
}
