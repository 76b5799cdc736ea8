/* cmd/settings.h: command lines, what they mean and what is said about those that mean nothing. */
#include "../../lib/check.h"

#include <stdlib.h>

#include "cmd/settings.h"
#include "ui/document.h"

enum { MAX_ARGUMENTS = 16 };

static int parse(struct arena *a, const char *line, struct settings *ret, struct err *err)
{
	char *save, *argv[MAX_ARGUMENTS + 1] = { NULL };
	int argc = 0;
	char *text = arena_strdup(a, line);
	for (char *word = strtok_r(text, " ", &save); word && argc < MAX_ARGUMENTS; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return settings_parse(argc, argv, a, ret, err);
}

static int set_up(void **state)
{
	setenv("HOME", "/home/somebody", 1);
	unsetenv("XDG_CACHE_HOME");
	unsetenv("SEPAL_STORE");
	*state = calloc(1, sizeof(struct arena));
	return 0;
}

static int tear_down(void **state)
{
	arena_release(*state);
	free(*state);
	return 0;
}

static void without_options_the_usual_things_happen(void **state)
{
	struct settings s;
	struct err err = ERR_INIT;
	assert_ok(parse(*state, "check", &s, &err));
	assert_int_equal(s.verb, VERB_CHECK);
	assert_string_equal(s.checker, "mypy");
	assert_string_equal(s.runner, "worker");
	assert_string_equal(s.store, "/home/somebody/.cache/sepal");
	assert_int_equal(s.on_conflict, CONFLICT_FAIL);
	assert_int_equal(s.timeout_seconds, 600);
	assert_true(s.jobs >= 1);
	assert_null(s.python);
	assert_null(s.paths[0]);
	assert_null(s.checker_args[0]);
	assert_false(s.no_store_read || s.verbose || s.quiet || s.keep_failed || s.help);
}

static void values_come_in_three_ways(void **state)
{
	static const char *const lines[] = { "check --jobs 3", "check --jobs=3", "check -j3", "check -j 3" };
	struct settings s;
	struct err err = ERR_INIT;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_ok(parse(*state, lines[i], &s, &err));
		assert_int_equal(s.jobs, 3);
	}
}

static void every_kind_of_option_arrives_where_it_belongs(void **state)
{
	struct settings s;
	struct err err = ERR_INIT;
	assert_ok(parse(*state, "check --python py --runner=process --stats-json s.json --on-conflict=first "
	                        "--no-store-read --timeout 5 --checker=toy --keep -v -q", &s, &err));
	assert_string_equal(s.python, "py");
	assert_string_equal(s.runner, "process");
	assert_string_equal(s.stats_json, "s.json");
	assert_int_equal(s.on_conflict, CONFLICT_FIRST);
	assert_int_equal(s.timeout_seconds, 5);
	assert_string_equal(s.checker, "toy");
	assert_true(s.no_store_read && s.keep_failed && s.verbose && s.quiet);
	assert_ok(parse(*state, "verify --sample=0.25 --seed 7", &s, &err));
	assert_true(s.sample == 0.25 && s.seed == 7);
}

static void what_comes_after_two_dashes_is_the_checkers(void **state)
{
	struct settings s;
	struct err err = ERR_INIT;
	assert_ok(parse(*state, "check a --quiet b -- --quiet c --", &s, &err));
	assert_string_equal(s.paths[0], "a");
	assert_string_equal(s.paths[1], "b");
	assert_null(s.paths[2]);
	assert_string_equal(s.checker_args[0], "--quiet");
	assert_string_equal(s.checker_args[1], "c");
	assert_string_equal(s.checker_args[2], "--");
	assert_null(s.checker_args[3]);
}

static void a_dash_alone_is_a_path(void **state)
{
	struct settings s;
	struct err err = ERR_INIT;
	assert_ok(parse(*state, "check -", &s, &err));
	assert_string_equal(s.paths[0], "-");
}

static void the_store_is_found_in_this_order(void **state)
{
	struct settings s;
	struct err err = ERR_INIT;
	setenv("XDG_CACHE_HOME", "relative/does/not/count", 1);
	assert_ok(parse(*state, "check", &s, &err));
	assert_string_equal(s.store, "/home/somebody/.cache/sepal");
	setenv("XDG_CACHE_HOME", "/cache", 1);
	assert_ok(parse(*state, "check", &s, &err));
	assert_string_equal(s.store, "/cache/sepal");
	setenv("SEPAL_STORE", "/own", 1);
	assert_ok(parse(*state, "check", &s, &err));
	assert_string_equal(s.store, "/own");
	assert_ok(parse(*state, "check --store /given", &s, &err));
	assert_string_equal(s.store, "/given");
	assert_ok(parse(*state, "check --store given", &s, &err));
	assert_int_equal(s.store[0], '/');
}

