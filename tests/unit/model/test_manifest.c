/* model/manifest.h: records round-trip, the newest entry comes first, and old ones make room. */
#include "../../lib/check.h"

#include "model/manifest.h"
#include "model/record.h"

static struct used first_used[] = { { "a", { { 1 } } }, { "b", { { 2 } } } };
static struct used second_used[] = { { "b", { { 3 } } }, { "c", { { 4 } } } };
static struct manifest_entry entries[] = {
	{ { { 10 } }, { "clean", 5 }, first_used, 2 },
	{ { { 11 } }, { "wrong", 5 }, second_used, 2 },
	{ { { 12 } }, { "clean", 5 }, NULL, 0 },
};
static const struct manifest sample = { entries, 3 };

static void a_manifest_comes_back_as_it_was(void **state)
{
	(void)state;
	struct buf b = BUF_INIT, again = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct manifest back;
	manifest_encode(&sample, &b);
	assert_true(manifest_decode(buf_span(&b), &arena, &back));
	assert_int_equal(back.entry_count, 3);
	assert_string_equal(back.entries[1].used[0].id, "b");
	assert_int_equal(back.entries[1].used[0].interface.bytes[0], 3);
	assert_int_equal(back.entries[1].used[1].interface.bytes[0], 4);
	assert_int_equal(back.entries[2].closure.bytes[0], 12);
	assert_true(span_eq_str(back.entries[1].result, "wrong"));
	assert_true(span_eq_str(back.entries[2].result, "clean"));
	manifest_encode(&back, &again);
	assert_true(span_eq(buf_span(&b), buf_span(&again)));
	buf_release(&b);
	buf_release(&again);
	arena_release(&arena);
}

static void what_entries_share_is_there_once(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	manifest_encode(&sample, &b);
	unsigned clean = 0;
	for (size_t i = 0; i + 5 <= b.len; i++)
		clean += memcmp(b.data + i, "clean", 5) == 0;
	assert_int_equal(clean, 1);
	buf_release(&b);
}

static void a_cut_or_altered_manifest_is_refused(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct manifest back;
	manifest_encode(&sample, &b);
	for (size_t n = 0; n < b.len; n++)
		assert_false(manifest_decode((struct span){ b.data, n }, &arena, &back));
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 1;
		assert_false(manifest_decode(buf_span(&b), &arena, &back));
		b.data[i] ^= 1;
	}
	buf_release(&b);
	arena_release(&arena);
}

/* One manifest made by hand: "a" with one interface and another id with two, two results, two entries. */
struct by_hand {
	const char *second_id;
	unsigned char second_digest, third_digest; /* of the other id */
	const char *second_result;
	uint32_t results[2]; /* of the entries */
	uint32_t used[2];    /* of the first entry; the second uses place 2 */
};

static bool decodes(struct by_hand m)
{
	struct buf out = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct manifest back;
	struct digest zero = { { 0 } }, second = { { m.second_digest } }, third = { { m.third_digest } };
	size_t start = record_begin(&out, "SEPM", 2);
	buf_put_u32(&out, 2);
	buf_put_str(&out, "a");
	buf_put_u32(&out, 1);
	buf_add(&out, zero.bytes, DIGEST_SIZE);
	buf_put_str(&out, m.second_id);
	buf_put_u32(&out, 2);
	buf_add(&out, second.bytes, DIGEST_SIZE);
	buf_add(&out, third.bytes, DIGEST_SIZE);
	buf_put_u32(&out, 2);
	buf_put_str(&out, "one");
	buf_put_str(&out, m.second_result);
	buf_put_u32(&out, 2);
	buf_add(&out, zero.bytes, DIGEST_SIZE);
	buf_put_u32(&out, m.results[0]);
	buf_put_u32(&out, 2);
	buf_put_u32(&out, m.used[0]);
	buf_put_u32(&out, m.used[1]);
	buf_add(&out, second.bytes, DIGEST_SIZE);
	buf_put_u32(&out, m.results[1]);
	buf_put_u32(&out, 1);
	buf_put_u32(&out, 2);
	record_seal(&out, start);
	bool ok = manifest_decode(buf_span(&out), &arena, &back);
	buf_release(&out);
	arena_release(&arena);
	return ok;
}

