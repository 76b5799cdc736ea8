/* sys/trace.h: spans come out as Chrome's trace events, and nothing costs anything without a trace. */
#include "../../lib/check.h"

#include "base/json.h"
#include "sys/fs.h"
#include "sys/path.h"
#include "sys/tmpdir.h"
#include "sys/trace.h"

enum { LIMIT = 1 << 20 };

static void without_a_trace_nothing_happens(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	assert_int_equal(trace_now(NULL), 0);
	trace_span(NULL, 0, "x", "", 0, 1);
	trace_since(NULL, 0, "x", "", 0);
	assert_ok(trace_write(NULL, "/nowhere/at/all", &err));
	trace_free(NULL);
}

static void spans_are_complete_events_in_microseconds_since_the_start(void **state)
{
	struct err err = ERR_INIT;
	struct tmpdir dir;
	struct arena arena = ARENA_INIT;
	struct fake_clock time = { .monotonic_ns = 5000000 };
	struct clock clock = clock_fake(&time);
	struct buf text = BUF_INIT;
	struct js *doc;
	(void)state;
	assert_ok(tmpdir_make(&dir, NULL, "sepal-test", &err));
	const char *path = path_join(&arena, dir.path, "trace.json");
	struct trace *t = trace_new(&clock);
	fake_clock_advance(&time, 2000 * 1000);
	trace_since(t, TRACE_LANE_SEPAL, "plan", "", 6000000);
	trace_span(t, TRACE_LANE_CHILDREN, "bodies", "a.b", 6500000, 6600000);
	assert_ok(trace_write(t, path, &err));
	assert_ok(fs_read(path, LIMIT, &text, &err));
	assert_ok(js_parse(buf_span(&text), "the trace", &doc, &err));
	const struct js *events = js_get(doc, "traceEvents");
	assert_string_equal(js_get_string(js_at(events, 0), "name", ""), "plan");
	assert_int_equal(js_get_int(js_at(events, 0), "ts", -1), 1000);
	assert_int_equal(js_get_int(js_at(events, 0), "dur", -1), 1000);
	assert_int_equal(js_get_int(js_at(events, 1), "tid", -1), TRACE_LANE_CHILDREN);
	assert_string_equal(js_get_string(js_get(js_at(events, 1), "args"), "of", ""), "a.b");
	assert_int_equal(js_len(events), 2 + TRACE_LANE_CHILDREN + 1); /* and a name for each lane */
	js_free(doc);
	buf_release(&text);
	trace_free(t);
	arena_release(&arena);
	assert_ok(tmpdir_remove(&dir, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_trace_nothing_happens),
		cmocka_unit_test(spans_are_complete_events_in_microseconds_since_the_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
