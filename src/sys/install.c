#include "sys/install.h"

#include <stdlib.h>
#include <unistd.h>

#include "sys/fs.h"
#include "sys/path.h"

/* The build passes the real one; a compiler started by hand gets the place of a usual installation. */
#ifndef PKGDATADIR
#define PKGDATADIR "/usr/local/share/sepal"
#endif

static const char *executable_dir(struct arena *a)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path);
	if (n <= 0 || (size_t)n == sizeof path)
		return NULL;
	return path_dirname(a, arena_strndup(a, path, (size_t)n));
}

int install_find_worker(struct arena *a, const char *name, const char **ret, struct err *err)
{
	static const char *const below_executable[] = { "../share/sepal/worker", "../src/worker" };
	const char *dirs[4] = { getenv("SEPAL_WORKER_DIR") };
	size_t count = dirs[0] ? 1 : 0;
	if (!count) {
		const char *own = executable_dir(a);
		for (size_t i = 0; own && i < sizeof below_executable / sizeof *below_executable; i++)
			dirs[count++] = path_absolute(a, own, below_executable[i]);
		dirs[count++] = PKGDATADIR "/worker";
	}
	struct buf tried = BUF_INIT;
	for (size_t i = 0; i < count; i++) {
		const char *path = path_join(a, dirs[i], name);
		if (fs_is_file(path)) {
			buf_release(&tried);
			if (path_is_absolute(path)) {
				*ret = path;
				return 0;
			}
			return fs_realpath(a, path, ret, err);
		}
		buf_addf(&tried, "%s%s", tried.len ? ", " : "", dirs[i]);
	}
	err_set(err, ERR_CHECKER,
		"cannot find the worker program %s in %s; set SEPAL_WORKER_DIR to the directory that holds it", name,
		tried.data);
	buf_release(&tried);
	return -1;
}
