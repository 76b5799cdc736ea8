/* source/resolve.h on small trees: what it says, what it remembers, and what it says its answers stand on. Whether the
 * rules are mypy's is tests/checker/test_resolve_oracle.py's question. */
#include "../../lib/check.h"

#include "source/resolve.h"
#include "source/resolve_versions.h"
#include "sys/fs.h"
#include "sys/path.h"
#include "sys/tmpdir.h"

static struct tmpdir dir;
static struct arena arena;
static struct resolver_config config;
static struct resolver *resolver;

static const char *at(const char *name)
{
	return path_join(&arena, dir.path, name);
}

static void put(const char *name, const char *content)
{
	struct err err = ERR_INIT;
	assert_ok(fs_write_atomic(at(name), span_of(content), FS_WRITE_PARENTS, &err));
}

static const char *const *list(const char *one, const char *two)
{
	const char **items = ARENA_ARRAY(&arena, const char *, 3);
	items[0] = one;
	items[1] = two;
	return items;
}

static int set_up(void **state)
{
	(void)state;
	static const struct stub_distribution stubs[] = {
		{ "yaml", "types-PyYAML", false },
		{ "google.protobuf", "types-protobuf", true },
	};
	struct err err = ERR_INIT;
	if (tmpdir_make(&dir, NULL, "sepal-test", &err) < 0)
		return -1;
	put("ts/stdlib/VERSIONS", "# modules\nos: 3.0-\nold: 3.0-3.9  # gone\n\nos.new: 3.14-\n");
	put("ts/stdlib/os/__init__.pyi", "");
	put("ts/stdlib/os/new.pyi", "");
	put("ts/stdlib/old.pyi", "");
	config = (struct resolver_config){
		.python_path = list(at("src"), NULL),
		.mypy_path = list(NULL, NULL),
		.package_path = list(at("site"), NULL),
		.typeshed_path = list(at("ts/stdlib"), at("fallback")),
		.typeshed = at("ts"),
		.cwd = dir.path,
		.python_major = 3,
		.python_minor = 12,
		.namespace_packages = true,
		.stub_distributions = stubs,
		.stub_distribution_count = 2,
	};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	resolver_free(resolver);
	resolver = NULL;
	arena_release(&arena);
	return tmpdir_remove(&dir, &err);
}

static void start(void)
{
	struct err err = ERR_INIT;
	assert_ok(resolver_new(&config, &resolver, &err));
}

static void assert_found(const char *id, const char *path, enum module_root root)
{
	const struct resolution *found = resolver_find(resolver, id);
	assert_int_equal(found->status, RESOLVE_FOUND);
	assert_string_equal(found->path, at(path));
	assert_int_equal(found->root, root);
}

static bool holds(const char **paths, const char *name)
{
	for (; *paths; paths++) {
		if (strcmp(*paths, at(name)) == 0)
			return true;
	}
	return false;
}

static void the_kind_of_file_is_told(void **state)
{
	(void)state;
	put("src/a/__init__.py", "");
	put("src/b.pyi", "");
	put("src/n/m.py", "");
	start();
	const struct resolution *package = resolver_find(resolver, "a");
	const struct resolution *stub = resolver_find(resolver, "b");
	const struct resolution *namespace = resolver_find(resolver, "n");
	assert_true(package->is_package && !package->is_stub && !package->is_namespace);
	assert_true(!stub->is_package && stub->is_stub && !stub->is_namespace);
	assert_true(namespace->is_package && !namespace->is_stub && namespace->is_namespace);
	assert_found("n.m", "src/n/m.py", ROOT_FIRST_PARTY);
}

static void versions_gate_typeshed(void **state)
{
	(void)state;
	start();
	assert_found("os", "ts/stdlib/os/__init__.pyi", ROOT_TYPESHED);
	assert_int_equal(resolver_find(resolver, "old")->status, RESOLVE_NOT_FOUND);
	assert_int_equal(resolver_find(resolver, "os.new")->status, RESOLVE_NOT_FOUND);
}

static void a_target_older_than_typeshed_supports_counts_as_the_oldest(void **state)
{
	(void)state;
	config.python_minor = 8;
	start();
	assert_int_equal(resolver_find(resolver, "old")->status, RESOLVE_NOT_FOUND);
}

static void a_typed_part_turns_an_untyped_package_into_a_namespace(void **state)
{
	(void)state;
	put("site/google/cloud/py.typed", "");
	put("site/google/cloud/x.py", "");
	start();
	assert_int_equal(resolver_find(resolver, "google")->status, RESOLVE_UNTYPED);
	assert_found("google.cloud.x", "site/google/cloud/x.py", ROOT_PACKAGE);
	assert_found("google", "site/google", ROOT_PACKAGE);
}

