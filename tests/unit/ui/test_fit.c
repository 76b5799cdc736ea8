/* ui/fit.h: messages made to fit a terminal, and how wide it is. */
#include "../../lib/check.h"

#include "ui/fit.h"

/* The messages of one flush, one a line. */
static void assert_fits(const char *in, int width, const char *expected)
{
	struct message_list list = MESSAGE_LIST_INIT, fitted = MESSAGE_LIST_INIT;
	struct buf out = BUF_INIT;
	while (*in) {
		size_t len = strcspn(in, "\n");
		message_list_add(&list, (struct span){ in, len });
		in += len + (in[len] == '\n');
	}
	fit_in_terminal(&list, width, &fitted);
	assert_int_equal(fitted.count, list.count);
	for (uint32_t i = 0; i < fitted.count; i++) {
		buf_add_span(&out, message_list_at(&fitted, i));
		buf_add_char(&out, '\n');
	}
	assert_string_equal(out.data, expected);
	buf_release(&out);
	message_list_release(&list);
	message_list_release(&fitted);
}

static void errors_are_wrapped_between_words(void **state)
{
	(void)state;
	assert_fits("a.py:1: error: one two three four", 24, "a.py:1: error: one two\nthree four\n");
}

static void quoted_groups_stay_whole(void **state)
{
	(void)state;
	assert_fits("a.py:1: error: x \"dict[str, list[int]]\" y", 20,
	            "a.py:1: error: x\n\"dict[str, list[int]]\"\ny\n");
}

static void notes_are_left_alone(void **state)
{
	(void)state;
	assert_fits("a.py:1: note: one two three four", 10, "a.py:1: note: one two three four\n");
}

static void a_short_source_line_is_left_alone(void **state)
{
	(void)state;
	assert_fits("a.py:1: error: x\n    x = 'ä'\n        ^~~\n", 80,
	            "a.py:1: error: x\n    x = 'ä'\n        ^~~\n");
}

static void a_long_source_line_is_cut_around_the_error(void **state)
{
	(void)state;
	assert_fits("    0123456789012345678901234567890123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz\n"
	            "                                                      ^~~~\n", 40,
	            "    ...0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcde...\n"
	            "                           ^~~~\n");
}

static void a_marker_beyond_the_cut_ends_in_dots(void **state)
{
	(void)state;
	assert_fits("    f(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)\n"
	            "      ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n", 40,
	            "    f(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\n"
	            "      ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~...\n");
}

static void the_forced_width_comes_first(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	static const struct {
		const char *force, *columns;
		int terminal, expected;
	} cases[] = {
		{ "100", "90", 70, 100 }, { "0", "90", 70, 90 }, { NULL, "90", 70, 90 },   { NULL, "x", 70, 70 },
		{ NULL, "-3", 70, 70 },   { NULL, NULL, 0, 80 }, { " 60 ", NULL, 70, 60 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int width = 0;
		assert_ok(fit_terminal_width(cases[i].force, cases[i].columns, cases[i].terminal, &width, &err));
		assert_int_equal(width, cases[i].expected);
	}
}

static void a_forced_width_that_is_no_number_is_refused(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	int width = 7;
	assert_fails(fit_terminal_width("wide", NULL, 80, &width, &err), ERR_USAGE, "MYPY_FORCE_TERMINAL_WIDTH");
	assert_fails(fit_terminal_width("", NULL, 80, &width, &err), ERR_USAGE, "number of columns");
	assert_fails(fit_terminal_width("99999999999999999999", NULL, 80, &width, &err), ERR_USAGE, "columns");
	assert_int_equal(width, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_wrapped_between_words),
		cmocka_unit_test(quoted_groups_stay_whole),
		cmocka_unit_test(notes_are_left_alone),
		cmocka_unit_test(a_short_source_line_is_left_alone),
		cmocka_unit_test(a_long_source_line_is_cut_around_the_error),
		cmocka_unit_test(a_marker_beyond_the_cut_ends_in_dots),
		cmocka_unit_test(the_forced_width_comes_first),
		cmocka_unit_test(a_forced_width_that_is_no_number_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
