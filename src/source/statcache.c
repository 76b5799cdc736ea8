/* When a file need not be read. Knows files and times, git only as a witness (worktree_git.c), and no modules. */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/xalloc.h"
#include "source/statcache_file.h"
#include "source/worktree.h"
#include "sys/fs.h"

enum { FILE_LIMIT = 64 << 20, CACHE_LIMIT = 256 << 20 };
/* What this run did not ask for is kept for other command lines, and for when a branch is checked out again: twice as
 * much as it did ask for, and some. */
enum { SPARE = 1024 };

struct file {
	struct stat_record record;
	bool asked;      /* in this run: the answer is record.digest */
	bool changing;   /* it was not of one size while it was looked at */
	bool remembered; /* goes into the file */
};

struct known {
	struct known_content content;
	bool used;
};

struct statcache {
	struct arena arena;
	const char *path;
	int64_t opened_ns;
	struct gitindex *git; /* borrowed, may be NULL */
	struct file *files;
	uint32_t file_count, file_cap;
	struct map by_path; /* index in files */
	struct known *known;
	uint32_t known_count, known_cap;
	struct map by_oid; /* index in known */
	uint64_t files_read;
	bool changed; /* what would be written is not what was read */
	bool saved;   /* and nothing has changed since */
};

static uint32_t add_file(struct statcache *c, const struct stat_record *r)
{
	VEC_GROW(c->files, c->file_count, c->file_cap);
	c->files[c->file_count] = (struct file){ .record = *r };
	map_put_str(&c->by_path, r->path, c->file_count, NULL);
	return c->file_count++;
}

static struct known *find_known(const struct statcache *c, const unsigned char *oid, uint32_t len)
{
	uint32_t *i = map_get(&c->by_oid, (struct span){ (const char *)oid, len });
	return i ? &c->known[*i] : NULL;
}

static struct known *add_known(struct statcache *c, const struct known_content *k)
{
	struct known *there = find_known(c, k->oid, k->oid_len);
	if (there)
		return there;
	VEC_GROW(c->known, c->known_count, c->known_cap);
	struct span key = arena_span(&c->arena, (struct span){ (const char *)k->oid, k->oid_len });
	c->known[c->known_count] = (struct known){ .content = *k };
	map_put(&c->by_oid, key, c->known_count, NULL);
	return &c->known[c->known_count++];
}

static void take_over(struct statcache *c, struct span bytes)
{
	struct statcache_file f;
	if (!statcache_file_decode(bytes, &c->arena, &f))
		return;
	if (f.saved_ns <= c->opened_ns) {
		c->changed = false;
		for (uint32_t i = 0; i < f.file_count; i++)
			add_file(c, &f.files[i]);
	}
	for (uint32_t i = 0; i < f.known_count; i++)
		add_known(c, &f.known[i]);
}

int statcache_open(const char *path, int64_t clock_ns, struct statcache **ret, struct err *err)
{
	struct buf bytes = BUF_INIT;
	struct statcache *c = xcalloc(1, sizeof *c);
	bool there;
	c->path = arena_strdup(&c->arena, path);
	c->opened_ns = clock_ns;
	c->changed = true;
	c->saved = false;
	int rc = fs_read_if_there(path, CACHE_LIMIT, &bytes, &there, err);
	if (rc != 0 && err->kind == ERR_PROTOCOL) { /* larger than any that was written: a foreign file */
		err_release(err);
		rc = 0;
	} else if (rc == 0 && there) {
		take_over(c, buf_span(&bytes));
	}
	buf_release(&bytes);
	if (rc != 0) {
		err_wrap(err, "reading the stat cache, which can be deleted at any time");
		statcache_free(c);
		return -1;
	}
	*ret = c;
	return 0;
}

void statcache_free(struct statcache *c)
{
	if (!c)
		return;
	free(c->files);
	free(c->known);
	map_release(&c->by_path);
	map_release(&c->by_oid);
	arena_release(&c->arena);
	free(c);
}

