/* sys/path.h, held against what Python's os.path says for the same arguments. */
#include "../../lib/check.h"

#include "sys/path.h"

struct row {
	const char *a, *b, *expected;
};

static void normalizing_is_lexical(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "", NULL, "." },           { ".", NULL, "." },          { "a//b/./c/", NULL, "a/b/c" },
		{ "a/../b", NULL, "b" },     { "a/..", NULL, "." },       { "../a/../../b", NULL, "../../b" },
		{ "/../a", NULL, "/a" },     { "/", NULL, "/" },          { "///a/..", NULL, "/" },
		{ "a/b/../..", NULL, "." },  { "..", NULL, ".." },        { "a...b/..c/..", NULL, "a...b" },
		{ "./a", NULL, "a" },        { "/a/b/../../..", NULL, "/" }, { "a/../..", NULL, ".." },
	};
	struct arena a = ARENA_INIT;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(path_normalize(&a, rows[i].a), rows[i].expected);
	arena_release(&a);
}

static void joining_lets_an_absolute_name_win(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "a", "/b", "/b" },
		{ "", "b", "b" },    { ".", "b", "b" },    { "/", "b", "/b" },
	};
	struct arena a = ARENA_INIT;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(path_join(&a, rows[i].a, rows[i].b), rows[i].expected);
	arena_release(&a);
}

static void absolute_is_joined_and_normalized(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	assert_string_equal(path_absolute(&a, "/r/s", "../t/./u"), "/r/t/u");
	assert_string_equal(path_absolute(&a, "/r/s", "/x//y"), "/x/y");
	assert_string_equal(path_absolute(&a, "/r", "."), "/r");
	arena_release(&a);
}

static void a_path_splits_into_directory_and_name(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "a/b", "a", "b" },     { "a", "", "a" },     { "/a", "/", "a" },
		{ "a/b/", "a/b", "" },   { "/", "/", "" },     { "a//b", "a", "b" },
	};
	struct arena a = ARENA_INIT;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_string_equal(path_dirname(&a, rows[i].a), rows[i].b);
		assert_string_equal(path_basename(rows[i].a), rows[i].expected);
	}
	arena_release(&a);
}

static void relative_paths_go_up_as_far_as_needed(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "/r/a", "/r/b", "../a" }, { "/r/a/x", "/r/a", "x" },  { "/r", "/r", "." },
		{ "/r", "/r/a/b", "../.." }, { "/rx", "/r", "../rx" },   { "a/b", "a/c/d", "../../b" },
		{ "a", ".", "a" },           { ".", "a", ".." },         { "/r/a", "/", "r/a" },
		{ "/", "/r", ".." },         { "ab/c", "a/c", "../../ab/c" },
	};
	struct arena a = ARENA_INIT;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(path_relative_to(&a, rows[i].a, rows[i].b), rows[i].expected);
	arena_release(&a);
}

static void below_means_whole_parts(void **state)
{
	(void)state;
	assert_true(path_is_below("/r/a", "/r"));
	assert_true(path_is_below("/r", "/r"));
	assert_true(path_is_below("/r", "/"));
	assert_false(path_is_below("/rx", "/r"));
	assert_true(path_is_below("a/b", "."));
	assert_false(path_is_below("../a", "."));
	assert_false(path_is_below("/a", "."));
	assert_true(path_is_below("..a", "."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normalizing_is_lexical),
		cmocka_unit_test(joining_lets_an_absolute_name_win),
		cmocka_unit_test(absolute_is_joined_and_normalized),
		cmocka_unit_test(a_path_splits_into_directory_and_name),
		cmocka_unit_test(relative_paths_go_up_as_far_as_needed),
		cmocka_unit_test(below_means_whole_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
