/*
 * Reports that are XML. JUnit: what is common to its readers, and valid by the schema of Jenkins' xUnit plug-in
 * (junit-10.xsd). Checkstyle: the form that its own reports have and that review tools read; it has no schema.
 */
#include "ui/document.h"
#include "ui/xml.h"

static const char PROLOGUE[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/* The issues of one file, also those that were found elsewhere. */
struct group {
	const char *name; /* of the file; the checker's for what concerns none */
	const struct issue **issues;
	uint32_t count;
};

struct groups {
	struct arena arena;
	struct group *items; /* in the order of their first issues */
	uint32_t count;
};

static void groups_make(const struct document *doc, struct groups *g)
{
	struct map names = MAP_INIT;
	uint32_t *group_of = ARENA_ARRAY(&g->arena, uint32_t, doc->count + 1);
	g->items = ARENA_ARRAY(&g->arena, struct group, doc->count + 1);
	for (uint32_t i = 0; i < doc->count; i++) {
		const char *name = doc->issues[i].path ? doc->issues[i].path : doc->findings->checker;
		group_of[i] = *map_put_str(&names, name, names.count, NULL);
		g->items[group_of[i]].name = name;
		g->items[group_of[i]].count++;
	}
	g->count = names.count;
	map_release(&names);
	for (uint32_t i = 0; i < g->count; i++) {
		g->items[i].issues = ARENA_ARRAY(&g->arena, const struct issue *, g->items[i].count);
		g->items[i].count = 0;
	}
	for (uint32_t i = 0; i < doc->count; i++) {
		struct group *group = &g->items[group_of[i]];
		group->issues[group->count++] = &doc->issues[i];
	}
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
static void add_file(struct cases *c, const char *checker, const struct group *file)
{
	uint32_t errors = 0;
	struct buf text = BUF_INIT, message = BUF_INIT;
	for (uint32_t i = 0; i < file->count; i++) {
		errors += !file->issues[i]->is_note;
		issue_add_lines(file->issues[i], &text);
	}
	buf_addf(&message, "%u error%s", errors, errors == 1 ? "" : "s");
	begin_case(c, file->name, checker);
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
	struct groups g = { 0 };
	groups_make(doc, &g);
	for (uint32_t i = 0; i < g.count; i++)
		add_file(&c, f->checker, &g.items[i]);
	arena_release(&g.arena);
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

static void add_issue(const struct document *doc, const struct issue *issue, struct buf *out)
{
	add_error(doc, issue, issue->message, issue->is_note, out);
	for (uint32_t k = 0; k < issue->note_count; k++)
		add_error(doc, issue, issue->notes[k], true, out);
}

static void begin_file(const char *name, struct buf *out)
{
	buf_add_str(out, "  <file");
	xml_add_attribute("name", name, out);
	buf_add_str(out, ">\n");
}

void document_checkstyle(const struct document *doc, struct buf *out)
{
	struct groups g = { 0 };
	groups_make(doc, &g);
	buf_add_str(out, PROLOGUE);
	buf_add_str(out, "<checkstyle version=\"4.3\">\n");
	for (uint32_t i = 0; i < g.count; i++) {
		begin_file(g.items[i].name, out);
		for (uint32_t k = 0; k < g.items[i].count; k++)
			add_issue(doc, g.items[i].issues[k], out);
		buf_add_str(out, "  </file>\n");
	}
	arena_release(&g.arena);
	if (doc->findings->failure) {
		const struct issue failure = { .line = -1 };
		begin_file("sepal", out);
		add_error(doc, &failure, doc->findings->failure, false, out);
		buf_add_str(out, "  </file>\n");
	}
	buf_add_str(out, "</checkstyle>\n");
}
