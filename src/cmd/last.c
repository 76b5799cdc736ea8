#include "cmd/last.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "source/witness.h"
#include "sys/fs.h"
#include "sys/path.h"

enum { VERSION = 1, LIMIT = 512 * 1024 * 1024 };
static const char MAGIC[4] = { 'S', 'E', 'P', 'L' };

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

int last_load(struct pipeline *p, struct last *ret, bool *ret_holds, struct err *err)
{
	struct buf file = BUF_INIT, look = BUF_INIT;
	bool there;
	*ret_holds = false;
	if (fs_read_if_there(pipeline_state_file(p, "last"), LIMIT, &file, &there, err)) {
		buf_release(&file);
		return -1;
	}
	if (there && file.len > 8) {
		struct span body = { file.data, file.len - 8 };
		struct reader trailer = reader_of((struct span){ file.data + body.len, 8 }), r = reader_of(body);
		describe_look(&look);
		if (reader_u64(&trailer) == hash_xxh3(body) && memcmp(reader_raw(&r, 4).data, MAGIC, 4) == 0 &&
		    reader_u8(&r) == VERSION && span_eq_str(reader_bytes(&r), SEPAL_VERSION) &&
		    span_eq(reader_bytes(&r), buf_span(&look)) && witness_holds(&r, NULL)) {
			ret->report.exit_status = reader_u8(&r);
			buf_add_span(&ret->report.out, reader_bytes(&r));
			buf_add_span(&ret->report.err, reader_bytes(&r));
			ret->units = reader_u32(&r);
			ret->modules = reader_u32(&r);
			*ret_holds = reader_done(&r);
		}
	}
	buf_release(&file);
	buf_release(&look);
	return 0;
}

static void observe(struct pipeline *p, struct witness *w)
{
	const struct described *d = &p->described;
	const char *const *const lists[] = {
		(const char *const *)d->depend_files,
		(const char *const *)d->depend_absent,
		(const char *const *)d->depend_dirs,
		(const char *const *)resolver_directories(p->resolver, &p->arena),
		(const char *const *)resolver_files(p->resolver, &p->arena),
	};
	for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
		for (const char *const *path = lists[l]; *path; path++)
			witness_path(w, *path);
	for (uint32_t i = 0; i < p->plan.module_count; i++)
		if (p->plan.modules[i].real)
			witness_path(w, p->plan.modules[i].real);
	for (uint32_t i = 0; i < p->plan.consulted_count; i++)
		witness_path(w, p->plan.consulted[i]);
	witness_path(w, p->worker_program);
	witness_path(w, path_dirname(&p->arena, p->worker_program));
	if (strchr(p->python, '/'))
		witness_path(w, p->python);
	for (uint32_t i = 0; i < d->depend_env_count; i++)
		witness_env(w, d->depend_env[i].name);
	witness_env(w, "PATH");
	witness_env(w, "SEPAL_WORKER_DIR");
}

int last_save(struct pipeline *p, const struct report *report, struct err *err)
{
	struct witness *w = witness_new(p->began_ns);
	struct buf out = BUF_INIT, look = BUF_INIT;
	observe(p, w);
	describe_look(&look);
	buf_add(&out, MAGIC, sizeof MAGIC);
	buf_put_u8(&out, VERSION);
	buf_put_str(&out, SEPAL_VERSION);
	buf_put_bytes(&out, buf_span(&look));
	witness_encode(w, &out);
	buf_put_u8(&out, (uint8_t)report->exit_status);
	buf_put_bytes(&out, buf_span(&report->out));
	buf_put_bytes(&out, buf_span(&report->err));
	buf_put_u32(&out, p->plan.unit_count);
	buf_put_u32(&out, p->plan.module_count);
	buf_put_u64(&out, hash_xxh3(buf_span(&out)));
	int failed = fs_write_atomic(pipeline_state_file(p, "last"), buf_span(&out), 0, err);
	witness_free(w);
	buf_release(&out);
	buf_release(&look);
	return failed;
}
