/* Makes, compares and empties the directory of one action. */
#include "exec/process_stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "sys/path.h"

enum {
	FILE_LIMIT = 256 * 1024 * 1024, /* one input or output */
	MODE_DATA = 0444,
	MODE_SCRIPT = 0555,
};

void stage_pool_release(struct stage_pool *pool)
{
	map_release(&pool->known);
	free(pool->stats);
	arena_release(&pool->arena);
}

static bool untouched(const struct file_stat *was, const struct file_stat *is)
{
	if (was->kind == FILE_DIR)
		return is->kind == FILE_DIR;
	return was->kind == is->kind && was->inode == is->inode && was->size == is->size && was->mtime_ns == is->mtime_ns;
}

static bool is_known(const struct stage_pool *pool, const char *path)
{
	const uint32_t *at = map_get_str(&pool->known, path);
	struct file_stat now;
	struct err ignored = ERR_INIT;
	bool same = at && !fs_lstat(path, &now, &ignored) && untouched(&pool->stats[*at], &now);

	err_release(&ignored);
	return same;
}

static int know(struct stage_pool *pool, const char *path, struct err *err)
{
	struct file_stat now;
	bool is_new;
	uint32_t *at;

	if (fs_lstat(path, &now, err))
		return -1;
	at = map_put_str(&pool->known, arena_strdup(&pool->arena, path), pool->count, &is_new);
	if (is_new) {
		VEC_GROW(pool->stats, pool->count, pool->cap);
		pool->count++;
	}
	pool->stats[*at] = now;
	return 0;
}

static bool has_digest(struct span bytes, const struct digest *expected)
{
	struct digest got;

	hash_sha256(bytes, &got);
	return digest_eq(&got, expected);
}

/* The bytes of a file of the work tree must be those that the plan was made from. */
static int stage_file(const struct action_input *in, const char *target, struct err *err)
{
	struct buf bytes = BUF_INIT;
	int rc = fs_read(in->real, FILE_LIMIT, &bytes, err);

	if (rc == 0 && !has_digest(buf_span(&bytes), &in->digest))
		rc = err_set(err, ERR_IO, "%s has changed since it was looked at; run the command again", in->real);
	if (rc == 0)
		rc = fs_create(target, buf_span(&bytes), MODE_DATA, err);
	buf_release(&bytes);
	return rc;
}

static int missing_blob(const char *hex, struct err *err)
{
	return err_set(err, ERR_CORRUPT,
	               "blob %s, which the action needs, is not in the store, or was not what its name says", hex);
}

/* From a store without files: store_get verifies. */
static int copy_blob(struct store *store, const struct action_input *in, const char *hex, const char *target,
                     struct err *err)
{
	struct buf bytes = BUF_INIT;
	bool found = false;
	int rc = store_get(store, &in->digest, &bytes, &found, err);

	if (rc == 0 && !found)
		rc = missing_blob(hex, err);
	if (rc == 0)
		rc = fs_create(target, buf_span(&bytes), MODE_DATA, err);
	buf_release(&bytes);
	return rc;
}

static int verify_blob(struct store *store, const struct action_input *in, const char *hex, const char *path,
                       struct stage_pool *pool, struct err *err)
{
	struct buf bytes = BUF_INIT;
	int rc;

	if (is_known(pool, path))
		return 0;
	rc = fs_read(path, FILE_LIMIT, &bytes, err);
	if (rc == 0 && !has_digest(buf_span(&bytes), &in->digest)) {
		store_discard(store, &in->digest);
		rc = missing_blob(hex, err);
	}
	if (rc == 0)
		rc = know(pool, path, err);
	buf_release(&bytes);
	return rc;
}

static int stage_blob(struct store *store, const struct action_input *in, const char *target, struct stage_pool *pool,
                      struct err *err)
{
	char hex[DIGEST_HEX_SIZE + 1];
	const char *path;

	digest_hex(&in->digest, hex);
	if (!store_blob_path(store, &in->digest, &path))
		return copy_blob(store, in, hex, target, err);
	if (verify_blob(store, in, hex, path, pool, err))
		return -1;
	return fs_link(path, target, err);
}

static int stage_inline(struct span bytes, const char *target, struct stage_pool *pool, struct arena *arena,
                        struct err *err)
{
	bool script = bytes.len >= 2 && memcmp(bytes.data, "#!", 2) == 0;
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest digest;
	const char *pooled;

	hash_sha256(bytes, &digest);
	digest_hex(&digest, hex);
	pooled = path_join(arena, pool->dir, hex);
	if (!is_known(pool, pooled) &&
	    (fs_mkdirs(pool->dir, err) || fs_unlink(pooled, err) ||
	     fs_create(pooled, bytes, script ? MODE_SCRIPT : MODE_DATA, err) || know(pool, pooled, err)))
		return -1;
	return fs_link(pooled, target, err);
}

