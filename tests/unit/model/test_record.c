/* model/record.h: a torn or altered record is told from a whole one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/record.h"

static void make(struct buf *out)
{
	size_t start = record_begin(out, "TEST", 3);
	buf_put_str(out, "hello");
	record_seal(out, start);
}

static void a_sealed_record_opens_with_its_magic_and_version(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct reader r;
	make(&b);
	assert_true(record_intact(buf_span(&b)));
	assert_true(record_open(buf_span(&b), "TEST", 3, &r));
	assert_string_equal(record_string(&r, &arena), "hello");
	assert_true(reader_done(&r));
	assert_false(record_open(buf_span(&b), "TEST", 4, &r));
	assert_false(record_open(buf_span(&b), "BEST", 3, &r));
	buf_release(&b);
	arena_release(&arena);
}

static void a_record_seals_only_what_follows_its_start(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	buf_add_str(&b, "before");
	make(&b);
	assert_true(record_intact((struct span){ b.data + 6, b.len - 6 }));
	buf_release(&b);
}

static void every_cut_and_every_flipped_bit_is_noticed(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	make(&b);
	for (size_t n = 0; n < b.len; n++)
		assert_false(record_intact((struct span){ b.data, n }));
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		b.data[bit / 8] = (char)(b.data[bit / 8] ^ 1 << bit % 8);
		assert_false(record_intact(buf_span(&b)));
		b.data[bit / 8] = (char)(b.data[bit / 8] ^ 1 << bit % 8);
	}
	buf_release(&b);
}

static void a_string_with_a_nul_inside_is_refused(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct arena arena = ARENA_INIT;
	buf_put_bytes(&b, (struct span){ "a\0b", 3 });
	struct reader r = reader_of(buf_span(&b));
	assert_string_equal(record_string(&r, &arena), "");
	assert_false(reader_ok(&r));
	buf_release(&b);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sealed_record_opens_with_its_magic_and_version),
		cmocka_unit_test(a_record_seals_only_what_follows_its_start),
		cmocka_unit_test(every_cut_and_every_flipped_bit_is_noticed),
		cmocka_unit_test(a_string_with_a_nul_inside_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