static void missing_stubs_are_told_by_package_and_namespace(void **state)
{
	(void)state;
	start();
	assert_int_equal(resolver_find(resolver, "yaml.nodes")->status, RESOLVE_STUBS_NOT_INSTALLED);
	assert_int_equal(resolver_find(resolver, "google.protobuf.any")->status, RESOLVE_STUBS_NOT_INSTALLED);
	assert_int_equal(resolver_find(resolver, "google")->status, RESOLVE_NOT_FOUND);
}

static void a_simple_question_settles_later_ones(void **state)
{
	(void)state;
	put("top/__init__.py", "");
	put("top/m.py", "");
	config.cwd = at("top");
	start();
	assert_int_equal(resolver_find(resolver, "top")->status, RESOLVE_WRONG_DIRECTORY);
	assert_int_equal(resolver_find_simple(resolver, "top.m")->status, RESOLVE_NOT_FOUND);
	assert_int_equal(resolver_find(resolver, "top.m")->status, RESOLVE_NOT_FOUND);
}

static bool follow_all(void *ctx, const char *module)
{
	++*(int *)ctx;
	return strcmp(module, "plain") == 0;
}

static void following_untyped_imports_is_asked_for_the_module_itself(void **state)
{
	(void)state;
	int asked = 0;
	config.follow_untyped_imports = follow_all;
	config.ctx = &asked;
	put("site/plain.py", "");
	put("site/other.py", "");
	start();
	assert_found("plain", "site/plain.py", ROOT_PACKAGE);
	assert_int_equal(resolver_find(resolver, "other")->status, RESOLVE_UNTYPED);
	assert_int_equal(asked, 2);
}

static void missing_directories_are_part_of_what_answers_stand_on(void **state)
{
	(void)state;
	put("site/real/x.py", "");
	start();
	resolver_find(resolver, "real.x");
	const char **directories = resolver_directories(resolver, &arena);
	assert_true(holds(directories, "src"));      /* not there */
	assert_true(holds(directories, "fallback")); /* not there */
	assert_true(holds(directories, "site/real"));
	for (size_t i = 1; directories[i]; i++)
		assert_true(strcmp(directories[i - 1], directories[i]) < 0);
}

static void the_target_of_a_link_is_part_of_it(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	put("elsewhere/real.py", "");
	put("src/b.py", "");
	assert_ok(fs_symlink("../elsewhere/step", at("src/a.py"), &err));
	assert_ok(fs_symlink("real.py", at("elsewhere/step"), &err));
	start();
	assert_found("a", "src/a.py", ROOT_FIRST_PARTY);
	assert_true(holds(resolver_directories(resolver, &arena), "src/../elsewhere"));
}

static void content_that_was_read_is_named(void **state)
{
	(void)state;
	put("site/p/__init__.py", "");
	put("site/p/more.py", "");
	put("site/p-stubs/__init__.pyi", "");
	put("site/p-stubs/py.typed", " partial\n");
	start();
	assert_found("p", "site/p-stubs/__init__.pyi", ROOT_PACKAGE);
	assert_found("p.more", "site/p/more.py", ROOT_PACKAGE);
	const char **files = resolver_files(resolver, &arena);
	assert_true(holds(files, "site/p-stubs/py.typed"));
	assert_true(holds(files, "ts/stdlib/VERSIONS"));
	assert_null(files[2]);
}

static void files_given_by_name_are_classified_by_place(void **state)
{
	(void)state;
	put("src/n/m.py", "");
	start();
	struct resolution found;
	resolver_classify(resolver, at("site/x/__init__.pyi"), &found);
	assert_true(found.root == ROOT_PACKAGE && found.is_package && found.is_stub);
	resolver_classify(resolver, at("src/n"), &found);
	assert_true(found.root == ROOT_FIRST_PARTY && found.is_namespace);
	resolver_classify(resolver, at("src/n/m.py"), &found);
	assert_true(found.root == ROOT_FIRST_PARTY && !found.is_namespace && !found.is_package);
	resolver_classify(resolver, at("fallback/x.pyi"), &found);
	assert_int_equal(found.root, ROOT_PACKAGE); /* as silent as one, and its place is not typeshed */
}

