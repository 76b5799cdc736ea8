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

void report_release(struct report *r)
{
	buf_release(&r->out);
	buf_release(&r->err);
}

struct shown {
	uint32_t module;
	const char *path;
	struct diag_list diags; /* a copy: filtered in place */
};

struct renderer {
	struct pipeline *p;
	struct text_options options;
	struct text_tally tally;
	struct arena arena;
	struct buf source; /* of the module at hand, for pretty */
	const uint32_t *rank; /* per unit: mypy's order */
	struct shown *shown;
	uint32_t count;
};

static void renderer_init(struct renderer *r, struct pipeline *p, const struct look *look)
{
	const struct display *d = &p->described.display;
	*r = (struct renderer){ .p = p, .tally = TEXT_TALLY_INIT };
	r->options = (struct text_options){
		.pretty = d->pretty,
		.show_column_numbers = d->show_column_numbers,
		.show_error_end = d->show_error_end,
		.hide_error_codes = d->hide_error_codes,
		.show_absolute_path = d->show_absolute_path,
		.output_json = d->output_json,
		.no_error_summary = !d->error_summary,
		.palette = look->palette,
		.width = look->width,
		.cwd = p->cwd,
	};
}

static void renderer_release(struct renderer *r)
{
	text_tally_release(&r->tally);
	arena_release(&r->arena);
	buf_release(&r->source);
}

static void print_lines(struct renderer *r, const char *const *lines, struct buf *out)
{
	struct message_list list = MESSAGE_LIST_INIT;
	for (; *lines; lines++)
		message_list_add(&list, span_of(*lines));
	text_render_messages(&r->options, &list, &r->tally, out);
	message_list_release(&list);
}

static void summarise(struct renderer *r, bool blockers, struct report *ret)
{
	ret->total_at = ret->out.len;
	text_render_summary(&r->options, &r->tally, r->p->described.source_count, blockers, &ret->out);
	ret->exit_status = text_exit_status(&r->tally, blockers);
}

static const char *shown_file(struct renderer *r, const char *display)
{
	struct buf b = BUF_INIT;
	text_display_path(&r->options, display, &b);
	const char *path = arena_strndup(&r->arena, b.data ? b.data : "", b.len);
	buf_release(&b);
	return path;
}

/* What mypy says of its configuration while it reads it, and goes on: first, and beside the diagnostics. */
static void put_warnings(const struct pipeline *p, struct report *ret)
{
	buf_add_str(&ret->err, js_get_string(p->answer, "stderr", ""));
}

void report_fatal(struct pipeline *p, const struct look *look, struct report *ret)
{
	struct renderer r;
	uint32_t n = 0;
	renderer_init(&r, p, look);
	put_warnings(p, ret);
	while (p->plan.fatal[n])
		n++;
	const char **lines = ARENA_ARRAY(&r.arena, const char *, n + 1);
	for (uint32_t i = 0; i < n; i++)
		lines[i] = p->plan.fatal_file ? arena_printf(&r.arena, "%s: %s", shown_file(&r, p->plan.fatal_file),
		                                             p->plan.fatal[i])
		                              : p->plan.fatal[i];
	print_lines(&r, lines, p->plan.fatal_to_stderr ? &ret->err : &ret->out);
	summarise(&r, true, ret);
	renderer_release(&r);
}

/* ---- diagnostics of modules ---- */

static const char *shown_path(struct renderer *r, const struct plan_module *m)
{
	return shown_file(r, m->display);
}

/* Messages may name files: canonical paths become those that the user knows. */
static const char *show_paths(struct renderer *r, const char *text)
{
	const char *at = strstr(text, "/proc/self/cwd/");
	if (!at)
		return text;
	struct buf b = BUF_INIT;
	const struct plan *plan = &r->p->plan;
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
		buf_add_str(&b, best ? shown_path(r, best) : "");
		text = at + (best ? longest : strlen("/proc/self/cwd/"));
	}
	buf_add_str(&b, text);
	const char *shown = arena_strdup(&r->arena, b.data);
	buf_release(&b);
	return shown;
}

