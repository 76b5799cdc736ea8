/*
 * The findings of the last run of a command line, kept beside its answer (cmd/last.h), from which reports in other
 * formats are made when nothing has changed. A file of its own, because the answer alone is wanted far more often:
 * `last` holds its checksum, so that the two are known to be of one run.
 *
 *   found := "SEPF" version:u8=1 display:u32 findings(model/findings.h) xxh3:u64
 *   display := a bit for each member of `struct display` that is a bool, in its order
 */
#ifndef SEPAL_CMD_FOUND_H
#define SEPAL_CMD_FOUND_H

#include "cmd/pipeline.h"
#include "model/findings.h"

void found_encode(const struct display *d, const struct findings *f, struct buf *out);
bool found_decode(struct span file, struct arena *arena, struct display *ret_display, struct findings *ret) MUST_CHECK;
/* False when there is none with this checksum (hash_xxh3 of its bytes). */
bool found_load(struct pipeline *p, uint64_t checksum, struct arena *arena, struct display *ret_display,
                struct findings *ret) MUST_CHECK;
int found_save(struct pipeline *p, const struct findings *f, uint64_t *ret_checksum, struct err *err) MUST_CHECK;

#endif
