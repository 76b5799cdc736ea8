/* Reports that are JSON documents: our own, GitLab's, and SARIF. tests/checker/test_reports.py has the schemas. */
#include "../../lib/check.h"

#include "../../lib/sample.h"

static struct js *render(struct sample *s, const char *format)
{
	struct err err = ERR_INIT;
	struct js *doc;
	sample_render(s, format);
	assert_ok(js_parse(buf_span(&s->out), "report", &doc, &err));
	return doc;
}

static const struct js *only_result(const struct js *doc)
{
	const struct js *results = js_get(js_at(js_get(doc, "runs"), 0), "results");
	assert_int_equal(js_len(results), 1);
	return js_at(results, 0);
}

static const struct js *place_of(const struct js *result)
{
	return js_get(js_at(js_get(result, "locations"), 0), "physicalLocation");
}

static void awkward_texts_come_back_as_they_are_but_for_what_is_no_text(void **state)
{
	(void)state;
	static const char expected[] =
		"Größe \"<a>\" & 'b'\n::c,d: 100%\r\t\x1b[1m\x7f \xEF\xBF\xBD ]]> \xf0\x9f\x8e\x89";
	struct sample s;
	sample_init(&s, "a.py", &DIAG(NULL, 3, 4, 3, 7, false, AWKWARD, "misc"), 1);
	struct js *json = render(&s, "json"), *gitlab = render(&s, "gitlab"), *sarif = render(&s, "sarif");
	assert_string_equal(js_get_string(js_at(js_get(json, "diagnostics"), 0), "message", ""), expected);
	assert_string_equal(js_get_string(js_at(gitlab, 0), "description", ""), expected);
	assert_string_equal(js_get_string(js_get(only_result(sarif), "message"), "text", ""), expected);
	js_free(json);
	js_free(gitlab);
	js_free(sarif);
	sample_release(&s);
}

static void a_very_long_message_is_whole(void **state)
{
	(void)state;
	enum { SIZE = 1 << 20 };
	char *message = malloc(SIZE + 1);
	memset(message, 'x', SIZE);
	message[SIZE] = 0;
	struct sample s;
	sample_init(&s, "a.py", &DIAG(NULL, 3, 4, 3, 7, false, message, NULL), 1);
	const char *const formats[] = { "text", "json", "jsonl", "sarif", "junit", "github", "gitlab", "checkstyle" };
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		assert_non_null(strstr(sample_render(&s, formats[i]), message));
	sample_release(&s);
	free(message);
}

static void json_counts_lines_and_columns_from_one(void **state)
{
	(void)state;
	struct sample s;
	sample_init(&s, "a.py", &DIAG(NULL, 3, 0, 3, 7, false, "Bad", NULL), 1);
	struct js *doc = render(&s, "json");
	const struct js *d = js_at(js_get(doc, "diagnostics"), 0);
	assert_int_equal(js_get_int(d, "line", 0), 3);
	assert_int_equal(js_get_int(d, "column", 0), 1);
	assert_int_equal(js_get_int(d, "end_column", 0), 7);
	assert_string_equal(js_get_string(d, "root_path", ""), "d/a.py");
	assert_true(js_is_null(js_get(d, "code")));
	js_free(doc);
	sample_release(&s);
	sample_init(&s, "a.py", &DIAG(NULL, -1, -1, -1, -1, false, "Bad", NULL), 1);
	doc = render(&s, "json");
	assert_true(js_is_null(js_get(js_at(js_get(doc, "diagnostics"), 0), "line")));
	assert_true(js_is_null(js_get(js_at(js_get(doc, "diagnostics"), 0), "column")));
	js_free(doc);
	sample_release(&s);
}

static void gitlab_wants_a_place_for_everything(void **state)
{
	(void)state;
	struct sample s;
	sample_init(&s, "", &DIAG("", -1, -1, -1, -1, false, "mypy: can't read file 'x'", NULL), 1);
	s.modules[0].raw = true;
	s.findings.failure = "the checker crashed";
	sample_again(&s);
	struct js *doc = render(&s, "gitlab");
	assert_int_equal(js_len(doc), 2);
	const struct js *location = js_get(js_at(doc, 0), "location");
	assert_string_equal(js_get_string(location, "path", ""), ".");
	assert_int_equal(js_get_int(js_get(location, "lines"), "begin", 0), 1);
	assert_string_equal(js_get_string(js_at(doc, 1), "description", ""), "the checker crashed");
	assert_string_equal(js_get_string(js_at(doc, 1), "severity", ""), "blocker");
	js_free(doc);
	sample_release(&s);
}

static void sarif_paths_are_uris(void **state)
{
	(void)state;
	struct sample s;
	sample_init(&s, "p/ä b%#.py", &DIAG(NULL, 3, 4, 3, 7, false, "Bad", "misc"), 1);
	struct js *doc = render(&s, "sarif");
	const struct js *artifact = js_get(place_of(only_result(doc)), "artifactLocation");
	assert_string_equal(js_get_string(artifact, "uri", ""), "d/p/%C3%A4%20b%25%23.py");
	assert_string_equal(js_get_string(artifact, "uriBaseId", ""), "%SRCROOT%");
	js_free(doc);
	sample_release(&s);
	sample_init(&s, "/else where/a.py", &DIAG(NULL, 3, 4, 3, 7, false, "Bad", "misc"), 1);
	doc = render(&s, "sarif");
	artifact = js_get(place_of(only_result(doc)), "artifactLocation");
	assert_string_equal(js_get_string(artifact, "uri", ""), "file:///else%20where/a.py");
	assert_null(js_get(artifact, "uriBaseId"));
	js_free(doc);
	sample_release(&s);
}

