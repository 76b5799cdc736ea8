/* ui/document.h: findings as a list of issues, their paths, notes and fingerprints; the table of formats. */
#include "../../lib/check.h"

#include "../../lib/sample.h"

static void notes_belong_to_the_error_at_the_same_place(void **state)
{
	(void)state;
	const struct diag diags[] = {
		{ NULL, 3, 4, 3, 7, false, "Bad", "misc" },    { NULL, 3, 4, 3, 7, true, "because", "misc" },
		{ NULL, 3, 4, 3, 7, true, "and so", "misc" },  { NULL, 4, 4, 4, 7, true, "alone", NULL },
		{ NULL, 3, 4, 3, 7, true, "later", "misc" },   { "o.py", 3, 4, 3, 7, true, "elsewhere", NULL },
	};
	struct sample s;
	sample_init(&s, "a.py", diags, 6);
	assert_int_equal(s.doc.count, 3);
	assert_int_equal(s.doc.issues[0].note_count, 3);
	assert_string_equal(s.doc.issues[0].notes[1], "and so");
	assert_string_equal(s.doc.issues[0].notes[2], "later");
	assert_string_equal(s.doc.issues[1].message, "alone");
	assert_string_equal(s.doc.issues[2].path, "o.py");
	assert_int_equal(s.doc.errors, 1);
	assert_int_equal(s.doc.notes, 2);
	assert_int_equal(s.doc.files, 1);
	sample_release(&s);
}

static void an_error_may_have_many_notes(void **state)
{
	(void)state;
	enum { NOTES = 1000 };
	struct diag diags[NOTES + 1];
	for (int i = 0; i <= NOTES; i++)
		diags[i] = DIAG(NULL, 1, 0, 1, 1, i > 0, i ? "note" : "Bad", NULL);
	diags[NOTES].message = "last";
	struct sample s;
	sample_init(&s, "a.py", diags, NOTES + 1);
	assert_int_equal(s.doc.count, 1);
	assert_int_equal(s.doc.issues[0].note_count, NOTES);
	assert_string_equal(s.doc.issues[0].notes[NOTES - 1], "last");
	sample_release(&s);
}

static void assert_root_path(const char *path, const char *expected)
{
	struct sample s;
	sample_init(&s, path, &DIAG(NULL, 1, 0, 1, 1, false, "Bad", NULL), 1);
	assert_string_equal(s.doc.issues[0].path, path);
	assert_string_equal(s.doc.issues[0].root_path, expected);
	sample_release(&s);
}

static void paths_are_shown_from_the_root_of_the_work_tree_too(void **state)
{
	(void)state;
	assert_root_path("a.py", "d/a.py");
	assert_root_path("p/ä b.py", "d/p/ä b.py");
	assert_root_path("../a.py", "a.py");
	assert_root_path("/w/d/a.py", "d/a.py");
	assert_root_path("../../elsewhere/a.py", "/elsewhere/a.py");
	assert_root_path("/wide/a.py", "/wide/a.py");
}

static void a_fingerprint_stays_when_the_line_changes(void **state)
{
	(void)state;
	struct sample s, t;
	sample_init(&s, "a.py", &DIAG(NULL, 3, 4, 3, 7, false, "Name \"f\" already defined on line 12", "no-redef"), 1);
	sample_init(&t, "a.py", &DIAG(NULL, 9, 0, 10, 7, false, "Name \"f\" already defined on line 7", "no-redef"), 1);
	assert_int_equal(strlen(s.doc.issues[0].fingerprint), FINGERPRINT_SIZE);
	assert_string_equal(s.doc.issues[0].fingerprint, t.doc.issues[0].fingerprint);
	sample_release(&s);
	sample_release(&t);
}

