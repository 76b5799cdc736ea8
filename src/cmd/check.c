/* `sepal check`: an unchanged tree is answered from the last run, else plan, build, report. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/check.h"
#include "cmd/cmd.h"
#include "cmd/found.h"
#include "cmd/history.h"
#include "cmd/pipeline_remote.h"
#include "cmd/last.h"
#include "cmd/stats.h"
#include "cmd/watch.h"

static void print(FILE *to, const struct buf *text)
{
	if (text->len)
		fwrite(text->data, 1, text->len, to);
	fflush(to);
}

static void show_status(struct check *c)
{
	struct pipeline *p = &c->pipeline;
	const uint32_t *n = build_counts(p->build);
	struct build_stats s = build_stats(p->build);
	struct status_numbers numbers = { p->plan.unit_count, n[UNIT_DONE] + n[UNIT_BLOCKED] + n[UNIT_FAILED],
		                          s.hit_manifest + s.hit_strict, n[UNIT_RUNNING] + n[UNIT_BODIES], c->current };
	status_show(&c->status, &numbers, clock_monotonic_ns(&p->clock));
}

static const char *unit_title(const struct pipeline *p, uint32_t unit)
{
	return p->plan.modules[p->plan.units[unit].members[0]].id;
}

static void on_event(void *ctx, const struct build_event *e)
{
	struct check *c = ctx;
	struct pipeline *p = &c->pipeline;
	struct buf line = BUF_INIT;
	switch (e->kind) {
	case BUILD_STARTED:
		c->current = unit_title(p, e->unit);
		history_started(c->history, p, e->unit);
		buf_addf(&line, "%s: %s", c->current, history_reason(c->history, e->unit));
		status_print(&c->status, line.data);
		break;
	case BUILD_BLOCKED:
		buf_addf(&line, "%s: blocked by %s", unit_title(p, e->unit),
		         unit_title(p, build_unit(p->build, e->unit)->blocked_by));
		status_print(&c->status, line.data);
		break;
	case BUILD_FAILED:
		buf_addf(&line, "%s: failed: %s", unit_title(p, e->unit), e->err->message);
		status_print(&c->status, line.data);
		break;
	case BUILD_HIT:
	case BUILD_INTERFACE:
	case BUILD_FINISHED:
		break;
	}
	buf_release(&line);
	if (!c->quiet)
		show_status(c);
}

static int report_conflicts(const struct digest_map *m, struct err *err)
{
	const struct conflict *first = &m->conflicts[0];
	char a[DIGEST_HEX_SIZE + 1], b[DIGEST_HEX_SIZE + 1];
	digest_hex(&first->a.digest, a);
	digest_hex(&first->b.digest, b);
	return err_set(
		err, ERR_CONFLICT,
		"%u action%s gave different results than before; the first: %s is %s from %s and %s from %s. The checker "
		"is not deterministic there, or the store was written by something else: see `sepal verify`, or "
		"accept with --on-conflict",
		m->conflict_count, m->conflict_count == 1 ? "" : "s", first->a.path, a, first->a.producer, b,
		first->b.producer);
}

/* The store mends itself; the user should know that it had to. */
static void warn_of_corruption(const struct check *c)
{
	struct store_counters counters = store_counters(c->pipeline.store);
	if (counters.corrupt && !c->quiet)
		fprintf(stderr,
		        "sepal: warning: %llu entries of the store were not what they should be and have been removed; if "
		        "this happens again, check the disk that holds %s\n",
		        (unsigned long long)counters.corrupt, c->pipeline.settings->store);
}

static void report_tolerated(const struct digest_map *m)
{
	uint32_t i = 0;
	while (i < m->count && !m->entries[i].next)
		i++;
	fprintf(stderr,
	        "sepal: %u action%s gave different results than before; the first ones stand (--on-conflict): %s%s\n",
	        m->tolerated, m->tolerated == 1 ? "" : "s", i < m->count ? m->entries[i].path : "",
	        m->tolerated == 1 ? "" : ", ...");
}

