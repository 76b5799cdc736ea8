/* merge/digest_map.h: what a merge says is a function of the set of claims, but for `first`. */
#include "../../lib/check.h"

#include "merge/digest_map.h"
#include "sys/fs.h"
#include "sys/path.h"

static struct digest digest_of(unsigned char first, unsigned char last)
{
	return (struct digest){ .bytes = { [0] = first, [DIGEST_SIZE - 1] = last } };
}

/* In these tests the last byte of a digest is what is harmless. */
static bool harmless(void *ctx, const char *path, const struct digest *a, const struct digest *b)
{
	(void)ctx;
	(void)path;
	return memcmp(a->bytes, b->bytes, DIGEST_SIZE - 1) == 0;
}

static const struct merge_rule rules[] = {
	[CONFLICT_FAIL] = { CONFLICT_FAIL, NULL, NULL },
	[CONFLICT_HARMLESS] = { CONFLICT_HARMLESS, harmless, NULL },
	[CONFLICT_FIRST] = { CONFLICT_FIRST, NULL, NULL },
};

static void add(struct digest_map *m, const char *path, struct digest d, const char *producer,
                enum conflict_policy policy)
{
	struct digest_entry e = { .path = path, .digest = d, .producer = producer };
	digest_map_add(m, &e, &rules[policy]);
}

static void equal_duplicates_collapse(void **state)
{
	(void)state;
	struct digest_map m;
	digest_map_init(&m);
	add(&m, "b", digest_of(2, 0), "unit 2", CONFLICT_FAIL);
	add(&m, "a", digest_of(1, 0), "unit 2", CONFLICT_FAIL);
	add(&m, "a", digest_of(1, 0), "unit 1", CONFLICT_FAIL);
	digest_map_sort(&m);
	assert_int_equal(m.count, 2);
	assert_int_equal(m.conflict_count, 0);
	assert_int_equal(m.tolerated, 0);
	assert_string_equal(m.entries[0].path, "a");
	assert_string_equal(m.entries[0].producer, "unit 1");
	add(&m, "b", digest_of(2, 0), "unit 3", CONFLICT_FAIL); /* sorting leaves it usable */
	assert_int_equal(m.count, 2);
	digest_map_release(&m);
}

static void a_conflict_names_both_producers(void **state)
{
	(void)state;
	struct digest_map m;
	digest_map_init(&m);
	add(&m, "a", digest_of(2, 0), "late", CONFLICT_FAIL);
	add(&m, "a", digest_of(1, 0), "early", CONFLICT_FAIL);
	assert_int_equal(m.conflict_count, 1);
	assert_string_equal(m.conflicts[0].a.producer, "early");
	assert_string_equal(m.conflicts[0].b.producer, "late");
	assert_string_equal(m.conflicts[0].a.path, "a");
	add(&m, "a", digest_of(2, 0), "late", CONFLICT_FAIL);
	assert_int_equal(m.conflict_count, 1);
	add(&m, "a", digest_of(2, 0), "a second one", CONFLICT_FAIL);
	assert_int_equal(m.conflict_count, 1);
	assert_string_equal(m.conflicts[0].b.producer, "a second one");
	add(&m, "a", digest_of(0, 1), "third", CONFLICT_FAIL);
	digest_map_sort(&m);
	assert_int_equal(m.conflict_count, 2);
	assert_string_equal(m.conflicts[0].a.producer, "third");
	assert_string_equal(m.conflicts[1].a.producer, "third");
	assert_string_equal(m.conflicts[0].b.producer, "early");
	digest_map_release(&m);
}

static void harmless_accepts_equal_canonical_forms_only(void **state)
{
	(void)state;
	struct digest_map m;
	digest_map_init(&m);
	add(&m, "a", digest_of(1, 7), "x", CONFLICT_HARMLESS);
	add(&m, "a", digest_of(1, 3), "y", CONFLICT_HARMLESS);
	assert_int_equal(m.conflict_count, 0);
	assert_int_equal(m.tolerated, 1);
	assert_string_equal(m.entries[0].producer, "y");
	add(&m, "a", digest_of(1, 7), "x", CONFLICT_HARMLESS);
	assert_int_equal(m.tolerated, 1);
	add(&m, "a", digest_of(0, 9), "z", CONFLICT_HARMLESS); /* now both others differ from the one that stands */
	assert_int_equal(m.conflict_count, 2);
	assert_int_equal(m.tolerated, 0);
	digest_map_release(&m);
}

static void first_keeps_the_first_and_counts(void **state)
{
	(void)state;
	struct digest_map m;
	struct digest first = digest_of(5, 0);
	digest_map_init(&m);
	add(&m, "a", first, "p", CONFLICT_FIRST);
	add(&m, "a", digest_of(1, 0), "q", CONFLICT_FIRST);
	add(&m, "a", digest_of(9, 0), "r", CONFLICT_FIRST);
	add(&m, "a", first, "a", CONFLICT_FIRST);
	assert_int_equal(m.conflict_count, 0);
	assert_int_equal(m.tolerated, 2);
	assert_true(digest_eq(&m.entries[0].digest, &first));
	assert_string_equal(m.entries[0].producer, "p");
	digest_map_release(&m);
}