void statcache_use_git(struct statcache *c, struct gitindex *g)
{
	c->git = g;
}

uint64_t statcache_files_read(const struct statcache *c)
{
	return c->files_read;
}

static bool same_stat(const struct stat_record *r, const struct file_stat *st)
{
	return r->size == st->size && r->mtime_ns == st->mtime_ns && r->ctime_ns == st->ctime_ns &&
	       r->inode == st->inode && r->dev == st->dev;
}

/* The digest without reading, when git vouches for the file. */
static bool ask_git(struct statcache *c, const char *path, uint64_t size, struct digest *ret)
{
	unsigned char oid[GIT_OID_MAX];
	unsigned len;
	if (!c->git || !gitindex_unchanged(c->git, path, oid, &len))
		return false;
	struct known *k = find_known(c, oid, len);
	if (!k || k->content.size != size)
		return false;
	k->used = true;
	*ret = k->content.digest;
	return true;
}

/* git's name for these bytes, were they committed as they are */
static void learn(struct statcache *c, struct span bytes, const struct digest *digest)
{
	struct known_content k = { .oid_len = SHA1_SIZE, .size = bytes.len, .digest = *digest };
	struct buf object = BUF_INIT;
	buf_addf(&object, "blob %zu", bytes.len);
	buf_add_char(&object, '\0');
	buf_add_span(&object, bytes);
	hash_sha1(buf_span(&object), k.oid);
	buf_release(&object);
	add_known(c, &k)->used = true;
}

static int read_file(struct statcache *c, const char *path, struct buf *ret_content, struct stat_record *ret,
                     struct err *err)
{
	struct buf own = BUF_INIT, *content = ret_content ? ret_content : &own;
	size_t start = content->len;
	int rc = fs_read(path, FILE_LIMIT, content, err);
	if (rc == 0) {
		struct span bytes = { content->data + start, content->len - start };
		hash_sha256(bytes, &ret->digest);
		ret->size = bytes.len;
		c->files_read++;
		if (c->git)
			learn(c, bytes, &ret->digest);
	}
	buf_release(&own);
	return rc;
}

static int refuse(const char *path, const struct file_stat *st, struct err *err)
{
	if (st->kind == FILE_NONE)
		return err_set(err, ERR_IO, "cannot read %s: it is not there any more; run again", path);
	if (st->kind != FILE_REGULAR)
		return err_set(err, ERR_IO, "cannot read %s: it is not a regular file", path);
	return err_set(err, ERR_PROTOCOL, "cannot check %s: it has %llu bytes, and source files may have %d", path,
	               (unsigned long long)st->size, FILE_LIMIT);
}

/* `f` may be NULL: a file not seen before. */
static int look_at(struct statcache *c, const char *path, struct file *f, struct buf *ret_content, struct file *ret,
                   struct err *err)
{
	struct file_stat st;
	/* before the content is read: if it changes in between, the record will not match the next time */
	if (fs_stat(path, &st, err) != 0)
		return -1;
	if (st.kind != FILE_REGULAR || st.size > FILE_LIMIT)
		return refuse(path, &st, err);
	if (f && same_stat(&f->record, &st)) {
		*ret = *f;
		ret->asked = ret->remembered = true;
		return 0;
	}
	struct stat_record r = { NULL, st.size, st.mtime_ns, st.ctime_ns, st.inode, st.dev, { { 0 } } };
	if (!ask_git(c, path, st.size, &r.digest) && read_file(c, path, ret_content, &r, err) != 0)
		return -1;
	/* a file that was changed while it was read is none that could be recognised */
	bool changing = r.size != st.size;
	*ret = (struct file){ r, true, changing, !changing && fs_is_settled(&st, c->opened_ns) };
	c->changed = true;
	c->saved = false;
	return 0;
}

