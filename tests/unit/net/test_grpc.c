/* net/grpc.h: messages in pieces, and the values of headers. */
#include "../../lib/check.h"

#include "net/grpc.h"
#include "net/h2.h"

/* All messages of `bytes`, fed in pieces of `piece`, each followed by a bar; what stopped it is the answer. */
static enum grpc_piece read_all(struct span bytes, size_t piece, size_t limit, struct buf *out)
{
	struct grpc_reader r = { .limit = limit };
	enum grpc_piece found = GRPC_MORE;
	for (size_t at = 0; at < bytes.len && (found == GRPC_MORE || found == GRPC_MESSAGE); at += piece) {
		struct span part = { bytes.data + at, bytes.len - at < piece ? bytes.len - at : piece }, message;
		do {
			found = grpc_reader_take(&r, &part, &message);
			if (found == GRPC_MESSAGE) {
				buf_add_span(out, message);
				buf_add_char(out, '|');
			}
		} while (found == GRPC_MESSAGE && part.len);
	}
	if (found == GRPC_MORE || found == GRPC_MESSAGE)
		found = grpc_reader_is_inside(&r) ? GRPC_MORE : GRPC_MESSAGE;
	grpc_reader_release(&r);
	return found;
}

static void messages_come_out_whole_however_they_were_cut(void **state)
{
	static const char bytes[] = "\0\0\0\0\3one\0\0\0\0\0\0\0\0\0\5three\0\0\0\0\1x";
	(void)state;
	for (size_t piece = 1; piece <= sizeof bytes - 1; piece++) {
		struct buf out = BUF_INIT;
		assert_int_equal(read_all((struct span){ bytes, sizeof bytes - 1 }, piece, 5, &out), GRPC_MESSAGE);
		assert_string_equal(out.data, "one||three|x|");
		buf_release(&out);
		/* and the last one is not whole */
		assert_int_equal(read_all((struct span){ bytes, sizeof bytes - 2 }, piece, 5, &out), GRPC_MORE);
		assert_string_equal(out.data, "one||three|");
		buf_release(&out);
	}
}

static void a_message_that_is_too_long_or_compressed_is_seen_by_its_first_bytes(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= 5; piece++) {
		struct buf out = BUF_INIT;
		assert_int_equal(read_all((struct span){ "\0\0\0\0\6", 5 }, piece, 5, &out), GRPC_TOO_LONG);
		assert_int_equal(read_all((struct span){ "\0\xff\xff\xff\xff", 5 }, piece, 5, &out), GRPC_TOO_LONG);
		assert_int_equal(read_all((struct span){ "\1\0\0\0\1x", 6 }, piece, 5, &out), GRPC_COMPRESSED);
		assert_int_equal(out.len, 0);
		buf_release(&out);
	}
}

static void a_prefix_is_the_length_with_the_large_end_first(void **state)
{
	unsigned char prefix[GRPC_PREFIX];
	(void)state;
	grpc_prefix(0x01020304, prefix);
	assert_memory_equal(prefix, "\0\1\2\3\4", GRPC_PREFIX);
}

static void timeouts_have_eight_digits_at_most_and_are_rounded_up(void **state)
{
	static const struct { int64_t ns; const char *text; } cases[] = {
		{ -5, "1n" }, { 0, "1n" }, { 1, "1n" }, { 99999998, "99999998n" }, { 1500000001, "1500001u" },
		{ 60 * NS_PER_S, "60000000u" }, { 100 * NS_PER_S, "100000m" }, { 100 * NS_PER_S + 1, "100001m" },
		{ INT64_MAX, "2562048H" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[16];
		grpc_timeout(cases[i].ns, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void texts_are_decoded_bounded_and_printable(void **state)
{
	static const struct { const char *value, *text; } cases[] = {
		{ "", "" },
		{ "not%20found%21", "not found!" },
		{ "%", "%" }, { "%2", "%2" }, { "%zz", "%zz" }, { "100%", "100%" },
		{ "%C3%A4\xc3\xa4", "\xc3\xa4\xc3\xa4" },
		{ "a%0Ab%09c", "a b c" },
		{ "%1B[31m%7F", "?[31m?" },
		{ "%C0%AF%ED%A0%80%F5%80%80%80%FF%C3", "???????????" },
		{ "%F0%9F%90%8D", "\xf0\x9f\x90\x8d" },
		{ "%C2%9B", "??" }, /* a control character in two bytes */
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf out = BUF_INIT;
		buf_add_str(&out, "");
		grpc_message_decode(span_of(cases[i].value), &out);
		assert_string_equal(out.data, cases[i].text);
		buf_release(&out);
	}
	char text[8000];
	struct buf out = BUF_INIT;
	memset(text, 'x', sizeof text);
	grpc_message_decode((struct span){ text, sizeof text }, &out);
	assert_int_equal(out.len, GRPC_TEXT_LIMIT);
	buf_release(&out);
}

static void statuses_of_every_kind_are_mapped(void **state)
{
	(void)state;
	assert_int_equal(grpc_status_parse(span_of("0")), RPC_OK);
	assert_int_equal(grpc_status_parse(span_of("16")), RPC_UNAUTHENTICATED);
	static const char *const bad[] = { "", "17", "-1", "1x", "001", " 1", "99999999999" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(grpc_status_parse(span_of(bad[i])), RPC_UNKNOWN);
	assert_int_equal(grpc_status_of_http(503), RPC_UNAVAILABLE);
	assert_int_equal(grpc_status_of_http(200), RPC_UNKNOWN);
	assert_int_equal(grpc_status_of_reset(H2_REFUSED_STREAM), RPC_UNAVAILABLE);
	assert_int_equal(grpc_status_of_reset(12345), RPC_INTERNAL);
	assert_string_equal(rpc_status_name(RPC_DATA_LOSS), "DATA_LOSS");
	assert_string_equal(rpc_status_name((enum rpc_status)99), "UNKNOWN");
}

static void base64_has_no_padding(void **state)
{
	static const struct { const char *bytes, *text; } cases[] = {
		{ "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg" }, { "\xff\xfe", "//4" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf out = BUF_INIT;
		buf_add_str(&out, "");
		grpc_base64(span_of(cases[i].bytes), &out);
		assert_string_equal(out.data, cases[i].text);
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_out_whole_however_they_were_cut),
		cmocka_unit_test(a_message_that_is_too_long_or_compressed_is_seen_by_its_first_bytes),
		cmocka_unit_test(a_prefix_is_the_length_with_the_large_end_first),
		cmocka_unit_test(timeouts_have_eight_digits_at_most_and_are_rounded_up),
		cmocka_unit_test(texts_are_decoded_bounded_and_printable),
		cmocka_unit_test(statuses_of_every_kind_are_mapped),
		cmocka_unit_test(base64_has_no_padding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
