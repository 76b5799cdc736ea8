/* Which transfer is made when: requests that wait, deadlines, credentials, redirects. */
#include "net/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/list.h"
#include "base/xalloc.h"
#include "net/credentials.h"

enum { TEXT_LIMIT = 1024 };

#define OR_DEFAULT(value, otherwise) ((value) ? (value) : (otherwise))

struct http_client {
	struct loop *loop;
	char *name, *authority;
	bool has_tls;
	struct credentials *credentials;
	struct credentials_listener listener;
	struct transfers *transfers;
	unsigned max_connections;
	struct list waiting, active, finished; /* a request is in one of them */
	uint32_t kick, deadline_timer;
	int64_t deadline_ns; /* of the timer */
	bool closing;
	struct http_traffic traffic;
};

struct http_request {
	struct list_item item; /* first */
	struct http_client *client;
	enum http_method method;
	char *url;
	bool elsewhere; /* a redirect has led to another server: nothing that is secret goes along */
	unsigned redirects;
	struct buf body;
	size_t limit;
	int64_t deadline_ns;
	struct http_events events;
	struct transfer *transfer;
	uint64_t generation; /* of the credentials that went along */
	bool asked_again;
	/* the end, once it is known */
	int status;
	struct buf answer, text;
};

static struct http_request *first(const struct list *list)
{
	return (struct http_request *)list->first;
}

static void kick(struct http_client *client);

/* ---- the end of a request ---- */

static void request_end(struct http_request *r, int status, struct span answer, const char *failure)
{
	struct http_client *client = r->client;
	if (r->item.list == &client->finished)
		return;
	if (r->transfer)
		transfer_cancel(r->transfer);
	r->transfer = NULL;
	r->status = status;
	buf_add(&r->answer, answer.data, answer.len);
	if (status == 0)
		buf_addf(&r->text, "%s: %s", client->name, failure);
	buf_truncate(&r->text, r->text.len < TEXT_LIMIT ? r->text.len : TEXT_LIMIT);
	list_append(&client->finished, &r->item);
	kick(client);
}

static void request_fail(struct http_request *r, const char *failure)
{
	request_end(r, 0, (struct span){ "", 0 }, failure);
}

static void request_free(struct http_request *r)
{
	buf_release(&r->body);
	buf_release(&r->answer);
	buf_release(&r->text);
	free(r->url);
	free(r);
}

static void tell_ended(struct http_client *client)
{
	while (client->finished.count) {
		struct http_request *r = first(&client->finished);
		list_remove(&r->item);
		r->events.ended(r->events.ctx, r->status, buf_span(&r->answer), r->text.data ? r->text.data : "");
		request_free(r);
	}
	if (!client->waiting.count && !client->active.count) {
		loop_cancel_timer(client->loop, client->deadline_timer);
		client->deadline_timer = 0;
	}
}

/* ---- redirects ---- */

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Is it on the server that the client is for? Written in another way counts as another server. */
static bool is_here(const struct http_client *client, const char *url)
{
	const char *authority = strstr(url, "://");
	size_t len = authority ? strcspn(authority + 3, "/?#") : 0;
	return authority && len == strlen(client->authority) && strncasecmp(authority + 3, client->authority, len) == 0;
}

static void follow(struct http_request *r, const char *location)
{
	const char *scheme = r->client->has_tls ? "https://" : "http://";
	if (r->method == HTTP_PUT)
		request_fail(r, "an upload was redirected, which is not followed; give the address that it leads to");
	else if (!location || strncasecmp(location, scheme, strlen(scheme)) != 0)
		request_fail(r, "the answer is a redirect to another scheme, which is not followed");
	else if (++r->redirects > HTTP_REDIRECTS)
		request_fail(r, "there are too many redirects");
	else {
		r->elsewhere = r->elsewhere || !is_here(r->client, location);
		free(r->url);
		r->url = xstrdup(location);
		memcpy(r->url, scheme, strlen(scheme)); /* in lower case */
		list_prepend(&r->client->waiting, &r->item);
		kick(r->client);
	}
}

/* ---- the way of a request ---- */

static void on_transfer(void *ctx, const struct transfer_result *result)
{
	struct http_request *r = ctx;
	struct http_client *client = r->client;
	struct credentials *credentials = client->credentials;
	r->transfer = NULL;
	client->traffic.sent += result->sent;
	client->traffic.received += result->received;
	client->traffic.connects += result->connects;
	if (result->status == 401 && credentials && !r->asked_again && !r->elsewhere &&
	    credentials_refused(credentials, r->generation)) {
		r->asked_again = true;
		list_prepend(&client->waiting, &r->item);
		kick(client);
	} else if (is_redirect(result->status)) {
		follow(r, result->location);
	} else {
		request_end(r, result->status, result->body, result->failure);
	}
}

static void begin(struct http_request *r, const struct credentials_headers *headers)
{
	struct http_client *client = r->client;
	const struct transfer_spec spec = {
		.method = r->method,
		.url = r->url,
		.headers = headers->items,
		.header_count = r->elsewhere ? 0 : headers->count,
		.with_certificate = !r->elsewhere,
		.body = { r->body.data ? r->body.data : "", r->body.len },
		.limit = r->limit,
	};
	r->generation = headers->generation;
	list_append(&client->active, &r->item);
	r->transfer = transfer_start(client->transfers, &spec, on_transfer, r);
}

static bool get_headers(struct http_client *client, struct credentials_headers *ret)
{
	struct err err = ERR_INIT;
	enum credentials_answer answer = CREDENTIALS_READY;
	if (client->credentials)
		answer = credentials_get(client->credentials, ret, &err);
	while (answer == CREDENTIALS_FAILED && client->waiting.count)
		request_fail(first(&client->waiting), err.message);
	err_release(&err);
	return answer == CREDENTIALS_READY;
}

