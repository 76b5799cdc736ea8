/*
 * Drives net/rpc.h for tests/remote/test_rpc*.py: rpc_run URL [NAME=VALUE ...], with calls as lines of JSON on standard
 * input and what became of them as lines of JSON on standard output. It ends when its input has ended, and all calls.
 *
 *   {"id": 1, "method": "/t.T/Echo", "messages": ["text", 100000], "timeout_ms": 1000, "cancel_after_ms": 5,
 *    "cancel_at_message": 2, "once": false}
 *
 * A number among `messages` is that many bytes; `once` gives no way to send the call again. The answer:
 *
 *   {"id": 1, "status": "OK", "text": "", "messages": [{"len": 4, "sha256": "...", "text": "text"}], "pulled": 2}
 *
 * {"traffic": true} is answered with the channel's counters, {"sleep_ms": N} holds back the lines that follow,
 * {"close": true} closes the channel with all that is under way and ends the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "net/credentials.h"
#include "net/rpc.h"
#include "net/tls.h"

enum { SHOWN = 200 };

struct program {
	struct loop *loop;
	struct rpc_channel *channel;
	struct buf input;
	bool input_ended, sleeping, closed;
	unsigned under_way;
};

struct call {
	struct program *program;
	struct js *spec, *messages;
	struct rpc_call *rpc;
	struct buf out;
	size_t next, pulled;
	uint32_t timer;
};

static void print(struct js *line)
{
	struct buf text = BUF_INIT;
	js_write(line, 0, &text);
	puts(text.data);
	fflush(stdout);
	buf_release(&text);
	js_free(line);
}

static int on_next(void *ctx, struct span *ret)
{
	struct call *c = ctx;
	const struct js *messages = js_get(c->spec, "messages");
	if (c->next == js_len(messages))
		return 0;
	const struct js *m = js_at(messages, c->next++);
	c->pulled++;
	buf_reset(&c->out);
	if (js_is_int(m)) {
		size_t n = (size_t)js_int(m, 0);
		memset(buf_room(&c->out, n), 'x', n);
		c->out.len = n;
	} else if (js_is_string(m)) {
		buf_add_str(&c->out, js_string(m, ""));
	} else {
		return -1;
	}
	*ret = buf_span(&c->out);
	return 1;
}

static void on_rewind(void *ctx)
{
	((struct call *)ctx)->next = 0;
}

static int on_message(void *ctx, struct span message)
{
	struct call *c = ctx;
	struct digest digest;
	char hex[DIGEST_HEX_SIZE + 1];
	struct js *m = js_new_object();
	hash_sha256(message, &digest);
	digest_hex(&digest, hex);
	js_set_int(m, "len", (int64_t)message.len);
	js_set_string(m, "sha256", hex);
	js_set(m, "text", js_new_string_n((struct span){ message.data, message.len < SHOWN ? message.len : SHOWN }));
	js_append(c->messages, m);
	return js_get_int(c->spec, "cancel_at_message", -1) == (int64_t)js_len(c->messages);
}

static void on_ended(void *ctx, enum rpc_status status, const char *text)
{
	struct call *c = ctx;
	struct js *line = js_new_object();
	js_set_int(line, "id", js_get_int(c->spec, "id", 0));
	js_set_string(line, "status", rpc_status_name(status));
	js_set_string(line, "text", text);
	js_set(line, "messages", c->messages);
	js_set_int(line, "pulled", (int64_t)c->pulled);
	print(line);
	loop_cancel_timer(c->program->loop, c->timer);
	c->program->under_way--;
	js_free(c->spec);
	buf_release(&c->out);
	free(c);
}

static void on_cancel(struct loop *loop, void *ctx)
{
	struct call *c = ctx;
	(void)loop;
	c->timer = 0;
	rpc_cancel(c->rpc);
}

static void start_call(struct program *p, struct js *spec)
{
	struct call *c = xcalloc(1, sizeof *c);
	c->program = p;
	c->spec = spec;
	c->messages = js_new_array();
	p->under_way++;
	const struct rpc_events events = { .next = on_next, .rewind = js_get_bool(spec, "once", false) ? NULL : on_rewind,
					   .message = on_message, .ended = on_ended, .ctx = c };
	int64_t timeout = js_get_int(spec, "timeout_ms", 10000) * NS_PER_MS;
	const char *method = js_get_string(spec, "method", "/t.T/Echo");
	if (js_get_bool(spec, "ask", false)) {
		struct buf request = BUF_INIT;
		struct span message;
		if (on_next(c, &message) > 0)
			buf_add_span(&request, message);
		c->rpc = rpc_ask(p->channel, method, timeout, &request, &events);
	} else {
		c->rpc = rpc_start(p->channel, method, timeout, &events);
	}
	int64_t cancel = js_get_int(spec, "cancel_after_ms", -1);
	if (cancel == 0)
		rpc_cancel(c->rpc);
	else if (cancel > 0)
		c->timer = loop_add_timer(p->loop, cancel * NS_PER_MS, on_cancel, c);
}

static void print_traffic(const struct program *p)
{
	struct rpc_traffic t = rpc_traffic(p->channel);
	struct js *line = js_new_object();
	js_set_int(line, "sent", (int64_t)t.sent);
	js_set_int(line, "received", (int64_t)t.received);
	js_set_int(line, "calls", (int64_t)t.calls);
	js_set_int(line, "resent", (int64_t)t.resent);
	js_set_int(line, "connects", (int64_t)t.connects);
	print(line);
}

static void take_lines(struct program *p);

static void on_awake(struct loop *loop, void *ctx)
{
	struct program *p = ctx;
	(void)loop;
	p->sleeping = false;
	take_lines(p);
}

static void do_line(struct program *p, struct span line)
{
	struct err err = ERR_INIT;
	struct js *spec;
	if (js_parse(line, "a line of the input", &spec, &err)) {
		fprintf(stderr, "rpc_run: %s\n", err.message);
		exit(2);
	}
	if (js_get(spec, "id")) {
		start_call(p, spec);
		return;
	}
	if (js_get_bool(spec, "traffic", false))
		print_traffic(p);
	p->closed = p->closed || js_get_bool(spec, "close", false);
	if (js_get(spec, "sleep_ms")) {
		p->sleeping = true;
		loop_add_timer(p->loop, js_get_int(spec, "sleep_ms", 0) * NS_PER_MS, on_awake, p);
	}
	js_free(spec);
}

static void take_lines(struct program *p)
{
	char *end;
	while (!p->sleeping && !p->closed && p->input.len && (end = memchr(p->input.data, '\n', p->input.len))) {
		size_t n = (size_t)(end - p->input.data);
		char *line = xstrndup(p->input.data, n);
		memmove(p->input.data, end + 1, p->input.len - n - 1);
		buf_truncate(&p->input, p->input.len - n - 1);
		do_line(p, (struct span){ line, n });
		free(line);
	}
}

static void on_input(struct loop *loop, int fd, unsigned events, void *ctx)
{
	struct program *p = ctx;
	(void)events;
	ssize_t n = read(fd, buf_room(&p->input, 65536), 65536);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		p->input_ended = true;
		loop_unwatch_fd(loop, fd);
	} else {
		p->input.len += (size_t)n;
	}
	take_lines(p);
}

/* NAME=VALUE arguments. */
static const char *option(char **argv, const char *name)
{
	size_t len = strlen(name);
	for (; *argv; argv++)
		if (strncmp(*argv, name, len) == 0 && (*argv)[len] == '=')
			return *argv + len + 1;
	return NULL;
}

