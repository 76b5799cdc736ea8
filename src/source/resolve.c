/*
 * The module resolver's door: questions, what is remembered between them, and why a name was not found. It is mypy's
 * FindModuleCache (mypy/modulefinder.py) over listed directories. Which answers are remembered is part of mypy's rules:
 * a question may be answered differently after others were asked.
 *
 * Left out, because such command lines are refused: --fast-module-lookup, --package-root, use_builtins_fixtures.
 */
#include "source/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "source/resolve_internal.h"
#include "sys/fs.h"

#define VERSIONS_BYTES_MAX (1 << 20)

static const struct resolution NO_ANSWER[] = {
	[RESOLVE_NOT_FOUND] = { .status = RESOLVE_NOT_FOUND },
	[RESOLVE_UNTYPED] = { .status = RESOLVE_UNTYPED },
	[RESOLVE_WRONG_DIRECTORY] = { .status = RESOLVE_WRONG_DIRECTORY },
	[RESOLVE_STUBS_NOT_INSTALLED] = { .status = RESOLVE_STUBS_NOT_INSTALLED },
};

static int read_versions(struct resolver *r, struct err *err)
{
	struct buf text = BUF_INIT;
	r->versions_path = arena_printf(&r->arena, "%s/stdlib/VERSIONS", r->config->typeshed);
	if (fs_read(r->versions_path, VERSIONS_BYTES_MAX, &text, err) < 0)
		return err_wrap(err, "looking for the standard library's stubs");
	int status = stdlib_versions_parse(buf_span(&text), r->versions_path, &r->arena, &r->versions, err);
	buf_release(&text);
	return status;
}

int resolver_new(const struct resolver_config *config, struct resolver **ret, struct err *err)
{
	struct resolver *r = xcalloc(1, sizeof *r);
	*r = (struct resolver){ .config = config, .arena = ARENA_INIT };
	if (read_versions(r, err) < 0) {
		arena_release(&r->arena);
		free(r);
		return -1;
	}
	map_put_str(&r->files, r->versions_path, 0, NULL);
	for (uint32_t i = 0; i < config->stub_distribution_count; i++) {
		const struct stub_distribution *stub = &config->stub_distributions[i];
		map_put_str(stub->is_namespace ? &r->stubs_namespace : &r->stubs_flat, stub->name, i, NULL);
	}
	r->dirs = dirs_new();
	roots_init(&r->user, r->dirs, config->mypy_path, config->python_path);
	roots_init(&r->typeshed, r->dirs, config->typeshed_path, NULL);
	roots_init(&r->packages, r->dirs, config->package_path, NULL);
	*ret = r;
	return 0;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	roots_release(&r->user);
	roots_release(&r->typeshed);
	roots_release(&r->packages);
	dirs_free(r->dirs);
	stdlib_versions_release(&r->versions);
	map_release(&r->results);
	map_release(&r->ns_ancestors);
	map_release(&r->files);
	map_release(&r->stubs_flat);
	map_release(&r->stubs_namespace);
	free(r->answers);
	free(r->ns_paths);
	free(r->candidates.items);
	free(r->inlines.items);
	arena_release(&r->arena);
	free(r);
}

static bool name_parse(const char *id, struct name *ret)
{
	size_t len = strnlen(id, ID_BYTES_MAX + 1);
	if (len > ID_BYTES_MAX || memchr(id, '/', len))
		return false;
	ret->id = id;
	ret->count = 0;
	for (const char *at = id;; at++) {
		size_t part_len = strcspn(at, ".");
		if (!part_len)
			return false;
		ret->part[ret->count++] = (struct span){ at, part_len };
		at += part_len;
		if (!*at)
			return true;
	}
}

/* mypy: stub_distribution_name */
static const char *stub_distribution(const struct resolver *r, const char *id)
{
	const uint32_t *index = map_get(&r->stubs_flat, (struct span){ id, strcspn(id, ".") });
	for (size_t len = strlen(id); !index && len; len--) {
		if (!id[len] || id[len] == '.')
			index = map_get(&r->stubs_namespace, (struct span){ id, len });
	}
	return index ? r->config->stub_distributions[*index].distribution : NULL;
}

/* There are stubs that could be installed: say so, unless the name's package is here and just has no such module. */
static enum resolve_status missing_stubs(struct resolver *r, const struct name *name, const char *distribution)
{
	for (uint32_t i = 0; i + 1 < name->count; i++) {
		size_t len = (size_t)(name->part[i].data - name->id) + name->part[i].len;
		const char *parent = arena_strndup(&r->arena, name->id, len);
		const char *parents = stub_distribution(r, parent);
		if (!parents || strcmp(parents, distribution) != 0)
			continue;
		bool missing = resolver_find(r, parent)->status == RESOLVE_STUBS_NOT_INSTALLED;
		return missing ? RESOLVE_STUBS_NOT_INSTALLED : RESOLVE_NOT_FOUND;
	}
	return RESOLVE_STUBS_NOT_INSTALLED;
}