/* xorshift64: the same on every machine, from a seed that a failure prints. */
struct random {
	uint64_t state;
};

static uint32_t draw(struct random *r, uint32_t below)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return (uint32_t)(r->state >> 11) % below;
}

/* Few paths, digests and producers, so that all kinds of meeting happen. */
static void add_random(struct digest_map *m, struct random *r, enum conflict_policy policy)
{
	static const char *const paths[] = { "a", "b", "c/d" }, *const producers[] = { "p", "q", "r", "s" };
	for (uint32_t n = draw(r, 8); n > 0; n--)
		add(m, paths[draw(r, 3)], digest_of((unsigned char)draw(r, 3), (unsigned char)draw(r, 3)),
		    producers[draw(r, 4)], policy);
}

static void describe_entry(const struct digest_entry *e, struct buf *out)
{
	buf_addf(out, " %s=%d.%d(%s)", e->path, e->digest.bytes[0], e->digest.bytes[DIGEST_SIZE - 1], e->producer);
}

/* All that a map says, as text. */
static void describe(struct digest_map *m, struct buf *out)
{
	digest_map_sort(m);
	buf_reset(out);
	for (uint32_t i = 0; i < m->count; i++)
		describe_entry(&m->entries[i], out);
	for (uint32_t i = 0; i < m->conflict_count; i++) {
		buf_add_str(out, "\n conflict");
		describe_entry(&m->conflicts[i].a, out);
		describe_entry(&m->conflicts[i].b, out);
	}
	buf_addf(out, "\n tolerated %u", m->tolerated);
}

static void assert_same(struct digest_map *x, struct digest_map *y, const char *law, uint64_t seed)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	describe(x, &a);
	describe(y, &b);
	if (!span_eq(buf_span(&a), buf_span(&b)))
		fail_msg("%s does not hold for seed %llu:\n%s\nis not\n%s", law, (unsigned long long)seed, a.data, b.data);
	buf_release(&a);
	buf_release(&b);
}

/* (x + y) + z, or x + (y + z) */
static void merge_three(struct digest_map *ret, struct digest_map *const maps[3], bool right_first,
                        enum conflict_policy policy)
{
	struct digest_map inner;
	digest_map_init(ret);
	digest_map_init(&inner);
	if (right_first) {
		digest_map_merge(&inner, maps[1], &rules[policy]);
		digest_map_merge(&inner, maps[2], &rules[policy]);
		digest_map_merge(ret, maps[0], &rules[policy]);
		digest_map_merge(ret, &inner, &rules[policy]);
	} else {
		for (int i = 0; i < 3; i++)
			digest_map_merge(ret, maps[i], &rules[policy]);
	}
	digest_map_release(&inner);
}

static void check_laws(uint64_t seed, enum conflict_policy policy)
{
	struct random r = { seed * 0x9e3779b97f4a7c15u + 1 };
	struct digest_map x, y, z, left, right;
	digest_map_init(&x);
	digest_map_init(&y);
	digest_map_init(&z);
	add_random(&x, &r, policy);
	add_random(&y, &r, policy);
	add_random(&z, &r, policy);

	merge_three(&left, (struct digest_map *const[3]){ &x, &y, &z }, false, policy);
	merge_three(&right, (struct digest_map *const[3]){ &x, &y, &z }, true, policy);
	assert_same(&left, &right, "associativity", seed);
	digest_map_release(&right);
	if (policy != CONFLICT_FIRST) {
		merge_three(&right, (struct digest_map *const[3]){ &z, &x, &y }, true, policy);
		assert_same(&left, &right, "commutativity", seed);
		digest_map_merge(&right, &left, &rules[policy]);
		digest_map_merge(&right, &y, &rules[policy]);
		digest_map_merge(&right, &right, &rules[policy]);
		assert_same(&left, &right, "idempotence", seed);
		digest_map_release(&right);
	}
	digest_map_release(&left);
	digest_map_release(&x);
	digest_map_release(&y);
	digest_map_release(&z);
}

static void merging_is_commutative_associative_and_idempotent(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5000; seed++) {
		check_laws(seed, CONFLICT_FAIL);
		check_laws(seed, CONFLICT_HARMLESS);
		check_laws(seed, CONFLICT_FIRST);
	}
}

static const char hex_a[] = "00000000000000000000000000000000000000000000000000000000000000aa";