static int64_t number(char **argv, const char *name)
{
	const char *value = option(argv, name);
	return value ? strtoll(value, NULL, 10) : 0;
}

static int run(struct program *p, char **argv, struct arena *a, struct err *err)
{
	struct address address;
	if (address_parse(argv[1], a, &address, err))
		return -1;
	const char *header = option(argv, "header");
	const char *headers[] = { header, NULL };
	const struct credentials_config secrets = { .loop = p->loop, .address = &address, .headers = headers,
						    .token_file = option(argv, "token_file"),
						    .helper = option(argv, "helper") };
	const struct tls_options tls = { .roots_file = option(argv, "roots"), .certificate_file = option(argv, "cert"),
					 .key_file = option(argv, "key") };
	struct credentials *credentials = NULL;
	if ((header || secrets.token_file || secrets.helper) && credentials_new(&secrets, &credentials, err))
		return -1;
	const struct rpc_config config = {
		.loop = p->loop, .address = &address, .tls = &tls, .credentials = credentials,
		.request_metadata = span_of("metadata"), .message_limit = (size_t)number(argv, "message_limit"),
		.max_streams = (unsigned)number(argv, "max_streams"),
		.max_connections = (unsigned)number(argv, "max_connections"),
		.connect_timeout_ns = number(argv, "connect_timeout_ms") * NS_PER_MS,
		.keepalive_ns = number(argv, "keepalive_ms") * NS_PER_MS,
	};
	if (rpc_open(&config, &p->channel, err)) {
		credentials_free(credentials);
		return -1;
	}
	fcntl(0, F_SETFL, O_NONBLOCK);
	loop_watch_fd(p->loop, 0, LOOP_READ, on_input, p);
	int rc = 0;
	while (rc == 0 && !p->closed && (!p->input_ended || p->under_way || p->sleeping || p->input.len))
		rc = loop_run_once(p->loop, -1, err);
	rpc_close(p->channel);
	credentials_free(credentials);
	return rc;
}

int main(int argc, char **argv)
{
	struct program p = { 0 };
	struct clock clock = clock_system();
	struct err err = ERR_INIT;
	struct arena a = ARENA_INIT;
	if (argc < 2) {
		fprintf(stderr, "usage: rpc_run URL [NAME=VALUE ...]\n");
		return 2;
	}
	int rc = loop_new(&p.loop, &clock, &err);
	if (rc == 0)
		rc = run(&p, argv, &a, &err);
	if (rc)
		fprintf(stderr, "rpc_run: %s\n", err.message);
	loop_free(p.loop);
	arena_release(&a);
	buf_release(&p.input);
	err_release(&err);
	return rc ? 3 : 0;
}
