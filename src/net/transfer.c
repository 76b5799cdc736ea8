#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "net/transfer.h"

#include <ctype.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/xalloc.h"

enum { LOW_DESCRIPTORS = 256 };

/* libcurl's functions that are called here, found by name. */
struct curl_api {
	CURLcode (*global_init)(long flags);
	CURL *(*easy_init)(void);
	CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
	CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
	const char *(*easy_strerror)(CURLcode code);
	void (*easy_cleanup)(CURL *easy);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free_all)(struct curl_slist *list);
	CURLM *(*multi_init)(void);
	CURLMcode (*multi_setopt)(CURLM *multi, CURLMoption option, ...);
	CURLMcode (*multi_add_handle)(CURLM *multi, CURL *easy);
	CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *easy);
	CURLMcode (*multi_socket_action)(CURLM *multi, curl_socket_t fd, int events, int *running);
	CURLMsg *(*multi_info_read)(CURLM *multi, int *left);
	CURLMcode (*multi_cleanup)(CURLM *multi);
};

static const struct symbol {
	const char *name;
	size_t offset;
} symbols[] = {
	{ "curl_global_init", offsetof(struct curl_api, global_init) },
	{ "curl_easy_init", offsetof(struct curl_api, easy_init) },
	{ "curl_easy_setopt", offsetof(struct curl_api, easy_setopt) },
	{ "curl_easy_getinfo", offsetof(struct curl_api, easy_getinfo) },
	{ "curl_easy_strerror", offsetof(struct curl_api, easy_strerror) },
	{ "curl_easy_cleanup", offsetof(struct curl_api, easy_cleanup) },
	{ "curl_slist_append", offsetof(struct curl_api, slist_append) },
	{ "curl_slist_free_all", offsetof(struct curl_api, slist_free_all) },
	{ "curl_multi_init", offsetof(struct curl_api, multi_init) },
	{ "curl_multi_setopt", offsetof(struct curl_api, multi_setopt) },
	{ "curl_multi_add_handle", offsetof(struct curl_api, multi_add_handle) },
	{ "curl_multi_remove_handle", offsetof(struct curl_api, multi_remove_handle) },
	{ "curl_multi_socket_action", offsetof(struct curl_api, multi_socket_action) },
	{ "curl_multi_info_read", offsetof(struct curl_api, multi_info_read) },
	{ "curl_multi_cleanup", offsetof(struct curl_api, multi_cleanup) },
};

struct transfers {
	struct curl_api api;
	struct loop *loop;
	CURLM *multi;
	const struct tls_options *tls;
	int64_t connect_timeout_ns;
	uint32_t timer;
	uint64_t moved;
};

struct transfer {
	struct transfers *all;
	CURL *easy;
	struct curl_slist *headers;
	struct buf body;
	size_t limit, header_bytes;
	struct span out;
	size_t out_sent;
	bool too_long;
	char failure[CURL_ERROR_SIZE];
	void (*ended)(void *ctx, const struct transfer_result *result);
	void *ctx;
};

/* ---- events ---- */

/* Something that is for people, out of libcurl and so perhaps out of a server. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (!isprint((unsigned char)*text))
			*text = '?';
}

static void transfer_free(struct transfer *t)
{
	const struct curl_api *api = &t->all->api;
	api->multi_remove_handle(t->all->multi, t->easy);
	api->easy_cleanup(t->easy);
	api->slist_free_all(t->headers);
	buf_release(&t->body);
	free(t);
}

static uint64_t count_of(const struct transfer *t, CURLINFO info)
{
	curl_off_t n = 0;
	t->all->api.easy_getinfo(t->easy, info, &n);
	return n > 0 ? (uint64_t)n : 0;
}

static long number_of(const struct transfer *t, CURLINFO info)
{
	long n = 0;
	t->all->api.easy_getinfo(t->easy, info, &n);
	return n > 0 ? n : 0;
}

static void finish(struct transfer *t, CURLcode code)
{
	struct transfer_result r = { .body = { "", 0 } };
	char *location = NULL;
	r.sent = count_of(t, CURLINFO_SIZE_UPLOAD_T) + (uint64_t)number_of(t, CURLINFO_REQUEST_SIZE);
	r.received = count_of(t, CURLINFO_SIZE_DOWNLOAD_T) + (uint64_t)number_of(t, CURLINFO_HEADER_SIZE);
	r.connects = (uint64_t)number_of(t, CURLINFO_NUM_CONNECTS);
	if (code == CURLE_OK) {
		r.status = (int)number_of(t, CURLINFO_RESPONSE_CODE);
		r.body = buf_span(&t->body);
		t->all->api.easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &location);
		r.location = location;
	} else if (t->too_long) {
		snprintf(t->failure, sizeof t->failure, "the answer is longer than %zu bytes", t->limit);
	} else if (!*t->failure) {
		snprintf(t->failure, sizeof t->failure, "%s", t->all->api.easy_strerror(code));
	}
	make_printable(t->failure);
	r.failure = t->failure;
	t->ended(t->ctx, &r);
	transfer_free(t);
}

static void act(struct transfers *all, curl_socket_t fd, int events)
{
	int running, left;
	CURLMsg *message;
	all->api.multi_socket_action(all->multi, fd, events, &running);
	while ((message = all->api.multi_info_read(all->multi, &left))) {
		struct transfer *t = NULL;
		CURLcode code = message->data.result;
		if (message->msg != CURLMSG_DONE)
			continue;
		all->api.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		finish(t, code);
	}
}

static void on_fd(struct loop *loop, int fd, unsigned events, void *ctx)
{
	(void)loop;
	act(ctx, fd, (events & LOOP_READ ? CURL_CSELECT_IN : 0) | (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0));
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *of_socket)
{
	struct transfers *all = ctx;
	(void)easy, (void)of_socket;
	unsigned events = what == CURL_POLL_REMOVE ? 0 : (what & CURL_POLL_IN ? LOOP_READ : 0u) |
							 (what & CURL_POLL_OUT ? LOOP_WRITE : 0u);
	fcntl(fd, F_SETFD, FD_CLOEXEC); /* those of its look-ups */
	loop_watch_fd(all->loop, fd, events, on_fd, all);
	return 0;
}

