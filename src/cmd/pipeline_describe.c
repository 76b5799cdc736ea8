/* How the checker understands the command line: from the kept answer while its witness holds, else from the worker. */
#include <string.h>

#include "cmd/pipeline_internal.h"
#include "model/record.h"
#include "source/witness.h"
#include "sys/fs.h"
#include "sys/install.h"
#include "sys/path.h"

enum { STATE_LIMIT = 256 * 1024 * 1024, PROGRAM_LIMIT = 16 * 1024 * 1024, KEPT_VERSION = 2 };
static const char KEPT_MAGIC[] = "SEPQ";
enum { SOURCE_HAS_PATH = 1, SOURCE_IS_FOLLOWED = 2 };

static bool is_python_file(const struct fs_entry *e)
{
	size_t n = strlen(e->name);
	return e->kind != FILE_DIR && n > 3 && strcmp(e->name + n - 3, ".py") == 0;
}

/* The worker program is part of the toolchain: a digest over all its files. */
static int digest_worker(struct pipeline *p, struct err *err)
{
	struct fs_listing list;
	if (install_find_worker(&p->arena, p->checker->worker_program, &p->worker_program, err))
		return -1;
	const char *dir = path_dirname(&p->arena, p->worker_program);
	if (fs_list(dir, &p->arena, &list, err))
		return -1;
	struct hasher *h = hasher_new();
	struct buf bytes = BUF_INIT;
	int failed = 0;
	for (size_t i = 0; i < list.count && !failed; i++) {
		const char *name = list.entries[i].name, *path = path_join(&p->arena, dir, name);
		if (!is_python_file(&list.entries[i]))
			continue;
		buf_reset(&bytes);
		failed = fs_read(path, PROGRAM_LIMIT, &bytes, err);
		hasher_field(h, name, buf_span(&bytes));
		if (p->checker->action_program && strcmp(name, p->checker->action_program) == 0) {
			p->action_program = path;
			hash_sha256(buf_span(&bytes), &p->action_program_digest);
		}
	}
	hasher_finish(h, &p->worker_digest);
	buf_release(&bytes);
	return failed;
}
static int decode_answer(struct pipeline *p, struct err *err)
{
	if (described_decode(js_get(p->answer, "answer"), &p->arena, &p->described, err))
		return -1;
	p->described_ready = true;
	return 0;
}

static void put_sources(const struct described *d, struct buf *out)
{
	buf_put_u32(out, d->source_count);
	for (uint32_t i = 0; i < d->source_count; i++) {
		const struct described_source *s = &d->sources[i];
		buf_put_u8(out, (uint8_t)((s->path ? SOURCE_HAS_PATH : 0) | (s->followed ? SOURCE_IS_FOLLOWED : 0)));
		buf_put_str(out, s->path ? s->path : "");
		buf_put_str(out, s->module);
	}
}

static bool get_sources(struct pipeline *p, struct reader *r)
{
	struct described *d = &p->described;
	uint32_t n = reader_count(r, 9);
	d->sources = ARENA_ARRAY(&p->arena, struct described_source, n + 1);
	for (uint32_t i = 0; i < n && reader_ok(r); i++) {
		uint8_t flags = reader_u8(r);
		const char *path = record_string(r, &p->arena);
		d->sources[i].path = flags & SOURCE_HAS_PATH ? path : NULL;
		d->sources[i].module = record_string(r, &p->arena);
		d->sources[i].followed = (flags & SOURCE_IS_FOLLOWED) != 0;
	}
	d->source_count = n;
	return reader_done(r);
}

/*
 * The kept answer; one that was torn or is of another version is not there. The sources, most of what there is to say
 * of a large tree, are left out of the JSON.
 *
 *   describe := "SEPQ" version:u8=2 witness worker_digest:bytes answer:bytes(JSON) count:u32 source* xxh3:u64
 *   source   := flags:u8(1: has a path, 2: followed) path:bytes module:bytes
 */
