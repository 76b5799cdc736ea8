/* `sepal baseline`: what a check finds is written down as known, or compared with what was known. */
#include <stdio.h>
#include <string.h>

#include "cmd/check.h"
#include "cmd/cmd.h"
#include "sys/fs.h"
#include "sys/path.h"

enum { LIMIT = 64 * 1024 * 1024 };
static const char DEFAULT_FILE[] = "sepal-baseline.txt";

struct job {
	const char *file;
	struct baseline *known; /* diff: what the file says */
	bool taken;             /* the checker came to an end */
	struct buf text;        /* write: the new file */
	struct baseline_difference difference;
};

static void take_all(void *ctx, const struct document *doc, struct buf *out)
{
	struct job *j = ctx;
	j->taken = true;
	baseline_write(doc, &j->text);
	buf_addf(out, "%s: %u known diagnostic%s\n", j->file, doc->count, doc->count == 1 ? "" : "s");
}

static void take_difference(void *ctx, const struct document *doc, struct buf *out)
{
	struct job *j = ctx;
	j->taken = true;
	j->difference = baseline_compare(j->known, doc, out);
}

/* The name may be a mistake, such as that of a source: only a baseline is written over. */
static int check_file(const char *file, struct err *err)
{
	struct buf text = BUF_INIT;
	struct err why = ERR_INIT;
	struct arena a = ARENA_INIT;
	const char *dir = path_dirname(&a, file);
	bool there = false;
	int failed = 0;
	if (*dir && !fs_is_dir(dir))
		failed = err_set(err, ERR_USAGE, "the baseline %s cannot be written: there is no directory %s", file, dir);
	else if (fs_is_dir(file))
		failed = err_set(err, ERR_USAGE,
		                 "the baseline %s cannot be written: it is a directory; a file comes first, then what to check",
		                 file);
	else if (fs_read_if_there(file, LIMIT, &text, &there, &why) || (there && !baseline_is(buf_span(&text))))
		failed = err_set(err, ERR_USAGE,
		                 "%s is there and is not a baseline, so it is not written over; name another file", file);
	err_release(&why);
	buf_release(&text);
	arena_release(&a);
	return failed;
}

/* `sepal check`, but for what becomes of the findings. */
static int find(const struct settings *s, struct job *j, void (*take)(void *, const struct document *, struct buf *),
                int *ret_exit, struct err *err)
{
	struct reports reports = { 0 };
	struct check c;
	int failed = reports_open(s, &reports, err);
	if (!failed) {
		reports.take = take;
		reports.ctx = j;
		check_init(&c, s, &reports, check_print, NULL);
		failed = check_answer(&c, s, err);
		*ret_exit = c.exit_status;
		check_release(&c);
	}
	reports_release(&reports);
	return failed;
}

/* Where something stopped the checker, it has been printed, and the status is the check's. */
static int write_baseline(const struct settings *s, struct job *j, int *ret_exit, struct err *err)
{
	if (check_file(j->file, err) || find(s, j, take_all, ret_exit, err))
		return -1;
	if (!j->taken)
		return 0;
	*ret_exit = 0;
	return fs_write_atomic(j->file, buf_span(&j->text), 0, err);
}

static int diff_baseline(const struct settings *s, struct job *j, int *ret_exit, struct err *err)
{
	if (reports_read_baseline(j->file, &j->known, err) || find(s, j, take_difference, ret_exit, err))
		return -1;
	if (j->taken)
		*ret_exit = j->difference.fresh > 0;
	return 0;
}

int cmd_baseline(const struct settings *s, int *ret_exit, struct err *err)
{
	struct settings check = *s;
	const char **words = s->paths;
	struct job j = { .file = words[0] && words[1] ? words[1] : DEFAULT_FILE };
	bool is_write = words[0] && strcmp(words[0], "write") == 0, is_diff = words[0] && strcmp(words[0], "diff") == 0;
	if (!is_write && !is_diff)
		return err_set(err, ERR_USAGE, "`sepal baseline` wants `write` or `diff`, and then a file; see `sepal baseline "
		                               "--help`");
	check.paths += words[1] ? 2 : 1;
	int failed = is_write ? write_baseline(&check, &j, ret_exit, err) : diff_baseline(&check, &j, ret_exit, err);
	baseline_free(j.known);
	buf_release(&j.text);
	return failed;
}
