/* model/unit_spec.h: a unit as the worker is told about it. */
#include "../../lib/check.h"

#include "model/unit_spec.h"

static void assert_encodes(const struct unit_spec *unit, const char *expected)
{
	struct js *j = unit_spec_encode(unit);
	struct buf text = BUF_INIT;
	js_write(j, 0, &text);
	assert_string_equal(text.data, expected);
	buf_release(&text);
	js_free(j);
}

static void members_keep_their_order_and_names_say_where_they_lead(void **state)
{
	(void)state;
	static const char *extra[] = { "hidden", NULL };
	const struct member_spec members[] = {
		{ .id = "z", .canonical = "/proc/self/cwd/s/z", .silent = true },
		{ .id = "a", .canonical = "/proc/self/cwd/s/a.py", .source = "/src/a.py", .digest = { { 0xab } }, .options = 3,
		  .extra_deps = extra },
	};
	const struct name_spec names[] = {
		{ .name = "found", .canonical = "/proc/self/cwd/s/found.py" },
		{ .name = "gone", .missing = true, .reason = "not-found" },
		{ .name = "neither" },
	};
	const struct unit_spec unit = { .unit = 5, .members = members, .member_count = 2, .names = names, .name_count = 3 };
	assert_encodes(&unit,
	               "{\"members\":["
	               "{\"digest\":null,\"extra_deps\":[],\"id\":\"z\",\"options\":0,"
	               "\"path\":\"/proc/self/cwd/s/z\",\"silent\":true,\"source\":null},"
	               "{\"digest\":\"ab00000000000000000000000000000000000000000000000000000000000000\","
	               "\"extra_deps\":[\"hidden\"],\"id\":\"a\",\"options\":3,\"path\":\"/proc/self/cwd/s/a.py\","
	               "\"silent\":false,\"source\":\"/src/a.py\"}],"
	               "\"missing\":{\"gone\":{\"ancestor\":false,\"quiet\":false,\"reason\":\"not-found\"}},"
	               "\"modules\":{\"found\":\"/proc/self/cwd/s/found.py\"},\"unit\":5}");
}

static void of_a_parent_package_that_is_also_imported_the_import_counts(void **state)
{
	(void)state;
	const struct member_spec member = { .id = "p.m", .canonical = "/proc/self/cwd/s/p/m" };
	const struct name_spec names[] = {
		{ .name = "p", .missing = true, .reason = "untyped", .quiet = true },
		{ .name = "p", .missing = true, .reason = "untyped", .ancestor = true },
	};
	const struct unit_spec unit = { .members = &member, .member_count = 1, .names = names, .name_count = 2 };
	struct js *j = unit_spec_encode(&unit);
	const struct js *missing = js_get(js_get(j, "missing"), "p");
	assert_true(js_get_bool(missing, "quiet", false));
	assert_false(js_get_bool(missing, "ancestor", true));
	js_free(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_keep_their_order_and_names_say_where_they_lead),
		cmocka_unit_test(of_a_parent_package_that_is_also_imported_the_import_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
