/*
 * Which error a note explains. mypy says it by the place alone (mypy/errors.py create_errors): a note belongs to the
 * last error before it with the same file, line and column.
 */
#ifndef SEPAL_UI_PARENTS_H
#define SEPAL_UI_PARENTS_H

#include "model/diag.h"

#define NO_PARENT SIZE_MAX

/* The index of the error that diagnostic `i` belongs to, NO_PARENT if it stands alone. `paths[i]` is the displayed path
 * of diagnostic i, NULL when it has no place. */
size_t parent_of(const struct diag_list *diags, const char *const *paths, size_t i);

#endif