static void assert_region(struct diag d, int64_t column, int64_t end_line, int64_t end_column)
{
	struct sample s;
	sample_init(&s, "a.py", &d, 1);
	struct js *doc = render(&s, "sarif");
	const struct js *region = js_get(place_of(only_result(doc)), "region");
	assert_int_equal(js_get_int(region, "startLine", 0), d.line < 1 ? 0 : d.line);
	assert_int_equal(js_get_int(region, "startColumn", 0), column);
	assert_int_equal(js_get_int(region, "endLine", 0), end_line);
	assert_int_equal(js_get_int(region, "endColumn", 0), end_column);
	js_free(doc);
	sample_release(&s);
}

static void a_sarif_region_never_ends_before_it_begins(void **state)
{
	(void)state;
	assert_region(DIAG(NULL, 3, 4, 3, 7, false, "Bad", NULL), 5, 3, 8);
	assert_region(DIAG(NULL, 3, 4, 5, 0, false, "Bad", NULL), 5, 5, 1);
	assert_region(DIAG(NULL, 3, 4, 3, 4, false, "Bad", NULL), 5, 0, 0);
	assert_region(DIAG(NULL, 3, 4, 2, 9, false, "Bad", NULL), 5, 0, 0);
	assert_region(DIAG(NULL, 3, -1, -1, -1, false, "Bad", NULL), 0, 0, 0);
	assert_region(DIAG(NULL, -1, -1, -1, -1, false, "Bad", NULL), 0, 0, 0);
}

static void sarif_rules_of_mypy_lead_to_its_documentation(void **state)
{
	(void)state;
	const struct diag diags[] = { { NULL, 1, 0, 1, 1, false, "Bad", "attr-defined" },
		                      { NULL, 2, 0, 2, 1, false, "Bad", "plugin-code" },
		                      { NULL, 3, 0, 3, 1, false, "Bad", "attr-defined" },
		                      { NULL, 4, 0, 4, 1, false, "Bad", NULL } };
	struct sample s;
	sample_init(&s, "a.py", diags, 4);
	struct js *doc = render(&s, "sarif");
	const struct js *run = js_at(js_get(doc, "runs"), 0), *results = js_get(run, "results");
	const struct js *rules = js_get(js_get(js_get(run, "tool"), "driver"), "rules");
	assert_int_equal(js_len(rules), 2);
	assert_string_equal(js_get_string(js_at(rules, 0), "helpUri", ""),
	                    "https://mypy.readthedocs.io/en/stable/_refs.html#code-attr-defined");
	assert_null(js_get(js_at(rules, 1), "helpUri"));
	assert_int_equal(js_get_int(js_at(results, 1), "ruleIndex", -1), 1);
	assert_int_equal(js_get_int(js_at(results, 2), "ruleIndex", -1), 0);
	assert_null(js_get(js_at(results, 3), "ruleId"));
	js_free(doc);
	sample_release(&s);
}

static void sarif_notes_are_related_to_their_error(void **state)
{
	(void)state;
	const struct diag diags[] = { { NULL, 1, 0, 1, 1, false, "Bad", "misc" },
		                      { NULL, 1, 0, 1, 1, true, "because", "misc" } };
	struct sample s;
	sample_init(&s, "a.py", diags, 2);
	struct js *doc = render(&s, "sarif");
	const struct js *related = js_get(only_result(doc), "relatedLocations");
	assert_int_equal(js_len(related), 1);
	assert_string_equal(js_get_string(js_get(js_at(related, 0), "message"), "text", ""), "because");
	js_free(doc);
	sample_release(&s);
}

static void sarif_says_when_the_run_did_not_come_to_its_end(void **state)
{
	(void)state;
	struct sample s;
	sample_init(&s, "a.py", NULL, 0);
	s.findings.failure = "the checker crashed";
	sample_again(&s);
	struct js *doc = render(&s, "sarif");
	const struct js *invocation = js_at(js_get(js_at(js_get(doc, "runs"), 0), "invocations"), 0);
	assert_false(js_get_bool(invocation, "executionSuccessful", true));
	assert_string_equal(
		js_get_string(js_get(js_at(js_get(invocation, "toolExecutionNotifications"), 0), "message"), "text", ""),
		"the checker crashed");
	js_free(doc);
	sample_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(awkward_texts_come_back_as_they_are_but_for_what_is_no_text),
		cmocka_unit_test(a_very_long_message_is_whole),
		cmocka_unit_test(json_counts_lines_and_columns_from_one),
		cmocka_unit_test(gitlab_wants_a_place_for_everything),
		cmocka_unit_test(sarif_paths_are_uris),
		cmocka_unit_test(a_sarif_region_never_ends_before_it_begins),
		cmocka_unit_test(sarif_rules_of_mypy_lead_to_its_documentation),
		cmocka_unit_test(sarif_notes_are_related_to_their_error),
		cmocka_unit_test(sarif_says_when_the_run_did_not_come_to_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
