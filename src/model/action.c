#include "model/action.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"

enum { VERSION = 1 };

bool action_path_is_inside(const char *path)
{
	for (const char *part = path;; part++) {
		size_t n = strcspn(part, "/");
		if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		part += n;
		if (!*part)
			return true;
	}
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct action_input *)a)->path, ((const struct action_input *)b)->path);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t list_length(const char **list)
{
	size_t n = 0;
	while (list[n])
		n++;
	return n;
}

static void sort_list(const char **list)
{
	size_t n = list_length(list);
	qsort(list, n, sizeof *list, by_text);
	for (size_t i = 1; i < n; i++)
		if (strcmp(list[i - 1], list[i]) == 0)
			BUG("an action names %s twice", list[i]);
}

/* Every directory on the way to an input is either made by staging or an INPUT_DIRECTORY. */
static void check_parents(const struct action *a, const struct map *inputs, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		uint32_t *parent = map_get(inputs, (struct span){ path, (size_t)(slash - path) });
		if (parent && a->inputs[*parent].kind != INPUT_DIRECTORY)
			BUG("the action's input %s lies below the file %s", path, a->inputs[*parent].path);
	}
}

void action_finish(struct action *a)
{
	qsort(a->inputs, a->input_count, sizeof *a->inputs, by_path);
	struct map index = MAP_INIT;
	for (uint32_t i = 0; i < a->input_count; i++) {
		struct action_input *in = &a->inputs[i];
		bool new;
		if (!action_path_is_inside(in->path))
			BUG("the action's input %s leaves its directory", in->path);
		map_put_str(&index, in->path, i, &new);
		if (!new)
			BUG("the action has two inputs %s", in->path);
		if (in->kind == INPUT_INLINE) {
			hash_sha256(in->bytes, &in->digest);
			in->size = in->bytes.len;
		}
	}
	for (uint32_t i = 0; i < a->input_count; i++)
		check_parents(a, &index, a->inputs[i].path);
	map_release(&index);
	for (const char **o = a->outputs; *o; o++)
		if (!action_path_is_inside(*o))
			BUG("the action's output %s leaves its directory", *o);
	sort_list(a->outputs);
	sort_list(a->env);
}

/* Canonical JSON replaces what is not UTF-8: two actions could come to look the same. */
static struct js *text(struct span s)
{
	struct js *j = js_new_string_n(s);
	if (!span_eq_str(s, js_string(j, "")))
		BUG("an action holds text that is not UTF-8: %.*s", (int)s.len, s.data);
	return j;
}

static struct js *encode_list(const char **list)
{
	struct js *j = js_new_array();
	for (const char **s = list; *s; s++)
		js_append(j, text(span_of(*s)));
	return j;
}

static struct js *encode_input(const struct action_input *in)
{
	struct js *j = js_new_object();
	char hex[DIGEST_HEX_SIZE + 1];
	js_set(j, "path", text(span_of(in->path)));
	switch (in->kind) {
	case INPUT_BLOB:
	case INPUT_FILE:
	case INPUT_INLINE:
		digest_hex(&in->digest, hex);
		js_set_string(j, "kind", "file");
		js_set_string(j, "sha256", hex);
		return j;
	case INPUT_DIRECTORY:
		js_set_string(j, "kind", "directory");
		return j;
	case INPUT_PLATFORM:
		js_set_string(j, "kind", "platform");
		js_set(j, "is", text(in->bytes));
		return j;
	}
	BUG("unknown kind of input %d", (int)in->kind);
}

struct js *action_encode(const struct action *a)
{
	struct js *j = js_new_object(), *inputs = js_new_array();
	for (uint32_t i = 0; i < a->input_count; i++)
		js_append(inputs, encode_input(&a->inputs[i]));
	js_set_int(j, "version", VERSION);
	js_set(j, "argv", encode_list(a->argv));
	js_set(j, "env", encode_list(a->env));
	js_set(j, "inputs", inputs);
	js_set(j, "outputs", encode_list(a->outputs));
	return j;
}

void action_digest(const struct action *a, struct digest *ret)
{
	struct js *doc = action_encode(a);
	struct buf text_of = BUF_INIT;
	js_write(doc, 0, &text_of);
	hash_sha256(buf_span(&text_of), ret);
	buf_release(&text_of);
	js_free(doc);
}
