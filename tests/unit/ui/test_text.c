/* ui/text.h: diagnostics and summaries as mypy prints them. tests/checker/test_text_oracle.py compares more widely. */
#include "../../lib/check.h"

#include "ui/text.h"

struct file {
	const char *path, *text;
	int reads;
};

static bool read_file(void *ctx, const char *path, struct span *ret)
{
	struct file *file = ctx;
	assert_string_equal(path, file->path);
	file->reads++;
	if (!file->text)
		return false;
	*ret = span_of(file->text);
	return true;
}

#define DIAG(...) ((struct diag){ __VA_ARGS__ })

static void assert_text(const struct text_options *options, const struct diag *diags, uint32_t count,
	struct file *file, const char *expected)
{
	struct diag_list list = { (struct diag *)diags, count };
	struct text_module module = { file->path, &list, { read_file, file } };
	struct text_tally tally = TEXT_TALLY_INIT;
	struct buf out = BUF_INIT;
	text_render_module(options, &module, &tally, &out);
	assert_string_equal(out.data ? out.data : "", expected);
	buf_release(&out);
	text_tally_release(&tally);
}

static void assert_one(const struct text_options *options, struct diag d, const char *expected)
{
	struct file file = { "a.py", NULL, 0 };
	assert_text(options, &d, 1, &file, expected);
}

static const struct diag plain = { NULL, 3, 4, 3, 7, false, "Bad", "misc" };

static void an_error_has_path_line_and_code(void **state)
{
	(void)state;
	assert_one(&(struct text_options){ .cwd = "/w" }, plain, "a.py:3: error: Bad  [misc]\n");
	assert_one(&(struct text_options){ .cwd = "/w", .hide_error_codes = true }, plain, "a.py:3: error: Bad\n");
}

static void columns_are_printed_from_one(void **state)
{
	(void)state;
	struct text_options o = { .cwd = "/w", .show_column_numbers = true };
	assert_one(&o, plain, "a.py:3:5: error: Bad  [misc]\n");
	o.show_error_end = true;
	assert_one(&o, plain, "a.py:3:5:3:7: error: Bad  [misc]\n");
	assert_one(&o, DIAG(NULL, 3, -1, 3, -1, false, "Bad", NULL), "a.py:3: error: Bad\n");
	assert_one(&o, DIAG(NULL, -1, -1, -1, -1, false, "Bad", NULL), "a.py: error: Bad\n");
}

static void only_notes_that_stand_alone_show_their_code(void **state)
{
	(void)state;
	struct text_options o = { .cwd = "/w" };
	assert_one(&o, DIAG(NULL, 1, 0, 1, 1, true, "N", "misc"), "a.py:1: note: N\n");
	assert_one(&o, DIAG(NULL, 1, 0, 1, 1, true, "N", "deprecated"), "a.py:1: note: N  [deprecated]\n");
	assert_one(&o, DIAG(NULL, 1, 0, 1, 1, true, "N", "annotation-unchecked"),
	           "a.py:1: note: N  [annotation-unchecked]\n");
}

static void another_file_is_shown_below_the_working_directory(void **state)
{
	(void)state;
	struct text_options o = { .cwd = "/w" };
	assert_one(&o, DIAG("/w/p/b.py", 1, 0, 1, 1, false, "E", NULL), "p/b.py:1: error: E\n");
	assert_one(&o, DIAG("/wide/b.py", 1, 0, 1, 1, false, "E", NULL), "/wide/b.py:1: error: E\n");
	assert_one(&o, DIAG("", -1, -1, -1, -1, true, "whole line", NULL), "whole line\n");
}

static void assert_path(bool absolute, const char *cwd, const char *file, const char *expected)
{
	struct text_options o = { .show_absolute_path = absolute, .cwd = cwd };
	struct buf out = BUF_INIT;
	text_display_path(&o, file, &out);
	assert_string_equal(out.data, expected);
	buf_release(&out);
}

static void paths_are_normalised_as_python_does(void **state)
{
	(void)state;
	assert_path(false, "/w", "./a//b/../c.py", "a/c.py");
	assert_path(false, "/w", "../c.py", "../c.py");
	assert_path(false, "/w/", "/w/c.py", "c.py");
	assert_path(false, "/", "/c.py", "c.py");
	assert_path(false, "/w", "/../c.py", "/c.py");
	assert_path(false, "/w", "//c.py", "//c.py");
	assert_path(false, "/w", "///c.py", "/c.py");
	assert_path(false, "/w", "a/..", ".");
	assert_path(true, "/w", "../a.py", "/a.py");
	assert_path(true, "/w", "/w/./a.py", "/w/a.py");
}

