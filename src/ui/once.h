/*
 * Messages that mypy prints once per process (ErrorInfo.only_once): links to its documentation, hints how to install
 * stubs, explanations of --follow-imports=error. When units are checked one by one each unit says them anew; this drops
 * all but the first, so that a run reads like one whole-program mypy. The table in once.c names every place in mypy's
 * sources where only_once is used.
 *
 * Which one is the first depends on when mypy says it: while it loads the graph (what concerns imports: modules in
 * discovery order) or while it checks (links to error codes: modules in the order in which they are checked). So:
 *
 *	struct once_only once = ONCE_ONLY_INIT;
 *	for each module in discovery order:  once_only_filter(&once, ONCE_LOADING, list);
 *	for each module in checking order:   once_only_filter(&once, ONCE_CHECKING, list);
 *	once_only_release(&once);
 *
 * With once_only_keep() alone the two orders are taken to be the same. Messages are borrowed until the release.
 */
#ifndef SEPAL_UI_ONCE_H
#define SEPAL_UI_ONCE_H

#include <stdbool.h>

#include "base/map.h"
#include "model/diag.h"

enum once_when {
	ONCE_NEVER = 0, /* an ordinary message: always kept */
	ONCE_LOADING,
	ONCE_CHECKING,
};

struct once_only {
	struct map seen; /* message texts */
};

#define ONCE_ONLY_INIT { MAP_INIT }

/* Whether mypy says this message once only, and when it does. */
enum once_when once_only_when(const struct diag *d);
/* False when `d` is such a message and was here before. */
bool once_only_keep(struct once_only *once, const struct diag *d);
/* Takes the messages of kind `when` that were here before out of the list, in place. */
void once_only_filter(struct once_only *once, enum once_when when, struct diag_list *list);
void once_only_release(struct once_only *once);

#endif