static void mistakes_are_usage_errors_with_a_sentence(void **state)
{
	static const struct {
		const char *line, *said;
	} mistakes[] = {
		{ "", "a verb is missing" },
		{ "chekc", "there is no verb `chekc`" },
		{ "check --nothing", "`sepal check` has no option --nothing" },
		{ "check -Z", "has no option -Z" },
		{ "plan --jobs=2", "`sepal plan` has no option --jobs=2" },
		{ "check --job=2", "has no option --job=2" },
		{ "check --jobs", "--jobs wants a value: N" },
		{ "check --jobs=", "--jobs wants a whole number, not ``" },
		{ "check --jobs=0", "--jobs wants at least 1" },
		{ "check --jobs=99999999999999999999", "--jobs wants a whole number" },
		{ "check --jobs=-2", "--jobs wants a whole number" },
		{ "check --jobs=2x", "--jobs wants a whole number" },
		{ "check --runner=work", "--runner is one of worker|process|remote, not `work`" },
		{ "check --runner=", "--runner is one of" },
		{ "check --runner=worker|process", "--runner is one of" },
		{ "check --on-conflict=second", "--on-conflict is one of fail|harmless|first" },
		{ "check --quiet=1", "--quiet takes no value" },
		{ "verify --sample=1.5", "--sample wants a number from 0 to 1" },
		{ "verify --sample=nan", "--sample wants a number from 0 to 1" },
		{ "verify --sample=", "--sample wants a number from 0 to 1" },
	};
	struct settings s;
	struct err err = ERR_INIT;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
		assert_fails(parse(*state, mistakes[i].line, &s, &err), ERR_USAGE, mistakes[i].said);
}

static void without_a_home_the_store_has_no_place(void **state)
{
	struct settings s;
	struct err err = ERR_INIT;
	unsetenv("HOME");
	assert_fails(parse(*state, "check", &s, &err), ERR_USAGE, "give --store DIR");
	assert_ok(parse(*state, "check --store /s", &s, &err));
}

static void help_names_every_option_that_the_verb_has(void **state)
{
	struct settings s;
	struct err err = ERR_INIT;
	for (int v = 0; v < VERB_COUNT; v++) {
		struct buf text = BUF_INIT;
		settings_help((enum verb)v, &text);
		assert_non_null(strstr(text.data, arena_printf(*state, "usage: sepal %s ", verb_name((enum verb)v))));
		/* what is named is understood: flags as they stand, the others are given a value */
		for (const char *at = strstr(text.data, "  --"); at; at = strstr(at + 1, "  --")) {
			size_t name = strcspn(at + 2, " \n");
			bool has_value = at[2 + name] == ' ' && at[3 + name] != ' ';
			const char *line = arena_printf(*state, "%s %.*s%s", verb_name((enum verb)v), (int)name, at + 2,
			                                has_value ? " 1" : "");
			if (parse(*state, line, &s, &err) != 0) {
				assert_null(strstr(err.message, "has no option"));
				assert_null(strstr(err.message, "takes no value"));
				err_release(&err);
			}
		}
		buf_release(&text);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void help_names_every_report_format(void **state)
{
	(void)state;
	struct buf text = BUF_INIT, names = BUF_INIT;
	settings_help(VERB_CHECK, &text);
	document_format_names(" ", &names);
	for (char *save, *name = strtok_r(names.data, " ", &save); name; name = strtok_r(NULL, " ", &save))
		assert_non_null(strstr(strstr(text.data, "--report"), name));
	buf_release(&text);
	buf_release(&names);
}

static void reports_are_kept_in_their_order(void **state)
{
	struct settings s;
	struct err err = ERR_INIT;
	assert_ok(parse(*state, "check --report json --report=sarif=a=b --new-only known", &s, &err));
	assert_string_equal(s.reports[0], "json");
	assert_string_equal(s.reports[1], "sarif=a=b");
	assert_null(s.reports[2]);
	assert_string_equal(s.new_only, "known");
	assert_fails(parse(*state, "plan --report json", &s, &err), ERR_USAGE, "has no option --report");
	assert_fails(parse(*state, "baseline --new-only known", &s, &err), ERR_USAGE, "has no option --new-only");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_options_the_usual_things_happen),
		TEST(values_come_in_three_ways),
		TEST(every_kind_of_option_arrives_where_it_belongs),
		TEST(what_comes_after_two_dashes_is_the_checkers),
		TEST(a_dash_alone_is_a_path),
		TEST(the_store_is_found_in_this_order),
		TEST(mistakes_are_usage_errors_with_a_sentence),
		TEST(without_a_home_the_store_has_no_place),
		TEST(help_names_every_option_that_the_verb_has),
		TEST(help_names_every_report_format),
		TEST(reports_are_kept_in_their_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
