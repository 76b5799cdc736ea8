/* base/hash.h: published test vectors, and fields that cannot run into each other. */
#include "../../lib/check.h"

#include "base/hash.h"

static void sha256_gives_the_published_digests(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct digest d;
		char hex[DIGEST_HEX_SIZE + 1];
		hash_sha256(span_of(rows[i][0]), &d);
		digest_hex(&d, hex);
		assert_string_equal(hex, rows[i][1]);
	}
}

static void sha1_gives_the_published_digest(void **state)
{
	(void)state;
	unsigned char bytes[SHA1_SIZE];
	hash_sha1(span_of("abc"), bytes);
	struct buf hex = BUF_INIT;
	hex_encode(&hex, bytes, sizeof bytes);
	assert_string_equal(hex.data, "a9993e364706816aba3e25717850c26c9cd0d89d");
	buf_release(&hex);
}

static void xxh3_gives_the_published_value(void **state)
{
	(void)state;
	assert_true(hash_xxh3(span_of("")) == 0x2d06800538d394c2u);
}

static void raw_pieces_hash_like_the_whole(void **state)
{
	(void)state;
	struct digest whole, pieces;
	hash_sha256(span_of("abc"), &whole);
	struct hasher *h = hasher_new();
	hasher_add(h, span_of("a"));
	hasher_add(h, span_of("bc"));
	hasher_finish(h, &pieces);
	assert_true(digest_eq(&whole, &pieces));
}

static void digest_of_fields(struct digest *ret, const char *tag1, const char *value1, const char *tag2,
			     const char *value2)
{
	struct hasher *h = hasher_new();
	hasher_field_str(h, tag1, value1);
	if (tag2)
		hasher_field_str(h, tag2, value2);
	hasher_finish(h, ret);
}

static void fields_do_not_run_into_each_other(void **state)
{
	(void)state;
	struct digest d[5];
	digest_of_fields(&d[0], "arg", "-I", "arg", "-O2");
	digest_of_fields(&d[1], "arg", "-I-O2", NULL, NULL);
	digest_of_fields(&d[2], "arg", "-I-", "arg", "O2");
	digest_of_fields(&d[3], "ar", "g-I", "arg", "-O2");
	digest_of_fields(&d[4], "arg", "-I-O2", "arg", "");
	for (int i = 0; i < 5; i++)
		for (int j = 0; j < i; j++)
			assert_false(digest_eq(&d[i], &d[j]));
}

static void a_digest_survives_its_hexadecimal_form(void **state)
{
	(void)state;
	struct digest d, again;
	char hex[DIGEST_HEX_SIZE + 1];
	hash_sha256(span_of("x"), &d);
	digest_hex(&d, hex);
	assert_true(digest_from_hex(&again, span_of(hex)));
	assert_int_equal(digest_cmp(&d, &again), 0);
	assert_false(digest_is_zero(&d));
}

static void bad_hexadecimal_is_refused(void **state)
{
	(void)state;
	struct digest d;
	char hex[DIGEST_HEX_SIZE + 2];
	memset(hex, 'a', sizeof hex);
	hex[DIGEST_HEX_SIZE + 1] = '\0';
	assert_false(digest_from_hex(&d, span_of(hex)));
	hex[DIGEST_HEX_SIZE] = '\0';
	assert_true(digest_from_hex(&d, span_of(hex)));
	hex[10] = 'A';
	assert_false(digest_from_hex(&d, span_of(hex)));
	hex[10] = 'g';
	assert_false(digest_from_hex(&d, span_of(hex)));
	assert_false(digest_from_hex(&d, span_of("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_the_published_digests),
		cmocka_unit_test(sha1_gives_the_published_digest),
		cmocka_unit_test(xxh3_gives_the_published_value),
		cmocka_unit_test(raw_pieces_hash_like_the_whole),
		cmocka_unit_test(fields_do_not_run_into_each_other),
		cmocka_unit_test(a_digest_survives_its_hexadecimal_form),
		cmocka_unit_test(bad_hexadecimal_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
