#define _GNU_SOURCE /* qsort_r */
#include "cmd/report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "sys/fs.h"
#include "ui/fit.h"
#include "ui/once.h"

enum { SOURCE_LIMIT = 64 * 1024 * 1024 };

int look_now(const struct display *d, struct look *ret, struct err *err)
{
	struct color_env env = { getenv("MYPY_FORCE_COLOR"), getenv("FORCE_COLOR"), getenv("TERM"),
	                         isatty(STDOUT_FILENO) != 0, isatty(STDERR_FILENO) != 0 };
	struct winsize size = { 0 };
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	ret->palette = color_palette(d->color_output, &env);
	ret->width = 0;
	if (!d->pretty)
		return 0;
	return fit_terminal_width(getenv("MYPY_FORCE_TERMINAL_WIDTH"), getenv("COLUMNS"), size.ws_col, &ret->width, err);
}

struct text_options look_options(const struct display *d, const struct look *look, const char *cwd)
{
	return (struct text_options){
		.pretty = d->pretty,
		.show_column_numbers = d->show_column_numbers,
		.show_error_end = d->show_error_end,
		.hide_error_codes = d->hide_error_codes,
		.show_absolute_path = d->show_absolute_path,
		.output_json = d->output_json,
		.no_error_summary = !d->error_summary,
		.palette = look->palette,
		.width = look->width,
		.cwd = cwd,
	};
}

void report_release(struct report *r)
{
	text_answer_release(&r->text);
	buf_release(&r->more);
}

/* ---- rendering ---- */

bool report_read_source(void *ctx, const char *real, struct span *ret)
{
	struct buf *source = ctx;
	struct err ignored = ERR_INIT;
	bool there = false;
	buf_reset(source);
	if (fs_read_if_there(real, SOURCE_LIMIT, source, &there, &ignored))
		there = false;
	err_release(&ignored);
	*ret = buf_span(source);
	return there;
}

void report_render(const struct findings *f, const struct text_options *options, struct text_answer *ret)
{
	struct buf source = BUF_INIT;
	text_render_findings(options, f, report_read_source, &source, ret);
	buf_release(&source);
}

void report_fatal(struct pipeline *p, const struct look *look, struct report *ret)
{
	struct arena arena = ARENA_INIT;
	struct findings f;
	struct text_options options = look_options(&p->described.display, look, p->cwd);
	report_collect(p, &arena, &f);
	report_render(&f, &options, &ret->text);
	arena_release(&arena);
}

/* ---- what is said whole ---- */

struct shown {
	uint32_t module;
	const char *path;
	struct diag_list diags; /* a copy: filtered in place */
};

struct collector {
	struct pipeline *p;
	struct arena *arena;
	struct findings *findings;
	struct text_options paths; /* how paths are shown */
	const uint32_t *rank;      /* per unit: mypy's order */
	struct shown *shown;
	uint32_t count;
};

static const char *shown_file(struct collector *c, const char *display)
{
	struct buf b = BUF_INIT;
	text_display_path(&c->paths, display, &b);
	const char *path = arena_strndup(c->arena, b.data ? b.data : "", b.len);
	buf_release(&b);
	return path;
}

/* `lines` are NULL-terminated, and kept. */
static void add_lines(struct collector *c, const char *const *lines, bool to_stderr)
{
	struct finding_module *m = &c->findings->modules[c->findings->count++];
	uint32_t n = 0;
	while (lines[n])
		n++;
	*m = (struct finding_module){ .path = "", .raw = true, .to_stderr = to_stderr };
	m->diags.items = ARENA_ARRAY(c->arena, struct diag, n + 1);
	m->diags.count = n;
	for (uint32_t i = 0; i < n; i++)
		m->diags.items[i] = (struct diag){ .path = "", .line = -1, .column = -1, .end_line = -1, .end_column = -1,
		                                   .message = lines[i] };
}

static void collect_fatal(struct collector *c)
{
	const struct plan *plan = &c->p->plan;
	uint32_t n = 0;
	while (plan->fatal[n])
		n++;
	const char **lines = ARENA_ARRAY(c->arena, const char *, n + 1);
	for (uint32_t i = 0; i < n; i++)
		lines[i] = plan->fatal_file ? arena_printf(c->arena, "%s: %s", shown_file(c, plan->fatal_file), plan->fatal[i])
		                            : plan->fatal[i];
	add_lines(c, lines, plan->fatal_to_stderr);
	c->findings->blocked = true;
}

