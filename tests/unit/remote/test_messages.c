/* remote/messages.h: what a cache sends is canonical, what it is told is bounded and checked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire.h"

static void assert_bytes(struct buf *got, struct buf *wanted)
{
	assert_int_equal(got->len, wanted->len);
	assert_memory_equal(got->data, wanted->data, wanted->len);
	buf_release(got);
	buf_release(wanted);
}

static void requests_are_written_field_by_field_in_order(void **state)
{
	(void)state;
	struct buf got = BUF_INIT, wanted = BUF_INIT;
	struct remote_blob a = blob_named(HASH_A, 300);
	reapi_encode_get_result("main", &a, true, &got);
	wire_str(&wanted, 1, "main");
	wire_digest_field(&wanted, 2, HASH_A, 300);
	wire_int(&wanted, 3, 1);
	assert_bytes(&got, &wanted);

	reapi_encode_find_missing("", &a, 1, &got);
	wire_digest_field(&wanted, 2, HASH_A, 300);
	assert_bytes(&got, &wanted);

	reapi_encode_write("uploads/x", 0, span_of("abc"), true, &got);
	wire_str(&wanted, 1, "uploads/x");
	wire_int(&wanted, 3, 1);
	wire_str(&wanted, 10, "abc");
	assert_bytes(&got, &wanted);
}

static void a_result_lists_its_files_by_path(void **state)
{
	(void)state;
	struct reapi_file files[] = { { .path = "b", .blob = blob_named(HASH_B, 2) },
				      { .path = "a", .blob = blob_named(HASH_A, 1), .executable = true } };
	struct reapi_result r = { .files = files, .file_count = 2, .out = { .raw = span_of("said") } }, back;
	struct buf encoded = BUF_INIT;
	struct arena a = ARENA_INIT;
	reapi_encode_result(&r, &encoded);
	assert_true(reapi_decode_result(buf_span(&encoded), &a, &back));
	assert_int_equal(back.file_count, 2);
	assert_string_equal(back.files[0].path, "a");
	assert_true(back.files[0].executable);
	assert_true(remote_blob_eq(&back.files[1].blob, &files[0].blob));
	assert_true(span_eq_str(back.out.raw, "said"));
	assert_false(back.out.has_blob);
	buf_release(&encoded);
	arena_release(&a);
}

/* Is a result with one output file of this path and digest accepted? */
static bool takes_file(const char *path, const char *hash, int64_t size)
{
	struct buf m = BUF_INIT, file = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct reapi_result r;
	wire_str(&file, 1, path);
	wire_digest_field(&file, 2, hash, size);
	wire_sub(&m, 2, &file);
	bool ok = reapi_decode_result(buf_span(&m), &a, &r);
	buf_release(&m);
	arena_release(&a);
	return ok;
}

static void paths_that_lead_elsewhere_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "/", "/etc/passwd", "..", "../x", "a/..", "a/../b", "a//b", "a/", "./a",
					   "a/.", "a\nb", "a\\b", "\x7f" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(takes_file(bad[i], HASH_A, 1));
	static const char *const good[] = { "a", "a/b", "...", "..a", "a..", "a b", "\xc3\xa9" };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(takes_file(good[i], HASH_A, 1));
	char part[REAPI_NAME_LIMIT + 2], path[REAPI_PATH_LIMIT + 2];
	memset(part, 'a', sizeof part);
	part[REAPI_NAME_LIMIT + 1] = 0;
	assert_false(takes_file(part, HASH_A, 1));
	part[REAPI_NAME_LIMIT] = 0;
	assert_true(takes_file(part, HASH_A, 1));
	for (size_t i = 0; i < sizeof path; i++)
		path[i] = i % 2 ? '/' : 'a';
	path[REAPI_PATH_LIMIT + 1] = 0;
	assert_false(takes_file(path, HASH_A, 1));
	path[REAPI_PATH_LIMIT - 1] = 0;
	assert_true(takes_file(path, HASH_A, 1));
}

static void digests_that_are_none_are_refused(void **state)
{
	(void)state;
	char upper[] = HASH_A;
	upper[3] = 'A';
	assert_true(takes_file("a", HASH_A, 0));
	assert_true(takes_file("a", HASH_A, INT64_MAX));
	assert_false(takes_file("a", HASH_A, -1));
	assert_false(takes_file("a", HASH_A, INT64_MIN));
	assert_false(takes_file("a", upper, 1));
	assert_false(takes_file("a", "", 1));
	assert_false(takes_file("a", "aaaa", 1));
	assert_false(takes_file("a", HASH_A "a", 1));
}

