/*
 * The plan as JSON (schemas/plan.schema.json). Nothing in it depends on where the work tree or the interpreter lies.
 * Written piece by piece, as a plan of 100,000 modules is 100 MB of text; the form is js_write's: sorted keys, indented
 * by two.
 */
#include "plan/plan.h"

enum { FLUSH_SIZE = 64 * 1024 };

struct document {
	const struct plan *plan;
	struct span *ids; /* per module, as JSON */
	struct buf text;  /* not yet written */
	struct arena arena;
};

/* Most strings need no escaping and are written as they are. */
static bool is_plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e || *s == '"' || *s == '\\')
			return false;
	return true;
}

static void put_string(const char *s, struct buf *out)
{
	if (is_plain(s)) {
		buf_add_char(out, '"');
		buf_add_str(out, s);
		buf_add_char(out, '"');
		return;
	}
	struct js *j = js_new_string(s);
	js_write(j, 0, out);
	js_free(j);
}

static void put_number(uint32_t n, struct buf *out)
{
	char digits[10];
	size_t at = sizeof digits;
	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	buf_add(out, digits + at, sizeof digits - at);
}

/* Modules are named much more often than there are modules. */
static void quote_ids(struct document *d)
{
	struct buf quoted = BUF_INIT;
	d->ids = ARENA_ARRAY(&d->arena, struct span, d->plan->module_count + 1);
	for (uint32_t i = 0; i < d->plan->module_count; i++) {
		buf_reset(&quoted);
		put_string(d->plan->modules[i].id, &quoted);
		d->ids[i] = arena_span(&d->arena, buf_span(&quoted));
	}
	buf_release(&quoted);
}

/* A list within a module or a unit; its items are put one by one. */
static void begin_item(bool first, struct buf *out)
{
	buf_add_str(out, first ? "\n        " : ",\n        ");
}

static void end_list(bool empty, struct buf *out)
{
	buf_add_str(out, empty ? "]" : "\n      ]");
}

static void put_imports(const struct document *d, const struct plan_module *m, struct buf *out)
{
	buf_add_str(out, ",\n      \"imports\": [");
	for (uint32_t i = 0; i < m->dep_count; i++) {
		begin_item(i == 0, out);
		buf_add_span(out, d->ids[m->deps[i]]);
	}
	end_list(m->dep_count == 0, out);
}

static void put_missing(const struct plan_module *m, struct buf *out)
{
	bool any = false;
	buf_add_str(out, ",\n      \"missing\": [");
	for (uint32_t i = 0; i < m->name_count; i++) {
		const struct name_spec *n = &m->names[i];
		if (!n->missing || n->ancestor)
			continue;
		begin_item(!any, out);
		buf_add_str(out, "{\n          \"name\": ");
		put_string(n->name, out);
		buf_addf(out, ",\n          \"quiet\": %s,\n          \"reason\": \"%s\"\n        }",
		         n->quiet ? "true" : "false", n->reason);
		any = true;
	}
	end_list(!any, out);
}

static void put_module(const struct document *d, const struct plan_module *m, struct buf *out)
{
	static const char *const roots[] = { "first-party", "package", "typeshed" };
	char hex[DIGEST_HEX_SIZE + 1];
	digest_hex(&m->digest, hex);
	buf_add_str(out, "    {\n");
	if (m->real && !m->unreadable)
		buf_addf(out, "      \"digest\": \"%s\",\n", hex);
	buf_add_str(out, "      \"id\": ");
	buf_add_span(out, d->ids[m - d->plan->modules]);
	put_imports(d, m, out);
	put_missing(m, out);
	buf_add_str(out, ",\n      \"path\": ");
	put_string(m->canonical, out);
	buf_addf(out, ",\n      \"root\": \"%s\",\n      \"silent\": %s,\n      \"source\": %s,\n      \"unit\": %u\n    }",
	         roots[m->root], m->silent ? "true" : "false", m->is_source ? "true" : "false", m->unit);
}

static void put_unit(const struct document *d, const struct plan_unit *u, struct buf *out)
{
	buf_addf(out, "    {\n      \"critical_path\": %llu,\n      \"members\": [", (unsigned long long)u->priority);
	for (uint32_t i = 0; i < u->member_count; i++) {
		begin_item(i == 0, out);
		buf_add_span(out, d->ids[u->members[i]]);
	}
	end_list(u->member_count == 0, out);
	buf_add_str(out, ",\n      \"needs\": [");
	for (uint32_t i = 0; i < u->needs->count; i++) {
		begin_item(i == 0, out);
		put_number(u->needs->to[i], out);
	}
	end_list(u->needs->count == 0, out);
	buf_addf(out, ",\n      \"weight\": %llu\n    }", (unsigned long long)u->weight);
}

static void flush(struct document *d, size_t at_least, FILE *to)
{
	if (d->text.len <= at_least)
		return;
	fwrite(d->text.data, 1, d->text.len, to);
	buf_reset(&d->text);
}

void plan_print(const struct plan *p, FILE *to)
{
	struct document d = { .plan = p };
	quote_ids(&d);
	buf_add_str(&d.text, "{\n  \"modules\": [");
	for (uint32_t i = 0; i < p->module_count; i++) {
		buf_add_str(&d.text, i == 0 ? "\n" : ",\n");
		put_module(&d, &p->modules[i], &d.text);
		flush(&d, FLUSH_SIZE, to);
	}
	buf_add_str(&d.text, p->module_count ? "\n  ],\n  \"units\": [" : "],\n  \"units\": [");
	for (uint32_t i = 0; i < p->unit_count; i++) {
		buf_add_str(&d.text, i == 0 ? "\n" : ",\n");
		put_unit(&d, &p->units[i], &d.text);
		flush(&d, FLUSH_SIZE, to);
	}
	buf_add_str(&d.text, p->unit_count ? "\n  ],\n  \"version\": 1\n}\n" : "],\n  \"version\": 1\n}\n");
	flush(&d, 0, to);
	buf_release(&d.text);
	arena_release(&d.arena);
}
