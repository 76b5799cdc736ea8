/* `sepal doctor`: is the store whole, and can the interpreter run the checker? */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/pipeline.h"

static int examine_store(struct pipeline *p, uint64_t *ret_bad, struct err *err)
{
	struct buf findings = BUF_INIT;
	uint64_t blobs;
	int failed = store_verify(p->store, &findings, &blobs, ret_bad, err);
	if (!failed) {
		fputs(buf_span(&findings).data, stdout);
		printf("store %s: %llu blobs, %llu bad\n", p->settings->store, (unsigned long long)blobs,
		       (unsigned long long)*ret_bad);
	}
	buf_release(&findings);
	return failed;
}

/* Any command line will do; this one makes mypy print its version and stop. */
static int examine_checker(struct pipeline *p, struct err *err)
{
	if (pipeline_describe(p, err))
		return -1;
	const char *said = p->refused_out ? p->refused_out : "";
	printf("interpreter %s: %.*s\n", p->python, (int)strcspn(said, "\n"), said);
	printf("worker program %s\n", p->worker_program);
	int major = 0, minor = 0;
	if (sscanf(said, "mypy %d.%d", &major, &minor) != 2 || major != 2 || minor > 4)
		return err_set(err, ERR_CHECKER, "%s has no mypy that sepal supports (2.0 to 2.4)", p->python);
	return 0;
}

int cmd_doctor(const struct settings *given, int *ret_exit, struct err *err)
{
	struct pipeline p;
	struct settings s = *given;
	const char *version[] = { "--version", NULL }, *none[] = { NULL };
	uint64_t bad = 0;
	if (s.paths[0])
		return err_set(err, ERR_USAGE, "`sepal doctor` takes no paths; see `sepal doctor --help`");
	s.paths = none;
	s.checker_args = version;
	int failed = pipeline_open(&p, &s, err) || examine_store(&p, &bad, err) ||
	             (!s.store_only && examine_checker(&p, err));
	if (!failed && bad)
		failed = err_set(err, ERR_CORRUPT,
		                 "%llu entries of the store are not what they should be (listed above); they count as misses, "
		                 "and it is safe to delete them, or the whole of %s", (unsigned long long)bad, s.store);
	if (!failed)
		puts("all is well");
	*ret_exit = 0;
	pipeline_close(&p);
	return failed ? -1 : 0;
}
