/* The store in memory, for tests and for runs that keep nothing. Directories are made below $TMPDIR when asked for. */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/xalloc.h"
#include "store/store_kind.h"
#include "sys/fs.h"
#include "sys/tmpdir.h"

struct cell {
	char *bytes; /* heap; NULL: removed */
	size_t len;
};

struct shelf {
	struct map index; /* keys in the arena */
	struct cell *cells;
	uint32_t count, cap;
};

struct store_memory {
	struct store base;
	struct arena arena;
	struct shelf shelves[SHELF_COUNT];
	struct tmpdir dir;
};

static struct span key_of(const struct digest *name)
{
	return (struct span){ (const char *)name->bytes, DIGEST_SIZE };
}

static struct cell *find(struct store *s, enum store_shelf shelf, const struct digest *name)
{
	struct shelf *sh = &((struct store_memory *)s)->shelves[shelf];
	uint32_t *i = map_get(&sh->index, key_of(name));
	return i && sh->cells[*i].bytes ? &sh->cells[*i] : NULL;
}

static int memory_write(struct store *s, enum store_shelf shelf, const struct digest *name, struct span bytes,
                        struct err *err)
{
	(void)err;
	struct store_memory *m = (struct store_memory *)s;
	struct shelf *sh = &m->shelves[shelf];
	uint32_t *i = map_get(&sh->index, key_of(name));
	if (!i) {
		VEC_GROW(sh->cells, sh->count, sh->cap);
		sh->cells[sh->count] = (struct cell){ NULL, 0 };
		i = map_put(&sh->index, arena_span(&m->arena, key_of(name)), sh->count++, NULL);
	}
	struct cell *c = &sh->cells[*i];
	free(c->bytes);
	*c = (struct cell){ xmalloc(bytes.len + 1), bytes.len };
	if (bytes.len)
		memcpy(c->bytes, bytes.data, bytes.len);
	return 0;
}

static int memory_read(struct store *s, enum store_shelf shelf, const struct digest *name, struct buf *out,
                       bool *ret_found, struct err *err)
{
	(void)err;
	const struct cell *c = find(s, shelf, name);
	if (c)
		buf_add(out, c->bytes, c->len);
	*ret_found = c != NULL;
	return 0;
}

static bool memory_size(struct store *s, enum store_shelf shelf, const struct digest *name, uint64_t *ret_size)
{
	const struct cell *c = find(s, shelf, name);
	if (c)
		*ret_size = c->len;
	return c != NULL;
}

static void memory_remove(struct store *s, enum store_shelf shelf, const struct digest *name)
{
	struct cell *c = find(s, shelf, name);
	if (c) {
		free(c->bytes);
		*c = (struct cell){ NULL, 0 };
	}
}

static int memory_names(struct store *s, enum store_shelf shelf, struct arena *arena, struct store_names *ret,
                        struct err *err)
{
	(void)err;
	const struct shelf *sh = &((struct store_memory *)s)->shelves[shelf];
	*ret = (struct store_names){ .items = ARENA_ARRAY(arena, struct digest, sh->count) };
	for (uint32_t i = 0; i < sh->count; i++)
		if (sh->cells[i].bytes)
			memcpy(ret->items[ret->count++].bytes, sh->index.entries[i].key.data, DIGEST_SIZE);
	return 0;
}

static int make_below(struct store *s, const char *name, const char **ret_dir, struct err *err)
{
	struct store_memory *m = (struct store_memory *)s;
	if (!m->dir.path && tmpdir_make(&m->dir, NULL, "sepal", err) != 0)
		return -1;
	const char *dir = arena_printf(&m->arena, "%s/%s", m->dir.path, name);
	if (fs_mkdirs(dir, err) != 0)
		return -1;
	*ret_dir = dir;
	return 0;
}

static int memory_scratch(struct store *s, const char **ret_dir, struct err *err)
{
	return make_below(s, "work", ret_dir, err);
}

static int memory_state_dir(struct store *s, const struct digest *work_tree, const char **ret_dir, struct err *err)
{
	char hex[DIGEST_HEX_SIZE + 1];
	digest_hex(work_tree, hex);
	return make_below(s, hex, ret_dir, err);
}

static void memory_close(struct store *s)
{
	struct store_memory *m = (struct store_memory *)s;
	struct err err = ERR_INIT;
	for (int shelf = 0; shelf < SHELF_COUNT; shelf++) {
		struct shelf *sh = &m->shelves[shelf];
		for (uint32_t i = 0; i < sh->count; i++)
			free(sh->cells[i].bytes);
		free(sh->cells);
		map_release(&sh->index);
	}
	if (tmpdir_remove(&m->dir, &err) != 0)
		err_release(&err); /* $TMPDIR is cleaned by its owner */
	arena_release(&m->arena);
	free(m);
}

static const struct store_kind memory_kind = {
	.close = memory_close,
	.write = memory_write,
	.read = memory_read,
	.size = memory_size,
	.remove = memory_remove,
	.names = memory_names,
	.scratch = memory_scratch,
	.state_dir = memory_state_dir,
};

struct store *store_open_memory(void)
{
	struct store_memory *m = xcalloc(1, sizeof *m);
	m->base.kind = &memory_kind;
	return &m->base;
}
