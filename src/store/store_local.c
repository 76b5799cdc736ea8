/*
 * The store in a directory of this machine (doc/formats/store.md). Each shelf is a directory of 256 directories of
 * files; a blob's file has the blob's bytes and nothing else, so that it can be linked into a staged directory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "store/scratch.h"
#include "store/store_kind.h"
#include "sys/fs.h"
#include "sys/path.h"

/* FORMAT is about the directory as a whole; what lies in it has a directory per layout, so that sepals of two layouts
 * can use one store, each its own part. */
enum { FORMAT_VERSION = 1, LAYOUT_VERSION = 2, FORMAT_LIMIT = 4096 };
static const char format_word[] = "sepal store ";

struct store_local {
	struct store base;
	struct arena arena;
	const char *dir;       /* as given */
	const char *versioned; /* DIR/v2 */
	const char *tmp;       /* DIR/v2/tmp */
	struct scratch scratch;
	uint64_t sequence; /* names temporary files */
	struct buf path;   /* the last path that was asked for */
};

/* One sentence: the directory, what was refused, what to do. The store's user sees only this. */
static int explain(const struct store_local *l, struct err *err)
{
	static const struct {
		int number;
		const char *remedy;
	} rows[] = {
		{ ENOSPC, "free some space, or use a store on another disk" },
		{ EDQUOT, "free some space, or use a store on another disk" },
		{ EACCES, "make the directory readable and writable for this user, or use another one" },
		{ EPERM, "make the directory readable and writable for this user, or use another one" },
		{ EROFS, "it cannot be written there: use another directory" },
		{ EIO, "the disk has errors: use another one" },
		{ ENOTDIR, "something else lies where a directory belongs: move it away" },
		{ EEXIST, "something else lies where a directory belongs: move it away" },
		{ EISDIR, "a directory lies where a file belongs: move it away" },
	};
	const char *remedy = "use another directory if this does not go away";
	int number = err->sys_errno;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].number == number)
			remedy = rows[i].remedy;
	struct err full = ERR_INIT;
	err_set(&full, err->kind, "the store %s failed: %s (%s)", l->dir, err->message, remedy);
	err_move(err, &full);
	err->sys_errno = number;
	return -1;
}

static const char *local_path(struct store *s, enum store_shelf shelf, const struct digest *name)
{
	struct store_local *l = (struct store_local *)s;
	char hex[DIGEST_HEX_SIZE + 1];
	digest_hex(name, hex);
	buf_reset(&l->path);
	buf_addf(&l->path, "%s/%s/%.2s/%s", l->versioned, store_shelf_names[shelf], hex, hex + 2);
	return l->path.data;
}

static bool local_size(struct store *s, enum store_shelf shelf, const struct digest *name, uint64_t *ret_size)
{
	struct file_stat st;
	struct err err = ERR_INIT;
	if (fs_stat(local_path(s, shelf, name), &st, &err) != 0) {
		err_release(&err); /* a write or read of it will say what is wrong */
		return false;
	}
	*ret_size = st.size;
	return st.kind == FILE_REGULAR;
}

static int local_read(struct store *s, enum store_shelf shelf, const struct digest *name, struct buf *out,
                      bool *ret_found, struct err *err)
{
	size_t limit = shelf == SHELF_BLOBS ? STORE_BLOB_LIMIT : STORE_RECORD_LIMIT;
	if (fs_read_if_there(local_path(s, shelf, name), limit, out, ret_found, err) == 0)
		return 0;
	if (err->kind != ERR_PROTOCOL)
		return explain((struct store_local *)s, err);
	/* Larger than anything that was ever written: found, and not what it should be. */
	err_release(err);
	*ret_found = true;
	buf_add(out, "", 0);
	return 0;
}

static void local_remove(struct store *s, enum store_shelf shelf, const struct digest *name)
{
	struct err err = ERR_INIT;
	if (fs_unlink(local_path(s, shelf, name), &err) != 0)
		err_release(&err); /* a store that can only be read: it stays, and stays a miss */
}

static int need_scratch(struct store_local *l, struct err *err)
{
	return l->scratch.own.path ? 0 : scratch_make(&l->scratch, l->tmp, err);
}

