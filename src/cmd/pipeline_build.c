/* Runners, and builds that plan again while the checker discovers dependencies. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cmd/pipeline_executor.h"
#include "cmd/pipeline_internal.h"
#include "sys/fs.h"
#include "sys/path.h"
#include "sys/tmpdir.h"

enum { MAX_REPLANS = 16, EARLY_NS = 40 * 1000 * 1000 };

/* Goes with the store's own scratch directory, but for what --keep keeps. */
static int runner_scratch(struct pipeline *p, const char *kind, const char **ret, struct err *err)
{
	const char *scratch;
	if (p->settings->keep_failed && strcmp(kind, "process") == 0) {
		struct tmpdir kept;
		if (tmpdir_make(&kept, path_join(&p->arena, p->state_dir, "kept"), kind, err))
			return -1;
		*ret = arena_strdup(&p->arena, kept.path);
		free(kept.path);
		return 0;
	}
	if (store_scratch(p->store, &scratch, err))
		return -1;
	*ret = path_join(&p->arena, scratch, kind);
	return fs_mkdirs(*ret, err);
}

/* All that a worker process is set up for: another build may use it if this is the same. */
static void identify_worker(const struct pipeline *p, const struct worker_begin *begin, struct digest *ret)
{
	const struct js *parts[] = { begin->options, begin->plugins, begin->plugin_config };
	struct hasher *h = hasher_new();
	hasher_field_digest(h, "toolchain", &p->toolchain);
	hasher_field_str(h, "python", p->python);
	hasher_field_str(h, "program", p->worker_program);
	hasher_field_str(h, "typeshed", p->described.typeshed);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		struct buf text = BUF_INIT;
		if (parts[i])
			js_write(parts[i], 0, &text);
		hasher_field(h, "begin", buf_span(&text));
		buf_release(&text);
	}
	hasher_finish(h, ret);
}

static int make_runner_of(struct pipeline *p, const char *kind, const struct runner_events *events, struct runner **ret,
                          struct err *err);

static int make_worker_runner(void *ctx, const struct runner_events *events, struct runner **ret, struct err *err)
{
	return make_runner_of(ctx, "worker", events, ret, err);
}

static int make_runner_of(struct pipeline *p, const char *kind, const struct runner_events *events, struct runner **ret,
                          struct err *err)
{
	const struct settings *s = p->settings;
	struct runner_config config = {
		.loop = p->loop,
		.store = p->store,
		.setup = &p->setup,
		.lanes = s->jobs,
		.timeout_seconds = s->timeout_seconds,
		.trace = p->trace,
		.keep_failed = s->keep_failed,
		.events = *events,
	};
	if (runner_scratch(p, kind, &config.scratch, err))
		return -1;
	if (strcmp(kind, "worker") != 0 && !p->checker->action_make)
		return err_set(err, ERR_USAGE, "%s has no hermetic form; use --runner worker", p->checker->name);
	if (strcmp(kind, "remote") == 0) {
		int failed = pipeline_executor_runner(p, &config, make_worker_runner, ret, err);
		if (failed || *ret)
			return failed;
		kind = "worker"; /* it has a scratch directory, whatever its name */
	}
	if (strcmp(kind, "process") == 0)
		return runner_process_new(&config, ret, err);
	struct worker_begin begin = { p->described.global_options, p->described.plugins, p->described.plugin_config_js };
	if (p->kept) {
		config.kept = p->kept->worker;
		identify_worker(p, &begin, &config.identity);
		if (kept_worker_fits(p->kept->worker, &config.identity)) {
			worker_free(p->worker); /* was only asked to describe */
			p->worker = NULL;
			return runner_worker_new(&config, NULL, &begin, ret, err);
		}
	}
	if (pipeline_worker(p, err))
		return -1;
	struct worker *w = p->worker;
	p->worker = NULL; /* the runner's from now on */
	return runner_worker_new(&config, w, &begin, ret, err);
}

/* The first units are being checked, and nobody asks for anything yet: what the plan learned about files can be written
 * now. If it cannot, pipeline_save says so. */
static void save_early(struct loop *loop, void *ctx)
{
	struct pipeline *p = ctx;
	struct err ignored = ERR_INIT;
	(void)loop;
	p->early_timer = 0;
	if (statcache_save(p->stats, p->began_ns, &ignored) || scan_cache_save(p->scans, &ignored))
		err_release(&ignored);
	if (p->idle)
		p->idle(p->idle_ctx);
}

static int make_chosen_runner(void *ctx, const struct runner_events *events, struct runner **ret, struct err *err)
{
	struct pipeline *p = ctx;
	if (p->stats && p->scans && !p->early_timer)
		p->early_timer = loop_add_timer(p->loop, EARLY_NS, save_early, p);
	return make_runner_of(p, p->settings->runner, events, ret, err);
}

