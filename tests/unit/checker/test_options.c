/* checker/options.h: which sections a module gets, sets that are shared, and the configuration text. Whether the rules
 * are mypy's is tests/checker/test_options_oracle.py's question. */
#include "../../lib/check.h"

#include "checker/options.h"

static struct options *options;
static struct buf text;

#define GLOBAL                                                                                                         \
	"\"global\":{\"strict_optional\":true,\"ignore_errors\":false,\"ignore_missing_imports\":false,"               \
	"\"ignore_missing_imports_per_module\":false,\"follow_imports\":\"normal\",\"always_true\":[\"X\"],"           \
	"\"always_false\":[],\"disable_error_code\":[\"misc\"],\"enable_error_code\":[],\"platform\":\"linux\","       \
	"\"disabled_error_codes\":[\"misc\"],\"enabled_error_codes\":[],\"custom_typing_module\":null,"                \
	"\"python_version\":[3,12],\"deprecated_calls_exclude\":[\"p\"]}"
#define NAMES "\"cache_names\":[\"disabled_error_codes\",\"ignore_errors\"]"

static int tear_down(void **state)
{
	(void)state;
	options_free(options);
	options = NULL;
	buf_release(&text);
	return 0;
}

static int read(const char *json, struct err *err)
{
	struct js *described;
	if (js_parse(span_of(json), "the test", &described, err) < 0)
		return -1;
	int status = options_new(described, &options, err);
	js_free(described);
	return status;
}

/* Sections as the inside of a JSON list. */
static void start(const char *sections)
{
	struct err err = ERR_INIT;
	struct buf json = BUF_INIT;
	buf_addf(&json, "{" GLOBAL "," NAMES ",\"sections\":[%s]}", sections);
	assert_ok(read(json.data, &err));
	buf_release(&json);
}

static bool flag(const char *module, const char *name)
{
	return options_flag(options, options_of(options, module), name, false);
}

static const char *shown(const char *module, const char *name)
{
	buf_reset(&text);
	js_write(js_get(options_values(options, options_of(options, module)), name), 0, &text);
	return text.data;
}

static const char *config(const char *const *ids, bool toml)
{
	struct member_options members[4];
	uint32_t count = 0;
	for (; ids[count]; count++)
		members[count] = (struct member_options){ ids[count], options_of(options, ids[count]) };
	buf_reset(&text);
	options_config_text(options, members, count, toml, "", &text);
	return text.data;
}

static void without_sections_all_modules_share_the_global_set(void **state)
{
	(void)state;
	start("");
	assert_int_equal(options_of(options, "a"), 0);
	assert_int_equal(options_of(options, "b.c"), 0);
	assert_int_equal(options_count(options), 1);
	assert_string_equal(options_always_true(options, 0)[0], "X");
	assert_null(options_always_false(options, 0)[0]);
}

static void a_concrete_section_beats_a_pattern_and_the_closest_wildcard_wins(void **state)
{
	(void)state;
	start("[\"a.*\",{\"ignore_errors\":true}],[\"a.b.*\",{\"ignore_errors\":false}],"
	      "[\"a.b.c\",{\"ignore_errors\":true}],[\"*.tests.*\",{\"ignore_errors\":true}]");
	assert_true(flag("a", "ignore_errors"));
	assert_false(flag("a.b", "ignore_errors"));
	assert_false(flag("a.b.x.y", "ignore_errors"));
	assert_true(flag("a.b.c", "ignore_errors"));
	assert_true(flag("a.b.tests", "ignore_errors"));
	assert_true(flag("z.tests.x", "ignore_errors"));
	assert_false(flag("tests", "ignore_errors"));
	assert_false(flag("ab", "ignore_errors"));
}

