/* remote/action_tree.h: an action's digests are a function of the action, the same that Google's library gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "remote/action_tree.h"
#include "wire.h"

static struct remote_blob blob_of(const char *text)
{
	return remote_blob_of(span_of(text));
}

static void assert_is(const struct remote_blob *blob, const char *hex, uint64_t size)
{
	char got[DIGEST_HEX_SIZE + 1];
	digest_hex(&blob->digest, got);
	assert_string_equal(got, hex);
	assert_int_equal(blob->size, size);
}

/* Names that bytes and directories put into different orders, and an empty directory. */
static struct tree_file *sample(struct arena *a)
{
	const struct tree_file files[] = {
		{ "z", blob_of("last"), false },     { "a/b/c.py", blob_of("#!"), true }, { "a/d", blob_of(""), false },
		{ "a-b/x", blob_of("x"), false },    { "a/", blob_of(""), false },	  { "a/empty/", blob_of(""), false },
		{ "a/b/d.py", blob_of("x"), false },
	};
	return memcpy(ARENA_ARRAY(a, struct tree_file, 7), files, sizeof files);
}

/* The numbers are those of google.protobuf for the same messages: tests/remote/test_action_oracle.py asks it. */
static void a_tree_has_the_digests_that_googles_library_gives(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	struct remote_tree tree;
	remote_tree_make(sample(&a), 7, &a, &tree);
	assert_is(&tree.root, "93975a559420894395e1426c746734f08faeb4a08b4d2881d04e1252b7bc6465", 228);
	assert_int_equal(tree.need_count, 5); /* the root, a, a/b, a/empty, a-b */
	arena_release(&a);
}

static void a_tree_is_the_same_whatever_order_its_files_come_in(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	struct remote_tree one, other;
	struct tree_file *files = sample(&a), *turned = ARENA_ARRAY(&a, struct tree_file, 7);
	for (uint32_t i = 0; i < 7; i++)
		turned[i] = files[6 - i];
	remote_tree_make(files, 7, &a, &one);
	remote_tree_make(turned, 7, &a, &other);
	assert_true(remote_blob_eq(&one.root, &other.root));
	arena_release(&a);
}

static void equal_directories_are_one_blob(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	struct tree_file files[] = { { "p/m.py", blob_of("x"), false }, { "q/m.py", blob_of("x"), false } };
	struct remote_tree tree;
	remote_tree_make(files, 2, &a, &tree);
	assert_int_equal(tree.need_count, 2);
	arena_release(&a);
}

static void an_empty_tree_is_the_empty_directory(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	struct remote_tree tree;
	remote_tree_make(NULL, 0, &a, &tree);
	assert_is(&tree.root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0);
	arena_release(&a);
}

/* ---- actions ---- */

static void make_action(struct arena *a, const char *real, const char *text, struct action *ret)
{
	const char *argv[] = { "python", "-m", "checker", NULL }, *env[] = { "B=2", "A=1", NULL };
	const char *outputs[] = { "out.b", "out.a", NULL };
	struct action_input inputs[] = {
		{ .path = "src/m.py", .kind = INPUT_FILE, .digest = blob_of("source").digest, .size = 6, .real = real },
		{ .path = "python", .kind = INPUT_PLATFORM, .real = real, .bytes = span_of("python 3.11.7") },
		{ .path = "m.ini", .kind = INPUT_INLINE, .bytes = span_of(text) },
		{ .path = "dep", .kind = INPUT_BLOB, .digest = blob_of("data").digest, .size = 4 },
		{ .path = "none", .kind = INPUT_DIRECTORY },
	};
	*ret = (struct action){ .argv = ARENA_ARRAY(a, const char *, 4), .env = ARENA_ARRAY(a, const char *, 3),
				.outputs = ARENA_ARRAY(a, const char *, 3), .input_count = 5 };
	memcpy(ret->argv, argv, sizeof argv);
	memcpy(ret->env, env, sizeof env);
	memcpy(ret->outputs, outputs, sizeof outputs);
	ret->inputs = memcpy(ARENA_ARRAY(a, struct action_input, 5), inputs, sizeof inputs);
	action_finish(ret);
}

