/*
 * source/scan.h: any bytes are scanned, the same way twice; what comes out keeps the promises of struct import and
 * reads back from the scan cache's record. Any bytes are also read as a record: what is accepted is written back as it
 * was.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "source/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const always_true[] = { "AT", 0 };
static const char *const always_false[] = { "AF", 0 };

static void check_imports(const struct scan_result *result)
{
	for (uint32_t i = 0; i < result->import_count; i++) {
		const struct import *import = &result->imports[i];
		if (!import->line || (i && import->line < result->imports[i - 1].line))
			BUG("line %u of import %u", import->line, i);
		if (!import->module[0] && (!import->level || import->kind == IMPORT_MODULE))
			BUG("import %u names no module", i);
		if (import->name_count && import->kind != IMPORT_FROM)
			BUG("import %u has %u names", i, import->name_count);
		for (uint32_t n = 0; n < import->name_count; n++)
			if (!import->names[n][0])
				BUG("name %u of import %u is empty", n, i);
	}
}

/* Encodes `result`, and what its record decodes to once more: the same bytes. */
static void check_record(const struct scan_result *result, struct arena *arena, struct buf *out)
{
	struct scan_result again;
	struct buf second = BUF_INIT;
	buf_reset(out);
	scan_result_encode(result, out);
	if (!scan_result_decode(buf_span(out), arena, &again))
		BUG("a record of %zu bytes is refused", out->len);
	scan_result_encode(&again, &second);
	if (!span_eq(buf_span(out), buf_span(&second)))
		BUG("a record of %zu bytes is written back otherwise", out->len);
	buf_release(&second);
}

static void scan_twice(struct span input)
{
	const struct scan_options options = { 3, 11, "linux", always_true, always_false };
	struct arena arena = ARENA_INIT;
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct scan_result result;
	scan_imports(input, &options, &arena, &result);
	check_imports(&result);
	check_record(&result, &arena, &first);
	scan_imports(input, &options, &arena, &result);
	check_record(&result, &arena, &second);
	if (!span_eq(buf_span(&first), buf_span(&second)))
		BUG("the same source was scanned in two ways");
	buf_release(&first);
	buf_release(&second);
	arena_release(&arena);
}

static void read_record(struct span input)
{
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT;
	struct scan_result result;
	if (scan_result_decode(input, &arena, &result)) {
		check_record(&result, &arena, &out);
		if (!span_eq(buf_span(&out), input))
			BUG("an accepted record of %zu bytes is written back otherwise", input.len);
	}
	buf_release(&out);
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = { (const char *)data, size };
	scan_twice(input);
	read_record(input);
	return 0;
}
