#include "cmd/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/xalloc.h"
#include "model/record.h"
#include "sys/fs.h"

enum { VERSION = 4, LIMIT = 1024 * 1024 * 1024, DIGEST_SHOWN = 12, COMPACT_SPARE = 1000 };
static const char MAGIC[] = "SEPK";

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

/* The digest that the module's interface had, or NULL. */
static const struct digest *interface_before(struct history *h, const char *module, struct digest *room)
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

static struct field *decode_fields(struct history *h, struct span fields, uint32_t *ret_count)
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

struct history *history_open(struct pipeline *p)
{
	struct history *h = xcalloc(1, sizeof *h);
	struct err ignored = ERR_INIT;
	bool there;
	struct reader r;
	if (!fs_read_if_there(pipeline_state_file(p, "keys"), LIMIT, &h->file, &there, &ignored) && there &&
	    record_open(buf_span(&h->file), MAGIC, VERSION, &r)) {
		read_interfaces(h, &r);
		read_details(h, &r);
		read_units(h, &r);
		read_table(h, &r);
	}
	err_release(&ignored);
	return h;
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

/* ---- the present key's fields ---- */

struct recorder {
	struct arena *arena;
	struct field *fields;
	uint32_t count, cap;
};

static void record_field(void *ctx, const char *tag, struct span value)
{
	struct recorder *r = ctx;
	VEC_GROW(r->fields, r->count, r->cap);
	r->fields[r->count++] = (struct field){ span_of(tag), arena_span(r->arena, value) };
}

static void record_unit(struct pipeline *p, uint32_t unit, struct recorder *r)
{
	struct key_sink sink = { record_field, r };
	key_walk_unit(&p->plan, unit, p->described.options, &p->toolchain, &sink);
}

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

static void note_details(struct history *h, struct pipeline *p)
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

/* The value in the line of `name` ("name = value"), or a null span. */
static struct span detail_value(struct span lines, struct span name)
{
	while (lines.len) {
		const char *end = memchr(lines.data, '\n', lines.len);
		size_t n = end ? (size_t)(end - lines.data) : lines.len;
		if (n > name.len + 3 && memcmp(lines.data, name.data, name.len) == 0 &&
		    memcmp(lines.data + name.len, " = ", 3) == 0)
			return (struct span){ lines.data + name.len + 3, n - name.len - 3 };
		lines = (struct span){ lines.data + n + (end != NULL), lines.len - n - (end != NULL) };
	}
	return (struct span){ NULL, 0 };
}

/* ---- what changed ---- */

/* Digests are shown by their first digits. */
static void show_value(struct span v, struct buf *out)
{
	size_t n = v.len == DIGEST_HEX_SIZE && !memchr(v.data, ' ', v.len) ? DIGEST_SHOWN : v.len;
	buf_add(out, v.data, n);
}

/* A key's fields: those before the first module, then those of each module, which begin with its name. */
struct fields {
	const struct field *items;
	uint32_t count;
	struct map starts; /* module -> its first field */
};

static void fields_init(struct fields *f, const struct field *items, uint32_t count)
{
	*f = (struct fields){ items, count, MAP_INIT };
	for (uint32_t i = 0; i < count; i++)
		if (span_eq_str(items[i].tag, "module"))
			map_put(&f->starts, items[i].value, i, NULL);
}

/* The value of field `tag` of member `module`, or a null span; import lines are looked for by value. */
static struct span find_field(const struct fields *f, struct span module, struct field wanted, bool by_value)
{
	const uint32_t *at = module.len ? map_get(&f->starts, module) : NULL;
	if (module.len && !at)
		return (struct span){ NULL, 0 };
	uint32_t start = at ? *at : 0;
	for (uint32_t i = start; i < f->count && (i == start || !span_eq_str(f->items[i].tag, "module")); i++)
		if (span_eq(f->items[i].tag, wanted.tag) && (!by_value || span_eq(f->items[i].value, wanted.value)))
			return f->items[i].value;
	return (struct span){ NULL, 0 };
}

static void begin_line(struct buf *out)
{
	if (out->len)
		buf_add_str(out, "\n  ");
}

/* Line by line, where both digests are understood; false otherwise. */
static bool diff_details(const struct history *h, struct span tag, struct span module, struct span was, struct span now,
                         struct buf *out)
{
	const uint32_t *w = map_get(&h->details, was), *n = map_get(&h->now_details, now);
	if (!w || !n)
		return false;
	for (struct span rest = h->now_lines[*n]; rest.len;) {
		size_t len = strcspn(rest.data, "\n");
		const char *equals = strstr(rest.data, " = "); /* in every line: add_toolchain_line, add_option_lines */
		struct span name = { rest.data, (size_t)(equals - rest.data) };
		struct span value = { equals + 3, len - name.len - 3 }, before = detail_value(h->detail_lines[*w], name);
		rest = (struct span){ rest.data + len + 1, rest.len - len - 1 };
		if (before.data && span_eq(before, value))
			continue;
		begin_line(out);
		buf_addf(out, "%.*s%s%.*s: %.*s changed from %.*s to %.*s", (int)tag.len, tag.data, module.len ? " of " : "",
		         (int)module.len, module.data, (int)name.len, name.data, before.data ? (int)before.len : 7,
		         before.data ? before.data : "nothing", (int)value.len, value.data);
	}
	return true;
}

static bool is_repeated(struct span tag)
{
	return span_eq_str(tag, "import") || span_eq_str(tag, "discovered dependency") || span_eq_str(tag, "module");
}

static void diff_field(const struct history *h, struct field now, struct span module, const struct fields *past,
                       struct buf *out)
{
	struct span was = find_field(past, module, now, is_repeated(now.tag));
	if (was.data && span_eq(was, now.value))
		return;
	if (was.data && diff_details(h, now.tag, module, was, now.value, out))
		return;
	begin_line(out);
	buf_add_span(out, now.tag);
	if (module.len && !span_eq_str(now.tag, "module"))
		buf_addf(out, " of %.*s", (int)module.len, module.data);
	if (was.data) {
		buf_add_str(out, " changed from ");
		show_value(was, out);
		buf_add_str(out, " to ");
	} else {
		buf_add_str(out, " is new: ");
	}
	show_value(now.value, out);
}

static void diff_gone(const struct fields *past, const struct fields *now, struct buf *out)
{
	struct span module = { "", 0 };
	for (uint32_t i = 0; i < past->count; i++) {
		struct field f = past->items[i];
		if (span_eq_str(f.tag, "module"))
			module = f.value;
		if (!is_repeated(f.tag) || find_field(now, module, f, true).data)
			continue;
		begin_line(out);
		buf_add_span(out, f.tag);
		buf_addf(out, " of %.*s is gone: ", (int)module.len, module.data);
		show_value(f.value, out);
	}
}

static void diff_fields(struct history *h, const struct past_unit *past, const struct recorder *now, struct buf *out)
{
	struct span module = { "", 0 };
	struct fields before, after;
	uint32_t count;
	const struct field *fields = decode_fields(h, past->fields, &count);
	fields_init(&before, fields, count);
	fields_init(&after, now->fields, now->count);
	for (uint32_t i = 0; i < now->count; i++) {
		if (span_eq_str(now->fields[i].tag, "module"))
			module = now->fields[i].value;
		diff_field(h, now->fields[i], module, &before, out);
	}
	diff_gone(&before, &after, out);
	map_release(&before.starts);
	map_release(&after.starts);
}

/* Which interfaces below the unit are not what they were? */
static void diff_interfaces(struct history *h, struct pipeline *p, uint32_t unit, struct buf *out)
{
	const struct plan *plan = &p->plan;
	const struct digest *now = build_interfaces(p->build);
	char *below = xcalloc(plan->unit_count, 1);
	uint32_t *stack = xmalloc((plan->unit_count + 1) * sizeof *stack), len = 0;
	stack[len++] = unit;
	while (len) {
		const struct graph_edges *needs = plan->units[stack[--len]].needs;
		for (uint32_t i = 0; i < needs->count; i++)
			if (!below[needs->to[i]]) {
				below[needs->to[i]] = 1;
				stack[len++] = needs->to[i];
			}
	}
	for (uint32_t i = 0; i < plan->module_count; i++) {
		const struct plan_module *m = &plan->modules[i];
		char was_hex[DIGEST_HEX_SIZE + 1], now_hex[DIGEST_HEX_SIZE + 1];
		struct digest room;
		const struct digest *was = below[m->unit] ? interface_before(h, m->id, &room) : NULL;
		if (!below[m->unit] || (was && digest_eq(was, &now[i])))
			continue;
		begin_line(out);
		digest_hex(&now[i], now_hex);
		if (was)
			digest_hex(was, was_hex);
		buf_addf(out, "interface of %s %s%.*s%s%.*s", m->id, was ? "changed from " : "is new: ",
		         was ? DIGEST_SHOWN : 0, was ? was_hex : "", was ? " to " : "", DIGEST_SHOWN, now_hex);
	}
	free(stack);
	free(below);
}

void history_started(struct history *h, struct pipeline *p, uint32_t unit)
{
	struct recorder now = { &h->arena, NULL, 0, 0 };
	struct buf why = BUF_INIT;
	const char *name = p->plan.modules[p->plan.units[unit].members[0]].id;
	const uint32_t *at = map_get_str(&h->by_module, name);
	if (h->reason_count != p->plan.unit_count) {
		h->reasons = xrealloc(h->reasons, p->plan.unit_count * sizeof *h->reasons);
		memset(h->reasons, 0, p->plan.unit_count * sizeof *h->reasons);
		h->reason_count = p->plan.unit_count;
	}
	if (!at) {
		buf_add_str(&why, "it was not in the last run, and the store has no result for its key");
	} else {
		record_unit(p, unit, &now);
		note_details(h, p);
		diff_fields(h, &h->units[*at], &now, &why);
		if (!why.len && !digest_eq(&h->units[*at].closure, &build_unit(p->build, unit)->closure))
			diff_interfaces(h, p, unit, &why);
		if (!why.len)
			buf_add_str(&why, p->settings->no_store_read ? "nothing changed, but --no-store-read was given"
			                                             : "nothing changed, but the store has no result for its key");
	}
	h->reasons[unit] = arena_strdup(&h->arena, why.data);
	buf_release(&why);
	free(now.fields);
}

const char *history_reason(const struct history *h, uint32_t unit)
{
	return unit < h->reason_count && h->reasons[unit] ? h->reasons[unit] : "";
}

/* ---- writing ---- */

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
	size_t start = record_begin(&out, MAGIC, VERSION);
	buf_put_u32(&out, p->plan.module_count);
	for (uint32_t i = 0; i < p->plan.module_count; i++) {
		buf_put_str(&out, p->plan.modules[i].id);
		buf_add(&out, interfaces[i].bytes, DIGEST_SIZE);
	}
	note_details(h, p);
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
	const struct field *fields = decode_fields(h, u->fields, &count);
	for (uint32_t i = 0; i < count; i++)
		buf_addf(out, "  %.*s: %.*s\n", (int)fields[i].tag.len, fields[i].tag.data, (int)fields[i].value.len,
		         fields[i].value.data);
	digest_hex(&u->closure, hex);
	buf_addf(out, "  closure: %s\n", hex);
	if (u->reason.len)
		buf_addf(out, "last checked because:\n  %.*s\n", (int)u->reason.len, u->reason.data);
	return true;
}