static int stage_input(const struct action_input *in, const char *target, struct store *store, struct stage_pool *pool,
                       struct arena *arena, struct err *err)
{
	switch (in->kind) {
	case INPUT_BLOB:
		return stage_blob(store, in, target, pool, err);
	case INPUT_FILE:
		return stage_file(in, target, err);
	case INPUT_INLINE:
		return stage_inline(in->bytes, target, pool, arena, err);
	case INPUT_DIRECTORY:
		return fs_mkdirs(target, err);
	case INPUT_PLATFORM:
		return fs_symlink(in->real, target, err);
	}
	BUG("input %s has no known kind", in->path);
}

int process_stage_make(struct process_stage *ret, const char *dir, const struct action *a, struct store *store,
                       struct stage_pool *pool, struct arena *arena, struct err *err)
{
	const char *parent = "";

	*ret = (struct process_stage){ dir, a, ARENA_ARRAY(arena, struct file_stat, a->input_count) };
	if (fs_mkdirs(dir, err))
		return -1;
	for (uint32_t i = 0; i < a->input_count; i++) {
		const char *target = path_join(arena, dir, a->inputs[i].path), *above = path_dirname(arena, target);

		if (strcmp(above, parent) != 0 && fs_mkdirs(above, err))
			return -1;
		parent = above; /* inputs are sorted: the next one is often in the same directory */
		if (stage_input(&a->inputs[i], target, store, pool, arena, err) ||
		    fs_lstat(target, &ret->staged[i], err))
			return err_wrap(err, "staging %s", a->inputs[i].path);
	}
	return 0;
}

struct comparison {
	const struct process_stage *stage;
	struct arena *arena;
	struct map inputs, outputs;
	uint32_t seen; /* inputs that are still there */
	const char *odd;
};

static void note_odd(struct comparison *c, const char *path)
{
	if (!c->odd || strcmp(path, c->odd) < 0)
		c->odd = path;
}

static int look_at(struct comparison *c, const char *path, struct file_stat *ret, struct err *err)
{
	const uint32_t *input = map_get_str(&c->inputs, path);

	if (fs_lstat(path_join(c->arena, c->stage->dir, path), ret, err))
		return -1;
	if (input) {
		c->seen++;
		if (!untouched(&c->stage->staged[*input], ret))
			note_odd(c, path);
	} else if (ret->kind != FILE_DIR && !map_get_str(&c->outputs, path)) {
		note_odd(c, path);
	}
	return 0;
}

/* `path` is relative to the stage, "" for the stage itself. */
static int walk(struct comparison *c, const char *path, struct err *err)
{
	struct fs_listing listing;

	if (fs_list(path_join(c->arena, c->stage->dir, path), c->arena, &listing, err))
		return -1;
	for (size_t i = 0; i < listing.count; i++) {
		const char *inner = path_join(c->arena, path, listing.entries[i].name);
		struct file_stat st;

		if (look_at(c, inner, &st, err) || (st.kind == FILE_DIR && walk(c, inner, err)))
			return -1;
	}
	return 0;
}

static void note_missing(struct comparison *c)
{
	for (uint32_t i = 0; i < c->stage->action->input_count; i++) {
		struct file_stat st;
		struct err ignored = ERR_INIT;
		const char *path = c->stage->action->inputs[i].path;

		if (fs_lstat(path_join(c->arena, c->stage->dir, path), &st, &ignored) || st.kind == FILE_NONE)
			note_odd(c, path);
		err_release(&ignored);
	}
}

int process_stage_compare(const struct process_stage *s, struct arena *arena, const char **ret_path, struct err *err)
{
	struct comparison c = { .stage = s, .arena = arena };
	int rc;

	for (uint32_t i = 0; i < s->action->input_count; i++)
		map_put_str(&c.inputs, s->action->inputs[i].path, i, NULL);
	for (const char **o = s->action->outputs; *o; o++)
		map_put_str(&c.outputs, *o, 0, NULL);
	rc = walk(&c, "", err);
	if (rc == 0 && c.seen < s->action->input_count)
		note_missing(&c);
	map_release(&c.inputs);
	map_release(&c.outputs);
	if (rc == 0)
		*ret_path = c.odd;
	return rc;
}

int process_stage_collect(const struct process_stage *s, struct arena *arena, struct action_output **ret,
                          uint32_t *ret_count, struct err *err)
{
	const char **paths = s->action->outputs;
	struct action_output *outputs;
	uint32_t count = 0;

	while (paths[count])
		count++;
	outputs = ARENA_ARRAY(arena, struct action_output, count);
	for (uint32_t i = 0; i < count; i++) {
		const char *real = path_join(arena, s->dir, paths[i]);
		struct buf bytes = BUF_INIT;

		outputs[i].path = paths[i];
		if (fs_read_if_there(real, FILE_LIMIT, &bytes, &outputs[i].present, err)) {
			buf_release(&bytes);
			return err_wrap(err, "collecting %s", paths[i]);
		}
		outputs[i].bytes = arena_span(arena, buf_span(&bytes));
		buf_release(&bytes);
	}
	*ret = outputs;
	*ret_count = count;
	return 0;
}