/* ---- diagnostics of modules ---- */

static const char *shown_path(struct collector *c, const struct plan_module *m)
{
	return shown_file(c, m->display);
}

/* Messages may name files: canonical paths become those that the user knows. */
static const char *show_paths(struct collector *c, const char *text)
{
	const char *at = strstr(text, "/proc/self/cwd/");
	if (!at)
		return text;
	struct buf b = BUF_INIT;
	const struct plan *plan = &c->p->plan;
	for (; at; at = strstr(text, "/proc/self/cwd/")) {
		const struct plan_module *best = NULL;
		size_t longest = 0;
		for (uint32_t i = 0; i < plan->module_count; i++) {
			size_t n = strlen(plan->modules[i].canonical);
			if (n > longest && strncmp(at, plan->modules[i].canonical, n) == 0) {
				best = &plan->modules[i];
				longest = n;
			}
		}
		buf_add(&b, text, (size_t)(at - text));
		buf_add_str(&b, best ? shown_path(c, best) : "");
		text = at + (best ? longest : strlen("/proc/self/cwd/"));
	}
	buf_add_str(&b, text);
	const char *shown = arena_strdup(c->arena, b.data);
	buf_release(&b);
	return shown;
}

static void add_shown(struct collector *c, uint32_t module, const struct diag_list *diags)
{
	struct shown *s = &c->shown[c->count++];
	s->module = module;
	s->path = shown_path(c, &c->p->plan.modules[module]);
	s->diags.count = diags->count;
	s->diags.items = ARENA_ARRAY(c->arena, struct diag, diags->count + 1);
	for (uint32_t i = 0; i < diags->count; i++) {
		s->diags.items[i] = diags->items[i];
		s->diags.items[i].message = show_paths(c, diags->items[i].message);
		if (diags->items[i].path && diags->items[i].path[0])
			s->diags.items[i].path = show_paths(c, diags->items[i].path);
	}
}

/* In discovery order, so that once-only notes can be kept where mypy would print them. */
static void collect_reports(struct collector *c)
{
	struct plan *plan = &c->p->plan;
	c->shown = ARENA_ARRAY(c->arena, struct shown, plan->module_count + 1); /* room for one more */
	for (uint32_t i = 0; i < plan->module_count; i++) {
		const struct build_unit *u = build_unit(c->p->build, plan->modules[i].unit);
		const struct plan_unit *pu = &plan->units[plan->modules[i].unit];
		if (u->state != UNIT_DONE || plan->modules[i].silent)
			continue;
		for (uint32_t k = 0; k < pu->member_count; k++)
			if (pu->members[k] == i && u->result.members[k].diags.count)
				add_shown(c, i, &u->result.members[k].diags);
	}
}

static uint32_t rank_of(const struct collector *c, uint32_t module)
{
	return c->rank[c->p->plan.modules[module].unit];
}

static int by_rank(const void *a, const void *b, void *collector)
{
	const struct shown *x = *(struct shown *const *)a, *y = *(struct shown *const *)b;
	uint32_t rx = rank_of(collector, x->module), ry = rank_of(collector, y->module);
	return rx != ry ? (rx < ry ? -1 : 1) : x->module < y->module ? -1 : x->module > y->module;
}

static void drop_repeated_notes(struct collector *c)
{
	struct once_only once = ONCE_ONLY_INIT;
	struct shown **checked = ARENA_ARRAY(c->arena, struct shown *, c->count + 1);
	for (uint32_t i = 0; i < c->count; i++) {
		once_only_filter(&once, ONCE_LOADING, &c->shown[i].diags);
		checked[i] = &c->shown[i];
	}
	qsort_r(checked, c->count, sizeof *checked, by_rank, c);
	for (uint32_t i = 0; i < c->count; i++)
		once_only_filter(&once, ONCE_CHECKING, &checked[i]->diags);
	once_only_release(&once);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct shown *)a)->path, ((const struct shown *)b)->path);
}

static void take_shown(struct collector *c, bool to_stderr)
{
	qsort(c->shown, c->count, sizeof *c->shown, by_path);
	for (uint32_t i = 0; i < c->count; i++)
		c->findings->modules[c->findings->count++] =
			(struct finding_module){ .path = c->shown[i].path, .real = c->p->plan.modules[c->shown[i].module].real,
			                         .diags = c->shown[i].diags, .to_stderr = to_stderr };
}

