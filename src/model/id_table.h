/*
 * A table of ids at the head of a record, so that each is written once however often it is named: what follows names
 * them by their place (u32). Ids are sorted and every one of them is used, so that a record has one form only.
 *
 *   ids := id_count:u32 id:bytes*
 *
 * Writing: add every id that will be named (again and again, if that is simpler), encode the table, then place for
 * place. Reading: decode the table, take id for id, and ask at the end whether all were taken.
 */
#ifndef SEPAL_MODEL_ID_TABLE_H
#define SEPAL_MODEL_ID_TABLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"

struct id_writer {
	struct map places;
};

#define ID_WRITER_INIT { MAP_INIT }

void id_writer_add(struct id_writer *w, const char *id); /* borrowed until the release */
void id_writer_encode(struct id_writer *w, struct buf *out);
void id_writer_put(const struct id_writer *w, const char *id, struct buf *out); /* its place */
void id_writer_release(struct id_writer *w);

struct id_table {
	const char **names;
	bool *taken;
	uint32_t count;
};

/* Both fail the reader when it does not go on as a writer would have written; names live in `arena`. */
void id_table_decode(struct reader *r, struct arena *arena, struct id_table *ret);
const char *id_table_take(struct id_table *t, struct reader *r); /* "" when it failed */
bool id_table_all_taken(const struct id_table *t);

#endif
