/* net/address.h: what an address is, and that no secret comes out of one. */
#include "../../lib/check.h"

#include "net/address.h"

static struct arena arena;

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	arena = (struct arena)ARENA_INIT;
	return 0;
}

/* It is read, and printed as `printed`, which reads back as the same. */
static void expect(const char *url, const char *printed, const char *authority, const char *rest)
{
	struct err err = ERR_INIT;
	struct address address, again;
	struct buf out = BUF_INIT;
	assert_ok(address_parse(url, &arena, &address, &err));
	address_print(&address, &out);
	assert_string_equal(out.data, printed);
	assert_ok(address_parse(out.data, &arena, &again, &err));
	assert_int_equal(again.scheme, address.scheme);
	assert_string_equal(again.host, address.host);
	assert_int_equal(again.port, address.port);
	assert_string_equal(again.rest, address.rest);
	buf_reset(&out);
	address_print_authority(&address, &out);
	assert_string_equal(out.data, authority);
	assert_string_equal(address.rest, rest);
	buf_release(&out);
}

static void addresses_are_read_and_printed(void **state)
{
	(void)state;
	expect("grpc://cache:8980", "grpc://cache:8980", "cache:8980", "");
	expect("grpc://cache", "grpc://cache:80", "cache", "");
	expect("grpcs://Cache.Example/", "grpcs://cache.example:443", "cache.example", "");
	expect("GRPC://10.0.0.1:1/main", "grpc://10.0.0.1:1/main", "10.0.0.1:1", "main");
	expect("grpc://c/a/b%20c%25/", "grpc://c:80/a/b%20c%25", "c", "a/b c%");
	expect("grpc://c/%2Fa%2F/", "grpc://c:80/a", "c", "a");
	expect("http://c:80/prefix//", "http://c:80/prefix", "c", "prefix");
	expect("https://c/a%20b", "https://c:443/a%20b", "c", "a%20b");
	expect("https://_srv.c-d:65535", "https://_srv.c-d:65535", "_srv.c-d:65535", "");
}

static void ipv6_addresses_stand_in_brackets(void **state)
{
	struct err err = ERR_INIT;
	struct address address;
	(void)state;
	expect("grpc://[::1]:8980/main", "grpc://[::1]:8980/main", "[::1]:8980", "main");
	expect("https://[2001:DB8::2]", "https://[2001:db8::2]:443", "[2001:db8::2]", "");
	assert_ok(address_parse("grpc://[::1]:8980", &arena, &address, &err));
	assert_string_equal(address.host, "::1");
	assert_true(address.numeric_v6);
}

static void what_is_no_address_is_told(void **state)
{
	static const struct { const char *url, *text; } cases[] = {
		{ "", "does not begin with a scheme" },
		{ "cache:8980", "does not begin with a scheme" },
		{ "unix:///run/cache", "write grpc://HOST:PORT" },
		{ "grpcx://c", "does not begin with a scheme" },
		{ "://c", "does not begin with a scheme" },
		{ "grpc://", "no host name" },
		{ "grpc://:80", "no host name" },
		{ "grpc://c:", "no port number" },
		{ "grpc://c:0", "no port number" },
		{ "grpc://c:65536", "no port number" },
		{ "grpc://c:8x", "no port number" },
		{ "grpc://c:000000080", "no port number" },
		{ "grpc://::1:80", "no host name" },
		{ "grpc://[::1", "without a ']'" },
		{ "grpc://[::1]80", "no port number" },
		{ "grpc://[1.2.3.4]", "no IPv6 address" },
		{ "grpc://[]", "no IPv6 address" },
		{ "grpc://a b", "no host name" },
		{ "grpc://-a", "no host name" },
		{ "grpc://c/a b", "characters after its host" },
		{ "grpc://c/%zz", "characters after its host" },
		{ "grpc://c/%4", "characters after its host" },
		{ "grpc://c/%00", "characters after its host" },
		{ "grpc://c/\x1b", "characters after its host" },
		{ "grpc://c/<x>", "characters after its host" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err err = ERR_INIT;
		struct address address;
		assert_fails(address_parse(cases[i].url, &arena, &address, &err), ERR_USAGE, cases[i].text);
	}
}

static void secrets_are_refused_and_not_repeated(void **state)
{
	static const char *const urls[] = {
		"grpc://user:s3cret@c:80/x", "grpcs://s3cret@c", "http://c/x?token=s3cret", "http://c#s3cret",
		"ftp://user:s3cret@c", "grpc://user:s3cret@c:99999", "grpc://u@s3cret@c", "user:s3cret@c", "grpc://c/@s3cret",
		"ftp://c?s3cret@x",
	};
	(void)state;
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		struct err err = ERR_INIT;
		struct address address;
		assert_int_equal(address_parse(urls[i], &arena, &address, &err), -1);
		if (!strstr(urls[i], "/@s3cret"))
			assert_null(strstr(err.message, "s3cret"));
		err_release(&err);
	}
}

static void an_endless_address_is_refused(void **state)
{
	struct err err = ERR_INIT;
	struct address address;
	char url[4000] = "grpc://";
	(void)state;
	memset(url + 7, 'a', sizeof url - 8);
	assert_fails(address_parse(url, &arena, &address, &err), ERR_USAGE, "longer than");
	url[1000] = '\0';
	url[8] = '/';
	assert_fails(address_parse(url, &arena, &address, &err), ERR_USAGE, "more than 500 characters after");
	url[8] = 'a';
	url[7 + 254] = '\0';
	assert_fails(address_parse(url, &arena, &address, &err), ERR_USAGE, "no host name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(addresses_are_read_and_printed, tear_down),
		cmocka_unit_test_teardown(ipv6_addresses_stand_in_brackets, tear_down),
		cmocka_unit_test_teardown(what_is_no_address_is_told, tear_down),
		cmocka_unit_test_teardown(secrets_are_refused_and_not_repeated, tear_down),
		cmocka_unit_test_teardown(an_endless_address_is_refused, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
