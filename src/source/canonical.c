/*
 * Canonical paths: the names that artifacts know modules by, the same on every machine. They are a function of the
 * module's id and of what kind of file it is, never of where it lies (doc/formats/worker.md, "Paths").
 */
#include <string.h>

#include "source/resolve.h"

static const char FIRST_PARTY_ROOT[] = "/proc/self/cwd/s/";
static const char PACKAGE_ROOT[] = "/proc/self/cwd/p/lib/python3/site-packages/";
static const char TYPESHED_ROOT[] = "/proc/self/cwd/ts/";

static const char *suffix(const struct resolution *found)
{
	if (found->is_namespace)
		return "";
	if (found->is_package)
		return found->is_stub ? "/__init__.pyi" : "/__init__.py";
	return found->is_stub ? ".pyi" : ".py";
}

const char *canonical_path(struct arena *arena, const char *id, const struct resolution *found, const char *typeshed)
{
	if (found->root == ROOT_TYPESHED) {
		size_t len = strlen(typeshed);
		if (strncmp(found->path, typeshed, len) != 0 || found->path[len] != '/')
			BUG("%s is classified as typeshed but lies outside %s", found->path, typeshed);
		return arena_printf(arena, "%s%s", TYPESHED_ROOT, found->path + len + 1);
	}
	const char *root = found->root == ROOT_PACKAGE ? PACKAGE_ROOT : FIRST_PARTY_ROOT;
	char *path = arena_printf(arena, "%s%s%s", root, id, suffix(found));
	char *end = path + strlen(root) + strlen(id);
	for (char *c = path + strlen(root); c < end; c++) {
		if (*c == '.')
			*c = '/';
	}
	return path;
}
