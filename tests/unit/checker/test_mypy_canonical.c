/* checker/mypy_canonical.h: which differences of artifacts are harmless. */
#include "../../lib/check.h"

#include "checker/mypy_canonical.h"
#include "checker/mypy_meta.h"

static const struct mypy_format FORMAT = { 0, 11 };
static const unsigned char ONE[SHA1_SIZE] = { 1 }, TWO[SHA1_SIZE] = { 2 };
static const char NO_PLUGIN_DATA[] = { 2 }; /* mypy's tag of None */

static struct buf meta_of(const unsigned char *hash_of_dependency, const unsigned char *interface_hash)
{
	struct mypy_dep_hash dep = { "a", hash_of_dependency };
	struct buf out = BUF_INIT;

	mypy_meta_write(FORMAT, "2.4.1", "m", "/proc/self/cwd/s/m.py", "linux", ONE, &dep, 1, interface_hash,
	                (struct span){ NO_PLUGIN_DATA, sizeof NO_PLUGIN_DATA }, false, &out);
	return out;
}

static void the_hash_of_a_dependency_in_a_meta_file_is_harmless(void **state)
{
	struct buf a = meta_of(ONE, ONE), b = meta_of(TWO, ONE);

	(void)state;
	assert_false(span_eq(buf_span(&a), buf_span(&b)));
	assert_true(mypy_same_canonical_form("m.meta.ff", buf_span(&a), buf_span(&b)));
	buf_release(&a);
	buf_release(&b);
}

static void another_interface_is_not_harmless(void **state)
{
	struct buf a = meta_of(ONE, ONE), b = meta_of(ONE, TWO);

	(void)state;
	assert_false(mypy_same_canonical_form("m.meta.ff", buf_span(&a), buf_span(&b)));
	buf_release(&a);
	buf_release(&b);
}

static void only_meta_files_have_a_canonical_form(void **state)
{
	struct buf a = meta_of(ONE, ONE), b = meta_of(TWO, ONE);

	(void)state;
	assert_false(mypy_same_canonical_form("m.data.ff", buf_span(&a), buf_span(&b)));
	assert_true(mypy_same_canonical_form("m.data.ff", buf_span(&a), buf_span(&a)));
	buf_release(&a);
	buf_release(&b);
}

static void bytes_that_are_no_meta_file_are_not_the_same(void **state)
{
	(void)state;
	assert_false(mypy_same_canonical_form("m.meta.ff", span_of("one"), span_of("two")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hash_of_a_dependency_in_a_meta_file_is_harmless),
		cmocka_unit_test(another_interface_is_not_harmless),
		cmocka_unit_test(only_meta_files_have_a_canonical_form),
		cmocka_unit_test(bytes_that_are_no_meta_file_are_not_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
