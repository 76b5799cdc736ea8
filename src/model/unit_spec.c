/* A unit as the worker protocol's `run` request has it. */
#include "model/unit_spec.h"

static struct js *encode_digest(const struct digest *d)
{
	char hex[DIGEST_HEX_SIZE + 1];
	digest_hex(d, hex);
	return digest_is_zero(d) ? js_new_null() : js_new_string(hex);
}

struct js *member_spec_encode(const struct member_spec *m)
{
	struct js *j = js_new_object();
	js_set_string(j, "id", m->id);
	js_set_string(j, "path", m->canonical);
	js_set(j, "source", m->source ? js_new_string(m->source) : js_new_null());
	js_set(j, "digest", encode_digest(&m->digest));
	js_set_bool(j, "silent", m->silent);
	js_set_int(j, "options", m->options);
	struct js *extra = js_new_array();
	for (const char **e = m->extra_deps; e && *e; e++)
		js_append(extra, js_new_string(*e));
	js_set(j, "extra_deps", extra);
	return j;
}

static struct js *encode_missing(const struct name_spec *n)
{
	struct js *j = js_new_object();
	js_set_string(j, "reason", n->reason);
	js_set_bool(j, "quiet", n->quiet);
	js_set_bool(j, "ancestor", n->ancestor);
	return j;
}

/* Reports that stand if the interface step agrees: by member what it had to say, and what it used in the unit. */
static struct js *encode_kept(const struct unit_spec *unit)
{
	struct js *j = js_new_object(), *interfaces = js_new_object(), *members = js_new_object();
	for (uint32_t i = 0; i < unit->member_count; i++) {
		const struct kept_report *k = &unit->kept[i];
		struct buf hex = BUF_INIT;
		hex_encode(&hex, k->checker_hash, SHA1_SIZE);
		js_set_string(interfaces, unit->members[i].id, hex.data);
		buf_release(&hex);
		if (!k->offered)
			continue;
		struct js *member = js_new_object(), *uses = js_new_array();
		for (const char **use = k->uses; *use; use++)
			js_append(uses, js_new_string(*use));
		js_set(member, "said", encode_digest(&k->said));
		js_set(member, "uses", uses);
		js_set(members, unit->members[i].id, member);
	}
	js_set(j, "interfaces", interfaces);
	js_set(j, "members", members);
	return j;
}

struct js *unit_spec_encode(const struct unit_spec *unit)
{
	struct js *j = js_new_object(), *members = js_new_array(), *modules = js_new_object(), *missing = js_new_object();
	struct js *elsewhere = js_new_array();
	js_set_int(j, "unit", unit->unit);
	for (uint32_t i = 0; i < unit->member_count; i++)
		js_append(members, member_spec_encode(&unit->members[i]));
	for (uint32_t i = 0; i < unit->name_count; i++) {
		const struct name_spec *n = &unit->names[i];
		/* Names are sorted; of a parent package that is also imported the import comes first and counts. */
		if (n->missing && !js_get(missing, n->name))
			js_set(missing, n->name, encode_missing(n));
		if (n->canonical)
			js_set(modules, n->name, js_new_string(n->canonical));
		if (n->elsewhere)
			js_append(elsewhere, js_new_string(n->name));
	}
	js_set(j, "members", members);
	js_set(j, "modules", modules);
	js_set(j, "missing", missing);
	if (js_len(elsewhere))
		js_set(j, "elsewhere", elsewhere);
	else
		js_free(elsewhere);
	if (unit->kept)
		js_set(j, "kept", encode_kept(unit));
	return j;
}
