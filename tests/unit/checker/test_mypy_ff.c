/* checker/mypy_ff.h: mypy's fixed-format encoding. The vectors are what librt.internal writes from Python. */
#include "../../lib/check.h"

#include "checker/mypy_ff.h"

struct vector {
	int64_t value;
	const char *bytes; /* with the tag in front */
	size_t len;
};

static const struct vector vectors[] = {
	{ INT64_MIN, "\x03\x0f\x36\x00\x00\x00\x00\x00\x00\x00\x80", 11 },
	{ INT64_C(-9223372036854775807), "\x03\x0f\x36\xff\xff\xff\xff\xff\xff\xff\x7f", 11 },
	{ INT64_C(-4611686018427387904), "\x03\x0f\x36\x00\x00\x00\x00\x00\x00\x00\x40", 11 },
	{ INT64_C(-72057594037927936), "\x03\x0f\x36\x00\x00\x00\x00\x00\x00\x00\x01", 11 },
	{ INT64_C(-72057594037927935), "\x03\x0f\x32\xff\xff\xff\xff\xff\xff\xff", 10 },
	{ INT64_C(-281474976710656), "\x03\x0f\x32\x00\x00\x00\x00\x00\x00\x01", 10 },
	{ INT64_C(-4294967296), "\x03\x0f\x2a\x00\x00\x00\x00\x01", 8 },
	{ INT64_C(-4294967295), "\x03\x0f\x26\xff\xff\xff\xff", 7 },
	{ INT64_C(-2147483648), "\x03\x0f\x26\x00\x00\x00\x80", 7 },
	{ -65537, "\x03\x0f\x22\x01\x00\x01", 6 },
	{ -65536, "\x03\x0f\x22\x00\x00\x01", 6 },
	{ -65535, "\x03\x0f\x1e\xff\xff", 5 },
	{ -10001, "\x03\x0f\x1e\x11\x27", 5 },
	{ -10000, "\x03\x03\x00\x00\x00", 5 },
	{ -9999, "\x03\x0b\x00\x00\x00", 5 },
	{ -101, "\x03\x5b\x35\x01\x00", 5 },
	{ -100, "\x03\x01\x00", 3 },
	{ -99, "\x03\x05\x00", 3 },
	{ -11, "\x03\x65\x01", 3 },
	{ -10, "\x03\x00", 2 },
	{ -9, "\x03\x02", 2 },
	{ -1, "\x03\x12", 2 },
	{ 0, "\x03\x14", 2 },
	{ 1, "\x03\x16", 2 },
	{ 116, "\x03\xfc", 2 },
	{ 117, "\x03\xfe", 2 },
	{ 118, "\x03\x69\x03", 3 },
	{ 119, "\x03\x6d\x03", 3 },
	{ 127, "\x03\x8d\x03", 3 },
	{ 128, "\x03\x91\x03", 3 },
	{ 255, "\x03\x8d\x05", 3 },
	{ 256, "\x03\x91\x05", 3 },
	{ 16282, "\x03\xf9\xff", 3 },
	{ 16283, "\x03\xfd\xff", 3 },
	{ 16284, "\x03\x63\x35\x03\x00", 5 },
	{ 16285, "\x03\x6b\x35\x03\x00", 5 },
	{ 65535, "\x03\x7b\x38\x09\x00", 5 },
	{ 65536, "\x03\x83\x38\x09\x00", 5 },
	{ 536860910, "\x03\xf3\xff\xff\xff", 5 },
	{ 536860911, "\x03\xfb\xff\xff\xff", 5 },
	{ 536860912, "\x03\x0f\x24\xf0\xd8\xff\x1f", 7 },
	{ 536860913, "\x03\x0f\x24\xf1\xd8\xff\x1f", 7 },
	{ 536870912, "\x03\x0f\x24\x00\x00\x00\x20", 7 },
	{ 2147483647, "\x03\x0f\x24\xff\xff\xff\x7f", 7 },
	{ INT64_C(2147483648), "\x03\x0f\x24\x00\x00\x00\x80", 7 },
	{ INT64_C(4294967295), "\x03\x0f\x24\xff\xff\xff\xff", 7 },
	{ INT64_C(4294967296), "\x03\x0f\x28\x00\x00\x00\x00\x01", 8 },
	{ INT64_C(1099511627776), "\x03\x0f\x2c\x00\x00\x00\x00\x00\x01", 9 },
	{ INT64_C(281474976710656), "\x03\x0f\x30\x00\x00\x00\x00\x00\x00\x01", 10 },
	{ INT64_C(72057594037927935), "\x03\x0f\x30\xff\xff\xff\xff\xff\xff\xff", 10 },
	{ INT64_C(72057594037927936), "\x03\x0f\x34\x00\x00\x00\x00\x00\x00\x00\x01", 11 },
	{ INT64_C(4611686018427387904), "\x03\x0f\x34\x00\x00\x00\x00\x00\x00\x00\x40", 11 },
	{ INT64_C(9223372036854775807), "\x03\x0f\x34\xff\xff\xff\xff\xff\xff\xff\x7f", 11 },
};

