/* What the last run left, read; and what `sepal explain` says of it. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cmd/history_internal.h"
#include "model/record.h"
#include "sys/fs.h"

enum { LIMIT = 1024 * 1024 * 1024 };

/* ---- reading ---- */

static struct digest read_digest(struct reader *r)
{
	struct digest d = { { 0 } };
	struct span s = reader_raw(r, DIGEST_SIZE);
	if (reader_ok(r))
		memcpy(d.bytes, s.data, DIGEST_SIZE);
	return d;
}

static void read_interfaces(struct history *h, struct reader *r)
{
	uint32_t n = reader_count(r, 4 + DIGEST_SIZE);
	h->known_interfaces = ARENA_ARRAY(&h->arena, struct known_interface, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		h->known_interfaces[i].id = reader_bytes(r);
		h->known_interfaces[i].digest = reader_raw(r, DIGEST_SIZE);
	}
	h->interface_count = reader_ok(r) ? n : 0;
}

const struct digest *history_interface_before(struct history *h, const char *module, struct digest *room)
{
	for (uint32_t i = 0; !h->interfaces.count && i < h->interface_count; i++)
		map_put(&h->interfaces, h->known_interfaces[i].id, i, NULL);
	const uint32_t *at = map_get_str(&h->interfaces, module);
	if (!at)
		return NULL;
	memcpy(room->bytes, h->known_interfaces[*at].digest.data, DIGEST_SIZE);
	return room;
}

static void read_details(struct history *h, struct reader *r)
{
	uint32_t n = reader_count(r, 8);
	h->detail_lines = ARENA_ARRAY(&h->arena, struct span, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		struct span digest = reader_bytes(r);
		h->detail_lines[i] = reader_bytes(r);
		map_put(&h->details, digest, i, NULL);
	}
}

/* Most units are written again as they were read: what they hold is decoded when somebody asks. */
static void read_unit(struct history *h, struct reader *r, struct past_unit *u, uint32_t at)
{
	u->source = reader_u8(r);
	u->manifest_key = read_digest(r);
	u->closure = read_digest(r);
	u->strict_key = read_digest(r);
	u->members = reader_bytes(r);
	u->fields = reader_bytes(r);
	u->reason = reader_bytes(r);
	struct reader members = reader_of(u->members);
	while (reader_ok(&members) && !reader_done(&members))
		map_put(&h->by_module, reader_bytes(&members), at, NULL);
}

static void read_units(struct history *h, struct reader *r)
{
	uint32_t n = reader_count(r, 13 + 3 * DIGEST_SIZE);
	h->units = ARENA_ARRAY(&h->arena, struct past_unit, n + 1);
	for (uint32_t i = 0; i < n && reader_ok(r); i++)
		read_unit(h, r, &h->units[i], i);
	if (!reader_ok(r))
		map_release(&h->by_module);
}

static void read_table(struct history *h, struct reader *r)
{
	uint32_t n = reader_count(r, 8);
	uint32_t compact = reader_u32(r);
	for (uint32_t i = 0; i < n && reader_ok(r); i++) {
		const char *start = r->at;
		reader_bytes(r);
		reader_bytes(r);
		VEC_GROW(h->table.items, h->table.count, h->table.cap);
		h->table.items[h->table.count++] = (struct span){ start, (size_t)(r->at - start) };
	}
	h->table.compact = compact;
}

struct field *history_decode_fields(struct history *h, struct span fields, uint32_t *ret_count)
{
	struct reader r = reader_of(fields);
	uint32_t n = (uint32_t)(fields.len / 4);
	struct field *list = ARENA_ARRAY(&h->arena, struct field, n + 1);
	*ret_count = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = reader_u32(&r);
		if (at >= h->table.count)
			break;
		struct reader field = reader_of(h->table.items[at]);
		list[i].tag = reader_bytes(&field);
		list[i].value = reader_bytes(&field);
		*ret_count = i + 1;
	}
	return list;
}

struct history *history_decode(struct buf *file)
{
	struct history *h = xcalloc(1, sizeof *h);
	struct reader r;
	h->file = *file;
	*file = (struct buf)BUF_INIT;
	if (record_open(buf_span(&h->file), HISTORY_MAGIC, HISTORY_VERSION, &r)) {
		read_interfaces(h, &r);
		read_details(h, &r);
		read_units(h, &r);
		read_table(h, &r);
	}
	return h;
}

struct history *history_open(struct pipeline *p)
{
	struct buf file = BUF_INIT;
	struct err ignored = ERR_INIT;
	bool there;
	if (fs_read_if_there(pipeline_state_file(p, "keys"), LIMIT, &file, &there, &ignored))
		err_release(&ignored);
	return history_decode(&file);
}

void history_free(struct history *h)
{
	if (!h)
		return;
	map_release(&h->interfaces);
	map_release(&h->by_module);
	map_release(&h->details);
	map_release(&h->table.index);
	free(h->table.items);
	map_release(&h->now_details);
	free(h->now_lines);
	buf_release(&h->file);
	free(h->reasons);
	arena_release(&h->arena);
	free(h);
}

/* ---- explaining ---- */

bool history_explain(struct history *h, const char *module, struct buf *out)
{
	static const char *const sources[] = { "not known (blocked or failed)",
	                                       "the store, by its manifest: the interfaces it used are as they were",
	                                       "the store, by its closure: all that is below it is as it was",
	                                       "a run of the checker" };
	const uint32_t *at = map_get_str(&h->by_module, module);
	if (!at)
		return false;
	const struct past_unit *u = &h->units[*at];
	char hex[DIGEST_HEX_SIZE + 1];
	buf_addf(out, "unit of %s\nresult from: %s\n", module, u->source < 4 ? sources[u->source] : "?");
	digest_hex(&u->strict_key, hex);
	buf_addf(out, "strict key: %s\n", hex);
	digest_hex(&u->manifest_key, hex);
	buf_addf(out, "manifest key: %s\nfields:\n", hex);
	uint32_t count;
	const struct field *fields = history_decode_fields(h, u->fields, &count);
	for (uint32_t i = 0; i < count; i++)
		buf_addf(out, "  %.*s: %.*s\n", (int)fields[i].tag.len, fields[i].tag.data, (int)fields[i].value.len,
		         fields[i].value.data);
	digest_hex(&u->closure, hex);
	buf_addf(out, "  closure: %s\n", hex);
	if (u->reason.len)
		buf_addf(out, "last checked because:\n  %.*s\n", (int)u->reason.len, u->reason.data);
	return true;
}
