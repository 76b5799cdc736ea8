/*
 * Files of a work tree's state: what the last build knew (build/past.h), times (plan/weights.h), history of keys
 * (cmd/history.h), the last run (cmd/last.h) and what it found (cmd/found.h). The first byte says which; the rest is
 * read as it is, and once more with the checksum that belongs to it. Whatever is accepted can be asked everything, and
 * answers within its bounds.
 *
 * The last run's file begins with what only holds here and now. So a part of the inputs is read behind that: behind the
 * look of the terminal (the rest is a witness and an answer), or behind a witness of nothing (the rest is an answer).
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "build/past.h"
#include "cmd/found.h"
#include "cmd/history_internal.h"
#include "cmd/last.h"
#include "model/result.h"
#include "plan/weights.h"
#include "ui/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEYS_TRIED = 4096, UNITS_TRIED = 16, SEAL_SIZE = 8, EMPTY_ANSWER_SIZE = 1 + 4 * 4 + 8 + SEAL_SIZE };

static void copy(struct span record, struct buf *ret)
{
	*ret = (struct buf)BUF_INIT;
	buf_add_span(ret, record);
}

/* ---- past ---- */

static void ask_entry(const struct past *p, const struct past_entry *e)
{
	struct arena a = ARENA_INIT;
	struct result r;
	for (uint32_t i = 0; i < e->used_count; i++)
		if (past_used(e, i) >= past_module_count(p))
			BUG("an entry used a module that is not there");
	(void)result_decode(e->result, &a, &r);
	arena_release(&a);
}

/* Keys are not listed: every place of the file may be one. */
static void try_past(struct span record)
{
	struct buf file;
	copy(record, &file);
	struct past *p = past_decode(&file);
	if (file.data)
		BUG("the bytes were not taken over");
	if (!p)
		return;
	uint64_t sum = past_stamp(p) + past_unit_count(p);
	for (uint32_t i = 0; i < past_module_count(p); i++) {
		struct span id = past_module_id(p, i);
		sum += hash_xxh3(id) + past_interface(p, i)->bytes[DIGEST_SIZE - 1];
	}
	for (size_t at = 0; at < KEYS_TRIED && at + DIGEST_SIZE <= record.len; at++) {
		struct past_entry e;
		struct digest key;
		memcpy(key.bytes, record.data + at, DIGEST_SIZE);
		if (past_find(p, &key, &e))
			ask_entry(p, &e);
	}
	if (sum == 1) /* so that all of it is read */
		abort();
	past_free(p);
}

/* ---- weights ---- */

static void try_weights(struct span record)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct weights *w = weights_decode(record, "weights");
	weights_encode(w, &once);
	struct weights *again = weights_decode(buf_span(&once), "weights");
	weights_encode(again, &twice);
	if (!span_eq(buf_span(&once), buf_span(&twice)))
		BUG("weights are written differently the second time");
	weights_free(w);
	weights_free(again);
	buf_release(&once);
	buf_release(&twice);
}

/* ---- history ---- */

/* Everything that is a digest in the file stands for two lines today, so that lines are compared. */
static void invent_details(struct history *h)
{
	static const char lines[] = "checker = toy\nshout = false\n";
	h->now_lines = xmalloc(sizeof *h->now_lines);
	h->now_lines[0] = (struct span){ lines, sizeof lines - 1 };
	h->now_count = h->now_cap = 1;
	for (uint32_t i = 0; i < h->details.count; i++)
		map_put(&h->now_details, h->details.entries[i].key, 0, NULL);
}

static void explain(struct history *h, struct span module, struct buf *out)
{
	struct digest room;
	char *name = xstrndup(module.data ? module.data : "", module.len);
	history_explain(h, name, out);
	history_interface_before(h, name, &room);
	free(name);
}

static void try_history(struct span record)
{
	struct buf file, out = BUF_INIT;
	copy(record, &file);
	struct history *h = history_decode(&file);
	invent_details(h);
	uint32_t tried = h->by_module.count < UNITS_TRIED ? h->by_module.count : UNITS_TRIED;
	for (uint32_t i = 0; i < tried; i++) {
		explain(h, h->by_module.entries[i].key, &out);
		for (uint32_t k = 0; k < tried; k++) {
			uint32_t count;
			const struct past_unit *now = &h->units[h->by_module.entries[i].value];
			const struct field *fields = history_decode_fields(h, now->fields, &count);
			history_diff_fields(h, &h->units[h->by_module.entries[k].value], fields, count, &out);
		}
	}
	buf_release(&out);
	history_free(h);
}

/* ---- the last run ---- */

static void try_last_file(struct span file)
{
	struct last last = { .report = REPORT_INIT };
	const struct text_answer *text = &last.report.text;
	if (!last_decode(file, &last) && (text->out.len || text->err.len || last.units || last.modules || last.found))
		BUG("a file that does not hold left something behind");
	report_release(&last.report);
}

static void try_last_behind(struct span rest, bool witness)
{
	struct last empty = { .report = REPORT_INIT };
	struct witness *w = witness_new(0);
	struct buf file = BUF_INIT, nothing = BUF_INIT;
	last_encode(w, &empty, &file);
	if (witness)
		witness_encode(w, &nothing);
	buf_truncate(&file, file.len - EMPTY_ANSWER_SIZE - nothing.len);
	buf_add_span(&file, rest);
	buf_put_u64(&file, hash_xxh3(buf_span(&file)));
	try_last_file(buf_span(&file));
	struct reader r = reader_of(rest);
	witness_recall(w, &r);
	witness_free(w);
	buf_release(&nothing);
	buf_release(&file);
}

static void try_last(struct span record)
{
	try_last_file(record);
	try_last_behind(record, true);
	try_last_behind(record, false);
}

/* ---- what it found ---- */

/* In every format, too. */
static void try_found(struct span record)
{
	struct arena arena = ARENA_INIT;
	struct buf again = BUF_INIT, names = BUF_INIT, out = BUF_INIT;
	struct display display;
	struct findings f;
	struct document doc;
	struct text_options text = { .cwd = "/w/d" };
	const struct document_place place = { .text = &text, .root = "/w", .program_version = "1" };
	if (found_decode(record, &arena, &display, &f)) {
		found_encode(&display, &f, &again);
		if (!span_eq(buf_span(&again), record))
			BUG("findings are written differently than they were read");
		text.pretty = display.pretty;
		document_make(&f, &place, &arena, &doc);
		document_format_names(" ", &names);
		for (char *save, *name = strtok_r(names.data, " ", &save); name; name = strtok_r(NULL, " ", &save))
			document_format_find(span_of(name))->render(&doc, &out);
	}
	buf_release(&again);
	buf_release(&names);
	buf_release(&out);
	arena_release(&arena);
}

static void (*const KINDS[])(struct span record) = { try_past, try_weights, try_history, try_last, try_found };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	size_t kind = data[0] % (sizeof KINDS / sizeof *KINDS);
	struct span record = { (const char *)data + 1, size - 1 };
	struct buf sealed = BUF_INIT;
	KINDS[kind](record);
	buf_add_span(&sealed, record);
	buf_put_u64(&sealed, hash_xxh3(record));
	KINDS[kind](buf_span(&sealed));
	buf_release(&sealed);
	return 0;
}
