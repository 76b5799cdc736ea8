/*
 * Drives remote/cache.h for tests/remote/test_cache*.py: remote_probe URL [NAME=VALUE ...]. Each line of its input is a
 * JSON array of requests, which are all made before the loop runs; when the last one has its answer, a line with the
 * array of answers is written. It ends with its input. Blobs are files in the directory dir=DIR, each called by its
 * hash: that is where bytes for sending come from, and where fetched ones are written.
 *
 *   {"get": KEY}                                   -> {"answer": "found", "record": TEXT, "len": N, "digest": HASH}
 *   {"fetch": [[HASH, SIZE], ...]}                 -> {"found": N, "missing": N, "failed": N}
 *   {"find": [[HASH, SIZE], ...]}                  -> {"answer": "found", "missing": [0, 1, ...]}
 *   {"put": KEY, "record": TEXT, "blobs": [[HASH, SIZE], ...]}   -> {}     (N for TEXT: so many bytes)
 *   {"send": [[HASH, SIZE], ...]}                  -> {"answer": "found"}
 *   {"finish": MILLISECONDS}                       -> {}
 *   {"counters": true}                             -> the counters, and what `problem` was told
 *
 * upload=auto|yes|no, timeout_ms=N, patience_ms=N, token_file=, header=, helper=, roots=, cert=, key= as they are
 * called.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "net/credentials.h"
#include "net/tls.h"
#include "remote/cache.h"
#include "sys/fs.h"

struct probe {
	struct loop *loop;
	struct remote_cache *cache;
	const char *dir;
	struct buf problems;
	uint32_t waits; /* requests of this line without an answer */
};

struct request {
	struct probe *probe;
	struct js *answer;
	struct remote_blob *blobs;
	uint32_t count, answered, tally[3];
};

static const char *const answer_names[] = { "found", "missing", "failed" };

static void say(struct request *r, enum remote_answer answer)
{
	js_set_string(r->answer, "answer", answer_names[answer]);
	r->probe->waits--;
}

static void record_came(void *ctx, enum remote_answer answer, struct span record)
{
	struct request *r = ctx;
	struct digest digest;
	char hex[DIGEST_HEX_SIZE + 1];
	hash_sha256(record, &digest);
	digest_hex(&digest, hex);
	js_set(r->answer, "record", js_new_string_n((struct span){ record.data, record.len < 200 ? record.len : 200 }));
	js_set_int(r->answer, "len", (int64_t)record.len);
	js_set_string(r->answer, "digest", hex);
	say(r, answer);
}

static char *path_of(const struct probe *p, const struct remote_blob *blob, struct arena *a)
{
	char hex[DIGEST_HEX_SIZE + 1];
	digest_hex(&blob->digest, hex);
	return arena_printf(a, "%s/%s", p->dir, hex);
}

static void blob_came(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes)
{
	struct request *r = ctx;
	struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	r->tally[answer]++;
	if (answer == REMOTE_FOUND && r->probe->dir &&
	    fs_write_atomic(path_of(r->probe, &r->blobs[index], &a), bytes, 0, &err) < 0) {
		fprintf(stderr, "remote_probe: %s\n", err.message);
		exit(3);
	}
	arena_release(&a);
	if (++r->answered < r->count)
		return;
	for (size_t i = 0; i < 3; i++)
		js_set_int(r->answer, answer_names[i], r->tally[i]);
	r->probe->waits--;
}

static void missing_came(void *ctx, enum remote_answer answer, const unsigned char *missing)
{
	struct request *r = ctx;
	struct js *list = js_new_array();
	for (uint32_t i = 0; missing && i < r->count; i++)
		js_append(list, js_new_int(missing[i]));
	js_set(r->answer, "missing", list);
	say(r, answer);
}

static void was_sent(void *ctx, enum remote_answer answer)
{
	say(ctx, answer);
}

