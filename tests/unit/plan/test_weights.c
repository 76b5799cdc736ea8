/* plan/weights.h: what was measured decides, what was not is estimated by it, and the file may be lost. */
#include "../../lib/check.h"

#include "plan/weights.h"
#include "sys/fs.h"
#include "sys/path.h"
#include "sys/tmpdir.h"

static struct tmpdir dir;
static struct arena arena;

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	return tmpdir_make(&dir, NULL, "sepal-test", &err);
}

static int tear_down(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	arena_release(&arena);
	return tmpdir_remove(&dir, &err);
}

/* Unit 1 needs unit 0; 2 stands alone. Each has a thousand bytes of source. */
static void make_plan(struct plan *p)
{
	static const char *const names[] = { "low", "high", "alone" };
	memset(p, 0, sizeof *p);
	graph_init(&p->graph, 3);
	graph_edge(&p->graph, 1, 0);
	graph_condense(&p->graph);
	p->unit_count = p->graph.component_count;
	p->units = ARENA_ARRAY(&arena, struct plan_unit, p->unit_count);
	for (uint32_t u = 0; u < p->unit_count; u++)
		p->units[u] = (struct plan_unit){ .name = names[p->graph.members[u].to[0]], .bytes = 1000 };
}

static const struct plan_unit *unit_of(const struct plan *p, const char *name)
{
	for (uint32_t u = 0; u < p->unit_count; u++)
		if (strcmp(p->units[u].name, name) == 0)
			return &p->units[u];
	fail_msg("no unit %s", name);
	return NULL;
}

static const char *file_path(void)
{
	return path_join(&arena, dir.path, "weights");
}

static void without_measurements_size_decides(void **state)
{
	struct plan p;
	(void)state;
	make_plan(&p);
	struct weights *w = weights_open(file_path());
	weights_apply(w, &p);
	assert_int_equal(unit_of(&p, "alone")->weight, 1001);
	assert_true(unit_of(&p, "low")->priority > unit_of(&p, "alone")->priority);
	assert_int_equal(unit_of(&p, "alone")->priority, 401); /* the interface's share */
	weights_free(w);
	graph_release(&p.graph);
}

static void measurements_are_kept_and_scale_the_estimates(void **state)
{
	struct err err = ERR_INIT;
	struct plan p;
	(void)state;
	struct weights *w = weights_open(file_path());
	weights_put(w, "low", 3000, 4000);
	weights_put(w, "gone", 1, 1);
	assert_ok(weights_save(w, &err));
	weights_free(w);
	w = weights_open(file_path());
	make_plan(&p);
	weights_apply(w, &p);
	assert_int_equal(unit_of(&p, "low")->weight, 7001);
	assert_in_range(unit_of(&p, "alone")->weight, 7000, 7010); /* seven microseconds a byte */
	assert_in_range(unit_of(&p, "low")->priority, 3000 + 2800, 3000 + 2820);
	weights_free(w);
	graph_release(&p.graph);
}

static void a_torn_file_is_nothing_known(void **state)
{
	struct err err = ERR_INIT;
	struct plan p;
	struct buf bytes = BUF_INIT;
	(void)state;
	struct weights *w = weights_open(file_path());
	weights_put(w, "low", 3000, 4000);
	assert_ok(weights_save(w, &err));
	weights_free(w);
	assert_ok(fs_read(file_path(), 1 << 20, &bytes, &err));
	assert_ok(fs_write_atomic(file_path(), (struct span){ bytes.data, bytes.len - 3 }, 0, &err));
	w = weights_open(file_path());
	make_plan(&p);
	weights_apply(w, &p);
	assert_int_equal(unit_of(&p, "low")->weight, 1001);
	weights_free(w);
	buf_release(&bytes);
	graph_release(&p.graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_measurements_size_decides, set_up, tear_down),
		cmocka_unit_test_setup_teardown(measurements_are_kept_and_scale_the_estimates, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_torn_file_is_nothing_known, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
