#include "cmd/watch_places.h"

#include <string.h>

#include "sys/path.h"

static bool is_left_out(const struct watch_places *p, const char *path)
{
	return path_is_below(path, p->store) || path_is_below(path, "/proc");
}

/* With the directories between it and the current one: any of them may be renamed or replaced. */
static int add_dir(struct watch_places *p, struct arena *a, const char *dir, bool listed, bool *ret_new,
                   struct err *err)
{
	bool fresh = true;
	while (fresh && !is_left_out(p, dir)) {
		if (dirwatch_add(p->dirs, dir, listed, &fresh, err))
			return -1;
		*ret_new = *ret_new || fresh;
		if (strcmp(dir, p->cwd) == 0 || !path_is_below(dir, p->cwd))
			break;
		dir = path_dirname(a, dir);
		listed = false;
	}
	return 0;
}

static void add_name(struct watch_places *p, const char *path)
{
	map_put_str(&p->names, arena_strdup(&p->arena, path_basename(path)), 0, NULL);
}

/* The nearest directory above that is there: what is missing would appear in it, or its parents would. */
static const char *existing_dir(struct watch_places *p, struct arena *a, const char *path)
{
	do {
		add_name(p, path);
		path = path_dirname(a, path);
	} while (!fs_is_dir(path) && strcmp(path, "/") != 0);
	return path;
}

/* A link's target may change where nobody looks. */
static int add_target(struct watch_places *p, struct arena *a, const char *path, bool *ret_new, struct err *err)
{
	struct file_stat s;
	struct err gone = ERR_INIT;
	const char *real;
	if (fs_lstat(path, &s, &gone) || s.kind != FILE_LINK || fs_realpath(a, path, &real, &gone)) {
		err_release(&gone);
		return 0;
	}
	add_name(p, real);
	return add_dir(p, a, path_dirname(a, real), false, ret_new, err);
}

static int add_item(struct watch_places *p, struct arena *a, const char *path, enum file_kind kind, bool *ret_new,
                    struct err *err)
{
	if (is_left_out(p, path))
		return 0;
	add_name(p, path);
	if (kind == FILE_DIR)
		return add_dir(p, a, path, true, ret_new, err);
	if (kind == FILE_NONE)
		return add_dir(p, a, existing_dir(p, a, path), false, ret_new, err);
	return add_dir(p, a, path_dirname(a, path), false, ret_new, err) ? -1 : add_target(p, a, path, ret_new, err);
}

int watch_places_follow(struct watch_places *p, const struct witness *w, bool *ret_new, struct err *err)
{
	struct arena a = ARENA_INIT;
	*ret_new = false;
	int failed = add_dir(p, &a, p->cwd, !w, ret_new, err);
	if (w) {
		map_release(&p->names);
		arena_release(&p->arena);
	}
	for (uint32_t i = 0; w && i < witness_count(w) && !failed; i++) {
		enum file_kind kind;
		const char *path = witness_at(w, i, &kind);
		failed = add_item(p, &a, path, kind, ret_new, err);
	}
	arena_release(&a);
	return failed;
}

bool watch_places_concerns(const struct watch_places *p, const struct dirwatch_change *c)
{
	return !c->name || c->lost || map_get_str(&p->names, c->name) ||
	       (c->listed && (witness_name_matters(c->name, c->is_dir) ||
	                      (c->is_link && witness_name_matters(c->name, true))));
}

void watch_places_release(struct watch_places *p)
{
	dirwatch_close(p->dirs);
	map_release(&p->names);
	arena_release(&p->arena);
}
