/* One file on the walk: its digest, its imports (by content, from the scan cache), its place in the plan. */
#include <string.h>

#include "base/xalloc.h"
#include "plan/walk.h"
#include "sys/fs.h"
#include "sys/path.h"

enum { MAX_SOURCE = 64 * 1024 * 1024 };

static uint64_t scan_options_digest(const struct scan_options *o)
{
	struct buf b = BUF_INIT;
	buf_addf(&b, "%d.%d %s", o->python_major, o->python_minor, o->platform);
	for (const char *const *n = o->always_true; n && *n; n++)
		buf_addf(&b, " +%s", *n);
	for (const char *const *n = o->always_false; n && *n; n++)
		buf_addf(&b, " -%s", *n);
	uint64_t h = hash_xxh3(buf_span(&b));
	buf_release(&b);
	return h;
}

/* The digest was known without reading. If the file has changed since then, the imports must not be kept under it. */
static int read_again(struct plan_module *m, struct buf *content, struct err *err)
{
	if (fs_read(m->real, MAX_SOURCE, content, err))
		return -1;
	hash_sha256(buf_span(content), &m->digest);
	m->size = content->len;
	return 0;
}

/* Digest and imports of a module's file. A file that cannot be read has none: the checker will say why. */
int walk_read(struct walk *w, struct plan_module *m, struct scan_result *ret, struct err *err)
{
	const struct described *d = w->in->described;
	struct scan_options o = { d->target_major, d->target_minor, d->platform,
		                  options_always_true(d->options, m->options),
		                  options_always_false(d->options, m->options) };
	memset(ret, 0, sizeof *ret);
	if (!m->real)
		return 0;
	struct buf content = BUF_INIT;
	struct err why = ERR_INIT;
	if (statcache_digest(w->in->stats, m->real, &m->digest, &m->size, &content, &why)) {
		m->unreadable = true;
		err_release(&why);
		return 0;
	}
	uint64_t options = scan_options_digest(&o);
	int failed = 0;
	if (!scan_cache_get(w->in->scans, &m->digest, options, &w->plan->arena, ret)) {
		if (!content.len && m->size)
			failed = read_again(m, &content, err);
		if (!failed) {
			scan_imports(buf_span(&content), &o, &w->plan->arena, ret);
			scan_cache_put(w->in->scans, &m->digest, options, ret);
			m->fresh = true;
		}
	}
	buf_release(&content);
	return failed;
}

const char *walk_display_path(struct walk *w, const char *path)
{
	size_t n = strlen(w->in->cwd);
	if (strncmp(path, w->in->cwd, n) == 0 && path[n] == '/')
		return arena_strdup(&w->plan->arena, path + n + 1);
	return arena_strdup(&w->plan->arena, path);
}

int walk_add_module(struct walk *w, const char *id, const struct resolution *found, const char *display,
                      bool is_source, bool silent, uint32_t *ret, struct err *err)
{
	struct plan *p = w->plan;
	VEC_GROW(p->modules, p->module_count, p->module_cap);
	uint32_t at = p->module_count;
	struct plan_module *m = &p->modules[at];
	*m = (struct plan_module){
		.id = arena_strdup(&p->arena, id),
		.canonical = canonical_path(&p->arena, id, found, w->in->described->typeshed),
		.real = found->is_namespace ? NULL : arena_strdup(&p->arena, found->path),
		.display = display,
		.root = found->root,
		.is_source = is_source,
		.silent = silent,
		.is_stub = found->is_stub,
		.is_package = found->is_package,
		.is_namespace = found->is_namespace,
		.options = options_of(w->in->described->options, id),
	};
	if ((size_t)at >= w->scan_cap) {
		w->scan_cap = p->module_cap;
		w->scans = xrealloc(w->scans, w->scan_cap * sizeof *w->scans);
		w->edge_from = xrealloc(w->edge_from, w->scan_cap * sizeof *w->edge_from);
	}
	w->edge_from[at] = 0;
	if (walk_read(w, m, &w->scans[at], err))
		return -1;
	for (uint32_t i = 0; i < w->in->discovered_count; i++) {
		const struct plan_discovered *d = &w->in->discovered[i];
		if (strcmp(d->module, id) == 0 && (digest_is_zero(&d->source) || digest_eq(&d->source, &m->digest)))
			m->extra_deps = d->names;
	}
	const char *base = path_basename(found->path);
	m->partial_stub = strcmp(base, "__init__.pyi") == 0 && w->scans[at].module_getattr;
	map_put_str(&p->index, m->id, at, NULL);
	p->module_count++;
	*ret = at;
	return 0;
}
