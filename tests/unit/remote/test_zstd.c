/* remote/zstd.h: what was compressed comes back, in whatever pieces, and never more of it than was promised. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "remote/zstd.h"

enum { SIZE = 300000 };

static struct buf content(void)
{
	struct buf b = BUF_INIT;
	for (uint32_t i = 0, x = 1; i < SIZE; i++, x = x * 1664525 + 1013904223)
		buf_add_char(&b, (char)(i % 100 < 50 ? 'a' : x >> 24));
	return b;
}

static void content_comes_back_in_pieces_of_any_size(void **state)
{
	(void)state;
	struct buf plain = content(), packed = BUF_INIT;
	zstd_compress(buf_span(&plain), &packed);
	assert_true(packed.len < plain.len);
	static const size_t steps[] = { 1, 7, 1000, 100000, SIZE };
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct zstd_decoder *d = zstd_decoder_new(SIZE);
		struct buf out = BUF_INIT;
		for (size_t at = 0; at < packed.len; at += steps[i]) {
			assert_false(zstd_decoder_is_done(d));
			size_t left = packed.len - at;
			struct span piece = { packed.data + at, left < steps[i] ? left : steps[i] };
			assert_true(zstd_decoder_add(d, piece, &out));
		}
		assert_true(zstd_decoder_is_done(d));
		assert_true(span_eq(buf_span(&out), buf_span(&plain)));
		zstd_decoder_free(d);
		buf_release(&out);
	}
	buf_release(&plain);
	buf_release(&packed);
}

static void several_frames_are_one_content(void **state)
{
	(void)state;
	struct buf packed = BUF_INIT, out = BUF_INIT;
	zstd_compress(span_of("hello "), &packed);
	zstd_compress(span_of("world"), &packed);
	assert_true(zstd_decompress(buf_span(&packed), 11, &out));
	assert_string_equal(out.data, "hello world");
	buf_release(&packed);
	buf_release(&out);
}

static void more_or_less_than_was_promised_is_refused(void **state)
{
	(void)state;
	struct buf plain = content(), packed = BUF_INIT, out = BUF_INIT;
	zstd_compress(buf_span(&plain), &packed);
	static const uint64_t wrong[] = { 0, 1, SIZE - 1, SIZE + 1, UINT64_MAX };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		buf_reset(&out);
		assert_false(zstd_decompress(buf_span(&packed), wrong[i], &out));
		assert_true(out.len <= wrong[i]);
	}
	buf_reset(&out);
	assert_true(zstd_decompress(buf_span(&packed), SIZE, &out));
	buf_release(&plain);
	buf_release(&packed);
	buf_release(&out);
}

static void cut_and_altered_bytes_are_refused_or_say_something_else(void **state)
{
	(void)state;
	struct buf plain = content(), packed = BUF_INIT, out = BUF_INIT;
	zstd_compress(buf_span(&plain), &packed);
	for (size_t n = 0; n < packed.len; n += 997) {
		buf_reset(&out);
		assert_false(zstd_decompress((struct span){ packed.data, n }, SIZE, &out));
	}
	for (size_t i = 0; i < packed.len; i += 997) {
		buf_reset(&out);
		packed.data[i] ^= 0x55;
		if (zstd_decompress(buf_span(&packed), SIZE, &out))
			assert_int_equal(out.len, SIZE);
		packed.data[i] ^= 0x55;
	}
	buf_release(&plain);
	buf_release(&packed);
	buf_release(&out);
}

static void nothing_at_all_is_an_empty_content(void **state)
{
	(void)state;
	struct buf packed = BUF_INIT, out = BUF_INIT;
	zstd_compress(span_of(""), &packed);
	assert_true(zstd_decompress(buf_span(&packed), 0, &out));
	assert_int_equal(out.len, 0);
	assert_true(zstd_decompress(span_of(""), 0, &out));
	assert_false(zstd_decompress(span_of("x"), 0, &out));
	buf_release(&packed);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_comes_back_in_pieces_of_any_size),
		cmocka_unit_test(several_frames_are_one_content),
		cmocka_unit_test(more_or_less_than_was_promised_is_refused),
		cmocka_unit_test(cut_and_altered_bytes_are_refused_or_say_something_else),
		cmocka_unit_test(nothing_at_all_is_an_empty_content),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