static void add_shown(struct renderer *r, uint32_t module, const struct diag_list *diags)
{
	struct shown *s = &r->shown[r->count++];
	s->module = module;
	s->path = shown_path(r, &r->p->plan.modules[module]);
	s->diags.count = diags->count;
	s->diags.items = ARENA_ARRAY(&r->arena, struct diag, diags->count + 1);
	for (uint32_t i = 0; i < diags->count; i++) {
		s->diags.items[i] = diags->items[i];
		s->diags.items[i].message = show_paths(r, diags->items[i].message);
		if (diags->items[i].path && diags->items[i].path[0])
			s->diags.items[i].path = show_paths(r, diags->items[i].path);
	}
}

/* In discovery order, so that once-only notes can be kept where mypy would print them. */
static void collect_reports(struct renderer *r)
{
	struct plan *plan = &r->p->plan;
	r->shown = ARENA_ARRAY(&r->arena, struct shown, plan->module_count + 1);
	for (uint32_t i = 0; i < plan->module_count; i++) {
		const struct build_unit *u = build_unit(r->p->build, plan->modules[i].unit);
		const struct plan_unit *pu = &plan->units[plan->modules[i].unit];
		if (u->state != UNIT_DONE || plan->modules[i].silent)
			continue;
		for (uint32_t k = 0; k < pu->member_count; k++)
			if (pu->members[k] == i && u->result.members[k].diags.count)
				add_shown(r, i, &u->result.members[k].diags);
	}
}

static uint32_t rank_of(const struct renderer *r, uint32_t module)
{
	return r->rank[r->p->plan.modules[module].unit];
}

static int by_rank(const void *a, const void *b, void *renderer)
{
	const struct shown *x = *(struct shown *const *)a, *y = *(struct shown *const *)b;
	uint32_t rx = rank_of(renderer, x->module), ry = rank_of(renderer, y->module);
	return rx != ry ? (rx < ry ? -1 : 1) : x->module < y->module ? -1 : x->module > y->module;
}

static void drop_repeated_notes(struct renderer *r)
{
	struct once_only once = ONCE_ONLY_INIT;
	struct shown **checked = ARENA_ARRAY(&r->arena, struct shown *, r->count + 1);
	for (uint32_t i = 0; i < r->count; i++) {
		once_only_filter(&once, ONCE_LOADING, &r->shown[i].diags);
		checked[i] = &r->shown[i];
	}
	qsort_r(checked, r->count, sizeof *checked, by_rank, r);
	for (uint32_t i = 0; i < r->count; i++)
		once_only_filter(&once, ONCE_CHECKING, &checked[i]->diags);
	once_only_release(&once);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct shown *)a)->path, ((const struct shown *)b)->path);
}

static bool read_source(void *ctx, const char *path, struct span *ret)
{
	struct renderer *r = ctx;
	const struct plan *plan = &r->p->plan;
	struct err ignored = ERR_INIT;
	bool there = false;
	buf_reset(&r->source);
	for (uint32_t i = 0; i < r->count && !there; i++)
		if (strcmp(r->shown[i].path, path) == 0 && plan->modules[r->shown[i].module].real &&
		    fs_read_if_there(plan->modules[r->shown[i].module].real, SOURCE_LIMIT, &r->source, &there, &ignored))
			there = false;
	err_release(&ignored);
	*ret = buf_span(&r->source);
	return there;
}

static void render_shown(struct renderer *r, struct buf *out)
{
	qsort(r->shown, r->count, sizeof *r->shown, by_path);
	for (uint32_t i = 0; i < r->count; i++) {
		struct text_module m = { r->shown[i].path, &r->shown[i].diags, { read_source, r } };
		text_render_module(&r->options, &m, &r->tally, out);
	}
}

/* ---- blocking errors ---- */

