/* Reports that are JSON documents: our own, and GitLab's. Texts that are not UTF-8 get U+FFFD in their place. */
#include "base/json.h"
#include "ui/document.h"

enum { VERSION = 1 };

static void finish(struct js *doc, struct buf *out)
{
	js_write(doc, 2, out);
	buf_add_char(out, '\n');
	js_free(doc);
}

static struct js *string_or_null(const char *s)
{
	return s ? js_new_string(s) : js_new_null();
}

/* Lines and columns from 1, the end included, as mypy prints them. */
static struct js *number_or_null(int64_t n)
{
	return n >= 1 ? js_new_int(n) : js_new_null();
}

/* ---- schemas/report.schema.json ---- */

static struct js *program(const char *name, const char *version)
{
	struct js *o = js_new_object();
	js_set_string(o, "name", name);
	js_set_string(o, "version", version);
	return o;
}

static struct js *diagnostic(const struct issue *issue)
{
	struct js *o = js_new_object(), *notes = js_new_array();
	js_set(o, "path", string_or_null(issue->path));
	js_set(o, "root_path", string_or_null(issue->root_path));
	js_set(o, "line", number_or_null(issue->line));
	js_set(o, "column", number_or_null((int64_t)issue->column + 1));
	js_set(o, "end_line", number_or_null(issue->end_line));
	js_set(o, "end_column", number_or_null(issue->end_column));
	js_set_string(o, "severity", issue->is_note ? "note" : "error");
	js_set(o, "code", string_or_null(issue->code));
	js_set_string(o, "message", issue->message);
	for (uint32_t i = 0; i < issue->note_count; i++)
		js_append(notes, js_new_string(issue->notes[i]));
	js_set(o, "notes", notes);
	js_set_string(o, "fingerprint", issue->fingerprint);
	return o;
}

void document_json(const struct document *doc, struct buf *out)
{
	const struct findings *f = doc->findings;
	struct js *o = js_new_object(), *diagnostics = js_new_array(), *summary = js_new_object();
	js_set_int(o, "version", VERSION);
	js_set(o, "program", program("sepal", doc->place->program_version));
	js_set(o, "checker", program(f->checker, f->version));
	js_set_int(summary, "errors", doc->errors);
	js_set_int(summary, "notes", doc->notes);
	js_set_int(summary, "files_with_errors", doc->files);
	js_set_int(summary, "sources", f->sources);
	js_set_int(summary, "known", doc->known);
	js_set(o, "summary", summary);
	js_set_bool(o, "blocked", f->blocked);
	js_set(o, "failure", string_or_null(f->failure));
	for (uint32_t i = 0; i < doc->count; i++)
		js_append(diagnostics, diagnostic(&doc->issues[i]));
	js_set(o, "diagnostics", diagnostics);
	finish(o, out);
}

/* ---- GitLab: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format ---- */

static struct js *quality(const char *path, int32_t line, const char *severity, const char *name,
                          const char *fingerprint)
{
	struct js *o = js_new_object(), *location = js_new_object(), *lines = js_new_object();
	js_set_int(lines, "begin", line >= 1 ? line : 1);
	/* what concerns no file has to be somewhere */
	js_set_string(location, "path", path ? path : ".");
	js_set(location, "lines", lines);
	js_set(o, "location", location);
	js_set_string(o, "severity", severity);
	js_set_string(o, "check_name", name);
	js_set_string(o, "fingerprint", fingerprint);
	return o;
}

void document_gitlab(const struct document *doc, struct buf *out)
{
	struct js *all = js_new_array();
	for (uint32_t i = 0; i < doc->count; i++) {
		const struct issue *issue = &doc->issues[i];
		struct js *o = quality(issue->root_path, issue->line, issue->is_note ? "info" : "major",
		                       issue->code ? issue->code : doc->findings->checker, issue->fingerprint);
		struct buf text = BUF_INIT;
		buf_add_str(&text, issue->message);
		for (uint32_t k = 0; k < issue->note_count; k++)
			buf_addf(&text, "\n%s", issue->notes[k]);
		js_set_string(o, "description", text.data);
		js_append(all, o);
		buf_release(&text);
	}
	if (doc->findings->failure) {
		struct js *o = quality(NULL, 1, "blocker", "sepal", "failure");
		js_set_string(o, "description", doc->findings->failure);
		js_append(all, o);
	}
	finish(all, out);
}