/* mypy: _can_find_module_in_parent_dir. While the directory is a package, the one above it might be the right one. */
static bool found_in_parent(struct resolver *r, const struct name *name)
{
	struct dir *dir = dirs_open(r->dirs, r->config->cwd);
	while (dir_lists(dir, span_of("__init__.pyi")) || dir_lists(dir, span_of("__init__.py"))) {
		const char *slash = strrchr(dir->path, '/');
		if (!slash[1])
			return false;
		size_t len = slash == dir->path ? 1 : (size_t)(slash - dir->path);
		const char *above[] = { arena_strndup(&r->arena, dir->path, len), NULL };
		dir = dirs_open(r->dirs, above[0]);
		struct roots roots;
		roots_init(&roots, r->dirs, above, NULL);
		r->candidates.count = 0;
		add_lib_path(r, &roots, name);
		roots_release(&roots);
		if (search_candidates(r, name))
			return true;
	}
	return false;
}

/* mypy: _find_module */
static const struct resolution *search(struct resolver *r, const struct name *name)
{
	struct python_version target = { r->config->python_major, r->config->python_minor };
	r->candidates.count = 0;
	add_lib_path(r, &r->user, name);
	/* The standard library comes before packages: backports that are installed must not win. */
	if (stdlib_versions_allow(&r->versions, target, name->id))
		add_lib_path(r, &r->typeshed, name);
	bool untyped = add_packages(r, name);
	const struct resolution *found = search_candidates(r, name);
	if (found)
		return found;
	const uint32_t *ancestor = map_get_str(&r->ns_ancestors, name->id);
	if (ancestor)
		return found_at(r, r->ns_paths[*ancestor], true);
	const char *distribution = stub_distribution(r, name->id);
	if (distribution)
		return &NO_ANSWER[missing_stubs(r, name, distribution)];
	return &NO_ANSWER[untyped ? RESOLVE_UNTYPED : RESOLVE_NOT_FOUND];
}

static const struct resolution *find_module(struct resolver *r, const char *id, bool fast)
{
	const uint32_t *known = map_get_str(&r->results, id);
	if (known)
		return r->answers[*known];
	struct name name;
	if (!name_parse(id, &name))
		return &NO_ANSWER[RESOLVE_NOT_FOUND];
	const struct resolution *answer = search(r, &name);
	/* A later question may find a typed part of this package and make it a namespace: ask anew each time. */
	if (answer->status == RESOLVE_UNTYPED)
		return answer;
	if (!fast && answer->status == RESOLVE_NOT_FOUND && found_in_parent(r, &name))
		answer = &NO_ANSWER[RESOLVE_WRONG_DIRECTORY];
	VEC_GROW(r->answers, r->answer_count, r->answer_cap);
	r->answers[r->answer_count] = answer;
	map_put_str(&r->results, arena_strdup(&r->arena, id), r->answer_count++, NULL);
	return answer;
}

const struct resolution *resolver_find(struct resolver *r, const char *id)
{
	return find_module(r, id, false);
}

const struct resolution *resolver_find_simple(struct resolver *r, const char *id)
{
	return find_module(r, id, true);
}

void resolver_classify(struct resolver *r, const char *abs_path, struct resolution *ret)
{
	const char *slash = strrchr(abs_path, '/');
	bool is_dir = false;
	if (slash && slash != abs_path) {
		char *above = xstrndup(abs_path, (size_t)(slash - abs_path));
		is_dir = dir_kind(r->dirs, dirs_open(r->dirs, above), span_of(slash + 1)) == ENTRY_DIR;
		free(above);
	}
	describe_found(r, abs_path, is_dir, ret);
}

const char **resolver_directories(struct resolver *r, struct arena *arena)
{
	return dirs_consulted(r->dirs, arena);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **resolver_files(struct resolver *r, struct arena *arena)
{
	const char **paths = ARENA_ARRAY(arena, const char *, r->files.count + 1);
	for (uint32_t i = 0; i < r->files.count; i++)
		paths[i] = arena_strndup(arena, r->files.entries[i].key.data, r->files.entries[i].key.len);
	qsort(paths, r->files.count, sizeof *paths, compare_paths);
	return paths;
}
