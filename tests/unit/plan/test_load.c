/*
 * plan_make (plan/plan.h) over small trees in a temporary directory. Whether the graph is mypy's is held against mypy
 * itself on real packages (tests/checker); here each rule has its smallest example.
 */
#include "../../lib/check.h"

#include "plan/plan.h"
#include "sys/fs.h"
#include "sys/path.h"
#include "sys/tmpdir.h"

#define NO_SECTIONS "[]"

struct fixture {
	struct tmpdir dir;
	struct arena arena;
	struct described described;
	struct plan_inputs in;
	struct resolver_config resolver;
	struct plan plan;
	struct buf text;
};

static const char *at(struct fixture *f, const char *name)
{
	return path_join(&f->arena, f->dir.path, name);
}

static void put(struct fixture *f, const char *name, const char *content)
{
	struct err err = ERR_INIT;
	assert_ok(fs_write_atomic(at(f, name), span_of(content), FS_WRITE_PARENTS, &err));
}

static const char **one(struct fixture *f, const char *item)
{
	const char **list = ARENA_ARRAY(&f->arena, const char *, 2);
	list[0] = item;
	return list;
}

static int set_up(void **state)
{
	static const char *none[] = { NULL };
	struct fixture *f = calloc(1, sizeof *f);
	struct err err = ERR_INIT;
	*state = f;
	if (tmpdir_make(&f->dir, NULL, "sepal-test", &err) < 0)
		return -1;
	put(f, "ts/stdlib/VERSIONS", "builtins: 3.0-\nsys: 3.0-\ntyping: 3.0-\n");
	put(f, "ts/stdlib/builtins.pyi", "");
	f->described = (struct described){ .checker = "toy", .version = "1", .platform = "linux", .target_major = 3,
		                           .target_minor = 12, .python_path = one(f, at(f, "src")), .mypy_path = none,
		                           .package_path = one(f, at(f, "site")),
		                           .typeshed_path = one(f, at(f, "ts/stdlib")), .typeshed = at(f, "ts"),
		                           .namespace_packages = true, .silence_site_packages = true };
	return 0;
}

static void forget_plan(struct fixture *f)
{
	plan_release(&f->plan);
	if (f->in.resolver) {
		resolver_free(f->in.resolver);
		statcache_free(f->in.stats);
		scan_cache_free(f->in.scans);
		options_free(f->described.options);
	}
	f->in = (struct plan_inputs){ 0 };
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	forget_plan(f);
	buf_release(&f->text);
	arena_release(&f->arena);
	int failed = tmpdir_remove(&f->dir, &err);
	free(f);
	return failed;
}

static void set_options(struct fixture *f, const char *sections)
{
	struct err err = ERR_INIT;
	struct js *described;
	const char *text = arena_printf(&f->arena, "{\"global\": {}, \"sections\": %s, \"cache_names\": []}", sections);
	assert_ok(js_parse(span_of(text), "options", &described, &err));
	assert_ok(options_new(described, &f->described.options, &err));
	js_free(described);
}

/* `sources`: paths below src/ without .py, separated by spaces; "@name" is a module to be found by its name. */
static void set_sources(struct fixture *f, const char *sources)
{
	char *save, *text = arena_strdup(&f->arena, sources);
	f->described.sources = ARENA_ARRAY(&f->arena, struct described_source, strlen(sources) / 2 + 2);
	f->described.source_count = 0;
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		const char *path = *word == '@' ? NULL : arena_printf(&f->arena, "%s.py", word);
		char *module = arena_strdup(&f->arena, *word == '@' ? word + 1 : word);
		char *init = strstr(module, "/__init__");
		if (init)
			*init = '\0';
		for (char *c = module; *c; c++)
			*c = *c == '/' ? '.' : *c;
		f->described.sources[f->described.source_count++] = (struct described_source){ path, module, false };
	}
}

/* A line per module but builtins, on which all depend: "a: b c", then "?name(reason)" for each import that leads
 * nowhere, quiet ones with "-". */