static void a_document_round_trips(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct digest_map m;
	struct js *doc, *again;
	char text[512];
	digest_map_init(&m);
	snprintf(text, sizeof text, "{\"outputs\":{\"a/b.data.ff\":\"%s\",\"c\":\"%s\"},\"version\":1}", hex_a, hex_a);
	assert_ok(js_parse(span_of(text), "test", &doc, &err));
	assert_ok(digest_map_decode(&m, doc, "shard 1", &rules[CONFLICT_FAIL], &err));
	assert_int_equal(m.count, 2);
	again = digest_map_encode(&m);
	assert_true(js_equal(doc, again));
	js_free(doc);
	js_free(again);
	digest_map_release(&m);
}

static void a_document_of_another_form_is_refused_whole(void **state)
{
	(void)state;
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "[]", "x.json is not an output manifest" },
		{ "{}", "x.json is not an output manifest" },
		{ "{\"version\":1}", "is not an output manifest" },
		{ "{\"outputs\":{}}", "is not an output manifest" },
		{ "{\"outputs\":[],\"version\":1}", "is not an output manifest" },
		{ "{\"outputs\":{},\"version\":\"1\"}", "is not an output manifest" },
		{ "{\"outputs\":{},\"version\":0}", "is not an output manifest" },
		{ "{\"outputs\":{},\"version\":1,\"more\":0}", "and nothing else" },
		{ "{\"outputs\":{},\"version\":2,\"more\":0}", "version 2, and this sepal knows version 1" },
		{ "{\"outputs\":{\"ok\":\"%s\",\"z\":3},\"version\":1}", "gives for z something" },
		{ "{\"outputs\":{\"ok\":\"%s\",\"z\":\"AA\"},\"version\":1}", "gives for z something" },
		{ "{\"outputs\":{\"ok\":\"%s\",\"../z\":\"%s\"},\"version\":1}", "the output \"../z\"" },
		{ "{\"outputs\":{\"ok\":\"%s\",\"/z\":\"%s\"},\"version\":1}", "the output \"/z\"" },
		{ "{\"outputs\":{\"ok\":\"%s\",\"\":\"%s\"},\"version\":1}", "the output \"\"" },
	};
	struct digest_map m;
	digest_map_init(&m);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err = ERR_INIT;
		struct buf text = BUF_INIT;
		struct js *doc;
		for (const char *s = rows[i].text; *s; s++) {
			if (s[0] == '%' && s[1] == 's' && s++)
				buf_add_str(&text, hex_a);
			else
				buf_add_char(&text, *s);
		}
		assert_ok(js_parse(buf_span(&text), "test", &doc, &err));
		assert_fails(digest_map_decode(&m, doc, "x.json", &rules[CONFLICT_FAIL], &err), ERR_PROTOCOL, rows[i].words);
		assert_int_equal(m.count, 0);
		js_free(doc);
		buf_release(&text);
	}
	digest_map_release(&m);
}

/* Every example in `quality` decodes, or does not; and what decodes is written as it was. */
static void check_examples(const char *quality, bool accepted)
{
	struct err err = ERR_INIT;
	struct arena arena = ARENA_INIT;
	struct fs_listing l;
	const char *srcdir = getenv("srcdir");
	const char *dir = arena_printf(&arena, "%s/schemas/examples/manifest/%s", srcdir ? srcdir : ".", quality);
	assert_ok(fs_list(dir, &arena, &l, &err));
	assert_true(l.there && l.count > 0);
	for (size_t i = 0; i < l.count; i++) {
		struct buf text = BUF_INIT;
		struct digest_map m;
		struct js *doc;
		digest_map_init(&m);
		assert_ok(fs_read(path_join(&arena, dir, l.entries[i].name), 1 << 20, &text, &err));
		assert_ok(js_parse(buf_span(&text), "example", &doc, &err));
		int rc = digest_map_decode(&m, doc, l.entries[i].name, &rules[CONFLICT_FAIL], &err);
		if ((rc == 0) != accepted)
			fail_msg("%s: %s", l.entries[i].name, rc ? err.message : "is accepted");
		struct js *again = digest_map_encode(&m);
		assert_int_equal(js_equal(doc, again), accepted);
		err_release(&err);
		js_free(again);
		js_free(doc);
		digest_map_release(&m);
		buf_release(&text);
	}
	arena_release(&arena);
}

static void examples_of_the_schema_are_accepted_and_refused_alike(void **state)
{
	(void)state;
	check_examples("good", true);
	check_examples("bad", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_duplicates_collapse),
		cmocka_unit_test(a_conflict_names_both_producers),
		cmocka_unit_test(harmless_accepts_equal_canonical_forms_only),
		cmocka_unit_test(first_keeps_the_first_and_counts),
		cmocka_unit_test(merging_is_commutative_associative_and_idempotent),
		cmocka_unit_test(a_document_round_trips),
		cmocka_unit_test(a_document_of_another_form_is_refused_whole),
		cmocka_unit_test(examples_of_the_schema_are_accepted_and_refused_alike),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
