#include "ui/text_findings.h"

#include <string.h>

/* Where the lines of a displayed path are: in the first module that is shown by it. */
struct sources {
	const struct findings *findings;
	bool (*read)(void *ctx, const char *real, struct span *ret);
	void *ctx;
};

static bool read_shown(void *ctx, const char *path, struct span *ret)
{
	const struct sources *s = ctx;
	for (uint32_t i = 0; i < s->findings->count; i++) {
		const struct finding_module *m = &s->findings->modules[i];
		if (!m->raw && m->real && strcmp(m->path, path) == 0 && s->read(s->ctx, m->real, ret))
			return true;
	}
	*ret = (struct span){ "", 0 };
	return false;
}

static void render_raw(const struct text_options *options, const struct diag_list *lines, struct text_tally *tally,
                       struct buf *out)
{
	struct message_list list = MESSAGE_LIST_INIT;
	for (uint32_t i = 0; i < lines->count; i++)
		message_list_add(&list, span_of(lines->items[i].message));
	text_render_messages(options, &list, tally, out);
	message_list_release(&list);
}

void text_render_findings(const struct text_options *options, const struct findings *f,
	bool (*read)(void *ctx, const char *real, struct span *ret), void *ctx, struct text_answer *ret)
{
	struct sources sources = { f, read, ctx };
	struct text_tally tally = TEXT_TALLY_INIT;
	buf_add_str(&ret->err, f->warnings);
	for (uint32_t i = 0; i < f->count; i++) {
		const struct finding_module *m = &f->modules[i];
		struct text_module module = { m->path, &m->diags, { read ? read_shown : NULL, &sources } };
		struct buf *out = m->to_stderr ? &ret->err : &ret->out;
		if (m->raw)
			render_raw(options, &m->diags, &tally, out);
		else
			text_render_module(options, &module, &tally, out);
	}
	ret->total_at = ret->out.len;
	/* Where units have no answer there is nothing to sum up, and least of all success. */
	if (!f->failure) {
		text_render_summary(options, &tally, f->sources, f->blocked, &ret->out);
		ret->exit_status = text_exit_status(&tally, f->blocked);
	}
	text_tally_release(&tally);
}

void text_answer_release(struct text_answer *a)
{
	buf_release(&a->out);
	buf_release(&a->err);
}
