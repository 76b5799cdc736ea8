/* Instead of pipeline_remote.c and pipeline_executor.c, when configured --without-remote. */
#include "cmd/pipeline_remote.h"

#include <string.h>

#include "cmd/pipeline_executor.h"

int pipeline_remote_check(const struct settings *s, struct err *err)
{
	if (!s->remote.cache)
		return 0;
	return err_set(err, ERR_USAGE,
	               "this sepal was built without remote caches (configure --without-remote); leave out --remote-cache, "
	               "or install one that was built with them");
}

int pipeline_open_remote(struct pipeline *p, struct err *err)
{
	(void)p, (void)err;
	return 0;
}

int pipeline_finish_remote(struct pipeline *p, struct err *err)
{
	(void)p, (void)err;
	return 0;
}

struct js *pipeline_remote_stats(const struct pipeline *p)
{
	(void)p;
	return NULL;
}

void pipeline_close_remote(struct pipeline *p)
{
	(void)p;
}

int pipeline_executor_check(const struct settings *s, struct err *err)
{
	if (strcmp(s->runner, "remote") != 0 && !s->remote.executor)
		return 0;
	return err_set(err, ERR_USAGE,
	               "this sepal was built without remote execution (configure --without-remote); leave out --runner "
	               "remote, or install one that was built with it");
}

int pipeline_executor_runner(struct pipeline *p, const struct runner_config *config,
                             int (*make_worker)(void *pipeline, const struct runner_events *events,
                                                struct runner **ret, struct err *err),
                             struct runner **ret, struct err *err)
{
	(void)config, (void)make_worker, (void)ret;
	return pipeline_executor_check(p->settings, err);
}

void pipeline_close_executor(struct pipeline *p)
{
	(void)p;
}
