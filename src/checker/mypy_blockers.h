/*
 * The lines that mypy prints when it stops at a blocking error, as diagnostics. Only then is mypy's text read: other
 * diagnostics come from meta_ex files.
 */
#ifndef SEPAL_CHECKER_MYPY_BLOCKERS_H
#define SEPAL_CHECKER_MYPY_BLOCKERS_H

#include "model/diag.h"

/* One per line, in order, strings in `arena`. A line that is not PATH[:LINE[:COLUMN[:END_LINE:END_COLUMN]]]: SEVERITY:
 * MESSAGE[  [CODE]] becomes a diagnostic without location (path ""). */
void mypy_blockers_parse(struct span text, struct arena *arena, struct diag_list *ret);
/* Did mypy stop while it was reading sources, before it checked anything? Told from codes and wording. */
bool mypy_blockers_in_parse(const struct diag_list *list);

#endif
