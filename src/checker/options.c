/* The table of resolved option sets, and what is asked about one; see the header. How sections make sets is
 * options_sections.c. */
#include "checker/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "checker/mypy_meta.h"
#include "checker/options_internal.h"

/* --- Making sets ------------------------------------------------------------------------------------------------- */

static const char *const *strings(struct options *o, const struct js *array)
{
	const char **list = ARENA_ARRAY(&o->arena, const char *, js_len(array) + 1);
	for (size_t i = 0; i < js_len(array); i++)
		list[i] = js_string(js_at(array, i), "");
	return list;
}

uint32_t options_intern(struct options *o, struct js *values)
{
	struct buf text = BUF_INIT;
	struct digest digest;
	char hex[DIGEST_HEX_SIZE + 1];
	js_write(values, 0, &text);
	hash_sha256(buf_span(&text), &digest);
	buf_release(&text);
	digest_hex(&digest, hex);
	const uint32_t *known = map_get_str(&o->by_digest, hex);
	if (known) {
		js_free(values);
		return *known;
	}
	VEC_GROW(o->sets, o->set_count, o->set_cap);
	o->sets[o->set_count] = (struct option_set){
		.values = values,
		.digest = digest,
		.always_true = strings(o, js_get(values, "always_true")),
		.always_false = strings(o, js_get(values, "always_false")),
	};
	map_put_str(&o->by_digest, arena_strdup(&o->arena, hex), o->set_count, NULL);
	return o->set_count++;
}

static bool is_list_of_strings(const struct js *j)
{
	for (size_t i = 0; i < js_len(j); i++) {
		if (!js_is_string(js_at(j, i)))
			return false;
	}
	return js_is_array(j);
}

int options_new(const struct js *described, struct options **ret, struct err *err)
{
	if (!js_is_object(js_get(described, "global")) || !js_is_array(js_get(described, "sections")) ||
	    !is_list_of_strings(js_get(described, "cache_names")))
		return err_set(err, ERR_PROTOCOL,
		               "the described options lack `global`, `sections` or `cache_names`: "
		               "is the worker of another version?");
	struct options *o = xcalloc(1, sizeof *o);
	*o = (struct options){ .described = js_copy(described), .arena = ARENA_INIT };
	options_intern(o, js_copy(js_get(o->described, "global")));
	if (options_read_sections(o, err) < 0) {
		options_free(o);
		return -1;
	}
	*ret = o;
	return 0;
}

void options_free(struct options *o)
{
	if (!o)
		return;
	for (uint32_t i = 0; i < o->set_count; i++)
		js_free(o->sets[i].values);
	free(o->sets);
	free(o->sections);
	map_release(&o->by_digest);
	map_release(&o->by_pattern);
	map_release(&o->by_module);
	map_release(&o->applied);
	arena_release(&o->arena);
	js_free(o->described);
	free(o);
}

uint32_t options_of(struct options *o, const char *module)
{
	const uint32_t *known = map_get_str(&o->by_module, module);
	if (known)
		return *known;
	uint32_t set = options_resolve(o, module);
	map_put_str(&o->by_module, arena_strdup(&o->arena, module), set, NULL);
	return set;
}

/* --- Asking ------------------------------------------------------------------------------------------------------ */

uint32_t options_count(const struct options *o)
{
	return o->set_count;
}

const struct js *options_values(const struct options *o, uint32_t set)
{
	return o->sets[set].values;
}

const struct digest *options_digest(const struct options *o, uint32_t set)
{
	return &o->sets[set].digest;
}

bool options_flag(const struct options *o, uint32_t set, const char *name, bool fallback)
{
	return js_get_bool(o->sets[set].values, name, fallback);
}

struct import_options options_import(const struct options *o, uint32_t set)
{
	static const char *const names[] = { "normal", "silent", "skip", "error" };
	struct import_options imports = {
		.follow = FOLLOW_NORMAL,
		.follow_for_stubs = options_flag(o, set, "follow_imports_for_stubs", false),
		.ignore_missing = options_flag(o, set, "ignore_missing_imports", false),
		.follow_untyped = options_flag(o, set, "follow_untyped_imports", false),
	};
	const char *follow = js_get_string(o->sets[set].values, "follow_imports", names[0]);
	for (int i = 0; i < 4; i++) {
		if (strcmp(follow, names[i]) == 0)
			imports.follow = (enum follow_imports)i;
	}
	return imports;
}

const char *const *options_always_true(const struct options *o, uint32_t set)
{
	return o->sets[set].always_true;
}

const char *const *options_always_false(const struct options *o, uint32_t set)
{
	return o->sets[set].always_false;
}

const char **options_unused_sections(struct options *o, struct arena *arena)
{
	const char **unused = ARENA_ARRAY(arena, const char *, o->section_count + 1);
	uint32_t count = 0;
	for (uint32_t i = 0; i < o->section_count; i++) {
		if (!o->sections[i].used)
			unused[count++] = o->sections[i].pattern;
	}
	return unused;
}

void options_values_hash(const struct options *o, const struct js *values, unsigned char ret[SHA1_SIZE])
{
	const struct js *names = js_get(o->described, "cache_names");
	struct js *list = js_new_array();
	struct buf bytes = BUF_INIT;
	for (size_t i = 0; i < js_len(names); i++) {
		const struct js *value = js_get(values, js_string(js_at(names, i), ""));
		js_append(list, value ? js_copy(value) : js_new_null());
	}
	mypy_json_write(list, &bytes);
	hash_sha1(buf_span(&bytes), ret);
	buf_release(&bytes);
	js_free(list);
}

void options_cache_hash(const struct options *o, uint32_t set, unsigned char ret[SHA1_SIZE])
{
	options_values_hash(o, o->sets[set].values, ret);
}
