/*
 * Reports that are XML. JUnit: what is common to its readers, and valid by the schema of Jenkins' xUnit plug-in
 * (junit-10.xsd). Checkstyle: the form that its own reports have and that review tools read; it has no schema.
 */
#include <string.h>

#include "ui/document.h"
#include "ui/xml.h"

static const char PROLOGUE[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

static bool same_path(const struct issue *a, const struct issue *b)
{
	return a->path && b->path ? strcmp(a->path, b->path) == 0 : a->path == b->path;
}

/* How many issues from `first` on are of one file. */
static uint32_t count_same(const struct document *doc, uint32_t first)
{
	uint32_t n = 1;
	while (first + n < doc->count && same_path(&doc->issues[first], &doc->issues[first + n]))
		n++;
	return n;
}

static const char *name_of(const struct document *doc, const struct issue *issue)
{
	return issue->path ? issue->path : doc->findings->checker;
}

/* ---- JUnit ---- */

struct cases {
	uint32_t all, failures, errors;
	struct buf xml;
};

static void begin_case(struct cases *c, const char *name, const char *class)
{
	c->all++;
	buf_add_str(&c->xml, "    <testcase");
	xml_add_attribute("name", name, &c->xml);
	xml_add_attribute("classname", class, &c->xml);
}

static void add_outcome(struct cases *c, const char *element, const char *message, const char *type, const char *text)
{
	buf_addf(&c->xml, ">\n      <%s", element);
	if (message)
		xml_add_attribute("message", message, &c->xml);
	if (type)
		xml_add_attribute("type", type, &c->xml);
	buf_add_char(&c->xml, '>');
	xml_add_text(text, &c->xml);
	buf_addf(&c->xml, "</%s>\n    </testcase>\n", element);
}

/* A file fails by its errors; one that has only notes passes, and they are its output. */
static void add_file(struct cases *c, const struct document *doc, uint32_t first, uint32_t count)
{
	const char *checker = doc->findings->checker;
	uint32_t errors = 0;
	struct buf text = BUF_INIT, message = BUF_INIT;
	for (uint32_t i = first; i < first + count; i++) {
		errors += !doc->issues[i].is_note;
		issue_add_lines(&doc->issues[i], &text);
	}
	buf_addf(&message, "%u error%s", errors, errors == 1 ? "" : "s");
	begin_case(c, name_of(doc, &doc->issues[first]), checker);
	if (errors)
		add_outcome(c, "failure", message.data, checker, text.data);
	else
		add_outcome(c, "system-out", NULL, NULL, text.data);
	c->failures += errors > 0;
	buf_release(&text);
	buf_release(&message);
}

static void add_counts(const struct cases *c, struct buf *out)
{
	xml_add_number("tests", c->all, out);
	xml_add_number("failures", c->failures, out);
	xml_add_number("errors", c->errors, out);
	buf_add_str(out, ">\n");
}

void document_junit(const struct document *doc, struct buf *out)
{
	const struct findings *f = doc->findings;
	struct cases c = { 0 };
	for (uint32_t i = 0; i < doc->count; i += count_same(doc, i))
		add_file(&c, doc, i, count_same(doc, i));
	if (f->failure) {
		begin_case(&c, "sepal", f->checker);
		add_outcome(&c, "error", f->failure, "sepal", f->failure);
		c.errors++;
	}
	/* without any case readers take a report for broken */
	if (!c.all) {
		begin_case(&c, f->checker, f->checker);
		buf_add_str(&c.xml, "/>\n");
	}
	buf_add_str(out, PROLOGUE);
	buf_add_str(out, "<testsuites");
	add_counts(&c, out);
	buf_add_str(out, "  <testsuite");
	xml_add_attribute("name", f->checker, out);
	add_counts(&c, out);
	buf_add_span(out, buf_span(&c.xml));
	buf_add_str(out, "  </testsuite>\n</testsuites>\n");
	buf_release(&c.xml);
}

/* ---- Checkstyle ---- */

static void add_error(const struct document *doc, const struct issue *issue, const char *message, bool is_note,
                      struct buf *out)
{
	struct buf source = BUF_INIT;
	buf_addf(&source, "%s%s%s", doc->findings->checker, issue->code ? "." : "", issue->code ? issue->code : "");
	buf_add_str(out, "    <error");
	xml_add_number("line", issue->line >= 1 ? issue->line : 0, out); /* readers want one */
	if (issue->line >= 1 && issue->column >= 0)
		xml_add_number("column", (int64_t)issue->column + 1, out);
	xml_add_attribute("severity", is_note ? "info" : "error", out);
	xml_add_attribute("message", message, out);
	xml_add_attribute("source", source.data, out);
	buf_add_str(out, "/>\n");
	buf_release(&source);
}

static void begin_file(const char *name, struct buf *out)
{
	buf_add_str(out, "  <file");
	xml_add_attribute("name", name, out);
	buf_add_str(out, ">\n");
}

void document_checkstyle(const struct document *doc, struct buf *out)
{
	buf_add_str(out, PROLOGUE);
	buf_add_str(out, "<checkstyle version=\"4.3\">\n");
	for (uint32_t i = 0; i < doc->count; i++) {
		const struct issue *issue = &doc->issues[i];
		if (i == 0 || !same_path(issue, issue - 1))
			begin_file(name_of(doc, issue), out);
		add_error(doc, issue, issue->message, issue->is_note, out);
		for (uint32_t k = 0; k < issue->note_count; k++)
			add_error(doc, issue, issue->notes[k], true, out);
		if (i + 1 == doc->count || !same_path(issue, issue + 1))
			buf_add_str(out, "  </file>\n");
	}
	if (doc->findings->failure) {
		const struct issue failure = { .line = -1 };
		begin_file("sepal", out);
		add_error(doc, &failure, doc->findings->failure, false, out);
		buf_add_str(out, "  </file>\n");
	}
	buf_add_str(out, "</checkstyle>\n");
}