static void a_result_without_a_digest_is_refused(void **state)
{
	(void)state;
	struct buf m = BUF_INIT, file = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct reapi_result r;
	wire_str(&file, 1, "a");
	wire_sub(&m, 2, &file);
	assert_false(reapi_decode_result(buf_span(&m), &a, &r));
	buf_release(&m);
	arena_release(&a);
}

static void a_cut_message_is_refused_or_shorter_and_never_read_beyond(void **state)
{
	(void)state;
	struct reapi_file file = { .path = "a", .blob = blob_named(HASH_A, 1), .contents = span_of("content") };
	struct reapi_result r = { .files = &file, .file_count = 1, .out = { .raw = span_of("said") } }, back;
	struct buf encoded = BUF_INIT;
	reapi_encode_result(&r, &encoded);
	for (size_t n = 1; n < encoded.len; n++) {
		struct arena a = ARENA_INIT;
		char *exact = arena_strndup(&a, encoded.data, n);
		if (reapi_decode_result((struct span){ exact, n }, &a, &back))
			assert_true(back.file_count == 0 || back.out.raw.len == 0);
		arena_release(&a);
	}
	buf_release(&encoded);
}

static void a_million_empty_items_are_refused_before_they_cost_memory(void **state)
{
	(void)state;
	struct buf m = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct remote_blob *blobs;
	uint32_t count;
	for (size_t i = 0; i < 1000000; i++)
		wire_str(&m, 2, "");
	assert_false(reapi_decode_find_missing(buf_span(&m), &a, &blobs, &count));
	assert_true(a.total < 20 * m.len + 100000);
	buf_release(&m);
	arena_release(&a);
}

static void a_list_that_is_too_long_is_refused(void **state)
{
	(void)state;
	struct buf m = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct remote_blob *blobs;
	uint32_t count;
	for (size_t i = 0; i < REAPI_LIST_LIMIT; i++)
		wire_digest_field(&m, 2, HASH_A, 1);
	assert_true(reapi_decode_find_missing(buf_span(&m), &a, &blobs, &count));
	assert_int_equal(count, REAPI_LIST_LIMIT);
	wire_digest_field(&m, 2, HASH_A, 1);
	assert_false(reapi_decode_find_missing(buf_span(&m), &a, &blobs, &count));
	buf_release(&m);
	arena_release(&a);
}

static void answers_of_batches_come_with_their_status(void **state)
{
	(void)state;
	struct buf m = BUF_INIT, one = BUF_INIT, status = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct reapi_answer *answers;
	uint32_t count;
	wire_digest_field(&one, 1, HASH_A, 5);
	wire_str(&one, 2, "hello");
	wire_int(&one, 4, 1);
	wire_sub(&m, 1, &one);
	wire_digest_field(&one, 1, HASH_B, 7);
	wire_int(&status, 1, 5);
	wire_str(&status, 2, "not\nhere \x1b[31m\xff");
	wire_sub(&one, 3, &status);
	wire_sub(&m, 1, &one);
	assert_true(reapi_decode_batch_read(buf_span(&m), &a, &answers, &count));
	assert_int_equal(count, 2);
	assert_true(answers[0].zstd);
	assert_true(span_eq_str(answers[0].data, "hello"));
	assert_int_equal(answers[0].status.code, 0);
	assert_int_equal(answers[1].status.code, 5);
	assert_string_equal(answers[1].status.text, "not?here ?[31m?");
	assert_int_equal(answers[1].blob.size, 7);
	buf_release(&m);
	arena_release(&a);
}

static void a_compression_that_nobody_asked_for_is_refused(void **state)
{
	(void)state;
	struct buf m = BUF_INIT, one = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct reapi_answer *answers;
	uint32_t count;
	wire_digest_field(&one, 1, HASH_A, 5);
	wire_int(&one, 4, 2);
	wire_sub(&m, 1, &one);
	assert_false(reapi_decode_batch_read(buf_span(&m), &a, &answers, &count));
	buf_release(&m);
	arena_release(&a);
}

static void long_text_is_cut(void **state)
{
	(void)state;
	struct buf m = BUF_INIT, one = BUF_INIT, status = BUF_INIT, text = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct reapi_answer *answers;
	uint32_t count;
	memset(buf_room(&text, 100000), 'x', 100000);
	text.len = 100000;
	wire_digest_field(&one, 1, HASH_A, 5);
	wire_sub(&status, 2, &text);
	wire_sub(&one, 2, &status);
	wire_sub(&m, 1, &one);
	assert_true(reapi_decode_batch_update(buf_span(&m), &a, &answers, &count));
	assert_int_equal(strlen(answers[0].status.text), REAPI_TEXT_LIMIT);
	buf_release(&m);
	arena_release(&a);
}

