/* model/diag.h: what is encoded comes back, field by field. */
#include "../../lib/check.h"

#include "model/diag.h"

static struct diag samples[] = {
	{ NULL, 3, 4, 3, 9, false, "Incompatible types", "assignment" },
	{ "/proc/self/cwd/s/a.py", -1, -1, INT32_MIN, INT32_MAX, true, "see there", NULL },
	{ "", 0, 0, 0, 0, false, "", "" },
};

static void diagnostics_come_back_as_they_were(void **state)
{
	(void)state;
	struct diag_list list = { samples, 3 }, back;
	struct arena arena = ARENA_INIT;
	struct buf b = BUF_INIT;
	diag_list_encode(&list, &b);
	struct reader r = reader_of(buf_span(&b));
	assert_true(diag_list_decode(&r, &arena, &back));
	assert_true(reader_done(&r));
	buf_release(&b);
	assert_int_equal(back.count, 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_true(diag_equal(&samples[i], &back.items[i]));
	arena_release(&arena);
}

static void absent_and_empty_strings_are_different(void **state)
{
	(void)state;
	struct diag a = samples[2], b = samples[2];
	assert_true(diag_equal(&a, &b));
	b.code = NULL;
	assert_false(diag_equal(&a, &b));
	assert_false(diag_equal(&b, &a));
	b = a;
	b.path = NULL;
	assert_false(diag_equal(&a, &b));
}

static void every_field_counts_in_a_comparison(void **state)
{
	(void)state;
	for (int field = 0; field < 8; field++) {
		struct diag d = samples[0];
		switch (field) {
		case 0: d.path = "x"; break;
		case 1: d.line++; break;
		case 2: d.column++; break;
		case 3: d.end_line++; break;
		case 4: d.end_column++; break;
		case 5: d.is_note = true; break;
		case 6: d.message = "x"; break;
		case 7: d.code = "x"; break;
		}
		assert_false(diag_equal(&samples[0], &d));
	}
}

static void a_cut_list_and_an_unknown_flag_are_refused(void **state)
{
	(void)state;
	struct diag_list list = { samples, 3 }, back;
	struct arena arena = ARENA_INIT;
	struct buf b = BUF_INIT;
	diag_list_encode(&list, &b);
	for (size_t n = 0; n < b.len; n++) {
		struct reader r = reader_of((struct span){ b.data, n });
		assert_false(diag_list_decode(&r, &arena, &back));
	}
	b.data[4] |= 8;
	struct reader r = reader_of(buf_span(&b));
	assert_false(diag_list_decode(&r, &arena, &back));
	buf_release(&b);
	arena_release(&arena);
}

static struct diag from_json(const char *text, struct arena *arena)
{
	struct err err = ERR_INIT;
	struct js *j;
	assert_ok(js_parse(span_of(text), "a diagnostic", &j, &err));
	struct diag d = diag_decode_js(j, arena);
	js_free(j);
	return d;
}

static void a_diagnostic_in_json_may_lack_anything(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	struct diag whole = { "a.py", 1, 2, 3, 4, true, "text", "code" }, nothing = { "", -1, -1, -1, -1, false, "", NULL };
	struct diag d = from_json("[\"a.py\", 1, 2, 3, 4, \"note\", \"text\", \"code\"]", &arena);
	assert_true(diag_equal(&d, &whole));
	static const char *const empty[] = { "[]", "{}", "[null, \"1\", 2.5, [], {}, 7, null, null]" };
	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
		d = from_json(empty[i], &arena);
		assert_true(diag_equal(&d, &nothing));
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(diagnostics_come_back_as_they_were),
		cmocka_unit_test(absent_and_empty_strings_are_different),
		cmocka_unit_test(every_field_counts_in_a_comparison),
		cmocka_unit_test(a_cut_list_and_an_unknown_flag_are_refused),
		cmocka_unit_test(a_diagnostic_in_json_may_lack_anything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
