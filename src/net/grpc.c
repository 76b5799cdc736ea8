#include "net/grpc.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "net/h2.h"

static const char *const status_names[] = {
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
	"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
	"INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
};

enum { STATUS_COUNT = sizeof status_names / sizeof *status_names };

const char *rpc_status_name(enum rpc_status status)
{
	return (unsigned)status < STATUS_COUNT ? status_names[status] : "UNKNOWN";
}

/* ---- messages ---- */

void grpc_prefix(size_t message_len, unsigned char ret[GRPC_PREFIX])
{
	if (message_len > UINT32_MAX)
		BUG("a message of %zu bytes", message_len);
	ret[0] = 0;
	for (unsigned i = 0; i < 4; i++)
		ret[1 + i] = (unsigned char)(message_len >> (24 - 8 * i));
}

static size_t prefix_length(const char *prefix)
{
	const unsigned char *at = (const unsigned char *)prefix + 1;
	return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

static void take(struct span *bytes, size_t n)
{
	bytes->data += n;
	bytes->len -= n;
}

/* Moves bytes until `len` are held, or there are no more. */
static bool hold(struct grpc_reader *r, struct span *bytes, size_t len)
{
	size_t n = r->held.len < len ? len - r->held.len : 0;
	if (n > bytes->len)
		n = bytes->len;
	buf_add(&r->held, bytes->data, n);
	take(bytes, n);
	return r->held.len >= len;
}

static enum grpc_piece check_prefix(const struct grpc_reader *r, const char *prefix)
{
	if (prefix[0])
		return GRPC_COMPRESSED;
	return prefix_length(prefix) > r->limit ? GRPC_TOO_LONG : GRPC_MESSAGE;
}

enum grpc_piece grpc_reader_take(struct grpc_reader *r, struct span *bytes, struct span *ret_message)
{
	if (r->given)
		buf_reset(&r->held);
	r->given = false;
	if (r->held.len == 0 && bytes->len >= GRPC_PREFIX) {
		/* whole as it came: it need not be copied */
		enum grpc_piece piece = check_prefix(r, bytes->data);
		size_t len = prefix_length(bytes->data);
		if (piece != GRPC_MESSAGE)
			return piece;
		if (bytes->len - GRPC_PREFIX >= len) {
			*ret_message = (struct span){ bytes->data + GRPC_PREFIX, len };
			take(bytes, GRPC_PREFIX + len);
			return GRPC_MESSAGE;
		}
	}
	if (!hold(r, bytes, GRPC_PREFIX))
		return GRPC_MORE;
	enum grpc_piece piece = check_prefix(r, r->held.data);
	if (piece != GRPC_MESSAGE)
		return piece;
	size_t len = prefix_length(r->held.data);
	if (!hold(r, bytes, GRPC_PREFIX + len))
		return GRPC_MORE;
	*ret_message = (struct span){ r->held.data + GRPC_PREFIX, len };
	r->given = true;
	return GRPC_MESSAGE;
}

bool grpc_reader_is_inside(const struct grpc_reader *r)
{
	return r->held.len && !r->given;
}

void grpc_reader_release(struct grpc_reader *r)
{
	buf_release(&r->held);
}

/* ---- headers ---- */

void grpc_timeout(int64_t timeout_ns, char ret[16])
{
	static const struct { int64_t ns; char name; } units[] = {
		{ 1, 'n' }, { NS_PER_US, 'u' }, { NS_PER_MS, 'm' }, { NS_PER_S, 'S' }, { 60 * NS_PER_S, 'M' },
		{ 3600 * NS_PER_S, 'H' },
	};
	size_t i = 0;
	if (timeout_ns < 1)
		timeout_ns = 1;
	while (i + 1 < sizeof units / sizeof *units && timeout_ns / units[i].ns >= 99999999)
		i++;
	int64_t value = timeout_ns / units[i].ns + (timeout_ns % units[i].ns != 0);
	snprintf(ret, 16, "%u%c", (unsigned)(value > 99999999 ? 99999999 : value), units[i].name);
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* The length of the UTF-8 sequence at the front (RFC 3629), 0 if there is none that could be shown. */
static size_t printable(const unsigned char *at, size_t len)
{
	static const struct { unsigned char low, high, second_low, second_high, len; } rows[] = {
		{ 0x20, 0x7e, 0, 0, 1 },          { 0xc2, 0xc2, 0xa0, 0xbf, 2 }, { 0xc3, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },    { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },    { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (at[0] < rows[i].low || at[0] > rows[i].high)
			continue;
		if (rows[i].len > len || (rows[i].len > 1 && (at[1] < rows[i].second_low || at[1] > rows[i].second_high)))
			return 0;
		for (size_t k = 2; k < rows[i].len; k++)
			if ((at[k] & 0xc0) != 0x80)
				return 0;
		return rows[i].len;
	}
	return 0;
}

void grpc_message_decode(struct span value, struct buf *out)
{
	struct buf raw = BUF_INIT;
	for (size_t i = 0; i < value.len && raw.len < GRPC_TEXT_LIMIT; i++) {
		int high = value.data[i] == '%' && i + 2 < value.len ? hex_value(value.data[i + 1]) : -1;
		int low = high < 0 ? -1 : hex_value(value.data[i + 2]);
		buf_add_char(&raw, low < 0 ? value.data[i] : (char)(high * 16 + low));
		i += low < 0 ? 0 : 2;
	}
	for (size_t i = 0; i < raw.len;) {
		size_t n = printable((const unsigned char *)raw.data + i, raw.len - i);
		if (n)
			buf_add(out, raw.data + i, n);
		else
			buf_add_char(out, isspace((unsigned char)raw.data[i]) ? ' ' : '?');
		i += n ? n : 1;
	}
	buf_release(&raw);
}

enum rpc_status grpc_status_parse(struct span value)
{
	unsigned status = 0;
	if (value.len < 1 || value.len > 2)
		return RPC_UNKNOWN;
	for (size_t i = 0; i < value.len; i++) {
		if (!isdigit((unsigned char)value.data[i]))
			return RPC_UNKNOWN;
		status = status * 10 + (unsigned)(value.data[i] - '0');
	}
	return status < STATUS_COUNT ? (enum rpc_status)status : RPC_UNKNOWN;
}

enum rpc_status grpc_status_of_http(int http_status)
{
	switch (http_status) {
	case 400:
		return RPC_INTERNAL;
	case 401:
		return RPC_UNAUTHENTICATED;
	case 403:
		return RPC_PERMISSION_DENIED;
	case 404:
		return RPC_UNIMPLEMENTED;
	case 429:
	case 502:
	case 503:
	case 504:
		return RPC_UNAVAILABLE;
	default:
		return RPC_UNKNOWN;
	}
}

enum rpc_status grpc_status_of_reset(uint32_t h2_code)
{
	switch (h2_code) {
	case H2_REFUSED_STREAM:
		return RPC_UNAVAILABLE;
	case H2_CANCEL:
		return RPC_CANCELLED;
	case H2_ENHANCE_YOUR_CALM:
		return RPC_RESOURCE_EXHAUSTED;
	case H2_INADEQUATE_SECURITY:
		return RPC_PERMISSION_DENIED;
	default:
		return RPC_INTERNAL;
	}
}

void grpc_base64(struct span bytes, struct buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *at = (const unsigned char *)bytes.data;
	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t left = bytes.len - i;
		uint32_t bits = (uint32_t)at[i] << 16 | (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) | (left > 2 ? at[i + 2] : 0u);
		for (size_t k = 0; k < (left > 2 ? 4 : left + 1); k++)
			buf_add_char(out, digits[bits >> (18 - 6 * k) & 63]);
	}
}
