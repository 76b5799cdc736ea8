/*
 * In which directories a name is looked for, in which order: below the roots of the search paths, in stub packages, in
 * packages with a py.typed (mypy/modulefinder.py: find_lib_path_dirs, _find_module_non_stub_helper, the first half of
 * _find_module). Which file there is the module is resolve_search.c's question.
 */
#include <string.h>

#include "base/xalloc.h"
#include "source/resolve_internal.h"
#include "sys/fs.h"

#define MARKER_BYTES_MAX (1 << 20)

static const struct span PY_TYPED = { "py.typed", 8 };

struct span name_file(char room[FILE_NAME_ROOM], struct span part, const char *suffix)
{
	size_t len = strlen(suffix);
	memcpy(room, part.data, part.len);
	memcpy(room + part.len, suffix, len + 1);
	return (struct span){ room, part.len + len };
}

/* `root` plus the components from `from` up to `to`; NULL unless all are directories. */
static struct dir *walk(struct resolver *r, struct dir *root, const struct name *name, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to && root; i++)
		root = dir_sub(r->dirs, root, name->part[i]);
	return root;
}

static void add(struct candidates *list, struct dir *base, bool verify)
{
	if (!base)
		return;
	VEC_GROW(list->items, list->count, list->cap);
	list->items[list->count++] = (struct candidate){ base, verify };
}

void add_lib_path(struct resolver *r, const struct roots *roots, const struct name *name)
{
	uint32_t link = roots_with(roots, name->part[0]), none = ROOTS_NONE;
	for (uint32_t root; (root = roots_next(roots, &link, &none)) != ROOTS_NONE;) {
		struct dir *dir = roots->dirs[root];
		add(&r->candidates, dir->there ? walk(r, dir, name, 0, name->count - 1) : NULL, true);
	}
}

/* Does the py.typed of a stub package say "partial"? */
static bool marker_says_partial(struct resolver *r, const struct dir *stub_dir)
{
	const char *path = arena_printf(&r->arena, "%s/%s", stub_dir->path, PY_TYPED.data);
	map_put_str(&r->files, path, 0, NULL);
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	if (fs_read(path, MARKER_BYTES_MAX, &text, &err) < 0)
		err_release(&err); /* a marker that cannot be read is one that does not say it */
	static const char BLANK[] = " \t\n\v\f\r\x1c\x1d\x1e\x1f";
	const char *word = text.len ? text.data + strspn(text.data, BLANK) : "";
	bool partial = strncmp(word, "partial", 7) == 0 && !word[7 + strspn(word + 7, BLANK)] &&
	               strlen(text.data) == text.len;
	buf_release(&text);
	return partial;
}

static bool follows_untyped(const struct resolver *r, const char *id)
{
	return r->config->follow_untyped_imports && r->config->follow_untyped_imports(r->config->ctx, id);
}

/*
 * mypy: _find_module_non_stub_helper. RESOLVE_FOUND: look in `root` plus all components but the last, with *ret_verify.
 */
static enum resolve_status find_non_stub(struct resolver *r, const struct name *name, struct dir *root,
                                         bool *ret_verify)
{
	char room[FILE_NAME_ROOM];
	bool plausible = false;
	struct dir *dir = root;
	for (uint32_t i = 0; i < name->count && dir; i++) {
		struct span source = name_file(room, name->part[i], ".py");
		bool module = dir_kind(r->dirs, dir, source) == ENTRY_FILE;
		dir = dir_sub(r->dirs, dir, name->part[i]);
		if (dir_kind(r->dirs, dir, PY_TYPED) == ENTRY_FILE) {
			*ret_verify = i == 0;
			return RESOLVE_FOUND;
		}
		plausible |= dir || module;
	}
	*ret_verify = false;
	if (!plausible)
		return RESOLVE_NOT_FOUND;
	return follows_untyped(r, name->id) ? RESOLVE_FOUND : RESOLVE_UNTYPED;
}

/* mypy: _update_ns_ancestors. The packages on the way to a typed module, should they be asked for by name. */
static void update_ns_ancestors(struct resolver *r, const struct name *name, struct dir *root)
{
	struct dir *dir = root;
	const char *id = name->part[0].data;
	for (uint32_t i = 0; i + 1 < name->count; i++) {
		dir = dir_sub(r->dirs, dir, name->part[i]);
		if (!dir)
			return;
		struct span ancestor = { id, (size_t)(name->part[i].data - id) + name->part[i].len };
		if (map_get(&r->ns_ancestors, ancestor))
			continue;
		VEC_GROW(r->ns_paths, r->ns_count, r->ns_cap);
		r->ns_paths[r->ns_count] = dir->path;
		map_put(&r->ns_ancestors, arena_span(&r->arena, ancestor), r->ns_count++, NULL);
	}
}

/* A stub package in `root`: returns its directory for the name's parents, NULL when there is none. */
static struct dir *find_stub_package(struct resolver *r, const struct name *name, struct dir *root, bool *ret_partial)
{
	char room[FILE_NAME_ROOM];
	*ret_partial = false;
	struct dir *stub_dir = dir_sub(r->dirs, root, name_file(room, name->part[0], "-stubs"));
	if (!stub_dir)
		return NULL;
	struct dir *base = name->count == 1 ? root : walk(r, stub_dir, name, 1, name->count - 1);
	if (base && dir_kind(r->dirs, stub_dir, PY_TYPED) == ENTRY_FILE)
		*ret_partial = marker_says_partial(r, stub_dir);
	return base;
}

bool add_packages(struct resolver *r, const struct name *name)
{
	char room[FILE_NAME_ROOM];
	uint32_t package = roots_with(&r->packages, name->part[0]);
	uint32_t stub_package = roots_with(&r->packages, name_file(room, name->part[0], "-stubs"));
	bool untyped = false;
	r->inlines.count = 0;
	for (uint32_t i; (i = roots_next(&r->packages, &package, &stub_package)) != ROOTS_NONE;) {
		struct dir *root = r->packages.dirs[i];
		struct dir *base = walk(r, root, name, 0, name->count - 1);
		bool partial, verify;
		struct dir *stubs = find_stub_package(r, name, root, &partial);
		/* A partial stub package may lack an __init__.pyi, and the package itself completes it. */
		add(&r->candidates, stubs, !partial);
		if (partial)
			add(&r->inlines, base, true);
		enum resolve_status found = find_non_stub(r, name, root, &verify);
		if (found == RESOLVE_FOUND) {
			add(&r->inlines, base, verify);
			update_ns_ancestors(r, name, root);
		}
		untyped |= found == RESOLVE_UNTYPED;
	}
	for (uint32_t i = 0; i < r->inlines.count; i++)
		add(&r->candidates, r->inlines.items[i].base, r->inlines.items[i].verify);
	return untyped;
}