static bool decode_kept(struct pipeline *p, struct span file)
{
	struct reader r;
	struct err ignored = ERR_INIT;
	if (!record_open(file, KEPT_MAGIC, KEPT_VERSION, &r) || !witness_holds(&r, NULL))
		return false;
	struct span worker = reader_bytes(&r), text = reader_bytes(&r);
	struct span now = { (const char *)p->worker_digest.bytes, DIGEST_SIZE };
	if (!reader_ok(&r) || !span_eq(worker, now))
		return false;
	bool usable = !js_parse(text, "the kept answer to `describe`", &p->answer, &ignored) && !decode_answer(p, &ignored);
	err_release(&ignored);
	if (usable && !get_sources(p, &r)) {
		described_release(&p->described);
		p->described_ready = usable = false;
	}
	if (!usable) {
		js_free(p->answer);
		p->answer = NULL;
	}
	return usable;
}

static bool load_answer(struct pipeline *p)
{
	struct buf file = BUF_INIT;
	struct err ignored = ERR_INIT;
	bool there = false;
	bool loaded = !fs_read_if_there(pipeline_state_file(p, "describe"), STATE_LIMIT, &file, &there, &ignored) &&
	              there && decode_kept(p, buf_span(&file));
	err_release(&ignored);
	buf_release(&file);
	return loaded;
}

static struct js *copy_without(const struct js *object, const char *left_out)
{
	struct js *copy = js_new_object();
	void *it = NULL;
	const char *key;
	const struct js *value;
	while (js_next(object, &it, &key, &value))
		if (strcmp(key, left_out) != 0)
			js_set(copy, key, js_copy(value));
	return copy;
}

static void put_answer(const struct js *answer, struct buf *out)
{
	struct buf text = BUF_INIT;
	struct js *copy = copy_without(answer, "answer");
	js_set(copy, "answer", copy_without(js_get(answer, "answer"), "sources"));
	js_write(copy, 0, &text);
	buf_put_bytes(out, buf_span(&text));
	js_free(copy);
	buf_release(&text);
}

static int save_answer(struct pipeline *p, struct err *err)
{
	const struct described *d = &p->described;
	const char *const *const lists[] = { (const char *const *)d->depend_files, (const char *const *)d->depend_absent,
		                             (const char *const *)d->depend_dirs };
	struct witness *w = witness_new(p->began_ns);
	for (size_t l = 0; l < 3; l++)
		for (const char *const *path = lists[l]; *path; path++)
			witness_path(w, *path);
	if (strchr(p->python, '/'))
		witness_path(w, p->python);
	for (uint32_t i = 0; i < d->depend_env_count; i++)
		witness_env(w, d->depend_env[i].name);
	witness_env(w, "PATH");
	struct buf out = BUF_INIT;
	size_t start = record_begin(&out, KEPT_MAGIC, KEPT_VERSION);
	witness_encode(w, &out);
	buf_put_bytes(&out, (struct span){ (const char *)p->worker_digest.bytes, DIGEST_SIZE });
	put_answer(p->answer, &out);
	put_sources(d, &out);
	record_seal(&out, start);
	int failed = fs_write_atomic(pipeline_state_file(p, "describe"), buf_span(&out), 0, err);
	witness_free(w);
	buf_release(&out);
	return failed;
}

static struct js *describe_request(const struct pipeline *p)
{
	struct js *frame = js_new_object(), *argv = js_new_array();
	js_set_string(frame, "op", "describe");
	js_set_string(frame, "cwd", p->cwd);
	for (const char **a = p->settings->paths; *a; a++)
		js_append(argv, js_new_string(*a));
	for (const char **a = p->settings->checker_args; *a; a++)
		js_append(argv, js_new_string(*a));
	js_set(frame, "argv", argv);
	return frame;
}

