#include "cmd/last.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/found.h"
#include "model/record.h"
#include "sys/fs.h"
#include "sys/path.h"

enum { VERSION = 3, LIMIT = 512 * 1024 * 1024 };
static const char MAGIC[] = "SEPL";

/* What decides how text looks, as text: colours and width are applied before a report is kept. */
static void describe_look(struct buf *out)
{
	static const char *const names[] = { "MYPY_FORCE_COLOR", "FORCE_COLOR", "TERM", "MYPY_FORCE_TERMINAL_WIDTH",
	                                     "COLUMNS" };
	struct winsize size = { 0 };
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	buf_addf(out, "%d %d %d", isatty(STDOUT_FILENO), isatty(STDERR_FILENO), (int)size.ws_col);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = getenv(names[i]);
		buf_addf(out, " %s", value ? value : "-");
	}
}

bool last_decode(struct span file, struct last *ret)
{
	struct reader r;
	struct buf look = BUF_INIT;
	struct span out, err;
	describe_look(&look);
	bool holds = record_open(file, MAGIC, VERSION, &r) && span_eq_str(reader_bytes(&r), SEPAL_VERSION) &&
	             span_eq(reader_bytes(&r), buf_span(&look)) && witness_holds(&r, NULL);
	buf_release(&look);
	if (!holds)
		return false;
	int exit_status = reader_u8(&r);
	out = reader_bytes(&r);
	err = reader_bytes(&r);
	uint32_t units = reader_u32(&r), modules = reader_u32(&r);
	uint64_t found = reader_u64(&r);
	if (!reader_done(&r))
		return false;
	ret->report.text.exit_status = exit_status;
	buf_add_span(&ret->report.text.out, out);
	buf_add_span(&ret->report.text.err, err);
	ret->units = units;
	ret->modules = modules;
	ret->found = found;
	return true;
}

bool last_load(struct pipeline *p, struct last *ret)
{
	struct buf file = BUF_INIT;
	struct err ignored = ERR_INIT; /* what cannot be read is written anew */
	bool there = false;
	bool holds = !fs_read_if_there(pipeline_state_file(p, "last"), LIMIT, &file, &there, &ignored) && there &&
	             last_decode(buf_span(&file), ret);
	err_release(&ignored);
	buf_release(&file);
	return holds;
}

/* This program, and the worker's: its modules lie in one directory. */
static void observe_programs(struct pipeline *p, struct witness *w)
{
	const char *dir = path_dirname(&p->arena, p->worker_program);
	struct fs_listing list = { 0 };
	struct err ignored = ERR_INIT;
	witness_path(w, "/proc/self/exe");
	witness_path(w, dir);
	if (fs_list(dir, &p->arena, &list, &ignored))
		err_release(&ignored);
	for (size_t i = 0; i < list.count; i++)
		if (list.entries[i].kind != FILE_DIR)
			witness_path(w, path_join(&p->arena, dir, list.entries[i].name));
}

/* Directories that did not change since the last run need not be listed for this one's witness. */
static void recall_last(struct pipeline *p, struct witness *w)
{
	struct buf file = BUF_INIT;
	struct err ignored = ERR_INIT;
	struct reader r;
	bool there;
	if (!fs_read_if_there(pipeline_state_file(p, "last"), LIMIT, &file, &there, &ignored) && there &&
	    record_open(buf_span(&file), MAGIC, VERSION, &r)) {
		reader_bytes(&r);
		reader_bytes(&r);
		witness_recall(w, &r);
	}
	err_release(&ignored);
	buf_release(&file);
}

static void observe_module(struct pipeline *p, struct witness *w, const char *file)
{
	struct file_stat seen;
	if (statcache_seen(p->stats, file, &seen))
		witness_seen(w, file, &seen);
	else
		witness_path(w, file);
}

struct witness *last_observe(struct pipeline *p)
{
	const struct described *d = &p->described;
	struct witness *w = witness_new(p->began_ns);
	const char *const *const lists[] = {
		(const char *const *)d->depend_files,
		(const char *const *)d->depend_absent,
		(const char *const *)d->depend_dirs,
		(const char *const *)resolver_directories(p->resolver, &p->arena),
		(const char *const *)resolver_files(p->resolver, &p->arena),
	};
	recall_last(p, w);
	for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
		for (const char *const *path = lists[l]; *path; path++)
			witness_path(w, *path);
	for (uint32_t i = 0; i < p->plan.module_count; i++)
		if (p->plan.modules[i].real)
			observe_module(p, w, p->plan.modules[i].real);
	for (uint32_t i = 0; i < p->plan.consulted_count; i++)
		witness_path(w, p->plan.consulted[i]);
	observe_programs(p, w);
	if (strchr(p->python, '/'))
		witness_path(w, p->python);
	for (uint32_t i = 0; i < d->depend_env_count; i++)
		witness_env(w, d->depend_env[i].name);
	witness_env(w, "PATH");
	witness_env(w, "SEPAL_WORKER_DIR");
	return w;
}

void last_encode(const struct witness *w, const struct last *last, struct buf *out)
{
	struct buf look = BUF_INIT;
	describe_look(&look);
	size_t start = record_begin(out, MAGIC, VERSION);
	buf_put_str(out, SEPAL_VERSION);
	buf_put_bytes(out, buf_span(&look));
	witness_encode(w, out);
	buf_put_u8(out, (uint8_t)last->report.text.exit_status);
	buf_put_bytes(out, buf_span(&last->report.text.out));
	buf_put_bytes(out, buf_span(&last->report.text.err));
	buf_put_u32(out, last->units);
	buf_put_u32(out, last->modules);
	buf_put_u64(out, last->found);
	record_seal(out, start);
	buf_release(&look);
}

int last_save(struct pipeline *p, const struct witness *w, const struct report *report, const struct findings *f,
              struct err *err)
{
	struct last last = { *report, p->plan.unit_count, p->plan.module_count, 0 };
	struct buf out = BUF_INIT;
	if (found_save(p, f, &last.found, err))
		return -1;
	last_encode(w, &last, &out);
	int failed = fs_write_atomic(pipeline_state_file(p, "last"), buf_span(&out), 0, err);
	buf_release(&out);
	return failed;
}
