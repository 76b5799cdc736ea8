#include "cmd/pipeline_executor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cmd/pipeline_internal.h"
#include "cmd/remote_server.h"
#include "exec/run_remote.h"
#include "model/record.h"
#include "sys/fs.h"
#include "sys/path.h"

#define WRAPPER "sepal_remote_action.py"

static const char KEPT_MAGIC[] = "SEPX";
enum { KEPT_VERSION = 1, KEPT_LIMIT = 64 * 1024 * 1024, FILE_LIMIT = 256 * 1024 * 1024, LEAST_FILE = 48 };

struct executor_side {
	struct pipeline *pipeline;
	struct remote_server server;
	struct remote_file *files;
	uint32_t file_count;
};

/* ---- options ---- */

int pipeline_executor_check(const struct settings *s, struct err *err)
{
	bool wanted = strcmp(s->runner, "remote") == 0;
	if (wanted && !s->remote.executor)
		return err_set(err, ERR_USAGE, "--runner remote wants to know where: give --remote-executor URL");
	if (!wanted && s->remote.executor)
		return err_set(err, ERR_USAGE, "--remote-executor does nothing by itself: give --runner remote with it");
	if (wanted && s->remote.jobs < 1)
		return err_set(err, ERR_USAGE, "--remote-jobs wants at least 1");
	for (const char **pair = s->remote.platform; *pair; pair++)
		if (!strchr(*pair, '='))
			return err_set(err, ERR_USAGE, "--remote-platform wants KEY=VALUE, not `%s`", *pair);
	if (wanted && s->remote.executor && strncmp(s->remote.executor, "http", 4) == 0)
		return err_set(err, ERR_USAGE, "%s is no executor: those have addresses that begin with grpc:// or grpcs://",
		               s->remote.executor);
	return wanted ? remote_server_check(&s->remote, s->remote.executor, err) : 0;
}

static const struct reapi_pair *platform_of(struct pipeline *p, uint32_t *ret_count)
{
	const char **given = p->settings->remote.platform;
	uint32_t n = 0;
	while (given[n])
		n++;
	struct reapi_pair *pairs = ARENA_ARRAY(&p->arena, struct reapi_pair, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		const char *value = strchr(given[i], '=');
		pairs[i] = (struct reapi_pair){ arena_strndup(&p->arena, given[i], (size_t)(value - given[i])), value + 1 };
	}
	*ret_count = n;
	return pairs;
}

/* "python3.11" for "3.11.7". */
static const char *python_there(struct pipeline *p)
{
	const char *version = p->described.python_version, *dot = strchr(version, '.');
	const char *end = dot ? strchr(dot + 1, '.') : NULL;
	if (p->settings->remote.python)
		return p->settings->remote.python;
	return arena_printf(&p->arena, "python%.*s", (int)(end ? (size_t)(end - version) : strlen(version)), version);
}

/* ---- the checker's files ---- */

static bool decode_kept(struct executor_side *s, struct span file)
{
	struct pipeline *p = s->pipeline;
	struct span toolchain = { (const char *)p->toolchain.bytes, DIGEST_SIZE };
	struct reader r;
	if (!record_open(file, KEPT_MAGIC, KEPT_VERSION, &r) || !span_eq(reader_bytes(&r), toolchain) ||
	    !span_eq_str(reader_bytes(&r), p->python))
		return false;
	uint32_t n = reader_count(&r, LEAST_FILE);
	s->files = ARENA_ARRAY(&p->arena, struct remote_file, n + 1);
	for (uint32_t i = 0; i < n && reader_ok(&r); i++) {
		struct remote_file *f = &s->files[i];
		f->name = record_string(&r, &p->arena);
		f->path = record_string(&r, &p->arena);
		struct span digest = reader_raw(&r, DIGEST_SIZE);
		if (reader_ok(&r))
			memcpy(f->blob.digest.bytes, digest.data, DIGEST_SIZE);
		f->blob.size = reader_u64(&r);
	}
	s->file_count = n;
	return reader_done(&r);
}

static bool load_files(struct executor_side *s)
{
	struct buf file = BUF_INIT;
	struct err ignored = ERR_INIT;
	bool there = false;
	bool loaded = !fs_read_if_there(pipeline_state_file(s->pipeline, "files"), KEPT_LIMIT, &file, &there, &ignored) &&
	              there && decode_kept(s, buf_span(&file));
	err_release(&ignored);
	buf_release(&file);
	return loaded;
}

