/* ui/source_lines.h: a file's bytes as the lines that diagnostics count. */
#include "../../lib/check.h"

#include "ui/source_lines.h"

static void assert_line(const char *bytes, uint32_t line, const char *expected)
{
	struct source_lines lines = SOURCE_LINES_INIT;
	source_lines_set(&lines, span_of(bytes));
	if (lines.count < line)
		fail_msg("%u lines in %s", lines.count, bytes);
	if (!span_eq_str(lines.items[line - 1], expected))
		fail_msg("'%.*s' for '%s'", (int)lines.items[line - 1].len, lines.items[line - 1].data, expected);
	source_lines_release(&lines);
}

static void assert_no_lines(const char *bytes)
{
	struct source_lines lines = SOURCE_LINES_INIT;
	source_lines_set(&lines, span_of(bytes));
	assert_int_equal(lines.count, 0);
	source_lines_release(&lines);
}

static void a_byte_order_mark_is_not_part_of_the_first_line(void **state)
{
	(void)state;
	assert_line("\xef\xbb\xbfx = 1\n", 1, "x = 1");
}

static void a_declared_encoding_is_decoded(void **state)
{
	(void)state;
	assert_line("# coding: latin-1\nx = '\xe4'\n", 2, "x = 'ä'");
	assert_line("#!/usr/bin/python\n# -*- coding: iso-latin-1-unix -*-\n'\xfc'", 3, "'ü'");
	assert_line("# vim: set fileencoding=koi8_r :\n'\xc1'\n", 2, "'а'");
}

static void a_declaration_counts_in_the_first_two_comment_lines_only(void **state)
{
	(void)state;
	assert_true(span_eq_str(source_encoding(span_of("# coding: a\n")), "a"));
	assert_true(span_eq_str(source_encoding(span_of("#\n# coding=b")), "b"));
	assert_true(span_eq_str(source_encoding(span_of("#\r# coding=c d")), "c"));
	assert_true(span_eq_str(source_encoding(span_of("# coding: a coding: b")), "b"));
	assert_true(span_eq_str(source_encoding(span_of("x = 1\n# coding: a")), "utf8"));
	assert_true(span_eq_str(source_encoding(span_of("#\n#\n# coding: a")), "utf8"));
	assert_true(span_eq_str(source_encoding(span_of("# coding: \n")), "utf8"));
	assert_true(span_eq_str(source_encoding(span_of("")), "utf8"));
}

static void a_file_that_does_not_decode_has_no_lines(void **state)
{
	(void)state;
	assert_no_lines("x = '\xe4'\n");
	assert_no_lines("# coding: no-such-codec\nx\n");
	assert_no_lines("# coding: euc_jp\n'\xff'\n");
	assert_no_lines("");
}

static void lines_can_be_set_again(void **state)
{
	(void)state;
	struct source_lines lines = SOURCE_LINES_INIT;
	source_lines_set(&lines, span_of("# coding: latin-1\n\xe4\n\n\n"));
	source_lines_set(&lines, span_of("# coding: latin-1\n\xf6\n"));
	assert_int_equal(lines.count, 2);
	assert_true(span_eq_str(lines.items[1], "ö"));
	source_lines_release(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_byte_order_mark_is_not_part_of_the_first_line),
		cmocka_unit_test(a_declared_encoding_is_decoded),
		cmocka_unit_test(a_declaration_counts_in_the_first_two_comment_lines_only),
		cmocka_unit_test(a_file_that_does_not_decode_has_no_lines),
		cmocka_unit_test(lines_can_be_set_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
