/*
 * SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), as code scanning services read it.
 * Paths are URIs relative to %SRCROOT%, the root of the work tree; its place on this machine is left out. Notes are
 * related locations of their error. A rule is an error code; mypy's own lead to its documentation (codes.h).
 */
#include <string.h>

#include "base/json.h"
#include "ui/codes.h"
#include "ui/document.h"

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"
#define ROOT "%SRCROOT%"

static struct js *text_message(const char *text)
{
	struct js *o = js_new_object();
	js_set_string(o, "text", text);
	return o;
}

/* RFC 3986: what is neither unreserved nor a slash is escaped. */
static void add_uri_path(const char *path, struct buf *out)
{
	for (const unsigned char *c = (const unsigned char *)path; *c; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
		             strchr("-._~/", *c);
		buf_addf(out, plain ? "%c" : "%%%02X", *c);
	}
}

static struct js *artifact(const char *root_path)
{
	struct js *o = js_new_object();
	struct buf uri = BUF_INIT;
	buf_add_str(&uri, root_path[0] == '/' ? "file://" : "");
	add_uri_path(root_path, &uri);
	js_set_string(o, "uri", uri.data);
	if (root_path[0] != '/')
		js_set_string(o, "uriBaseId", ROOT);
	buf_release(&uri);
	return o;
}

/* SARIF counts columns from 1 and names the first one behind the end; mypy's columns are from 0, and its end is behind
 * the last. */
static struct js *region(const struct issue *issue)
{
	struct js *o = js_new_object();
	int64_t column = (int64_t)issue->column + 1, end_column = (int64_t)issue->end_column + 1;
	js_set_int(o, "startLine", issue->line);
	if (column < 1)
		return o;
	js_set_int(o, "startColumn", column);
	if (issue->end_line > issue->line || (issue->end_line == issue->line && end_column > column)) {
		js_set_int(o, "endLine", issue->end_line);
		js_set_int(o, "endColumn", end_column > 1 ? end_column : 1);
	}
	return o;
}

static struct js *location(const struct issue *issue)
{
	struct js *o = js_new_object(), *physical = js_new_object();
	js_set(physical, "artifactLocation", artifact(issue->root_path));
	if (issue->line >= 1)
		js_set(physical, "region", region(issue));
	js_set(o, "physicalLocation", physical);
	return o;
}

static struct js *rule(const char *code)
{
	struct js *o = js_new_object();
	struct buf about = BUF_INIT, link = BUF_INIT;
	buf_addf(&about, "Errors with the code %s", code);
	js_set_string(o, "id", code);
	js_set(o, "shortDescription", text_message(about.data));
	if (code_add_link(code, &link)) {
		js_set_string(o, "helpUri", link.data);
		buf_reset(&about);
		buf_addf(&about, "See %s", link.data);
		js_set(o, "help", text_message(about.data));
	}
	buf_release(&about);
	buf_release(&link);
	return o;
}

static struct js *result(const struct issue *issue, int64_t rule_index)
{
	struct js *o = js_new_object(), *locations = js_new_array(), *related = js_new_array(), *prints = js_new_object();
	js_set_string(o, "level", issue->is_note ? "note" : "error");
	js_set(o, "message", text_message(issue->message));
	if (issue->code) {
		js_set_string(o, "ruleId", issue->code);
		js_set_int(o, "ruleIndex", rule_index);
	}
	if (issue->path)
		js_append(locations, location(issue));
	js_set(o, "locations", locations);
	for (uint32_t i = 0; i < issue->note_count; i++) {
		struct js *note = location(issue);
		js_set_int(note, "id", i + 1);
		js_set(note, "message", text_message(issue->notes[i]));
		js_append(related, note);
	}
	if (issue->note_count)
		js_set(o, "relatedLocations", related);
	else
		js_free(related);
	js_set_string(prints, "sepalIssue/v1", issue->fingerprint);
	js_set(o, "partialFingerprints", prints);
	return o;
}

static struct js *tool(const struct document *doc, struct js *rules)
{
	struct js *o = js_new_object(), *driver = js_new_object();
	const struct findings *f = doc->findings;
	struct buf full = BUF_INIT;
	buf_addf(&full, "%s %s, run by sepal %s", f->checker, f->version, doc->place->program_version);
	js_set_string(driver, "name", f->checker);
	js_set_string(driver, "version", f->version);
	js_set_string(driver, "fullName", full.data);
	js_set(driver, "rules", rules);
	js_set(o, "driver", driver);
	buf_release(&full);
	return o;
}

static struct js *invocation(const struct findings *f)
{
	struct js *o = js_new_object(), *notifications = js_new_array(), *n = js_new_object();
	js_set_bool(o, "executionSuccessful", !f->failure && !f->blocked);
	if (f->failure) {
		js_set_string(n, "level", "error");
		js_set(n, "message", text_message(f->failure));
		js_append(notifications, n);
		js_set(o, "toolExecutionNotifications", notifications);
		return o;
	}
	js_free(n);
	js_free(notifications);
	return o;
}

static struct js *bases(void)
{
	struct js *o = js_new_object(), *root = js_new_object();
	js_set(root, "description", text_message("The root of the work tree"));
	js_set(o, ROOT, root);
	return o;
}

void document_sarif(const struct document *doc, struct buf *out)
{
	struct js *log = js_new_object(), *runs = js_new_array(), *run = js_new_object();
	struct js *results = js_new_array(), *rules = js_new_array(), *invocations = js_new_array();
	struct map codes = MAP_INIT;
	for (uint32_t i = 0; i < doc->count; i++) {
		const struct issue *issue = &doc->issues[i];
		uint32_t index = 0;
		bool is_new = false;
		if (issue->code)
			index = *map_put_str(&codes, issue->code, codes.count, &is_new);
		if (is_new)
			js_append(rules, rule(issue->code));
		js_append(results, result(issue, index));
	}
	map_release(&codes);
	js_append(invocations, invocation(doc->findings));
	js_set(run, "tool", tool(doc, rules));
	js_set(run, "invocations", invocations);
	js_set(run, "originalUriBaseIds", bases());
	js_set(run, "results", results);
	js_append(runs, run);
	js_set_string(log, "$schema", SCHEMA);
	js_set_string(log, "version", "2.1.0");
	js_set(log, "runs", runs);
	js_write(log, 2, out);
	buf_add_char(out, '\n');
	js_free(log);
}
