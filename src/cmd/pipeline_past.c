/* What the last build of this command line knew (build/past.h), read and written. */
#include "cmd/pipeline_internal.h"
#include "sys/fs.h"

enum { LIMIT = 1024 * 1024 * 1024 };

void pipeline_recall(struct pipeline *p)
{
	struct buf file = BUF_INIT;
	struct err ignored = ERR_INIT; /* what cannot be read is written anew */
	bool there;
	p->remembers = true;
	if (p->settings->no_store_read)
		return;
	if (!fs_read_if_there(pipeline_state_file(p, "results"), LIMIT, &file, &there, &ignored) && there)
		p->past = past_decode(&file);
	err_release(&ignored);
	buf_release(&file);
}

int pipeline_save_past(struct pipeline *p, struct err *err)
{
	struct buf out = BUF_INIT;
	int failed = 0;
	if (p->remembers && p->build && build_encode_past(p->build, &out))
		failed = fs_write_atomic(pipeline_state_file(p, "results"), buf_span(&out), 0, err);
	buf_release(&out);
	return failed;
}
