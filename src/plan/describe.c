/* Decoding only: every member is asked for by name and type, what must be there is checked, the rest has defaults. */
#include "plan/describe.h"

#include <string.h>

static const char *copy(struct arena *a, const char *s)
{
	return s ? arena_strdup(a, s) : NULL;
}

static const char **strings(const struct js *list, struct arena *a)
{
	size_t n = js_len(list), kept = 0;
	const char **out = ARENA_ARRAY(a, const char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		const char *s = js_string(js_at(list, i), NULL);
		if (s)
			out[kept++] = arena_strdup(a, s);
	}
	return out;
}

static int missing(struct err *err, const char *what)
{
	return err_set(err, ERR_PROTOCOL,
	               "the checker's worker gave an answer to `describe` without a usable `%s`; the worker and sepal do "
	               "not belong together: reinstall sepal", what);
}

static int decode_identity(const struct js *answer, struct arena *a, struct described *d, struct err *err)
{
	const struct js *checker = js_get(answer, "checker"), *python = js_get(answer, "python");
	const struct js *target = js_get(answer, "target"), *format = js_get(checker, "format");
	const struct js *version = js_get(target, "python_version");
	d->checker = copy(a, js_get_string(checker, "name", NULL));
	d->version = copy(a, js_get_string(checker, "version", NULL));
	d->format.first = (uint8_t)js_int(js_at(format, 0), 0);
	d->format.second = (uint8_t)js_int(js_at(format, 1), 0);
	d->python = copy(a, js_get_string(python, "executable", NULL));
	d->python_version = copy(a, js_get_string(python, "version", NULL));
	d->implementation = copy(a, js_get_string(python, "implementation", ""));
	d->machine = copy(a, js_get_string(python, "machine", ""));
	d->target_major = (int)js_int(js_at(version, 0), 0);
	d->target_minor = (int)js_int(js_at(version, 1), 0);
	d->platform = copy(a, js_get_string(target, "platform", NULL));
	if (!d->checker || !d->version)
		return missing(err, "checker");
	if (!d->python || !d->python_version)
		return missing(err, "python");
	if (!d->platform || d->target_major < 3)
		return missing(err, "target");
	return 0;
}

static int decode_parts(const struct js *list, struct arena *a, struct described *d, struct err *err)
{
	size_t n = js_len(list);
	d->parts = ARENA_ARRAY(a, struct described_part, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct js *part = js_at(list, i);
		struct described_part p = { copy(a, js_string(js_at(part, 0), NULL)), copy(a, js_string(js_at(part, 1), NULL)),
			                    copy(a, js_string(js_at(part, 2), NULL)) };
		if (!p.name || !p.version || !p.digest)
			return missing(err, "toolchain");
		d->parts[d->part_count++] = p;
	}
	return d->part_count ? 0 : missing(err, "toolchain");
}

static int decode_sources(const struct js *list, struct arena *a, struct described *d, struct err *err)
{
	size_t n = js_len(list);
	d->sources = ARENA_ARRAY(a, struct described_source, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct js *s = js_at(list, i);
		struct described_source source = { copy(a, js_get_string(s, "path", NULL)),
			                           copy(a, js_get_string(s, "module", NULL)),
			                           js_get_bool(s, "followed", false) };
		if (!source.module)
			return missing(err, "sources");
		d->sources[d->source_count++] = source;
	}
	return 0;
}

static void decode_stub_table(const struct js *table, bool is_namespace, struct arena *a, struct described *d)
{
	void *it = NULL;
	const char *name;
	const struct js *dist;
	while (js_next(table, &it, &name, &dist))
		if (js_is_string(dist))
			d->stub_distributions[d->stub_distribution_count++] = (struct stub_distribution){
				arena_strdup(a, name), arena_strdup(a, js_string(dist, "")), is_namespace
			};
}