static void describe_plan(struct fixture *f)
{
	buf_reset(&f->text);
	for (uint32_t i = 0; i < f->plan.module_count; i++) {
		const struct plan_module *m = &f->plan.modules[i];
		if (strcmp(m->id, "builtins") == 0)
			continue;
		buf_addf(&f->text, "%s%s:", m->id, m->silent ? "(silent)" : "");
		for (uint32_t d = 0; d < m->dep_count; d++)
			if (strcmp(f->plan.modules[m->deps[d]].id, "builtins") != 0)
				buf_addf(&f->text, " %s", f->plan.modules[m->deps[d]].id);
		for (uint32_t n = 0; n < m->name_count; n++)
			if (m->names[n].missing)
				buf_addf(&f->text, " ?%s(%s%s)", m->names[n].name, m->names[n].quiet ? "-" : "",
				         m->names[n].reason);
		buf_add_char(&f->text, '\n');
	}
}

static const char *make_with(struct fixture *f, const char *sources, const char *sections,
                             const struct plan_discovered *discovered)
{
	struct err err = ERR_INIT;
	forget_plan(f);
	const struct described *d = &f->described;
	set_options(f, sections);
	set_sources(f, sources);
	f->resolver = (struct resolver_config){
		.python_path = d->python_path, .mypy_path = d->mypy_path, .package_path = d->package_path,
		.typeshed_path = d->typeshed_path, .typeshed = d->typeshed, .cwd = at(f, "src"),
		.python_major = 3, .python_minor = 12, .namespace_packages = true,
	};
	f->in = (struct plan_inputs){ .described = d, .cwd = at(f, "src"), .scans = scan_cache_open(at(f, "scans")),
		                      .discovered = discovered, .discovered_count = discovered != NULL };
	assert_ok(resolver_new(&f->resolver, &f->in.resolver, &err));
	assert_ok(statcache_open(at(f, "stat"), 0, &f->in.stats, &err));
	assert_ok(plan_make(&f->in, &f->plan, &err));
	describe_plan(f);
	return f->text.data ? f->text.data : "";
}

static const char *make(struct fixture *f, const char *sources)
{
	return make_with(f, sources, NO_SECTIONS, NULL);
}

/* ---- the graph ---- */

static void modules_come_in_the_order_in_which_they_are_met(void **state)
{
	struct fixture *f = *state;
	put(f, "src/a.py", "import c\nimport b\n");
	put(f, "src/b.py", "import d\n");
	put(f, "src/c.py", "");
	put(f, "src/d.py", "import a\n");
	put(f, "src/z.py", "");
	assert_string_equal(make(f, "z a"), "z:\n"
	                                    "a: c b\n"
	                                    "c:\n"
	                                    "b: d\n"
	                                    "d: a\n");
}

static void submodules_come_before_their_packages_and_parents_are_no_dependencies(void **state)
{
	struct fixture *f = *state;
	put(f, "src/a.py", "import p.q.m\n");
	put(f, "src/p/__init__.py", "");
	put(f, "src/p/q/__init__.py", "");
	put(f, "src/p/q/m.py", "");
	assert_string_equal(make(f, "a"), "a: p.q.m p.q p\n"
	                                  "p.q.m:\n"
	                                  "p.q:\n"
	                                  "p:\n");
	const struct plan_module *m = plan_find(&f->plan, "p.q.m");
	assert_true(m->names[0].ancestor && m->names[1].ancestor);
	assert_string_equal(m->names[0].name, "p.q");
}

static void from_imports_are_of_modules_where_there_are_any(void **state)
{
	struct fixture *f = *state;
	put(f, "src/a.py", "from p import m, attribute\n");
	put(f, "src/p/__init__.py", "");
	put(f, "src/p/m.py", "");
	assert_string_equal(make(f, "a"), "a: p.m p\np.m:\np:\n");
}

static void relative_imports_start_at_the_package(void **state)
{
	struct fixture *f = *state;
	put(f, "src/p/__init__.py", "from . import m\n");
	put(f, "src/p/m.py", "from .n import x\nfrom .. import beyond\n");
	put(f, "src/p/n.py", "");
	assert_string_equal(make(f, "p/__init__"), "p: p.m\np.m: p.n\np.n:\n");
}