static const struct text_options pretty = { .cwd = "/w", .pretty = true, .width = 80 };

static void pretty_shows_the_line_and_marks_the_place(void **state)
{
	(void)state;
	struct file file = { "a.py", "\n\nx = prüfe('ä')\n", 0 };
	assert_text(&pretty, &plain, 1, &file, "a.py:3: error: Bad  [misc]\n    x = prüfe('ä')\n        ^~~\n");
}

static void pretty_moves_the_mark_behind_tabs(void **state)
{
	(void)state;
	struct file file = { "a.py", "\tf(\tx)\n", 0 };
	assert_text(&pretty, &DIAG(NULL, 1, 4, 1, 5, false, "E", NULL), 1, &file,
	            "a.py:1: error: E\n            f(      x)\n                    ^\n");
}

static void an_unknown_column_marks_the_first_that_is_no_space(void **state)
{
	(void)state;
	struct file file = { "a.py", "  x = 1 # c\n", 0 };
	assert_text(&pretty, &DIAG(NULL, 1, -1, 1, -1, false, "E", NULL), 1, &file,
	            "a.py:1: error: E\n      x = 1 # c\n      ^~~~~~~~\n");
}

static void an_error_over_lines_marks_the_rest_of_the_first(void **state)
{
	(void)state;
	struct file file = { "a.py", "f(\n  1)\n", 0 };
	assert_text(&pretty, &DIAG(NULL, 1, 0, 2, 4, false, "E", NULL), 1, &file,
	            "a.py:1: error: E\n    f(\n    ^~\n");
}

static void notes_and_lines_that_are_not_there_show_no_source(void **state)
{
	(void)state;
	struct file file = { "a.py", "x\n", 0 };
	assert_text(&pretty, &DIAG(NULL, 1, 0, 1, 1, true, "N", NULL), 1, &file, "a.py:1: note: N\n");
	assert_int_equal(file.reads, 0);
	assert_text(&pretty, &DIAG(NULL, 2, 0, 2, 1, false, "E", NULL), 1, &file, "a.py:2: error: E\n");
	file.text = NULL;
	assert_text(&pretty, &DIAG(NULL, 1, 0, 1, 1, false, "E", NULL), 1, &file, "a.py:1: error: E\n");
}

static void a_file_is_read_once(void **state)
{
	(void)state;
	struct file file = { "a.py", "x\n", 0 };
	struct diag two[] = { { NULL, 1, 0, 1, 1, false, "E", NULL }, { NULL, 1, 0, 1, 1, false, "F", NULL } };
	assert_text(&pretty, two, 2, &file, "a.py:1: error: E\n    x\n    ^\na.py:1: error: F\n    x\n    ^\n");
	assert_int_equal(file.reads, 1);
}

static void json_folds_notes_into_their_error(void **state)
{
	(void)state;
	struct text_options o = { .cwd = "/w", .output_json = true };
	struct file file = { "ä.py", NULL, 0 };
	struct diag diags[] = {
		{ NULL, 1, 0, 1, 2, false, "E \"q\"\t🎉", "misc" }, { NULL, 2, 0, 2, 1, true, "alone", NULL },
		{ NULL, 1, 0, 1, 2, true, "first", "misc" },        { NULL, 1, 0, 1, 2, true, "second", "misc" },
		{ "", -1, -1, -1, -1, true, "dropped", NULL },
	};
	assert_text(&o, diags, 5, &file,
	            "{\"file\": \"\\u00e4.py\", \"line\": 1, \"column\": 0, \"end_line\": 1, \"end_column\": 2, "
	            "\"message\": \"E \\\"q\\\"\\t\\ud83c\\udf89\", \"hint\": \"first\\nsecond\", \"code\": \"misc\", "
	            "\"severity\": \"error\"}\n"
	            "{\"file\": \"\\u00e4.py\", \"line\": 2, \"column\": 0, \"end_line\": 2, \"end_column\": 1, "
	            "\"message\": \"alone\", \"hint\": null, \"code\": null, \"severity\": \"note\"}\n");
}

