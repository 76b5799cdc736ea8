/*
 * Changes in directories, as the kernel tells them (inotify). Which directories is up to the caller, who adds them one
 * by one; there is no recursion. A directory that is removed, renamed or replaced is no longer watched: the change is
 * told, and adding its path again watches what is there then.
 */
#ifndef SEPAL_SYS_DIRWATCH_H
#define SEPAL_SYS_DIRWATCH_H

#include <stdbool.h>

#include "base/err.h"

struct dirwatch;

struct dirwatch_change {
	const char *name; /* the entry of a watched directory; NULL: the directory itself, or too many to tell */
	bool listed; /* in a directory that was added as one of which all entries count */
	bool is_dir;
	bool is_link;    /* a new link: to a file, a directory, or nothing */
	bool lost;       /* watched directories have gone with it, or are others now: add them again */
	bool unfinished; /* somebody has begun to write it and will close it */
};

/* Errors say which limit of the system was reached and how it is raised. */
int dirwatch_open(struct dirwatch **ret, struct err *err) MUST_CHECK;
/* `listed` is for dirwatch_change, and once said holds. *ret_new: it was not watched before. A path that is no
 * directory (any more) is not watched, and no error. */
int dirwatch_add(struct dirwatch *w, const char *dir, bool listed, bool *ret_new, struct err *err) MUST_CHECK;
int dirwatch_fd(const struct dirwatch *w); /* readable when something has changed */
/* Hands out everything that has been told so far; never blocks. */
void dirwatch_read(struct dirwatch *w, void (*changed)(void *ctx, const struct dirwatch_change *c), void *ctx);
void dirwatch_close(struct dirwatch *w); /* accepts NULL */

#endif
