#include "source/witness.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/xalloc.h"
#include "sys/clock.h"
#include "sys/fs.h"

enum { VERSION = 2, KIND_RACY = 255 };
static const char MAGIC[] = "SEPW";
enum { MAGIC_SIZE = 4 };

struct item {
	struct file_stat stat;
	uint64_t listing;
	bool racy;
};

struct witness {
	struct arena arena;
	int64_t began_ns;
	struct map paths, names;
	struct item *items;
	uint32_t count, cap;
	/* Directories of an earlier witness. */
	struct map old_paths;
	struct item *old;
	uint32_t old_count, old_cap;
};

struct witness *witness_new(int64_t began_ns)
{
	struct witness *w = xcalloc(1, sizeof *w);
	w->began_ns = began_ns;
	return w;
}

void witness_free(struct witness *w)
{
	if (!w)
		return;
	map_release(&w->paths);
	map_release(&w->names);
	map_release(&w->old_paths);
	free(w->old);
	arena_release(&w->arena);
	free(w->items);
	free(w);
}

static bool is_one_of(const char *name, const char *const *list)
{
	while (*list && strcmp(name, *list) != 0)
		list++;
	return *list != NULL;
}

/* Python files, configuration, path files, markers: whatever a checker or a resolver may look for by name. */
bool witness_name_matters(const char *name, bool is_dir)
{
	static const char *const suffixes[] = { ".py", ".pyi", ".ini", ".toml", ".cfg", ".pth", NULL };
	static const char *const files[] = { "py.typed", ".gitignore", "VERSIONS", ".git", ".hg", NULL };
	static const char *const hidden_dirs[] = { ".git", ".hg", NULL };
	const char *dot = strrchr(name, '.');
	if (is_dir)
		return (name[0] != '.' && strcmp(name, "__pycache__") != 0) || is_one_of(name, hidden_dirs);
	return (dot && is_one_of(dot, suffixes)) || is_one_of(name, files);
}

/* Order-independent: the sum of the names' hashes. Links and unknown kinds count as both. */
static uint64_t listing_hash(const char *dir)
{
	DIR *d = opendir(dir);
	uint64_t sum = 0;
	if (!d)
		return 0;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		bool is_dir = e->d_type != DT_REG, is_file = e->d_type != DT_DIR;
		if ((is_dir && witness_name_matters(e->d_name, true)) || (is_file && witness_name_matters(e->d_name, false)))
			sum += hash_xxh3(span_of(e->d_name)) ^ (uint64_t)e->d_type;
	}
	closedir(d);
	return sum | 1;
}

static struct file_stat stat_now(const char *path)
{
	struct err ignored = ERR_INIT;
	struct file_stat s = { 0 };
	if (fs_stat(path, &s, &ignored))
		s = (struct file_stat){ 0 };
	err_release(&ignored);
	return s;
}

/* ctime as well: mtime can be set back (rsync, tar) */
static bool same_times(const struct file_stat *a, const struct file_stat *b)
{
	return a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns && a->inode == b->inode && a->dev == b->dev;
}

static uint64_t listing_of(const struct witness *w, const char *path, const struct file_stat *st)
{
	const uint32_t *old = map_get_str(&w->old_paths, path);
	return old && same_times(&w->old[*old].stat, st) ? w->old[*old].listing : listing_hash(path);
}

static void observe(struct witness *w, const char *path, const struct file_stat *seen)
{
	bool fresh;
	if (map_get_str(&w->paths, path))
		return;
	map_put_str(&w->paths, arena_strdup(&w->arena, path), w->count, &fresh);
	VEC_GROW(w->items, w->count, w->cap);
	struct item *i = &w->items[w->count++];
	*i = (struct item){ .stat = seen ? *seen : stat_now(path) };
	i->racy = i->stat.kind != FILE_NONE && !fs_is_settled(&i->stat, w->began_ns);
	/* A racy directory was perhaps listed by the observer before its last change: its listing now proves nothing. */
	if (i->stat.kind == FILE_DIR && !i->racy)
		i->listing = listing_of(w, path, &i->stat);
}

void witness_path(struct witness *w, const char *path)
{
	observe(w, path, NULL);
}

void witness_seen(struct witness *w, const char *path, const struct file_stat *seen)
{
	observe(w, path, seen);
}

void witness_env(struct witness *w, const char *name)
{
	map_put_str(&w->names, arena_strdup(&w->arena, name), 0, NULL);
}

uint32_t witness_count(const struct witness *w)
{
	return w->count;
}

const char *witness_at(const struct witness *w, uint32_t i, enum file_kind *ret_kind)
{
	*ret_kind = w->items[i].stat.kind;
	return w->paths.entries[i].key.data;
}

static bool is_news(const struct witness *w, uint32_t i)
{
	const struct item *was = &w->items[i];
	const char *path = w->paths.entries[i].key.data;
	struct file_stat now = stat_now(path);
	if (now.kind != was->stat.kind || now.inode != was->stat.inode || now.dev != was->stat.dev)
		return true;
	bool moved = now.mtime_ns != was->stat.mtime_ns || now.ctime_ns != was->stat.ctime_ns;
	if (now.kind == FILE_DIR && !was->racy)
		return moved && listing_hash(path) != was->listing;
	return now.kind != FILE_NONE && (moved || now.mtime_ns > w->began_ns || now.ctime_ns > w->began_ns);
}

