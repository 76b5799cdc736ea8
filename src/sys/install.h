/*
 * Where this installation keeps the files that are not the program: the checker workers and the schemas.
 */
#ifndef SEPAL_SYS_INSTALL_H
#define SEPAL_SYS_INSTALL_H

#include "base/arena.h"
#include "base/err.h"

/*
 * The worker program `name` ("sepal_mypy_worker.py"), absolute, from the first of these places that has it:
 *   1. $SEPAL_WORKER_DIR, for tests and for trying a changed worker; if it is set nothing else is tried
 *   2. ../share/sepal/worker seen from the directory of the executable, so that an installed tree can be moved
 *   3. ../src/worker seen from there: a build directory inside the source tree
 *   4. the directory it was configured to be installed in
 * ERR_CHECKER names the places that were tried.
 */
int install_find_worker(struct arena *a, const char *name, const char **ret, struct err *err) MUST_CHECK;

#endif
