/*
 * Which error a note explains. mypy says it by the place alone (mypy/errors.py create_errors): a note belongs to the
 * last error before it with the same file, line and column.
 */
#ifndef SEPAL_UI_PARENTS_H
#define SEPAL_UI_PARENTS_H

#include "base/arena.h"
#include "model/diag.h"

#define NO_PARENT UINT32_MAX

/* Per diagnostic the index of the error that it belongs to, NO_PARENT if it stands alone. `paths[i]` is the displayed
 * path of diagnostic i, NULL when it has no place. The answer is in `arena`. */
const uint32_t *parents_find(const struct diag_list *diags, const char *const *paths, struct arena *arena);

#endif
