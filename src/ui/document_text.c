/* mypy's own forms: its text without colours, and the lines of `--output json`. */
#include "ui/document.h"
#include "ui/text_findings.h"
#include "ui/text_json.h"

void document_text(const struct document *doc, struct buf *out)
{
	struct text_options options = *doc->place->text;
	struct text_answer answer = TEXT_ANSWER_INIT;
	options.palette = NULL;
	text_render_findings(&options, doc->findings, doc->place->read, doc->place->read_ctx, &answer);
	buf_add_span(out, buf_span(&answer.out));
	text_answer_release(&answer);
}

/* Without what mypy prints as text among them: the summary line and notes about the configuration. Errors that have no
 * place, some of which are text there, are objects here: their file is "" and their line -1 where there is none. */
void document_jsonl(const struct document *doc, struct buf *out)
{
	for (uint32_t i = 0; i < doc->count; i++) {
		const struct issue *issue = &doc->issues[i];
		if (issue->whole && issue->is_note)
			continue;
		struct diag d = { NULL, issue->line, issue->column, issue->end_line, issue->end_column,
			          issue->is_note, issue->message, issue->code };
		struct buf hints = BUF_INIT;
		for (uint32_t k = 0; k < issue->note_count; k++) {
			if (k)
				buf_add_char(&hints, '\n');
			buf_add_str(&hints, issue->notes[k]);
		}
		text_json_object(&d, issue->path ? issue->path : "", issue->note_count ? hints.data : NULL, out);
		buf_add_char(out, '\n');
		buf_release(&hints);
	}
}