static bool read_blob(void *ctx, const struct remote_blob *blob, struct buf *out)
{
	struct probe *p = ctx;
	struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	bool there = p->dir && fs_read(path_of(p, blob, &a), REMOTE_BLOB_LIMIT, out, &err) == 0;
	err_release(&err);
	arena_release(&a);
	return there;
}

static void problem(void *ctx, const struct err *err)
{
	struct probe *p = ctx;
	buf_addf(&p->problems, "%s\n", err->message);
}

static struct js *counters(const struct probe *p)
{
	struct remote_counters c = remote_cache_counters(p->cache);
	const struct { const char *name; uint64_t value; } rows[] = {
		{ "records_asked", c.records_asked }, { "records_found", c.records_found },
		{ "records_sent", c.records_sent }, { "blobs_asked", c.blobs_asked }, { "blobs_found", c.blobs_found },
		{ "blobs_sent", c.blobs_sent }, { "blobs_there", c.blobs_there },
		{ "bytes_received", c.bytes_received }, { "bytes_sent", c.bytes_sent }, { "calls", c.calls },
		{ "waited_us", (uint64_t)(c.waited_ns / 1000) },
		{ "corrupt", c.corrupt }, { "failed", c.failed }, { "dropped", c.dropped },
	};
	struct js *j = js_new_object();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		js_set_int(j, rows[i].name, (int64_t)rows[i].value);
	js_set_string(j, "problems", p->problems.len ? p->problems.data : "");
	js_set_bool(j, "given_up", remote_cache_is_given_up(p->cache));
	return j;
}

static struct digest digest_of(const char *hex)
{
	struct digest d;
	if (!digest_from_hex(&d, span_of(hex))) {
		fprintf(stderr, "remote_probe: %s is no digest\n", hex);
		exit(2);
	}
	return d;
}

static void take_blobs(struct request *r, const struct js *list)
{
	r->count = (uint32_t)js_len(list);
	r->blobs = xcalloc(r->count + 1u, sizeof *r->blobs);
	for (uint32_t i = 0; i < r->count; i++) {
		const struct js *pair = js_at(list, i);
		r->blobs[i] = (struct remote_blob){ digest_of(js_string(js_at(pair, 0), "")),
						    (uint64_t)js_int(js_at(pair, 1), 0) };
	}
}

static void put_record(struct request *r, const struct js *spec)
{
	const struct js *record = js_get(spec, "record");
	struct digest key = digest_of(js_get_string(spec, "put", ""));
	struct buf bytes = BUF_INIT;
	take_blobs(r, js_get(spec, "blobs"));
	if (js_is_int(record)) {
		size_t len = (size_t)js_int(record, 0);
		memset(buf_room(&bytes, len), 'r', len);
		bytes.len = len;
	} else {
		buf_add_str(&bytes, js_string(record, ""));
	}
	remote_put(r->probe->cache, &key, buf_span(&bytes), r->blobs, r->count);
	buf_release(&bytes);
	r->probe->waits--;
}

static void start(struct request *r, const struct js *spec)
{
	struct probe *p = r->probe;
	struct err err = ERR_INIT;
	p->waits++;
	if (js_get(spec, "get")) {
		struct digest key = digest_of(js_get_string(spec, "get", ""));
		remote_get_record(p->cache, &key, record_came, r);
	} else if (js_get(spec, "fetch")) {
		take_blobs(r, js_get(spec, "fetch"));
		remote_get_blobs(p->cache, r->blobs, r->count, blob_came, r);
	} else if (js_get(spec, "find")) {
		take_blobs(r, js_get(spec, "find"));
		remote_find_missing(p->cache, r->blobs, r->count, missing_came, r);
	} else if (js_get(spec, "put")) {
		put_record(r, spec);
	} else if (js_get(spec, "send")) {
		take_blobs(r, js_get(spec, "send"));
		remote_put_blobs(p->cache, r->blobs, NULL, r->count, was_sent, r);
	} else {
		p->waits--;
		if (js_get(spec, "finish") &&
		    remote_cache_finish(p->cache, js_get_int(spec, "finish", 0) * NS_PER_MS, &err) < 0)
			js_set_string(r->answer, "error", err.message);
		if (js_get(spec, "counters")) {
			js_free(r->answer);
			r->answer = counters(p);
		}
	}
	err_release(&err);
}