static void only_the_form_that_is_written_is_read(void **state)
{
	(void)state;
	assert_true(decodes((struct by_hand){ "b", 1, 2, "two", { 0, 1 }, { 0, 1 } }));
	assert_false(decodes((struct by_hand){ "a", 1, 2, "two", { 0, 1 }, { 0, 1 } })); /* an id twice */
	assert_false(decodes((struct by_hand){ "b", 2, 1, "two", { 0, 1 }, { 0, 1 } })); /* digests unsorted */
	assert_false(decodes((struct by_hand){ "b", 1, 1, "two", { 0, 1 }, { 0, 1 } })); /* one twice */
	assert_false(decodes((struct by_hand){ "b", 1, 2, "one", { 0, 1 }, { 0, 1 } })); /* a result twice */
	assert_false(decodes((struct by_hand){ "b", 1, 2, "two", { 1, 0 }, { 0, 1 } })); /* results in another order */
	assert_false(decodes((struct by_hand){ "b", 1, 2, "two", { 0, 0 }, { 0, 1 } })); /* one that nobody names */
	assert_false(decodes((struct by_hand){ "b", 1, 2, "two", { 0, 2 }, { 0, 1 } })); /* no such result */
	assert_false(decodes((struct by_hand){ "b", 1, 2, "two", { 0, 1 }, { 1, 0 } })); /* used list unsorted */
	assert_false(decodes((struct by_hand){ "b", 1, 2, "two", { 0, 1 }, { 1, 2 } })); /* two interfaces of one id */
	assert_false(decodes((struct by_hand){ "b", 1, 2, "two", { 0, 1 }, { 0, 2 } })); /* one that nobody used */
	assert_false(decodes((struct by_hand){ "b", 1, 2, "two", { 0, 1 }, { 0, 3 } })); /* no such interface */
	assert_false(decodes((struct by_hand){ "b", 1, 2, "two", { 0, 1 }, { 0, UINT32_MAX } }));
	assert_false(decodes((struct by_hand){ "b", 1, 2, "two", { 0, UINT32_MAX }, { 0, 1 } }));
}

static void an_entry_is_found_by_its_closure(void **state)
{
	(void)state;
	struct digest there = { { 11 } }, not_there = { { 13 } };
	assert_ptr_equal(manifest_find(&sample, &there), &entries[1]);
	assert_null(manifest_find(&sample, &not_there));
}

static void the_newest_entry_comes_first_and_replaces_its_like(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	struct manifest m;
	struct manifest_entry same_used = { { { 99 } }, { "again", 5 }, second_used, 2 };
	struct manifest_entry same_closure = { { { 12 } }, { "again", 5 }, second_used, 1 };
	manifest_add(&sample, &same_used, &arena, &m);
	assert_int_equal(m.entry_count, 3);
	assert_int_equal(m.entries[0].closure.bytes[0], 99);
	assert_int_equal(m.entries[1].closure.bytes[0], 10);
	assert_int_equal(m.entries[2].closure.bytes[0], 12);
	manifest_add(&sample, &same_closure, &arena, &m);
	assert_int_equal(m.entry_count, 3);
	assert_int_equal(m.entries[0].closure.bytes[0], 12);
	assert_int_equal(m.entries[0].used_count, 1);
	assert_int_equal(m.entries[1].closure.bytes[0], 10);
	assert_int_equal(m.entries[2].closure.bytes[0], 11);
	arena_release(&arena);
}

static void old_entries_make_room(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	struct manifest m = { NULL, 0 };
	for (unsigned i = 0; i < MANIFEST_ENTRIES + 5; i++) {
		struct used *used = ARENA_NEW(&arena, struct used);
		*used = (struct used){ "m", { { (unsigned char)i } } };
		struct manifest_entry e = { { { (unsigned char)i } }, { "result", 6 }, used, 1 };
		manifest_add(&m, &e, &arena, &m);
	}
	assert_int_equal(m.entry_count, MANIFEST_ENTRIES);
	assert_int_equal(m.entries[0].closure.bytes[0], MANIFEST_ENTRIES + 4);
	assert_int_equal(m.entries[MANIFEST_ENTRIES - 1].closure.bytes[0], 5);
	struct buf b = BUF_INIT;
	struct manifest back;
	manifest_encode(&m, &b);
	assert_true(manifest_decode(buf_span(&b), &arena, &back));
	buf_release(&b);
	arena_release(&arena);
}

static void a_manifest_that_would_be_too_long_goes_without_its_oldest_entries(void **state)
{
	(void)state;
	struct buf whole = BUF_INIT, b = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct manifest back;
	manifest_encode(&sample, &whole);
	manifest_encode_within(&sample, whole.len, &b);
	assert_true(span_eq(buf_span(&b), buf_span(&whole)));
	buf_reset(&b);
	manifest_encode_within(&sample, whole.len - 1, &b);
	assert_true(manifest_decode(buf_span(&b), &arena, &back));
	assert_int_equal(back.entry_count, 2);
	assert_int_equal(back.entries[0].closure.bytes[0], 10);
	buf_reset(&b);
	manifest_encode_within(&sample, 0, &b);
	assert_true(manifest_decode(buf_span(&b), &arena, &back));
	assert_int_equal(back.entry_count, 1);
	assert_int_equal(back.entries[0].closure.bytes[0], 10);
	buf_release(&whole);
	buf_release(&b);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manifest_comes_back_as_it_was),
		cmocka_unit_test(what_entries_share_is_there_once),
		cmocka_unit_test(a_cut_or_altered_manifest_is_refused),
		cmocka_unit_test(only_the_form_that_is_written_is_read),
		cmocka_unit_test(an_entry_is_found_by_its_closure),
		cmocka_unit_test(the_newest_entry_comes_first_and_replaces_its_like),
		cmocka_unit_test(old_entries_make_room),
		cmocka_unit_test(a_manifest_that_would_be_too_long_goes_without_its_oldest_entries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
