/*
 * Paths as text: nothing here looks at the disk, so ".." is taken away lexically, as Python's os.path.normpath does.
 * Results live in the arena that is passed; path_basename points into its argument.
 */
#ifndef SEPAL_SYS_PATH_H
#define SEPAL_SYS_PATH_H

#include <stdbool.h>

#include "base/arena.h"

/* `name` as seen from `dir`: an absolute name wins, an empty dir or "." adds nothing but a missing slash is put in. */
const char *path_join(struct arena *a, const char *dir, const char *name);
/* os.path.normpath: no empty, "." or resolvable ".." parts; "" becomes "."; two leading slashes become one. */
const char *path_normalize(struct arena *a, const char *path);
/* Normalized and absolute, seen from the absolute directory `cwd`. */
const char *path_absolute(struct arena *a, const char *cwd, const char *path);
/* os.path.dirname: "a/b" -> "a", "a" -> "", "/a" -> "/", "a/b/" -> "a/b". */
const char *path_dirname(struct arena *a, const char *path);
/* os.path.basename: what follows the last slash. */
const char *path_basename(const char *path);
/* os.path.relpath for two absolute or two relative normalized paths: path_relative_to("/r/a", "/r/b") is "../a". */
const char *path_relative_to(struct arena *a, const char *path, const char *dir);
/* Is `path` the directory `dir` itself or below it? Both normalized, both absolute or both relative. */
bool path_is_below(const char *path, const char *dir);
bool path_is_absolute(const char *path);

#endif
