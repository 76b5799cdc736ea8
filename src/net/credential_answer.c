/* What a credential helper says, and what may be a header at all. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "net/credential_helper.h"

enum { NAME_LIMIT = 200, VALUE_LIMIT = 16 * 1024, LIST_LIMIT = 32 * 1024 };

/* What HTTP and gRPC say for themselves. */
static const char *const taken[] = {
	"connection", "content-encoding", "content-length", "content-type", "expect", "host", "keep-alive",
	"proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
};

static bool is_taken(const char *name)
{
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (strcmp(name, taken[i]) == 0)
			return true;
	return strncmp(name, "grpc-", 5) == 0;
}

/* RFC 9110, 5.6.2 */
static bool is_token(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!name.data[i] || (!isalnum((unsigned char)name.data[i]) && !strchr("!#$%&'*+-.^_`|~", name.data[i])))
			return false;
	return name.len > 0 && name.len <= NAME_LIMIT;
}

static bool is_value(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] < ' ' || value.data[i] > '~')
			return false;
	return value.len <= VALUE_LIMIT;
}

static struct span trimmed(struct span s)
{
	while (s.len && isspace((unsigned char)*s.data))
		s.data++, s.len--;
	while (s.len && isspace((unsigned char)s.data[s.len - 1]))
		s.len--;
	return s;
}

int credential_list_add(struct credential_list *list, struct span name, struct span value, enum err_kind kind,
			struct arena *a, struct err *err)
{
	size_t total = name.len + value.len;
	if (!is_token(name))
		return err_set(err, kind, "a header to be sent to the server has a name that no header can have");
	char *lower = arena_strndup(a, name.data, name.len);
	for (char *at = lower; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	value = trimmed(value);
	if (is_taken(lower))
		return err_set(err, kind, "the header '%s' cannot be given: HTTP and gRPC need it for themselves", lower);
	if (!is_value(value))
		return err_set(err, kind, "the value of the header '%s' is too long, or not printable ASCII", lower);
	for (unsigned i = 0; i < list->count; i++)
		total += strlen(list->items[i].name) + strlen(list->items[i].value);
	if (list->count == CREDENTIALS_MOST_HEADERS || total > LIST_LIMIT)
		return err_set(err, kind, "there are too many headers to be sent to the server: at most %d, of %d bytes in all",
			       CREDENTIALS_MOST_HEADERS, LIST_LIMIT);
	list->items[list->count++] =
		(struct credential_header){ lower, arena_strndup(a, value.data ? value.data : "", value.len) };
	return 0;
}

/* ---- the answer ---- */

static bool take_number(const char **at, int digits, int *ret)
{
	*ret = 0;
	for (; digits > 0; digits--, (*at)++) {
		if (!isdigit((unsigned char)**at))
			return false;
		*ret = *ret * 10 + (**at - '0');
	}
	return true;
}

static bool take_char(const char **at, const char *any_of)
{
	return **at && strchr(any_of, **at) && (*at)++;
}

/* Z, or +hh:mm: what has to be taken away to come to UTC. */
static bool take_zone(const char **at, int64_t *ret_s)
{
	int hours, minutes, sign = **at == '-' ? -1 : 1;
	*ret_s = 0;
	if (take_char(at, "Zz"))
		return true;
	if (!take_char(at, "+-") || !take_number(at, 2, &hours) || !take_char(at, ":") || !take_number(at, 2, &minutes))
		return false;
	*ret_s = sign * (int64_t)(hours * 3600 + minutes * 60);
	return hours < 24 && minutes < 60;
}

/* RFC 3339, 5.6; parts of a second are dropped. What is further away than nanoseconds can say never comes. */
static bool parse_time(const char *text, int64_t *ret_ns)
{
	struct tm t = { 0 };
	int64_t zone;
	bool good = take_number(&text, 4, &t.tm_year) && take_char(&text, "-") && take_number(&text, 2, &t.tm_mon) &&
		    take_char(&text, "-") && take_number(&text, 2, &t.tm_mday) && take_char(&text, "Tt ") &&
		    take_number(&text, 2, &t.tm_hour) && take_char(&text, ":") && take_number(&text, 2, &t.tm_min) &&
		    take_char(&text, ":") && take_number(&text, 2, &t.tm_sec);
	if (good && take_char(&text, "."))
		while (isdigit((unsigned char)*text))
			text++;
	if (!good || !take_zone(&text, &zone) || *text || t.tm_year < 1970 || t.tm_mon < 1 ||
	    t.tm_mon > 12 || t.tm_mday < 1 || t.tm_mday > 31 || t.tm_hour > 23 || t.tm_min > 59 || t.tm_sec > 60)
		return false;
	if (t.tm_year > 2200) {
		*ret_ns = INT64_MAX;
		return true;
	}
	t.tm_year -= 1900;
	t.tm_mon -= 1;
	*ret_ns = ((int64_t)timegm(&t) - zone) * NS_PER_S;
	return true;
}

static int add_values(struct credential_list *list, const char *name, const struct js *values, struct arena *a,
		      struct err *err)
{
	size_t n = js_is_array(values) ? js_len(values) : 1;
	for (size_t i = 0; i < n; i++) {
		const struct js *value = js_is_array(values) ? js_at(values, i) : values;
		if (!js_is_string(value))
			return err_set(err, ERR_PROTOCOL, "its answer has a header without a list of strings");
		if (credential_list_add(list, span_of(name), span_of(js_string(value, "")), ERR_PROTOCOL, a, err))
			return -1;
	}
	return 0;
}

static int read_answer(const struct js *doc, struct arena *a, struct credential_list *ret, int64_t *ret_expires_ns,
		       struct err *err)
{
	const struct js *headers = js_get(doc, "headers"), *expires = js_get(doc, "expires"), *values;
	const char *name;
	void *it = NULL;
	*ret_expires_ns = INT64_MAX;
	if (!js_is_object(doc) || (headers && !js_is_object(headers)))
		return err_set(err, ERR_PROTOCOL, "its answer is not an object with headers");
	while (js_next(headers, &it, &name, &values))
		if (add_values(ret, name, values, a, err))
			return -1;
	if (expires && !js_is_null(expires) && !parse_time(js_string(expires, ""), ret_expires_ns))
		return err_set(err, ERR_PROTOCOL, "what its answer has for 'expires' is no time as RFC 3339 writes them");
	return 0;
}

int credential_helper_parse(struct span output, struct arena *a, struct credential_list *ret, int64_t *ret_expires_ns,
			    struct err *err)
{
	struct js *doc;
	struct err hidden = ERR_INIT;
	if (output.len > CREDENTIAL_HELPER_OUTPUT || js_parse(output, "the answer", &doc, &hidden)) {
		err_release(&hidden); /* it may show what stands near the place */
		return err_set(err, ERR_PROTOCOL, "its answer is not JSON, or too long");
	}
	int rc = read_answer(doc, a, ret, ret_expires_ns, err);
	js_free(doc);
	return rc;
}