static void on_kick(struct loop *loop, void *ctx)
{
	struct http_client *client = ctx;
	struct credentials_headers headers = { 0 };
	(void)loop;
	client->kick = 0;
	if (client->waiting.count && get_headers(client, &headers))
		while (client->waiting.count && client->active.count < client->max_connections)
			begin(first(&client->waiting), &headers);
	tell_ended(client);
}

/* Soon, from the loop: begin what can begin, tell what has ended. */
static void kick(struct http_client *client)
{
	if (!client->kick && !client->closing)
		client->kick = loop_add_timer(client->loop, 0, on_kick, client);
}

static void on_credentials(void *ctx)
{
	kick(ctx);
}

/* ---- deadlines: one timer for all, at the first of them or before ---- */

static void arm_deadline(struct http_client *client, int64_t deadline_ns);

static int64_t now_of(const struct http_client *client)
{
	return clock_monotonic_ns(loop_clock(client->loop));
}

static int64_t end_late(const struct list *list, int64_t now, int64_t earliest)
{
	for (struct list_item *at = list->first, *after; at; at = after) {
		struct http_request *r = (struct http_request *)at;
		after = at->after;
		if (r->deadline_ns <= now)
			request_fail(r, "no answer in time");
		else if (r->deadline_ns < earliest)
			earliest = r->deadline_ns;
	}
	return earliest;
}

static void on_deadline(struct loop *loop, void *ctx)
{
	struct http_client *client = ctx;
	int64_t now = now_of(client);
	(void)loop;
	client->deadline_timer = 0;
	int64_t earliest = end_late(&client->active, now, end_late(&client->waiting, now, INT64_MAX));
	if (earliest != INT64_MAX)
		arm_deadline(client, earliest);
	tell_ended(client);
}

static void arm_deadline(struct http_client *client, int64_t deadline_ns)
{
	if (client->deadline_timer && client->deadline_ns <= deadline_ns)
		return;
	loop_cancel_timer(client->loop, client->deadline_timer);
	int64_t now = now_of(client);
	client->deadline_ns = deadline_ns;
	client->deadline_timer =
		loop_add_timer(client->loop, deadline_ns > now ? deadline_ns - now : 0, on_deadline, client);
}

/* ---- the door ---- */

struct http_request *http_start(struct http_client *client, enum http_method method, const char *path,
				struct buf *body, size_t limit, int64_t timeout_ns, const struct http_events *events)
{
	struct http_request *r = xcalloc(1, sizeof *r);
	struct buf url = BUF_INIT;
	buf_addf(&url, "%s/%s", client->name, path);
	*r = (struct http_request){ .client = client, .method = method, .url = buf_detach(&url), .limit = limit,
				    .deadline_ns = now_of(client) + timeout_ns, .events = *events };
	if (body) {
		r->body = *body;
		*body = (struct buf)BUF_INIT;
	}
	client->traffic.requests++;
	list_append(&client->waiting, &r->item);
	if (client->closing) {
		request_fail(r, "cancelled");
		return r;
	}
	arm_deadline(client, r->deadline_ns);
	kick(client);
	return r;
}

void http_cancel(struct http_request *r)
{
	request_fail(r, "cancelled");
}

struct http_traffic http_traffic(const struct http_client *client)
{
	struct http_traffic traffic = client->traffic;
	traffic.moved = transfers_moved(client->transfers);
	return traffic;
}

static int check_files(const struct http_config *config, struct err *err)
{
	struct tls *tls;
	if (!address_has_tls(config->address))
		return 0;
	if (tls_new(config->tls, &tls, err))
		return -1;
	tls_free(tls); /* libcurl reads the files itself, but says later and less about them */
	return 0;
}

int http_open(const struct http_config *config, struct http_client **ret, struct err *err)
{
	struct buf name = BUF_INIT, authority = BUF_INIT;
	struct transfers *transfers;
	unsigned most = OR_DEFAULT(config->max_connections, 16);
	address_print(config->address, &name);
	if (address_is_grpc(config->address)) {
		err_set(err, ERR_USAGE, "%s is no address for HTTP: write http:// or https://", name.data);
		goto refused;
	}
	if (check_files(config, err) ||
	    transfers_new(config->loop, config->tls, most, OR_DEFAULT(config->connect_timeout_ns, 10 * NS_PER_S),
			  &transfers, err))
		goto refused;
	address_print_authority(config->address, &authority);
	struct http_client *client = xcalloc(1, sizeof *client);
	*client = (struct http_client){
		.loop = config->loop,
		.name = buf_detach(&name),
		.authority = buf_detach(&authority),
		.has_tls = address_has_tls(config->address),
		.credentials = config->credentials,
		.listener = { .changed = on_credentials, .ctx = client },
		.transfers = transfers,
		.max_connections = most,
	};
	if (client->credentials)
		credentials_listen(client->credentials, &client->listener);
	*ret = client;
	return 0;
refused:
	buf_release(&name);
	return -1;
}

void http_close(struct http_client *client)
{
	if (!client)
		return;
	client->closing = true;
	while (client->active.count)
		http_cancel(first(&client->active));
	while (client->waiting.count)
		http_cancel(first(&client->waiting));
	tell_ended(client);
	transfers_free(client->transfers);
	loop_cancel_timer(client->loop, client->kick);
	loop_cancel_timer(client->loop, client->deadline_timer);
	if (client->credentials)
		credentials_unlisten(client->credentials, &client->listener);
	free(client->name);
	free(client->authority);
	free(client);
}
