/*
 * Encodes messages of the Remote Execution API for tests/remote/test_messages_oracle.py: a JSON array of messages on
 * standard input, an array of their bytes in hexadecimal on standard output. Digests are [HASH, SIZE].
 *
 *   {"command": {"arguments": [], "environment": [[NAME, VALUE]], "outputs": [], "dir": "",
 *                "platform": [[NAME, VALUE]], "as_files": false}}
 *   {"action": {"command": D, "root": D, "timeout_ns": N, "do_not_cache": false, "salt": "", "platform": []}}
 *   {"directory": {"files": [[NAME, D, EXECUTABLE]], "dirs": [[NAME, D]]}}
 *   {"result": {"exit_code": N, "files": [[PATH, D, EXECUTABLE]], "stdout": "", "stderr": D or null}}
 *   {"execute": {"instance": "", "action": D, "priority": N, "skip_cache": false}}
 *   {"find": {"instance": "", "blobs": [D]}}
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "remote/messages_execute.h"

static struct remote_blob blob_of(const struct js *j)
{
	struct remote_blob blob = { { { 0 } }, (uint64_t)js_int(js_at(j, 1), 0) };
	if (!digest_from_hex(&blob.digest, span_of(js_string(js_at(j, 0), ""))))
		BUG("no digest");
	return blob;
}

static const char **strings(const struct js *j, struct arena *a)
{
	const char **list = ARENA_ARRAY(a, const char *, js_len(j));
	for (size_t i = 0; i < js_len(j); i++)
		list[i] = js_string(js_at(j, i), "");
	return list;
}

static struct reapi_pair *pairs(const struct js *j, struct arena *a)
{
	struct reapi_pair *list = ARENA_ARRAY(a, struct reapi_pair, js_len(j));
	for (size_t i = 0; i < js_len(j); i++)
		list[i] = (struct reapi_pair){ js_string(js_at(js_at(j, i), 0), ""), js_string(js_at(js_at(j, i), 1), "") };
	return list;
}

static uint32_t count_of(const struct js *object, const char *key)
{
	return (uint32_t)js_len(js_get(object, key));
}

static void dump_command(const struct js *j, struct arena *a, struct buf *out)
{
	struct reapi_command c = { strings(js_get(j, "arguments"), a), count_of(j, "arguments"),
				   pairs(js_get(j, "environment"), a), count_of(j, "environment"),
				   strings(js_get(j, "outputs"), a), count_of(j, "outputs"), js_get_string(j, "dir", ""),
				   pairs(js_get(j, "platform"), a), count_of(j, "platform"),
				   js_get_bool(j, "as_files", false) };
	reapi_encode_command(&c, out);
}

static void dump_action(const struct js *j, struct arena *a, struct buf *out)
{
	struct reapi_action action = { blob_of(js_get(j, "command")), blob_of(js_get(j, "root")),
				       js_get_int(j, "timeout_ns", 0), js_get_bool(j, "do_not_cache", false),
				       span_of(js_get_string(j, "salt", "")), pairs(js_get(j, "platform"), a),
				       count_of(j, "platform") };
	reapi_encode_action(&action, out);
}

static void dump_directory(const struct js *j, struct arena *a, struct buf *out)
{
	const struct js *files = js_get(j, "files"), *dirs = js_get(j, "dirs");
	struct reapi_directory d = { .file_count = count_of(j, "files"), .dir_count = count_of(j, "dirs") };
	d.files = ARENA_ARRAY(a, struct reapi_dir_file, d.file_count);
	d.dirs = ARENA_ARRAY(a, struct reapi_dir_dir, d.dir_count);
	for (uint32_t i = 0; i < d.file_count; i++) {
		const struct js *f = js_at(files, i);
		d.files[i] = (struct reapi_dir_file){ js_string(js_at(f, 0), ""), blob_of(js_at(f, 1)),
						      js_bool(js_at(f, 2), false) };
	}
	for (uint32_t i = 0; i < d.dir_count; i++) {
		const struct js *f = js_at(dirs, i);
		d.dirs[i] = (struct reapi_dir_dir){ js_string(js_at(f, 0), ""), blob_of(js_at(f, 1)) };
	}
	reapi_encode_directory(&d, out);
}

static void dump_result(const struct js *j, struct arena *a, struct buf *out)
{
	const struct js *files = js_get(j, "files"), *err = js_get(j, "stderr");
	struct reapi_result r = { .exit_code = (int32_t)js_get_int(j, "exit_code", 0), .file_count = count_of(j, "files") };
	r.files = ARENA_ARRAY(a, struct reapi_file, r.file_count);
	for (uint32_t i = 0; i < r.file_count; i++) {
		const struct js *f = js_at(files, i);
		r.files[i] = (struct reapi_file){ .path = js_string(js_at(f, 0), ""), .blob = blob_of(js_at(f, 1)),
						  .executable = js_bool(js_at(f, 2), false) };
	}
	r.out.raw = span_of(js_get_string(j, "stdout", ""));
	r.err.has_blob = js_is_array(err);
	if (r.err.has_blob)
		r.err.blob = blob_of(err);
	reapi_encode_result(&r, out);
}

static void dump_execute(const struct js *j, struct arena *a, struct buf *out)
{
	(void)a;
	struct reapi_execute e = { .instance = js_get_string(j, "instance", ""), .action = blob_of(js_get(j, "action")),
				   .priority = (int32_t)js_get_int(j, "priority", 0),
				   .skip_cache = js_get_bool(j, "skip_cache", false) };
	reapi_encode_execute(&e, out);
}

static void dump_find(const struct js *j, struct arena *a, struct buf *out)
{
	uint32_t count = count_of(j, "blobs");
	struct remote_blob *blobs = ARENA_ARRAY(a, struct remote_blob, count);
	for (uint32_t i = 0; i < count; i++)
		blobs[i] = blob_of(js_at(js_get(j, "blobs"), i));
	reapi_encode_find_missing(js_get_string(j, "instance", ""), blobs, count, out);
}

static const struct {
	const char *name;
	void (*dump)(const struct js *j, struct arena *a, struct buf *out);
} kinds[] = {
	{ "command", dump_command }, { "action", dump_action },	  { "directory", dump_directory },
	{ "result", dump_result },   { "execute", dump_execute }, { "find", dump_find },
};

static struct js *dump(const struct js *message)
{
	struct arena a = ARENA_INIT;
	struct buf bytes = BUF_INIT, hex = BUF_INIT;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (js_get(message, kinds[i].name))
			kinds[i].dump(js_get(message, kinds[i].name), &a, &bytes);
	hex_encode(&hex, bytes.data, bytes.len);
	struct js *text = js_new_string_n(buf_span(&hex));
	buf_release(&bytes);
	buf_release(&hex);
	arena_release(&a);
	return text;
}

int main(void)
{
	struct buf in = BUF_INIT, out = BUF_INIT;
	struct err err = ERR_INIT;
	struct js *messages, *answers = js_new_array();
	for (ssize_t n; (n = read(0, buf_room(&in, 65536), 65536)) > 0;)
		in.len += (size_t)n;
	if (js_parse(buf_span(&in), "the input", &messages, &err) < 0) {
		fprintf(stderr, "messages_dump: %s\n", err.message);
		return 2;
	}
	for (size_t i = 0; i < js_len(messages); i++)
		js_append(answers, dump(js_at(messages, i)));
	js_write(answers, 0, &out);
	puts(out.data);
	js_free(messages);
	js_free(answers);
	buf_release(&in);
	buf_release(&out);
	return 0;
}
