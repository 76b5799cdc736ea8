/* model/result.h: records round-trip, damaged ones are refused, and an interface's digest covers the interface only. */
#define _GNU_SOURCE /* memmem */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/record.h"
#include "model/result.h"

static struct diag diags[] = { { NULL, 1, 0, 1, 5, false, "no", "misc" } };
static const char *indirect[] = { "builtins", "typing" };
static struct member_result members[] = {
	{ "pkg.a", { { { 1 } }, 77, { 2 }, { "{}", 2 } }, indirect, 2, { diags, 1 } },
	{ "pkg.b", { { { 3 } }, UINT64_MAX, { 4 }, { "\0x", 2 } }, NULL, 0, { NULL, 0 } },
};
static const struct result sample = { members, 2 };

static void a_result_comes_back_as_it_was(void **state)
{
	(void)state;
	struct buf b = BUF_INIT, again = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct result back;
	result_encode(&sample, &b);
	assert_true(result_decode(buf_span(&b), &arena, &back));
	assert_int_equal(back.member_count, 2);
	assert_string_equal(back.members[0].id, "pkg.a");
	assert_string_equal(back.members[0].indirect[1], "typing");
	assert_string_equal(back.members[0].diags.items[0].message, "no");
	assert_int_equal(back.members[0].interface.checker_hash[0], 2);
	assert_true(back.members[1].interface.data_size == UINT64_MAX);
	assert_true(span_eq(back.members[1].interface.plugin_data, members[1].interface.plugin_data));
	result_encode(&back, &again);
	assert_true(span_eq(buf_span(&b), buf_span(&again)));
	buf_release(&b);
	buf_release(&again);
	arena_release(&arena);
}

static void an_empty_result_is_a_result(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct result none = { NULL, 0 }, back;
	result_encode(&none, &b);
	assert_true(result_decode(buf_span(&b), &arena, &back));
	assert_int_equal(back.member_count, 0);
	buf_release(&b);
	arena_release(&arena);
}

static void a_cut_or_altered_record_is_refused(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct result back;
	result_encode(&sample, &b);
	for (size_t n = 0; n < b.len; n++)
		assert_false(result_decode((struct span){ b.data, n }, &arena, &back));
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 0x20;
		assert_false(result_decode(buf_span(&b), &arena, &back));
		b.data[i] ^= 0x20;
	}
	buf_release(&b);
	arena_release(&arena);
}

/* With the seal put right again, so that the decoder itself has to notice. */
static void reseal(struct buf *b)
{
	buf_truncate(b, b->len - 8);
	record_seal(b, 0);
}

static void a_well_sealed_record_with_wrong_contents_is_refused(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct result back;
	result_encode(&sample, &b);
	char *typing = memmem(b.data, b.len, "typing", 6);
	char *members_at = typing + 6, *first_id = members_at + 4;
	members_at[0] = 3;
	reseal(&b);
	assert_false(result_decode(buf_span(&b), &arena, &back));
	members_at[3] = (char)0xff;
	reseal(&b);
	assert_false(result_decode(buf_span(&b), &arena, &back));
	members_at[3] = 0;
	members_at[0] = 1; /* the second member is left over */
	reseal(&b);
	assert_false(result_decode(buf_span(&b), &arena, &back));
	members_at[0] = 2;
	first_id[0] = 4; /* no such id */
	reseal(&b);
	assert_false(result_decode(buf_span(&b), &arena, &back));
	first_id[0] = 2; /* the id of the other one, and one that nobody has */
	reseal(&b);
	assert_false(result_decode(buf_span(&b), &arena, &back));
	first_id[0] = 1;
	reseal(&b);
	assert_true(result_decode(buf_span(&b), &arena, &back));
	memcpy(typing, "aaaaaa", 6); /* no longer sorted */
	reseal(&b);
	assert_false(result_decode(buf_span(&b), &arena, &back));
	buf_release(&b);
	arena_release(&arena);
}

static void an_interface_digest_covers_data_and_plugin_data_only(void **state)
{
	(void)state;
	struct interface a = members[0].interface, b = a;
	struct digest da, db;
	interface_digest(&a, &da);
	b.data_size = 1;
	b.checker_hash[0] = 99;
	interface_digest(&b, &db);
	assert_true(digest_eq(&da, &db));
	b.plugin_data = (struct span){ "{\"x\":1}", 7 };
	interface_digest(&b, &db);
	assert_false(digest_eq(&da, &db));
	b = a;
	b.data.bytes[31] = 1;
	interface_digest(&b, &db);
	assert_false(digest_eq(&da, &db));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_result_comes_back_as_it_was),
		cmocka_unit_test(an_empty_result_is_a_result),
		cmocka_unit_test(a_cut_or_altered_record_is_refused),
		cmocka_unit_test(a_well_sealed_record_with_wrong_contents_is_refused),
		cmocka_unit_test(an_interface_digest_covers_data_and_plugin_data_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
