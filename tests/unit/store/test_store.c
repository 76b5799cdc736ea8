/* store/store.h: what every kind of store promises; the same tests run over each. */
#include "../../lib/check.h"

#include "model/record.h"
#include "store/store.h"
#include "sys/fs.h"
#include "sys/tmpdir.h"

struct fixture {
	struct tmpdir dir;
	struct store *store;
};

static int open_memory(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	f->store = store_open_memory();
	*state = f;
	return 0;
}

static int open_local(void **state)
{
	struct err err = ERR_INIT;
	struct fixture *f = calloc(1, sizeof *f);
	*state = f;
	return tmpdir_make(&f->dir, NULL, "store", &err) || store_open_local(f->dir.path, &f->store, &err);
}

static int close_store(void **state)
{
	struct err err = ERR_INIT;
	struct fixture *f = *state;
	store_close(f->store);
	int rc = tmpdir_remove(&f->dir, &err);
	free(f);
	return rc;
}

static struct store *store_of(void **state)
{
	return ((struct fixture *)*state)->store;
}

static void what_was_put_is_got_under_its_sha256(void **state)
{
	struct store *s = store_of(state);
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	struct digest d, expected;
	bool found = false;
	struct span bytes = { "a\0b", 3 };
	hash_sha256(bytes, &expected);
	assert_ok(store_put(s, bytes, &d, &err));
	assert_true(digest_eq(&d, &expected));
	assert_true(store_has(s, &d));
	buf_add_str(&out, "kept:");
	assert_ok(store_get(s, &d, &out, &found, &err));
	assert_true(found);
	assert_true(span_eq(buf_span(&out), (struct span){ "kept:a\0b", 8 }));
	buf_release(&out);
}

static void the_empty_blob_is_a_blob(void **state)
{
	struct store *s = store_of(state);
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	struct digest d;
	bool found = false;
	assert_ok(store_put(s, (struct span){ NULL, 0 }, &d, &err));
	assert_ok(store_get(s, &d, &out, &found, &err));
	assert_true(found);
	assert_int_equal(out.len, 0);
	buf_release(&out);
}

static void a_miss_is_an_answer(void **state)
{
	struct store *s = store_of(state);
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	struct digest d = { { 1, 2, 3 } };
	const char *path;
	bool found = true;
	assert_ok(store_get(s, &d, &out, &found, &err));
	assert_false(found);
	found = true;
	assert_ok(store_lookup(s, STORE_BODIES, &d, &out, &found, &err));
	assert_false(found);
	assert_false(store_has(s, &d));
	assert_false(store_blob_path(s, &d, &path));
	assert_int_equal(out.len, 0);
	assert_int_equal(store_counters(s).corrupt, 0);
	buf_release(&out);
}

static void a_blob_is_written_once(void **state)
{
	struct store *s = store_of(state);
	struct err err = ERR_INIT;
	struct digest d;
	for (int i = 0; i < 3; i++)
		assert_ok(store_put(s, span_of("twelve bytes"), &d, &err));
	assert_int_equal(store_counters(s).blobs_written, 1);
	assert_int_equal(store_counters(s).bytes_written, 12);
}

static void a_discarded_blob_is_a_miss_and_counted(void **state)
{
	struct store *s = store_of(state);
	struct err err = ERR_INIT;
	struct digest d;
	assert_ok(store_put(s, span_of("x"), &d, &err));
	store_discard(s, &d);
	assert_false(store_has(s, &d));
	assert_int_equal(store_counters(s).corrupt, 1);
	assert_ok(store_put(s, span_of("x"), &d, &err));
	assert_true(store_has(s, &d));
}

static void look_up(struct store *s, enum store_table t, const struct digest *key, const char *expected)
{
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	bool found;
	assert_ok(store_lookup(s, t, key, &out, &found, &err));
	assert_int_equal(found, expected != NULL);
	if (expected)
		assert_true(span_eq_str(buf_span(&out), expected));
	buf_release(&out);
}

