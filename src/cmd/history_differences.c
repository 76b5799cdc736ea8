/* Which field of a unit's key had changed, from what to what. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cmd/history_internal.h"

enum { DIGEST_SHOWN = 12 };

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

void history_diff_fields(struct history *h, const struct past_unit *past, const struct field *now, uint32_t now_count,
                         struct buf *out)
{
	struct span module = { "", 0 };
	struct fields before, after;
	uint32_t count;
	const struct field *fields = history_decode_fields(h, past->fields, &count);
	fields_init(&before, fields, count);
	fields_init(&after, now, now_count);
	for (uint32_t i = 0; i < now_count; i++) {
		if (span_eq_str(now[i].tag, "module"))
			module = now[i].value;
		diff_field(h, now[i], module, &before, out);
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
		const struct digest *was = below[m->unit] ? history_interface_before(h, m->id, &room) : NULL;
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
		history_note_details(h, p);
		history_diff_fields(h, &h->units[*at], now.fields, now.count, &why);
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
