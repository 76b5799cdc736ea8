/* net/credential_helper.h: what a helper says, decoded. */
#include "../../lib/check.h"

#include "net/credential_helper.h"

static struct arena arena;
static struct credential_list list;
static int64_t expires;

static int parse(const char *output, struct err *err)
{
	list.count = 0;
	return credential_helper_parse(span_of(output), &arena, &list, &expires, err);
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	arena = (struct arena)ARENA_INIT;
	return 0;
}

static void headers_come_in_lists_and_names_in_lower_case(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	assert_ok(parse("{\"headers\":{\"Authorization\":[\"Bearer x\"],\"X-Two\":[\"a\",\" b \"],\"one\":\"c\"},"
			"\"more\":1}", &err));
	assert_int_equal(list.count, 4);
	assert_string_equal(list.items[0].name, "authorization");
	assert_string_equal(list.items[0].value, "Bearer x");
	assert_string_equal(list.items[1].name, "x-two");
	assert_string_equal(list.items[2].value, "b");
	assert_string_equal(list.items[3].value, "c");
	assert_int_equal(expires, INT64_MAX);
	assert_ok(parse("{}", &err));
	assert_int_equal(list.count, 0);
	assert_ok(parse("{\"headers\":{},\"expires\":null}", &err));
}

static void times_are_those_of_rfc_3339(void **state)
{
	static const struct { const char *text; int64_t seconds; } cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2025-01-02T03:04:05Z", 1735787045 },
		{ "2025-01-02t03:04:05.999999z", 1735787045 },
		{ "2025-01-02 03:04:05+01:30", 1735787045 - 5400 },
		{ "2025-01-02T03:04:05-00:15", 1735787045 + 900 },
		{ "2024-02-29T23:59:60Z", 1709251200 },
	};
	static const char *const bad[] = {
		"", "tomorrow", "2025-01-02", "2025-01-02T03:04:05", "2025-13-02T03:04:05Z", "2025-01-02T24:04:05Z",
		"2025-01-02T03:04:05Zx", "2025-01-02T03:04:05+1:30", "2025-01-02T03:04:05+25:00", "99999-01-02T03:04:05Z",
		"1969-01-02T03:04:05Z", "2025-01-02T03:04:5Z", "2025-00-02T03:04:05Z", "2025-01-00T03:04:05Z",
	};
	struct err err = ERR_INIT;
	char text[100];
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(text, sizeof text, "{\"expires\":\"%s\"}", cases[i].text);
		assert_ok(parse(text, &err));
		assert_int_equal(expires, cases[i].seconds * NS_PER_S);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(text, sizeof text, "{\"expires\":\"%s\"}", bad[i]);
		assert_fails(parse(text, &err), ERR_PROTOCOL, "no time");
	}
}

static void what_cannot_be_sent_is_refused_without_its_value(void **state)
{
	static const struct { const char *output, *text; } cases[] = {
		{ "s3cret", "not JSON" },
		{ "[\"s3cret\"]", "not an object" },
		{ "{\"headers\":[\"s3cret\"]}", "not an object with headers" },
		{ "{\"headers\":{\"a\":{\"s3cret\":1}}}", "list of strings" },
		{ "{\"headers\":{\"a\":[7,\"s3cret\"]}}", "list of strings" },
		{ "{\"headers\":{\"\":[\"s3cret\"]}}", "name that no header" },
		{ "{\"headers\":{\":path\":[\"s3cret\"]}}", "name that no header" },
		{ "{\"headers\":{\"a\\nb\":[\"s3cret\"]}}", "name that no header" },
		{ "{\"headers\":{\"Content-Length\":[\"s3cret\"]}}", "'content-length' cannot be given" },
		{ "{\"headers\":{\"grpc-status\":[\"s3cret\"]}}", "cannot be given" },
		{ "{\"headers\":{\"a\":[\"s3cret\\r\\nb: c\"]}}", "value of the header 'a'" },
		{ "{\"headers\":{\"a\":[\"s3cret\\u00e4\"]}}", "value of the header 'a'" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err err = ERR_INIT;
		assert_int_equal(parse(cases[i].output, &err), -1);
		assert_int_equal(err.kind, ERR_PROTOCOL);
		assert_non_null(strstr(err.message, cases[i].text));
		assert_null(strstr(err.message, "s3cret"));
		err_release(&err);
	}
}

static void there_are_at_most_so_many_headers_and_bytes(void **state)
{
	struct buf output = BUF_INIT;
	struct err err = ERR_INIT;
	(void)state;
	for (int round = 0; round < 2; round++) {
		buf_reset(&output);
		buf_add_str(&output, "{\"headers\":{\"a\":[");
		for (int i = 0; i < CREDENTIALS_MOST_HEADERS + round; i++)
			buf_addf(&output, "%s\"v\"", i ? "," : "");
		buf_add_str(&output, "]}}");
		if (round == 0)
			assert_ok(parse(output.data, &err));
		else
			assert_fails(parse(output.data, &err), ERR_PROTOCOL, "too many headers");
	}
	buf_reset(&output);
	buf_add_str(&output, "{\"headers\":{\"a\":[\"");
	for (int i = 0; i < 20000; i++)
		buf_add_char(&output, 'x');
	buf_add_str(&output, "\"]}}");
	assert_fails(parse(output.data, &err), ERR_PROTOCOL, "too long");
	buf_release(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(headers_come_in_lists_and_names_in_lower_case, tear_down),
		cmocka_unit_test_teardown(times_are_those_of_rfc_3339, tear_down),
		cmocka_unit_test_teardown(what_cannot_be_sent_is_refused_without_its_value, tear_down),
		cmocka_unit_test_teardown(there_are_at_most_so_many_headers_and_bytes, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
