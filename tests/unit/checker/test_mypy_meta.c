/* checker/mypy_meta.h: mypy's meta files. Those in here were written by mypy's CacheMeta and CacheMetaEx. */
#include "../../lib/check.h"

#include "base/json.h"
#include "checker/mypy_meta.h"

/* CacheMeta(id="app.b", ..., dependencies=["app.a", "builtins"], suppressed=["nowhere"], everything else filled in) */
static const char full_meta[] =
	"\x00\x0b\x04\x1e\x61\x70\x70\x2e\x62\x04\x46\x2f\x70\x72\x6f\x63\x2f\x73\x65\x6c\x66\x2f\x63\x77\x64\x2f"
	"\x73\x2f\x61\x70\x70\x2f\x62\x2e\x70\x79\x03\x14\x03\xbb\xec\x97\x00\x04\x64\x61\x62\x61\x62\x61\x62\x61"
	"\x62\x61\x62\x61\x62\x61\x62\x61\x62\x61\x62\x61\x62\x61\x62\x61\x62\x61\x62\x61\x62\x61\x62\x61\x62\x61"
	"\x62\x61\x62\x61\x62\x61\x62\x16\x18\x1e\x61\x70\x70\x2e\x61\x24\x62\x75\x69\x6c\x74\x69\x6e\x73\x03\x14"
	"\x16\x16\x22\x6e\x6f\x77\x68\x65\x72\x65\x18\x03\x1a\x16\x16\x34\x69\x6d\x70\x6f\x72\x74\x2d\x6e\x6f\x74"
	"\x2d\x66\x6f\x75\x6e\x64\x03\x81\x0c\x16\x14\x1e\x1c\x2a\x69\x73\x5f\x70\x61\x72\x61\x6c\x6c\x65\x6c\x00"
	"\x3a\x6c\x6f\x63\x61\x6c\x5f\x70\x61\x72\x74\x69\x61\x6c\x5f\x74\x79\x70\x65\x73\x01\x2e\x6f\x74\x68\x65"
	"\x72\x5f\x6f\x70\x74\x69\x6f\x6e\x73\x04\x64\x30\x30\x31\x31\x32\x32\x33\x33\x34\x34\x35\x35\x36\x36\x37"
	"\x37\x38\x38\x39\x39\x61\x61\x62\x62\x63\x63\x64\x64\x65\x65\x66\x66\x30\x30\x31\x31\x32\x32\x33\x33\x24"
	"\x70\x6c\x61\x74\x66\x6f\x72\x6d\x04\x1e\x6c\x69\x6e\x75\x78\x05\x1a\x61\x62\x63\x15\x1a\x1e\x28\x3c\x15"
	"\x1a\x16\x41\x06\x83\xa9\x03\x00\x17\x18\x3c\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
	"\x01\x01\x01\x01\x01\x3c\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02"
	"\x05\x3c\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x05\x3c\x04\x04"
	"\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x1e\x32\x2e\x34\x2e\x31\x01"
	"\x1e\x16\x16\x6b\x14\x1c\x03\x16\x06\x00\x00\x00\x00\x00\x00\x04\x40\x03\x0f\x40\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x01\x18\x18\x04\x16\x61\x02";

/* the same module as a dependent is given it: blank where the header says so */
static const char canonical_meta[] =
	"\x00\x0b\x04\x1e\x61\x70\x70\x2e\x62\x04\x46\x2f\x70\x72\x6f\x63\x2f\x73\x65\x6c\x66\x2f\x63\x77\x64\x2f"
	"\x73\x2f\x61\x70\x70\x2f\x62\x2e\x70\x79\x03\x14\x03\x14\x04\x14\x16\x18\x1e\x61\x70\x70\x2e\x61\x24\x62"
	"\x75\x69\x6c\x74\x69\x6e\x73\x03\x14\x16\x14\x14\x1e\x1c\x2a\x69\x73\x5f\x70\x61\x72\x61\x6c\x6c\x65\x6c"
	"\x00\x3a\x6c\x6f\x63\x61\x6c\x5f\x70\x61\x72\x74\x69\x61\x6c\x5f\x74\x79\x70\x65\x73\x01\x2e\x6f\x74\x68"
	"\x65\x72\x5f\x6f\x70\x74\x69\x6f\x6e\x73\x04\x64\x30\x30\x31\x31\x32\x32\x33\x33\x34\x34\x35\x35\x36\x36"
	"\x37\x37\x38\x38\x39\x39\x61\x61\x62\x62\x63\x63\x64\x64\x65\x65\x66\x66\x30\x30\x31\x31\x32\x32\x33\x33"
	"\x24\x70\x6c\x61\x74\x66\x6f\x72\x6d\x04\x1e\x6c\x69\x6e\x75\x78\x05\x14\x15\x18\x1e\x1e\x15\x18\x16\x16"
	"\x17\x18\x3c\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x3c\x02\x02"
	"\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x05\x3c\x03\x03\x03\x03\x03\x03"
	"\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x05\x14\x04\x1e\x32\x2e\x34\x2e\x31\x00\x02";