static void on_timer(struct loop *loop, void *ctx)
{
	struct transfers *all = ctx;
	(void)loop;
	all->timer = 0;
	act(all, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *ctx)
{
	struct transfers *all = ctx;
	(void)multi;
	loop_cancel_timer(all->loop, all->timer);
	all->timer = timeout_ms < 0 ? 0 : loop_add_timer(all->loop, timeout_ms * NS_PER_MS, on_timer, all);
	return 0;
}

/* libcurl's sockets must not be our children's too. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)ctx, (void)purpose;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- bytes ---- */

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	size_t len = size * count;
	t->too_long = t->body.len + len > t->limit;
	if (t->too_long)
		return 0;
	buf_add(&t->body, bytes, len);
	t->all->moved += len;
	return len;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	size_t len = size * count;
	(void)bytes;
	t->header_bytes += len;
	t->all->moved += len;
	return t->header_bytes > TRANSFER_HEADER_LIMIT ? 0 : len;
}

static size_t on_upload(char *into, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	size_t n = t->out.len - t->out_sent;
	if (n > size * count)
		n = size * count;
	if (n)
		memcpy(into, t->out.data + t->out_sent, n);
	t->out_sent += n;
	t->all->moved += n;
	return n;
}

/* A connection that was kept had been closed by the server: from the start, on another. */
static int on_seek(void *ctx, curl_off_t offset, int origin)
{
	struct transfer *t = ctx;
	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->out.len)
		return CURL_SEEKFUNC_CANTSEEK;
	t->out_sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

uint64_t transfers_moved(const struct transfers *all)
{
	return all->moved;
}

/* ---- life ---- */

static void add_header(struct transfer *t, const char *name, const char *value)
{
	struct buf line = BUF_INIT;
	/* libcurl leaves out a header that is "Name:", and sends an empty one for "Name;" */
	buf_addf(&line, *value ? "%s: %s" : "%s;", name, value);
	t->headers = t->all->api.slist_append(t->headers, line.data);
	buf_release(&line);
}

static void set_tls(struct transfer *t, bool with_certificate)
{
	const struct tls_options *tls = t->all->tls;
	const struct curl_api *api = &t->all->api;
	api->easy_setopt(t->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (tls && tls->roots_file)
		api->easy_setopt(t->easy, CURLOPT_CAINFO, tls->roots_file);
	if (!tls || !tls->certificate_file || !with_certificate)
		return;
	api->easy_setopt(t->easy, CURLOPT_SSLCERT, tls->certificate_file);
	api->easy_setopt(t->easy, CURLOPT_SSLKEY, tls->key_file ? tls->key_file : tls->certificate_file);
}

static void set_protocol(struct transfer *t, bool tls)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	t->all->api.easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
#else
	t->all->api.easy_setopt(t->easy, CURLOPT_PROTOCOLS, (long)(tls ? CURLPROTO_HTTPS : CURLPROTO_HTTP));
#endif
}

