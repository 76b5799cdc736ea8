/* plan/key.h: every field enters the key, nothing else does. */
#include "../../lib/check.h"

#include "../../lib/small_plan.h"
#include "plan/key.h"

static const struct small_module MODULES[] = { { "base", "", NULL }, { "x", "y base", NULL }, { "y", "x", NULL },
	                                       { "top", "x", NULL }, { "loud", "base", NULL } };
enum { COUNT = sizeof MODULES / sizeof *MODULES };

struct fixture {
	struct plan plan;
	struct options *options;
	struct digest toolchain;
};

static bool are_equal(struct digest a, struct digest b)
{
	return digest_eq(&a, &b);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	small_plan_make(&f->plan, MODULES, COUNT);
	f->options = small_plan_options();
	for (uint32_t i = 0; i < f->plan.module_count; i++)
		f->plan.modules[i].options = options_of(f->options, f->plan.modules[i].id);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	plan_release(&f->plan);
	options_free(f->options);
	free(f);
	return 0;
}

static struct plan_module *module(struct fixture *f, const char *id)
{
	return &f->plan.modules[*map_get_str(&f->plan.index, id)];
}

static struct digest key_of(struct fixture *f, const char *id)
{
	struct digest d;
	key_manifest(&f->plan, module(f, id)->unit, f->options, &f->toolchain, &d);
	return d;
}

#define assert_digest(same, a, b) assert_int_equal(same, are_equal(a, b))

/* ---- manifest keys ---- */

static void what_a_unit_is_made_of_enters_its_key(void **state)
{
	struct fixture *f = *state;
	struct plan_module *m = module(f, "top");
	const struct plan_module was = *m;
	const struct digest before = key_of(f, "top");
	static const char *extra[] = { "other", NULL };
	struct name_spec names[2] = { m->names[0], { .name = "gone", .missing = true, .reason = "not-found" } };

	m->digest.bytes[5] ^= 1;
	assert_digest(false, before, key_of(f, "top"));
	*m = was;
	m->canonical = "/proc/self/cwd/s/top.pyi";
	assert_digest(false, before, key_of(f, "top"));
	*m = was;
	m->silent = true;
	assert_digest(false, before, key_of(f, "top"));
	*m = was;
	m->options = options_of(f->options, "loud");
	assert_digest(false, before, key_of(f, "top"));
	*m = was;
	m->extra_deps = extra;
	assert_digest(false, before, key_of(f, "top"));
	*m = was;
	m->names = names;
	m->name_count = 2;
	const struct digest missing = key_of(f, "top");
	assert_digest(false, before, missing);
	names[1].quiet = true;
	assert_digest(false, missing, key_of(f, "top"));
	names[1].quiet = false;
	names[1].reason = "untyped";
	assert_digest(false, missing, key_of(f, "top"));
	*m = was;
	f->toolchain.bytes[0] ^= 1;
	assert_digest(false, before, key_of(f, "top"));
	f->toolchain.bytes[0] ^= 1;
	assert_digest(true, before, key_of(f, "top"));
}

static void where_things_lie_and_how_they_are_shown_does_not(void **state)
{
	struct fixture *f = *state;
	struct plan_module *m = module(f, "top");
	const struct digest before = key_of(f, "top");
	m->real = "/elsewhere/top.py";
	m->display = "../elsewhere/top.py";
	m->size = 12345;
	m->is_source = true;
	module(f, "base")->digest.bytes[0] ^= 1;
	assert_digest(true, before, key_of(f, "top"));
}

static void the_order_of_members_enters_and_that_of_imports_does_not(void **state)
{
	struct fixture *f = *state;
	struct plan_module *x = module(f, "x");
	struct plan_unit *u = &f->plan.units[x->unit];
	const struct digest before = key_of(f, "x");
	struct name_spec first = x->names[0];
	x->names[0] = x->names[1];
	x->names[1] = first;
	assert_digest(true, before, key_of(f, "x"));
	uint32_t member = u->members[0];
	u->members[0] = u->members[1];
	u->members[1] = member;
	assert_digest(false, before, key_of(f, "x"));
}

/* ---- closures ---- */

struct digests {
	struct digest interfaces[COUNT], merkle[COUNT], closure[COUNT];
};

static void fill(struct fixture *f, struct digests *d)
{
	for (uint32_t u = 0; u < f->plan.unit_count; u++) {
		key_closure(&f->plan, u, d->merkle, &d->closure[u]);
		key_merkle(&f->plan, u, d->interfaces, &d->closure[u], &d->merkle[u]);
	}
}

