/*
 * Resolved options as the configuration file of one hermetic mypy process (mypy/config_parser.py: parse_section and its
 * two tables of types). mypy accepts any attribute of Options whose default is not None, so values are written by what
 * they are; the few names that need another form are a table.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "checker/options_internal.h"

/* --- Values ------------------------------------------------------------------------------------------------------ */

enum form {
	FORM_PLAIN = 0,
	FORM_VERSION,   /* [3, 12] is "3.12" */
	FORM_NONE,      /* no configuration holds it */
	FORM_TOML_ONLY, /* a list that the ini parser cannot read */
};

static const struct {
	const char *name;
	enum form form;
} special_forms[] = {
	{ "python_version", FORM_VERSION },
	{ "disabled_error_codes", FORM_NONE },
	{ "enabled_error_codes", FORM_NONE },
	{ "deprecated_calls_exclude", FORM_TOML_ONLY },
};

static enum form form_of(const char *name)
{
	for (size_t i = 0; i < sizeof special_forms / sizeof *special_forms; i++) {
		if (strcmp(name, special_forms[i].name) == 0)
			return special_forms[i].form;
	}
	return FORM_PLAIN;
}

static void put_toml_string(struct buf *out, const char *s)
{
	buf_add_char(out, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c < ' ' || c == 0x7f)
			buf_addf(out, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else
			buf_add_char(out, *s);
	}
	buf_add_char(out, '"');
}

static void put_toml_list(struct buf *out, const struct js *list)
{
	buf_add_char(out, '[');
	for (size_t i = 0; i < js_len(list); i++) {
		if (i)
			buf_add_str(out, ", ");
		put_toml_string(out, js_string(js_at(list, i), ""));
	}
	buf_add_char(out, ']');
}

/* Elements are split at commas, and one empty element at the end does not count: so each is followed by a comma. */
static void put_ini_list(struct buf *out, const struct js *list)
{
	for (size_t i = 0; i < js_len(list); i++) {
		const char *element = js_string(js_at(list, i), "");
		if (!element[strcspn(element, ",\r\n")])
			buf_addf(out, "%s,", element);
	}
}