static int ask_worker(struct pipeline *p, struct err *err)
{
	if (pipeline_worker(p, err) || worker_ask(p->worker, describe_request(p), &p->answer, err))
		return err_wrap(err, "asking %s, which should be a Python interpreter, about its mypy", p->python);
	p->describe_processes++;
	const char *missing = js_get_string(p->answer, "missing", NULL);
	if (missing)
		return err_set(err, ERR_CHECKER,
		               "%s has no %s: %s; install it there (`%s -m pip install %s`) or give --python", p->python,
		               p->checker->name, missing, p->python, p->checker->name);
	const struct js *exit_status = js_get(p->answer, "exit");
	if (js_is_int(exit_status)) {
		p->refused = true;
		p->refused_exit = (int)js_int(exit_status, 2);
		p->refused_out = js_get_string(p->answer, "stdout", "");
		p->refused_err = js_get_string(p->answer, "stderr", "");
		return 0;
	}
	if (!js_is_object(js_get(p->answer, "answer")))
		return err_set(err, ERR_PROTOCOL, "the checker's worker did not answer `describe`: %s",
		               js_get_string(p->answer, "message", "no reason given"));
	return decode_answer(p, err) || save_answer(p, err) ? -1 : 0;
}

static int check_supported(const struct pipeline *p, struct err *err)
{
	const struct described *d = &p->described;
	if (strcmp(d->checker, p->checker->name) != 0)
		return err_set(err, ERR_PROTOCOL, "%s says that it drives %s, not %s; reinstall sepal", p->worker_program,
		               d->checker, p->checker->name);
	if (!p->checker->supports(d->format))
		return err_set(err, ERR_CHECKER,
		               "%s has %s %s, and sepal supports %s (the format of its artifacts is another); install one of "
		               "those, or give another interpreter with --python",
		               d->python, d->checker, d->version, p->checker->supported);
	if (d->refused[0])
		return err_set(err, ERR_USAGE, "%s", d->refused[0]);
	return 0;
}

static int make_setup(struct pipeline *p, struct err *err)
{
	const struct described *d = &p->described;
	struct buf versions = BUF_INIT;
	const char *file = path_join(&p->arena, d->typeshed, "stdlib/VERSIONS");
	int failed = fs_read(file, PROGRAM_LIMIT, &versions, err);
	if (!failed)
		hash_sha256(buf_span(&versions), &p->versions_file);
	buf_release(&versions);
	if (failed)
		return err_wrap(err, "looking for the standard library's stubs of %s", d->python);
	uint32_t plugins = 0;
	while (d->plugin_files[plugins])
		plugins++;
	struct digest *digests = ARENA_ARRAY(&p->arena, struct digest, plugins + 1);
	for (uint32_t i = 0; i < plugins; i++) {
		struct buf bytes = BUF_INIT;
		if (fs_read(d->plugin_files[i], PROGRAM_LIMIT, &bytes, err))
			return err_wrap(err, "reading a plugin of the checker");
		hash_sha256(buf_span(&bytes), &digests[i]);
		buf_release(&bytes);
	}
	p->setup = (struct checker_setup){
		.checker = p->checker,
		.action_program = p->action_program,
		.action_program_digest = p->action_program_digest,
		.plugin_digests = digests,
		.format = d->format,
		.version = d->version,
		.python = d->python,
		.python_version = d->python_version,
		.platform = d->platform,
		.target_major = d->target_major,
		.target_minor = d->target_minor,
		.typeshed = d->typeshed,
		.versions_file = p->versions_file,
		.options = d->options,
		.plugin_files = d->plugin_files,
		.plugin_config = d->plugin_config,
		.plugin_config_toml = d->plugin_config_toml,
	};
	key_toolchain(d, &p->worker_digest, &p->versions_file, &p->toolchain);
	return 0;
}

/* The interpreter needs longer to import the checker than the plan to be made. A failure shows when it is asked. */
static void start_early(struct pipeline *p)
{
	struct err ignored = ERR_INIT;
	if (p->kept && kept_worker_lives(p->kept->worker))
		return;
	if (p->expects_runs && strcmp(p->settings->runner, "worker") == 0 && pipeline_worker(p, &ignored))
		err_release(&ignored);
}

int pipeline_describe(struct pipeline *p, struct err *err)
{
	if (digest_worker(p, err))
		return -1;
	start_early(p);
	if (!load_answer(p) && ask_worker(p, err))
		return -1;
	if (p->refused)
		return 0;
	return check_supported(p, err) || make_setup(p, err) ? -1 : 0;
}
