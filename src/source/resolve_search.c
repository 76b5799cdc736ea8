/*
 * Which file in the candidate directories is the module: packages before modules, stubs before sources, and, where an
 * __init__ is missing on the way, namespace packages (mypy/modulefinder.py: the second half of _find_module,
 * verify_module, highest_init_level).
 */
#include <string.h>

#include "source/resolve_internal.h"

static const struct span INIT_FILES[] = { { "__init__.pyi", 12 }, { "__init__.py", 11 } };
static const char *const EXTENSIONS[] = { ".pyi", ".py" };

static bool has_suffix(const char *s, const char *suffix)
{
	size_t len = strlen(s), suffix_len = strlen(suffix);
	return len >= suffix_len && strcmp(s + len - suffix_len, suffix) == 0;
}

/* mypy/util.py: is_sub_path_normabs */
static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);
	if (strncmp(path, dir, len) != 0)
		return false;
	return has_suffix(dir, "/") ? path[len] : path[len] == '/';
}

static bool below_any(const char *path, const char *const *dirs)
{
	for (; dirs && *dirs; dirs++) {
		if (is_below(path, *dirs))
			return true;
	}
	return false;
}

static enum module_root root_of(const struct resolver *r, const char *path)
{
	if (below_any(path, r->config->typeshed_path) && is_below(path, r->config->typeshed))
		return ROOT_TYPESHED;
	/* What lies outside typeshed on its path (/usr/local/lib/mypy) is as silent as a package. */
	return below_any(path, r->config->package_path) || below_any(path, r->config->typeshed_path) ? ROOT_PACKAGE
	                                                                                             : ROOT_FIRST_PARTY;
}

void describe_found(const struct resolver *r, const char *path, bool is_namespace, struct resolution *ret)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;
	bool is_init = strcmp(file, INIT_FILES[0].data) == 0 || strcmp(file, INIT_FILES[1].data) == 0;
	*ret = (struct resolution){
		.status = RESOLVE_FOUND,
		.path = path,
		.root = root_of(r, path),
		.is_namespace = is_namespace,
		.is_package = is_namespace || is_init,
		.is_stub = !is_namespace && has_suffix(file, ".pyi"),
	};
}

const struct resolution *found_at(struct resolver *r, const char *path, bool is_namespace)
{
	struct resolution *found = ARENA_NEW(&r->arena, struct resolution);
	describe_found(r, path, is_namespace, found);
	return found;
}

/* isfile_case and exists_case also want to see the name in each listing, from its directory up to the root. */
static bool visible(const struct dir *dir, uint32_t levels)
{
	for (uint32_t i = 0; i <= levels && dir; i++, dir = dir->parent) {
		if (!dir->readable)
			return false;
	}
	return true;
}

static bool is_file_case(struct resolver *r, struct dir *dir, struct span file, uint32_t levels)
{
	return dir_kind(r->dirs, dir, file) == ENTRY_FILE && visible(dir, levels);
}

static bool has_init(struct resolver *r, struct dir *dir, uint32_t levels)
{
	return is_file_case(r, dir, INIT_FILES[0], levels) || is_file_case(r, dir, INIT_FILES[1], levels);
}

/* The best of the places that would do but for a missing __init__ on the way (mypy: near_misses). */
struct near_miss {
	const char *path; /* NULL: none */
	int level;        /* the highest directory that has an __init__, 1 being the base */
	bool is_namespace;
};

static const char *path_in(struct resolver *r, const struct dir *dir, struct span file)
{
	const char *separator = has_suffix(dir->path, "/") ? "" : "/";
	return arena_printf(&r->arena, "%s%s%.*s", dir->path, separator, (int)file.len, file.data);
}

/*
 * What decides between complete packages and namespaces: does every directory from the base up to (but not) the root
 * have an __init__ (mypy: verify_module), and which is the highest that has (highest_init_level)?
 */
static bool verify_base(struct resolver *r, const struct name *name, struct dir *base, int *ret_level)
{
	uint32_t levels = name->count - 1;
	bool complete = true;
	*ret_level = 0;
	for (uint32_t i = 0; i < levels; i++, base = base->parent) {
		if (has_init(r, base, levels - i))
			*ret_level = (int)i + 1;
		else
			complete = false;
	}
	return complete;
}

/* A file that fits: the answer, or a near miss (NULL). */
static const struct resolution *take_file(struct resolver *r, const struct name *name, const struct candidate *c,
                                          const struct dir *dir, struct span file, struct near_miss *near)
{
	int level = 0;
	if (!c->verify || verify_base(r, name, c->base, &level))
		return found_at(r, path_in(r, dir, file), false);
	if (!near->path || level > near->level)
		*near = (struct near_miss){ path_in(r, dir, file), level, false };
	return NULL;
}

static void take_namespace(struct resolver *r, const struct name *name, const struct candidate *c,
                           struct near_miss *near)
{
	int level;
	verify_base(r, name, c->base, &level);
	if (!near->path || level > near->level)
		*near = (struct near_miss){ path_in(r, c->base, name->part[name->count - 1]), level, true };
}

/* One candidate directory; NULL when it settles nothing. Packages come before modules, stubs before sources. */
static const struct resolution *search_base(struct resolver *r, const struct name *name, const struct candidate *c,
                                            struct near_miss *near)
{
	char room[FILE_NAME_ROOM];
	struct span last = name->part[name->count - 1];
	uint32_t levels = name->count - 1;
	const struct resolution *found = NULL;

	struct dir *package = dir_sub(r->dirs, c->base, name_file(room, last, "-stubs"));
	if (is_file_case(r, package, INIT_FILES[0], levels + 1))
		found = take_file(r, name, c, package, INIT_FILES[0], near);

	bool any_init = false;
	package = dir_sub(r->dirs, c->base, last);
	for (int i = 0; i < 2 && !found; i++) {
		if (is_file_case(r, package, INIT_FILES[i], levels + 1)) {
			any_init = true;
			found = take_file(r, name, c, package, INIT_FILES[i], near);
		}
	}
	if (!found && !any_init && r->config->namespace_packages && dir_lists(c->base, last) &&
	    visible(c->base, levels) && dir_kind(r->dirs, c->base, last) != ENTRY_FILE)
		take_namespace(r, name, c, near);

	for (int i = 0; i < 2 && !found; i++) {
		struct span file = name_file(room, last, EXTENSIONS[i]);
		if (is_file_case(r, c->base, file, levels))
			found = take_file(r, name, c, c->base, file, near);
	}
	return found;
}

const struct resolution *search_candidates(struct resolver *r, const struct name *name)
{
	struct near_miss near = { NULL, 0, false };
	for (uint32_t i = 0; i < r->candidates.count; i++) {
		const struct resolution *found = search_base(r, name, &r->candidates.items[i], &near);
		if (found)
			return found;
	}
	/* Only namespace packages may lack an __init__; the one that lacks it lowest down wins, then the first. */
	return near.path && r->config->namespace_packages ? found_at(r, near.path, near.is_namespace) : NULL;
}