static void capabilities_say_what_the_server_can(void **state)
{
	(void)state;
	struct buf m = BUF_INIT, cache = BUF_INIT, update = BUF_INIT, low = BUF_INIT, high = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct reapi_capabilities c;
	wire_int(&cache, 1, 1);
	wire_int(&update, 1, 1);
	wire_sub(&cache, 2, &update);
	wire_int(&cache, 4, 1000);
	wire_str(&cache, 6, "\x01"); /* packed */
	wire_int(&cache, 7, 1);	     /* not packed: both are allowed */
	wire_sub(&m, 1, &cache);
	wire_int(&low, 1, 2);
	wire_int(&high, 1, 2);
	wire_int(&high, 2, 12);
	wire_sub(&m, 4, &low);
	wire_sub(&m, 5, &high);
	assert_true(reapi_decode_capabilities(buf_span(&m), &a, &c));
	assert_true(c.has_cache && c.cache_sha256 && c.update_enabled && c.zstd && c.zstd_update && c.has_versions);
	assert_int_equal(c.batch_limit, 1000);
	assert_int_equal(c.low.minor, 0);
	assert_int_equal(c.high.minor, 12);
	assert_false(c.executes);
	buf_release(&m);
	arena_release(&a);
	assert_true(reapi_decode_capabilities(span_of(""), &a, &c));
	assert_false(c.has_cache || c.has_versions || c.executes);
	arena_release(&a);
}

static void negative_limits_are_refused(void **state)
{
	(void)state;
	for (unsigned field = 4; field <= 8; field += 4) {
		struct buf m = BUF_INIT, cache = BUF_INIT;
		struct arena a = ARENA_INIT;
		struct reapi_capabilities c;
		wire_int(&cache, field, -1);
		wire_sub(&m, 1, &cache);
		assert_false(reapi_decode_capabilities(buf_span(&m), &a, &c));
		buf_release(&m);
		arena_release(&a);
	}
}

static void names_of_streams_are_as_the_api_has_them(void **state)
{
	(void)state;
	struct remote_blob a = blob_named(HASH_A, 12);
	struct buf b = BUF_INIT;
	reapi_read_name("", &a, false, &b);
	assert_string_equal(b.data, "blobs/" HASH_A "/12");
	buf_reset(&b);
	reapi_read_name("main/x", &a, true, &b);
	assert_string_equal(b.data, "main/x/compressed-blobs/zstd/" HASH_A "/12");
	buf_reset(&b);
	reapi_write_name("main", "ID", &a, false, &b);
	assert_string_equal(b.data, "main/uploads/ID/blobs/" HASH_A "/12");
	buf_reset(&b);
	reapi_write_name("", "ID", &a, true, &b);
	assert_string_equal(b.data, "uploads/ID/compressed-blobs/zstd/" HASH_A "/12");
	buf_release(&b);
}

static void times_that_no_calendar_has_count_as_not_told(void **state)
{
	(void)state;
	static const struct { int64_t seconds, nanos, wanted; } cases[] = {
		{ 1, 5, 1000000005 }, { -1, 0, 0 }, { 1, -1, 0 }, { 1, 1000000000, 0 }, { INT64_MAX, 0, 0 } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf m = BUF_INIT, metadata = BUF_INIT, time = BUF_INIT;
		struct arena a = ARENA_INIT;
		struct reapi_result r;
		wire_int(&time, 1, cases[i].seconds);
		wire_int(&time, 2, cases[i].nanos);
		wire_sub(&metadata, 2, &time);
		wire_sub(&m, 9, &metadata);
		assert_true(reapi_decode_result(buf_span(&m), &a, &r));
		assert_int_equal(r.queued_ns, cases[i].wanted);
		buf_release(&m);
		arena_release(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_written_field_by_field_in_order),
		cmocka_unit_test(a_result_lists_its_files_by_path),
		cmocka_unit_test(paths_that_lead_elsewhere_are_refused),
		cmocka_unit_test(digests_that_are_none_are_refused),
		cmocka_unit_test(a_result_without_a_digest_is_refused),
		cmocka_unit_test(a_cut_message_is_refused_or_shorter_and_never_read_beyond),
		cmocka_unit_test(a_million_empty_items_are_refused_before_they_cost_memory),
		cmocka_unit_test(a_list_that_is_too_long_is_refused),
		cmocka_unit_test(answers_of_batches_come_with_their_status),
		cmocka_unit_test(a_compression_that_nobody_asked_for_is_refused),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(capabilities_say_what_the_server_can),
		cmocka_unit_test(negative_limits_are_refused),
		cmocka_unit_test(names_of_streams_are_as_the_api_has_them),
		cmocka_unit_test(times_that_no_calendar_has_count_as_not_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
