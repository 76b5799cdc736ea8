#include "plan/key.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static void field(const struct key_sink *s, const char *tag, const char *value)
{
	s->field(s->ctx, tag, span_of(value));
}

static void field_digest(const struct key_sink *s, const char *tag, const struct digest *d)
{
	char hex[DIGEST_HEX_SIZE + 1];
	digest_hex(d, hex);
	field(s, tag, hex);
}

static void hash_field(void *ctx, const char *tag, struct span value)
{
	hasher_field(ctx, tag, value);
}

static struct key_sink hashing(struct hasher *h)
{
	return (struct key_sink){ hash_field, h };
}

void key_walk_toolchain(const struct described *d, const struct digest *worker_program,
                        const struct digest *versions_file, const struct key_sink *s)
{
	struct buf b = BUF_INIT;
	buf_addf(&b, "%d", KEY_FORMAT_VERSION);
	field(s, "key format", b.data);
	field(s, "checker", d->checker);
	field(s, "checker version", d->version);
	for (uint32_t i = 0; i < d->part_count; i++) {
		buf_reset(&b);
		buf_addf(&b, "%s %s %s", d->parts[i].name, d->parts[i].version, d->parts[i].digest);
		field(s, "distribution", b.data);
	}
	buf_reset(&b);
	buf_addf(&b, "%s %s", d->implementation, d->python_version);
	field(s, "interpreter", b.data);
	field(s, "machine", d->machine);
	buf_reset(&b);
	buf_addf(&b, "%d.%d", d->target_major, d->target_minor);
	field(s, "target version", b.data);
	field(s, "target platform", d->platform);
	field_digest(s, "typeshed VERSIONS", versions_file);
	field_digest(s, "worker program", worker_program);
	/* Plugins and a few corners of mypy look at the options that hold for no module in particular. */
	struct digest global;
	buf_reset(&b);
	if (d->global_options)
		js_write(d->global_options, 0, &b);
	hash_sha256(buf_span(&b), &global);
	field_digest(s, "global options", &global);
	if (d->plugin_config)
		field(s, "plugin configuration", d->plugin_config);
	buf_release(&b);
}

void key_toolchain(const struct described *d, const struct digest *worker_program, const struct digest *versions_file,
                   struct digest *ret)
{
	struct hasher *h = hasher_new();
	struct key_sink s = hashing(h);
	key_walk_toolchain(d, worker_program, versions_file, &s);
	hasher_finish(h, ret);
}

static int by_name(const void *a, const void *b)
{
	const struct name_spec *x = *(const struct name_spec *const *)a, *y = *(const struct name_spec *const *)b;
	int c = strcmp(x->name, y->name);
	return c ? c : (int)x->ancestor - (int)y->ancestor;
}

/* One line per name: what it leads to, or why it leads nowhere. */
static void describe_name(const struct name_spec *n, struct buf *b)
{
	buf_add_str(b, n->name);
	buf_add_str(b, n->ancestor ? " (parent) -> " : " -> ");
	buf_add_str(b, n->canonical ? n->canonical : "nothing");
	if (n->missing)
		buf_addf(b, " (%s%s)", n->reason, n->quiet ? ", quiet" : "");
	if (n->elsewhere)
		buf_add_str(b, " (missing elsewhere)");
}

static void walk_resolution(const struct plan_module *m, const struct key_sink *s)
{
	const struct name_spec **sorted = xmalloc((m->name_count + 1) * sizeof *sorted);
	for (uint32_t i = 0; i < m->name_count; i++)
		sorted[i] = &m->names[i];
	qsort(sorted, m->name_count, sizeof *sorted, by_name);
	struct buf line = BUF_INIT;
	for (uint32_t i = 0; i < m->name_count; i++) {
		if (i > 0 && by_name(&sorted[i - 1], &sorted[i]) == 0)
			continue;
		buf_reset(&line);
		describe_name(sorted[i], &line);
		s->field(s->ctx, "import", buf_span(&line));
	}
	buf_release(&line);
	free(sorted);
}