/* CacheMetaEx(["typing", "app.c"], ["gone"], two hashes, an error, a note without a path, a note in app.a) */
static const char full_meta_ex[] =
	"\x16\x18\x20\x74\x79\x70\x69\x6e\x67\x1e\x61\x70\x70\x2e\x63\x16\x16\x1c\x67\x6f\x6e\x65\x17\x18\x3c\x05"
	"\x05\x05\x05\x05\x05\x05\x05\x05\x05\x05\x05\x05\x05\x05\x05\x05\x05\x05\x05\x3c\x06\x06\x06\x06\x06\x06"
	"\x06\x06\x06\x06\x06\x06\x06\x06\x06\x06\x06\x06\x06\x06\x14\x1a\x18\x04\x46\x2f\x70\x72\x6f\x63\x2f\x73"
	"\x65\x6c\x66\x2f\x63\x77\x64\x2f\x73\x2f\x61\x70\x70\x2f\x62\x2e\x70\x79\x03\x1a\x03\x14\x03\x1a\x03\x26"
	"\x04\x1e\x65\x72\x72\x6f\x72\x04\x42\x4e\x61\x6d\x65\x20\x22\x78\x22\x20\x69\x73\x20\x6e\x6f\x74\x20\x64"
	"\x65\x66\x69\x6e\x65\x64\x04\x2c\x6e\x61\x6d\x65\x2d\x64\x65\x66\x69\x6e\x65\x64\x18\x02\x03\x12\x03\x12"
	"\x03\x12\x03\x12\x04\x1c\x6e\x6f\x74\x65\x04\x24\x61\x74\x20\x6c\x61\x72\x67\x65\x02\x18\x04\x46\x2f\x70"
	"\x72\x6f\x63\x2f\x73\x65\x6c\x66\x2f\x63\x77\x64\x2f\x73\x2f\x61\x70\x70\x2f\x61\x2e\x70\x79\x03\x03\xc4"
	"\x09\x00\x03\x2c\x03\x0b\xc4\x09\x00\x03\x18\x04\x1c\x6e\x6f\x74\x65\x04\x1e\x68\xc3\xa9\xc3\xa9\x02";

#define SPAN_OF(array) ((struct span){ array, sizeof array - 1 })

static const struct mypy_format format = { 0, 11 };

static void a_meta_file_is_read(void **state)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct mypy_meta m;

	(void)state;
	assert_ok(mypy_meta_read(SPAN_OF(full_meta), "it", &arena, &m, &err));
	assert_int_equal(m.format.cache, 11);
	assert_string_equal(m.id, "app.b");
	assert_string_equal(m.path, "/proc/self/cwd/s/app/b.py");
	assert_string_equal(m.version_id, "2.4.1");
	assert_string_equal(m.dependencies[0], "app.a");
	assert_string_equal(m.dependencies[1], "builtins");
	assert_null(m.dependencies[2]);
	assert_string_equal(m.suppressed[0], "nowhere");
	assert_null(m.suppressed[1]);
	assert_int_equal(m.interface_hash[0], 3);
	assert_true(m.ignore_all);
	assert_int_equal(m.plugin_data.len, 37);
	arena_release(&arena);
}

static void every_truncation_of_a_meta_file_is_refused(void **state)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct mypy_meta m;

	(void)state;
	for (size_t len = 2; len < sizeof full_meta - 1; len++)
		assert_fails(mypy_meta_read((struct span){ full_meta, len }, "b.meta.ff", &arena, &m, &err),
		             ERR_PROTOCOL, "b.meta.ff");
	arena_release(&arena);
}

static void bytes_after_the_end_are_refused(void **state)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct mypy_meta m;

	(void)state;
	assert_fails(mypy_meta_read((struct span){ full_meta, sizeof full_meta }, "it", &arena, &m, &err),
	             ERR_PROTOCOL, "it");
	arena_release(&arena);
}

static void an_unknown_format_is_named(void **state)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct mypy_meta m;
	struct mypy_meta_ex ex;

	(void)state;
	assert_fails(mypy_meta_read((struct span){ "\x00\x0c\x04", 3 }, "it", &arena, &m, &err), ERR_CHECKER, "0.12");
	assert_fails(mypy_meta_ex_read(SPAN_OF(full_meta_ex), (struct mypy_format){ 1, 11 }, "it", &arena, &ex, &err),
	             ERR_CHECKER, "1.11");
	arena_release(&arena);
}

static void a_meta_ex_file_is_read(void **state)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct mypy_meta_ex m;

	(void)state;
	assert_ok(mypy_meta_ex_read(SPAN_OF(full_meta_ex), format, "it", &arena, &m, &err));
	assert_string_equal(m.dependencies[0], "typing");
	assert_string_equal(m.dependencies[1], "app.c");
	assert_null(m.dependencies[2]);
	assert_int_equal(m.errors.count, 3);
	assert_string_equal(m.errors.items[0].path, "/proc/self/cwd/s/app/b.py");
	assert_int_equal(m.errors.items[0].line, 3);
	assert_int_equal(m.errors.items[0].end_column, 9);
	assert_false(m.errors.items[0].is_note);
	assert_string_equal(m.errors.items[0].code, "name-defined");
	assert_null(m.errors.items[1].path);
	assert_int_equal(m.errors.items[1].line, -1);
	assert_true(m.errors.items[1].is_note);
	assert_int_equal(m.errors.items[2].end_line, 70001);
	assert_string_equal(m.errors.items[2].message, "h\xc3\xa9\xc3\xa9");
	assert_null(m.errors.items[2].code);
	arena_release(&arena);
}

