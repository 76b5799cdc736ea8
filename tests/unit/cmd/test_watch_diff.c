/* cmd/watch_diff.h: what a watch prints about two reports. */
#include "../../lib/check.h"

#include "cmd/watch_diff.h"

static struct watch_diff diff;
static struct buf out;

static int set_up(void **state)
{
	(void)state;
	diff = (struct watch_diff)WATCH_DIFF_INIT;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	watch_diff_release(&diff);
	buf_release(&out);
	return 0;
}

static const char *next(const char *report, bool stopped)
{
	buf_reset(&out);
	watch_diff_next(&diff, span_of(report), stopped, &out);
	return out.data ? out.data : "";
}

static void the_first_report_is_printed_as_it_is(void **state)
{
	(void)state;
	assert_string_equal(next("a: x\nb: y\n", false), "a: x\nb: y\n");
	assert_string_equal(next("a: x\nb: y\n", false), "");
}

static void what_is_gone_comes_before_what_is_new(void **state)
{
	(void)state;
	next("a: x\nb: y\n", false);
	assert_string_equal(next("a: z\nb: y\n", false), "- a: x\n+ a: z\n");
	assert_string_equal(next("", false), "- a: z\n- b: y\n");
	assert_string_equal(next("b: y\n", false), "+ b: y\n");
}

static void a_line_counts_as_often_as_it_is_there(void **state)
{
	(void)state;
	next("a: x\na: x\n", false);
	assert_string_equal(next("a: x\n", false), "- a: x\n");
	assert_string_equal(next("a: x\na: x\na: x\n", false), "+ a: x\n+ a: x\n");
}

static void indented_lines_belong_to_the_one_before(void **state)
{
	(void)state;
	next("a: x\n    source\n    ^\n", false);
	assert_string_equal(next("a: x\n    changed\n    ^\n", false),
	                    "- a: x\n    source\n    ^\n+ a: x\n    changed\n    ^\n");
}

static void while_mypy_is_stopped_only_the_reason_is_told(void **state)
{
	(void)state;
	next("a: x\nb: y\n", false);
	assert_string_equal(next("c: syntax\n", true), "+ c: syntax\n");
	assert_string_equal(next("c: other\n", true), "- c: syntax\n+ c: other\n");
	assert_string_equal(next("c: other\na: x\n", true), "");
	assert_string_equal(next("a: x\n", false), "- b: y\n- c: other\n");
	assert_string_equal(next("a: x\n", false), "");
}

static void a_first_report_that_is_stopped_is_taken_back(void **state)
{
	(void)state;
	assert_string_equal(next("c: syntax\n", true), "c: syntax\n");
	assert_string_equal(next("a: x\n", false), "- c: syntax\n+ a: x\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_first_report_is_printed_as_it_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_gone_comes_before_what_is_new, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_line_counts_as_often_as_it_is_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(indented_lines_belong_to_the_one_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(while_mypy_is_stopped_only_the_reason_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_first_report_that_is_stopped_is_taken_back, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
