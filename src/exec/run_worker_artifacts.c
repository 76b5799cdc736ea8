/* Artifacts come as ranges of pack files; each answer is for the members of one unit. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "base/xalloc.h"
#include "exec/run_worker_internal.h"

enum { ARTIFACT_LIMIT = 256 * 1024 * 1024 };
#define ANSWERED UINT32_MAX /* in place of a member's index */

static int read_range(int fd, const struct js *range, struct arena *arena, struct span *ret, struct err *err)
{
	int64_t offset = js_int(js_at(range, 0), -1), length = js_int(js_at(range, 1), -1);
	if (offset < 0 || length < 0 || length > ARTIFACT_LIMIT)
		return err_set(err, ERR_PROTOCOL, "the worker gave a range of a pack file that cannot be right");
	char *bytes = arena_alloc(arena, (size_t)length + 1);
	for (int64_t have = 0; have < length;) {
		ssize_t n = pread(fd, bytes + have, (size_t)(length - have), offset + have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(err, ERR_PROTOCOL, "a pack file of the worker is shorter than it says");
		have += n;
	}
	*ret = (struct span){ bytes, (size_t)length };
	return 0;
}

typedef int member_fn(struct worker_runner *r, struct flight *f, uint32_t i, int fd, const struct js *member,
                      struct err *err);

static int take_interface(struct worker_runner *r, struct flight *f, uint32_t i, int fd, const struct js *member,
                          struct err *err)
{
	const struct checker_setup *setup = r->config.setup;
	struct span data, meta;
	if (read_range(fd, js_get(member, "data"), &f->arena, &data, err) ||
	    read_range(fd, js_get(member, "meta"), &f->arena, &meta, err))
		return -1;
	const char *said = js_get_string(member, "said", NULL);
	if (said && !digest_from_hex(&f->outcome.said[i], span_of(said)))
		return err_set(err, ERR_PROTOCOL, "the worker gave `%s` as a digest of messages", said);
	return setup->checker->outcome_interface(setup, f->spec, i, data, meta, &f->arena, &f->outcome, err);
}

static int take_report(struct worker_runner *r, struct flight *f, uint32_t i, int fd, const struct js *member,
                       struct err *err)
{
	const struct checker_setup *setup = r->config.setup;
	struct span meta_ex;
	const struct js *uses = js_get(member, "uses");
	if (read_range(fd, js_get(member, "meta_ex"), &f->arena, &meta_ex, err))
		return -1;
	f->outcome.uses[i] = ARENA_ARRAY(&f->arena, const char *, js_len(uses) + 1);
	for (size_t k = 0; k < js_len(uses); k++)
		f->outcome.uses[i][k] = arena_strdup(&f->arena, js_string(js_at(uses, k), ""));
	return setup->checker->outcome_report(setup, f->spec, i, meta_ex, &f->arena, &f->outcome, err);
}

/* A member that is left out of a report keeps the one that it was offered. */
static int keep_unanswered(struct flight *f, const struct map *waiting, struct err *err)
{
	for (uint32_t i = 0; i < f->spec->member_count; i++) {
		if (*map_get_str(waiting, f->spec->members[i].id) == ANSWERED)
			continue;
		if (!f->spec->kept || !f->spec->kept[i].offered)
			return err_set(err, ERR_PROTOCOL, "the worker did not answer for %s", f->spec->members[i].id);
		f->outcome.kept[i] = true;
	}
	return 0;
}

/* Applies `take` to every member of the frame; none may be there twice, and none missing that has nothing to keep. */
static int take_members(struct worker_runner *r, struct flight *f, const struct js *frame, member_fn *take,
                        struct err *err)
{
	const struct js *members = js_get(frame, "members");
	const char *pack = js_get_string(frame, "pack", "");
	if (js_len(members) > f->spec->member_count || (take == take_interface && js_len(members) < f->spec->member_count))
		return err_set(err, ERR_PROTOCOL, "the worker answered for %zu modules of %u", js_len(members),
		               f->spec->member_count);
	int fd = open(pack, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, "cannot open the worker's pack file %s", pack);
	if (!f->batch->pack)
		f->batch->pack = xstrdup(pack);
	/* The worker answers in its processing order or ours: members are found by name. */
	struct map waiting = MAP_INIT;
	for (uint32_t i = 0; i < f->spec->member_count; i++)
		map_put_str(&waiting, f->spec->members[i].id, i, NULL);
	int failed = 0;
	for (uint32_t k = 0; k < js_len(members) && !failed; k++) {
		const char *id = js_get_string(js_at(members, k), "id", "");
		uint32_t *i = map_get_str(&waiting, id);
		if (!i || *i == ANSWERED) {
			failed = err_set(err, ERR_PROTOCOL, "the worker answered for %s, which %s", id,
			                 i ? "it had answered for already" : "is not in the unit");
			continue;
		}
		failed = take(r, f, *i, fd, js_at(members, k), err);
		*i = ANSWERED;
	}
	if (!failed)
		failed = keep_unanswered(f, &waiting, err);
	map_release(&waiting);
	close(fd);
	return failed;
}

int worker_runner_take_interfaces(struct worker_runner *r, struct flight *f, const struct js *frame, struct err *err)
{
	return take_members(r, f, frame, take_interface, err);
}

int worker_runner_take_reports(struct worker_runner *r, struct flight *f, const struct js *frame, struct err *err)
{
	return take_members(r, f, frame, take_report, err);
}
