#include "../../lib/check.h"

#include "remote/pack.h"

static void what_is_packed_comes_back(void **state)
{
	static const char *const texts[] = { "", "x", "the same the same the same the same the same" };
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct buf packed = BUF_INIT, out = BUF_INIT;
		assert_true(pack_record(span_of(texts[i]), &packed));
		assert_true(unpack_record(buf_span(&packed), &out));
		assert_true(span_eq(buf_span(&out), span_of(texts[i])));
		buf_release(&packed);
		buf_release(&out);
	}
}

static void what_is_too_large_is_not_packed(void **state)
{
	struct buf packed = BUF_INIT;
	(void)state;
	assert_false(pack_record((struct span){ "", PACK_LIMIT + 1 }, &packed));
	assert_int_equal(packed.len, 0);
}

static void other_bytes_are_refused(void **state)
{
	struct buf packed = BUF_INIT, out = BUF_INIT;
	(void)state;
	assert_true(pack_record(span_of("some text, and some text"), &packed));
	for (size_t n = 0; n < packed.len; n++)
		assert_false(unpack_record((struct span){ packed.data, n }, &out));
	for (size_t i = 0; i < 12; i++) { /* the magic and the size */
		packed.data[i] ^= 1;
		assert_false(unpack_record(buf_span(&packed), &out));
		packed.data[i] ^= 1;
	}
	buf_reset(&out);
	assert_true(unpack_record(buf_span(&packed), &out));
	packed.data[8 + 3] = 1; /* sixteen million bytes more than there may be */
	assert_false(unpack_record(buf_span(&packed), &out));
	buf_release(&packed);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_packed_comes_back),
		cmocka_unit_test(what_is_too_large_is_not_packed),
		cmocka_unit_test(other_bytes_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
