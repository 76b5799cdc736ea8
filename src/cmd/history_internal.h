/* What the files of the history share; nothing else includes it, but the fuzz target that reads them. */
#ifndef SEPAL_CMD_HISTORY_INTERNAL_H
#define SEPAL_CMD_HISTORY_INTERNAL_H

#include "base/map.h"
#include "cmd/history.h"

enum { HISTORY_VERSION = 4 };
static const char HISTORY_MAGIC[] = "SEPK";

struct field {
	struct span tag, value;
};

struct past_unit {
	uint8_t source;
	struct digest manifest_key, closure, strict_key;
	struct span members, fields; /* as stored */
	struct span reason;
};

struct history {
	struct arena arena;
	struct buf file; /* everything read points into it */
	struct map interfaces; /* module -> index into known_interfaces; filled when it is asked for */
	struct known_interface {
		struct span id, digest;
	} *known_interfaces;
	uint32_t interface_count;
	struct past_unit *units;
	struct map by_module; /* any member -> unit */
	struct field_table {
		struct span *items; /* as stored */
		uint32_t count, cap;
		uint32_t compact;   /* how many there were when none was unused */
		struct map index;   /* of items; filled when it is asked for */
	} table;
	struct map details;   /* hex digest -> index into detail_lines */
	struct span *detail_lines;
	struct map now_details; /* the same for the present run, kept until it is saved */
	struct span *now_lines;
	uint32_t now_count, now_cap;
	const char **reasons; /* per unit of the present plan; NULL: did not run */
	uint32_t reason_count;
};

/* history.c */
/* The digest that the module's interface had, or NULL. */
const struct digest *history_interface_before(struct history *h, const char *module, struct digest *room);
/* In the history's arena. */
struct field *history_decode_fields(struct history *h, struct span fields, uint32_t *ret_count);

/* history_differences.c: appends a line for each field of a unit's key that is not as it was then. */
void history_diff_fields(struct history *h, const struct past_unit *past, const struct field *now, uint32_t now_count,
                         struct buf *out);

/* history_write.c: fills now_details, once. */
void history_note_details(struct history *h, struct pipeline *p);

#endif
