/* typeshed's VERSIONS; see the header. */
#include "source/resolve_versions.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* mypy never asks typeshed about a Python that is older than what typeshed supports. */
static const struct python_version OLDEST = { 3, 10 };

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct span strip(struct span s)
{
	while (s.len && is_blank(s.data[0]))
		s = (struct span){ s.data + 1, s.len - 1 };
	while (s.len && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

/* Splits at the first `c`; without one all of it is the head and *rest is empty. */
static bool cut(struct span s, char c, struct span *head, struct span *rest)
{
	const char *at = s.len ? memchr(s.data, c, s.len) : NULL;
	size_t len = at ? (size_t)(at - s.data) : s.len;
	*head = (struct span){ s.data, len };
	*rest = at ? (struct span){ at + 1, s.len - len - 1 } : (struct span){ s.data + s.len, 0 };
	return at != NULL;
}

static bool parse_number(struct span s, int *ret)
{
	if (!s.len || s.len > 4)
		return false;
	*ret = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
		*ret = *ret * 10 + (s.data[i] - '0');
	}
	return true;
}

static bool parse_version(struct span s, struct python_version *ret)
{
	struct span major, minor;
	return cut(strip(s), '.', &major, &minor) && parse_number(major, &ret->major) &&
	       parse_number(minor, &ret->minor);
}

static bool parse_line(struct span line, struct span *module, struct stdlib_range *range)
{
	struct span versions, min, max;
	if (!cut(line, ':', module, &versions) || !module->len)
		return false;
	cut(versions, '-', &min, &max);
	range->open_ended = !strip(max).len;
	return parse_version(min, &range->min) && (range->open_ended || parse_version(max, &range->max));
}

int stdlib_versions_parse(struct span text, const char *path, struct arena *arena, struct stdlib_versions *ret,
                          struct err *err)
{
	struct stdlib_versions v = STDLIB_VERSIONS_INIT;
	for (size_t number = 1; text.len; number++) {
		struct span line, comment, module;
		cut(text, '\n', &line, &text);
		cut(line, '#', &line, &comment);
		line = strip(line);
		if (!line.len)
			continue;
		struct stdlib_range range = { { 0, 0 }, { 0, 0 }, false };
		if (!parse_line(line, &module, &range)) {
			stdlib_versions_release(&v);
			return err_set(err, ERR_CHECKER,
			               "line %zu of %s is not \"module: X.Y-[X.Y]\"; is this a typeshed of this mypy?",
			               number, path);
		}
		const char *name = arena_strndup(arena, module.data, module.len);
		VEC_GROW(v.ranges, v.count, v.cap);
		v.ranges[v.count] = range;
		*map_put_str(&v.by_module, name, v.count, NULL) = v.count; /* the last line wins */
		v.count++;
	}
	*ret = v;
	return 0;
}

void stdlib_versions_release(struct stdlib_versions *v)
{
	map_release(&v->by_module);
	free(v->ranges);
	*v = (struct stdlib_versions)STDLIB_VERSIONS_INIT;
}

static bool older(struct python_version a, struct python_version b)
{
	return a.major != b.major ? a.major < b.major : a.minor < b.minor;
}

bool stdlib_versions_allow(const struct stdlib_versions *v, struct python_version target, const char *id)
{
	const uint32_t *index = map_get_str(&v->by_module, id);
	if (!index)
		index = map_get(&v->by_module, (struct span){ id, strcspn(id, ".") });
	if (!index)
		return true;
	if (older(target, OLDEST))
		target = OLDEST;
	const struct stdlib_range *range = &v->ranges[*index];
	return !older(target, range->min) && (range->open_ended || !older(range->max, target));
}