static void cycles_are_units_and_dependencies_come_first(void **state)
{
	struct fixture *f = *state;
	put(f, "src/top.py", "import y\n");
	put(f, "src/x.py", "import y\n");
	put(f, "src/y.py", "import x\n");
	make(f, "top");
	assert_int_equal(f->plan.unit_count, 3);
	uint32_t cycle = plan_find(&f->plan, "x")->unit;
	assert_int_equal(cycle, plan_find(&f->plan, "y")->unit);
	assert_int_equal(plan_find(&f->plan, "builtins")->unit, 0);
	assert_int_equal(plan_find(&f->plan, "top")->unit, 2);
	/* in the order of discovery */
	assert_string_equal(f->plan.modules[f->plan.units[cycle].members[0]].id, "y");
	assert_true(f->plan.units[0].priority > f->plan.units[cycle].priority);
}

static void cycles_of_the_standard_library_are_in_the_order_of_their_names(void **state)
{
	struct fixture *f = *state;
	put(f, "ts/stdlib/builtins.pyi", "import typing\nimport sys\n");
	put(f, "ts/stdlib/typing.pyi", "import sys\n");
	put(f, "ts/stdlib/sys.pyi", "import typing\n");
	put(f, "src/a.py", "");
	make(f, "a");
	const struct plan_unit *u = &f->plan.units[0];
	assert_int_equal(u->member_count, 3);
	assert_string_equal(f->plan.modules[u->members[0]].id, "builtins");
	assert_string_equal(f->plan.modules[u->members[1]].id, "sys");
	assert_string_equal(f->plan.modules[u->members[2]].id, "typing");
}

/* ---- where imports lead ---- */

static void an_import_that_leads_nowhere_is_kept_with_the_reason(void **state)
{
	struct fixture *f = *state;
	put(f, "src/a.py", "import gone\nimport hushed\nimport untyped\n");
	put(f, "site/untyped/__init__.py", "");
	assert_string_equal(make_with(f, "a", "[[\"hushed\", {\"ignore_missing_imports\": true}]]", NULL),
	                    "a: ?gone(not-found) ?hushed(-not-found) ?untyped(untyped)\n");
}

static void what_an_import_may_follow_is_the_options_affair(void **state)
{
	struct fixture *f = *state;
	put(f, "src/a.py", "import skipped\nimport refused\nimport quiet\nimport named\n");
	put(f, "src/skipped.py", "import never\n");
	put(f, "src/refused.py", "import never\n");
	put(f, "src/quiet.py", "");
	put(f, "src/named.py", "");
	assert_string_equal(make_with(f, "a named",
	                              "[[\"skipped\", {\"follow_imports\": \"skip\"}],"
	                              " [\"named\", {\"follow_imports\": \"skip\"}],"
	                              " [\"refused\", {\"follow_imports\": \"error\"}],"
	                              " [\"quiet\", {\"follow_imports\": \"silent\"}]]", NULL),
	                    "a: quiet named ?skipped(skipped) ?refused(error)\n"
	                    "named:\n"
	                    "quiet(silent):\n");
}

static void installed_modules_are_silent_unless_asked_for(void **state)
{
	struct fixture *f = *state;
	put(f, "src/a.py", "import typed\n");
	put(f, "site/typed/__init__.py", "");
	put(f, "site/typed/py.typed", "");
	assert_non_null(strstr(make(f, "a"), "typed(silent):"));
	assert_string_equal(plan_find(&f->plan, "typed")->canonical,
	                    "/proc/self/cwd/p/lib/python3/site-packages/typed/__init__.py");
	f->described.silence_site_packages = false;
	assert_non_null(strstr(make(f, "a"), "\ntyped:"));
}

static void nothing_that_is_missing_from_a_partial_stub_package_is_reported(void **state)
{
	struct fixture *f = *state;
	put(f, "src/a.py", "import p.gone\n");
	put(f, "src/p/__init__.pyi", "def __getattr__(name): ...\n");
	assert_non_null(strstr(make(f, "a"), "?p.gone(-not-found)"));
}

static void what_the_checker_discovered_is_a_dependency(void **state)
{
	struct fixture *f = *state;
	static const char *names[] = { "hidden", NULL };
	const struct plan_discovered discovered = { "a", names, { { 0 } } };
	put(f, "src/a.py", "");
	put(f, "src/hidden.py", "");
	assert_string_equal(make_with(f, "a", NO_SECTIONS, &discovered),
	                    "a: hidden\nhidden:\n");
}

/* ---- mistakes ---- */

