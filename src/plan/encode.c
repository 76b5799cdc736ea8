/*
 * The plan as JSON (schemas/plan.schema.json). Nothing in it depends on where the work tree or the interpreter lies.
 * Written piece by piece, as a plan of 100,000 modules is 100 MB of text; the form is js_write's: sorted keys, indented
 * by two.
 */
#include "plan/plan.h"

/* Most strings need no escaping and are written as they are. */
static bool is_plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e || *s == '"' || *s == '\\')
			return false;
	return true;
}

static void put_string(const char *s, FILE *to)
{
	if (is_plain(s)) {
		putc_unlocked('"', to);
		fputs(s, to);
		putc_unlocked('"', to);
		return;
	}
	struct js *j = js_new_string(s);
	struct buf text = BUF_INIT;
	js_write(j, 0, &text);
	fputs(text.data, to);
	buf_release(&text);
	js_free(j);
}

/* A list within a module or a unit; its items are put one by one. */
static void begin_item(bool first, FILE *to)
{
	fputs(first ? "\n        " : ",\n        ", to);
}

static void end_list(bool empty, FILE *to)
{
	fputs(empty ? "]" : "\n      ]", to);
}

static void put_imports(const struct plan *p, const struct plan_module *m, FILE *to)
{
	fputs(",\n      \"imports\": [", to);
	for (uint32_t i = 0; i < m->dep_count; i++) {
		begin_item(i == 0, to);
		put_string(p->modules[m->deps[i]].id, to);
	}
	end_list(m->dep_count == 0, to);
}

static void put_missing(const struct plan_module *m, FILE *to)
{
	bool any = false;
	fputs(",\n      \"missing\": [", to);
	for (uint32_t i = 0; i < m->name_count; i++) {
		const struct name_spec *n = &m->names[i];
		if (!n->missing || n->ancestor)
			continue;
		begin_item(!any, to);
		fputs("{\n          \"name\": ", to);
		put_string(n->name, to);
		fprintf(to, ",\n          \"quiet\": %s,\n          \"reason\": \"%s\"\n        }", n->quiet ? "true" : "false",
		        n->reason);
		any = true;
	}
	end_list(!any, to);
}

static void put_module(const struct plan *p, const struct plan_module *m, FILE *to)
{
	static const char *const roots[] = { "first-party", "package", "typeshed" };
	char hex[DIGEST_HEX_SIZE + 1];
	digest_hex(&m->digest, hex);
	fputs("    {\n", to);
	if (m->real && !m->unreadable)
		fprintf(to, "      \"digest\": \"%s\",\n", hex);
	fputs("      \"id\": ", to);
	put_string(m->id, to);
	put_imports(p, m, to);
	put_missing(m, to);
	fputs(",\n      \"path\": ", to);
	put_string(m->canonical, to);
	fprintf(to, ",\n      \"root\": \"%s\",\n      \"silent\": %s,\n      \"source\": %s,\n      \"unit\": %u\n    }",
	        roots[m->root], m->silent ? "true" : "false", m->is_source ? "true" : "false", m->unit);
}

static void put_unit(const struct plan *p, const struct plan_unit *u, FILE *to)
{
	fprintf(to, "    {\n      \"critical_path\": %llu,\n      \"members\": [", (unsigned long long)u->priority);
	for (uint32_t i = 0; i < u->member_count; i++) {
		begin_item(i == 0, to);
		put_string(p->modules[u->members[i]].id, to);
	}
	end_list(u->member_count == 0, to);
	fputs(",\n      \"needs\": [", to);
	for (uint32_t i = 0; i < u->needs->count; i++) {
		begin_item(i == 0, to);
		fprintf(to, "%u", u->needs->to[i]);
	}
	end_list(u->needs->count == 0, to);
	fprintf(to, ",\n      \"weight\": %llu\n    }", (unsigned long long)u->weight);
}

void plan_print(const struct plan *p, FILE *to)
{
	fputs("{\n  \"modules\": [", to);
	for (uint32_t i = 0; i < p->module_count; i++) {
		fputs(i == 0 ? "\n" : ",\n", to);
		put_module(p, &p->modules[i], to);
	}
	fputs(p->module_count ? "\n  ],\n  \"units\": [" : "],\n  \"units\": [", to);
	for (uint32_t i = 0; i < p->unit_count; i++) {
		fputs(i == 0 ? "\n" : ",\n", to);
		put_unit(p, &p->units[i], to);
	}
	fputs(p->unit_count ? "\n  ],\n  \"version\": 1\n}\n" : "],\n  \"version\": 1\n}\n", to);
}
