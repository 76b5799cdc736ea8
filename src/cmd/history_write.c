/* What is kept of this run for the next one. */
#include <string.h>

#include "base/xalloc.h"
#include "cmd/history_internal.h"
#include "model/record.h"
#include "sys/fs.h"

enum { COMPACT_SPARE = 1000 };

/* ---- what is behind the digests among the fields ---- */

static void add_detail(struct history *h, const struct digest *d, const struct buf *lines)
{
	char hex[DIGEST_HEX_SIZE + 1];
	bool fresh;
	digest_hex(d, hex);
	if (map_get_str(&h->now_details, hex))
		return;
	map_put_str(&h->now_details, arena_strdup(&h->arena, hex), h->now_count, &fresh);
	VEC_GROW(h->now_lines, h->now_count, h->now_cap);
	h->now_lines[h->now_count++] = arena_span(&h->arena, buf_span(lines));
}

static void add_toolchain_line(void *ctx, const char *tag, struct span value)
{
	struct buf *lines = ctx;
	size_t name = strcmp(tag, "distribution") == 0 ? strcspn(value.data, " ") : 0;
	buf_addf(lines, "%s%s%.*s = ", tag, name ? " " : "", (int)name, value.data);
	for (size_t i = name; i < value.len; i++) /* a plugin's configuration is many lines */
		buf_add_char(lines, value.data[i] == '\n' ? ' ' : value.data[i]);
	buf_add_char(lines, '\n');
}

static void add_option_lines(const struct js *values, struct buf *lines)
{
	void *it = NULL;
	const char *name;
	const struct js *value;
	while (js_next(values, &it, &name, &value)) {
		buf_addf(lines, "%s = ", name);
		js_write(value, 0, lines);
		buf_add_char(lines, '\n');
	}
}

void history_note_details(struct history *h, struct pipeline *p)
{
	const struct options *o = p->described.options;
	struct buf lines = BUF_INIT;
	struct key_sink sink = { add_toolchain_line, &lines };
	if (h->now_count)
		return;
	key_walk_toolchain(&p->described, &p->worker_digest, &p->versions_file, &sink);
	add_detail(h, &p->toolchain, &lines);
	for (uint32_t set = 0; set < options_count(o); set++) {
		buf_reset(&lines);
		add_option_lines(options_values(o, set), &lines);
		add_detail(h, options_digest(o, set), &lines);
	}
	buf_release(&lines);
}

/* ---- the file ---- */

static void put_members(const struct plan *p, uint32_t unit, struct buf *out)
{
	struct buf list = BUF_INIT;
	for (uint32_t i = 0; i < p->units[unit].member_count; i++)
		buf_put_str(&list, p->modules[p->units[unit].members[i]].id);
	buf_put_bytes(out, buf_span(&list));
	buf_release(&list);
}

struct interning {
	struct history *h;
	struct buf field, list;
};

/* The number of a field in the table: most fields are imports that many units have. */
static void put_number(void *ctx, const char *tag, struct span value)
{
	struct interning *in = ctx;
	struct field_table *t = &in->h->table;
	bool fresh;
	buf_reset(&in->field);
	buf_put_str(&in->field, tag);
	buf_put_bytes(&in->field, value);
	uint32_t *at = map_get(&t->index, buf_span(&in->field));
	if (!at) {
		VEC_GROW(t->items, t->count, t->cap);
		t->items[t->count] = arena_span(&in->h->arena, buf_span(&in->field));
		at = map_put(&t->index, t->items[t->count], t->count, &fresh);
		t->count++;
	}
	buf_put_u32(&in->list, *at);
}

static void put_fields(struct history *h, struct pipeline *p, uint32_t unit, struct buf *out)
{
	struct interning in = { h, BUF_INIT, BUF_INIT };
	struct key_sink sink = { put_number, &in };
	for (uint32_t i = h->table.index.count; i < h->table.count; i++)
		map_put(&h->table.index, h->table.items[i], i, NULL);
	key_walk_unit(&p->plan, unit, p->described.options, &p->toolchain, &sink);
	buf_put_bytes(out, buf_span(&in.list));
	buf_release(&in.field);
	buf_release(&in.list);
}

/* The key is made of the fields: where it is the same, they are. */
static void write_unit(struct history *h, struct pipeline *p, uint32_t unit, bool compacting, struct buf *out)
{
	const struct build_unit *u = build_unit(p->build, unit);
	const char *name = p->plan.modules[p->plan.units[unit].members[0]].id;
	const uint32_t *at = map_get_str(&h->by_module, name);
	const struct past_unit *past = at ? &h->units[*at] : NULL;
	buf_put_u8(out, (uint8_t)u->source);
	buf_add(out, u->manifest_key.bytes, DIGEST_SIZE);
	buf_add(out, u->closure.bytes, DIGEST_SIZE);
	buf_add(out, u->strict_key.bytes, DIGEST_SIZE);
	if (past && !compacting && digest_eq(&past->manifest_key, &u->manifest_key) &&
	    !digest_is_zero(&u->manifest_key)) {
		buf_put_bytes(out, past->members);
		buf_put_bytes(out, past->fields);
	} else {
		put_members(&p->plan, unit, out);
		put_fields(h, p, unit, out);
	}
	if (unit < h->reason_count && h->reasons[unit])
		buf_put_str(out, h->reasons[unit]);
	else
		buf_put_bytes(out, past ? past->reason : (struct span){ "", 0 });
}

/* Fields of keys that no unit has any more stay in the table until they are the larger part of it. */
static bool begin_compacting(struct history *h)
{
	if (h->table.count <= 2 * h->table.compact + COMPACT_SPARE)
		return false;
	map_release(&h->table.index);
	h->table.count = 0;
	return true;
}

static void write_table(struct history *h, bool compacting, struct buf *out)
{
	buf_put_u32(out, h->table.count);
	buf_put_u32(out, compacting || !h->table.compact ? h->table.count : h->table.compact);
	for (uint32_t i = 0; i < h->table.count; i++)
		buf_add_span(out, h->table.items[i]);
}

int history_save(struct history *h, struct pipeline *p, struct err *err)
{
	struct buf out = BUF_INIT;
	const struct digest *interfaces = build_interfaces(p->build);
	buf_room(&out, h->file.len + h->file.len / 8); /* most of it is as it was */
	size_t start = record_begin(&out, HISTORY_MAGIC, HISTORY_VERSION);
	buf_put_u32(&out, p->plan.module_count);
	for (uint32_t i = 0; i < p->plan.module_count; i++) {
		buf_put_str(&out, p->plan.modules[i].id);
		buf_add(&out, interfaces[i].bytes, DIGEST_SIZE);
	}
	history_note_details(h, p);
	buf_put_u32(&out, h->now_count);
	for (uint32_t i = 0; i < h->now_count; i++) {
		buf_put_bytes(&out, h->now_details.entries[i].key);
		buf_put_bytes(&out, h->now_lines[i]);
	}
	buf_put_u32(&out, p->plan.unit_count);
	bool compacting = begin_compacting(h);
	for (uint32_t u = 0; u < p->plan.unit_count; u++)
		write_unit(h, p, u, compacting, &out);
	write_table(h, compacting, &out);
	record_seal(&out, start);
	int failed = fs_write_atomic(pipeline_state_file(p, "keys"), buf_span(&out), 0, err);
	buf_release(&out);
	return failed;
}
