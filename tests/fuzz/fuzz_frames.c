/*
 * What a worker writes: frames cut anywhere (exec/frames.h), their JSON, and diagnostics and artifacts in it. The first
 * byte is the size of the pieces. A frame that is understood is decoded as a diagnostic, and as an artifact of the toy.
 */
#include <stddef.h>
#include <stdint.h>

#include "checker/toy.h"
#include "exec/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode_artifact(struct span payload, struct arena *a)
{
	static const struct member_spec member = { .id = "m", .canonical = "/proc/self/cwd/s/m.py" };
	static const struct unit_spec unit = { .members = &member, .member_count = 1 };
	static const struct checker_setup setup = { .checker = &checker_toy };
	struct err err = ERR_INIT;
	struct unit_outcome o;
	unit_outcome_init(&unit, a, &o);
	if (checker_toy.outcome_interface(&setup, &unit, 0, payload, payload, a, &o, &err) && !err.message)
		BUG("refused without a message");
	err_release(&err);
	if (checker_toy.outcome_report(&setup, &unit, 0, payload, a, &o, &err) && !err.message)
		BUG("refused without a message");
	err_release(&err);
}

static void decode_payload(struct span payload)
{
	struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct js *doc;
	decode_artifact(payload, &a);
	if (js_parse(payload, "the input", &doc, &err)) {
		err_release(&err);
	} else {
		const struct js *messages = js_get(doc, "messages");
		for (size_t i = 0; i < js_len(messages); i++)
			if (!diag_decode_js(js_at(messages, i), &a).message)
				BUG("a diagnostic without a message");
		js_free(doc);
	}
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	size_t piece = data[0] ? data[0] : 1, payloads = 0;
	struct frame_reader r = FRAME_READER_INIT;
	struct err err = ERR_INIT;
	bool good = true;
	for (size_t at = 1; at < size && good; at += piece) {
		bool there = true;
		frame_reader_feed(&r, (struct span){ (const char *)data + at, size - at < piece ? size - at : piece });
		while (good && there) {
			struct span payload;
			good = frame_reader_next(&r, &payload, &there, &err) == 0;
			if (good && there) {
				payloads += payload.len + 4;
				decode_payload(payload);
			}
		}
	}
	if (payloads > size - 1)
		BUG("%zu bytes came out of %zu", payloads, size - 1);
	err_release(&err);
	frame_reader_release(&r);
	return 0;
}
