/* base/map.h: byte strings to numbers, iterated in the order of insertion. */
#include "../../lib/check.h"

#include "base/arena.h"
#include "base/map.h"

static void an_empty_map_has_nothing(void **state)
{
	(void)state;
	struct map m = MAP_INIT;
	assert_null(map_get_str(&m, "x"));
	map_release(&m);
}

static void putting_twice_keeps_the_first_value(void **state)
{
	(void)state;
	struct map m = MAP_INIT;
	bool is_new = false;
	assert_int_equal(*map_put_str(&m, "a", 1, &is_new), 1);
	assert_true(is_new);
	assert_int_equal(*map_put_str(&m, "a", 2, &is_new), 1);
	assert_false(is_new);
	*map_put_str(&m, "a", 0, NULL) = 5;
	assert_int_equal(*map_get_str(&m, "a"), 5);
	assert_int_equal(m.count, 1);
	map_release(&m);
}

static void keys_may_hold_any_byte(void **state)
{
	(void)state;
	struct map m = MAP_INIT;
	map_put(&m, (struct span){ "a\0b", 3 }, 1, NULL);
	map_put(&m, (struct span){ "a\0c", 3 }, 2, NULL);
	map_put_str(&m, "", 3, NULL);
	assert_int_equal(*map_get(&m, (struct span){ "a\0b", 3 }), 1);
	assert_int_equal(*map_get(&m, (struct span){ "a\0c", 3 }), 2);
	assert_int_equal(*map_get_str(&m, ""), 3);
	assert_null(map_get_str(&m, "a"));
	map_release(&m);
}

static void ten_thousand_keys_stay_in_order(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	struct map m = MAP_INIT;
	for (uint32_t i = 0; i < 10000; i++)
		map_put_str(&m, arena_printf(&a, "key%u", i * 7919 % 10007), i, NULL);
	assert_int_equal(m.count, 10000);
	for (uint32_t i = 0; i < 10000; i++) {
		assert_int_equal(m.entries[i].value, i);
		assert_int_equal(*map_get(&m, m.entries[i].key), i);
	}
	map_release(&m);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_has_nothing),
		cmocka_unit_test(putting_twice_keeps_the_first_value),
		cmocka_unit_test(keys_may_hold_any_byte),
		cmocka_unit_test(ten_thousand_keys_stay_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
