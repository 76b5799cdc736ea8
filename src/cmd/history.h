/*
 * Why did that run? For every unit of the last run of a command line: the fields of its key (from the very walk that
 * made it), the interfaces that were known, and, for the units that ran, which field had changed from what to what.
 * Kept beside the work tree's other state; losing it costs explanations only.
 *
 *   file   := "SEPK" version:u8=4 module_count:u32 (id:bytes interface[32])* detail_count:u32 (digest:bytes
 *             lines:bytes)* unit_count:u32 unit* table xxh3:u64
 *   unit   := source:u8 manifest_key[32] closure[32] strict_key[32] members:bytes fields:bytes reason:bytes
 *   members = id:bytes*; the first one names the unit
 *   fields  = index:u32*, of the table
 *   table   := field_count:u32 compact:u32 (tag:bytes value:bytes)*
 *
 * Details say what is behind a field that is a digest (the toolchain, a set of options): lines "name = value".
 */
#ifndef SEPAL_CMD_HISTORY_H
#define SEPAL_CMD_HISTORY_H

#include "cmd/pipeline.h"

struct history;

/* Reads the last run's history; none is an empty one. */
struct history *history_open(struct pipeline *p);
/* The same from the file's bytes, which it takes over; `file` is left empty. */
struct history *history_decode(struct buf *file);
/* Unit `unit` of the present build is about to run: finds out why. */
void history_started(struct history *h, struct pipeline *p, uint32_t unit);
/* Lines without a final newline; borrowed. */
const char *history_reason(const struct history *h, uint32_t unit);
int history_save(struct history *h, struct pipeline *p, struct err *err) MUST_CHECK;
void history_free(struct history *h); /* accepts NULL */

/* For `sepal explain`: appends what is known about the unit of `module`; false if it was not in the last run. */
bool history_explain(struct history *h, const char *module, struct buf *out);

#endif