int statcache_digest(struct statcache *c, const char *abs_path, struct digest *ret, uint64_t *ret_size,
                     struct buf *ret_content, struct err *err)
{
	uint32_t *i = map_get_str(&c->by_path, abs_path);
	if (!i || !c->files[*i].asked) {
		struct file f;
		if (look_at(c, abs_path, i ? &c->files[*i] : NULL, ret_content, &f, err) != 0)
			return -1;
		f.record.path = i ? c->files[*i].record.path : arena_strdup(&c->arena, abs_path);
		uint32_t at = i ? *i : add_file(c, &f.record);
		c->files[at] = f;
		i = map_get_str(&c->by_path, abs_path);
	}
	*ret = c->files[*i].record.digest;
	*ret_size = c->files[*i].record.size;
	return 0;
}

bool statcache_seen(const struct statcache *c, const char *abs_path, struct file_stat *ret)
{
	const uint32_t *i = map_get_str(&c->by_path, abs_path);
	if (!i || !c->files[*i].asked || c->files[*i].changing)
		return false;
	const struct stat_record *r = &c->files[*i].record;
	*ret = (struct file_stat){ .kind = FILE_REGULAR, .size = r->size, .mtime_ns = r->mtime_ns, .ctime_ns = r->ctime_ns,
		                   .inode = r->inode, .dev = r->dev };
	return true;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct stat_record *)a)->path, ((const struct stat_record *)b)->path);
}

static struct span digest_key(const struct digest *d)
{
	return (struct span){ (const char *)d->bytes, DIGEST_SIZE };
}

/* Contents of files that were recognised by their times are in use as well. */
static void mark_used(struct statcache *c, const struct statcache_file *f)
{
	struct map digests = MAP_INIT;
	for (uint32_t i = 0; i < f->file_count; i++)
		map_put(&digests, digest_key(&f->files[i].digest), i, NULL);
	for (uint32_t i = 0; i < c->known_count; i++)
		if (map_get(&digests, digest_key(&c->known[i].content.digest)))
			c->known[i].used = true;
	map_release(&digests);
}

/* Used contents first, then the others in their old order, as far as there is room. */
static void collect_known(struct statcache *c, struct statcache_file *f)
{
	mark_used(c, f);
	for (uint32_t i = 0; i < c->known_count; i++)
		if (c->known[i].used)
			f->known[f->known_count++] = c->known[i].content;
	uint32_t room = 3 * f->known_count + SPARE;
	for (uint32_t i = 0; i < c->known_count && f->known_count < room; i++)
		if (!c->known[i].used)
			f->known[f->known_count++] = c->known[i].content;
}

/* Files that were asked for, then others, as far as there is room. */
static void collect_files(struct statcache *c, struct statcache_file *f)
{
	for (uint32_t i = 0; i < c->file_count; i++)
		if (c->files[i].remembered)
			f->files[f->file_count++] = c->files[i].record;
	uint32_t room = 3 * f->file_count + SPARE;
	for (uint32_t i = 0; i < c->file_count && f->file_count < room; i++)
		if (!c->files[i].asked)
			f->files[f->file_count++] = c->files[i].record;
}

int statcache_save(struct statcache *c, int64_t clock_ns, struct err *err)
{
	struct statcache_file f = { .saved_ns = clock_ns };
	if (c->saved)
		return 0;
	f.files = xcalloc(c->file_count + 1, sizeof *f.files);
	f.known = xcalloc(c->known_count + 1, sizeof *f.known);
	collect_files(c, &f);
	int rc = 0;
	if (c->changed || f.file_count != c->file_count) {
		struct buf out = BUF_INIT;
		qsort(f.files, f.file_count, sizeof *f.files, by_path);
		collect_known(c, &f);
		statcache_file_encode(&f, &out);
		rc = fs_write_atomic(c->path, buf_span(&out), FS_WRITE_PARENTS, err);
		buf_release(&out);
	}
	c->saved = rc == 0;
	free(f.files);
	free(f.known);
	return rc;
}
