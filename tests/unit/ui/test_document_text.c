/* Reports as mypy writes them: text, and the lines of `--output json`. */
#include "../../lib/check.h"

#include "../../lib/sample.h"

static bool read_source(void *ctx, const char *real, struct span *ret)
{
	assert_string_equal(real, "/real/a.py");
	*ret = span_of(ctx);
	return true;
}

static void text_has_the_summary_line_and_no_colours(void **state)
{
	(void)state;
	const struct color_env env = { "1", NULL, "xterm", false, false };
	struct sample s;
	sample_init(&s, "a.py", &DIAG(NULL, 3, 4, 3, 7, false, "Bad", "misc"), 1);
	s.text.palette = color_palette(true, &env);
	assert_string_equal(sample_render(&s, "text"),
	                    "a.py:3: error: Bad  [misc]\nFound 1 error in 1 file (checked 3 source files)\n");
	s.findings.count = 0;
	sample_again(&s);
	assert_string_equal(sample_render(&s, "text"), "Success: no issues found in 3 source files\n");
	sample_release(&s);
}

static void pretty_text_has_source_lines(void **state)
{
	(void)state;
	struct sample s;
	sample_init(&s, "a.py", &DIAG(NULL, 1, 0, 1, 1, false, "Bad", "misc"), 1);
	s.text.pretty = true;
	s.text.width = 80;
	s.modules[0].real = "/real/a.py";
	s.place.read = read_source;
	s.place.read_ctx = "x = 1\n";
	assert_non_null(strstr(sample_render(&s, "text"), "\n    x = 1\n    ^\n"));
	sample_release(&s);
}

static void what_goes_to_standard_error_is_in_no_file(void **state)
{
	(void)state;
	struct sample s;
	sample_init(&s, "", &DIAG("", -1, -1, -1, -1, false, "mypy: can't read file 'x'", NULL), 1);
	s.modules[0].to_stderr = s.modules[0].raw = s.findings.blocked = true;
	s.findings.warnings = "warning\n";
	sample_again(&s);
	assert_string_equal(sample_render(&s, "text"), "");
	sample_release(&s);
}

static void json_lines_are_ascii_with_notes_as_hints(void **state)
{
	(void)state;
	const struct diag diags[] = { { NULL, 3, 4, 3, 7, false, "Größe \"\t\x7f", "misc" },
		                      { NULL, 3, 4, 3, 7, true, "one", NULL },
		                      { NULL, 3, 4, 3, 7, true, "two", NULL } };
	struct sample s;
	sample_init(&s, "ä.py", diags, 3);
	assert_string_equal(sample_render(&s, "jsonl"),
	                    "{\"file\": \"\\u00e4.py\", \"line\": 3, \"column\": 4, \"end_line\": 3, \"end_column\": 7, "
	                    "\"message\": \"Gr\\u00f6\\u00dfe \\\"\\t\\u007f\", \"hint\": \"one\\ntwo\", \"code\": "
	                    "\"misc\", \"severity\": \"error\"}\n");
	sample_release(&s);
}

static void what_has_no_place_is_a_json_line_too(void **state)
{
	(void)state;
	struct sample s;
	sample_init(&s, "", &DIAG("", -1, -1, -1, -1, false, "mypy: can't read file 'x'", NULL), 1);
	s.modules[0].raw = true;
	sample_again(&s);
	assert_string_equal(sample_render(&s, "jsonl"),
	                    "{\"file\": \"\", \"line\": -1, \"column\": -1, \"end_line\": -1, \"end_column\": 0, "
	                    "\"message\": \"mypy: can't read file 'x'\", \"hint\": null, \"code\": null, "
	                    "\"severity\": \"error\"}\n");
	s.findings.count = 0;
	sample_again(&s);
	assert_string_equal(sample_render(&s, "jsonl"), "");
	sample_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_has_the_summary_line_and_no_colours),
		cmocka_unit_test(pretty_text_has_source_lines),
		cmocka_unit_test(what_goes_to_standard_error_is_in_no_file),
		cmocka_unit_test(json_lines_are_ascii_with_notes_as_hints),
		cmocka_unit_test(what_has_no_place_is_a_json_line_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