static int write_temp(struct store_local *l, struct span bytes, unsigned mode, struct buf *ret_temp, struct err *err)
{
	for (int attempt = 0;; attempt++) {
		if (need_scratch(l, err) != 0)
			return -1;
		/* with the process id: a forked child that goes on writing shares this directory and this counter */
		buf_reset(ret_temp);
		buf_addf(ret_temp, "%s/%ld-%llu", l->scratch.own.path, (long)getpid(), (unsigned long long)++l->sequence);
		if (fs_create(ret_temp->data, bytes, mode, err) == 0)
			return 0;
		if (err->sys_errno != ENOENT || attempt)
			return -1;
		err_release(err); /* somebody emptied the cache under us, which is allowed */
		scratch_release(&l->scratch);
	}
}

static int move_into_place(const char *temp, const char *path, struct err *err)
{
	if (fs_rename(temp, path, err) == 0)
		return 0;
	if (err->sys_errno != ENOENT)
		return -1;
	err_release(err); /* the first one in its directory */
	return fs_mkdir_parents(path, err) != 0 ? -1 : fs_rename(temp, path, err);
}

static int local_write(struct store *s, enum store_shelf shelf, const struct digest *name, struct span bytes,
                       struct err *err)
{
	struct store_local *l = (struct store_local *)s;
	struct buf temp = BUF_INIT;
	struct err ignored = ERR_INIT;
	int rc = write_temp(l, bytes, shelf == SHELF_BLOBS ? 0444 : 0666, &temp, err);
	if (rc == 0) {
		rc = move_into_place(temp.data, local_path(s, shelf, name), err);
		if (rc != 0 && fs_unlink(temp.data, &ignored) != 0)
			err_release(&ignored); /* it goes with the scratch directory */
	}
	buf_release(&temp);
	return rc == 0 ? 0 : explain(l, err);
}

/* Every name that comes or goes changes the times of one of the 256 directories. */
static uint64_t local_stamp(struct store *s)
{
	struct store_local *l = (struct store_local *)s;
	struct buf seen = BUF_INIT, path = BUF_INIT;
	struct err ignored = ERR_INIT;
	for (unsigned i = 0; i < 256; i++) {
		struct file_stat st = { .kind = FILE_NONE };
		buf_reset(&path);
		buf_addf(&path, "%s/%s/%02x", l->versioned, store_shelf_names[SHELF_BLOBS], i);
		if (fs_stat(path.data, &st, &ignored) != 0)
			err_release(&ignored);
		buf_put_u64(&seen, (uint64_t)st.mtime_ns);
		buf_put_u64(&seen, st.inode);
	}
	uint64_t stamp = hash_xxh3(buf_span(&seen));
	buf_release(&seen);
	buf_release(&path);
	return stamp;
}

static int local_scratch(struct store *s, const char **ret_dir, struct err *err)
{
	struct store_local *l = (struct store_local *)s;
	if (need_scratch(l, err) != 0)
		return explain(l, err);
	const char *dir = path_join(&l->arena, l->scratch.own.path, "work");
	if (fs_mkdirs(dir, err) != 0)
		return explain(l, err);
	*ret_dir = dir;
	return 0;
}

static int local_state_dir(struct store *s, const struct digest *work_tree, const char **ret_dir, struct err *err)
{
	struct store_local *l = (struct store_local *)s;
	char hex[DIGEST_HEX_SIZE + 1];
	digest_hex(work_tree, hex);
	const char *dir = arena_printf(&l->arena, "%s/state/%s", l->versioned, hex);
	if (fs_mkdirs(dir, err) != 0)
		return explain(l, err);
	*ret_dir = dir;
	return 0;
}

/* One of the 256 directories of a shelf. */
static int names_in(const char *dir, const char *prefix, struct arena *a, struct store_names *names, size_t *name_cap,
                    size_t *odd_cap, struct err *err)
{
	struct fs_listing l;
	if (fs_list(dir, a, &l, err) != 0)
		return -1;
	for (size_t i = 0; l.there && i < l.count; i++) {
		struct digest d;
		const char *hex = arena_printf(a, "%s%s", prefix, l.entries[i].name);
		if (l.entries[i].kind == FILE_REGULAR && digest_from_hex(&d, span_of(hex))) {
			VEC_GROW(names->items, names->count, *name_cap);
			names->items[names->count++] = d;
		} else {
			VEC_GROW(names->odd, names->odd_count, *odd_cap);
			names->odd[names->odd_count++] = path_join(a, dir, l.entries[i].name);
		}
	}
	return 0;
}

static bool is_shard(const struct fs_entry *e)
{
	return e->kind == FILE_DIR && strlen(e->name) == 2 && strspn(e->name, "0123456789abcdef") == 2;
}