/* The unit whose blocking error mypy would meet first: while it loads the graph (discovery order), else in checking. */
static const struct build_unit *first_blocker(struct renderer *r, uint32_t *ret_module)
{
	const struct plan *plan = &r->p->plan;
	const struct build_unit *in_analysis = NULL;
	for (uint32_t i = 0; i < plan->module_count; i++) {
		const struct build_unit *u = build_unit(r->p->build, plan->modules[i].unit);
		if (u->state != UNIT_BLOCKED || !u->blockers.count)
			continue;
		if (u->blocked_in_parse) {
			*ret_module = i;
			return u;
		}
		if (!in_analysis || rank_of(r, i) < rank_of(r, *ret_module)) {
			in_analysis = u;
			*ret_module = i;
		}
	}
	return in_analysis;
}

/* What mypy had not checked when it stopped at `module`: only what it knew from loading is left, the imports. */
static void drop_unreached(struct renderer *r, uint32_t module)
{
	for (uint32_t i = 0; i < r->count; i++) {
		struct diag_list *list = &r->shown[i].diags;
		uint32_t kept = 0;
		if (rank_of(r, r->shown[i].module) < rank_of(r, module))
			continue;
		for (uint32_t k = 0; k < list->count; k++)
			if (list->items[k].code && strncmp(list->items[k].code, "import", strlen("import")) == 0)
				list->items[kept++] = list->items[k];
		list->count = kept;
	}
}

static void render_blocker(struct renderer *r, const struct build_unit *u, uint32_t module, struct report *ret)
{
	struct shown *others = r->shown;
	uint32_t count = r->count;
	r->shown = ARENA_ARRAY(&r->arena, struct shown, 1);
	r->count = 0;
	add_shown(r, module, &u->blockers);
	/* mypy makes the line about a file that it cannot read by hand, without place and code, and prints it on stderr */
	bool by_hand = u->blockers.items[0].line < 0 && !u->blockers.items[0].code;
	render_shown(r, by_hand ? &ret->err : &ret->out);
	r->shown = others;
	r->count = count;
}

static void render_unused_sections(struct renderer *r, struct buf *out)
{
	const struct display *d = &r->p->described.display;
	const char **sections = options_unused_sections(r->p->described.options, &r->arena);
	if (!d->warn_unused_configs || !d->config_file || !sections[0])
		return;
	size_t n = strlen(d->config_file);
	bool toml = n > 5 && strcmp(d->config_file + n - 5, ".toml") == 0;
	struct buf line = BUF_INIT;
	buf_addf(&line, "%s: note: unused section(s): %s", d->config_file, toml ? "module = ['" : "");
	for (size_t i = 0; sections[i]; i++)
		buf_addf(&line, toml ? "%s%s" : "%s[mypy-%s]", i == 0 ? "" : toml ? "', '" : ", ", sections[i]);
	buf_add_str(&line, toml ? "']" : "");
	const char *lines[] = { line.data, NULL };
	print_lines(r, lines, out);
	buf_release(&line);
}

void report_make(struct pipeline *p, const struct look *look, struct report *ret)
{
	struct renderer r;
	uint32_t module;
	renderer_init(&r, p, look);
	put_warnings(p, ret);
	r.rank = plan_checker_order(&p->plan, &r.arena);
	collect_reports(&r);
	const struct build_unit *blocker = first_blocker(&r, &module);
	if (blocker && !blocker->blocked_in_parse)
		drop_unreached(&r, module);
	drop_repeated_notes(&r);
	if (!blocker || !blocker->blocked_in_parse)
		render_shown(&r, &ret->out);
	if (blocker)
		render_blocker(&r, blocker, module, ret);
	else
		render_unused_sections(&r, &ret->out);
	ret->total_at = ret->out.len;
	/* Where units have no answer there is nothing to sum up, and least of all success. */
	if (!build_first_failure(p->build))
		summarise(&r, blocker != NULL, ret);
	renderer_release(&r);
}