static int report_failures(const struct err *first, uint32_t more, struct err *err)
{
	if (!more)
		return err_set(err, first->kind, "%s", first->message);
	return err_set(err, first->kind, "%s\n  %u more failed as well; --verbose names them", first->message, more);
}

/* What remains after a build: failures of the environment come before the report's own status. */
static int conclude(struct check *c, struct err *err)
{
	struct pipeline *p = &c->pipeline;
	const struct digest_map *outputs = build_outputs(p->build);
	const struct err *failure = build_first_failure(p->build);
	if (failure)
		return report_failures(failure, build_stats(p->build).failed - 1, err);
	if (outputs->conflict_count)
		return report_conflicts(outputs, err);
	if (outputs->tolerated && !c->quiet)
		report_tolerated(outputs);
	return 0;
}

static void show(struct check *c, const struct report *r)
{
	c->exit_status = r->text.exit_status;
	c->show(c->ctx, r);
}

/* What was found, as all that is asked for; *ret_plain is the text without a baseline, which is kept. */
static int show_findings(struct check *c, const struct look *look, const struct findings *f, struct report *ret_plain,
                         struct err *err)
{
	struct pipeline *p = &c->pipeline;
	struct text_options options = look_options(&p->described.display, look, p->cwd);
	struct report report = REPORT_INIT;
	report_render(f, &options, &ret_plain->text);
	if (!reports_need_findings(c->reports)) {
		show(c, ret_plain);
		return 0;
	}
	reports_make(c->reports, f, &options, &report);
	/* who reads the text may look at the files */
	int failed = reports_write(c->reports, err);
	show(c, &report);
	report_release(&report);
	return failed;
}

/* The checker does not take the command line: there is nothing to report but its words. */
static void show_refusal(struct check *c)
{
	struct pipeline *p = &c->pipeline;
	struct report report = { .refused = true };
	buf_add_str(&report.text.out, p->refused_out);
	buf_add_str(&report.text.err, p->refused_err);
	report.text.exit_status = p->refused_exit;
	report.text.total_at = report.text.out.len;
	show(c, &report);
	report_release(&report);
}

/* There is no plan because of the user's mistake. */
static int show_without_build(struct check *c, const struct look *look, struct err *err)
{
	struct arena arena = ARENA_INIT;
	struct findings found;
	struct report report = REPORT_INIT;
	report_collect(&c->pipeline, &arena, &found);
	c->seen = last_observe(&c->pipeline);
	int failed = show_findings(c, look, &found, &report, err);
	report_release(&report);
	arena_release(&arena);
	return failed;
}

/* What the run stands on is known as soon as its plan is; once more if it had to be planned again, which may only have
 * added edges. */
static void observe(void *ctx)
{
	struct check *c = ctx;
	if (c->seen && c->seen_plan == c->pipeline.plans_made)
		return;
	witness_free(c->seen);
	c->seen = last_observe(&c->pipeline);
	c->seen_plan = c->pipeline.plans_made;
}

static int build_and_show(struct check *c, const struct look *look, struct err *err)
{
	struct pipeline *p = &c->pipeline;
	struct report report = REPORT_INIT;
	struct arena arena = ARENA_INIT;
	struct findings found;
	if (pipeline_open_remote(p, err))
		return -1;
	c->history = history_open(p);
	pipeline_recall(p);
	p->idle = observe;
	p->idle_ctx = c;
	int failed = pipeline_build(p, on_event, c, err);
	status_erase(&c->status);
	int64_t start = trace_now(p->trace);
	if (!failed) {
		report_collect(p, &arena, &found);
		/* a directory that a report is written to would look as if it had changed during the run */
		if (reports_have_files(c->reports))
			observe(c);
		failed = show_findings(c, look, &found, &report, err);
		warn_of_corruption(c);
		observe(c);
		build_share_tree(p->build);
		failed = failed || pipeline_save(p, err) || history_save(c->history, p, err) ||
		         pipeline_finish_remote(p, err) || stats_write_build(p, err) || conclude(c, err);
		if (!failed && build_stats(p->build).blocked == 0)
			failed = last_save(p, c->seen, &report, &found, err);
		trace_since(p->trace, TRACE_LANE_SEPAL, "report and save", "", start);
	}
	report_release(&report);
	arena_release(&arena);
	return failed ? -1 : 0;
}

