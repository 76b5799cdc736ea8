/* Names in the directory of a hermetic mypy process. Text only. */
#include "checker/mypy_layout.h"

#include <string.h>

const struct mypy_core_module mypy_core_modules[] = {
	{ "_collections_abc", MYPY_TYPESHED "stdlib/_collections_abc.pyi" },
	{ "_typeshed", MYPY_TYPESHED "stdlib/_typeshed/__init__.pyi" },
	{ "abc", MYPY_TYPESHED "stdlib/abc.pyi" },
	{ "builtins", MYPY_TYPESHED "stdlib/builtins.pyi" },
	{ "collections", MYPY_TYPESHED "stdlib/collections/__init__.pyi" },
	{ "collections.abc", MYPY_TYPESHED "stdlib/collections/abc.pyi" },
	{ "mypy_extensions", MYPY_TYPESHED "stubs/mypy-extensions/mypy_extensions.pyi" },
	{ "sys", MYPY_TYPESHED "stdlib/sys/__init__.pyi" },
	{ "types", MYPY_TYPESHED "stdlib/types.pyi" },
	{ "typing", MYPY_TYPESHED "stdlib/typing.pyi" },
	{ "typing_extensions", MYPY_TYPESHED "stdlib/typing_extensions.pyi" },
	{ NULL, NULL },
};

const char *mypy_staged_path(const char *canonical)
{
	if (strncmp(canonical, MYPY_HERE, strlen(MYPY_HERE)) != 0)
		BUG("not a canonical path: %s", canonical);
	return canonical + strlen(MYPY_HERE);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool mypy_is_init(const char *canonical)
{
	return strncmp(base_name(canonical), "__init__.py", strlen("__init__.py")) == 0;
}

bool mypy_is_namespace(const char *canonical)
{
	const char *dot = strrchr(base_name(canonical), '.');

	return !dot || (strcmp(dot, ".py") != 0 && strcmp(dot, ".pyi") != 0);
}

const char *mypy_id_path(struct arena *arena, const char *id)
{
	char *path = arena_strdup(arena, id);

	for (char *c = path; *c; c++)
		if (*c == '.')
			*c = '/';
	return path;
}

const char *mypy_artifact_name(struct arena *arena, const char *id, bool package)
{
	return arena_printf(arena, "%s%s", mypy_id_path(arena, id), package ? "/__init__" : "");
}

bool mypy_is_inside(const char *id, const char *package)
{
	size_t len = strlen(package);

	return strncmp(id, package, len) == 0 && (id[len] == '.' || !id[len]);
}

const char *mypy_root_name(struct arena *arena, uint32_t member)
{
	return arena_printf(arena, "sepal__root__%u", member);
}
