/*
 * Which sections a module gets and what they do to its options: mypy/options.py, build_per_module_cache,
 * clone_for_module, apply_changes and compile_glob. In short: a section of the module's own name wins, then
 * unstructured patterns (a.*.b) in the order of the file, then the closest well-structured one (a.b.*, then a.*), which
 * inherits from those above it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "checker/options_internal.h"

static bool ends_in_star(const char *pattern)
{
	size_t len = strlen(pattern);
	return len >= 2 && strcmp(pattern + len - 2, ".*") == 0;
}

/* --- One section ------------------------------------------------------------------------------------------------- */

static bool is_true(const struct js *value)
{
	return js_is_bool(value) ? js_bool(value, false) : js_int(value, 0) != 0 || *js_string(value, "");
}

static void set_codes(struct js *values, const char *name, struct codes codes)
{
	js_set(values, name, codes_to_js(codes));
}

static uint32_t apply_anew(struct options *o, uint32_t set, const struct js *changes)
{
	struct arena scratch = ARENA_INIT;
	struct js *values = js_copy(o->sets[set].values);
	const char *name;
	const struct js *value;
	for (void *it = NULL; js_next(changes, &it, &name, &value);)
		js_set(values, name, js_copy(value));
	if (is_true(js_get(changes, "ignore_missing_imports")))
		js_set_bool(values, "ignore_missing_imports_per_module", true);
	struct code_state codes = code_state_apply(&scratch, code_state_of(&scratch, o->sets[set].values),
	                                           codes_of(&scratch, js_get(values, "disable_error_code")),
	                                           codes_of(&scratch, js_get(values, "enable_error_code")));
	set_codes(values, "disabled_error_codes", codes.disabled);
	set_codes(values, "enabled_error_codes", codes.enabled);
	arena_release(&scratch);
	return options_intern(o, values);
}

/* The set that a section makes of another: worked out once. */
static uint32_t apply(struct options *o, uint32_t set, const struct section *section)
{
	uint32_t pair[2] = { set, (uint32_t)(section - o->sections) };
	struct span key = { (const char *)pair, sizeof pair };
	const uint32_t *known = map_get(&o->applied, key);
	if (known)
		return *known;
	uint32_t result = apply_anew(o, set, section->changes);
	map_put(&o->applied, arena_span(&o->arena, key), result, NULL);
	return result;
}

/* --- Matching ---------------------------------------------------------------------------------------------------- */

/*
 * compile_glob: a star that is a whole component stands for any number of components, none included; the first one for
 * any text. `at` holds the offsets in `module` that the pattern's beginning can reach.
 */
static void step(const char *module, size_t len, struct span part, bool first, const bool *at, bool *next)
{
	bool star = part.len == 1 && *part.data == '*';
	memset(next, 0, len + 1);
	for (size_t i = 0; i <= len; i++) {
		if (!at[i])
			continue;
		if (star) {
			next[i] = true;
			if (first || module[i] == '.')
				memset(next + i, 1, len + 1 - i);
			continue;
		}
		size_t text = i + !first;
		if ((first || module[i] == '.') && len >= text + part.len && memcmp(module + text, part.data, part.len) == 0)
			next[text + part.len] = true;
	}
}

static bool matches(const char *pattern, const char *module)
{
	size_t len = strlen(module);
	bool *at = xcalloc(2 * (len + 1), sizeof *at), *next = at + len + 1, *room = at;
	at[0] = true;
	for (bool first = true;; first = false) {
		size_t part_len = strcspn(pattern, ".");
		step(module, len, (struct span){ pattern, part_len }, first, at, next);
		bool *swap = at;
		at = next;
		next = swap;
		pattern += part_len;
		if (!*pattern)
			break;
		pattern++;
	}
	bool found = at[len];
	free(room);
	return found;
}

