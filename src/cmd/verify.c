/*
 * `sepal verify`: runs units again, each in a hermetic process in a fresh directory, and compares every interface and
 * every report byte for byte with what the store holds. With `--runner remote` an executor runs them once more, which
 * is compared with the same. The proof that all runners agree, on the user's own tree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "cmd/cmd.h"
#include "cmd/report.h"
#include "cmd/stats.h"
#include "ui/status.h"

struct verify {
	struct pipeline pipeline;
	struct status status;
	uint32_t total, done;
	const char *current;
};

/* A unit is taken when a hash of its name and the seed falls below the share: the same units on every machine. */
static bool is_sampled(const struct settings *s, const char *name)
{
	struct buf b = BUF_INIT;
	buf_addf(&b, "%u %s", s->seed, name);
	double point = (double)(hash_xxh3(buf_span(&b)) >> 11) / (double)(UINT64_C(1) << 53);
	buf_release(&b);
	return point < s->sample;
}

static void on_event(void *ctx, const struct build_event *e)
{
	struct verify *v = ctx;
	struct pipeline *p = &v->pipeline;
	if (e->kind == BUILD_STARTED)
		v->current = p->plan.modules[p->plan.units[e->unit].members[0]].id;
	v->done += e->kind == BUILD_FINISHED;
	struct status_numbers n = { v->total, v->done, 0, 1, v->current };
	status_show(&v->status, &n, clock_monotonic_ns(&p->clock));
}

static bool same_report(const struct member_result *a, const struct member_result *b)
{
	struct buf x = BUF_INIT, y = BUF_INIT;
	diag_list_encode(&a->diags, &x);
	diag_list_encode(&b->diags, &y);
	bool same = span_eq(buf_span(&x), buf_span(&y)) && a->indirect_count == b->indirect_count;
	for (uint32_t i = 0; same && i < a->indirect_count; i++)
		same = strcmp(a->indirect[i], b->indirect[i]) == 0;
	buf_release(&x);
	buf_release(&y);
	return same;
}

static uint32_t compare_member(const struct member_result *a, const struct member_result *b)
{
	struct digest da, db;
	char ha[DIGEST_HEX_SIZE + 1], hb[DIGEST_HEX_SIZE + 1];
	uint32_t differences = 0;
	interface_digest(&a->interface, &da);
	interface_digest(&b->interface, &db);
	if (!digest_eq(&da, &db) || memcmp(a->interface.checker_hash, b->interface.checker_hash, SHA1_SIZE) != 0) {
		digest_hex(&da, ha);
		digest_hex(&db, hb);
		printf("%s: the interface differs: %s in the store, %s now\n", a->id, ha, hb);
		differences++;
	}
	if (!same_report(a, b)) {
		printf("%s: the report differs: %u messages and %u used modules in the store, %u and %u now\n", a->id,
		       a->diags.count, a->indirect_count, b->diags.count, b->indirect_count);
		differences++;
	}
	return differences;
}

static uint32_t compare(struct verify *v, const unsigned char *forced, struct build *again, uint32_t *ret_units,
                        uint32_t *ret_modules)
{
	struct pipeline *p = &v->pipeline;
	uint32_t differences = 0;
	for (uint32_t u = 0; u < p->plan.unit_count; u++) {
		const struct build_unit *a = build_unit(p->build, u), *b = build_unit(again, u);
		if (!forced[u] || a->state != UNIT_DONE)
			continue;
		++*ret_units;
		if (b->state != UNIT_DONE) {
			printf("%s: has a result in the store, and could not be checked again\n",
			       p->plan.modules[p->plan.units[u].members[0]].id);
			differences++;
			continue;
		}
		for (uint32_t i = 0; i < a->result.member_count; i++)
			differences += compare_member(&a->result.members[i], &b->result.members[i]);
		*ret_modules += a->result.member_count;
	}
	return differences;
}

/* With one kind of runner; `where` is for the sentence. */
static int run_again(struct verify *v, const char *runner, const char *where, int *ret_exit, struct err *err)
{
	struct pipeline *p = &v->pipeline;
	unsigned char *forced = xcalloc(p->plan.unit_count + 1, 1);
	uint32_t units = 0, modules = 0;
	struct build *again = NULL;
	v->total = v->done = 0;
	for (uint32_t u = 0; u < p->plan.unit_count; u++) {
		forced[u] = is_sampled(p->settings, p->plan.modules[p->plan.units[u].members[0]].id);
		v->total += forced[u];
	}
	int failed = pipeline_build_again(p, runner, forced, &again, on_event, v, err);
	status_erase(&v->status);
	if (!failed) {
		uint32_t differences = compare(v, forced, again, &units, &modules);
		const struct err *why = build_first_failure(again);
		printf("verified %u units (%u modules) %s: %u difference%s\n", units, modules, where, differences,
		       differences == 1 ? "" : "s");
		if (differences)
			*ret_exit = err_exit_status(ERR_CONFLICT);
		if (why)
			failed = err_set(err, why->kind, "%s", why->message);
	}
	build_free(again);
	free(forced);
	return failed;
}

static int run_all_again(struct verify *v, int *ret_exit, struct err *err)
{
	*ret_exit = 0;
	if (run_again(v, "process", "in hermetic processes", ret_exit, err))
		return -1;
	if (strcmp(v->pipeline.settings->runner, "remote") != 0)
		return 0;
	return run_again(v, "remote", "by remote execution", ret_exit, err);
}

/* First everything gets its result, from the store or by the worker. */
static int verify_described(struct verify *v, int *ret_exit, struct err *err)
{
	struct pipeline *p = &v->pipeline;
	struct report report = REPORT_INIT;
	struct look look;
	if (look_now(&p->described.display, &look, err) || pipeline_plan(p, err))
		return -1;
	if (p->plan.fatal) {
		report_fatal(p, &look, &report);
		fputs(buf_span(&report.text.out).data, stdout);
		fputs(buf_span(&report.text.err).data, stderr);
		*ret_exit = report.text.exit_status;
		report_release(&report);
		return 0;
	}
	if (pipeline_build(p, NULL, NULL, err) || pipeline_save(p, err))
		return -1;
	const struct err *failure = build_first_failure(p->build);
	if (failure)
		return err_set(err, failure->kind, "%s", failure->message);
	return run_all_again(v, ret_exit, err) || stats_write_build(p, err) ? -1 : 0;
}

int cmd_verify(const struct settings *s, int *ret_exit, struct err *err)
{
	struct verify v = { 0 };
	struct winsize size = { 0 };
	ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	status_init(&v.status, STDERR_FILENO, isatty(STDERR_FILENO) && !s->quiet, size.ws_col, s->verbose);
	int failed = pipeline_open(&v.pipeline, s, err) || pipeline_describe(&v.pipeline, err);
	if (!failed && v.pipeline.refused) {
		fputs(v.pipeline.refused_out, stdout);
		fputs(v.pipeline.refused_err, stderr);
		*ret_exit = v.pipeline.refused_exit;
	} else if (!failed) {
		failed = verify_described(&v, ret_exit, err);
	}
	pipeline_close(&v.pipeline);
	return failed ? -1 : 0;
}
