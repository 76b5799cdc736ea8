/*
 * The resolver as a filter, for tests that hold it against mypy's: one JSON object on stdin says where to look and what
 * to ask, one on stdout says what was found.
 *
 *     in:  {"python_path": [...], "mypy_path": [...], "package_path": [...], "typeshed_path": [...], "typeshed": dir,
 *           "cwd": dir, "python_version": [3, 12], "namespace_packages": true, "follow_untyped": [ids],
 *           "stub_distributions": {"flat": {...}, "namespace": {...}}, "names": [id | "~" id]}
 *     out: {"answers": [[status, path or null, canonical path or null, root], ...],
 *           "directories": [...], "files": [...]}
 *
 * "~" asks the simple question (resolver_find_simple). Any failure: a sentence on stderr, exit 1.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "source/resolve.h"

static const char *const STATUS[] = { "found", "not-found", "untyped", "wrong-directory", "stubs-not-installed" };

static const char *const *strings(struct arena *a, const struct js *array)
{
	const char **list = ARENA_ARRAY(a, const char *, js_len(array) + 1);
	for (size_t i = 0; i < js_len(array); i++)
		list[i] = js_string(js_at(array, i), "");
	return list;
}

static bool follows_untyped(void *ctx, const char *module)
{
	for (const char *const *id = ctx; *id; id++) {
		if (strcmp(*id, module) == 0)
			return true;
	}
	return false;
}

static uint32_t add_stubs(struct stub_distribution *to, uint32_t count, const struct js *table, bool is_namespace)
{
	const char *name;
	const struct js *value;
	for (void *it = NULL; js_next(table, &it, &name, &value); count++)
		to[count] = (struct stub_distribution){ name, js_string(value, ""), is_namespace };
	return count;
}

static void configure(const struct js *in, struct arena *a, struct resolver_config *config)
{
	const struct js *stubs = js_get(in, "stub_distributions");
	const struct js *flat = js_get(stubs, "flat"), *namespace = js_get(stubs, "namespace");
	struct stub_distribution *list = ARENA_ARRAY(a, struct stub_distribution, js_len(flat) + js_len(namespace) + 1);
	const struct js *version = js_get(in, "python_version");
	*config = (struct resolver_config){
		.python_path = strings(a, js_get(in, "python_path")),
		.mypy_path = strings(a, js_get(in, "mypy_path")),
		.package_path = strings(a, js_get(in, "package_path")),
		.typeshed_path = strings(a, js_get(in, "typeshed_path")),
		.typeshed = js_get_string(in, "typeshed", ""),
		.cwd = js_get_string(in, "cwd", "/"),
		.python_major = (int)js_int(js_at(version, 0), 3),
		.python_minor = (int)js_int(js_at(version, 1), 12),
		.namespace_packages = js_get_bool(in, "namespace_packages", true),
		.stub_distributions = list,
		.stub_distribution_count = add_stubs(list, add_stubs(list, 0, flat, false), namespace, true),
		.follow_untyped_imports = follows_untyped,
		.ctx = (void *)strings(a, js_get(in, "follow_untyped")),
	};
}

static struct js *string_or_null(const char *s)
{
	return s ? js_new_string(s) : js_new_null();
}

static struct js *answer(struct resolver *r, const char *name, const char *typeshed, struct arena *a)
{
	bool simple = *name == '~';
	const char *id = name + simple;
	const struct resolution *found = simple ? resolver_find_simple(r, id) : resolver_find(r, id);
	struct js *item = js_new_array();
	js_append(item, js_new_string(STATUS[found->status]));
	js_append(item, string_or_null(found->path));
	js_append(item, string_or_null(found->path ? canonical_path(a, id, found, typeshed) : NULL));
	js_append(item, js_new_int(found->root));
	return item;
}

static struct js *list_of(const char **strings_)
{
	struct js *list = js_new_array();
	for (; *strings_; strings_++)
		js_append(list, js_new_string(*strings_));
	return list;
}

static int dump(const struct js *in, struct arena *a, struct buf *text, struct err *err)
{
	struct resolver_config config;
	struct resolver *r;
	configure(in, a, &config);
	if (resolver_new(&config, &r, err) < 0)
		return -1;
	struct js *out = js_new_object(), *answers = js_new_array();
	const struct js *names = js_get(in, "names");
	for (size_t i = 0; i < js_len(names); i++)
		js_append(answers, answer(r, js_string(js_at(names, i), ""), config.typeshed, a));
	js_set(out, "answers", answers);
	js_set(out, "directories", list_of(resolver_directories(r, a)));
	js_set(out, "files", list_of(resolver_files(r, a)));
	resolver_free(r);
	js_write(out, 0, text);
	js_free(out);
	return 0;
}

int main(void)
{
	struct buf text = BUF_INIT;
	for (size_t got = 1; got;) {
		got = fread(buf_room(&text, 1 << 16), 1, 1 << 16, stdin);
		text.len += got;
	}
	struct err err = ERR_INIT;
	struct arena a = ARENA_INIT;
	struct js *in;
	int status = js_parse(buf_span(&text), "the questions on stdin", &in, &err);
	buf_reset(&text);
	if (status == 0) {
		status = dump(in, &a, &text, &err);
		js_free(in);
	}
	if (status == 0)
		fwrite(text.data, 1, text.len, stdout);
	else
		fprintf(stderr, "resolve_dump: %s\n", err.message);
	err_release(&err);
	arena_release(&a);
	buf_release(&text);
	return status == 0 ? 0 : 1;
}
