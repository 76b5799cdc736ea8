#include "cmd/stats.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cmd/pipeline_remote.h"
#include "sys/fs.h"

struct numbers {
	struct build_stats build;
	uint32_t unchanged, modules;
	uint64_t files_read;
	const char **ran; /* modules of units that ran, sorted */
	uint32_t ran_count;
};

static struct js *executor_numbers(const struct runner_counters *c)
{
	struct js *doc = js_new_object();
	js_set_int(doc, "hits", c->remote_hits);
	js_set_int(doc, "runs", c->remote_runs);
	js_set_int(doc, "locals", c->remote_locals);
	return doc;
}

static int write_numbers(struct pipeline *p, const struct numbers *n, struct err *err)
{
	if (!p->settings->stats_json)
		return 0;
	struct js *doc = js_new_object(), *hit = js_new_object(), *ran = js_new_array();
	js_set_int(doc, "version", 1);
	js_set_int(doc, "units", n->build.units);
	js_set_int(doc, "modules", n->modules);
	js_set_int(doc, "units_run", n->build.units_run);
	js_set_int(doc, "bodies_run", n->build.bodies_run);
	js_set_int(hit, "manifest", n->build.hit_manifest);
	js_set_int(hit, "strict", n->build.hit_strict);
	js_set_int(hit, "unchanged", n->unchanged);
	js_set(doc, "units_hit", hit);
	js_set_int(doc, "units_cutoff", n->build.cutoff);
	js_set_int(doc, "units_blocked", n->build.blocked);
	js_set_int(doc, "units_failed", n->build.failed);
	js_set_int(doc, "conflicts", n->build.conflicts);
	js_set_int(doc, "conflicts_tolerated", n->build.conflicts_tolerated);
	js_set_int(doc, "checker_processes", (int64_t)n->build.checker_processes);
	js_set_int(doc, "describe_processes", p->describe_processes);
	js_set_int(doc, "files_read", (int64_t)n->files_read);
	for (uint32_t i = 0; i < n->ran_count; i++)
		js_append(ran, js_new_string(n->ran[i]));
	js_set(doc, "modules_run", ran);
	if (strcmp(p->settings->runner, "remote") == 0)
		js_set(doc, "executor", executor_numbers(&n->build.remote));
	struct js *remote = pipeline_remote_stats(p);
	if (remote)
		js_set(doc, "remote", remote);
	struct buf text = BUF_INIT;
	js_write(doc, 2, &text);
	buf_add_char(&text, '\n');
	int failed = fs_write_output(p->settings->stats_json, buf_span(&text), err);
	buf_release(&text);
	js_free(doc);
	return failed;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Did the unit run in this command, be it in an earlier build of it? */
static bool unit_ran(const struct pipeline *p, uint32_t unit)
{
	const struct build_unit *u = build_unit(p->build, unit);
	const char *first = p->plan.modules[p->plan.units[unit].members[0]].id;
	return u->state == UNIT_DONE && (u->source == FROM_RUN || map_get_str(&p->ran_before, first));
}

/* What ran in an earlier build is a hit in the last one. */
static void count_as_run(const struct pipeline *p, struct build_stats *s)
{
	for (uint32_t i = 0; i < p->plan.unit_count; i++) {
		const struct build_unit *u = build_unit(p->build, i);
		if (!unit_ran(p, i) || u->source == FROM_RUN)
			continue;
		s->hit_manifest -= u->source == FROM_MANIFEST;
		s->hit_strict -= u->source == FROM_STRICT;
		s->cutoff -= u->below_ran;
		s->units_run++;
		s->bodies_run += p->plan.units[i].member_count;
	}
	s->checker_processes += p->processes_before;
	s->remote.remote_hits += p->counters_before.remote_hits;
	s->remote.remote_runs += p->counters_before.remote_runs;
	s->remote.remote_locals += p->counters_before.remote_locals;
}

int stats_write_build(struct pipeline *p, struct err *err)
{
	struct numbers n = { build_stats(p->build), 0, p->plan.module_count, statcache_files_read(p->stats), NULL, 0 };
	count_as_run(p, &n.build);
	n.ran = xmalloc((p->plan.module_count + 1) * sizeof *n.ran);
	for (uint32_t i = 0; i < p->plan.module_count; i++)
		if (unit_ran(p, p->plan.modules[i].unit))
			n.ran[n.ran_count++] = p->plan.modules[i].id;
	qsort(n.ran, n.ran_count, sizeof *n.ran, by_text);
	int failed = write_numbers(p, &n, err);
	free(n.ran);
	return failed;
}

int stats_write_unchanged(struct pipeline *p, uint32_t units, uint32_t modules, struct err *err)
{
	struct numbers n = { { .units = units }, units, modules, 0, NULL, 0 };
	return write_numbers(p, &n, err);
}