static struct remote_shape shape(void)
{
	return (struct remote_shape){ .python = "python3.11", .timeout_ns = 600 * INT64_C(1000000000),
				      .wrapper = blob_of("wrapper"), .has_checker = true, .checker = blob_of("checker") };
}

static void remote_of(struct arena *a, const char *real, const char *text, const struct remote_shape *s,
		      struct remote_action *ret)
{
	struct action action;
	make_action(a, real, text, &action);
	remote_action_make(&action, s, a, ret);
}

static void an_action_has_the_digest_that_googles_library_gives(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	struct remote_shape s = shape();
	struct remote_action r;
	remote_of(&a, "/here/m.py", "[m]\n", &s, &r);
	assert_is(&r.action, "c9c1b560f5ee55a60d5b8b16b7fdc325c17075ace5607c9626738190be8850fd", 146);
	arena_release(&a);
}

static void where_things_lie_here_does_not_matter_and_what_they_say_does(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	struct remote_shape s = shape();
	struct remote_action here, there, other;
	remote_of(&a, "/here/m.py", "[m]\n", &s, &here);
	remote_of(&a, "/elsewhere/m.py", "[m]\n", &s, &there);
	remote_of(&a, "/here/m.py", "[n]\n", &s, &other);
	assert_true(remote_blob_eq(&here.action, &there.action));
	assert_false(remote_blob_eq(&here.action, &other.action));
	s.python = "/usr/bin/python3.11";
	remote_of(&a, "/here/m.py", "[m]\n", &s, &there);
	assert_false(remote_blob_eq(&here.action, &there.action));
	arena_release(&a);
}

static const struct remote_need *need_of(const struct remote_action *r, const char *text)
{
	struct remote_blob blob = blob_of(text);
	for (uint32_t i = 0; i < r->need_count; i++)
		if (remote_blob_eq(&r->needs[i].blob, &blob))
			return &r->needs[i];
	return NULL;
}

static void needs_say_where_their_bytes_are(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	struct remote_shape s = shape();
	struct remote_action r;
	remote_of(&a, "/here/m.py", "[m]\n", &s, &r);
	assert_true(span_eq_str(need_of(&r, "[m]\n")->bytes, "[m]\n"));
	assert_null(need_of(&r, "source")->bytes.data);
	assert_string_equal(need_of(&r, "source")->input->real, "/here/m.py");
	assert_int_equal(need_of(&r, "data")->input->kind, INPUT_BLOB);
	assert_null(need_of(&r, "wrapper"));
	for (uint32_t i = 0; i < r.need_count; i++)
		if (r.needs[i].bytes.data)
			assert_true(remote_blob_is(&r.needs[i].blob, r.needs[i].bytes));
	arena_release(&a);
}

static void the_heaviest_goes_first(void **state)
{
	(void)state;
	static const uint64_t weights[] = { 0, 1, 2, 3, 1000, 1100, 1000000, 3600000000, UINT64_C(1) << 39, UINT64_MAX };
	assert_int_equal(remote_priority(0), REMOTE_PRIORITY_LAST);
	assert_int_equal(remote_priority(UINT64_MAX), 0);
	for (size_t i = 2; i < sizeof weights / sizeof *weights; i++)
		assert_true(remote_priority(weights[i]) < remote_priority(weights[i - 1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_has_the_digests_that_googles_library_gives),
		cmocka_unit_test(a_tree_is_the_same_whatever_order_its_files_come_in),
		cmocka_unit_test(equal_directories_are_one_blob),
		cmocka_unit_test(an_empty_tree_is_the_empty_directory),
		cmocka_unit_test(an_action_has_the_digest_that_googles_library_gives),
		cmocka_unit_test(where_things_lie_here_does_not_matter_and_what_they_say_does),
		cmocka_unit_test(needs_say_where_their_bytes_are),
		cmocka_unit_test(the_heaviest_goes_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