static void canonical_paths_are_a_function_of_id_and_kind(void **state)
{
	(void)state;
	struct resolution stub = { .path = "/any/where.pyi", .is_stub = true };
	struct resolution package = { .path = "/any/__init__.py", .root = ROOT_PACKAGE, .is_package = true };
	struct resolution namespace = { .path = "/any/a", .is_namespace = true, .is_package = true };
	struct resolution shed = { .path = "/ts/stubs/mypy-extensions/mypy_extensions.pyi", .root = ROOT_TYPESHED };
	assert_string_equal(canonical_path(&arena, "a.b", &stub, "/ts"), "/proc/self/cwd/s/a/b.pyi");
	assert_string_equal(canonical_path(&arena, "a.b", &package, "/ts"),
	                    "/proc/self/cwd/p/lib/python3/site-packages/a/b/__init__.py");
	assert_string_equal(canonical_path(&arena, "a.b", &namespace, "/ts"), "/proc/self/cwd/s/a/b");
	assert_string_equal(canonical_path(&arena, "mypy_extensions", &shed, "/ts"),
	                    "/proc/self/cwd/ts/stubs/mypy-extensions/mypy_extensions.pyi");
}

static void malformed_names_are_not_found(void **state)
{
	(void)state;
	start();
	char *longest = arena_alloc(&arena, 1002);
	memset(longest, 'x', 1001);
	const char *names[] = { "", ".", "a.", ".a", "a..b", "a/b", "../ts", longest };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(resolver_find(resolver, names[i])->status, RESOLVE_NOT_FOUND);
}

static void without_versions_there_is_no_resolver(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	config.typeshed = at("nothing");
	assert_fails(resolver_new(&config, &resolver, &err), ERR_IO, "nothing/stdlib/VERSIONS");
}

static void versions_that_do_not_parse_are_named_with_their_line(void **state)
{
	(void)state;
	static const char *const bad[] = { "os 3.0-", ": 3.0-", "os: 3-", "os: 3.0-4", "os: 3.x-", "os:", "os: 3.99999-" };
	struct stdlib_versions versions = STDLIB_VERSIONS_INIT;
	struct err err = ERR_INIT;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *text = arena_printf(&arena, "a: 3.0-\n%s\n", bad[i]);
		assert_fails(stdlib_versions_parse(span_of(text), "VERSIONS", &arena, &versions, &err), ERR_CHECKER,
		             "line 2 of VERSIONS");
	}
}

static void a_range_without_a_dash_has_no_end(void **state)
{
	(void)state;
	struct stdlib_versions versions = STDLIB_VERSIONS_INIT;
	struct err err = ERR_INIT;
	assert_ok(stdlib_versions_parse(span_of("a: 3.11\r\nb:3.0 - 3.11"), "VERSIONS", &arena, &versions, &err));
	assert_false(stdlib_versions_allow(&versions, (struct python_version){ 3, 10 }, "a.x"));
	assert_true(stdlib_versions_allow(&versions, (struct python_version){ 4, 0 }, "a.x"));
	assert_true(stdlib_versions_allow(&versions, (struct python_version){ 3, 11 }, "b"));
	assert_false(stdlib_versions_allow(&versions, (struct python_version){ 3, 12 }, "b"));
	assert_true(stdlib_versions_allow(&versions, (struct python_version){ 3, 12 }, "unknown"));
	stdlib_versions_release(&versions);
}

#define IN_A_TREE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_TREE(the_kind_of_file_is_told),
		IN_A_TREE(versions_gate_typeshed),
		IN_A_TREE(a_target_older_than_typeshed_supports_counts_as_the_oldest),
		IN_A_TREE(a_typed_part_turns_an_untyped_package_into_a_namespace),
		IN_A_TREE(missing_stubs_are_told_by_package_and_namespace),
		IN_A_TREE(a_simple_question_settles_later_ones),
		IN_A_TREE(following_untyped_imports_is_asked_for_the_module_itself),
		IN_A_TREE(missing_directories_are_part_of_what_answers_stand_on),
		IN_A_TREE(the_target_of_a_link_is_part_of_it),
		IN_A_TREE(content_that_was_read_is_named),
		IN_A_TREE(files_given_by_name_are_classified_by_place),
		IN_A_TREE(canonical_paths_are_a_function_of_id_and_kind),
		IN_A_TREE(malformed_names_are_not_found),
		IN_A_TREE(without_versions_there_is_no_resolver),
		IN_A_TREE(versions_that_do_not_parse_are_named_with_their_line),
		IN_A_TREE(a_range_without_a_dash_has_no_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