static void an_interface_enters_the_closure_of_all_above_and_of_no_other(void **state)
{
	struct fixture *f = *state;
	struct digests before = { 0 }, after = { 0 };
	fill(f, &before);
	after.interfaces[module(f, "y") - f->plan.modules].bytes[3] = 1;
	fill(f, &after);
	uint32_t x = module(f, "x")->unit, top = module(f, "top")->unit, loud = module(f, "loud")->unit;
	assert_digest(true, before.closure[x], after.closure[x]);
	assert_digest(false, before.merkle[x], after.merkle[x]);
	assert_digest(false, before.closure[top], after.closure[top]);
	assert_digest(true, before.closure[loud], after.closure[loud]);

	memset(&after, 0, sizeof after);
	after.interfaces[module(f, "base") - f->plan.modules].bytes[3] = 1;
	fill(f, &after);
	assert_digest(false, before.closure[top], after.closure[top]);
	assert_digest(false, before.closure[loud], after.closure[loud]);
}

static void the_order_of_members_does_not_enter_the_closure(void **state)
{
	struct fixture *f = *state;
	struct digests before = { 0 }, after = { 0 };
	before.interfaces[1].bytes[0] = after.interfaces[1].bytes[0] = 7;
	fill(f, &before);
	struct plan_unit *u = &f->plan.units[module(f, "x")->unit];
	uint32_t member = u->members[0];
	u->members[0] = u->members[1];
	u->members[1] = member;
	fill(f, &after);
	assert_memory_equal(before.merkle, after.merkle, sizeof before.merkle);
}

static void the_strict_key_is_both(void **state)
{
	(void)state;
	struct digest a = { { 1 } }, b = { { 2 } }, ab, ba, aa;
	key_strict(&a, &b, &ab);
	key_strict(&b, &a, &ba);
	key_strict(&a, &a, &aa);
	assert_digest(false, ab, ba);
	assert_digest(false, ab, aa);
}

/* ---- the walk ---- */

static void record(void *ctx, const char *tag, struct span value)
{
	buf_addf(ctx, "%s=%.*s\n", tag, (int)value.len, value.data);
}

static void the_walk_shows_what_is_hashed_in_order(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT;
	struct key_sink sink = { record, &text };
	key_walk_unit(&f->plan, module(f, "top")->unit, f->options, &f->toolchain, &sink);
	static const char *const lines[] = { "toolchain=0000", "\nmodule=top\n", "\npath=/proc/self/cwd/s/top.py\n",
		                             "\nsilent=no\n", "\noptions=", "\nsource=",
		                             "\nimport=x -> /proc/self/cwd/s/x.py\n" };
	const char *at = text.data;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		at = strstr(at, lines[i]);
		assert_non_null(at);
	}
	buf_release(&text);
}

/* ---- the toolchain ---- */

static struct digest toolchain_of(const struct described *d, unsigned char worker, unsigned char versions)
{
	struct digest worker_program = { { worker } }, versions_file = { { versions } }, ret;
	key_toolchain(d, &worker_program, &versions_file, &ret);
	return ret;
}

static void everything_about_the_checker_enters_the_toolchain(void **state)
{
	(void)state;
	struct described_part parts[] = { { "toy", "1", "aa" }, { "toys", "2", "bb" } };
	const struct described base = { .checker = "toy", .version = "1", .implementation = "cpython",
		                        .python_version = "3.11.7", .machine = "x86_64", .platform = "linux",
		                        .parts = parts, .part_count = 2, .target_major = 3, .target_minor = 11 };
	struct digest seen[16] = { toolchain_of(&base, 0, 0), toolchain_of(&base, 1, 0), toolchain_of(&base, 0, 1) };
	size_t count = 3;
	struct described d = base;
#define CHANGE(field, value)                               \
	do {                                               \
		d = base;                                  \
		d.field = value;                           \
		seen[count++] = toolchain_of(&d, 0, 0);    \
	} while (0)
	CHANGE(checker, "tox");
	CHANGE(version, "2");
	CHANGE(implementation, "pypy");
	CHANGE(python_version, "3.11.8");
	CHANGE(machine, "arm64");
	CHANGE(platform, "darwin");
	CHANGE(target_minor, 12);
	CHANGE(part_count, 1);
	CHANGE(plugin_config, "[toys]");
#undef CHANGE
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++)
			assert_digest(false, seen[i], seen[k]);
	d = base;
	d.python = "/some/where/python";
	d.typeshed = "/some/where/typeshed";
	struct digest elsewhere = toolchain_of(&d, 0, 0);
	assert_digest(true, seen[0], elsewhere);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_unit_is_made_of_enters_its_key),
		TEST(where_things_lie_and_how_they_are_shown_does_not),
		TEST(the_order_of_members_enters_and_that_of_imports_does_not),
		TEST(an_interface_enters_the_closure_of_all_above_and_of_no_other),
		TEST(the_order_of_members_does_not_enter_the_closure),
		TEST(the_strict_key_is_both),
		TEST(the_walk_shows_what_is_hashed_in_order),
		TEST(everything_about_the_checker_enters_the_toolchain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
