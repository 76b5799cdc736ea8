#include "cmd/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "source/witness.h"
#include "sys/fs.h"
#include "sys/install.h"
#include "sys/path.h"

enum { STATE_LIMIT = 256 * 1024 * 1024, PROGRAM_LIMIT = 16 * 1024 * 1024, MAX_REPLANS = 16 };

/* ---- open ---- */

static int find_python(struct pipeline *p, struct err *err)
{
	const char *venv = getenv("VIRTUAL_ENV");
	const char *here = path_join(&p->arena, p->cwd, ".venv/bin/python");
	p->python = p->settings->python;
	if (!p->python && venv && *venv)
		p->python = path_join(&p->arena, venv, "bin/python");
	if (!p->python && fs_is_file(here))
		p->python = here;
	if (!p->python)
		p->python = "python3";
	if (strchr(p->python, '/')) {
		p->python = path_absolute(&p->arena, p->cwd, p->python);
		if (!fs_is_file(p->python))
			return err_set(err, ERR_CHECKER,
			               "there is no Python interpreter at %s; give the one that has mypy with --python", p->python);
	}
	return 0;
}

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

/* Which command line this is, within the work tree. */
static void name_run(struct pipeline *p)
{
	struct hasher *h = hasher_new();
	struct digest d;
	char hex[DIGEST_HEX_SIZE + 1];
	hasher_field_str(h, "checker", p->settings->checker);
	hasher_field_str(h, "python", p->python);
	for (const char **a = p->settings->paths; *a; a++)
		hasher_field_str(h, "path", *a);
	for (const char **a = p->settings->checker_args; *a; a++)
		hasher_field_str(h, "argument", *a);
	hasher_finish(h, &d);
	digest_hex(&d, hex);
	p->run_name = arena_strndup(&p->arena, hex, 16);
}

int pipeline_open(struct pipeline *p, const struct settings *s, struct err *err)
{
	const char *real;
	struct digest tree;
	memset(p, 0, sizeof *p);
	p->settings = s;
	p->checker = checker_find(s->checker);
	p->clock = clock_system();
	p->began_ns = clock_wall_ns(&p->clock);
	if (fs_cwd(&p->arena, &p->cwd, err) || find_python(p, err) || fs_realpath(&p->arena, p->cwd, &real, err))
		return -1;
	name_run(p);
	if (store_open_local(s->store, &p->store, err))
		return -1;
	hash_sha256(span_of(real), &tree);
	return store_state_dir(p->store, &tree, &p->state_dir, err);
}

const char *pipeline_state_file(struct pipeline *p, const char *kind)
{
	return arena_printf(&p->arena, "%s/%s-%s", p->state_dir, kind, p->run_name);
}

/* ---- describe ---- */

static int ensure_worker(struct pipeline *p, struct err *err)
{
	if (!p->loop && loop_new(&p->loop, &p->clock, err))
		return -1;
	return p->worker ? 0 : worker_start(p->loop, p->python, p->worker_program, &p->worker, err);
}

static int decode_answer(struct pipeline *p, struct err *err)
{
	if (described_decode(js_get(p->answer, "answer"), &p->arena, &p->described, err))
		return -1;
	p->described_ready = true;
	return 0;
}

