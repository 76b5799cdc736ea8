#include "sys/dirwatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/xalloc.h"
#include "sys/fs.h"
#include "sys/path.h"

enum { READ_SIZE = 64 * 1024, NOT_WATCHED = -1 };

static const uint32_t MASK = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                             IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

struct dirwatch {
	int fd;
	struct arena arena;
	struct map dirs;  /* path -> index */
	struct place {
		int descriptor; /* several paths of one directory share one */
		bool listed;
	} *places; /* per path */
	uint32_t cap;
};

int dirwatch_open(struct dirwatch **ret, struct err *err)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd < 0)
		return err_set_errno(err, ERR_IO,
		                     "the system gives no way to be told of changes (inotify; raise "
		                     "fs.inotify.max_user_instances with sysctl if it says that there are too many)");
	*ret = xcalloc(1, sizeof **ret);
	(*ret)->fd = fd;
	return 0;
}

void dirwatch_close(struct dirwatch *w)
{
	if (!w)
		return;
	close(w->fd);
	map_release(&w->dirs);
	arena_release(&w->arena);
	free(w->places);
	free(w);
}

int dirwatch_fd(const struct dirwatch *w)
{
	return w->fd;
}

static struct place *place_of(struct dirwatch *w, const char *dir)
{
	const uint32_t *there = map_get_str(&w->dirs, dir);
	if (there)
		return &w->places[*there];
	uint32_t i = w->dirs.count;
	VEC_GROW(w->places, i, w->cap);
	map_put_str(&w->dirs, arena_strdup(&w->arena, dir), i, NULL);
	w->places[i] = (struct place){ NOT_WATCHED, false };
	return &w->places[i];
}

int dirwatch_add(struct dirwatch *w, const char *dir, bool listed, bool *ret_new, struct err *err)
{
	struct place *place = place_of(w, dir);
	*ret_new = false;
	place->listed = place->listed || listed;
	if (place->descriptor != NOT_WATCHED)
		return 0;
	int descriptor = inotify_add_watch(w->fd, dir, MASK);
	if (descriptor < 0 && (errno == ENOSPC || errno == ENOMEM))
		return err_set_errno(err, ERR_IO,
		                     "the system watches no more directories than it does already; raise its limit with "
		                     "`sysctl fs.inotify.max_user_watches=...`");
	if (descriptor < 0)
		return 0; /* gone, or not for us to read: nobody else could look into it either */
	place->descriptor = descriptor;
	*ret_new = true;
	return 0;
}

/* The path no longer leads where it led, and so do all paths below it. */
static bool forget_path(struct dirwatch *w, struct span path)
{
	bool any = false;
	for (uint32_t i = 0; i < w->dirs.count; i++) {
		struct span dir = w->dirs.entries[i].key;
		if (w->places[i].descriptor == NOT_WATCHED || !path_is_below(dir.data, path.data))
			continue;
		inotify_rm_watch(w->fd, w->places[i].descriptor);
		w->places[i].descriptor = NOT_WATCHED;
		any = true;
	}
	return any;
}

static bool forget_descriptor(struct dirwatch *w, int descriptor, bool below)
{
	bool any = false;
	for (uint32_t i = 0; i < w->dirs.count; i++) {
		if (w->places[i].descriptor != descriptor)
			continue;
		if (below)
			forget_path(w, w->dirs.entries[i].key);
		w->places[i].descriptor = NOT_WATCHED;
		any = true;
	}
	return any;
}

/* An entry that comes or goes may be a watched directory, or a link on the way to one. */
static bool forget_entry(struct dirwatch *w, int descriptor, const char *name)
{
	struct buf path = BUF_INIT;
	bool any = false;
	for (uint32_t i = 0; i < w->dirs.count; i++) {
		if (w->places[i].descriptor != descriptor)
			continue;
		buf_reset(&path);
		buf_addf(&path, "%s/%s", w->dirs.entries[i].key.data, name);
		if (map_get(&w->dirs, buf_span(&path)))
			any = forget_path(w, buf_span(&path)) || any;
	}
	buf_release(&path);
	return any;
}

static bool is_link(const struct dirwatch *w, int descriptor, const char *name)
{
	struct buf path = BUF_INIT;
	struct file_stat s = { 0 };
	struct err gone = ERR_INIT;
	uint32_t i = 0;
	while (i < w->dirs.count && w->places[i].descriptor != descriptor)
		i++;
	if (i < w->dirs.count)
		buf_addf(&path, "%s/%s", w->dirs.entries[i].key.data, name);
	if (i < w->dirs.count && fs_lstat(path.data, &s, &gone))
		err_release(&gone);
	buf_release(&path);
	return s.kind == FILE_LINK;
}

static bool is_listed(const struct dirwatch *w, int descriptor)
{
	bool listed = false;
	for (uint32_t i = 0; i < w->dirs.count && !listed; i++)
		listed = w->places[i].descriptor == descriptor && w->places[i].listed;
	return listed;
}

static void take_event(struct dirwatch *w, const struct inotify_event *e, struct dirwatch_change *ret)
{
	*ret = (struct dirwatch_change){
		.name = e->len ? e->name : NULL, .listed = is_listed(w, e->wd), .is_dir = e->mask & IN_ISDIR
	};
	ret->is_link = ret->name && !ret->is_dir && e->mask & (IN_CREATE | IN_MOVED_TO) && is_link(w, e->wd, e->name);
	ret->unfinished = !ret->is_dir && !ret->is_link && e->mask & (IN_MODIFY | IN_CREATE);
	if (e->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF))
		ret->lost = forget_descriptor(w, e->wd, !(e->mask & IN_IGNORED));
	else if (ret->name && e->mask & (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO))
		ret->lost = forget_entry(w, e->wd, e->name);
}

void dirwatch_read(struct dirwatch *w, void (*changed)(void *ctx, const struct dirwatch_change *c), void *ctx)
{
	_Alignas(struct inotify_event) char bytes[READ_SIZE];
	ssize_t n;
	while ((n = read(w->fd, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR)) {
		for (char *at = bytes; at < bytes + n;) {
			const struct inotify_event *e = (const struct inotify_event *)(const void *)at;
			struct dirwatch_change change;
			take_event(w, e, &change);
			if (!(e->mask & IN_IGNORED))
				changed(ctx, &change);
			at += sizeof *e + e->len;
		}
	}
}
