#include "base/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static json_t *in(const struct js *j)
{
	return (json_t *)(uintptr_t)j;
}

static struct js *made(json_t *j)
{
	if (!j)
		BUG("out of memory making JSON");
	return (struct js *)j;
}

int js_parse(struct span text, const char *what, struct js **ret, struct err *err)
{
	json_error_t je;
	json_t *j = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (!j)
		return err_set(err, ERR_PROTOCOL, "%s is not valid JSON: %s at line %d, column %d", what, je.text, je.line,
		               je.column);
	*ret = (struct js *)j;
	return 0;
}

void js_free(struct js *j)
{
	json_decref(in(j));
}


#define TYPE_TEST(name)                                                                                                \
	bool js_is_##name(const struct js *j)                                                                          \
	{                                                                                                              \
		return j && json_is_##name(in(j));                                                                     \
	}

TYPE_TEST(object)
TYPE_TEST(array)
TYPE_TEST(string)
TYPE_TEST(null)

bool js_is_int(const struct js *j)
{
	return j && json_is_integer(in(j));
}

bool js_is_bool(const struct js *j)
{
	return j && json_is_boolean(in(j));
}

const struct js *js_get(const struct js *object, const char *key)
{
	return js_is_object(object) ? (const struct js *)json_object_get(in(object), key) : NULL;
}

size_t js_len(const struct js *j)
{
	if (js_is_array(j))
		return json_array_size(in(j));
	return js_is_object(j) ? json_object_size(in(j)) : 0;
}

const struct js *js_at(const struct js *array, size_t i)
{
	return js_is_array(array) ? (const struct js *)json_array_get(in(array), i) : NULL;
}

const char *js_string(const struct js *j, const char *fallback)
{
	return js_is_string(j) ? json_string_value(in(j)) : fallback;
}

int64_t js_int(const struct js *j, int64_t fallback)
{
	return js_is_int(j) ? json_integer_value(in(j)) : fallback;
}

bool js_bool(const struct js *j, bool fallback)
{
	return js_is_bool(j) ? json_is_true(in(j)) : fallback;
}

const char *js_get_string(const struct js *object, const char *key, const char *fallback)
{
	return js_string(js_get(object, key), fallback);
}

int64_t js_get_int(const struct js *object, const char *key, int64_t fallback)
{
	return js_int(js_get(object, key), fallback);
}

bool js_get_bool(const struct js *object, const char *key, bool fallback)
{
	return js_bool(js_get(object, key), fallback);
}

bool js_next(const struct js *object, void **it, const char **ret_key, const struct js **ret_value)
{
	if (!js_is_object(object))
		return false;
	*it = *it ? json_object_iter_next(in(object), *it) : json_object_iter(in(object));
	if (!*it)
		return false;
	*ret_key = json_object_iter_key(*it);
	*ret_value = (const struct js *)json_object_iter_value(*it);
	return true;
}

struct js *js_new_object(void)
{
	return made(json_object());
}

struct js *js_new_array(void)
{
	return made(json_array());
}

/* The length of the valid UTF-8 sequence at s, 0 if there is none (RFC 3629: no surrogates, no overlong forms). */
static size_t utf8_length(const unsigned char *s, size_t left)
{
	static const struct {
		unsigned char first_lo, first_hi, second_lo, second_hi, length;
	} forms[] = {
		{ 0x01, 0x7f, 0, 0, 1 },          { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },    { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },    { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
		if (s[0] < forms[f].first_lo || s[0] > forms[f].first_hi || forms[f].length > left)
			continue;
		if (forms[f].length > 1 && (s[1] < forms[f].second_lo || s[1] > forms[f].second_hi))
			return 0;
		for (size_t i = 2; i < forms[f].length; i++)
			if (s[i] < 0x80 || s[i] > 0xbf)
				return 0;
		return forms[f].length;
	}
	return 0;
}

struct js *js_new_string_n(struct span s)
{
	json_t *j = memchr(s.data, 0, s.len) ? NULL : json_stringn(s.data, s.len);
	if (j)
		return (struct js *)j;
	struct buf clean = BUF_INIT;
	for (size_t i = 0; i < s.len;) {
		size_t n = utf8_length((const unsigned char *)s.data + i, s.len - i);
		if (n)
			buf_add(&clean, s.data + i, n);
		else
			buf_add_str(&clean, "\xef\xbf\xbd");
		i += n ? n : 1;
	}
	j = json_stringn(buf_span(&clean).data, clean.len);
	buf_release(&clean);
	return made(j);
}

struct js *js_new_string(const char *s)
{
	return js_new_string_n(span_of(s));
}

struct js *js_new_int(int64_t v)
{
	return made(json_integer(v));
}

struct js *js_new_bool(bool v)
{
	return made(json_boolean(v));
}

struct js *js_new_null(void)
{
	return made(json_null());
}

struct js *js_copy(const struct js *j)
{
	return made(json_deep_copy(in(j)));
}

void js_set(struct js *object, const char *key, struct js *value)
{
	if (json_object_set_new(in(object), key, in(value)) != 0)
		BUG("cannot set member %s", key);
}

void js_set_string(struct js *object, const char *key, const char *value)
{
	js_set(object, key, js_new_string(value));
}

void js_set_int(struct js *object, const char *key, int64_t value)
{
	js_set(object, key, js_new_int(value));
}

void js_set_bool(struct js *object, const char *key, bool value)
{
	js_set(object, key, js_new_bool(value));
}

void js_append(struct js *array, struct js *value)
{
	if (json_array_append_new(in(array), in(value)) != 0)
		BUG("cannot append to a JSON array");
}

bool js_equal(const struct js *a, const struct js *b)
{
	return json_equal(in(a), in(b)) != 0;
}

static int collect(const char *text, size_t len, void *out)
{
	buf_add(out, text, len);
	return 0;
}

void js_write(const struct js *j, int indent, struct buf *out)
{
	size_t flags = JSON_SORT_KEYS | JSON_ENCODE_ANY | (indent > 0 ? JSON_INDENT((size_t)indent) : JSON_COMPACT);
	if (json_dump_callback(in(j), collect, out, flags) != 0)
		BUG("cannot write JSON");
}