static void a_fingerprint_is_that_of_one_issue(void **state)
{
	(void)state;
	const struct diag diags[] = {
		{ NULL, 1, 0, 1, 1, false, "Bad", "misc" },  { NULL, 2, 0, 2, 1, false, "Bad", "misc" },
		{ NULL, 3, 0, 3, 1, false, "Bad", NULL },    { NULL, 4, 0, 4, 1, true, "Bad", "misc" },
		{ NULL, 5, 0, 5, 1, false, "Worse", "misc" }, { "b.py", 5, 0, 5, 1, false, "Bad", "misc" },
	};
	struct sample s;
	sample_init(&s, "a.py", diags, 6);
	for (uint32_t i = 0; i < s.doc.count; i++)
		for (uint32_t k = 0; k < i; k++)
			assert_string_not_equal(s.doc.issues[i].fingerprint, s.doc.issues[k].fingerprint);
	sample_release(&s);
}

static void assert_identity(const char *message, const char *expected)
{
	struct buf b = BUF_INIT;
	issue_identity(&(struct issue){ .message = message }, &b);
	const char *last = b.data;
	for (int field = 0; field < 3; field++)
		last += strlen(last) + 1;
	assert_string_equal(last, expected);
	buf_release(&b);
}

static void numbers_of_lines_are_no_part_of_an_identity(void **state)
{
	(void)state;
	assert_identity("x defined on line 12", "x defined on line N");
	assert_identity("on line 1 and on line 2, line 3", "on line 1 and on line N, line 3");
	assert_identity("x on line ", "x on line ");
	assert_identity("x on line y", "x on line y");
	assert_identity("", "");
}

static void what_is_said_whole_is_taken_apart(void **state)
{
	(void)state;
	const struct diag lines[] = {
		{ .path = "", .line = -1, .message = "a.py: error: Twice" },
		{ .path = "", .line = -1, .message = "a.py: note: See there" },
		{ .path = "", .line = -1, .message = "b.py: note: Not its file" },
		{ .path = "", .line = -1, .message = "mypy: error: Cannot find module \"x\"" },
		{ .path = "", .line = -1, .message = "mypy: can't read file 'x'" },
	};
	struct sample s;
	sample_init(&s, "", lines, 5);
	s.modules[0].raw = true;
	sample_again(&s);
	assert_int_equal(s.doc.count, 4);
	assert_string_equal(s.doc.issues[0].path, "a.py");
	assert_string_equal(s.doc.issues[0].message, "Twice");
	assert_string_equal(s.doc.issues[0].notes[0], "See there");
	assert_true(s.doc.issues[1].is_note);
	assert_null(s.doc.issues[2].path);
	assert_string_equal(s.doc.issues[2].message, "Cannot find module \"x\"");
	assert_null(s.doc.issues[3].root_path);
	assert_false(s.doc.issues[3].is_note);
	sample_release(&s);
}

static void a_document_without_findings_is_empty(void **state)
{
	(void)state;
	struct sample s;
	sample_init(&s, "a.py", NULL, 0);
	s.findings.count = 0;
	sample_again(&s);
	assert_int_equal(s.doc.count, 0);
	sample_release(&s);
}

static void formats_are_found_by_their_names_only(void **state)
{
	(void)state;
	struct buf names = BUF_INIT;
	document_format_names(" ", &names);
	assert_string_equal(names.data, "text json jsonl sarif junit github gitlab checkstyle");
	assert_ptr_equal(document_format_find(span_of("sarif"))->render, document_sarif);
	assert_null(document_format_find(span_of("sari")));
	assert_null(document_format_find(span_of("sarifs")));
	assert_null(document_format_find(span_of("")));
	assert_null(document_format_find(span_of("JSON")));
	buf_release(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_belong_to_the_error_at_the_same_place),
		cmocka_unit_test(an_error_may_have_many_notes),
		cmocka_unit_test(paths_are_shown_from_the_root_of_the_work_tree_too),
		cmocka_unit_test(a_fingerprint_stays_when_the_line_changes),
		cmocka_unit_test(a_fingerprint_is_that_of_one_issue),
		cmocka_unit_test(numbers_of_lines_are_no_part_of_an_identity),
		cmocka_unit_test(what_is_said_whole_is_taken_apart),
		cmocka_unit_test(a_document_without_findings_is_empty),
		cmocka_unit_test(formats_are_found_by_their_names_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