static void a_star_inside_a_pattern_stands_for_any_number_of_components(void **state)
{
	(void)state;
	start("[\"a.*.b\",{\"ignore_errors\":true}]");
	assert_true(flag("a.b", "ignore_errors"));
	assert_true(flag("a.x.y.b", "ignore_errors"));
	assert_false(flag("a.xb", "ignore_errors"));
	assert_false(flag("a.b.c", "ignore_errors"));
}

static void codes_accumulate_and_enabling_wins(void **state)
{
	(void)state;
	start("[\"a.*\",{\"disable_error_code\":[\"attr\",\"z\"],\"enable_error_code\":[]}],"
	      "[\"a.b\",{\"disable_error_code\":[],\"enable_error_code\":[\"misc\",\"attr\"]}]");
	assert_string_equal(shown("a.x", "disabled_error_codes"), "[\"attr\",\"misc\",\"z\"]");
	assert_string_equal(shown("a.b", "disabled_error_codes"), "[\"z\"]");
	assert_string_equal(shown("a.b", "enabled_error_codes"), "[\"attr\",\"misc\"]");
	assert_string_equal(shown("a.b", "disable_error_code"), "[]");
}

static void ignoring_missing_imports_in_a_section_is_remembered(void **state)
{
	(void)state;
	start("[\"a\",{\"ignore_missing_imports\":true}]");
	assert_true(options_import(options, options_of(options, "a")).ignore_missing);
	assert_true(flag("a", "ignore_missing_imports_per_module"));
	assert_false(flag("b", "ignore_missing_imports_per_module"));
}

static void equal_options_are_one_set_whatever_they_came_from(void **state)
{
	(void)state;
	start("[\"a\",{\"ignore_errors\":true}],[\"b.*\",{\"ignore_errors\":true}],[\"c\",{\"ignore_errors\":false}]");
	uint32_t set = options_of(options, "a");
	assert_int_equal(options_of(options, "b.x"), set);
	assert_int_equal(options_of(options, "c"), 0);
	assert_false(digest_eq(options_digest(options, set), options_digest(options, 0)));
}

static void sections_that_no_module_matched_are_unused(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	start("[\"z.*\",{}],[\"a\",{}],[\"b\",{}],[\"*.q\",{}],[\"c.*\",{}],[\"x.q\",{}]");
	options_of(options, "a");
	options_of(options, "c.d");
	const char **unused = options_unused_sections(options, &arena);
	assert_string_equal(unused[0], "z.*");
	assert_string_equal(unused[1], "b");
	assert_string_equal(unused[2], "x.q"); /* it made *.q used */
	assert_null(unused[3]);
	arena_release(&arena);
}

static void follow_imports_is_read_per_set(void **state)
{
	(void)state;
	start("[\"a\",{\"follow_imports\":\"skip\",\"follow_imports_for_stubs\":true,\"follow_untyped_imports\":true}]");
	struct import_options imports = options_import(options, options_of(options, "a"));
	assert_int_equal(imports.follow, FOLLOW_SKIP);
	assert_true(imports.follow_for_stubs && imports.follow_untyped && !imports.ignore_missing);
	assert_int_equal(options_import(options, 0).follow, FOLLOW_NORMAL);
}

static void the_text_holds_the_first_members_set_and_what_others_change(void **state)
{
	(void)state;
	start("[\"b\",{\"ignore_errors\":true,\"disable_error_code\":[],\"enable_error_code\":[]}]");
	assert_string_equal(config((const char *[]){ "a", "b", "c", NULL }, false),
	                    "[mypy]\nalways_false = \nalways_true = X,\nfollow_imports = normal\nignore_errors = false\n"
	                    "ignore_missing_imports = false\nignore_missing_imports_per_module = false\n"
	                    "platform = linux\npython_version = 3.12\nstrict_optional = true\n"
	                    "disable_error_code = misc,\n\n[mypy-b]\nignore_errors = true\n");
}