/* The kept answer: a witness, then the answer's JSON. */
static int load_answer(struct pipeline *p, struct err *err)
{
	struct buf file = BUF_INIT;
	bool there;
	int failed = fs_read_if_there(pipeline_state_file(p, "describe"), STATE_LIMIT, &file, &there, err);
	if (!failed && there) {
		struct reader r = reader_of(buf_span(&file));
		bool holds = witness_holds(&r, NULL);
		struct span worker = reader_bytes(&r), text = reader_bytes(&r);
		struct span now = { (const char *)p->worker_digest.bytes, DIGEST_SIZE };
		if (holds && reader_done(&r) && span_eq(worker, now))
			failed = js_parse(text, "the kept answer to `describe`", &p->answer, err) || decode_answer(p, err);
	}
	buf_release(&file);
	return failed ? -1 : 0;
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
	struct buf out = BUF_INIT, text = BUF_INIT;
	witness_encode(w, &out);
	js_write(p->answer, 0, &text);
	buf_put_bytes(&out, (struct span){ (const char *)p->worker_digest.bytes, DIGEST_SIZE });
	buf_put_bytes(&out, buf_span(&text));
	int failed = fs_write_atomic(pipeline_state_file(p, "describe"), buf_span(&out), 0, err);
	witness_free(w);
	buf_release(&out);
	buf_release(&text);
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
	if (ensure_worker(p, err) || worker_ask(p->worker, describe_request(p), &p->answer, err))
		return -1;
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
		return err_set(err, ERR_USAGE, "sepal cannot honour %s", d->refused[0]);
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

int pipeline_describe(struct pipeline *p, struct err *err)
{
	if (digest_worker(p, err) || load_answer(p, err))
		return -1;
	if (!p->described_ready && ask_worker(p, err))
		return -1;
	if (p->refused)
		return 0;
	return check_supported(p, err) || make_setup(p, err) ? -1 : 0;
}

/* ---- plan ---- */

static bool follow_untyped(void *ctx, const char *module)
{
	struct options *o = ctx;
	return options_import(o, options_of(o, module)).follow_untyped;
}

static int open_resolver(struct pipeline *p, struct err *err)
{
	const struct described *d = &p->described;
	struct resolver_config *c = ARENA_NEW(&p->arena, struct resolver_config);
	*c = (struct resolver_config){
		.python_path = d->python_path,
		.mypy_path = d->mypy_path,
		.package_path = d->package_path,
		.typeshed_path = d->typeshed_path,
		.typeshed = d->typeshed,
		.cwd = p->cwd,
		.python_major = d->target_major,
		.python_minor = d->target_minor,
		.namespace_packages = d->namespace_packages,
		.stub_distributions = d->stub_distributions,
		.stub_distribution_count = d->stub_distribution_count,
		.follow_untyped_imports = follow_untyped,
		.ctx = d->options,
	};
	return resolver_new(c, &p->resolver, err);
}

/* Dependencies discovered by earlier runs: "module name name...\n" lines. Losing the file costs a second plan. */
static void load_discovered(struct pipeline *p)
{
	struct buf file = BUF_INIT;
	struct err ignored = ERR_INIT;
	bool there;
	if (!fs_read_if_there(pipeline_state_file(p, "discovered"), STATE_LIMIT, &file, &there, &ignored) && there) {
		char *save_line, *text = arena_strndup(&p->arena, file.data, file.len);
		for (char *line = strtok_r(text, "\n", &save_line); line; line = strtok_r(NULL, "\n", &save_line)) {
			char *save_word, *module = strtok_r(line, " ", &save_word);
			const char **names = ARENA_ARRAY(&p->arena, const char *, strlen(save_word) / 2 + 2);
			uint32_t n = 0;
			for (char *word = strtok_r(NULL, " ", &save_word); word; word = strtok_r(NULL, " ", &save_word))
				names[n++] = word;
			if (!module || !n)
				continue;
			p->discovered = xrealloc(p->discovered, (p->discovered_count + 1) * sizeof *p->discovered);
			p->discovered[p->discovered_count++] = (struct plan_discovered){ module, names };
		}
	}
	err_release(&ignored);
	buf_release(&file);
}

static int save_discovered(struct pipeline *p, struct err *err)
{
	struct buf out = BUF_INIT;
	for (uint32_t i = 0; i < p->discovered_count; i++) {
		buf_add_str(&out, p->discovered[i].module);
		for (const char **n = p->discovered[i].names; *n; n++)
			buf_addf(&out, " %s", *n);
		buf_add_char(&out, '\n');
	}
	int failed = fs_write_atomic(pipeline_state_file(p, "discovered"), buf_span(&out), 0, err);
	buf_release(&out);
	return failed;
}

static int make_plan(struct pipeline *p, struct err *err)
{
	struct plan_inputs in = {
		&p->described, p->cwd, p->resolver, p->stats, p->scans, p->discovered, p->discovered_count
	};
	if (p->planned)
		plan_release(&p->plan);
	p->planned = false;
	if (plan_make(&in, &p->plan, err))
		return -1;
	p->planned = true;
	return 0;
}

int pipeline_plan(struct pipeline *p, struct err *err)
{
	if (open_resolver(p, err) ||
	    statcache_open(path_join(&p->arena, p->state_dir, "stat"), p->began_ns, &p->stats, err) ||
	    gitindex_open(p->cwd, &p->git, err))
		return -1;
	if (p->git)
		statcache_use_git(p->stats, p->git);
	p->scans = scan_cache_open(path_join(&p->arena, p->state_dir, "scan"));
	load_discovered(p);
	return make_plan(p, err);
}

/* ---- build ---- */

static int make_runner_of(struct pipeline *p, const char *kind, const struct runner_events *events, struct runner **ret,
                          struct err *err)
{
	const struct settings *s = p->settings;
	const char *scratch;
	if (store_scratch(p->store, &scratch, err))
		return -1;
	struct runner_config config = {
		.loop = p->loop,
		.store = p->store,
		.scratch = path_join(&p->arena, scratch, kind),
		.setup = &p->setup,
		.lanes = s->jobs,
		.timeout_seconds = s->timeout_seconds,
		.keep_failed = s->keep_failed,
		.events = *events,
	};
	if (fs_mkdirs(config.scratch, err))
		return -1;
	if (strcmp(kind, "process") == 0 && !p->checker->action_make)
		return err_set(err, ERR_USAGE, "%s has no hermetic form; use --runner worker", p->checker->name);
	if (strcmp(kind, "process") == 0)
		return runner_process_new(&config, ret, err);
	if (ensure_worker(p, err))
		return -1;
	struct worker_begin begin = { p->described.global_options, p->described.plugins, p->described.plugin_config_js };
	struct worker *w = p->worker;
	p->worker = NULL; /* the runner's from now on */
	return runner_worker_new(&config, w, &begin, ret, err);
}

static int make_chosen_runner(void *ctx, const struct runner_events *events, struct runner **ret, struct err *err)
{
	struct pipeline *p = ctx;
	return make_runner_of(p, p->settings->runner, events, ret, err);
}

static int make_process_runner(void *ctx, const struct runner_events *events, struct runner **ret, struct err *err)
{
	return make_runner_of(ctx, "process", events, ret, err);
}

int pipeline_build_again(struct pipeline *p, const unsigned char *forced, struct build **ret,
                         void (*on_event)(void *ctx, const struct build_event *e), void *ctx, struct err *err)
{
	struct build_config config = {
		.plan = &p->plan,
		.options = p->described.options,
		.toolchain = &p->toolchain,
		.store = p->store,
		.loop = p->loop,
		.make_runner = make_process_runner,
		.runner_ctx = p,
		.lanes = p->settings->jobs,
		.forced = forced,
		.no_record = true,
		.on_event = on_event,
		.ctx = ctx,
	};
	*ret = build_new(&config);
	return build_run(*ret, err);
}

/* Takes over what the checker discovered, merged by module. */
static void adopt_discovered(struct pipeline *p)
{
	uint32_t n;
	const struct plan_discovered *found = build_discovered(p->build, &n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t have = 0, more = 0;
		struct plan_discovered *d = NULL;
		for (uint32_t k = 0; k < p->discovered_count && !d; k++)
			if (strcmp(p->discovered[k].module, found[i].module) == 0)
				d = &p->discovered[k];
		if (!d) {
			p->discovered = xrealloc(p->discovered, (p->discovered_count + 1) * sizeof *p->discovered);
			d = &p->discovered[p->discovered_count++];
			*d = (struct plan_discovered){ arena_strdup(&p->arena, found[i].module),
			                               ARENA_ARRAY(&p->arena, const char *, 1) };
		}
		while (d->names[have])
			have++;
		while (found[i].names[more])
			more++;
		const char **names = ARENA_ARRAY(&p->arena, const char *, have + more + 1);
		memcpy(names, d->names, have * sizeof *names);
		for (uint32_t k = 0; k < more; k++) {
			bool known = false;
			for (uint32_t j = 0; j < have; j++)
				known = known || strcmp(names[j], found[i].names[k]) == 0;
			if (!known)
				names[have++] = arena_strdup(&p->arena, found[i].names[k]);
		}
		d->names = names;
	}
}

int pipeline_build(struct pipeline *p, void (*on_event)(void *ctx, const struct build_event *e), void *ctx,
                   struct err *err)
{
	if (!p->loop && loop_new(&p->loop, &p->clock, err))
		return -1;
	for (unsigned round = 0;; round++) {
		struct build_config config = {
			.plan = &p->plan,
			.options = p->described.options,
			.toolchain = &p->toolchain,
			.store = p->store,
			.loop = p->loop,
			.make_runner = make_chosen_runner,
			.runner_ctx = p,
			.lanes = p->settings->jobs,
			.no_store_read = p->settings->no_store_read && round == 0,
			.policy = p->settings->on_conflict,
			.on_event = on_event,
			.ctx = ctx,
		};
		uint32_t n;
		p->build = build_new(&config);
		if (build_run(p->build, err))
			return -1;
		build_discovered(p->build, &n);
		if (!n)
			return 0;
		if (round == MAX_REPLANS)
			return err_set(err, ERR_CHECKER,
			               "the checker reports new dependencies of %s each time it is asked; a plugin does not settle",
			               build_discovered(p->build, &n)->module);
		adopt_discovered(p);
		build_free(p->build);
		p->build = NULL;
		if (save_discovered(p, err) || make_plan(p, err))
			return -1;
	}
}

int pipeline_save(struct pipeline *p, struct err *err)
{
	if (p->stats && statcache_save(p->stats, p->began_ns, err))
		return -1;
	return p->scans && scan_cache_save(p->scans, err) ? -1 : 0;
}

void pipeline_close(struct pipeline *p)
{
	build_free(p->build);
	worker_free(p->worker);
	if (p->planned)
		plan_release(&p->plan);
	scan_cache_free(p->scans);
	if (p->stats)
		statcache_free(p->stats);
	if (p->git)
		gitindex_free(p->git);
	if (p->resolver)
		resolver_free(p->resolver);
	if (p->described_ready)
		described_release(&p->described);
	js_free(p->answer);
	free(p->discovered);
	if (p->store)
		store_close(p->store);
	loop_free(p->loop);
	arena_release(&p->arena);
}
