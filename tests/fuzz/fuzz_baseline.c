/* ui/baseline.h: what is refused is refused with a sentence; what is read is gone from an empty document. */
#include <stddef.h>
#include <stdint.h>

#include "ui/baseline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct baseline *b;
	struct buf out = BUF_INIT;
	struct document doc = { 0 };
	if (baseline_parse((struct span){ (const char *)data, size }, "the input", &b, &err)) {
		if (!err.message || err.kind != ERR_USAGE)
			BUG("refused without a message");
		err_release(&err);
		return 0;
	}
	struct baseline_difference d = baseline_compare(b, &doc, &out);
	if (d.fresh || (d.gone > 0) != (out.len > 0))
		BUG("%u lines are gone, and %zu bytes say so", d.gone, out.len);
	buf_release(&out);
	baseline_free(b);
	arena_release(&arena);
	return 0;
}
