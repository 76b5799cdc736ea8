/* Opening and closing: store, state directory, interpreter, worker process; and the walk that makes the plan. */
#include "cmd/pipeline.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/pipeline_internal.h"
#include "cmd/pipeline_executor.h"
#include "cmd/pipeline_remote.h"
#include "sys/fs.h"
#include "sys/path.h"

/* Where the system would start it from: another one that appears earlier on PATH is another interpreter. `name` if it
 * is nowhere: starting it says what is wrong. */
static const char *find_on_path(struct pipeline *p, const char *name)
{
	for (const char *dir = getenv("PATH"); dir && *dir;) {
		size_t n = strcspn(dir, ":");
		const char *there = n ? arena_strndup(&p->arena, dir, n) : ".";
		const char *program = path_join(&p->arena, path_absolute(&p->arena, p->cwd, there), name);
		if (access(program, X_OK) == 0 && fs_is_file(program))
			return program;
		dir += n + (dir[n] == ':');
	}
	return name;
}

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
	if (!strchr(p->python, '/')) {
		p->python = find_on_path(p, p->python);
	} else {
		p->python = path_absolute(&p->arena, p->cwd, p->python);
		if (!fs_is_file(p->python))
			return err_set(err, ERR_CHECKER,
			               "there is no Python interpreter at %s; give the one that has mypy with --python", p->python);
	}
	return 0;
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
	return pipeline_open_kept(p, s, NULL, err);
}

int pipeline_open_kept(struct pipeline *p, const struct settings *s, struct pipeline_kept *kept, struct err *err)
{
	const char *real;
	struct digest tree;
	memset(p, 0, sizeof *p);
	p->settings = s;
	p->kept = kept;
	p->loop = kept ? kept->loop : NULL;
	p->store = kept ? kept->store : NULL;
	p->checker = checker_find(s->checker);
	p->clock = clock_system();
	p->trace = s->trace ? trace_new(&p->clock) : NULL;
	p->began_ns = clock_wall_ns(&p->clock);
	if (pipeline_remote_check(s, err) || pipeline_executor_check(s, err))
		return -1;
	if (fs_cwd(&p->arena, &p->cwd, err) || find_python(p, err) || fs_realpath(&p->arena, p->cwd, &real, err))
		return -1;
	name_run(p);
	if (!p->store && store_open_local(s->store, &p->store, err))
		return -1;
	hash_sha256(span_of(real), &tree);
	return store_state_dir(p->store, &tree, &p->state_dir, err);
}

int pipeline_kept_open(struct pipeline_kept *kept, const struct settings *s, struct err *err)
{
	*kept = (struct pipeline_kept){ .clock = clock_system(), .worker = kept_worker_new() };
	return loop_new(&kept->loop, &kept->clock, err) || store_open_local(s->store, &kept->store, err) ? -1 : 0;
}

void pipeline_kept_close(struct pipeline_kept *kept)
{
	kept_worker_free(kept->worker);
	if (kept->store)
		store_close(kept->store);
	loop_free(kept->loop);
}

const char *pipeline_state_file(struct pipeline *p, const char *kind)
{
	return arena_printf(&p->arena, "%s/%s-%s", p->state_dir, kind, p->run_name);
}
int pipeline_worker(struct pipeline *p, struct err *err)
{
	if (!p->loop && loop_new(&p->loop, &p->clock, err))
		return -1;
	return p->worker ? 0 : worker_start(p->loop, p->python, p->worker_program, &p->worker, err);
}

int pipeline_save(struct pipeline *p, struct err *err)
{
	if (p->stats && statcache_save(p->stats, p->began_ns, err))
		return -1;
	if (p->scans && scan_cache_save(p->scans, err))
		return -1;
	if (p->weights && pipeline_save_weights(p, err))
		return -1;
	return pipeline_save_past(p, err);
}

void pipeline_close(struct pipeline *p)
{
	if (p->loop)
		loop_cancel_timer(p->loop, p->early_timer);
	build_free(p->build);
	pipeline_close_executor(p);
	pipeline_close_remote(p);
	past_free(p->past);
	worker_free(p->worker);
	if (p->planned)
		plan_release(&p->plan);
	scan_cache_free(p->scans);
	weights_free(p->weights);
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
	map_release(&p->ran_before);
	if (p->store && !p->kept)
		store_close(p->store);
	if (!p->kept)
		loop_free(p->loop);
	trace_free(p->trace);
	arena_release(&p->arena);
}