int pipeline_warm(struct pipeline *p, struct err *err)
{
	static const struct runner_events none = { 0 };
	struct runner *r;
	build_free(p->build); /* gives back the worker that it had */
	p->build = NULL;
	if (strcmp(p->settings->runner, "worker") != 0)
		return 0;
	if (make_chosen_runner(p, &none, &r, err))
		return -1;
	r->free(r); /* leaves the worker where the next one finds it */
	return 0;
}

struct again {
	struct pipeline *pipeline;
	const char *runner;
};

static int make_runner_again(void *ctx, const struct runner_events *events, struct runner **ret, struct err *err)
{
	const struct again *again = ctx;
	return make_runner_of(again->pipeline, again->runner, events, ret, err);
}

static void weigh(void *ctx)
{
	struct pipeline *p = ctx;
	if (!p->weights)
		p->weights = weights_open(path_join(&p->arena, p->state_dir, "weights"));
	weights_apply(p->weights, &p->plan);
}

static struct build_config build_config(struct pipeline *p, void (*on_event)(void *ctx, const struct build_event *e),
                                        void *ctx)
{
	return (struct build_config){
		.plan = &p->plan,
		.options = p->described.options,
		.toolchain = &p->toolchain,
		.store = p->store,
		.loop = p->loop,
		.make_runner = make_chosen_runner,
		.runner_ctx = p,
		.weigh = weigh,
		.lanes = p->settings->jobs,
		.past = p->past,
		.share = p->share,
		.policy = p->settings->on_conflict,
		.on_event = on_event,
		.ctx = ctx,
	};
}

int pipeline_build_again(struct pipeline *p, const char *runner, const unsigned char *forced, struct build **ret,
                         void (*on_event)(void *ctx, const struct build_event *e), void *ctx, struct err *err)
{
	struct again *again = ARENA_NEW(&p->arena, struct again);
	struct build_config config = build_config(p, on_event, ctx);
	*again = (struct again){ p, runner };
	config.make_runner = make_runner_again;
	config.runner_ctx = again;
	config.weigh = NULL;
	config.forced = forced;
	config.no_record = true;
	config.share = NULL;
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
			*d = (struct plan_discovered){ .module = arena_strdup(&p->arena, found[i].module) };
		}
		if (!d->names || !digest_eq(&d->source, &found[i].source))
			d->names = ARENA_ARRAY(&p->arena, const char *, 1);
		d->source = found[i].source;
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

/* A build that is followed by another did work all the same. */
static void remember_work(struct pipeline *p)
{
	for (uint32_t u = 0; u < p->plan.unit_count; u++) {
		const struct build_unit *unit = build_unit(p->build, u);
		const char *name = p->plan.modules[p->plan.units[u].members[0]].id;
		if (unit->state == UNIT_DONE && unit->source == FROM_RUN)
			map_put_str(&p->ran_before, arena_strdup(&p->arena, name), 0, NULL);
	}
	struct build_stats s = build_stats(p->build);
	p->processes_before += s.checker_processes;
	p->counters_before.remote_hits += s.remote.remote_hits;
	p->counters_before.remote_runs += s.remote.remote_runs;
	p->counters_before.remote_locals += s.remote.remote_locals;
}

/* A unit of which some bodies were not checked says nothing about the next time they are. */
int pipeline_save_weights(struct pipeline *p, struct err *err)
{
	for (uint32_t u = 0; p->build && u < p->plan.unit_count; u++) {
		const struct build_unit *unit = build_unit(p->build, u);
		if (unit->state == UNIT_DONE && unit->interface_us && !unit->kept_reports)
			weights_put(p->weights, p->plan.units[u].name, unit->interface_us, unit->bodies_us);
	}
	return weights_save(p->weights, err);
}

int pipeline_build(struct pipeline *p, void (*on_event)(void *ctx, const struct build_event *e), void *ctx,
                   struct err *err)
{
	if (!p->loop && loop_new(&p->loop, &p->clock, err))
		return -1;
	for (unsigned round = 0;; round++) {
		struct build_config config = build_config(p, on_event, ctx);
		uint32_t n;
		config.no_store_read = p->settings->no_store_read && round == 0;
		p->build = build_new(&config);
		if (build_run(p->build, err))
			return -1;
		build_discovered(p->build, &n);
		if (!n && !build_damaged(p->build))
			return 0;
		if (round == MAX_REPLANS && !n)
			return err_set(err, ERR_CORRUPT,
			               "interfaces in the store %s are altered faster than they are made again; look at the disk",
			               p->settings->store);
		if (round == MAX_REPLANS)
			return err_set(err, ERR_CHECKER,
			               "the checker reports new dependencies of %s each time it is asked; a plugin does not settle",
			               build_discovered(p->build, &n)->module);
		adopt_discovered(p);
		remember_work(p);
		bool damaged = build_damaged(p->build) > 0;
		build_free(p->build);
		p->build = NULL;
		if (damaged) { /* the past does not know what became of the store */
			past_free(p->past);
			p->past = NULL;
		}
		if (pipeline_save_discovered(p, err) || pipeline_replan(p, err))
			return -1;
	}
}