/* ---- blocking errors ---- */

/* The unit whose blocking error mypy would meet first: while it loads the graph (discovery order), else in checking. */
static const struct build_unit *first_blocker(struct collector *c, uint32_t *ret_module)
{
	const struct plan *plan = &c->p->plan;
	const struct build_unit *in_analysis = NULL;
	for (uint32_t i = 0; i < plan->module_count; i++) {
		const struct build_unit *u = build_unit(c->p->build, plan->modules[i].unit);
		if (u->state != UNIT_BLOCKED || !u->blockers.count)
			continue;
		if (u->blocked_in_parse) {
			*ret_module = i;
			return u;
		}
		if (!in_analysis || rank_of(c, i) < rank_of(c, *ret_module)) {
			in_analysis = u;
			*ret_module = i;
		}
	}
	return in_analysis;
}

/* What mypy had not checked when it stopped at `module`: only what it knew from loading is left, the imports. */
static void drop_unreached(struct collector *c, uint32_t module)
{
	for (uint32_t i = 0; i < c->count; i++) {
		struct diag_list *list = &c->shown[i].diags;
		uint32_t kept = 0;
		if (rank_of(c, c->shown[i].module) < rank_of(c, module))
			continue;
		for (uint32_t k = 0; k < list->count; k++)
			if (list->items[k].code && strncmp(list->items[k].code, "import", strlen("import")) == 0)
				list->items[kept++] = list->items[k];
		list->count = kept;
	}
}

static void collect_blocker(struct collector *c, const struct build_unit *u, uint32_t module)
{
	/* mypy makes the line about a file that it cannot read by hand, without place and code, and prints it on stderr */
	bool by_hand = u->blockers.items[0].line < 0 && !u->blockers.items[0].code;
	c->count = 0;
	add_shown(c, module, &u->blockers);
	take_shown(c, by_hand);
	c->findings->blocked = true;
}

static void collect_unused_sections(struct collector *c)
{
	const struct display *d = &c->p->described.display;
	const char **sections = options_unused_sections(c->p->described.options, c->arena);
	if (!d->warn_unused_configs || !d->config_file || !sections[0])
		return;
	size_t n = strlen(d->config_file);
	bool toml = n > 5 && strcmp(d->config_file + n - 5, ".toml") == 0;
	struct buf line = BUF_INIT;
	buf_addf(&line, "%s: note: unused section(s): %s", d->config_file, toml ? "module = ['" : "");
	for (size_t i = 0; sections[i]; i++)
		buf_addf(&line, toml ? "%s%s" : "%s[mypy-%s]", i == 0 ? "" : toml ? "', '" : ", ", sections[i]);
	buf_add_str(&line, toml ? "']" : "");
	const char *lines[] = { arena_strdup(c->arena, line.data), NULL };
	add_lines(c, lines, false);
	buf_release(&line);
}

static void collect_built(struct collector *c)
{
	struct pipeline *p = c->p;
	uint32_t module = 0;
	c->rank = plan_checker_order(&p->plan, c->arena);
	collect_reports(c);
	const struct build_unit *blocker = first_blocker(c, &module);
	const struct err *failure = build_first_failure(p->build);
	if (blocker && !blocker->blocked_in_parse)
		drop_unreached(c, module);
	drop_repeated_notes(c);
	if (!blocker || !blocker->blocked_in_parse)
		take_shown(c, false);
	if (blocker)
		collect_blocker(c, blocker, module);
	else
		collect_unused_sections(c);
	c->findings->failure = failure ? failure->message : NULL;
}

void report_collect(struct pipeline *p, struct arena *arena, struct findings *ret)
{
	const struct look plain = { 0 };
	struct collector c = { .p = p, .arena = arena, .findings = ret,
		               .paths = look_options(&p->described.display, &plain, p->cwd) };
	*ret = (struct findings){
		.checker = p->described.checker,
		.version = p->described.version,
		/* what mypy says of its configuration while it reads it, and goes on: first, and beside the diagnostics */
		.warnings = js_get_string(p->answer, "stderr", ""),
		.modules = ARENA_ARRAY(arena, struct finding_module, p->plan.module_count + 2),
		.sources = p->described.source_count,
	};
	if (p->plan.fatal)
		collect_fatal(&c);
	else
		collect_built(&c);
}