static void assert_summary(const struct text_options *o, const char *messages, uint32_t sources, bool blockers,
	const char *expected, int expected_status)
{
	struct text_tally tally = TEXT_TALLY_INIT;
	struct message_list list = MESSAGE_LIST_INIT;
	struct buf out = BUF_INIT;
	while (*messages) {
		size_t len = strcspn(messages, "\n");
		message_list_add(&list, (struct span){ messages, len });
		messages += len + (messages[len] == '\n');
	}
	text_render_messages(o, &list, &tally, &out);
	buf_reset(&out);
	text_render_summary(o, &tally, sources, blockers, &out);
	assert_string_equal(out.data ? out.data : "", expected);
	assert_int_equal(text_exit_status(&tally, blockers), expected_status);
	message_list_release(&list);
	buf_release(&out);
	text_tally_release(&tally);
}

static void the_summary_counts_errors_and_files(void **state)
{
	(void)state;
	struct text_options o = { .cwd = "/w" };
	assert_summary(&o, "a.py:1: error: x\na.py:2: error: y\nb.py:1: error: z\nb.py:1: note: n\n", 5, false,
	               "Found 3 errors in 2 files (checked 5 source files)\n", 1);
	assert_summary(&o, "a.py:1: error: x\n", 1, false, "Found 1 error in 1 file (checked 1 source file)\n", 1);
	assert_summary(&o, "a.py:1: error: x\n", 1, true, "Found 1 error in 1 file (errors prevented further checking)\n",
	               2);
}

static void notes_alone_are_a_success(void **state)
{
	(void)state;
	struct text_options o = { .cwd = "/w" };
	assert_summary(&o, "", 1, false, "Success: no issues found in 1 source file\n", 0);
	assert_summary(&o, "a.py:1: note: x\n", 2, true, "Success: no issues found in 2 source files\n", 0);
}

static void lines_that_are_neither_give_no_summary(void **state)
{
	(void)state;
	struct text_options o = { .cwd = "/w" };
	assert_summary(&o, "mypy: can't read file 'x.py'\n", 1, true, "", 2);
}

static void json_has_no_summary_but_an_empty_line(void **state)
{
	(void)state;
	struct text_options o = { .cwd = "/w", .output_json = true };
	assert_summary(&o, "", 1, false, "\n", 0);
	assert_summary(&o, "{\"file\": \"a.py\"}\n", 1, false, "", 1);
}

static void the_summary_can_be_turned_off_and_painted(void **state)
{
	(void)state;
	struct palette p = { "<b>", "", "", "<red>", "<green>", "", "", "</>" };
	struct text_options o = { .cwd = "/w", .palette = &p };
	assert_summary(&o, "", 1, false, "<b><green>Success: no issues found in 1 source file</>\n", 0);
	assert_summary(&o, "a: error: x\n", 1, false, "<b><red>Found 1 error in 1 file (checked 1 source file)</>\n", 1);
	o.no_error_summary = true;
	assert_summary(&o, "a: error: x\n", 1, false, "", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_has_path_line_and_code),
		cmocka_unit_test(columns_are_printed_from_one),
		cmocka_unit_test(only_notes_that_stand_alone_show_their_code),
		cmocka_unit_test(another_file_is_shown_below_the_working_directory),
		cmocka_unit_test(paths_are_normalised_as_python_does),
		cmocka_unit_test(pretty_shows_the_line_and_marks_the_place),
		cmocka_unit_test(pretty_moves_the_mark_behind_tabs),
		cmocka_unit_test(an_unknown_column_marks_the_first_that_is_no_space),
		cmocka_unit_test(an_error_over_lines_marks_the_rest_of_the_first),
		cmocka_unit_test(notes_and_lines_that_are_not_there_show_no_source),
		cmocka_unit_test(a_file_is_read_once),
		cmocka_unit_test(json_folds_notes_into_their_error),
		cmocka_unit_test(the_summary_counts_errors_and_files),
		cmocka_unit_test(notes_alone_are_a_success),
		cmocka_unit_test(lines_that_are_neither_give_no_summary),
		cmocka_unit_test(json_has_no_summary_but_an_empty_line),
		cmocka_unit_test(the_summary_can_be_turned_off_and_painted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
