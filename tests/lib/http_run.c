/*
 * Drives net/http.h for tests/remote/test_http_client.py, as tests/lib/rpc_run.c does for net/rpc.h: http_run URL
 * [NAME=VALUE ...], requests as lines of JSON on standard input, what became of them as lines on standard output.
 *
 *   {"id": 1, "method": "GET", "path": "ac/00", "body": "text" or a number of bytes, "limit": 1000, "timeout_ms": 1000,
 *    "cancel_after_ms": 0}
 *   {"id": 1, "status": 200, "text": "", "len": 4, "sha256": "...", "body": "text"}
 *
 * All lines are read before the first request is sent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "net/credentials.h"
#include "net/http.h"
#include "sys/fs.h"

enum { SHOWN = 200, INPUT_LIMIT = 1 << 26 };

struct program {
	struct loop *loop;
	struct http_client *client;
	unsigned under_way;
};

struct asked {
	struct program *program;
	int64_t id;
	struct http_request *request;
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

static void on_ended(void *ctx, int status, struct span body, const char *text)
{
	struct asked *asked = ctx;
	struct js *line = js_new_object();
	struct digest digest;
	char hex[DIGEST_HEX_SIZE + 1];
	hash_sha256(body, &digest);
	digest_hex(&digest, hex);
	js_set_int(line, "id", asked->id);
	js_set_int(line, "status", status);
	js_set_string(line, "text", text);
	js_set_int(line, "len", (int64_t)body.len);
	js_set_string(line, "sha256", hex);
	js_set(line, "body", js_new_string_n((struct span){ body.data, body.len < SHOWN ? body.len : SHOWN }));
	print(line);
	loop_cancel_timer(asked->program->loop, asked->timer);
	asked->program->under_way--;
	free(asked);
}

static void on_cancel(struct loop *loop, void *ctx)
{
	struct asked *asked = ctx;
	(void)loop;
	asked->timer = 0;
	http_cancel(asked->request);
}

static void start(struct program *p, const struct js *spec)
{
	const char *method = js_get_string(spec, "method", "GET");
	const struct js *given = js_get(spec, "body");
	struct buf body = BUF_INIT;
	struct asked *asked = xcalloc(1, sizeof *asked);
	*asked = (struct asked){ .program = p, .id = js_get_int(spec, "id", 0) };
	if (js_is_int(given)) {
		size_t n = (size_t)js_int(given, 0);
		memset(buf_room(&body, n), 'x', n);
		body.len = n;
	} else {
		buf_add_str(&body, js_string(given, ""));
	}
	p->under_way++;
	asked->request = http_start(p->client, method[0] == 'P' ? HTTP_PUT : method[0] == 'H' ? HTTP_HEAD : HTTP_GET,
				    js_get_string(spec, "path", ""), &body, (size_t)js_get_int(spec, "limit", 1 << 26),
				    js_get_int(spec, "timeout_ms", 10000) * NS_PER_MS,
				    &(struct http_events){ .ended = on_ended, .ctx = asked });
	int64_t cancel = js_get_int(spec, "cancel_after_ms", -1);
	if (cancel == 0)
		http_cancel(asked->request);
	else if (cancel > 0)
		asked->timer = loop_add_timer(p->loop, cancel * NS_PER_MS, on_cancel, asked);
	buf_release(&body);
}

static int start_all(struct program *p, struct err *err)
{
	struct buf input = BUF_INIT;
	if (fs_read("/dev/stdin", INPUT_LIMIT, &input, err))
		return -1;
	for (char *line = strtok(input.data, "\n"); line; line = strtok(NULL, "\n")) {
		struct js *spec;
		if (js_parse(span_of(line), "a line of the input", &spec, err)) {
			buf_release(&input);
			return -1;
		}
		start(p, spec);
		js_free(spec);
	}
	buf_release(&input);
	return 0;
}

static const char *option(char **argv, const char *name)
{
	size_t len = strlen(name);
	for (; *argv; argv++)
		if (strncmp(*argv, name, len) == 0 && (*argv)[len] == '=')
			return *argv + len + 1;
	return NULL;
}

static int run(struct program *p, char **argv, struct arena *a, struct err *err)
{
	struct address address;
	struct credentials *credentials = NULL;
	const char *header = option(argv, "header"), *most = option(argv, "max_connections");
	const char *headers[] = { header, NULL };
	if (address_parse(argv[1], a, &address, err))
		return -1;
	const struct credentials_config secrets = { .loop = p->loop, .address = &address, .headers = headers,
						    .token_file = option(argv, "token_file"),
						    .helper = option(argv, "helper") };
	const struct tls_options tls = { .roots_file = option(argv, "roots"), .certificate_file = option(argv, "cert"),
					 .key_file = option(argv, "key") };
	if ((header || secrets.token_file || secrets.helper) && credentials_new(&secrets, &credentials, err))
		return -1;
	const struct http_config config = { .loop = p->loop, .address = &address, .tls = &tls,
					    .credentials = credentials,
					    .max_connections = most ? (unsigned)atoi(most) : 0 };
	int rc = http_open(&config, &p->client, err);
	if (rc == 0)
		rc = start_all(p, err);
	while (rc == 0 && p->under_way && !option(argv, "close_at_once"))
		rc = loop_run_once(p->loop, -1, err);
	if (rc == 0) {
		struct js *line = js_new_object();
		struct http_traffic t = http_traffic(p->client);
		js_set_int(line, "sent", (int64_t)t.sent);
		js_set_int(line, "received", (int64_t)t.received);
		js_set_int(line, "requests", (int64_t)t.requests);
		js_set_int(line, "connects", (int64_t)t.connects);
		print(line);
	}
	http_close(p->client);
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
		fprintf(stderr, "usage: http_run URL [NAME=VALUE ...]\n");
		return 2;
	}
	int rc = loop_new(&p.loop, &clock, &err);
	if (rc == 0)
		rc = run(&p, argv, &a, &err);
	if (rc)
		fprintf(stderr, "http_run: %s\n", err.message);
	loop_free(p.loop);
	arena_release(&a);
	err_release(&err);
	return rc ? 3 : 0;
}
