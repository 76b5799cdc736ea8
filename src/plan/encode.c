/* The plan as JSON (schemas/plan.schema.json). Nothing in it depends on where the work tree or the interpreter lies. */
#include "plan/plan.h"

static struct js *encode_missing(const struct name_spec *n)
{
	struct js *j = js_new_object();
	js_set_string(j, "name", n->name);
	js_set_string(j, "reason", n->reason);
	js_set_bool(j, "quiet", n->quiet);
	return j;
}

static struct js *encode_module(const struct plan *p, const struct plan_module *m)
{
	static const char *const roots[] = { "first-party", "package", "typeshed" };
	struct js *j = js_new_object(), *imports = js_new_array(), *missing = js_new_array();
	char hex[DIGEST_HEX_SIZE + 1];
	digest_hex(&m->digest, hex);
	js_set_string(j, "id", m->id);
	js_set_string(j, "path", m->canonical);
	js_set_string(j, "root", roots[m->root]);
	js_set_int(j, "unit", m->unit);
	js_set_bool(j, "source", m->is_source);
	js_set_bool(j, "silent", m->silent);
	if (m->real && !m->unreadable)
		js_set_string(j, "digest", hex);
	for (uint32_t i = 0; i < m->dep_count; i++)
		js_append(imports, js_new_string(p->modules[m->deps[i]].id));
	for (uint32_t i = 0; i < m->name_count; i++)
		if (m->names[i].missing && !m->names[i].ancestor)
			js_append(missing, encode_missing(&m->names[i]));
	js_set(j, "imports", imports);
	js_set(j, "missing", missing);
	return j;
}

static struct js *encode_unit(const struct plan *p, const struct plan_unit *u)
{
	struct js *j = js_new_object(), *members = js_new_array(), *needs = js_new_array();
	for (uint32_t i = 0; i < u->member_count; i++)
		js_append(members, js_new_string(p->modules[u->members[i]].id));
	for (uint32_t i = 0; i < u->needs->count; i++)
		js_append(needs, js_new_int(u->needs->to[i]));
	js_set(j, "members", members);
	js_set(j, "needs", needs);
	js_set_int(j, "weight", (int64_t)u->weight);
	js_set_int(j, "critical_path", (int64_t)u->priority);
	return j;
}

struct js *plan_encode(const struct plan *p)
{
	struct js *j = js_new_object(), *modules = js_new_array(), *units = js_new_array();
	js_set_int(j, "version", 1);
	for (uint32_t i = 0; i < p->module_count; i++)
		js_append(modules, encode_module(p, &p->modules[i]));
	for (uint32_t i = 0; i < p->unit_count; i++)
		js_append(units, encode_unit(p, &p->units[i]));
	js_set(j, "modules", modules);
	js_set(j, "units", units);
	return j;
}