static void decode_display(const struct js *j, struct arena *a, struct display *d)
{
	d->pretty = js_get_bool(j, "pretty", false);
	d->color_output = js_get_bool(j, "color_output", true);
	d->show_column_numbers = js_get_bool(j, "show_column_numbers", false);
	d->show_error_end = js_get_bool(j, "show_error_end", false);
	d->hide_error_codes = js_get_bool(j, "hide_error_codes", false);
	d->show_absolute_path = js_get_bool(j, "show_absolute_path", false);
	d->error_summary = js_get_bool(j, "error_summary", true);
	d->output_json = strcmp(js_get_string(j, "output", ""), "json") == 0;
	d->warn_unused_configs = js_get_bool(j, "warn_unused_configs", false);
	d->config_file = copy(a, js_get_string(j, "config_file", NULL));
}

static void decode_plugins(const struct js *answer, struct arena *a, struct described *d)
{
	const struct js *list = js_get(answer, "plugins"), *config = js_get(answer, "plugin_config");
	size_t n = js_len(list), kept = 0;
	d->plugins = list;
	d->plugin_files = ARENA_ARRAY(a, const char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		const char *path = js_get_string(js_at(list, i), "path", NULL);
		if (path)
			d->plugin_files[kept++] = arena_strdup(a, path);
	}
	d->plugin_config_js = config;
	d->plugin_config = copy(a, js_get_string(config, "text", NULL));
	d->plugin_config_toml = strcmp(js_get_string(config, "format", "ini"), "toml") == 0;
}

static void decode_depends(const struct js *j, struct arena *a, struct described *d)
{
	d->depend_files = strings(js_get(j, "files"), a);
	d->depend_absent = strings(js_get(j, "absent"), a);
	d->depend_dirs = strings(js_get(j, "dirs"), a);
	const struct js *env = js_get(j, "env");
	d->depend_env = ARENA_ARRAY(a, struct described_env, js_len(env) + 1);
	void *it = NULL;
	const char *name;
	const struct js *value;
	while (js_next(env, &it, &name, &value))
		d->depend_env[d->depend_env_count++] =
			(struct described_env){ arena_strdup(a, name), copy(a, js_string(value, NULL)) };
}

static void decode_refused(const struct js *list, struct arena *a, struct described *d)
{
	size_t n = js_len(list);
	d->refused = ARENA_ARRAY(a, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		d->refused[i] = arena_strdup(a, js_string(js_at(js_at(list, i), 1), "an option of mypy is refused"));
}

int described_decode(const struct js *answer, struct arena *a, struct described *ret, struct err *err)
{
	struct described d = { 0 };
	const struct js *search = js_get(answer, "search"), *options = js_get(answer, "options");
	const struct js *stubs = js_get(answer, "stub_distributions");
	if (decode_identity(answer, a, &d, err) || decode_parts(js_get(answer, "toolchain"), a, &d, err) ||
	    decode_sources(js_get(answer, "sources"), a, &d, err))
		return -1;
	d.python_path = strings(js_get(search, "python_path"), a);
	d.mypy_path = strings(js_get(search, "mypy_path"), a);
	d.package_path = strings(js_get(search, "package_path"), a);
	d.typeshed_path = strings(js_get(search, "typeshed_path"), a);
	d.typeshed = copy(a, js_get_string(answer, "typeshed", NULL));
	if (!d.typeshed)
		return missing(err, "typeshed");
	d.stub_distributions = ARENA_ARRAY(
		a, struct stub_distribution, js_len(js_get(stubs, "flat")) + js_len(js_get(stubs, "namespace")) + 1);
	decode_stub_table(js_get(stubs, "flat"), false, a, &d);
	decode_stub_table(js_get(stubs, "namespace"), true, a, &d);
	d.global_options = js_get(options, "global");
	d.namespace_packages = js_get_bool(d.global_options, "namespace_packages", true);
	d.silence_site_packages = !js_get_bool(d.global_options, "no_silence_site_packages", false);
	decode_display(js_get(answer, "display"), a, &d.display);
	decode_plugins(answer, a, &d);
	decode_depends(js_get(answer, "depends"), a, &d);
	decode_refused(js_get(options, "refused"), a, &d);
	if (options_new(options, &d.options, err))
		return -1;
	*ret = d;
	return 0;
}

void described_release(struct described *d)
{
	options_free(d->options);
	d->options = NULL;
}