static void tables_are_separate_and_a_later_record_replaces(void **state)
{
	struct store *s = store_of(state);
	struct err err = ERR_INIT;
	struct digest key = { { 7 } }, other = { { 8 } };
	assert_ok(store_record(s, STORE_BODIES, &key, span_of("one"), &err));
	look_up(s, STORE_MANIFESTS, &key, NULL);
	assert_ok(store_record(s, STORE_MANIFESTS, &key, span_of("two"), &err));
	assert_ok(store_record(s, STORE_BODIES, &other, span_of(""), &err));
	assert_ok(store_record(s, STORE_BODIES, &key, span_of("three"), &err));
	look_up(s, STORE_BODIES, &key, "three");
	look_up(s, STORE_MANIFESTS, &key, "two");
	look_up(s, STORE_BODIES, &other, "");
	store_discard_record(s, STORE_BODIES, &key);
	look_up(s, STORE_BODIES, &key, NULL);
	look_up(s, STORE_MANIFESTS, &key, "two");
	assert_int_equal(store_counters(s).corrupt, 1);
}

static void a_record_beyond_the_limit_is_refused(void **state)
{
	struct store *s = store_of(state);
	struct err err = ERR_INIT;
	struct digest key = { { 7 } };
	char *big = calloc(1, STORE_RECORD_LIMIT + 1);
	assert_ok(store_record(s, STORE_BODIES, &key, (struct span){ big, STORE_RECORD_LIMIT }, &err));
	assert_fails(store_record(s, STORE_BODIES, &key, (struct span){ big, STORE_RECORD_LIMIT + 1 }, &err),
	             ERR_PROTOCOL, "the limit is 16777216");
	free(big);
}

static void scratch_and_state_directories_exist(void **state)
{
	struct store *s = store_of(state);
	struct err err = ERR_INIT;
	struct digest tree = { { 9 } };
	const char *scratch, *state_dir;
	assert_ok(store_scratch(s, &scratch, &err));
	assert_ok(store_state_dir(s, &tree, &state_dir, &err));
	assert_true(fs_is_dir(scratch));
	assert_true(fs_is_dir(state_dir));
	assert_string_not_equal(scratch, state_dir);
}

static void verify_finds_bad_records_and_counts_blobs(void **state)
{
	struct store *s = store_of(state);
	struct err err = ERR_INIT;
	struct buf report = BUF_INIT, record = BUF_INIT;
	struct digest d, key = { { 0xab } };
	uint64_t blobs, bad;
	assert_ok(store_put(s, span_of("x"), &d, &err));
	assert_ok(store_put(s, span_of("y"), &d, &err));
	record_seal(&record, record_begin(&record, "TEST", 1));
	assert_ok(store_record(s, STORE_BODIES, &key, buf_span(&record), &err));
	assert_ok(store_verify(s, &report, &blobs, &bad, &err));
	assert_int_equal(blobs, 2);
	assert_int_equal(bad, 0);
	assert_int_equal(report.len, 0);
	assert_ok(store_record(s, STORE_MANIFESTS, &key, span_of("not a sealed record"), &err));
	assert_ok(store_verify(s, &report, &blobs, &bad, &err));
	assert_int_equal(bad, 1);
	assert_non_null(strstr(report.data, "manifest ab00"));
	buf_release(&report);
	buf_release(&record);
}

#define OVER(kind, test) { #test " (" #kind ")", test, open_##kind, close_store, NULL }
#define OVER_ALL(test) OVER(memory, test), OVER(local, test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OVER_ALL(what_was_put_is_got_under_its_sha256),
		OVER_ALL(the_empty_blob_is_a_blob),
		OVER_ALL(a_miss_is_an_answer),
		OVER_ALL(a_blob_is_written_once),
		OVER_ALL(a_discarded_blob_is_a_miss_and_counted),
		OVER_ALL(tables_are_separate_and_a_later_record_replaces),
		OVER_ALL(a_record_beyond_the_limit_is_refused),
		OVER_ALL(scratch_and_state_directories_exist),
		OVER_ALL(verify_finds_bad_records_and_counts_blobs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
