/* checker/mypy_action.h: what is staged for a unit, and what its outputs mean. No process runs here. */
#include "../../lib/check.h"

#include "checker/mypy_action.h"

#define S "/proc/self/cwd/s/"
#define SITE "/proc/self/cwd/p/lib/python3/site-packages/"

static const char described[] = "{\"global\": {\"follow_imports\": \"normal\"}, \"sections\": [], \"cache_names\": [], "
                                "\"refused\": []}";

struct fixture {
	struct arena arena;
	struct checker_setup setup;
	struct unit_spec unit;
	struct member_spec members[4];
	struct dep_spec deps[4];
	struct dep_spec *closure[4];
	struct name_spec names[4];
	struct interface interface;
	struct action action;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct err err = ERR_INIT;
	struct js *js;

	assert_ok(js_parse(span_of(described), "options", &js, &err));
	f->setup = (struct checker_setup){ .format = { 0, 11 }, .version = "2.4.1", .python = "/opt/python",
		                        .python_version = "3.11.7", .platform = "linux", .target_major = 3,
		                        .target_minor = 12, .typeshed = "/typeshed" };
	assert_ok(options_new(js, &f->setup.options, &err));
	js_free(js);
	f->unit.members = f->members;
	f->unit.names = f->names;
	f->unit.closure = f->closure;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	options_free(f->setup.options);
	arena_release(&f->arena);
	free(f);
	return 0;
}

static void add_member(struct fixture *f, const char *id, const char *canonical, const char *source, bool silent)
{
	f->members[f->unit.member_count++] = (struct member_spec){
		.id = id, .canonical = canonical, .source = source, .silent = silent,
		.options = options_of(f->setup.options, id) };
}

static void add_dep(struct fixture *f, const char *id, const char *canonical)
{
	uint32_t i = f->unit.closure_count++;

	f->deps[i] = (struct dep_spec){ .id = id, .canonical = canonical, .interface = &f->interface };
	f->closure[i] = &f->deps[i];
}

static void add_name(struct fixture *f, const char *name, const char *reason, bool quiet)
{
	f->names[f->unit.name_count++] = (struct name_spec){ .name = name, .missing = true, .reason = reason,
		                                             .quiet = quiet };
}

static void make(struct fixture *f)
{
	mypy_action_make(&f->setup, &f->unit, &f->arena, &f->action);
}

static const struct action_input *input(const struct fixture *f, const char *path)
{
	for (uint32_t i = 0; i < f->action.input_count; i++)
		if (strcmp(f->action.inputs[i].path, path) == 0)
			return &f->action.inputs[i];
	return NULL;
}

static const char *text(const struct fixture *f, const char *path)
{
	const struct action_input *in = input(f, path);

	if (!in || in->kind != INPUT_INLINE)
		fail_msg("no inline input %s", path);
	return in->bytes.data;
}

