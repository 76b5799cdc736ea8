/* ui/color.h: when to paint, and what painted messages look like. */
#include "../../lib/check.h"

#include "ui/color.h"

static bool is_painted(bool option, struct color_env env)
{
	return color_palette(option, &env) != NULL;
}

static void a_terminal_on_both_streams_is_painted(void **state)
{
	(void)state;
	assert_true(is_painted(true, (struct color_env){ NULL, NULL, "xterm-256color", true, true }));
	assert_false(is_painted(true, (struct color_env){ NULL, NULL, "xterm-256color", true, false }));
	assert_false(is_painted(true, (struct color_env){ NULL, NULL, "xterm-256color", false, true }));
}

static void the_option_has_the_last_word(void **state)
{
	(void)state;
	assert_false(is_painted(false, (struct color_env){ "1", "1", "xterm-256color", true, true }));
}

static void force_variables_are_read_as_python_integers(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		bool forces;
	} cases[] = {
		{ "1", true },   { "-1", true },  { "yes", true }, { "0x0", true },  { " ", true },  { "0_", true },
		{ "0", false },  { "", false },   { "00", false }, { " 0 ", false }, { "-0", false }, { "0_0", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct color_env mypy = { cases[i].value, "1", "xterm", false, false };
		struct color_env common = { NULL, cases[i].value, "xterm", false, false };
		assert_int_equal(is_painted(true, mypy), cases[i].forces); /* MYPY_FORCE_COLOR hides FORCE_COLOR */
		assert_int_equal(is_painted(true, common), cases[i].forces);
	}
}

static void a_terminal_without_colours_stays_plain_even_when_forced(void **state)
{
	(void)state;
	static const char *const plain[] = { NULL, "", "dumb", "unknown", "vt100", "vt220", "xterm-mono", "emacs" };
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		assert_false(is_painted(true, (struct color_env){ "1", NULL, plain[i], true, true }));
}

static void terminals_differ_in_how_they_turn_it_off(void **state)
{
	(void)state;
	static const struct {
		const char *term, *normal;
	} cases[] = { { "xterm-256color", "\33(B\33[m" }, { "ansi", "\33[0;10m" }, { "linux", "\33[m\17" },
		      { "xterm-kitty", "\33(B\33[m" },    { "st-256color", "\33(B\33[m" } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct color_env env = { "1", NULL, cases[i].term, false, false };
		const struct palette *p = color_palette(true, &env);
		assert_non_null(p);
		assert_string_equal(p->normal, cases[i].normal);
		assert_string_equal(p->red, "\33[31m");
	}
}

/* A palette that can be read. */
static const struct palette letters = { "<b>", "<u>", "<dim>", "<red>", "<green>", "<blue>", "<yellow>", "</>" };

static void assert_painted(bool hide_codes, const char *message, const char *expected)
{
	struct buf out = BUF_INIT;
	color_message(&letters, hide_codes, span_of(message), &out);
	assert_string_equal(out.data, expected);
	buf_release(&out);
}

static void an_error_has_its_quotes_bold_and_its_code_yellow(void **state)
{
	(void)state;
	assert_painted(false, "a.py:1: error: Got \"int\"  [arg-type]",
	               "a.py:1: <b><red>error:</> Got </><b>\"int\"</>  </><yellow>[arg-type]</>");
}

static void without_codes_brackets_are_part_of_the_message(void **state)
{
	(void)state;
	assert_painted(true, "a.py:1: error: list[int]", "a.py:1: <b><red>error:</> list[int]</>");
}

static void an_odd_quote_turns_bold_off(void **state)
{
	(void)state;
	assert_painted(true, "a.py:1: error: a \" b", "a.py:1: <b><red>error:</> a \" b");
}

static void a_link_in_a_note_is_underlined(void **state)
{
	(void)state;
	assert_painted(false, "a.py:1: note: See https://x.y/z#a for http://b",
	               "a.py:1: <blue>note:</> See <u>https://x.y/z#a</> for http://b</>");
}

static void source_is_dim_and_its_marker_red(void **state)
{
	(void)state;
	assert_painted(false, "    x = 1", "<dim>    x = 1</>");
	assert_painted(false, "        ^~~", "<red>        ^~~</>");
}

static void other_lines_are_left_alone(void **state)
{
	(void)state;
	assert_painted(false, "mypy: can't read file 'x.py'", "mypy: can't read file 'x.py'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_on_both_streams_is_painted),
		cmocka_unit_test(the_option_has_the_last_word),
		cmocka_unit_test(force_variables_are_read_as_python_integers),
		cmocka_unit_test(a_terminal_without_colours_stays_plain_even_when_forced),
		cmocka_unit_test(terminals_differ_in_how_they_turn_it_off),
		cmocka_unit_test(an_error_has_its_quotes_bold_and_its_code_yellow),
		cmocka_unit_test(without_codes_brackets_are_part_of_the_message),
		cmocka_unit_test(an_odd_quote_turns_bold_off),
		cmocka_unit_test(a_link_in_a_note_is_underlined),
		cmocka_unit_test(source_is_dim_and_its_marker_red),
		cmocka_unit_test(other_lines_are_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
