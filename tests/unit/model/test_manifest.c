/* model/manifest.h: records round-trip, the newest entry comes first, and old ones make room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/manifest.h"
#include "model/record.h"

static struct used first_used[] = { { "a", { { 1 } } }, { "b", { { 2 } } } };
static struct used second_used[] = { { "b", { { 3 } } }, { "c", { { 4 } } } };
static struct manifest_entry entries[] = {
	{ { { 10 } }, first_used, 2 },
	{ { { 11 } }, second_used, 2 },
	{ { { 12 } }, NULL, 0 },
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
	assert_int_equal(back.entries[1].used[1].interface.bytes[0], 4);
	assert_int_equal(back.entries[2].result.bytes[0], 12);
	manifest_encode(&back, &again);
	assert_true(span_eq(buf_span(&b), buf_span(&again)));
	buf_release(&b);
	buf_release(&again);
	arena_release(&arena);
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

/* One manifest made by hand: `indexes` are the used ids of its only entry, out of the table "a" "b". */
static bool decodes(uint32_t a, uint32_t b, const char *second_id)
{
	struct buf out = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct manifest back;
	struct digest d = { { 0 } };
	size_t start = record_begin(&out, "SEPM", 1);
	buf_put_u32(&out, 2);
	buf_put_str(&out, "a");
	buf_put_str(&out, second_id);
	buf_put_u32(&out, 1);
	buf_add(&out, d.bytes, DIGEST_SIZE);
	buf_put_u32(&out, 2);
	buf_put_u32(&out, a);
	buf_add(&out, d.bytes, DIGEST_SIZE);
	buf_put_u32(&out, b);
	buf_add(&out, d.bytes, DIGEST_SIZE);
	record_seal(&out, start);
	bool ok = manifest_decode(buf_span(&out), &arena, &back);
	buf_release(&out);
	arena_release(&arena);
	return ok;
}

static void only_the_form_that_is_written_is_read(void **state)
{
	(void)state;
	assert_true(decodes(0, 1, "b"));
	assert_false(decodes(1, 0, "b"));          /* unsorted */
	assert_false(decodes(0, 0, "b"));          /* twice, and "b" not used */
	assert_false(decodes(0, 2, "b"));          /* no such id */
	assert_false(decodes(0, UINT32_MAX, "b")); /* and none after it either */
	assert_false(decodes(UINT32_MAX, 0, "b"));
	assert_false(decodes(0, 1, "a"));          /* an id twice */
}

static void the_newest_entry_comes_first_and_replaces_its_like(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	struct manifest m;
	struct manifest_entry again = { { { 99 } }, second_used, 2 };
	manifest_add(&sample, &again, &arena, &m);
	assert_int_equal(m.entry_count, 3);
	assert_int_equal(m.entries[0].result.bytes[0], 99);
	assert_int_equal(m.entries[1].result.bytes[0], 10);
	assert_int_equal(m.entries[2].result.bytes[0], 12);
	assert_ptr_not_equal(m.entries[0].used, second_used);
	arena_release(&arena);
}

static void old_entries_make_room(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	struct manifest m = { NULL, 0 };
	for (unsigned i = 0; i < MANIFEST_ENTRIES + 5; i++) {
		struct used used = { "m", { { (unsigned char)i } } };
		struct manifest_entry e = { { { (unsigned char)i } }, &used, 1 };
		manifest_add(&m, &e, &arena, &m);
	}
	assert_int_equal(m.entry_count, MANIFEST_ENTRIES);
	assert_int_equal(m.entries[0].result.bytes[0], MANIFEST_ENTRIES + 4);
	assert_int_equal(m.entries[MANIFEST_ENTRIES - 1].result.bytes[0], 5);
	struct buf b = BUF_INIT;
	struct manifest back;
	manifest_encode(&m, &b);
	assert_true(manifest_decode(buf_span(&b), &arena, &back));
	buf_release(&b);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manifest_comes_back_as_it_was),
		cmocka_unit_test(a_cut_or_altered_manifest_is_refused),
		cmocka_unit_test(only_the_form_that_is_written_is_read),
		cmocka_unit_test(the_newest_entry_comes_first_and_replaces_its_like),
		cmocka_unit_test(old_entries_make_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
