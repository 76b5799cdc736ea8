/* base/err.h: failures are sentences, untouched on success, and each kind has one exit status. */
#include "../../lib/check.h"

#include <errno.h>

static void a_new_error_is_not_set(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	assert_false(err_is_set(&err));
	err_release(&err);
}

static void setting_formats_the_message_and_returns_minus_one(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	assert_int_equal(err_set(&err, ERR_USAGE, "no option '%s' (%d)", "--x", 3), -1);
	assert_true(err_is_set(&err));
	assert_int_equal(err.kind, ERR_USAGE);
	assert_string_equal(err.message, "no option '--x' (3)");
	assert_int_equal(err.sys_errno, 0);
	err_release(&err);
	assert_null(err.message);
}

static void setting_again_replaces_the_message(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	err_set(&err, ERR_IO, "first");
	err_set(&err, ERR_PROTOCOL, "second");
	assert_int_equal(err.kind, ERR_PROTOCOL);
	assert_string_equal(err.message, "second");
	err_release(&err);
}

static void errno_is_kept_and_spelled_out(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	errno = ENOSPC;
	err_set_errno(&err, ERR_IO, "cannot write %s", "f");
	assert_int_equal(err.sys_errno, ENOSPC);
	assert_string_equal(err.message, "cannot write f: No space left on device");
	err_release(&err);
}

static void wrapping_adds_what_was_being_done(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	err_set(&err, ERR_IO, "cannot read x");
	err_wrap(&err, "loading plan %d", 7);
	err_wrap(&err, "checking pkg");
	assert_string_equal(err.message, "cannot read x\n  while loading plan 7\n  while checking pkg");
	assert_int_equal(err.kind, ERR_IO);
	err_release(&err);
}

static void moving_leaves_the_source_empty(void **state)
{
	(void)state;
	struct err a = ERR_INIT, b = ERR_INIT;
	err_set(&a, ERR_CONFLICT, "two answers");
	err_set(&b, ERR_IO, "old");
	err_move(&b, &a);
	assert_false(err_is_set(&a));
	assert_string_equal(b.message, "two answers");
	err_release(&a);
	err_release(&b);
}

static void every_kind_has_its_exit_status(void **state)
{
	(void)state;
	static const struct {
		enum err_kind kind;
		int status;
	} rows[] = {
		{ ERR_NONE, 0 },     { ERR_USAGE, 2 },   { ERR_CHECKER, 3 },  { ERR_IO, 3 },
		{ ERR_PROTOCOL, 3 }, { ERR_CORRUPT, 3 }, { ERR_CONFLICT, 4 }, { ERR_INTERRUPTED, 130 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(err_exit_status(rows[i].kind), rows[i].status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_error_is_not_set),
		cmocka_unit_test(setting_formats_the_message_and_returns_minus_one),
		cmocka_unit_test(setting_again_replaces_the_message),
		cmocka_unit_test(errno_is_kept_and_spelled_out),
		cmocka_unit_test(wrapping_adds_what_was_being_done),
		cmocka_unit_test(moving_leaves_the_source_empty),
		cmocka_unit_test(every_kind_has_its_exit_status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
