/* Reports that are asked for; see cmd/reports.h. */
#include "cmd/reports.h"

#include <string.h>

#include "source/worktree.h"
#include "sys/fs.h"
#include "sys/path.h"

enum { LIMIT = 64 * 1024 * 1024 };

/* ---- what is asked for ---- */

static int refuse_format(struct span name, struct err *err)
{
	struct buf names = BUF_INIT;
	document_format_names(", ", &names);
	int failed = err_set(err, ERR_USAGE, "there is no report format `%.*s`; the formats are %s", (int)name.len,
	                     name.data, names.data);
	buf_release(&names);
	return failed;
}

/* A file can be written there: its directory is one, and it is none itself. */
static int check_place(struct reports *r, const char *option, const char *given, const char *file, struct err *err)
{
	if (!*given)
		return err_set(err, ERR_USAGE, "--report %s names no file; leave out the = for standard output", option);
	const char *dir = path_dirname(&r->arena, file);
	if (!fs_is_dir(dir))
		return err_set(err, ERR_USAGE, "the report %s cannot be written: there is no directory %s", given, dir);
	if (fs_is_dir(file))
		return err_set(err, ERR_USAGE, "the report %s cannot be written: it is a directory", given);
	return 0;
}

static int refuse_twice(const char *file, const char *given, struct err *err)
{
	if (!file)
		return err_set(err, ERR_USAGE, "--report %s is given twice", given);
	return err_set(err, ERR_USAGE, "%s is given twice; each report wants a file of its own", given);
}

/* Another output, or the baseline, is the same file. */
static bool is_taken(const struct reports *r, const struct settings *s, const struct report_target *t)
{
	struct arena a = ARENA_INIT;
	const char *const others[] = { s->stats_json, s->trace, s->new_only };
	bool taken = false;
	for (uint32_t i = 0; i < r->count && !taken; i++) {
		const struct report_target *other = &r->targets[i];
		taken = t->file && other->file ? strcmp(t->file, other->file) == 0
		                               : !t->file && !other->file && t->format == other->format;
	}
	for (size_t i = 0; i < sizeof others / sizeof *others && t->file && !taken; i++)
		taken = others[i] && strcmp(t->file, path_absolute(&a, r->cwd, others[i])) == 0;
	arena_release(&a);
	return taken;
}

static int add_target(struct reports *r, const struct settings *s, const char *option, struct err *err)
{
	const char *equals = strchr(option, '=');
	struct span name = { option, equals ? (size_t)(equals - option) : strlen(option) };
	struct report_target t = { .format = document_format_find(name) };
	if (!t.format)
		return refuse_format(name, err);
	if (equals) {
		t.file = path_absolute(&r->arena, r->cwd, equals + 1);
		if (check_place(r, option, equals + 1, t.file, err))
			return -1;
	}
	if (is_taken(r, s, &t))
		return refuse_twice(t.file, equals ? equals + 1 : option, err);
	r->targets[r->count++] = t;
	return 0;
}

int reports_read_baseline(const char *file, struct baseline **ret, struct err *err)
{
	struct buf text = BUF_INIT;
	struct err why = ERR_INIT;
	bool there = false;
	int failed = 0;
	if (fs_read_if_there(file, LIMIT, &text, &there, &why))
		failed = err_set(err, ERR_USAGE, "the baseline cannot be read: %s", why.message);
	else if (!there)
		failed = err_set(err, ERR_USAGE, "there is no baseline %s; `sepal baseline write %s` makes one", file, file);
	else
		failed = baseline_parse(buf_span(&text), file, ret, err);
	err_release(&why);
	buf_release(&text);
	return failed;
}

int reports_open(const struct settings *s, struct reports *ret, struct err *err)
{
	uint32_t n = 0;
	bool text = false, others = false;
	while (s->reports[n])
		n++;
	ret->targets = ARENA_ARRAY(&ret->arena, struct report_target, n + 1);
	if (fs_cwd(&ret->arena, &ret->cwd, err))
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		if (add_target(ret, s, s->reports[i], err))
			return -1;
		const struct report_target *t = &ret->targets[i];
		bool is_text = t->format->render == document_text;
		text = text || (!t->file && is_text);
		others = others || (!t->file && !is_text);
	}
	ret->no_text = others && !text;
	ret->baseline_file = s->new_only;
	return s->new_only ? reports_read_baseline(s->new_only, &ret->baseline, err) : 0;
}

bool reports_need_findings(const struct reports *r)
{
	bool needed = r->baseline || r->take;
	for (uint32_t i = 0; i < r->count; i++)
		needed = needed || r->targets[i].file || r->targets[i].format->render != document_text;
	return needed;
}

bool reports_have_files(const struct reports *r)
{
	for (uint32_t i = 0; i < r->count; i++)
		if (r->targets[i].file)
			return true;
	return false;
}

/* ---- making and writing them ---- */


static void add_known(const struct reports *r, const struct document *doc, const struct text_options *text,
                      struct buf *out)
{
	if (!doc->known || text->no_error_summary)
		return;
	buf_addf(out, "%u known diagnostic%s of %s %s not shown\n", doc->known, doc->known == 1 ? "" : "s",
	         r->baseline_file, doc->known == 1 ? "is" : "are");
}

void reports_make(struct reports *r, const struct findings *f, const struct text_options *text, struct report *ret)
{
	struct arena arena = ARENA_INIT;
	struct buf source = BUF_INIT;
	struct document doc;
	const struct document_place place = { text, worktree_root(&arena, text->cwd), SEPAL_VERSION, report_read_source,
		                              &source };
	document_make(f, &place, &arena, &doc);
	if (r->baseline)
		baseline_apply(r->baseline, &doc, &arena);
	report_render(doc.findings, text, &ret->text);
	add_known(r, &doc, text, &ret->text.out);
	ret->no_text = r->no_text;
	for (uint32_t i = 0; i < r->count; i++) {
		struct report_target *t = &r->targets[i];
		if (t->file)
			t->format->render(&doc, &t->bytes);
		else if (t->format->render != document_text)
			t->format->render(&doc, &ret->more);
	}
	if (r->take && !f->blocked && !f->failure) {
		ret->no_text = true;
		r->take(r->ctx, &doc, &ret->more);
	}
	buf_release(&source);
	arena_release(&arena);
}

int reports_write(struct reports *r, struct err *err)
{
	for (uint32_t i = 0; i < r->count; i++) {
		struct report_target *t = &r->targets[i];
		if (t->file && fs_write_output(t->file, buf_span(&t->bytes), err))
			return -1;
		buf_release(&t->bytes);
	}
	return 0;
}

void reports_release(struct reports *r)
{
	for (uint32_t i = 0; i < r->count; i++)
		buf_release(&r->targets[i].bytes);
	baseline_free(r->baseline);
	arena_release(&r->arena);
}