static void every_truncation_of_a_meta_ex_file_is_refused(void **state)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct mypy_meta_ex m;

	(void)state;
	for (size_t len = 0; len < sizeof full_meta_ex - 1; len++)
		assert_fails(mypy_meta_ex_read((struct span){ full_meta_ex, len }, format, "it", &arena, &m, &err),
		             ERR_PROTOCOL, "meta_ex");
	arena_release(&arena);
}

static void write_canonical(struct span plugin_data, struct buf *out)
{
	static const unsigned char options[SHA1_SIZE] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
		                                          0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00, 0x11, 0x22, 0x33 };
	unsigned char a[SHA1_SIZE], builtins[SHA1_SIZE], own[SHA1_SIZE];
	const struct mypy_dep_hash deps[] = { { "app.a", a }, { "builtins", builtins } };

	memset(a, 1, sizeof a);
	memset(builtins, 2, sizeof builtins);
	memset(own, 3, sizeof own);
	mypy_meta_write(format, "2.4.1", "app.b", "/proc/self/cwd/s/app/b.py", "linux", options, deps, 2, own,
	                plugin_data, false, out);
}

static void the_canonical_meta_file_is_what_mypy_would_write(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	write_canonical(span_of(""), &out);
	assert_int_equal(out.len, sizeof canonical_meta - 1);
	assert_memory_equal(out.data, canonical_meta, out.len);
	buf_release(&out);
}

static void mypy_before_2_4_has_no_extra_options(void **state)
{
	static const unsigned char hash[SHA1_SIZE];
	struct buf out = BUF_INIT;

	(void)state;
	mypy_meta_write((struct mypy_format){ 0, 10 }, "2.3.0", "a", "/a.py", "linux", hash, NULL, 0, hash, span_of(""),
	                false, &out);
	for (size_t at = 0; at + 11 <= out.len; at++)
		assert_memory_not_equal(out.data + at, "is_parallel", 11);
	buf_release(&out);
}

static void plugin_data_goes_from_file_to_file_as_it_is(void **state)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	struct mypy_meta from, to;

	(void)state;
	assert_ok(mypy_meta_read(SPAN_OF(full_meta), "it", &arena, &from, &err));
	write_canonical(from.plugin_data, &out);
	assert_ok(mypy_meta_read(buf_span(&out), "it", &arena, &to, &err));
	assert_true(span_eq(from.plugin_data, to.plugin_data));
	buf_release(&out);
	arena_release(&arena);
}

static void the_empty_meta_ex_file_has_no_errors_and_no_dependencies(void **state)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct mypy_meta_ex m;

	(void)state;
	assert_ok(mypy_meta_ex_read(mypy_meta_ex_empty(format), format, "it", &arena, &m, &err));
	assert_null(m.dependencies[0]);
	assert_int_equal(m.errors.count, 0);
	arena_release(&arena);
}

static void json_is_written_as_mypy_writes_it(void **state)
{
	static const char text[] = "[null, true, false, -5, 70000, \"\xc3\xa9\", "
	                           "{\"b\": [], \"a\": {\"x\": \"y\"}}, []]";
	static const char expected[] = "\x14\x24\x02\x01\x00\x03\x0a\x03\x03\xc4\x09\x00\x04\x18\xc3\xa9\x1e\x18"
	                               "\x16\x61\x1e"
	                               "\x16\x16\x78\x04\x16\x79\x16\x62\x14\x14\x14\x14";
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	struct js *value;

	(void)state;
	assert_ok(js_parse(span_of(text), "it", &value, &err));
	mypy_json_write(value, &out);
	assert_int_equal(out.len, sizeof expected - 1);
	assert_memory_equal(out.data, expected, out.len);
	js_free(value);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_meta_file_is_read),
		cmocka_unit_test(every_truncation_of_a_meta_file_is_refused),
		cmocka_unit_test(bytes_after_the_end_are_refused),
		cmocka_unit_test(an_unknown_format_is_named),
		cmocka_unit_test(a_meta_ex_file_is_read),
		cmocka_unit_test(every_truncation_of_a_meta_ex_file_is_refused),
		cmocka_unit_test(the_canonical_meta_file_is_what_mypy_would_write),
		cmocka_unit_test(mypy_before_2_4_has_no_extra_options),
		cmocka_unit_test(plugin_data_goes_from_file_to_file_as_it_is),
		cmocka_unit_test(the_empty_meta_ex_file_has_no_errors_and_no_dependencies),
		cmocka_unit_test(json_is_written_as_mypy_writes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
