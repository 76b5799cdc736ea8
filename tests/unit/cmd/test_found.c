/* model/findings.h and cmd/found.h: kept findings come back as they were, and anything else is not taken for them. */
#include "../../lib/check.h"

#include "base/hash.h"
#include "cmd/found.h"

static struct diag DIAGS[] = {
	{ NULL, 3, 4, 5, 6, false, "Größe \"\n\x1b\xff", "misc" },
	{ "o.py", -1, -1, -1, -1, true, "", NULL },
};

static struct finding_module MODULES[] = {
	{ .path = "a.py", .real = "/w/a.py", .diags = { DIAGS, 2 } },
	{ .path = "", .diags = { DIAGS, 1 }, .raw = true, .to_stderr = true },
	{ .path = "b.py", .diags = { DIAGS, 0 } },
};

static const struct findings FINDINGS = { .checker = "mypy", .version = "9.8", .warnings = "w\n", .modules = MODULES,
	                                  .count = 3, .sources = 7, .blocked = true };
static const struct display DISPLAY = { .pretty = true, .error_summary = true, .warn_unused_configs = true };

static void they_come_back_as_they_were(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct display display;
	struct findings f;
	found_encode(&DISPLAY, &FINDINGS, &once);
	assert_true(found_decode(buf_span(&once), &arena, &display, &f));
	assert_true(display.pretty && display.error_summary && display.warn_unused_configs);
	assert_false(display.color_output || display.output_json);
	assert_int_equal(f.sources, 7);
	assert_true(f.blocked);
	assert_null(f.failure);
	assert_string_equal(f.modules[0].real, "/w/a.py");
	assert_null(f.modules[1].real);
	assert_true(f.modules[1].raw && f.modules[1].to_stderr);
	assert_true(diag_equal(&f.modules[0].diags.items[0], &DIAGS[0]));
	assert_true(diag_equal(&f.modules[0].diags.items[1], &DIAGS[1]));
	found_encode(&display, &f, &twice);
	assert_true(span_eq(buf_span(&once), buf_span(&twice)));
	buf_release(&once);
	buf_release(&twice);
	arena_release(&arena);
}

/* Does it decode with one byte changed, and the checksum made to fit? */
static bool holds_with(const struct buf *file, size_t at, char byte)
{
	struct arena arena = ARENA_INIT;
	struct display display;
	struct findings f;
	struct buf b = BUF_INIT;
	buf_add(&b, file->data, file->len - 8);
	b.data[at] = byte;
	buf_put_u64(&b, hash_xxh3(buf_span(&b)));
	bool holds = found_decode(buf_span(&b), &arena, &display, &f);
	buf_release(&b);
	arena_release(&arena);
	return holds;
}

static size_t find(const struct buf *file, const char *text)
{
	for (size_t i = 0; i + strlen(text) <= file->len; i++)
		if (memcmp(file->data + i, text, strlen(text)) == 0)
			return i;
	fail_msg("%s is not there", text);
	return 0;
}

static void texts_with_a_nul_byte_are_refused(void **state)
{
	(void)state;
	static const char *const texts[] = { "mypy", "9.8", "w\n", "a.py", "/w/a.py", "misc", "o.py", "\x1b" };
	struct buf file = BUF_INIT;
	found_encode(&DISPLAY, &FINDINGS, &file);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_true(holds_with(&file, find(&file, texts[i]), 'x'));
		assert_false(holds_with(&file, find(&file, texts[i]), 0));
	}
	buf_release(&file);
}

static void no_part_of_a_file_and_no_altered_one_is_taken_for_it(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	struct buf file = BUF_INIT;
	struct display display;
	struct findings f;
	found_encode(&DISPLAY, &FINDINGS, &file);
	for (size_t len = 0; len < file.len; len++)
		assert_false(found_decode((struct span){ file.data, len }, &arena, &display, &f));
	for (size_t i = 0; i < file.len; i++) {
		file.data[i] ^= 1;
		assert_false(found_decode(buf_span(&file), &arena, &display, &f));
		file.data[i] ^= 1;
	}
	assert_false(holds_with(&file, 5 + 3, 1)); /* a flag of `display` that there is not */
	buf_release(&file);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_come_back_as_they_were),
		cmocka_unit_test(texts_with_a_nul_byte_are_refused),
		cmocka_unit_test(no_part_of_a_file_and_no_altered_one_is_taken_for_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
