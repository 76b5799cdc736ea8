/* base/buf.h: growing bytes, and a reader that believes no length before it has checked it. */
#include "../../lib/check.h"

#include "base/buf.h"

static void an_empty_buffer_owns_nothing(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	assert_null(b.data);
	assert_int_equal(buf_span(&b).len, 0);
	buf_release(&b);
}

static void what_is_added_is_terminated(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	buf_add_str(&b, "ab");
	buf_add_char(&b, 'c');
	buf_addf(&b, "-%d-%s", 7, "x");
	buf_add(&b, "yz!", 2);
	buf_add_span(&b, span_of("."));
	assert_string_equal(b.data, "abc-7-xyz.");
	assert_int_equal(b.len, 10);
	buf_truncate(&b, 3);
	assert_string_equal(b.data, "abc");
	buf_reset(&b);
	assert_int_equal(b.len, 0);
	buf_release(&b);
}

static void a_buffer_grows_past_any_first_size(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	for (int i = 0; i < 100000; i++)
		buf_add_char(&b, (char)('a' + i % 26));
	assert_int_equal(b.len, 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	buf_release(&b);
}

static void detaching_gives_the_string_away(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	buf_add_str(&b, "mine");
	char *s = buf_detach(&b);
	assert_string_equal(s, "mine");
	assert_null(b.data);
	free(s);
}

static void spans_compare_by_content(void **state)
{
	(void)state;
	assert_true(span_eq(span_of("abc"), span_of("abc")));
	assert_false(span_eq(span_of("abc"), span_of("abd")));
	assert_false(span_eq(span_of("abc"), span_of("ab")));
	assert_true(span_eq_str(span_of(""), ""));
}

static void what_was_put_is_read_back(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	buf_put_u8(&b, 200);
	buf_put_u32(&b, 0xfedcba98u);
	buf_put_u64(&b, 0x0123456789abcdefu);
	buf_put_str(&b, "text");
	buf_put_bytes(&b, (struct span){ "a\0b", 3 });
	struct reader r = reader_of(buf_span(&b));
	assert_int_equal(reader_u8(&r), 200);
	assert_int_equal(reader_u32(&r), 0xfedcba98u);
	assert_true(reader_u64(&r) == 0x0123456789abcdefu);
	assert_true(span_eq_str(reader_bytes(&r), "text"));
	assert_true(span_eq(reader_bytes(&r), (struct span){ "a\0b", 3 }));
	assert_true(reader_done(&r));
	buf_release(&b);
}

static void numbers_are_little_endian(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	buf_put_u32(&b, 0x01020304);
	assert_memory_equal(b.data, "\x04\x03\x02\x01", 4);
	buf_release(&b);
}

/* Every cut of a valid record: the reader says no, gives zeros, and never reads past the end (ASan watches). */
static void a_cut_record_is_refused_at_every_length(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	buf_put_u32(&b, 2);
	buf_put_str(&b, "one");
	buf_put_str(&b, "three");
	buf_put_u64(&b, 9);
	for (size_t n = 0; n < b.len; n++) {
		char *exact = malloc(n ? n : 1);
		memcpy(exact, b.data, n);
		struct reader r = reader_of((struct span){ exact, n });
		reader_count(&r, 4);
		reader_bytes(&r);
		reader_bytes(&r);
		reader_u64(&r);
		assert_false(reader_ok(&r));
		assert_int_equal(reader_u64(&r), 0);
		assert_int_equal(reader_bytes(&r).len, 0);
		free(exact);
	}
	buf_release(&b);
}

static void a_length_beyond_the_end_is_refused(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	buf_put_u32(&b, 0xffffffffu);
	buf_add_str(&b, "few");
	struct reader r = reader_of(buf_span(&b));
	assert_int_equal(reader_bytes(&r).len, 0);
	assert_false(reader_ok(&r));
	buf_release(&b);
}

static void a_count_that_cannot_be_left_is_refused(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	buf_put_u32(&b, 3);
	buf_add_str(&b, "12345678");
	struct reader r = reader_of(buf_span(&b));
	assert_int_equal(reader_count(&r, 4), 0);
	assert_false(reader_ok(&r));
	r = reader_of(buf_span(&b));
	assert_int_equal(reader_count(&r, 2), 3);
	assert_true(reader_ok(&r));
	assert_false(reader_done(&r));
	buf_release(&b);
}

static void raw_bytes_are_borrowed_exactly(void **state)
{
	(void)state;
	struct reader r = reader_of(span_of("abcdef"));
	assert_true(span_eq_str(reader_raw(&r, 4), "abcd"));
	assert_int_equal(reader_raw(&r, 3).len, 0);
	assert_false(reader_ok(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_owns_nothing),
		cmocka_unit_test(what_is_added_is_terminated),
		cmocka_unit_test(a_buffer_grows_past_any_first_size),
		cmocka_unit_test(detaching_gives_the_string_away),
		cmocka_unit_test(spans_compare_by_content),
		cmocka_unit_test(what_was_put_is_read_back),
		cmocka_unit_test(numbers_are_little_endian),
		cmocka_unit_test(a_cut_record_is_refused_at_every_length),
		cmocka_unit_test(a_length_beyond_the_end_is_refused),
		cmocka_unit_test(a_count_that_cannot_be_left_is_refused),
		cmocka_unit_test(raw_bytes_are_borrowed_exactly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
