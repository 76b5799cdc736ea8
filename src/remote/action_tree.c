#include "remote/action_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/xalloc.h"

#define TOP "sepal"

struct needs {
	struct map known; /* digest and size -> index */
	struct remote_need *items;
	uint32_t count, cap;
	struct arena *arena;
};

static void add_need(struct needs *n, const struct remote_blob *blob, struct span bytes,
		     const struct action_input *input)
{
	bool is_new;
	const struct remote_blob *key = memcpy(ARENA_NEW(n->arena, struct remote_blob), blob, sizeof *blob);
	map_put(&n->known, (struct span){ (const char *)key, sizeof *key }, n->count, &is_new);
	if (!is_new)
		return;
	VEC_GROW(n->items, n->count, n->cap);
	n->items[n->count++] = (struct remote_need){ *blob, bytes, input };
}

/* Encoded bytes become a blob of the arena's. */
static struct remote_blob add_encoded(struct needs *n, struct buf *encoded)
{
	struct remote_blob blob = remote_blob_of(buf_span(encoded));
	add_need(n, &blob, arena_span(n->arena, buf_span(encoded)), NULL);
	buf_release(encoded);
	return blob;
}

static struct remote_need *take_needs(struct needs *n, uint32_t *ret_count)
{
	struct remote_need *items = ARENA_ARRAY(n->arena, struct remote_need, n->count + 1);
	if (n->count)
		memcpy(items, n->items, n->count * sizeof *items);
	*ret_count = n->count;
	free(n->items);
	map_release(&n->known);
	return items;
}

/* ---- directories ---- */

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct tree_file *)a)->path, ((const struct tree_file *)b)->path);
}

/* Files below one directory, whose path has `depth` bytes with the slash. They stand together: what begins with the
 * same bytes does, in the order of bytes. */
static struct remote_blob add_directory(struct needs *n, const struct tree_file *files, uint32_t count, size_t depth)
{
	struct reapi_directory dir = {
		.files = xcalloc(count + 1u, sizeof *dir.files),
		.dirs = xcalloc(count + 1u, sizeof *dir.dirs),
	};
	for (uint32_t i = 0; i < count;) {
		const char *name = files[i].path + depth, *slash = strchr(name, '/');
		uint32_t first = i++;
		if (!*name)
			continue; /* the directory itself */
		if (!slash) {
			dir.files[dir.file_count++] = (struct reapi_dir_file){ name, files[first].blob,
									      files[first].executable };
			continue;
		}
		size_t inner = depth + (size_t)(slash - name) + 1;
		while (i < count && strncmp(files[i].path, files[first].path, inner) == 0)
			i++;
		dir.dirs[dir.dir_count++] = (struct reapi_dir_dir){
			arena_strndup(n->arena, name, (size_t)(slash - name)),
			add_directory(n, files + first, i - first, inner),
		};
	}
	struct buf encoded = BUF_INIT;
	reapi_encode_directory(&dir, &encoded);
	free(dir.files);
	free(dir.dirs);
	return add_encoded(n, &encoded);
}

static struct remote_blob add_tree(struct needs *n, struct tree_file *files, uint32_t count)
{
	if (count)
		qsort(files, count, sizeof *files, by_path);
	return add_directory(n, files, count, 0);
}

void remote_tree_make(struct tree_file *files, uint32_t count, struct arena *a, struct remote_tree *ret)
{
	struct needs n = { .arena = a };
	ret->root = add_tree(&n, files, count);
	ret->needs = take_needs(&n, &ret->need_count);
}

/* ---- an action ---- */

static bool is_script(struct span bytes)
{
	return bytes.len >= 2 && memcmp(bytes.data, "#!", 2) == 0;
}

static struct remote_blob add_unit(struct needs *n, const struct action *a)
{
	static const struct span elsewhere = { NULL, 0 };
	struct tree_file *files = ARENA_ARRAY(n->arena, struct tree_file, a->input_count + 1);
	uint32_t count = 0;
	for (uint32_t i = 0; i < a->input_count; i++) {
		const struct action_input *in = &a->inputs[i];
		struct tree_file *f = &files[count];
		*f = (struct tree_file){ .path = in->path, .blob = { in->digest, in->size } };
		switch (in->kind) {
		case INPUT_PLATFORM:
			if (strcmp(in->path, a->argv[0]) != 0)
				BUG("the action's link %s is not what it starts", in->path);
			continue;
		case INPUT_DIRECTORY:
			f->path = arena_printf(n->arena, "%s/", in->path);
			break;
		case INPUT_INLINE:
			f->executable = is_script(in->bytes);
			add_need(n, &f->blob, in->bytes.len ? in->bytes : span_of(""), NULL);
			break;
		case INPUT_BLOB:
		case INPUT_FILE:
			add_need(n, &f->blob, elsewhere, in);
			break;
		}
		count++;
	}
	return add_tree(n, files, count);
}

