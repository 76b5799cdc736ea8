#include "checker/mypy_canonical.h"

#include <string.h>

#include "checker/mypy_meta.h"

static bool has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n >= m && strcmp(s + n - m, suffix) == 0;
}

static bool same_lists(const char *const *a, const char *const *b)
{
	while (*a && *b && strcmp(*a, *b) == 0) {
		a++;
		b++;
	}
	return !*a && !*b;
}

static bool same_meta(const struct mypy_meta *a, const struct mypy_meta *b)
{
	return a->format.librt == b->format.librt && a->format.cache == b->format.cache && strcmp(a->id, b->id) == 0 &&
	       strcmp(a->path, b->path) == 0 && strcmp(a->version_id, b->version_id) == 0 &&
	       memcmp(a->interface_hash, b->interface_hash, SHA1_SIZE) == 0 && a->ignore_all == b->ignore_all &&
	       span_eq(a->plugin_data, b->plugin_data) &&
	       same_lists((const char *const *)a->dependencies, (const char *const *)b->dependencies) &&
	       same_lists((const char *const *)a->suppressed, (const char *const *)b->suppressed);
}

bool mypy_same_canonical_form(const char *path, struct span a, struct span b)
{
	struct arena arena = ARENA_INIT;
	struct err ignored = ERR_INIT;
	struct mypy_meta x, y;
	bool same = span_eq(a, b);
	if (!same && has_suffix(path, ".meta.ff"))
		same = !mypy_meta_read(a, path, &arena, &x, &ignored) && !mypy_meta_read(b, path, &arena, &y, &ignored) &&
		       same_meta(&x, &y);
	err_release(&ignored);
	arena_release(&arena);
	return same;
}
