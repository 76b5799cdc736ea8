/* ui/baseline.h: what is written down as known, what is not read, and what is left of a document. */
#include "../../lib/check.h"

#include "../../lib/sample.h"

static const struct diag THREE[] = {
	{ NULL, 1, 0, 1, 1, false, "Bad", "misc" },
	{ NULL, 1, 0, 1, 1, true, "because", "misc" },
	{ NULL, 2, 0, 2, 1, false, "Bad", "misc" },
	{ NULL, 3, 0, 3, 1, false, "Bad", "misc" },
	{ NULL, 3, 0, 3, 1, true, "therefore", "misc" },
};

static struct baseline *parse(const char *text)
{
	struct err err = ERR_INIT;
	struct baseline *b;
	assert_ok(baseline_parse(span_of(text), "base.txt", &b, &err));
	return b;
}

static const char *write_out(struct sample *s)
{
	buf_reset(&s->out);
	baseline_write(&s->doc, &s->out);
	return s->out.data;
}

static void lines_are_sorted_and_have_no_numbers(void **state)
{
	(void)state;
	const struct diag diags[] = { { NULL, 9, 0, 9, 1, false, "Name \"f\" already defined on line 3", "no-redef" },
		                      { NULL, 9, 0, 9, 1, true, "because", NULL },
		                      { NULL, 10, 0, 10, 1, true, "Revealed", NULL },
		                      { "/w/a.py", 1, 0, 1, 1, false, "Bad", "misc" },
		                      { "/w/a.py", 2, 0, 2, 1, false, "Bad", "misc" } };
	struct sample s;
	sample_init(&s, "b.py", diags, 5);
	assert_string_equal(write_out(&s), "# sepal baseline 1\n"
	                                   "a.py\terror\tmisc\tBad\n"
	                                   "a.py\terror\tmisc\tBad\n"
	                                   "d/b.py\terror\tno-redef\tName \"f\" already defined on line N\n"
	                                   "d/b.py\tnote\t\tRevealed\n"
	                                   "# end\n");
	sample_release(&s);
}

static void awkward_texts_are_known_again(void **state)
{
	(void)state;
	const struct diag diags[] = { { NULL, 9, 0, 9, 1, false, AWKWARD, "a\tb" },
		                      { NULL, 9, 0, 9, 1, false, "# \\n is no line end", NULL },
		                      { NULL, 9, 0, 9, 1, false, "", NULL } };
	struct sample s;
	sample_init(&s, "#ä\tb.py", diags, 3);
	const char *text = write_out(&s);
	assert_non_null(strstr(text, "Größe \"<a>\" & 'b'\\n::c,d: 100%\\r\\t\\x1b[1m\\x7f \\xff ]]> \xf0\x9f\x8e\x89\n"));
	assert_non_null(strstr(text, "d/#ä\\tb.py\terror\t\t\\x23 \\\\n is no line end\n"));
	struct baseline *b = parse(text);
	baseline_apply(b, &s.doc, &s.arena);
	assert_int_equal(s.doc.count, 0);
	assert_int_equal(s.doc.known, 3);
	baseline_free(b);
	sample_release(&s);
}

static void issues_are_known_as_often_as_they_are_there(void **state)
{
	(void)state;
	struct sample s;
	char fingerprint[FINGERPRINT_SIZE + 1];
	sample_init(&s, "a.py", THREE, 5);
	memcpy(fingerprint, s.doc.issues[2].fingerprint, sizeof fingerprint);
	struct baseline *b = parse("# sepal baseline 1\nd/a.py\terror\tmisc\tBad\nd/a.py\terror\tmisc\tBad\n# end\n");
	baseline_apply(b, &s.doc, &s.arena);
	assert_int_equal(s.doc.count, 1);
	assert_int_equal(s.doc.known, 2);
	assert_int_equal(s.doc.errors, 1);
	assert_int_equal(s.doc.issues[0].line, 3);
	assert_string_equal(s.doc.issues[0].fingerprint, fingerprint);
	/* and their notes are gone from the text with them */
	assert_string_equal(sample_render(&s, "text"), "a.py:3: error: Bad  [misc]\na.py:3: note: therefore\n"
	                                               "Found 1 error in 1 file (checked 3 source files)\n");
	baseline_free(b);
	sample_release(&s);
}

static void another_severity_code_path_or_message_is_not_known(void **state)
{
	(void)state;
	static const char *const lines[] = { "d/a.py\tnote\tmisc\tBad", "d/a.py\terror\t\tBad", "a.py\terror\tmisc\tBad",
		                             "d/a.py\terror\tmisc\tBad.", "\terror\tmisc\tBad" };
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct sample s;
		struct buf text = BUF_INIT;
		sample_init(&s, "a.py", THREE, 1);
		buf_addf(&text, "# sepal baseline 1\n%s\n# end\n", lines[i]);
		struct baseline *b = parse(text.data);
		baseline_apply(b, &s.doc, &s.arena);
		assert_int_equal(s.doc.count, 1);
		baseline_free(b);
		buf_release(&text);
		sample_release(&s);
	}
}

