/*
 * The file system as the resolver sees it: directories that are listed once and then answered from memory. A name that
 * a listing does not hold needs no system call; links and entries of unknown kind are stat'ed once, when asked for.
 *
 * Everything consulted is remembered: dirs_consulted() names every directory that was listed or found missing, also
 * those in which the targets of links lie. While none of them changes, no answer given here can.
 *
 * A directory that may be searched but not listed (x without r) answers by stat; `readable` is false then, as mypy
 * refuses what it cannot see in a listing (mypy/fscache.py: isfile_case, exists_case).
 *
 * It does not know modules. Failures of the system are answers: what cannot be looked at is not there.
 */
#ifndef SEPAL_SOURCE_RESOLVE_DIRS_H
#define SEPAL_SOURCE_RESOLVE_DIRS_H

#include "base/arena.h"
#include "base/map.h"

enum entry_kind {
	ENTRY_NONE = 0,
	ENTRY_FILE, /* regular, links followed */
	ENTRY_DIR,
	ENTRY_OTHER, /* in the listing, but neither: a broken link, a socket */
};

struct dir_entry {
	const char *name;
	unsigned char kind; /* enum entry_kind, or "ask" (resolve_dirs.c) */
	struct dir *sub;    /* once opened */
};

struct dir {
	const char *path;
	struct dir *parent; /* NULL when it was not reached through one */
	bool there, readable;
	struct map by_name; /* name -> index into entries */
	struct dir_entry *entries;
	uint32_t count, cap;
};

struct dirs;

struct dirs *dirs_new(void);
void dirs_free(struct dirs *ds);

/* The directory of an absolute path, listed. Never NULL: `there` says whether there is one. */
struct dir *dirs_open(struct dirs *ds, const char *path);
/* What `name` in `dir` is, links followed. `dir` may be NULL: ENTRY_NONE. */
enum entry_kind dir_kind(struct dirs *ds, struct dir *dir, struct span name);
/* Does the listing hold the name, whatever it is? */
bool dir_lists(const struct dir *dir, struct span name);
/* The directory `name` in `dir`, listed; NULL unless it is one. */
struct dir *dir_sub(struct dirs *ds, struct dir *dir, struct span name);

/* Sorted, NULL-terminated, in `arena`. */
const char **dirs_consulted(struct dirs *ds, struct arena *arena);

#endif
