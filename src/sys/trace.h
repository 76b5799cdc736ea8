/*
 * What took how long, for people: spans of time on lanes, written in Chrome's trace format ("Trace Event Format", JSON
 * object form; complete events, ph "X"), which Perfetto and chrome://tracing show. Nothing is recorded unless somebody
 * asked: every function accepts NULL and does nothing then.
 *
 * Times are CLOCK_MONOTONIC of this machine, so spans of other processes of it (a worker's children) fit in between.
 */
#ifndef SEPAL_SYS_TRACE_H
#define SEPAL_SYS_TRACE_H

#include "base/err.h"
#include "sys/clock.h"

struct trace;

enum { TRACE_LANE_SEPAL = 0, TRACE_LANE_WORKER = 1, TRACE_LANE_CHILDREN = 2 }; /* children: as many as there are */

/* `clock` is borrowed. The trace begins now. */
struct trace *trace_new(const struct clock *clock);
void trace_free(struct trace *t); /* accepts NULL */

/* Now, in the trace's clock; 0 without a trace. */
int64_t trace_now(const struct trace *t);
/* A span that began at `start_ns` and ends now. `detail` (may be "") says of what, for instance a module. */
void trace_since(struct trace *t, unsigned lane, const char *name, const char *detail, int64_t start_ns);
void trace_span(struct trace *t, unsigned lane, const char *name, const char *detail, int64_t start_ns, int64_t end_ns);

int trace_write(struct trace *t, const char *path, struct err *err) MUST_CHECK;

#endif
