/* remote/abilities.h: which servers can be used, and what people are told about those that cannot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "remote/abilities.h"

static const struct reapi_capabilities good = {
	.has_versions = true, .low = { 2, 0 }, .high = { 2, 12 }, .has_cache = true, .cache_sha256 = true,
	.update_enabled = true, .executes = true, .execution_sha256 = true,
};

static void versions_overlap_or_the_server_is_named(void **state)
{
	(void)state;
	static const struct { struct reapi_version low, high; int minor; } cases[] = {
		{ { 2, 1 }, { 2, 12 }, 12 }, { { 2, 0 }, { 2, 2 }, 2 },	  { { 2, 3 }, { 2, 12 }, 12 },
		{ { 2, 0 }, { 2, 3 }, 3 },   { { 2, 0 }, { 2, 0 }, 0 },	  { { 2, 0 }, { 3, 1 }, 12 },
		{ { 1, 0 }, { 2, 4 }, 4 },   { { 2, 12 }, { 2, 40 }, 12 }, { { 2, 13 }, { 2, 40 }, -1 },
		{ { 3, 0 }, { 3, 1 }, -1 },  { { 1, 0 }, { 1, 9 }, -1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct reapi_capabilities c = good;
		struct remote_abilities a;
		struct err err = ERR_INIT;
		c.low = cases[i].low;
		c.high = cases[i].high;
		int rc = remote_abilities_judge(&c, REMOTE_NEED_CACHE | REMOTE_NEED_EXECUTION, "grpc://h:1", &a, &err);
		assert_int_equal(rc, cases[i].minor < 0 ? -1 : 0);
		if (rc == 0)
			assert_int_equal(a.version.minor, cases[i].minor);
		else
			assert_non_null(strstr(err.message, "grpc://h:1 speaks versions"));
		err_release(&err);
	}
}

static void a_server_that_tells_no_version_is_taken_for_the_first(void **state)
{
	(void)state;
	struct reapi_capabilities c = good;
	struct remote_abilities a;
	struct err err = ERR_INIT;
	c.has_versions = false;
	assert_int_equal(remote_abilities_judge(&c, REMOTE_NEED_CACHE, "s", &a, &err), 0);
	assert_int_equal(a.version.minor, 0);
}

static void batches_stay_below_what_servers_take(void **state)
{
	(void)state;
	static const uint64_t cases[][2] = { { 0, REMOTE_BATCH_BYTES }, { 1000, 1000 },
					     { 4 * 1024 * 1024, REMOTE_BATCH_BYTES },
					     { UINT64_C(1) << 40, REMOTE_BATCH_BYTES } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct reapi_capabilities c = good;
		struct remote_abilities a;
		struct err err = ERR_INIT;
		c.batch_limit = cases[i][0];
		assert_int_equal(remote_abilities_judge(&c, REMOTE_NEED_CACHE, "s", &a, &err), 0);
		assert_int_equal(a.batch_bytes, cases[i][1]);
		assert_true(a.blob_bytes == UINT64_MAX);
	}
}

static void what_is_missing_is_said_if_it_is_needed(void **state)
{
	(void)state;
	struct reapi_capabilities none = good, no_cache = good, no_hash = good;
	none.executes = false;
	no_cache.has_cache = false;
	no_hash.cache_sha256 = false;
	const struct { struct reapi_capabilities *c; unsigned need; const char *text; } cases[] = {
		{ &none, REMOTE_NEED_CACHE, NULL },	  { &none, REMOTE_NEED_EXECUTION, "does not execute actions" },
		{ &no_cache, REMOTE_NEED_EXECUTION, NULL }, { &no_cache, REMOTE_NEED_CACHE, "is no cache" },
		{ &no_hash, REMOTE_NEED_CACHE, "SHA-256" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct remote_abilities a;
		struct err err = ERR_INIT;
		int rc = remote_abilities_judge(cases[i].c, cases[i].need, "server", &a, &err);
		assert_int_equal(rc, cases[i].text ? -1 : 0);
		if (cases[i].text)
			assert_non_null(strstr(err.message, cases[i].text));
		err_release(&err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_overlap_or_the_server_is_named),
		cmocka_unit_test(a_server_that_tells_no_version_is_taken_for_the_first),
		cmocka_unit_test(batches_stay_below_what_servers_take),
		cmocka_unit_test(what_is_missing_is_said_if_it_is_needed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
