/* From what an action's process came to, decoded by the adapter, to the events that a runner owes (exec/runner.h). */
#ifndef SEPAL_EXEC_DELIVER_H
#define SEPAL_EXEC_DELIVER_H

#include "exec/runner.h"

/* interface and report, or blocked, or discovered; names live in `arena`. */
void outcome_deliver(const struct runner_events *events, const struct unit_spec *spec, const struct unit_outcome *o,
		     struct arena *arena);

#endif
