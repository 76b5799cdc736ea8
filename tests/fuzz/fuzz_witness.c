/*
 * A witness read back (source/witness.h): altered bytes are read within their bounds and hold for nothing that changed.
 * The first byte says how the rest is taken: as it is, or behind the witness's own beginning.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "source/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_record(struct span record)
{
	struct reader r = reader_of(record);
	struct span changed;
	bool holds = witness_holds(&r, &changed);
	if (holds && !reader_ok(&r))
		BUG("a witness holds though its bytes end before it does");
	if (!holds && changed.len && (changed.data < record.data || changed.data + changed.len > record.data + record.len))
		BUG("what changed is not named from the record");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct span rest = { (const char *)data + 1, size - 1 };
	if (data[0] % 2 == 0) {
		try_record(rest);
		return 0;
	}
	struct witness *w = witness_new(0);
	struct buf record = BUF_INIT;
	witness_encode(w, &record);
	buf_truncate(&record, 5); /* magic and version */
	buf_add_span(&record, rest);
	try_record(buf_span(&record));
	buf_release(&record);
	witness_free(w);
	return 0;
}