/* The closest section a.b.* above (or at) the module. */
static struct section *closest_wildcard(struct options *o, const char *module)
{
	struct section *found = NULL;
	char *key = xmalloc(strlen(module) + 3);
	strcpy(key, module);
	for (size_t len = strlen(module);;) {
		strcpy(key + len, ".*");
		const uint32_t *index = map_get_str(&o->by_pattern, key);
		if (index) {
			found = &o->sections[*index];
			break;
		}
		key[len] = '\0';
		const char *dot = strrchr(key, '.');
		if (!dot)
			break;
		len = (size_t)(dot - key);
	}
	free(key);
	return found;
}

/* mypy: clone_for_module */
uint32_t options_resolve(struct options *o, const char *module)
{
	const uint32_t *own = map_get_str(&o->by_pattern, module);
	if (own) {
		o->sections[*own].used = true;
		return o->sections[*own].set;
	}
	uint32_t set = 0;
	struct section *wildcard = closest_wildcard(o, module);
	if (wildcard) {
		wildcard->used = true;
		set = wildcard->set;
	}
	if (ends_in_star(module))
		return set;
	for (uint32_t i = 0; i < o->section_count; i++) {
		struct section *s = &o->sections[i];
		if (s->unstructured && matches(s->pattern, module)) {
			s->used = true;
			set = apply(o, set, s);
		}
	}
	return set;
}

/* --- All sections ------------------------------------------------------------------------------------------------ */

static int compare_patterns(const void *a, const void *b)
{
	return strcmp((*(struct section *const *)a)->pattern, (*(struct section *const *)b)->pattern);
}

static void make_structured(struct options *o, struct section *s)
{
	uint32_t inherited = options_resolve(o, s->pattern);
	s->set = apply(o, inherited, s);
	map_put_str(&o->by_pattern, s->pattern, (uint32_t)(s - o->sections), NULL);
}

/* mypy: build_per_module_cache. a.* sorts before a.b.*, so what is inherited is there before it is needed. */
static void make_all(struct options *o)
{
	struct section **wildcards = xcalloc(o->section_count + 1, sizeof *wildcards);
	uint32_t count = 0;
	for (uint32_t i = 0; i < o->section_count; i++) {
		struct section *s = &o->sections[i];
		if (!s->unstructured && ends_in_star(s->pattern))
			wildcards[count++] = s;
	}
	qsort(wildcards, count, sizeof(struct section *), compare_patterns);
	for (uint32_t i = 0; i < count; i++)
		make_structured(o, wildcards[i]);
	free(wildcards);
	for (uint32_t i = 0; i < o->section_count; i++) {
		struct section *s = &o->sections[i];
		if (!s->unstructured && !ends_in_star(s->pattern))
			make_structured(o, s);
	}
	/* An unstructured section that matches another section counts as used; a structured one must match a module. */
	for (uint32_t i = 0; i < o->section_count; i++)
		o->sections[i].used &= o->sections[i].unstructured;
}

int options_read_sections(struct options *o, struct err *err)
{
	const struct js *sections = js_get(o->described, "sections");
	struct map seen = MAP_INIT;
	int status = 0;
	o->sections = xcalloc(js_len(sections) + 1, sizeof *o->sections);
	for (size_t i = 0; i < js_len(sections) && status == 0; i++) {
		const char *pattern = js_string(js_at(js_at(sections, i), 0), NULL);
		const struct js *changes = js_at(js_at(sections, i), 1);
		bool is_new = false;
		if (pattern && *pattern)
			map_put_str(&seen, pattern, 0, &is_new);
		if (!is_new || !js_is_object(changes)) {
			status = err_set(err, ERR_PROTOCOL,
			                 "section %zu of the described options is not a new pattern with its changes",
			                 i + 1);
			break;
		}
		const char *star = strchr(pattern, '*');
		o->sections[o->section_count++] = (struct section){
			pattern, changes, star && star[1], false, OPTIONS_NO_SET,
		};
	}
	map_release(&seen);
	if (status == 0)
		make_all(o);
	return status;
}
