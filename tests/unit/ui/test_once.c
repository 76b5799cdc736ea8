/* ui/once.h: messages that mypy says once per process. */
#include "../../lib/check.h"

#include "ui/once.h"

#define MISSING_LINK "See https://mypy.readthedocs.io/en/stable/running_mypy.html#missing-imports"
#define CODE_LINK(code) "See https://mypy.rtfd.io/en/stable/_refs.html#code-" code " for more info"

static struct diag note(const char *message)
{
	return (struct diag){ NULL, 1, 0, 1, 1, true, message, "import-not-found" };
}

static enum once_when when(bool is_note, const char *message)
{
	struct diag d = { NULL, 1, 0, 1, 1, is_note, message, NULL };
	return once_only_when(&d);
}

static void what_concerns_imports_is_said_while_loading(void **state)
{
	(void)state;
	assert_int_equal(when(true, MISSING_LINK), ONCE_LOADING);
	assert_int_equal(when(true, "Hint: \"python3 -m pip install types-PyYAML\""), ONCE_LOADING);
	assert_int_equal(when(false, "Ancestor package \"a.b\" ignored"), ONCE_LOADING);
	assert_int_equal(when(true, CODE_LINK("import-untyped")), ONCE_LOADING);
	assert_int_equal(when(true, CODE_LINK("override")), ONCE_CHECKING);
}

static void ordinary_messages_are_never_dropped(void **state)
{
	(void)state;
	assert_int_equal(when(false, MISSING_LINK), ONCE_NEVER); /* an error, not a note */
	assert_int_equal(when(true, MISSING_LINK "!"), ONCE_NEVER);
	assert_int_equal(when(true, "Hint: \"python3 -m pip install "), ONCE_NEVER);
	assert_int_equal(when(true, "See https://mypy.readthedocs.io/en/stable/common_issues.html#variance"), ONCE_NEVER);
	struct once_only once = ONCE_ONLY_INIT;
	struct diag d = note("Revealed type is \"int\"");
	assert_true(once_only_keep(&once, &d));
	assert_true(once_only_keep(&once, &d));
	once_only_release(&once);
}

static void the_first_module_keeps_the_note(void **state)
{
	(void)state;
	struct once_only once = ONCE_ONLY_INIT;
	struct diag first[] = { note("x"), note(MISSING_LINK) };
	struct diag second[] = { note(MISSING_LINK), note("x"), note(CODE_LINK("import-not-found")) };
	struct diag_list a = { first, 2 }, b = { second, 3 };
	once_only_filter(&once, ONCE_LOADING, &a);
	once_only_filter(&once, ONCE_LOADING, &b);
	assert_int_equal(a.count, 2);
	assert_int_equal(b.count, 2);
	assert_string_equal(b.items[0].message, "x");
	once_only_release(&once);
}

static void loading_and_checking_may_go_in_different_orders(void **state)
{
	(void)state;
	struct once_only once = ONCE_ONLY_INIT;
	struct diag first[] = { note(MISSING_LINK), note(CODE_LINK("index")) };
	struct diag second[] = { note(MISSING_LINK), note(CODE_LINK("index")) };
	struct diag_list a = { first, 2 }, b = { second, 2 };
	once_only_filter(&once, ONCE_LOADING, &a);
	once_only_filter(&once, ONCE_LOADING, &b);
	once_only_filter(&once, ONCE_CHECKING, &b);
	once_only_filter(&once, ONCE_CHECKING, &a);
	assert_int_equal(a.count, 1);
	assert_string_equal(a.items[0].message, MISSING_LINK);
	assert_int_equal(b.count, 1);
	assert_string_equal(b.items[0].message, CODE_LINK("index"));
	once_only_release(&once);
}

static void hints_for_different_packages_are_different(void **state)
{
	(void)state;
	struct once_only once = ONCE_ONLY_INIT;
	struct diag a = note("Hint: \"python3 -m pip install types-A\"");
	struct diag b = note("Hint: \"python3 -m pip install types-B\"");
	assert_true(once_only_keep(&once, &a));
	assert_true(once_only_keep(&once, &b));
	assert_false(once_only_keep(&once, &a));
	once_only_release(&once);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_concerns_imports_is_said_while_loading),
		cmocka_unit_test(ordinary_messages_are_never_dropped),
		cmocka_unit_test(the_first_module_keeps_the_note),
		cmocka_unit_test(loading_and_checking_may_go_in_different_orders),
		cmocka_unit_test(hints_for_different_packages_are_different),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
