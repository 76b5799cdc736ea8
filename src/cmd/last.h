/*
 * The last run of a command line in a work tree, kept so that a run in which nothing changed is an answer from one
 * file: a witness of everything the answer stands on, and the answer itself. This is the no-op path: no Python, no
 * JSON, no store look-ups.
 *
 *   last := "SEPL" version:u8=3 program:bytes look:bytes witness exit:u8 out:bytes err:bytes units:u32
 *           modules:u32 found:u64 xxh3:u64
 *
 * `found` is the checksum of the file that holds the findings (cmd/found.h).
 */
#ifndef SEPAL_CMD_LAST_H
#define SEPAL_CMD_LAST_H

#include "cmd/report.h"
#include "source/witness.h"

struct last {
	struct report report;
	uint32_t units, modules;
	uint64_t found;
};

/* False when there is no kept run, or something changed. Needs pipeline_open only. */
bool last_load(struct pipeline *p, struct last *ret) MUST_CHECK;
/* From the file's bytes, with a report that is still empty; false, and *ret untouched, as last_load. */
bool last_decode(struct span file, struct last *ret) MUST_CHECK;
void last_encode(const struct witness *w, const struct last *last, struct buf *out);
/* Everything that a run with a plan stood on, as it is now. The caller frees it. */
struct witness *last_observe(struct pipeline *p);
/* `report` is all of it as text, without a baseline. */
int last_save(struct pipeline *p, const struct witness *w, const struct report *report, const struct findings *f,
              struct err *err) MUST_CHECK;

#endif
