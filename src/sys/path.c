#include "sys/path.h"

#include <string.h>

bool path_is_absolute(const char *path)
{
	return path[0] == '/';
}

const char *path_join(struct arena *a, const char *dir, const char *name)
{
	if (path_is_absolute(name) || dir[0] == '\0' || strcmp(dir, ".") == 0)
		return arena_strdup(a, name);
	size_t n = strlen(dir);
	return arena_printf(a, "%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", name);
}

/* Is the last part of out[0..len) something that ".." takes away? */
static bool ends_in_a_name(const char *out, size_t start, size_t len)
{
	if (len == start)
		return false;
	return !(len - start >= 2 && memcmp(out + len - 2, "..", 2) == 0 &&
		 (len - start == 2 || out[len - 3] == '/'));
}

const char *path_normalize(struct arena *a, const char *path)
{
	char *out = arena_alloc(a, strlen(path) + 2);
	size_t start = path_is_absolute(path) ? 1 : 0, len = start;
	if (start)
		out[0] = '/';
	while (*path) {
		size_t n = strcspn(path, "/");
		bool up = n == 2 && path[0] == '.' && path[1] == '.';
		if (up && ends_in_a_name(out, start, len)) {
			while (len > start && out[len - 1] != '/')
				len--;
			if (len > start)
				len--; /* the slash before it */
		} else if (n && !(n == 1 && path[0] == '.') && !(up && start)) {
			if (len > start)
				out[len++] = '/';
			memcpy(out + len, path, n);
			len += n;
		}
		path += n;
		path += *path == '/';
	}
	if (len == 0)
		out[len++] = '.';
	out[len] = '\0';
	return out;
}

const char *path_absolute(struct arena *a, const char *cwd, const char *path)
{
	return path_normalize(a, path_join(a, cwd, path));
}

const char *path_dirname(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return "";
	while (slash > path && slash[-1] == '/')
		slash--;
	return slash == path ? "/" : arena_strndup(a, path, (size_t)(slash - path));
}

const char *path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

bool path_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);
	if (strcmp(dir, ".") == 0)
		return !path_is_absolute(path) && strcmp(path, "..") != 0 && strncmp(path, "../", 3) != 0;
	if (n && dir[n - 1] == '/') /* the root, the only normalized path that ends in a slash */
		return strncmp(path, dir, n) == 0;
	return strncmp(path, dir, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

const char *path_relative_to(struct arena *a, const char *path, const char *dir)
{
	if (strcmp(dir, ".") == 0)
		return arena_strdup(a, path);
	if (strcmp(path, ".") == 0)
		path = "";
	/* the common parts: everything up to the last place where both are at the end of a part */
	size_t common = 0, i = 0;
	for (;; i++) {
		bool path_ends = path[i] == '\0' || path[i] == '/', dir_ends = dir[i] == '\0' || dir[i] == '/';
		if (path_ends && dir_ends)
			common = i;
		if (path[i] != dir[i] || path[i] == '\0')
			break;
	}
	const char *rest = path + common, *up = dir + common;
	while (*rest == '/')
		rest++;
	while (*up == '/')
		up++;
	struct buf out = BUF_INIT;
	for (; *up; up += strcspn(up, "/"), up += *up == '/')
		buf_add_str(&out, out.len ? "/.." : "..");
	if (*rest && out.len)
		buf_add_char(&out, '/');
	buf_add_str(&out, *rest || out.len ? rest : ".");
	const char *ret = arena_strndup(a, out.data, out.len);
	buf_release(&out);
	return ret;
}