static const char *interpreter_of(const struct action *a)
{
	for (uint32_t i = 0; i < a->input_count; i++)
		if (a->inputs[i].kind == INPUT_PLATFORM)
			return a->inputs[i].bytes.data;
	BUG("an action without an interpreter cannot run elsewhere");
}

static struct js *list_of(const char **items)
{
	struct js *list = js_new_array();
	for (; *items; items++)
		js_append(list, js_new_string(*items));
	return list;
}

static struct remote_blob add_job(struct needs *n, const struct action *a)
{
	struct js *doc = js_new_object();
	struct buf text = BUF_INIT;
	js_set(doc, "argv", list_of(a->argv + 1));
	js_set(doc, "env", list_of(a->env));
	js_set(doc, "outputs", list_of(a->outputs));
	js_set_string(doc, "directory", "unit");
	js_set_string(doc, "python", interpreter_of(a));
	js_write(doc, 0, &text);
	js_free(doc);
	return add_encoded(n, &text);
}

/* The working directory and what is in it; returns the root above. */
static struct remote_blob add_top(struct needs *n, const struct action *a, const struct remote_shape *shape)
{
	struct buf encoded = BUF_INIT;
	struct reapi_dir_file files[] = { { "job.json", add_job(n, a), false }, { "run.py", shape->wrapper, false } };
	struct reapi_dir_dir dirs[] = { { "unit", add_unit(n, a) }, { "checker", shape->checker } };
	struct reapi_directory top = { .files = files, .file_count = 2, .dirs = dirs,
				       .dir_count = shape->has_checker ? 2 : 1 };
	reapi_encode_directory(&top, &encoded);
	struct reapi_dir_dir above = { TOP, add_encoded(n, &encoded) };
	reapi_encode_directory(&(struct reapi_directory){ .dirs = &above, .dir_count = 1 }, &encoded);
	return add_encoded(n, &encoded);
}

const char *remote_output_path(uint32_t output, struct arena *a)
{
	return arena_printf(a, "out/%u", output);
}

static struct remote_blob add_command(struct needs *n, const struct action *a, const struct remote_shape *shape)
{
	static const struct reapi_pair environment[] = {
		{ "LC_ALL", "C.UTF-8" }, { "PATH", "/usr/local/bin:/usr/bin:/bin" }, { "PYTHONDONTWRITEBYTECODE", "1" },
	};
	/* by env, so that an interpreter that is not there is status 127 on every server */
	const char *arguments[] = { "/usr/bin/env", shape->python, "-I", "-S", "run.py" };
	uint32_t count = 0;
	while (a->outputs[count])
		count++;
	const char **outputs = ARENA_ARRAY(n->arena, const char *, count + 3);
	for (uint32_t i = 0; i < count; i++)
		outputs[i] = remote_output_path(i, n->arena);
	outputs[count++] = REMOTE_OUTPUT_STATUS;
	outputs[count++] = REMOTE_OUTPUT_STDOUT;
	outputs[count++] = REMOTE_OUTPUT_STDERR;
	struct buf encoded = BUF_INIT;
	reapi_encode_command(&(struct reapi_command){
				     .arguments = arguments,
				     .argument_count = sizeof arguments / sizeof *arguments,
				     .environment = environment,
				     .environment_count = sizeof environment / sizeof *environment,
				     .outputs = outputs,
				     .output_count = count,
				     .working_dir = TOP,
				     .platform = shape->platform,
				     .platform_count = shape->platform_count,
				     .outputs_are_files = shape->outputs_are_files,
			     },
			     &encoded);
	return add_encoded(n, &encoded);
}

void remote_action_make(const struct action *action, const struct remote_shape *shape, struct arena *a,
			struct remote_action *ret)
{
	struct needs n = { .arena = a };
	struct buf encoded = BUF_INIT;
	struct reapi_action message = {
		.command = add_command(&n, action, shape),
		.input_root = add_top(&n, action, shape),
		.timeout_ns = shape->timeout_ns,
		.platform = shape->platform,
		.platform_count = shape->platform_count,
	};
	reapi_encode_action(&message, &encoded);
	ret->action = add_encoded(&n, &encoded);
	ret->needs = take_needs(&n, &ret->need_count);
}

/* A logarithm: which of two chains is longer is kept as long as they differ by a few percent, from microseconds to
 * hours. */
int32_t remote_priority(uint64_t weight)
{
	enum { STEPS = 25, HEAVIEST = 40 };
	unsigned bits = 0;
	if (weight >> HEAVIEST)
		return 0;
	while (weight >> bits > 1)
		bits++;
	uint64_t above = weight ? weight - (UINT64_C(1) << bits) : 0;
	return REMOTE_PRIORITY_LAST - (int32_t)(bits * STEPS + ((above * STEPS) >> bits));
}