static void set_request(struct transfer *t, const struct transfer_spec *spec)
{
	const struct curl_api *api = &t->all->api;
	const struct { CURLoption option; long value; } numbers[] = {
		{ CURLOPT_NOSIGNAL, 1 },
#if LIBCURL_VERSION_NUM >= 0x075700
		{ CURLOPT_QUICK_EXIT, 1 }, /* who gives up a transfer does not wait until its name is looked up */
#endif
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_DISALLOW_USERNAME_IN_URL, 1 },
		{ CURLOPT_PATH_AS_IS, 1 },
		{ CURLOPT_TCP_KEEPALIVE, 1 },
		{ CURLOPT_TCP_KEEPIDLE, 30 },
		{ CURLOPT_HEADEROPT, CURLHEADER_SEPARATE }, /* a proxy gets none of our headers */
		{ CURLOPT_CONNECTTIMEOUT_MS, (long)(t->all->connect_timeout_ns / NS_PER_MS) },
		{ CURLOPT_NOBODY, spec->method == HTTP_HEAD },
		{ CURLOPT_UPLOAD, spec->method == HTTP_PUT },
	};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (numbers[i].value)
			api->easy_setopt(t->easy, numbers[i].option, numbers[i].value);
	api->easy_setopt(t->easy, CURLOPT_URL, spec->url);
	api->easy_setopt(t->easy, CURLOPT_USERAGENT, "sepal/" SEPAL_VERSION);
	api->easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	api->easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->failure);
	api->easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	api->easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	api->easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
	api->easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	api->easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
	api->easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	api->easy_setopt(t->easy, CURLOPT_READFUNCTION, on_upload);
	api->easy_setopt(t->easy, CURLOPT_READDATA, t);
	api->easy_setopt(t->easy, CURLOPT_SEEKFUNCTION, on_seek);
	api->easy_setopt(t->easy, CURLOPT_SEEKDATA, t);
	if (spec->method == HTTP_PUT)
		api->easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)spec->body.len);
}

struct transfer *transfer_start(struct transfers *all, const struct transfer_spec *spec,
				void (*ended)(void *ctx, const struct transfer_result *result), void *ctx)
{
	struct transfer *t = xcalloc(1, sizeof *t);
	*t = (struct transfer){ .all = all, .limit = spec->limit, .out = spec->body, .ended = ended, .ctx = ctx };
	t->easy = all->api.easy_init();
	if (!t->easy)
		BUG("libcurl is out of memory");
	/* a server that is asked whether it would like the body may let a second pass before it says so */
	t->headers = all->api.slist_append(NULL, "Expect:");
	for (unsigned i = 0; i < spec->header_count; i++)
		add_header(t, spec->headers[i].name, spec->headers[i].value);
	set_protocol(t, strncmp(spec->url, "https:", 6) == 0);
	set_request(t, spec);
	set_tls(t, spec->with_certificate);
	all->api.multi_add_handle(all->multi, t->easy);
	return t;
}

void transfer_cancel(struct transfer *t)
{
	transfer_free(t);
}

static int load(struct curl_api *api, struct err *err)
{
	/* Never closed: libcurl's libraries do not all survive that, and a second client finds it loaded. */
	void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return err_set(err, ERR_USAGE, "an HTTP cache needs libcurl, which cannot be loaded: %s", dlerror());
	for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
		void *at = dlsym(library, symbols[i].name);
		if (!at)
			return err_set(err, ERR_USAGE, "an HTTP cache needs a newer libcurl: this one has no %s", symbols[i].name);
		memcpy((char *)api + symbols[i].offset, &at, sizeof at);
	}
	return 0;
}

/* What it opens for itself has no close-on-exec either, and is not told: whatever is new after it. */
static CURLM *open_multi(const struct curl_api *api)
{
	bool there[LOW_DESCRIPTORS];
	for (int fd = 0; fd < LOW_DESCRIPTORS; fd++)
		there[fd] = fcntl(fd, F_GETFD) >= 0;
	CURLM *multi = api->multi_init();
	for (int fd = 0; fd < LOW_DESCRIPTORS; fd++)
		if (!there[fd] && fcntl(fd, F_GETFD) >= 0)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	return multi;
}

int transfers_new(struct loop *loop, const struct tls_options *tls, unsigned max_connections,
		  int64_t connect_timeout_ns, struct transfers **ret, struct err *err)
{
	struct curl_api api;
	if (load(&api, err))
		return -1;
	if (api.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_IO, "libcurl cannot be set up");
	struct transfers *all = xcalloc(1, sizeof *all);
	*all = (struct transfers){ .api = api, .loop = loop, .tls = tls, .connect_timeout_ns = connect_timeout_ns };
	all->multi = open_multi(&api);
	if (!all->multi)
		BUG("libcurl is out of memory");
	api.multi_setopt(all->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	api.multi_setopt(all->multi, CURLMOPT_SOCKETDATA, all);
	api.multi_setopt(all->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	api.multi_setopt(all->multi, CURLMOPT_TIMERDATA, all);
	api.multi_setopt(all->multi, CURLMOPT_MAXCONNECTS, (long)max_connections);
	*ret = all;
	return 0;
}

void transfers_free(struct transfers *all)
{
	if (!all)
		return;
	all->api.multi_cleanup(all->multi);
	loop_cancel_timer(all->loop, all->timer);
	free(all);
}