bool witness_has_news(const struct witness *w)
{
	for (uint32_t i = 0; i < w->count; i++)
		if (is_news(w, i))
			return true;
	return false;
}

bool witness_still_holds(const struct witness *w)
{
	struct buf text = BUF_INIT;
	witness_encode(w, &text);
	struct reader r = reader_of(buf_span(&text));
	bool holds = witness_holds(&r, NULL);
	buf_release(&text);
	return holds;
}

void witness_encode(const struct witness *w, struct buf *out)
{
	buf_add(out, MAGIC, MAGIC_SIZE);
	buf_put_u8(out, VERSION);
	buf_put_u32(out, w->count);
	for (uint32_t i = 0; i < w->count; i++) {
		const struct item *item = &w->items[i];
		buf_put_bytes(out, w->paths.entries[i].key);
		buf_put_u8(out, item->racy ? KIND_RACY : (uint8_t)item->stat.kind);
		buf_put_u64(out, item->stat.size);
		buf_put_u64(out, (uint64_t)item->stat.mtime_ns);
		buf_put_u64(out, (uint64_t)item->stat.ctime_ns);
		buf_put_u64(out, item->stat.inode);
		buf_put_u64(out, item->stat.dev);
		buf_put_u64(out, item->listing);
	}
	buf_put_u32(out, w->names.count);
	for (uint32_t i = 0; i < w->names.count; i++) {
		const char *value = getenv(w->names.entries[i].key.data);
		buf_put_bytes(out, w->names.entries[i].key);
		buf_put_u8(out, value != NULL);
		buf_put_str(out, value ? value : "");
	}
}

static bool read_item(struct reader *r, struct span *ret_path, uint8_t *ret_kind, struct item *ret)
{
	*ret_path = reader_bytes(r);
	*ret_kind = reader_u8(r);
	*ret = (struct item){ .racy = false };
	ret->stat.size = reader_u64(r);
	ret->stat.mtime_ns = (int64_t)reader_u64(r);
	ret->stat.ctime_ns = (int64_t)reader_u64(r);
	ret->stat.inode = reader_u64(r);
	ret->stat.dev = reader_u64(r);
	ret->listing = reader_u64(r);
	return reader_ok(r) && !memchr(ret_path->data, 0, ret_path->len);
}

static bool read_start(struct reader *r)
{
	return span_eq(reader_raw(r, MAGIC_SIZE), (struct span){ MAGIC, MAGIC_SIZE }) && reader_u8(r) == VERSION;
}

void witness_recall(struct witness *w, struct reader *old)
{
	uint32_t items = read_start(old) ? reader_count(old, 49) : 0;
	for (uint32_t i = 0; i < items; i++) {
		struct span path;
		uint8_t kind;
		struct item item;
		if (!read_item(old, &path, &kind, &item))
			return;
		if (kind != FILE_DIR)
			continue;
		map_put(&w->old_paths, arena_span(&w->arena, path), w->old_count, NULL);
		VEC_GROW(w->old, w->old_count, w->old_cap);
		w->old[w->old_count++] = item;
	}
}

/* Keys are read into a buffer of their own because stat(2) wants a NUL. */
static bool item_holds(struct reader *r, struct buf *path, struct span *changed)
{
	struct item was;
	struct span p;
	uint8_t kind;
	if (!read_item(r, &p, &kind, &was))
		return false;
	*changed = p;
	buf_reset(path);
	buf_add_span(path, p);
	struct file_stat now = stat_now(buf_span(path).data);
	if (now.kind != kind)
		return false;
	if (now.kind == FILE_NONE)
		return true;
	if (now.inode != was.stat.inode || now.dev != was.stat.dev)
		return false;
	if (now.kind == FILE_DIR)
		return same_times(&now, &was.stat) || listing_hash(path->data) == was.listing;
	return now.size == was.stat.size && same_times(&now, &was.stat);
}

static bool env_holds(struct reader *r, struct buf *name, struct span *changed)
{
	struct span n = reader_bytes(r);
	bool there = reader_u8(r) != 0;
	struct span value = reader_bytes(r);
	if (!reader_ok(r) || memchr(n.data, 0, n.len))
		return false;
	*changed = n;
	buf_reset(name);
	buf_add_span(name, n);
	const char *now = getenv(buf_span(name).data);
	return there ? now && span_eq_str(value, now) : !now;
}

bool witness_holds(struct reader *r, struct span *ret_changed)
{
	struct buf text = BUF_INIT;
	struct span changed = { "", 0 };
	bool holds = read_start(r);
	uint32_t items = reader_count(r, 49);
	for (uint32_t i = 0; holds && i < items; i++)
		holds = item_holds(r, &text, &changed);
	uint32_t names = holds ? reader_count(r, 9) : 0;
	for (uint32_t i = 0; holds && i < names; i++)
		holds = env_holds(r, &text, &changed);
	buf_release(&text);
	if (ret_changed)
		*ret_changed = changed;
	return holds && reader_ok(r);
}
