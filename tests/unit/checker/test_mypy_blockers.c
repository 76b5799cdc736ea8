/* checker/mypy_blockers.h: the lines that mypy prints when it stops. */
#include "../../lib/check.h"

#include "checker/mypy_blockers.h"

static struct diag_list parse(struct arena *arena, const char *text)
{
	struct diag_list list;

	mypy_blockers_parse(span_of(text), arena, &list);
	return list;
}

static void a_line_with_all_four_numbers_is_read(void **state)
{
	struct arena arena = ARENA_INIT;
	struct diag_list list = parse(&arena, "/proc/self/cwd/s/m.py:2:5:3:7: error: Invalid syntax  [syntax]\n");
	const struct diag *d = list.items;

	(void)state;
	assert_int_equal(list.count, 1);
	assert_string_equal(d->path, "/proc/self/cwd/s/m.py");
	assert_int_equal(d->line, 2);
	assert_int_equal(d->column, 4);
	assert_int_equal(d->end_line, 3);
	assert_int_equal(d->end_column, 7);
	assert_false(d->is_note);
	assert_string_equal(d->message, "Invalid syntax");
	assert_string_equal(d->code, "syntax");
	arena_release(&arena);
}

static void fewer_numbers_leave_the_others_unknown(void **state)
{
	struct arena arena = ARENA_INIT;
	struct diag_list list = parse(&arena, "a.py:2:5: error: x\na.py:2: note: y\n"
	                                      "a.py: error: Cannot decode file: z\n");

	(void)state;
	assert_int_equal(list.count, 3);
	assert_int_equal(list.items[0].column, 4);
	assert_int_equal(list.items[0].end_line, -1);
	assert_int_equal(list.items[1].line, 2);
	assert_int_equal(list.items[1].column, -1);
	assert_true(list.items[1].is_note);
	assert_string_equal(list.items[2].path, "a.py");
	assert_int_equal(list.items[2].line, -1);
	assert_string_equal(list.items[2].message, "Cannot decode file: z");
	arena_release(&arena);
}

static void a_message_may_look_like_the_end_of_a_line(void **state)
{
	struct arena arena = ARENA_INIT;
	struct diag_list list = parse(&arena, "a.py:1: error: got list[int]\na.py:1: error: a: note: b  [misc]\n"
	                                      "a.py:1: error: x  []\na.py:1: error: [misc]\n"
	                                      "a.py:1: error: x  [No Code]");

	(void)state;
	assert_int_equal(list.count, 5);
	assert_null(list.items[0].code);
	assert_string_equal(list.items[0].message, "got list[int]");
	assert_string_equal(list.items[1].message, "a: note: b");
	assert_string_equal(list.items[1].code, "misc");
	assert_string_equal(list.items[2].message, "x  []");
	assert_null(list.items[3].code);
	assert_string_equal(list.items[4].message, "x  [No Code]");
	arena_release(&arena);
}

static void other_lines_stand_for_themselves(void **state)
{
	struct arena arena = ARENA_INIT;
	struct diag_list list = parse(&arena, "usage: mypy\n\nmypy: error: Cannot find module \"x\"\n"
	                                      ":1: error: \n99: error: x");

	(void)state;
	assert_int_equal(list.count, 4);
	assert_string_equal(list.items[0].path, "");
	assert_string_equal(list.items[0].message, "usage: mypy");
	assert_string_equal(list.items[1].path, "mypy");
	assert_string_equal(list.items[2].message, "");
	assert_int_equal(list.items[3].line, -1);
	arena_release(&arena);
}

static void numbers_that_do_not_fit_belong_to_the_path(void **state)
{
	struct arena arena = ARENA_INIT;
	struct diag_list list = parse(&arena, "a.py:99999999999999999999: error: x\n");

	(void)state;
	assert_int_equal(list.items[0].line, -1);
	assert_string_equal(list.items[0].path, "a.py:99999999999999999999");
	arena_release(&arena);
}

static bool stops_in_parse(const char *text)
{
	struct arena arena = ARENA_INIT;
	struct diag_list list = parse(&arena, text);
	bool in_parse = mypy_blockers_in_parse(&list);

	arena_release(&arena);
	return in_parse;
}

static void what_stops_mypy_while_it_reads_is_told_from_what_stops_it_later(void **state)
{
	(void)state;
	assert_true(stops_in_parse("a.py:1: error: Invalid syntax  [syntax]"));
	assert_true(stops_in_parse("a.py: error: Cannot decode file: bytes"));
	assert_true(stops_in_parse("a: note: x\na: error: No parent module -- cannot perform relative import"));
	assert_false(stops_in_parse("a.py:1: error: \"yield\" outside function"));
	assert_false(stops_in_parse("a.py:1: error: Assignment expression within a comprehension cannot be used in a "
	                            "class body  [syntax]"));
	assert_false(stops_in_parse(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_with_all_four_numbers_is_read),
		cmocka_unit_test(fewer_numbers_leave_the_others_unknown),
		cmocka_unit_test(a_message_may_look_like_the_end_of_a_line),
		cmocka_unit_test(other_lines_stand_for_themselves),
		cmocka_unit_test(numbers_that_do_not_fit_belong_to_the_path),
		cmocka_unit_test(what_stops_mypy_while_it_reads_is_told_from_what_stops_it_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