static int do_line(struct probe *p, struct span line, struct err *err)
{
	struct js *spec, *answers = js_new_array();
	if (js_parse(line, "a line of the input", &spec, err) < 0)
		return -1;
	size_t count = js_len(spec);
	struct request *requests = xcalloc(count + 1, sizeof *requests);
	int rc = 0;
	for (size_t i = 0; i < count; i++) {
		requests[i] = (struct request){ .probe = p, .answer = js_new_object() };
		start(&requests[i], js_at(spec, i));
	}
	while (rc == 0 && p->waits)
		rc = loop_run_once(p->loop, -1, err);
	for (size_t i = 0; i < count; i++) {
		js_append(answers, requests[i].answer);
		free(requests[i].blobs);
	}
	struct buf text = BUF_INIT;
	js_write(answers, 0, &text);
	puts(text.data);
	fflush(stdout);
	buf_release(&text);
	js_free(answers);
	js_free(spec);
	free(requests);
	return rc;
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

static enum remote_upload_policy policy_of(const char *name)
{
	if (!name || strcmp(name, "auto") == 0)
		return REMOTE_UPLOAD_AUTO;
	return strcmp(name, "yes") == 0 ? REMOTE_UPLOAD_YES : REMOTE_UPLOAD_NO;
}

static int run(struct probe *p, char **argv, struct arena *a, struct err *err)
{
	struct address address;
	if (address_parse(argv[1], a, &address, err) < 0)
		return -1;
	const char *header = option(argv, "header"), *headers[] = { header, NULL };
	const char *timeout_ms = option(argv, "timeout_ms"), *patience_ms = option(argv, "patience_ms");
	const struct credentials_config secrets = { .loop = p->loop, .address = &address, .headers = headers,
						    .token_file = option(argv, "token_file"),
						    .helper = option(argv, "helper") };
	const struct tls_options tls = { .roots_file = option(argv, "roots"), .certificate_file = option(argv, "cert"),
					 .key_file = option(argv, "key") };
	struct credentials *credentials = NULL;
	if ((header || secrets.token_file || secrets.helper) && credentials_new(&secrets, &credentials, err) < 0)
		return -1;
	p->dir = option(argv, "dir");
	const struct remote_cache_config config = {
		.loop = p->loop, .address = &address, .tls = &tls, .credentials = credentials,
		.invocation = "00000000-0000-4000-8000-000000000000",
		.timeout_ns = timeout_ms ? strtoll(timeout_ms, NULL, 10) * NS_PER_MS : 0,
		.patience_ns = patience_ms ? strtoll(patience_ms, NULL, 10) * NS_PER_MS : 0,
		.upload = policy_of(option(argv, "upload")), .read_blob = read_blob, .problem = problem, .ctx = p,
	};
	int rc = remote_cache_open(&config, &p->cache, err);
	char *line = NULL;
	size_t room = 0;
	for (ssize_t len; rc == 0 && (len = getline(&line, &room, stdin)) > 0;)
		rc = do_line(p, (struct span){ line, (size_t)len }, err);
	free(line);
	remote_cache_close(p->cache);
	credentials_free(credentials);
	return rc;
}

int main(int argc, char **argv)
{
	struct probe p = { 0 };
	struct clock clock = clock_system();
	struct err err = ERR_INIT;
	struct arena a = ARENA_INIT;
	if (argc < 2) {
		fprintf(stderr, "usage: remote_probe URL [NAME=VALUE ...]\n");
		return 2;
	}
	int rc = loop_new(&p.loop, &clock, &err);
	if (rc == 0)
		rc = run(&p, argv, &a, &err);
	if (rc)
		fprintf(stderr, "remote_probe: %s\n", err.message);
	loop_free(p.loop);
	arena_release(&a);
	buf_release(&p.problems);
	err_release(&err);
	return rc ? 3 : 0;
}
