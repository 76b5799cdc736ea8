/* model/bodies.h: records round-trip, altered ones are refused, and old entries make room. */
#include "../../lib/check.h"

#include "model/bodies.h"
#include "model/record.h"

static struct used table[] = { { "a", { { 1 } } }, { "b", { { 2 } } }, { "c", { { 3 } } } };
static uint32_t first_used[] = { 0, 2 }, second_used[] = { 1 };
static struct bodies_member members[] = {
	{ { { 20 } }, { { 30 } }, first_used, 2 },
	{ { { 21 } }, { { 31 } }, second_used, 1 },
};
static struct bodies_entry entries[] = { { { { 40 } }, { { 10 } }, table, 3, members, 2 },
                                         { { { 41 } }, { { 11 } }, NULL, 0, NULL, 0 } };
static const struct bodies sample = { entries, 2 };

static void bodies_come_back_as_they_were(void **state)
{
	struct buf b = BUF_INIT, again = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct bodies back;
	(void)state;
	bodies_encode(&sample, &b);
	assert_true(bodies_decode(buf_span(&b), &arena, &back));
	assert_int_equal(back.entry_count, 2);
	assert_int_equal(back.entries[1].manifest_key.bytes[0], 41);
	assert_string_equal(back.entries[0].table[2].id, "c");
	assert_int_equal(back.entries[0].members[1].said.bytes[0], 31);
	assert_int_equal(back.entries[0].members[0].used[1], 2);
	bodies_encode(&back, &again);
	assert_true(span_eq(buf_span(&b), buf_span(&again)));
	buf_release(&b);
	buf_release(&again);
	arena_release(&arena);
}

static void cut_or_altered_bodies_are_refused(void **state)
{
	struct buf b = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct bodies back;
	(void)state;
	bodies_encode(&sample, &b);
	for (size_t n = 0; n < b.len; n++)
		assert_false(bodies_decode((struct span){ b.data, n }, &arena, &back));
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 1;
		assert_false(bodies_decode(buf_span(&b), &arena, &back));
		b.data[i] ^= 1;
	}
	buf_release(&b);
	arena_release(&arena);
}

/* The sample with the used places of its first member replaced; encoders do not check these. */
static bool decodes_with_places(uint32_t x, uint32_t y)
{
	uint32_t used[] = { x, y };
	struct bodies_member altered[] = { { { { 20 } }, { { 30 } }, used, 2 } };
	struct bodies_entry entry = { { { 40 } }, { { 10 } }, table, 3, altered, 1 };
	struct bodies one = { &entry, 1 }, back;
	struct buf b = BUF_INIT;
	struct arena arena = ARENA_INIT;
	bodies_encode(&one, &b);
	bool ok = bodies_decode(buf_span(&b), &arena, &back);
	buf_release(&b);
	arena_release(&arena);
	return ok;
}

static void places_are_in_the_table_and_ascend(void **state)
{
	(void)state;
	assert_true(decodes_with_places(0, 2));
	assert_false(decodes_with_places(0, 3));
	assert_false(decodes_with_places(2, 0));
	assert_false(decodes_with_places(1, 1));
}

static void a_new_entry_replaces_the_same_case_and_the_oldest(void **state)
{
	struct arena arena = ARENA_INIT;
	struct bodies all = { NULL, 0 };
	(void)state;
	for (unsigned char n = 0; n < 6; n++) {
		struct bodies_member *m = ARENA_NEW(&arena, struct bodies_member);
		m->key.bytes[0] = n;
		struct bodies_entry e = { { { 40 } }, { { n } }, NULL, 0, m, 1 };
		bodies_add(&all, &e, &arena, &all);
	}
	assert_int_equal(all.entry_count, BODIES_ENTRIES);
	assert_int_equal(all.entries[0].result.bytes[0], 5);
	struct bodies_entry same = all.entries[2];
	same.result.bytes[0] = 99;
	bodies_add(&all, &same, &arena, &all);
	assert_int_equal(all.entry_count, BODIES_ENTRIES);
	assert_int_equal(all.entries[0].result.bytes[0], 99);
	assert_int_equal(all.entries[3].result.bytes[0], 2);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_come_back_as_they_were),
		cmocka_unit_test(cut_or_altered_bodies_are_refused),
		cmocka_unit_test(places_are_in_the_table_and_ascend),
		cmocka_unit_test(a_new_entry_replaces_the_same_case_and_the_oldest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