static int collect_names(const char *dir, struct arena *a, struct store_names *names, struct err *err)
{
	size_t name_cap = 0, odd_cap = 0;
	struct fs_listing l;
	if (fs_list(dir, a, &l, err) != 0)
		return -1;
	for (size_t i = 0; l.there && i < l.count; i++) {
		const char *path = path_join(a, dir, l.entries[i].name);
		if (!is_shard(&l.entries[i])) {
			VEC_GROW(names->odd, names->odd_count, odd_cap);
			names->odd[names->odd_count++] = path;
		} else if (names_in(path, l.entries[i].name, a, names, &name_cap, &odd_cap, err) != 0) {
			return -1;
		}
	}
	return 0;
}

static int local_names(struct store *s, enum store_shelf shelf, struct arena *arena, struct store_names *ret,
                       struct err *err)
{
	struct store_local *l = (struct store_local *)s;
	struct store_names names = { 0 };
	int rc = collect_names(path_join(arena, l->versioned, store_shelf_names[shelf]), arena, &names, err);
	if (rc == 0) {
		*ret = (struct store_names){
			.items = ARENA_ARRAY(arena, struct digest, names.count),
			.count = names.count,
			.odd = ARENA_ARRAY(arena, const char *, names.odd_count),
			.odd_count = names.odd_count,
		};
		if (names.count)
			memcpy(ret->items, names.items, names.count * sizeof *names.items);
		if (names.odd_count)
			memcpy(ret->odd, names.odd, names.odd_count * sizeof *names.odd);
	}
	free(names.items);
	free(names.odd);
	return rc == 0 ? 0 : explain(l, err);
}

static void local_close(struct store *s)
{
	struct store_local *l = (struct store_local *)s;
	scratch_release(&l->scratch);
	buf_release(&l->path);
	arena_release(&l->arena);
	free(l);
}

static const struct store_kind local_kind = {
	.close = local_close,
	.write = local_write,
	.read = local_read,
	.size = local_size,
	.remove = local_remove,
	.path = local_path,
	.stamp = local_stamp,
	.names = local_names,
	.scratch = local_scratch,
	.state_dir = local_state_dir,
};

/* FORMAT holds one line, "sepal store N". */
static int check_format(const struct store_local *l, const char *path, struct span text, struct err *err)
{
	size_t word = strlen(format_word), digits = 0;
	unsigned version = 0;
	if (text.len > word && memcmp(text.data, format_word, word) == 0)
		for (size_t i = word; i < text.len && text.data[i] >= '0' && text.data[i] <= '9' && digits < 6; i++, digits++)
			version = version * 10 + (unsigned)(text.data[i] - '0');
	if (!digits || word + digits + 1 != text.len || text.data[text.len - 1] != '\n')
		return err_set(err, ERR_CORRUPT,
		               "%s is not what a store says of itself: use another directory, or remove that file if %s is "
		               "a store of sepal",
		               path, l->dir);
	if (version > FORMAT_VERSION)
		return err_set(err, ERR_CORRUPT,
		               "the store %s was written by a newer sepal (format %u, this one knows %d): use that one, or "
		               "another directory",
		               l->dir, version, FORMAT_VERSION);
	return 0;
}

static int open_format(struct store_local *l, struct err *err)
{
	struct buf text = BUF_INIT;
	bool there;
	const char *path = path_join(&l->arena, l->dir, "FORMAT");
	int rc = fs_read_if_there(path, FORMAT_LIMIT, &text, &there, err);
	if (rc != 0) {
		rc = explain(l, err);
	} else if (there) {
		rc = check_format(l, path, buf_span(&text), err);
	} else {
		buf_addf(&text, "%s%d\n", format_word, FORMAT_VERSION);
		if (fs_write_atomic(path, buf_span(&text), FS_WRITE_PARENTS, err) != 0)
			rc = explain(l, err);
	}
	buf_release(&text);
	return rc;
}

int store_open_local(const char *dir, struct store **ret, struct err *err)
{
	if (!path_is_absolute(dir))
		BUG("the store's directory is not absolute: %s", dir);
	struct store_local *l = xcalloc(1, sizeof *l);
	l->base.kind = &local_kind;
	l->scratch = (struct scratch)SCRATCH_INIT;
	l->dir = arena_strdup(&l->arena, dir);
	l->versioned = arena_printf(&l->arena, "%s/v%d", dir, LAYOUT_VERSION);
	l->tmp = path_join(&l->arena, l->versioned, "tmp");
	if (open_format(l, err) != 0) {
		local_close(&l->base);
		return -1;
	}
	scratch_clean(l->tmp);
	*ret = &l->base;
	return 0;
}
