/* ui/utf8.h: bytes measured and cut as Python's str. */
#include "../../lib/check.h"

#include "ui/utf8.h"

static void lengths_count_code_points(void **state)
{
	(void)state;
	assert_int_equal(utf8_len(span_of("")), 0);
	assert_int_equal(utf8_len(span_of("größe")), 5);
	assert_int_equal(utf8_len(span_of("日本 🎉")), 4);
}

static void a_byte_that_is_not_utf8_counts_as_one(void **state)
{
	(void)state;
	size_t len;
	assert_int_equal(utf8_len(span_of("\xff\xc3(\xed\xa0\x80")), 6);
	assert_int_equal(utf8_decode(span_of("\xff"), &len), 0xDCFF);
	assert_int_equal(len, 1);
	assert_int_equal(utf8_len((struct span){ "\xf0\x9f\x8e", 3 }), 3); /* cut short */
}

static void surrogates_and_overlong_forms_are_invalid(void **state)
{
	(void)state;
	assert_true(utf8_valid(span_of("aä\xe2\x82\xac\xf0\x9f\x8e\x89")));
	assert_false(utf8_valid(span_of("\xed\xa0\x80")));
	assert_false(utf8_valid(span_of("\xc0\xaf")));
	assert_false(utf8_valid(span_of("\xf4\x90\x80\x80")));
}

static void heads_and_tails_are_cut_between_code_points(void **state)
{
	(void)state;
	struct span s = span_of("aä🎉b");
	assert_true(span_eq_str(utf8_head(s, 2), "aä"));
	assert_true(span_eq_str(utf8_tail(s, 2), "🎉b"));
	assert_true(span_eq_str(utf8_head(s, 99), "aä🎉b"));
	assert_true(span_eq_str(utf8_tail(s, 99), ""));
}

static void leading_space_includes_what_python_strips(void **state)
{
	(void)state;
	assert_int_equal(utf8_leading_space(span_of(" \t\xe3\x80\x80\xc2\xa0\x1cx ")), 5);
	assert_int_equal(utf8_leading_space(span_of("\xe2\x80\x8bx")), 0); /* U+200B is no space */
}

static void lines_end_where_splitlines_ends_them(void **state)
{
	(void)state;
	static const char *const expected[] = { "a", "b", "", "c", "d", "e", "f" };
	struct span rest = span_of("a\r\nb\r\rc\x0c" "d\xc2\x85" "e\xe2\x80\xa8" "f\n"), line;
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		assert_true(utf8_next_line(&rest, &line));
		assert_true(span_eq_str(line, expected[i]));
	}
	assert_false(utf8_next_line(&rest, &line));
}

static void tabs_go_to_multiples_of_eight(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	assert_int_equal(utf8_expand_tabs(span_of("ä\tb\t\tc"), &out), 25);
	assert_string_equal(out.data, "ä       b               c");
	assert_int_equal(utf8_expand_tabs(span_of("\t"), NULL), 8);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_count_code_points),
		cmocka_unit_test(a_byte_that_is_not_utf8_counts_as_one),
		cmocka_unit_test(surrogates_and_overlong_forms_are_invalid),
		cmocka_unit_test(heads_and_tails_are_cut_between_code_points),
		cmocka_unit_test(leading_space_includes_what_python_strips),
		cmocka_unit_test(lines_end_where_splitlines_ends_them),
		cmocka_unit_test(tabs_go_to_multiples_of_eight),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
