/* base/list.h: order, and that an item is in one list only. */
#include "../../lib/check.h"

#include "base/list.h"

struct thing {
	struct list_item item;
	int number;
};

/* The numbers of the list, forwards, checked backwards. */
static void expect(const struct list *list, const char *numbers)
{
	char forwards[16] = "", backwards[16] = "";
	size_t n = 0;
	for (const struct list_item *at = list->first; at; at = at->after) {
		assert_ptr_equal(at->list, list);
		forwards[n++] = (char)('0' + ((const struct thing *)at)->number);
	}
	assert_int_equal(n, list->count);
	for (const struct list_item *at = list->last; at; at = at->before)
		backwards[--n] = (char)('0' + ((const struct thing *)at)->number);
	assert_int_equal(n, 0);
	assert_string_equal(forwards, numbers);
	assert_string_equal(backwards, numbers);
}

static void items_go_to_both_ends_and_come_out_anywhere(void **state)
{
	struct list list = { 0 };
	struct thing things[5] = { { .number = 0 }, { .number = 1 }, { .number = 2 }, { .number = 3 }, { .number = 4 } };
	(void)state;
	expect(&list, "");
	list_append(&list, &things[1].item);
	list_append(&list, &things[2].item);
	list_prepend(&list, &things[0].item);
	list_append(&list, &things[3].item);
	expect(&list, "0123");
	list_remove(&things[1].item);
	expect(&list, "023");
	list_remove(&things[0].item);
	list_remove(&things[3].item);
	expect(&list, "2");
	list_remove(&things[2].item);
	list_remove(&things[2].item);
	expect(&list, "");
}

static void an_item_that_goes_into_a_list_leaves_the_one_that_it_was_in(void **state)
{
	struct list one = { 0 }, other = { 0 };
	struct thing things[3] = { { .number = 0 }, { .number = 1 }, { .number = 2 } };
	(void)state;
	for (int i = 0; i < 3; i++)
		list_append(&one, &things[i].item);
	list_prepend(&other, &things[1].item);
	list_append(&other, &things[0].item);
	expect(&one, "2");
	expect(&other, "10");
	list_append(&other, &things[1].item);
	expect(&other, "01");
	list_prepend(&other, &things[1].item);
	expect(&other, "10");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_go_to_both_ends_and_come_out_anywhere),
		cmocka_unit_test(an_item_that_goes_into_a_list_leaves_the_one_that_it_was_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