static bool listed(const char *const *list, const char *word)
{
	for (; *list; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

/* The words after `-m`, joined by spaces; the first is mypy. */
static const char *modules(struct fixture *f)
{
	struct buf all = BUF_INIT;
	const char *joined;

	for (const char **w = f->action.argv; *w; w++)
		if (strcmp(*w, "-m") == 0)
			buf_addf(&all, " %s", w[1]);
	joined = arena_strdup(&f->arena, all.data);
	buf_release(&all);
	return joined;
}

static void members_are_staged_from_their_sources_and_named_in_order(void **state)
{
	struct fixture *f = *state;

	add_member(f, "b", S "b.py", "/tree/b.py", false);
	add_member(f, "a", S "a/__init__.pyi", "/tree/a/__init__.pyi", false);
	make(f);
	assert_string_equal(modules(f), " mypy b a");
	assert_int_equal(input(f, "s/b.py")->kind, INPUT_FILE);
	assert_string_equal(input(f, "s/b.py")->real, "/tree/b.py");
	assert_non_null(input(f, "s/a/__init__.pyi"));
	assert_true(listed(f->action.outputs, "b.data.ff"));
	assert_true(listed(f->action.outputs, "a/__init__.meta_ex.ff"));
	assert_true(listed(f->action.argv, "--no-site-packages"));
	assert_true(listed(f->action.argv, "3.12"));
}

static void silent_members_are_reached_through_roots_that_come_first(void **state)
{
	struct fixture *f = *state;

	add_member(f, "told", S "told.py", "/tree/told.py", false);
	add_member(f, "q.quiet", SITE "q/quiet.py", "/site/q/quiet.py", true);
	add_member(f, "followed", S "followed.py", "/tree/followed.py", false);
	make(f);
	assert_string_equal(modules(f), " mypy sepal__root__1 sepal__root__2 told");
	assert_string_equal(text(f, "s/sepal__root__1.py"), "# mypy: ignore-errors\nfrom q.quiet import __name__\n");
	assert_true(listed(f->action.outputs, "sepal__root__2.meta.ff"));
}

static void dependencies_are_placeholders_with_an_interface(void **state)
{
	struct fixture *f = *state;

	add_member(f, "a", S "a.py", "/tree/a.py", false);
	add_dep(f, "os", "/proc/self/cwd/ts/stdlib/os/__init__.pyi");
	add_dep(f, "space", S "space");
	make(f);
	assert_non_null(strstr(text(f, "ts/stdlib/os/__init__.pyi"), "interface only"));
	assert_int_equal(input(f, "os/__init__.data.ff")->kind, INPUT_BLOB);
	assert_int_equal(input(f, "os/__init__.meta.ff")->kind, INPUT_INLINE);
	assert_int_equal(input(f, "os/__init__.meta_ex.ff")->bytes.len, 8);
	assert_int_equal(input(f, "s/space")->kind, INPUT_DIRECTORY);
	assert_non_null(input(f, "space.data.ff"));
	assert_false(listed(f->action.outputs, "os/__init__.data.ff"));
}

static void what_mypy_insists_on_is_there(void **state)
{
	struct fixture *f = *state;

	add_member(f, "builtins", "/proc/self/cwd/ts/stdlib/builtins.pyi", "/typeshed/stdlib/builtins.pyi", true);
	make(f);
	assert_int_equal(input(f, "ts/stdlib/builtins.pyi")->kind, INPUT_FILE);
	assert_int_equal(input(f, "ts/stdlib/VERSIONS")->kind, INPUT_FILE);
	assert_int_equal(input(f, "ts/stdlib/typing.pyi")->kind, INPUT_INLINE);
	assert_int_equal(input(f, "ts/stubs/mypy-extensions/mypy_extensions.pyi")->kind, INPUT_INLINE);
}

static void parent_packages_are_empty_and_may_be_written(void **state)
{
	struct fixture *f = *state;
	static const char *const ancestors[] = { S "pkg/__init__.py", NULL };

	add_member(f, "pkg.space.m", S "pkg/space/m.py", "/tree/pkg/space/m.py", false);
	f->unit.ancestors = ancestors;
	make(f);
	assert_string_equal(text(f, "s/pkg/__init__.py"), "");
	assert_true(listed(f->action.outputs, "pkg/__init__.data.ff"));
	assert_true(listed(f->action.outputs, "pkg/space.data.ff"));
}

static void installed_packages_are_marked_as_typed_where_mypy_looks(void **state)
{
	struct fixture *f = *state;

	add_member(f, "a", S "a.py", "/tree/a.py", false);
	add_dep(f, "ns.pkg", SITE "ns/pkg/__init__.py");
	add_dep(f, "reg", SITE "reg/__init__.pyi");
	add_dep(f, "reg.sub", SITE "reg/sub.pyi");
	add_dep(f, "single", SITE "single.py");
	make(f);
	assert_non_null(input(f, "p/lib/python3/site-packages/ns/pkg/py.typed"));
	assert_null(input(f, "p/lib/python3/site-packages/ns/py.typed"));
	assert_non_null(input(f, "p/lib/python3/site-packages/reg/py.typed"));
	assert_null(input(f, "p/lib/python3/site-packages/reg/sub/py.typed"));
	assert_non_null(input(f, "p/lib/python3/site-packages/single/py.typed"));
	assert_non_null(strstr(text(f, "p/bin/python"), "'/proc/self/cwd/p/lib/python3/site-packages'"));
	assert_true(listed(f->action.argv, "/proc/self/cwd/p/bin/python"));
}

static void missing_names_get_what_their_reason_needs(void **state)
{
	struct fixture *f = *state;

	add_member(f, "a", S "a.py", "/tree/a.py", false);
	add_name(f, "gone", "not-found", true);
	add_name(f, "left.out", "skipped", false);
	add_name(f, "untyped.part", "untyped", false);
	make(f);
	assert_null(input(f, "s/gone.py"));
	assert_string_equal(text(f, "s/left/out.py"), "");
	assert_int_equal(input(f, "p/lib/python3/site-packages/untyped/part")->kind, INPUT_DIRECTORY);
	assert_non_null(strstr(text(f, "mypy.ini"), "[mypy-gone]\nignore_missing_imports = true\n"));
	assert_non_null(strstr(text(f, "mypy.ini"), "[mypy-left.out]\nfollow_imports = skip\n"));
	assert_null(strstr(text(f, "mypy.ini"), "[mypy-untyped.part]"));
}

static void a_wrong_directory_moves_everything_one_level_down(void **state)
{
	struct fixture *f = *state;

	add_member(f, "m", S "m.py", "/tree/m.py", false);
	add_name(f, "pkg.other", "wrong-directory", false);
	make(f);
	assert_non_null(input(f, "inner-package/s/m.py"));
	assert_non_null(input(f, "inner-package/__init__.py"));
	assert_non_null(input(f, "pkg/other/__init__.py"));
	assert_non_null(input(f, "pkg/__init__.py"));
	assert_true(listed(f->action.outputs, "inner-package/m.data.ff"));
	assert_string_equal(f->action.argv[1], "-c");
	assert_int_equal(input(f, "python.link")->kind, INPUT_PLATFORM);
}

static void nothing_in_the_action_names_a_place_on_this_machine(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT;
	struct js *js;

	add_member(f, "a", S "a.py", "/tree/a.py", false);
	make(f);
	js = action_encode(&f->action);
	js_write(js, 0, &out);
	assert_null(strstr(out.data, "/tree"));
	assert_null(strstr(out.data, "/typeshed"));
	assert_null(strstr(out.data, "/opt"));
	js_free(js);
	buf_release(&out);
}

static struct action_outcome ended(int status, const char *out, const char *err)
{
	return (struct action_outcome){ .exit_status = status, .out = span_of(out), .err = span_of(err) };
}

/* Outcomes that must not be taken for results: each is an error that holds `what`. */
static void refuse(struct fixture *f, struct action_outcome outcome, const char *what)
{
	struct unit_outcome ret;
	struct err err = ERR_INIT;

	assert_fails(mypy_action_interpret(&f->setup, &f->unit, &outcome, &f->arena, &ret, &err), ERR_CHECKER, what);
}

static void ends_that_say_nothing_about_the_source_are_errors(void **state)
{
	struct fixture *f = *state;
	struct action_outcome killed = ended(-1, "", ""), slow = ended(-1, "", ""), wrote = ended(0, "", "");

	add_member(f, "a", S "a.py", "/tree/a.py", false);
	add_dep(f, "b", S "b.py");
	killed.signal = 11;
	slow.timed_out = true;
	wrote.undeclared = "b.meta.ff";
	refuse(f, killed, "signal 11");
	refuse(f, slow, "too long");
	refuse(f, wrote, "did not accept the interface of b");
	wrote.undeclared = "surprise";
	refuse(f, wrote, "surprise");
	refuse(f, ended(0, "", ""), "no .data.ff file for a");
	refuse(f, ended(1, "", "mypy.ini: [mypy]: Unrecognized option"), "did not understand the configuration");
	refuse(f, ended(2, S "a.py: error: INTERNAL ERROR", ""), "crashed");
	refuse(f, ended(2, "", "Traceback (most recent call last):\n"), "crashed");
	refuse(f, ended(2, "", "usage: mypy\n"), "usage: mypy");
	refuse(f, ended(2, S "b.py:1: error: Invalid syntax  [syntax]\n", ""), "did not accept the interface of b");
	refuse(f, ended(3, "", "what?"), "status 3");
}

static void a_blocking_error_in_a_member_is_an_outcome(void **state)
{
	struct fixture *f = *state;
	struct action_outcome outcome = ended(2, S "a.py:1:1:1:1: error: Invalid syntax  [syntax]\n", "");
	struct unit_outcome ret;
	struct err err = ERR_INIT;

	add_member(f, "a", S "a.py", "/tree/a.py", false);
	assert_ok(mypy_action_interpret(&f->setup, &f->unit, &outcome, &f->arena, &ret, &err));
	assert_int_equal(ret.kind, OUTCOME_BLOCKED);
	assert_true(ret.blocked_in_parse);
	assert_int_equal(ret.blockers.count, 1);
	assert_string_equal(ret.blockers.items[0].path, S "a.py");
}

/* A member's meta file as mypy would write it, importing "a.dep" and "new". */
static struct span meta_of_a(struct fixture *f)
{
	static const unsigned char hash[SHA1_SIZE];
	const struct mypy_dep_hash deps[] = { { "a.dep", hash }, { "new", hash } };
	struct buf out = BUF_INIT;
	struct span meta;

	mypy_meta_write(mypy_format_of(&f->setup), "2.4.1", "a", S "a.py", "linux", hash, deps, 2, hash, span_of(""), false,
	                &out);
	meta = arena_span(&f->arena, buf_span(&out));
	buf_release(&out);
	return meta;
}

static void an_interface_is_its_data_and_its_unknown_imports_are_discovered(void **state)
{
	struct fixture *f = *state;
	struct unit_outcome ret;
	struct err err = ERR_INIT;
	struct digest d;

	add_member(f, "a", S "a.py", "/tree/a.py", false);
	add_dep(f, "a.dep", S "a/dep.py");
	unit_outcome_init(&f->unit, &f->arena, &ret);
	assert_ok(mypy_outcome_interface(&f->setup, &f->unit, 0, span_of("data"), meta_of_a(f), &f->arena, &ret, &err));
	hash_sha256(span_of("data"), &d);
	assert_true(digest_eq(&ret.result.members[0].interface.data, &d));
	assert_int_equal(ret.result.members[0].interface.data_size, 4);
	assert_true(span_eq_str(ret.data[0], "data"));
	assert_string_equal(ret.discovered[0][0], "new");
	assert_null(ret.discovered[0][1]);
}

static void a_meta_file_of_another_module_is_refused(void **state)
{
	struct fixture *f = *state;
	struct unit_outcome ret;
	struct err err = ERR_INIT;

	add_member(f, "other", S "other.py", "/tree/other.py", false);
	unit_outcome_init(&f->unit, &f->arena, &ret);
	assert_fails(mypy_outcome_interface(&f->setup, &f->unit, 0, span_of(""), meta_of_a(f), &f->arena, &ret, &err),
	             ERR_CHECKER, "other");
}

static void a_report_has_no_path_for_the_module_itself(void **state)
{
	/* CacheMetaEx(["z", "b", "a"], [], three hashes, [(S + "a.py", 1, 0, 1, 1, "error", "x", None)]) */
	static const char meta_ex[] = "\x16\x1a\x16z\x16"
	                              "b\x16"
	                              "a\x16\x14\x17\x1a\x14\x14\x14\x14\x16\x18\x04\x3e" S
	                              "a.py\x03\x16\x03\x14\x03\x16\x03\x16\x04\x1e" "error\x04\x16x\x02";
	struct fixture *f = *state;
	struct unit_outcome ret;
	struct err err = ERR_INIT;
	const struct member_result *m;

	add_member(f, "a", S "a.py", "/tree/a.py", false);
	unit_outcome_init(&f->unit, &f->arena, &ret);
	assert_ok(mypy_outcome_report(&f->setup, &f->unit, 0, (struct span){ meta_ex, sizeof meta_ex - 1 }, &f->arena,
	                              &ret, &err));
	m = &ret.result.members[0];
	assert_int_equal(m->indirect_count, 2);
	assert_string_equal(m->indirect[0], "b");
	assert_string_equal(m->indirect[1], "z");
	assert_int_equal(m->diags.count, 1);
	assert_null(m->diags.items[0].path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(members_are_staged_from_their_sources_and_named_in_order),
		TEST(silent_members_are_reached_through_roots_that_come_first),
		TEST(dependencies_are_placeholders_with_an_interface),
		TEST(what_mypy_insists_on_is_there),
		TEST(parent_packages_are_empty_and_may_be_written),
		TEST(installed_packages_are_marked_as_typed_where_mypy_looks),
		TEST(missing_names_get_what_their_reason_needs),
		TEST(a_wrong_directory_moves_everything_one_level_down),
		TEST(nothing_in_the_action_names_a_place_on_this_machine),
		TEST(ends_that_say_nothing_about_the_source_are_errors),
		TEST(a_blocking_error_in_a_member_is_an_outcome),
		TEST(an_interface_is_its_data_and_its_unknown_imports_are_discovered),
		TEST(a_meta_file_of_another_module_is_refused),
		TEST(a_report_has_no_path_for_the_module_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
