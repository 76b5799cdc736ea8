/* From the description to the plan, and what earlier runs discovered about dependencies. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cmd/pipeline_internal.h"
#include "sys/fs.h"
#include "sys/path.h"

enum { STATE_LIMIT = 256 * 1024 * 1024 };

static bool follow_untyped(void *ctx, const char *module)
{
	struct options *o = ctx;
	return options_import(o, options_of(o, module)).follow_untyped;
}

static int open_resolver(struct pipeline *p, struct err *err)
{
	const struct described *d = &p->described;
	struct resolver_config *c = ARENA_NEW(&p->arena, struct resolver_config);
	*c = (struct resolver_config){
		.python_path = d->python_path,
		.mypy_path = d->mypy_path,
		.package_path = d->package_path,
		.typeshed_path = d->typeshed_path,
		.typeshed = d->typeshed,
		.cwd = p->cwd,
		.python_major = d->target_major,
		.python_minor = d->target_minor,
		.namespace_packages = d->namespace_packages,
		.stub_distributions = d->stub_distributions,
		.stub_distribution_count = d->stub_distribution_count,
		.follow_untyped_imports = follow_untyped,
		.ctx = d->options,
	};
	return resolver_new(c, &p->resolver, err);
}

/*
 * Dependencies discovered by earlier runs. Losing the file costs a second plan. The first line names the toolchain, as
 * another plugin may know of others:
 *   discovered := toolchain:hex "\n" (module " " source:hex (" " name)+ "\n")*
 */
static void load_discovered(struct pipeline *p)
{
	struct buf file = BUF_INIT;
	struct err ignored = ERR_INIT;
	bool there;
	if (!fs_read_if_there(pipeline_state_file(p, "discovered"), STATE_LIMIT, &file, &there, &ignored) && there) {
		char *save_line, *text = arena_strndup(&p->arena, file.data, file.len);
		char *line = strtok_r(text, "\n", &save_line);
		struct digest toolchain;
		bool same = line && digest_from_hex(&toolchain, span_of(line)) && digest_eq(&toolchain, &p->toolchain);
		while (same && (line = strtok_r(NULL, "\n", &save_line))) {
			struct digest source;
			char *save_word, *module = strtok_r(line, " ", &save_word), *hex = strtok_r(NULL, " ", &save_word);
			if (!module || !hex || !digest_from_hex(&source, span_of(hex)))
				continue;
			const char **names = ARENA_ARRAY(&p->arena, const char *, strlen(save_word) / 2 + 2);
			uint32_t n = 0;
			for (char *word = strtok_r(NULL, " ", &save_word); word; word = strtok_r(NULL, " ", &save_word))
				names[n++] = word;
			if (!n)
				continue;
			p->discovered = xrealloc(p->discovered, (p->discovered_count + 1) * sizeof *p->discovered);
			p->discovered[p->discovered_count++] = (struct plan_discovered){ module, names, source };
		}
	}
	err_release(&ignored);
	buf_release(&file);
}

int pipeline_save_discovered(struct pipeline *p, struct err *err)
{
	struct buf out = BUF_INIT;
	char hex[DIGEST_HEX_SIZE + 1];
	digest_hex(&p->toolchain, hex);
	buf_addf(&out, "%s\n", hex);
	for (uint32_t i = 0; i < p->discovered_count; i++) {
		digest_hex(&p->discovered[i].source, hex);
		buf_addf(&out, "%s %s", p->discovered[i].module, hex);
		for (const char **n = p->discovered[i].names; *n; n++)
			buf_addf(&out, " %s", *n);
		buf_add_char(&out, '\n');
	}
	int failed = fs_write_atomic(pipeline_state_file(p, "discovered"), buf_span(&out), 0, err);
	buf_release(&out);
	return failed;
}

int pipeline_replan(struct pipeline *p, struct err *err)
{
	struct plan_inputs in = {
		&p->described, p->cwd, p->resolver, p->stats, p->scans, p->discovered, p->discovered_count
	};
	if (p->planned)
		plan_release(&p->plan);
	p->planned = false;
	if (plan_make(&in, &p->plan, err))
		return -1;
	p->planned = true;
	p->plans_made++;
	return 0;
}

int pipeline_plan(struct pipeline *p, struct err *err)
{
	if (open_resolver(p, err) ||
	    statcache_open(path_join(&p->arena, p->state_dir, "stat"), p->began_ns, &p->stats, err) ||
	    gitindex_open(p->cwd, &p->git, err))
		return -1;
	if (p->git)
		statcache_use_git(p->stats, p->git);
	p->scans = scan_cache_open(path_join(&p->arena, p->state_dir, "scan"));
	load_discovered(p);
	return pipeline_replan(p, err);
}
