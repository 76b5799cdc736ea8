#include "sys/trace.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "sys/fs.h"

enum { LANE_LIMIT = 4096 };

struct trace {
	const struct clock *clock;
	int64_t began_ns;
	struct js *events;
	unsigned lanes; /* how many were used */
};

struct trace *trace_new(const struct clock *clock)
{
	struct trace *t = xcalloc(1, sizeof *t);
	t->clock = clock;
	t->began_ns = clock_monotonic_ns(clock);
	t->events = js_new_array();
	return t;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	js_free(t->events);
	free(t);
}

int64_t trace_now(const struct trace *t)
{
	return t ? clock_monotonic_ns(t->clock) : 0;
}

static struct js *new_event(const char *phase, const char *name, unsigned lane)
{
	struct js *e = js_new_object();
	js_set_string(e, "ph", phase);
	js_set_string(e, "name", name);
	js_set_int(e, "pid", 1);
	js_set_int(e, "tid", lane);
	return e;
}

static struct js *new_arguments(const char *key, const char *value)
{
	struct js *arguments = js_new_object();
	js_set_string(arguments, key, value);
	return arguments;
}

void trace_span(struct trace *t, unsigned lane, const char *name, const char *detail, int64_t start_ns, int64_t end_ns)
{
	if (!t || lane >= LANE_LIMIT)
		return;
	struct js *e = new_event("X", name, lane);
	js_set_int(e, "ts", (start_ns - t->began_ns) / NS_PER_US);
	js_set_int(e, "dur", (end_ns - start_ns) / NS_PER_US);
	if (*detail)
		js_set(e, "args", new_arguments("of", detail));
	js_append(t->events, e);
	if (lane >= t->lanes)
		t->lanes = lane + 1;
}

void trace_since(struct trace *t, unsigned lane, const char *name, const char *detail, int64_t start_ns)
{
	if (t)
		trace_span(t, lane, name, detail, start_ns, trace_now(t));
}

static void name_lanes(struct trace *t)
{
	for (unsigned lane = 0; lane < t->lanes; lane++) {
		struct buf name = BUF_INIT;
		if (lane >= TRACE_LANE_CHILDREN)
			buf_addf(&name, "child %u", lane - TRACE_LANE_CHILDREN + 1);
		else
			buf_add_str(&name, lane == TRACE_LANE_SEPAL ? "sepal" : "worker");
		struct js *e = new_event("M", "thread_name", lane);
		js_set(e, "args", new_arguments("name", name.data));
		js_append(t->events, e);
		buf_release(&name);
	}
}

int trace_write(struct trace *t, const char *path, struct err *err)
{
	if (!t)
		return 0;
	struct js *doc = js_new_object();
	struct buf text = BUF_INIT;
	name_lanes(t);
	js_set(doc, "traceEvents", js_copy(t->events));
	js_set_string(doc, "displayTimeUnit", "ms");
	js_write(doc, 0, &text);
	int failed = fs_write_atomic(path, buf_span(&text), 0, err);
	buf_release(&text);
	js_free(doc);
	return failed;
}