static void one_name_for_two_files_is_fatal(void **state)
{
	struct fixture *f = *state;
	put(f, "src/p/m.py", "");
	put(f, "src/p/m/__init__.py", "");
	make(f, "p/m p/m/__init__");
	assert_non_null(f->plan.fatal);
	assert_string_equal(f->plan.fatal[0], "error: Duplicate module named \"p.m\" (also at \"p/m.py\")");
	assert_string_equal(f->plan.fatal_file, "p/m/__init__.py");
	assert_false(f->plan.fatal_to_stderr);
}

static void one_file_under_two_names_is_fatal(void **state)
{
	struct fixture *f = *state;
	put(f, "src/p/m.py", "");
	put(f, "src/a.py", "import m\n");
	const char **path = ARENA_ARRAY(&f->arena, const char *, 3);
	path[0] = at(f, "src");
	path[1] = at(f, "src/p");
	f->described.python_path = path;
	make(f, "p/m a");
	assert_non_null(f->plan.fatal);
	assert_string_equal(f->plan.fatal[0],
	                    "error: Source file found twice under different module names: \"p.m\" and \"m\"");
}

static void a_module_that_was_asked_for_by_name_must_be_there(void **state)
{
	struct fixture *f = *state;
	make(f, "@no.such");
	assert_non_null(f->plan.fatal);
	assert_non_null(strstr(f->plan.fatal[0], "Cannot find module \"no.such\""));
	assert_true(f->plan.fatal_to_stderr);
}

static void a_file_that_cannot_be_read_is_a_module_without_imports(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(make(f, "gone"), "gone:\n");
	assert_true(plan_find(&f->plan, "gone")->unreadable);
}

/* ---- as a document, and again ---- */

static char *printed(const struct plan *p)
{
	char *text;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	plan_print(p, to);
	assert_int_equal(fclose(to), 0);
	return text;
}

static void the_document_names_no_place_of_this_machine(void **state)
{
	struct fixture *f = *state;
	put(f, "src/a.py", "import gone\n");
	make(f, "a");
	char *text = printed(&f->plan);
	assert_null(strstr(text, f->dir.path));
	assert_non_null(strstr(text, "\"path\": \"/proc/self/cwd/s/a.py\""));
	free(text);
}

static void the_document_is_written_as_every_other_one(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct js *doc;
	struct buf again = BUF_INIT;
	put(f, "src/a.py", "import gone\nimport lost.too\nimport b\n");
	put(f, "src/b.py", "import a\nimport \xc3\xa9\n");
	put(f, "src/\xc3\xa9.py", "");
	make(f, "a");
	char *text = printed(&f->plan);
	assert_ok(js_parse(span_of(text), "the plan", &doc, &err));
	js_write(doc, 2, &again);
	buf_add_char(&again, '\n');
	assert_string_equal(text, again.data);
	buf_release(&again);
	js_free(doc);
	free(text);
}

static void what_was_scanned_once_is_not_scanned_again(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	put(f, "src/a.py", "import b\n");
	put(f, "src/b.py", "");
	char *before = strdup(make(f, "a"));
	assert_int_equal(statcache_files_read(f->in.stats), 3);
	assert_ok(scan_cache_save(f->in.scans, &err));
	assert_string_equal(make(f, "a"), before);
	free(before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(modules_come_in_the_order_in_which_they_are_met),
		TEST(submodules_come_before_their_packages_and_parents_are_no_dependencies),
		TEST(from_imports_are_of_modules_where_there_are_any),
		TEST(relative_imports_start_at_the_package),
		TEST(cycles_are_units_and_dependencies_come_first),
		TEST(cycles_of_the_standard_library_are_in_the_order_of_their_names),
		TEST(an_import_that_leads_nowhere_is_kept_with_the_reason),
		TEST(what_an_import_may_follow_is_the_options_affair),
		TEST(installed_modules_are_silent_unless_asked_for),
		TEST(nothing_that_is_missing_from_a_partial_stub_package_is_reported),
		TEST(what_the_checker_discovered_is_a_dependency),
		TEST(one_name_for_two_files_is_fatal),
		TEST(one_file_under_two_names_is_fatal),
		TEST(a_module_that_was_asked_for_by_name_must_be_there),
		TEST(a_file_that_cannot_be_read_is_a_module_without_imports),
		TEST(the_document_names_no_place_of_this_machine),
		TEST(the_document_is_written_as_every_other_one),
		TEST(what_was_scanned_once_is_not_scanned_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