static void walk_member(const struct plan_module *m, const struct options *options, const struct key_sink *s)
{
	field(s, "module", m->id);
	field(s, "path", m->canonical);
	field(s, "silent", m->silent ? "yes" : "no");
	field_digest(s, "options", options_digest(options, m->options));
	field_digest(s, "source", &m->digest);
	walk_resolution(m, s);
	for (const char **extra = m->extra_deps; extra && *extra; extra++)
		field(s, "discovered dependency", *extra);
}

void key_walk_unit(const struct plan *p, uint32_t unit, const struct options *options, const struct digest *toolchain,
                   const struct key_sink *s)
{
	field_digest(s, "toolchain", toolchain);
	const struct plan_unit *u = &p->units[unit];
	for (uint32_t i = 0; i < u->member_count; i++)
		walk_member(&p->modules[u->members[i]], options, s);
}

void key_manifest(const struct plan *p, uint32_t unit, const struct options *options, const struct digest *toolchain,
                  struct digest *ret)
{
	struct hasher *h = hasher_new();
	struct key_sink s = hashing(h);
	key_walk_unit(p, unit, options, toolchain, &s);
	hasher_finish(h, ret);
}

void key_bodies(const struct plan *p, uint32_t unit, const struct digest *toolchain, struct digest *ret)
{
	struct hasher *h = hasher_new();
	const struct plan_unit *u = &p->units[unit];
	hasher_field_str(h, "sepal", "bodies 1");
	hasher_field_digest(h, "toolchain", toolchain);
	for (uint32_t i = 0; i < u->member_count; i++) {
		const struct plan_module *m = &p->modules[u->members[i]];
		hasher_field_str(h, "module", m->id);
		hasher_field_str(h, "path", m->canonical);
		for (uint32_t d = 0; d < m->dep_count; d++)
			if (p->modules[m->deps[d]].unit == unit)
				hasher_field_str(h, "depends on", p->modules[m->deps[d]].id);
	}
	hasher_finish(h, ret);
}

void key_member(const struct plan *p, uint32_t module, const struct options *options, struct digest *ret)
{
	struct hasher *h = hasher_new();
	struct key_sink s = hashing(h);
	walk_member(&p->modules[module], options, &s);
	hasher_finish(h, ret);
}

void key_strict(const struct digest *manifest_key, const struct digest *closure, struct digest *ret)
{
	struct hasher *h = hasher_new();
	hasher_field_digest(h, "manifest key", manifest_key);
	hasher_field_digest(h, "closure", closure);
	hasher_finish(h, ret);
}

struct named {
	const char *name;
	uint32_t number; /* of a unit or a module */
};

static int by_given_name(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

void key_closure(const struct plan *p, uint32_t unit, const struct digest *merkle, struct digest *ret)
{
	const struct graph_edges *needs = p->units[unit].needs;
	struct named *sorted = xmalloc((needs->count + 1) * sizeof *sorted);
	for (uint32_t i = 0; i < needs->count; i++)
		sorted[i] = (struct named){ p->units[needs->to[i]].name, needs->to[i] };
	qsort(sorted, needs->count, sizeof *sorted, by_given_name);
	struct hasher *h = hasher_new();
	for (uint32_t i = 0; i < needs->count; i++)
		hasher_field_digest(h, sorted[i].name, &merkle[sorted[i].number]);
	hasher_finish(h, ret);
	free(sorted);
}

void key_merkle(const struct plan *p, uint32_t unit, const struct digest *interfaces, const struct digest *closure,
                struct digest *ret)
{
	const struct plan_unit *u = &p->units[unit];
	struct named *sorted = xmalloc((u->member_count + 1) * sizeof *sorted);
	for (uint32_t i = 0; i < u->member_count; i++)
		sorted[i] = (struct named){ p->modules[u->members[i]].id, u->members[i] };
	qsort(sorted, u->member_count, sizeof *sorted, by_given_name);
	struct hasher *h = hasher_new();
	for (uint32_t i = 0; i < u->member_count; i++)
		hasher_field_digest(h, sorted[i].name, &interfaces[sorted[i].number]);
	hasher_field_digest(h, "closure", closure);
	hasher_finish(h, ret);
	free(sorted);
}