static void toml_holds_what_ini_cannot(void **state)
{
	(void)state;
	start("[\"b\",{\"always_true\":[\"q\\\"uote\",\"li\\nne\"]}]");
	const char *toml = config((const char *[]){ "a", "b", NULL }, true);
	assert_non_null(strstr(toml, "\ndeprecated_calls_exclude = [\"p\"]\n"));
	assert_non_null(strstr(toml, "\npython_version = \"3.12\"\n"));
	assert_non_null(strstr(toml, "\n[[tool.mypy.overrides]]\nmodule = \"b\"\n"
	                             "always_true = [\"q\\\"uote\", \"li\\u000ane\"]\n"));
	const char *ini = config((const char *[]){ "b", NULL }, false);
	assert_non_null(strstr(ini, "\nalways_true = q\"uote,\n")); /* a line break would start another option */
}

static void a_code_that_one_member_lacks_is_not_for_all(void **state)
{
	(void)state;
	start("[\"a\",{\"disable_error_code\":[\"attr\"],\"enable_error_code\":[]}]");
	const char *ini = config((const char *[]){ "a", "b", NULL }, false);
	assert_non_null(strstr(ini, "\ndisable_error_code = misc,\n\n[mypy-a]\ndisable_error_code = attr,\n"));
	assert_null(strstr(ini, "[mypy-b]"));
}

static void the_digest_for_dependencies_is_that_of_the_first_member_unless_codes_differ(void **state)
{
	(void)state;
	unsigned char of_text[SHA1_SIZE], of_set[SHA1_SIZE];
	start("[\"a\",{\"disable_error_code\":[\"attr\"],\"enable_error_code\":[]}]");
	struct member_options plain[] = { { "b", options_of(options, "b") }, { "a", options_of(options, "a") } };
	options_cache_hash(options, plain[0].set, of_set);
	options_config_hash(options, plain, 2, of_text);
	assert_memory_equal(of_text, of_set, SHA1_SIZE);
	struct member_options turned[] = { plain[1], plain[0] };
	options_cache_hash(options, turned[0].set, of_set);
	options_config_hash(options, turned, 2, of_text);
	assert_memory_not_equal(of_text, of_set, SHA1_SIZE);
}

static void descriptions_that_are_none_are_refused(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	assert_fails(read("{" GLOBAL "," NAMES "}", &err), ERR_PROTOCOL, "lack");
	assert_fails(read("{" GLOBAL ",\"sections\":[],\"cache_names\":[1]}", &err), ERR_PROTOCOL, "lack");
	assert_fails(read("{" GLOBAL "," NAMES ",\"sections\":[[\"a\",{}],[\"a\",{}]]}", &err), ERR_PROTOCOL, "section 2");
	assert_fails(read("{" GLOBAL "," NAMES ",\"sections\":[[\"a\"]]}", &err), ERR_PROTOCOL, "section 1");
	assert_fails(read("{" GLOBAL "," NAMES ",\"sections\":[5]}", &err), ERR_PROTOCOL, "section 1");
}

#define CLEAN(test) cmocka_unit_test_teardown(test, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLEAN(without_sections_all_modules_share_the_global_set),
		CLEAN(a_concrete_section_beats_a_pattern_and_the_closest_wildcard_wins),
		CLEAN(a_star_inside_a_pattern_stands_for_any_number_of_components),
		CLEAN(codes_accumulate_and_enabling_wins),
		CLEAN(ignoring_missing_imports_in_a_section_is_remembered),
		CLEAN(equal_options_are_one_set_whatever_they_came_from),
		CLEAN(sections_that_no_module_matched_are_unused),
		CLEAN(follow_imports_is_read_per_set),
		CLEAN(the_text_holds_the_first_members_set_and_what_others_change),
		CLEAN(toml_holds_what_ini_cannot),
		CLEAN(a_code_that_one_member_lacks_is_not_for_all),
		CLEAN(the_digest_for_dependencies_is_that_of_the_first_member_unless_codes_differ),
		CLEAN(descriptions_that_are_none_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