enum { VECTORS = sizeof vectors / sizeof *vectors };

static void integers_are_written_in_the_shortest_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		struct buf out = BUF_INIT;

		ff_put_tagged_int(&out, vectors[i].value);
		assert_int_equal(out.len, vectors[i].len);
		assert_memory_equal(out.data, vectors[i].bytes, out.len);
		buf_release(&out);
	}
}

static void integers_are_read_from_every_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		struct reader r = reader_of((struct span){ vectors[i].bytes, vectors[i].len });

		assert_int_equal(ff_tagged_int(&r), vectors[i].value);
		assert_true(reader_done(&r));
	}
}

static void every_truncation_of_an_integer_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		for (size_t len = 0; len < vectors[i].len; len++) {
			struct reader r = reader_of((struct span){ vectors[i].bytes, len });

			assert_int_equal(ff_tagged_int(&r), 0);
			assert_false(reader_ok(&r));
		}
	}
}

static void integers_too_large_for_64_bits_fail(void **state)
{
	static const struct span large[] = {
		{ "\x0f\x34\x00\x00\x00\x00\x00\x00\x00\x80", 10 },     /* 2 ** 63 */
		{ "\x0f\x36\x01\x00\x00\x00\x00\x00\x00\x80", 10 },     /* -2 ** 63 - 1 */
		{ "\x0f\x38\x00\x00\x00\x00\x00\x00\x00\x00\x01", 11 }, /* 2 ** 64 */
		{ "\x0f\x0f", 2 },
		{ "\x07\x00\x00\x00", 4 }, /* no form begins so */
	};

	(void)state;
	for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
		struct reader r = reader_of(large[i]);

		assert_int_equal(ff_int(&r), 0);
		assert_false(reader_ok(&r));
	}
}

static void strings_keep_their_length_in_every_form(void **state)
{
	static const size_t lengths[] = { 0, 1, 117, 118, 16283, 16284, 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct buf text = BUF_INIT, out = BUF_INIT;
		struct arena arena = ARENA_INIT;
		struct reader r;

		memset(buf_room(&text, lengths[i] + 1), 'a', lengths[i]);
		text.data[lengths[i]] = 0;
		ff_put_str(&out, text.data);
		r = reader_of(buf_span(&out));
		assert_string_equal(ff_str(&r, &arena), text.data);
		assert_true(reader_done(&r));
		buf_release(&text);
		buf_release(&out);
		arena_release(&arena);
	}
}

static void a_string_with_a_nul_is_refused(void **state)
{
	struct arena arena = ARENA_INIT;
	struct reader r = reader_of((struct span){ "\x04\x1a" "a\0b", 5 });

	(void)state;
	assert_string_equal(ff_str(&r, &arena), "");
	assert_false(reader_ok(&r));
	arena_release(&arena);
}

static void a_length_beyond_the_end_is_not_believed(void **state)
{
	struct arena arena = ARENA_INIT;
	struct reader r = reader_of((struct span){ "\x16\xfb\xff\xff\xff", 5 }); /* a list of 536860911 strings */
	uint32_t count = 1;

	(void)state;
	ff_str_list(&r, &arena, &count);
	assert_int_equal(count, 0);
	assert_false(reader_ok(&r));
	arena_release(&arena);
}

static void json_of_any_kind_is_stepped_over_whole(void **state)
{
	/* {"k": [1, 2.5, 2 ** 80, ("a", None)]} */
	static const char json[] = "\x1e\x16\x16\x6b\x14\x1c\x03\x16\x06\x00\x00\x00\x00\x00\x00\x04\x40\x03\x0f"
	                           "\x40\x00\x00"
	                           "\x00\x00\x00\x00\x00\x00\x00\x00\x01\x18\x18\x04\x16\x61\x02";
	struct reader r = reader_of((struct span){ json, sizeof json - 1 });

	(void)state;
	assert_int_equal(ff_json(&r).len, sizeof json - 1);
	assert_true(reader_done(&r));
	for (size_t len = 0; len < sizeof json - 1; len++) {
		r = reader_of((struct span){ json, len });
		assert_int_equal(ff_json(&r).len, 0);
		assert_false(reader_ok(&r));
	}
}

static void json_that_nests_without_end_is_refused(void **state)
{
	struct buf deep = BUF_INIT;
	struct reader r;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_add(&deep, "\x14\x16", 2); /* a list of one */
	r = reader_of(buf_span(&deep));
	assert_int_equal(ff_json(&r).len, 0);
	assert_false(reader_ok(&r));
	buf_release(&deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_written_in_the_shortest_form),
		cmocka_unit_test(integers_are_read_from_every_form),
		cmocka_unit_test(every_truncation_of_an_integer_fails),
		cmocka_unit_test(integers_too_large_for_64_bits_fail),
		cmocka_unit_test(strings_keep_their_length_in_every_form),
		cmocka_unit_test(a_string_with_a_nul_is_refused),
		cmocka_unit_test(a_length_beyond_the_end_is_not_believed),
		cmocka_unit_test(json_of_any_kind_is_stepped_over_whole),
		cmocka_unit_test(json_that_nests_without_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
