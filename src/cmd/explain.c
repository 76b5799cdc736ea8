/* `sepal explain MODULE`: from the history of the last run in this directory. Nothing is planned and nothing runs. */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/history.h"
#include "sys/fs.h"

/* Command lines have histories of their own; the newest file is the last run's. */
static int newest_run(struct pipeline *p, struct err *err)
{
	struct fs_listing list;
	int64_t newest = -1;
	if (fs_list(p->state_dir, &p->arena, &list, err))
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		struct file_stat s;
		if (strncmp(list.entries[i].name, "keys-", 5) != 0)
			continue;
		if (fs_stat(arena_printf(&p->arena, "%s/%s", p->state_dir, list.entries[i].name), &s, err))
			return -1;
		if (s.mtime_ns > newest) {
			newest = s.mtime_ns;
			p->run_name = list.entries[i].name + 5;
		}
	}
	if (newest < 0)
		return err_set(err, ERR_USAGE,
		               "nothing has been checked in %s yet (with the store %s); run `sepal check` first", p->cwd,
		               p->settings->store);
	return 0;
}

int cmd_explain(const struct settings *s, int *ret_exit, struct err *err)
{
	struct pipeline p;
	struct history *h = NULL;
	struct buf out = BUF_INIT;
	if (!s->paths[0] || s->paths[1])
		return err_set(err, ERR_USAGE, "`sepal explain` wants one module, such as `sepal explain shop.cart`");
	int failed = pipeline_open(&p, s, err) || newest_run(&p, err);
	if (!failed) {
		h = history_open(&p);
		if (history_explain(h, s->paths[0], &out))
			fwrite(out.data, 1, out.len, stdout);
		else
			failed = err_set(err, ERR_USAGE,
			                 "the last run in %s knew no module called %s; module names have dots, not slashes", p.cwd,
			                 s->paths[0]);
	}
	*ret_exit = 0;
	buf_release(&out);
	history_free(h);
	pipeline_close(&p);
	return failed ? -1 : 0;
}