static int save_files(struct executor_side *s, struct err *err)
{
	struct pipeline *p = s->pipeline;
	struct buf out = BUF_INIT;
	size_t start = record_begin(&out, KEPT_MAGIC, KEPT_VERSION);
	buf_put_bytes(&out, (struct span){ (const char *)p->toolchain.bytes, DIGEST_SIZE });
	buf_put_str(&out, p->python);
	buf_put_u32(&out, s->file_count);
	for (uint32_t i = 0; i < s->file_count; i++) {
		const struct remote_file *f = &s->files[i];
		buf_put_str(&out, f->name);
		buf_put_str(&out, f->path);
		buf_add(&out, f->blob.digest.bytes, DIGEST_SIZE);
		buf_put_u64(&out, f->blob.size);
	}
	record_seal(&out, start);
	int failed = fs_write_atomic(pipeline_state_file(p, "files"), buf_span(&out), 0, err);
	buf_release(&out);
	return failed;
}

static int look_at_file(struct executor_side *s, const struct js *pair, struct err *err)
{
	struct pipeline *p = s->pipeline;
	struct remote_file *f = &s->files[s->file_count++];
	struct buf bytes = BUF_INIT;
	f->name = arena_strdup(&p->arena, js_string(js_at(pair, 0), ""));
	f->path = arena_strdup(&p->arena, js_string(js_at(pair, 1), ""));
	if (!action_path_is_inside(f->name) || !path_is_absolute(f->path))
		return err_set(err, ERR_PROTOCOL, "the checker's worker names a file `%s` at `%s`", f->name, f->path);
	int failed = fs_read(f->path, FILE_LIMIT, &bytes, err);
	f->blob = remote_blob_of(buf_span(&bytes));
	buf_release(&bytes);
	return failed;
}

static int ask_for_files(struct executor_side *s, struct err *err)
{
	struct pipeline *p = s->pipeline;
	struct js *frame = js_new_object(), *answer;
	js_set_string(frame, "op", "files");
	js_set(frame, "plugins", p->described.plugins ? js_copy(p->described.plugins) : js_new_array());
	if (pipeline_worker(p, err)) {
		js_free(frame);
		return -1;
	}
	if (worker_ask(p->worker, frame, &answer, err))
		return -1;
	const struct js *list = js_get(answer, "files");
	int failed = 0;
	s->files = ARENA_ARRAY(&p->arena, struct remote_file, js_len(list) + 1);
	for (size_t i = 0; i < js_len(list) && !failed; i++)
		failed = look_at_file(s, js_at(list, i), err);
	if (!js_is_array(list))
		failed = err_set(err, ERR_PROTOCOL, "the checker's worker did not answer `files`");
	js_free(answer);
	if (failed || save_files(s, err))
		return err_wrap(err, "listing the files of %s for the executor", p->checker->name);
	return 0;
}

/* ---- the runner ---- */

static void on_problem(void *ctx, const struct err *err)
{
	const struct pipeline *p = ctx;
	if (!p->settings->quiet)
		fprintf(stderr, "sepal: warning: %s; what the executor does not run runs here\n", err->message);
}

static int open_side(struct pipeline *p, struct err *err)
{
	if (p->executor)
		return 0;
	struct executor_side *s = p->executor = xcalloc(1, sizeof *s);
	s->pipeline = p;
	if (remote_server_open(&s->server, &p->settings->remote, p->settings->remote.executor, p->loop, err))
		return -1;
	return load_files(s) || !ask_for_files(s, err) ? 0 : -1;
}

int pipeline_executor_runner(struct pipeline *p, const struct runner_config *config,
                             int (*make_worker)(void *pipeline, const struct runner_events *events,
                                                struct runner **ret, struct err *err),
                             struct runner **ret, struct err *err)
{
	const struct remote_settings *set = &p->settings->remote;
	*ret = NULL;
	if (open_side(p, err))
		return -1;
	const struct executor_side *s = p->executor;
	struct runner_remote_config remote = {
		.address = &s->server.address,
		.tls = &s->server.tls,
		.credentials = s->server.credentials,
		.timeout_ns = s->server.timeout_ns,
		.python = python_there(p),
		.files = s->files,
		.file_count = s->file_count,
		.wrapper = path_join(&p->arena, path_dirname(&p->arena, p->worker_program), WRAPPER),
		.jobs = set->jobs,
		/* what ran here would say nothing about the executor */
		.fall_back = strcmp(set->fallback, "local") == 0 && p->settings->verb != VERB_VERIFY,
		.race_after_ns = (int64_t)set->race_after_seconds * NS_PER_S,
		.make_worker = make_worker,
		.problem = on_problem,
		.ctx = p,
	};
	remote.platform = platform_of(p, &remote.platform_count);
	if (!runner_remote_new(config, &remote, ret, err))
		return 0;
	if (!remote.fall_back || (err->kind != ERR_IO && err->kind != ERR_PROTOCOL))
		return err_wrap(err, "asking %s to run units", set->executor);
	on_problem(p, err);
	err_release(err);
	return 0;
}

void pipeline_close_executor(struct pipeline *p)
{
	if (p->executor)
		remote_server_close(&p->executor->server);
	free(p->executor);
	p->executor = NULL;
}
