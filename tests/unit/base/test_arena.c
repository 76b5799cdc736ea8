/* base/arena.h: memory is zeroed, aligned, of any size, and all of it goes at once. */
#include "../../lib/check.h"

#include "base/arena.h"

static void memory_is_zeroed_and_aligned(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	for (size_t size = 1; size < 200; size++) {
		unsigned char *p = arena_alloc(&a, size);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
	arena_release(&a);
}

static void pieces_larger_than_a_block_are_served(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	char *small = arena_strdup(&a, "small");
	char *large = arena_alloc(&a, 3 * 1024 * 1024);
	memset(large, 'x', 3 * 1024 * 1024);
	char *after = arena_strdup(&a, "after");
	assert_string_equal(small, "small");
	assert_string_equal(after, "after");
	arena_release(&a);
}

static void strings_are_copied_and_formatted(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	char text[] = "abcdef";
	char *copy = arena_strndup(&a, text, 3);
	struct span s = arena_span(&a, (struct span){ text, 2 });
	text[0] = 'z';
	assert_string_equal(copy, "abc");
	assert_true(span_eq_str(s, "ab"));
	assert_string_equal(arena_printf(&a, "%s/%d", "m", 42), "m/42");
	assert_string_equal(arena_strndup(&a, NULL, 0), "");
	arena_release(&a);
}

static void a_released_arena_can_be_used_again(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	arena_alloc(&a, 100);
	arena_release(&a);
	assert_int_equal(a.total, 0);
	assert_string_equal(arena_strdup(&a, "again"), "again");
	arena_release(&a);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned),
		cmocka_unit_test(pieces_larger_than_a_block_are_served),
		cmocka_unit_test(strings_are_copied_and_formatted),
		cmocka_unit_test(a_released_arena_can_be_used_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
