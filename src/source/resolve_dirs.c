/* Directories listed once; see the header. Knows paths and kinds, not modules. */
#include "source/resolve_dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

/* In place of a kind: a link, or an entry whose file system does not tell; stat when somebody asks. */
#define ENTRY_ASK 255

/* Links to links; the kernel gives up at 40 as well. */
#define LINK_DEPTH_MAX 40

struct dirs {
	struct arena arena;
	struct map by_path; /* path -> index into all */
	struct dir **all;
	uint32_t count, cap;
};

struct dirs *dirs_new(void)
{
	struct dirs *ds = xcalloc(1, sizeof *ds);
	*ds = (struct dirs){ .arena = ARENA_INIT, .by_path = MAP_INIT };
	return ds;
}

void dirs_free(struct dirs *ds)
{
	if (!ds)
		return;
	for (uint32_t i = 0; i < ds->count; i++) {
		map_release(&ds->all[i]->by_name);
		free(ds->all[i]->entries);
	}
	free(ds->all);
	map_release(&ds->by_path);
	arena_release(&ds->arena);
	free(ds);
}

static unsigned char kind_of_mode(mode_t mode)
{
	return S_ISREG(mode) ? ENTRY_FILE : S_ISDIR(mode) ? ENTRY_DIR : ENTRY_OTHER;
}

static unsigned char kind_of_dirent(const struct dirent *d)
{
	switch (d->d_type) {
	case DT_REG:
		return ENTRY_FILE;
	case DT_DIR:
		return ENTRY_DIR;
	case DT_LNK:
	case DT_UNKNOWN:
		return ENTRY_ASK;
	default:
		return ENTRY_OTHER;
	}
}

static struct dir_entry *add_entry(struct dirs *ds, struct dir *dir, struct span name, unsigned char kind)
{
	VEC_GROW(dir->entries, dir->count, dir->cap);
	struct dir_entry *e = &dir->entries[dir->count];
	*e = (struct dir_entry){ arena_strndup(&ds->arena, name.data, name.len), kind, NULL };
	map_put(&dir->by_name, (struct span){ e->name, name.len }, dir->count++, NULL);
	return e;
}

static void list(struct dirs *ds, struct dir *dir)
{
	DIR *stream = opendir(dir->path);
	if (!stream) {
		struct stat st;
		dir->there = errno == EACCES && stat(dir->path, &st) == 0 && S_ISDIR(st.st_mode);
		return;
	}
	dir->there = dir->readable = true;
	for (struct dirent *d; (d = readdir(stream));) {
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			add_entry(ds, dir, span_of(d->d_name), kind_of_dirent(d));
	}
	closedir(stream);
}

/* `path` is in the arena already. */
static struct dir *open_at(struct dirs *ds, const char *path, struct dir *parent)
{
	bool is_new;
	uint32_t index = *map_put_str(&ds->by_path, path, ds->count, &is_new);
	if (!is_new) {
		if (!ds->all[index]->parent)
			ds->all[index]->parent = parent;
		return ds->all[index];
	}
	VEC_GROW(ds->all, ds->count, ds->cap);
	struct dir *dir = ARENA_NEW(&ds->arena, struct dir);
	*dir = (struct dir){ .path = path, .parent = parent };
	ds->all[ds->count++] = dir;
	list(ds, dir);
	return dir;
}

struct dir *dirs_open(struct dirs *ds, const char *path)
{
	const uint32_t *known = map_get_str(&ds->by_path, path);
	return known ? ds->all[*known] : open_at(ds, arena_strdup(&ds->arena, path), NULL);
}

static const char *join(struct dirs *ds, const char *dir, const char *name)
{
	size_t len = strlen(dir);
	return arena_printf(&ds->arena, "%s%s%s", dir, len && dir[len - 1] == '/' ? "" : "/", name);
}

/*
 * A link's answer stands on where it points as much as on its own directory: note the directory of the target, and of
 * each link on the way.
 */
static void note_link_targets(struct dirs *ds, const char *path)
{
	char target[PATH_MAX];
	for (int depth = 0; depth < LINK_DEPTH_MAX; depth++) {
		ssize_t len = readlink(path, target, sizeof target - 1);
		if (len <= 0)
			return;
		target[len] = '\0';
		const char *slash = strrchr(path, '/');
		const char *above = arena_strndup(&ds->arena, path, slash == path ? 1 : (size_t)(slash - path));
		path = target[0] == '/' ? arena_strdup(&ds->arena, target) : join(ds, above, target);
		slash = strrchr(path, '/');
		dirs_open(ds, slash == path ? "/" : arena_strndup(&ds->arena, path, (size_t)(slash - path)));
	}
}

static unsigned char ask(struct dirs *ds, const struct dir *dir, const char *name)
{
	const char *path = join(ds, dir->path, name);
	note_link_targets(ds, path);
	struct stat st;
	if (stat(path, &st) == 0)
		return kind_of_mode(st.st_mode);
	return dir->readable ? ENTRY_OTHER : ENTRY_NONE;
}

static struct dir_entry *find(struct dirs *ds, struct dir *dir, struct span name)
{
	if (!dir || !dir->there)
		return NULL;
	const uint32_t *index = map_get(&dir->by_name, name);
	struct dir_entry *e = index ? &dir->entries[*index] : NULL;
	if (!e && !dir->readable)
		e = add_entry(ds, dir, name, ENTRY_ASK);
	if (!e || e->kind != ENTRY_ASK)
		return e;
	uint32_t at = (uint32_t)(e - dir->entries);
	unsigned char kind = ask(ds, dir, e->name);
	dir->entries[at].kind = kind;
	return &dir->entries[at];
}

enum entry_kind dir_kind(struct dirs *ds, struct dir *dir, struct span name)
{
	const struct dir_entry *e = find(ds, dir, name);
	return e ? (enum entry_kind)e->kind : ENTRY_NONE;
}

bool dir_lists(const struct dir *dir, struct span name)
{
	return dir && dir->readable && map_get(&dir->by_name, name);
}

struct dir *dir_sub(struct dirs *ds, struct dir *dir, struct span name)
{
	struct dir_entry *e = find(ds, dir, name);
	if (!e || e->kind != ENTRY_DIR)
		return NULL;
	if (!e->sub)
		e->sub = open_at(ds, join(ds, dir->path, e->name), dir);
	return e->sub->there ? e->sub : NULL;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **dirs_consulted(struct dirs *ds, struct arena *arena)
{
	const char **paths = ARENA_ARRAY(arena, const char *, ds->count + 1);
	for (uint32_t i = 0; i < ds->count; i++)
		paths[i] = arena_strdup(arena, ds->all[i]->path);
	qsort(paths, ds->count, sizeof *paths, compare_paths);
	return paths;
}
