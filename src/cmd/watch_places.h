/* What a watch listens to: the directories of everything that the last check stood on, and which of the changes there
 * concern it. */
#ifndef SEPAL_CMD_WATCH_PLACES_H
#define SEPAL_CMD_WATCH_PLACES_H

#include "base/arena.h"
#include "base/map.h"
#include "source/witness.h"
#include "sys/dirwatch.h"

struct watch_places {
	const char *cwd, *store; /* nothing in the store is watched: the watch writes there itself */
	struct dirwatch *dirs;   /* NULL: the system cannot tell */
	struct arena arena;
	struct map names; /* last parts of all watched paths */
};

/* Watches what `w` names (NULL: the current directory). *ret_new: something is watched that was not before. */
int watch_places_follow(struct watch_places *p, const struct witness *w, bool *ret_new, struct err *err) MUST_CHECK;
bool watch_places_concerns(const struct watch_places *p, const struct dirwatch_change *c);
void watch_places_release(struct watch_places *p);

#endif