int check_run(struct check *c, struct err *err)
{
	struct pipeline *p = &c->pipeline;
	struct look look;
	int64_t start = trace_now(p->trace);
	p->expects_runs = true;
	if (pipeline_describe(p, err))
		return -1;
	trace_since(p->trace, TRACE_LANE_SEPAL, "describe", "", start);
	if (p->refused) {
		show_refusal(c);
		return 0;
	}
	start = trace_now(p->trace);
	if (look_now(&p->described.display, &look, err) || pipeline_plan(p, err))
		return -1;
	trace_since(p->trace, TRACE_LANE_SEPAL, "plan", "", start);
	if (!p->plan.fatal)
		return build_and_show(c, &look, err);
	return show_without_build(c, &look, err);
}

void check_init(struct check *c, const struct settings *s, struct reports *reports,
                void (*show_report)(void *ctx, const struct report *r), void *ctx)
{
	struct winsize size = { 0 };
	*c = (struct check){ .show = show_report, .ctx = ctx, .reports = reports, .quiet = s->quiet };
	ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	status_init(&c->status, STDERR_FILENO, isatty(STDERR_FILENO) && !s->quiet, size.ws_col, s->verbose);
}

void check_release(struct check *c)
{
	history_free(c->history);
	witness_free(c->seen);
	pipeline_close(&c->pipeline);
}

void check_print(void *ctx, const struct report *r)
{
	(void)ctx;
	if (!r->no_text)
		print(stdout, &r->text.out);
	print(stdout, &r->more);
	print(stderr, &r->text.err);
}

/* ---- answers of the last run ---- */

/* Nothing has changed: what was found then, in the forms that are asked for now. */
static int report_again(struct check *c, const struct display *display, const struct findings *f, struct err *err)
{
	struct report plain = REPORT_INIT;
	struct look look;
	c->pipeline.described.display = *display;
	int failed = look_now(display, &look, err) || show_findings(c, &look, f, &plain, err);
	report_release(&plain);
	return failed;
}

int check_answer(struct check *c, const struct settings *s, struct err *err)
{
	struct pipeline *p = &c->pipeline;
	struct last last = { .report = REPORT_INIT };
	struct arena arena = ARENA_INIT;
	struct display display;
	struct findings found;
	bool wants_findings = reports_need_findings(c->reports), unchanged = false;
	int failed = pipeline_open(p, s, err);
	if (!failed && !s->no_store_read)
		unchanged = last_load(p, &last) && (!wants_findings || found_load(p, last.found, &arena, &display, &found));
	if (!failed && !unchanged)
		failed = check_run(c, err);
	else if (!failed && wants_findings)
		failed = report_again(c, &display, &found, err);
	else if (!failed)
		show(c, &last.report);
	if (!failed && unchanged)
		failed = stats_write_unchanged(p, last.units, last.modules, err);
	if (!failed)
		failed = trace_write(p->trace, s->trace, err);
	report_release(&last.report);
	arena_release(&arena);
	return failed;
}

int cmd_check(const struct settings *s, int *ret_exit, struct err *err)
{
	struct check c;
	struct reports reports = { 0 };
	if (s->watch)
		return watch_run(s, ret_exit, err);
	int failed = reports_open(s, &reports, err);
	if (!failed) {
		check_init(&c, s, &reports, check_print, NULL);
		failed = check_answer(&c, s, err);
		*ret_exit = c.exit_status;
		check_release(&c);
	}
	reports_release(&reports);
	return failed;
}
