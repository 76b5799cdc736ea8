/* exec/kept_worker.h: what a process has been told, and when it has to begin anew. No process is started. */
#include "../../lib/check.h"

#include "exec/kept_worker.h"

static struct kept_worker *kept;
static struct interface interfaces[3];
static struct dep_spec modules[3]; /* top -> middle -> bottom */
static const struct dep_spec *below[2][2];
static struct dep_spec *closure[3];
static struct unit_spec unit;

static int set_up(void **state)
{
	static const char *const names[] = { "top", "middle", "bottom" };
	(void)state;
	kept = kept_worker_new();
	memset(interfaces, 0, sizeof interfaces);
	for (int i = 0; i < 3; i++) {
		modules[i] = (struct dep_spec){ .id = names[i], .canonical = names[i], .interface = &interfaces[i] };
		interfaces[i].data.bytes[0] = (unsigned char)(i + 1);
		closure[i] = &modules[i];
	}
	for (int i = 0; i < 2; i++) {
		below[i][0] = &modules[i + 1];
		modules[i].deps = below[i];
		modules[i].dep_count = 1;
	}
	unit = (struct unit_spec){ .closure = closure, .closure_count = 3 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	kept_worker_free(kept);
	return 0;
}

static void tell_all(void)
{
	for (int i = 0; i < 3; i++)
		kept_worker_announce(kept, &modules[i]);
}

static void a_module_is_told_once_and_when_it_has_changed(void **state)
{
	(void)state;
	assert_true(kept_worker_announce(kept, &modules[0]));
	assert_false(kept_worker_announce(kept, &modules[0]));
	interfaces[0].data.bytes[5] = 1;
	assert_true(kept_worker_announce(kept, &modules[0]));
	interfaces[0].checker_hash[5] = 1;
	assert_true(kept_worker_announce(kept, &modules[0]));
	modules[0].dep_count = 0;
	assert_true(kept_worker_announce(kept, &modules[0]));
	assert_false(kept_worker_announce(kept, &modules[0]));
}

static void only_what_is_loaded_makes_stale(void **state)
{
	(void)state;
	tell_all();
	interfaces[2].data.bytes[5] = 1;
	assert_false(kept_worker_is_stale(kept, &unit, 1));
	tell_all();
	assert_true(kept_worker_load(kept, &modules[1])); /* and with it what is below */
	assert_false(kept_worker_load(kept, &modules[2]));
	interfaces[0].data.bytes[5] = 1;
	assert_false(kept_worker_is_stale(kept, &unit, 1));
	interfaces[2].data.bytes[5] = 2;
	assert_true(kept_worker_is_stale(kept, &unit, 1));
}

static void what_a_hot_module_stands_on_is_loaded_with_it(void **state)
{
	(void)state;
	modules[0].hot = true;
	tell_all();
	interfaces[2].data.bytes[5] = 1;
	assert_true(kept_worker_is_stale(kept, &unit, 1));
}

static void a_loaded_module_that_stands_on_more_than_before_has_loaded_that_too(void **state)
{
	(void)state;
	modules[0].dep_count = 0;
	tell_all();
	kept_worker_load(kept, &modules[0]);
	modules[0].dep_count = 1;
	assert_true(kept_worker_announce(kept, &modules[0]));
	assert_false(kept_worker_load(kept, &modules[1]));
}

static void a_new_generation_has_been_told_nothing(void **state)
{
	(void)state;
	tell_all();
	kept_worker_load(kept, &modules[0]);
	assert_true(kept_worker_options(kept, 2, span_of("{}")));
	assert_false(kept_worker_options(kept, 2, span_of("{}")));
	uint32_t first = kept_worker_reset(kept);
	assert_true(first != 0 && kept_worker_reset(kept) != first);
	interfaces[2].data.bytes[5] = 1;
	assert_false(kept_worker_is_stale(kept, &unit, first));
	assert_true(kept_worker_announce(kept, &modules[2]));
	assert_true(kept_worker_load(kept, &modules[2]));
	assert_true(kept_worker_options(kept, 2, span_of("{}")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_module_is_told_once_and_when_it_has_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_what_is_loaded_makes_stale, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_a_hot_module_stands_on_is_loaded_with_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_loaded_module_that_stands_on_more_than_before_has_loaded_that_too, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(a_new_generation_has_been_told_nothing, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