static void any_order_is_read(void **state)
{
	(void)state;
	const struct diag diags[] = { { NULL, 1, 0, 1, 1, false, "A", NULL }, { NULL, 1, 0, 1, 1, false, "B", NULL } };
	struct sample s;
	sample_init(&s, "a.py", diags, 2);
	struct baseline *b = parse("# sepal baseline 1\nd/a.py\terror\t\tB\nd/a.py\terror\t\tA\n# end\n");
	baseline_apply(b, &s.doc, &s.arena);
	assert_int_equal(s.doc.count, 0);
	baseline_free(b);
	sample_release(&s);
}

static void a_comparison_has_what_is_gone_and_what_is_new(void **state)
{
	(void)state;
	struct sample s;
	sample_init(&s, "a.py", THREE, 5);
	struct baseline *b = parse("# sepal baseline 1\n\tnote\t\tGone\nd/a.py\terror\tmisc\tBad\n"
	                           "d/a.py\terror\tx\tOld\nd/a.py\terror\tx\tOld\n# end\n");
	struct baseline_difference d = baseline_compare(b, &s.doc, &s.out);
	assert_string_equal(s.out.data, "- note: Gone\n- d/a.py: error: Old  [x]\n- d/a.py: error: Old  [x]\n"
	                                "+ a.py:2: error: Bad  [misc]\n+ a.py:3: error: Bad  [misc]\n");
	assert_int_equal(d.gone, 3);
	assert_int_equal(d.fresh, 2);
	baseline_free(b);
	sample_release(&s);
}

static void what_is_no_baseline_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ "", "base.txt is not a baseline" },
		{ "import os\n", "base.txt is not a baseline" },
		{ "# sepal baseline 2\n# end\n", "of version 2, and this sepal reads version 1" },
		{ "# sepal baseline 10\n# end\n", "of version 10," },
		{ "# sepal baseline 1\n", "cut off" },
		{ "# sepal baseline 1\na.py\terror\tmisc\tBad\n", "cut off" },
		{ "# sepal baseline 1\na.py\terror\tmisc\tBad\n# end", "cut off" },
		{ "# sepal baseline 1\na.py\terror\tmisc\tBad# end\n", "cut off" },
		{ "# sepal baseline 1\na.py\terror\tmisc\n# end\n", "line 2 of the baseline base.txt" },
		{ "# sepal baseline 1\na.py\terror\tmisc\tBad\tx\n# end\n", "line 2" },
		{ "# sepal baseline 1\na.py\terror\t\tBad\na.py\twarning\t\tBad\n# end\n", "line 3" },
		{ "# sepal baseline 1\na.py\terror\t\t\\q\n# end\n", "line 2" },
		{ "# sepal baseline 1\na.py\terror\t\t\\x0\n# end\n", "line 2" },
		{ "# sepal baseline 1\na.py\terror\t\t\\x00\n# end\n", "line 2" },
		{ "# sepal baseline 1\na.py\terror\t\t\\\n# end\n", "line 2" },
		{ "# sepal baseline 1\n\n# end\n", "line 2" },
		{ "# sepal baseline 1\n<<<<<<< HEAD\n# end\n", "merge conflict in line 2" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err err = ERR_INIT;
		struct baseline *b;
		assert_fails(baseline_parse(span_of(cases[i].text), "base.txt", &b, &err), ERR_USAGE, cases[i].said);
	}
}

static void a_nul_byte_is_refused(void **state)
{
	(void)state;
	static const char text[] = "# sepal baseline 1\na.py\terror\t\tBa\0d\n# end\n";
	struct err err = ERR_INIT;
	struct baseline *b;
	assert_fails(baseline_parse((struct span){ text, sizeof text - 1 }, "base.txt", &b, &err), ERR_USAGE, "line 2");
}

static void every_beginning_of_a_baseline_is_refused(void **state)
{
	(void)state;
	struct sample s;
	sample_init(&s, "a.py", THREE, 5);
	struct span whole = span_of(write_out(&s));
	for (size_t len = 0; len < whole.len; len++) {
		struct err err = ERR_INIT;
		struct baseline *b;
		char *part = malloc(len + 1); /* no NUL behind it */
		memcpy(part, whole.data, len);
		assert_fails(baseline_parse((struct span){ part, len }, "base.txt", &b, &err), ERR_USAGE, "base");
		free(part);
	}
	sample_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_sorted_and_have_no_numbers),
		cmocka_unit_test(awkward_texts_are_known_again),
		cmocka_unit_test(issues_are_known_as_often_as_they_are_there),
		cmocka_unit_test(another_severity_code_path_or_message_is_not_known),
		cmocka_unit_test(any_order_is_read),
		cmocka_unit_test(a_comparison_has_what_is_gone_and_what_is_new),
		cmocka_unit_test(what_is_no_baseline_is_refused),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(every_beginning_of_a_baseline_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
