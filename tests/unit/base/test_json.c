/* base/json.h: canonical writing, bounded reading, getters that fall back. */
#include "../../lib/check.h"

#include "base/json.h"

static char *written(const char *text, int indent)
{
	struct err err = ERR_INIT;
	struct js *j = NULL;
	assert_ok(js_parse(span_of(text), "test", &j, &err));
	struct buf out = BUF_INIT;
	js_write(j, indent, &out);
	js_free(j);
	return buf_detach(&out);
}

static void writing_is_canonical(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ " { \"b\" : 1 , \"a\" : [ true , null , -3 ] } ", "{\"a\":[true,null,-3],\"b\":1}" },
		{ "{\"a\":{\"z\":1,\"y\":{}}}", "{\"a\":{\"y\":{},\"z\":1}}" },
		{ "[\"\\u00e9\\n\\\"\"]", "[\"\xc3\xa9\\n\\\"\"]" },
		{ "[9223372036854775807]", "[9223372036854775807]" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text = written(rows[i][0], 0);
		assert_string_equal(text, rows[i][1]);
		char *again = written(text, 0);
		assert_string_equal(again, text);
		free(again);
		free(text);
	}
}

static void indented_text_is_sorted_too(void **state)
{
	(void)state;
	char *text = written("{\"b\":1,\"a\":2}", 2);
	assert_true(strstr(text, "\"a\"") < strstr(text, "\"b\""));
	assert_non_null(strchr(text, '\n'));
	free(text);
}

static void what_is_not_json_is_refused_by_name(void **state)
{
	(void)state;
	static const char *const rows[] = { "",           "{",           "{\"a\":1,\"a\":2}", "[1,]", "nul",
					    "[\"\\u0000\"]", "[1] trailing", "[\"\xff\"]" };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err = ERR_INIT;
		struct js *j = NULL;
		assert_fails(js_parse(span_of(rows[i]), "the plan", &j, &err), ERR_PROTOCOL, "the plan");
	}
}

static void nesting_is_bounded(void **state)
{
	(void)state;
	struct buf deep = BUF_INIT;
	for (int i = 0; i < 100000; i++)
		buf_add_char(&deep, '[');
	struct err err = ERR_INIT;
	struct js *j = NULL;
	assert_fails(js_parse(buf_span(&deep), "deep", &j, &err), ERR_PROTOCOL, "deep");
	buf_release(&deep);
}

static void getters_fall_back_on_another_type_and_on_null(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct js *j = NULL;
	assert_ok(js_parse(span_of("{\"s\":\"x\",\"i\":3,\"b\":true,\"n\":null,\"l\":[1,2]}"), "test", &j, &err));
	assert_string_equal(js_get_string(j, "s", "-"), "x");
	assert_string_equal(js_get_string(j, "i", "-"), "-");
	assert_int_equal(js_get_int(j, "i", 7), 3);
	assert_int_equal(js_get_int(j, "absent", 7), 7);
	assert_true(js_get_bool(j, "b", false));
	assert_false(js_get_bool(j, "s", false));
	assert_true(js_is_null(js_get(j, "n")));
	assert_false(js_is_null(js_get(j, "absent")));
	assert_int_equal(js_len(js_get(j, "l")), 2);
	assert_int_equal(js_int(js_at(js_get(j, "l"), 1), 0), 2);
	assert_null(js_at(js_get(j, "l"), 2));
	assert_null(js_get(NULL, "x"));
	assert_int_equal(js_len(NULL), 0);
	js_free(j);
}

static void documents_are_made_copied_and_compared(void **state)
{
	(void)state;
	struct js *o = js_new_object(), *list = js_new_array();
	js_append(list, js_new_string_n((struct span){ "abc", 2 }));
	js_append(list, js_new_int(-1));
	js_set(o, "list", list);
	js_set_string(o, "name", "n");
	js_set_bool(o, "yes", true);
	js_set_int(o, "count", 2);
	js_set(o, "none", js_new_null());
	struct js *copy = js_copy(o);
	assert_true(js_equal(o, copy));
	js_set_int(copy, "count", 3);
	assert_false(js_equal(o, copy));
	struct buf out = BUF_INIT;
	js_write(o, 0, &out);
	assert_string_equal(out.data, "{\"count\":2,\"list\":[\"ab\",-1],\"name\":\"n\",\"none\":null,\"yes\":true}");
	buf_release(&out);
	js_free(copy);
	js_free(o);
}

static void members_come_in_the_order_of_the_document(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct js *j = NULL;
	assert_ok(js_parse(span_of("{\"b\":1,\"a\":2,\"c\":3}"), "test", &j, &err));
	struct buf keys = BUF_INIT;
	void *it = NULL;
	const char *key;
	const struct js *value;
	while (js_next(j, &it, &key, &value))
		buf_addf(&keys, "%s%d", key, (int)js_int(value, 0));
	assert_string_equal(keys.data, "b1a2c3");
	buf_release(&keys);
	js_free(j);
}

static void invalid_utf8_becomes_a_replacement_character(void **state)
{
	(void)state;
	struct js *j = js_new_string("a\xff"
				     "b");
	assert_string_equal(js_string(j, ""), "a\xef\xbf\xbd"
					      "b");
	js_free(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writing_is_canonical),
		cmocka_unit_test(indented_text_is_sorted_too),
		cmocka_unit_test(what_is_not_json_is_refused_by_name),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(getters_fall_back_on_another_type_and_on_null),
		cmocka_unit_test(documents_are_made_copied_and_compared),
		cmocka_unit_test(members_come_in_the_order_of_the_document),
		cmocka_unit_test(invalid_utf8_becomes_a_replacement_character),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