static void put_option(struct buf *out, bool toml, const char *name, const struct js *value)
{
	enum form form = form_of(name);
	if (form == FORM_NONE || (form == FORM_TOML_ONLY && !toml))
		return;
	if (form == FORM_VERSION) {
		buf_addf(out, toml ? "%s = \"%d.%d\"\n" : "%s = %d.%d\n", name, (int)js_int(js_at(value, 0), 3),
		         (int)js_int(js_at(value, 1), 0));
		return;
	}
	size_t start = out->len;
	buf_addf(out, "%s = ", name);
	const char *text = js_string(value, NULL);
	if (js_is_bool(value))
		buf_add_str(out, js_bool(value, false) ? "true" : "false");
	else if (js_is_int(value))
		buf_addf(out, "%lld", (long long)js_int(value, 0));
	else if (js_is_array(value) && toml)
		put_toml_list(out, value);
	else if (js_is_array(value))
		put_ini_list(out, value);
	else if (text && toml)
		put_toml_string(out, text);
	else if (text && !text[strcspn(text, "\r\n")])
		buf_add_str(out, text);
	else { /* null, a table, a text of several lines */
		buf_truncate(out, start);
		return;
	}
	buf_add_char(out, '\n');
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted names of an object; free() the list. */
static const char **sorted_names(const struct js *object, size_t *ret_count)
{
	const char **names = xcalloc(js_len(object) + 1, sizeof *names);
	const struct js *value;
	*ret_count = 0;
	for (void *it = NULL; js_next(object, &it, &names[*ret_count], &value);)
		++*ret_count;
	qsort(names, *ret_count, sizeof *names, compare_names);
	return names;
}

/* --- Error codes ------------------------------------------------------------------------------------------------- */

/* The two lists of a section, as they will be written; js values are owned. */
struct code_lists {
	struct js *disable, *enable;
};

static void code_lists_release(struct code_lists *lists)
{
	js_free(lists->disable);
	js_free(lists->enable);
}

static struct js *list_or_empty(const struct js *list)
{
	return list ? js_copy(list) : js_new_array();
}

/*
 * Lists that, applied to `before`, put `wanted` in effect: the ones that were configured if they do, else the codes in
 * effect themselves (they do whenever every code of `before` is in `wanted` on one side or the other).
 */
static struct code_lists lists_for(struct arena *arena, struct code_state before, const struct js *values,
                                   struct code_state wanted)
{
	const struct js *disable = js_get(values, "disable_error_code"), *enable = js_get(values, "enable_error_code");
	struct code_state reached = code_state_apply(arena, before, codes_of(arena, disable), codes_of(arena, enable));
	if (code_state_equal(reached, wanted))
		return (struct code_lists){ list_or_empty(disable), list_or_empty(enable) };
	return (struct code_lists){ codes_to_js(wanted.disabled), codes_to_js(wanted.enabled) };
}

static struct codes shared_by(struct arena *arena, struct codes codes, struct code_state other)
{
	return codes_minus(arena, codes, codes_minus(arena, codes, codes_plus(arena, other.disabled, other.enabled)));
}

/* What [mypy] gives to every module: a code that it sets can be turned round by a section, but not taken back. */
struct base {
	struct arena arena;
	struct code_state codes;
	struct code_lists lists;
	const struct js *values;
};

static struct base base_of(const struct options *o, const struct member_options *members, uint32_t count)
{
	struct base base = { .arena = ARENA_INIT, .values = o->sets[members[0].set].values };
	base.codes = code_state_of(&base.arena, base.values);
	for (uint32_t i = 1; i < count; i++) {
		struct code_state other = code_state_of(&base.arena, o->sets[members[i].set].values);
		base.codes.disabled = shared_by(&base.arena, base.codes.disabled, other);
		base.codes.enabled = shared_by(&base.arena, base.codes.enabled, other);
	}
	base.lists = lists_for(&base.arena, (struct code_state){ { 0 }, { 0 } }, base.values, base.codes);
	return base;
}

static void base_release(struct base *base)
{
	code_lists_release(&base->lists);
	arena_release(&base->arena);
}

/* --- Sections ---------------------------------------------------------------------------------------------------- */

static bool is_code_list(const char *name)
{
	return strcmp(name, "disable_error_code") == 0 || strcmp(name, "enable_error_code") == 0;
}

/* Differences that a section can or must not say: codes have their own rules, and the flag follows from another. */
static bool goes_without_saying(const char *name)
{
	return is_code_list(name) || form_of(name) == FORM_NONE ||
	       strcmp(name, "ignore_missing_imports_per_module") == 0;
}

static void put_code_lists(struct buf *out, bool toml, const struct code_lists *lists)
{
	if (js_len(lists->disable))
		put_option(out, toml, "disable_error_code", lists->disable);
	if (js_len(lists->enable))
		put_option(out, toml, "enable_error_code", lists->enable);
}

static void put_base(struct buf *out, bool toml, const struct base *base)
{
	size_t count;
	const char **names = sorted_names(base->values, &count);
	buf_add_str(out, toml ? "[tool.mypy]\n" : "[mypy]\n");
	for (size_t i = 0; i < count; i++) {
		if (!is_code_list(names[i]))
			put_option(out, toml, names[i], js_get(base->values, names[i]));
	}
	put_code_lists(out, toml, &base->lists);
	free(names);
}

static void put_differences(struct buf *out, bool toml, const struct base *base, const struct js *values)
{
	size_t count;
	const char **names = sorted_names(values, &count);
	for (size_t i = 0; i < count; i++) {
		const struct js *value = js_get(values, names[i]);
		if (!goes_without_saying(names[i]) && !js_equal(value, js_get(base->values, names[i])))
			put_option(out, toml, names[i], value);
	}
	free(names);
}

/* A section that says anything sets both code lists, to nothing if need be. */
static void put_member(struct buf *out, bool toml, struct base *base, const char *id, const struct js *values)
{
	struct buf body = BUF_INIT;
	struct code_state wanted = code_state_of(&base->arena, values);
	struct code_lists lists = lists_for(&base->arena, base->codes, values, wanted);
	bool same_codes = js_equal(lists.disable, base->lists.disable) && js_equal(lists.enable, base->lists.enable) &&
	                  code_state_equal(base->codes, wanted);
	put_differences(&body, toml, base, values);
	if (body.len || !same_codes) {
		put_code_lists(&body, toml, &lists);
		buf_add_str(out, toml ? "\n[[tool.mypy.overrides]]\nmodule = " : "\n[mypy-");
		if (toml)
			put_toml_string(out, id);
		else
			buf_add_str(out, id);
		buf_add_str(out, toml ? "\n" : "]\n");
		buf_add_span(out, buf_span(&body));
	}
	code_lists_release(&lists);
	buf_release(&body);
}

void options_config_text(const struct options *o, const struct member_options *members, uint32_t count, bool toml,
                         const char *extra, struct buf *out)
{
	struct base base = base_of(o, members, count);
	put_base(out, toml, &base);
	for (uint32_t i = 0; i < count; i++)
		put_member(out, toml, &base, members[i].id, o->sets[members[i].set].values);
	if (extra && *extra)
		buf_addf(out, "\n%s", extra);
	base_release(&base);
}

void options_config_hash(const struct options *o, const struct member_options *members, uint32_t count,
                         unsigned char ret[SHA1_SIZE])
{
	struct base base = base_of(o, members, count);
	struct js *values = js_copy(base.values);
	js_set(values, "disable_error_code", js_copy(base.lists.disable));
	js_set(values, "enable_error_code", js_copy(base.lists.enable));
	js_set(values, "disabled_error_codes", codes_to_js(base.codes.disabled));
	js_set(values, "enabled_error_codes", codes_to_js(base.codes.enabled));
	options_values_hash(o, values, ret);
	js_free(values);
	base_release(&base);
}
