/*
 * When do two different artifact files say the same? A meta file also holds what no dependent can see: the source's
 * size, times and hash, the lines of imports, hashes of dependencies. Two meta files whose canonical forms are equal
 * differ harmlessly (merge/digest_map.h, `harmless`). All other kinds of file say the same only if their bytes are
 * equal.
 */
#ifndef SEPAL_CHECKER_MYPY_CANONICAL_H
#define SEPAL_CHECKER_MYPY_CANONICAL_H

#include <stdbool.h>

#include "base/buf.h"

/* `path` decides what kind of file it is: "….meta.ff". Bytes that are no such file are never the same. */
bool mypy_same_canonical_form(const char *path, struct span a, struct span b);

#endif
