/* Sets of error codes, as sorted arrays; see options_internal.h. */
#include <stdlib.h>
#include <string.h>

#include "checker/options_internal.h"

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct codes codes_of(struct arena *arena, const struct js *array)
{
	struct codes codes = { ARENA_ARRAY(arena, const char *, js_len(array) + 1), 0 };
	uint32_t kept = 0;
	for (size_t i = 0; i < js_len(array); i++)
		codes.items[codes.count++] = js_string(js_at(array, i), "");
	qsort(codes.items, codes.count, sizeof *codes.items, compare);
	for (uint32_t i = 0; i < codes.count; i++) {
		if (!kept || strcmp(codes.items[kept - 1], codes.items[i]) != 0)
			codes.items[kept++] = codes.items[i];
	}
	codes.count = kept;
	return codes;
}

bool codes_have(struct codes codes, const char *code)
{
	for (uint32_t i = 0; i < codes.count; i++) {
		if (strcmp(codes.items[i], code) == 0)
			return true;
	}
	return false;
}

bool codes_equal(struct codes a, struct codes b)
{
	for (uint32_t i = 0; i < a.count && i < b.count; i++) {
		if (strcmp(a.items[i], b.items[i]) != 0)
			return false;
	}
	return a.count == b.count;
}

struct codes codes_plus(struct arena *arena, struct codes a, struct codes b)
{
	struct codes sum = { ARENA_ARRAY(arena, const char *, a.count + b.count + 1), 0 };
	uint32_t i = 0, j = 0;
	while (i < a.count || j < b.count) {
		int order = i == a.count ? 1 : j == b.count ? -1 : strcmp(a.items[i], b.items[j]);
		sum.items[sum.count++] = order <= 0 ? a.items[i] : b.items[j];
		i += order <= 0;
		j += order >= 0;
	}
	return sum;
}

struct codes codes_minus(struct arena *arena, struct codes a, struct codes b)
{
	struct codes rest = { ARENA_ARRAY(arena, const char *, a.count + 1), 0 };
	for (uint32_t i = 0; i < a.count; i++) {
		if (!codes_have(b, a.items[i]))
			rest.items[rest.count++] = a.items[i];
	}
	return rest;
}

struct js *codes_to_js(struct codes codes)
{
	struct js *array = js_new_array();
	for (uint32_t i = 0; i < codes.count; i++)
		js_append(array, js_new_string(codes.items[i]));
	return array;
}

struct code_state code_state_of(struct arena *arena, const struct js *values)
{
	return (struct code_state){ codes_of(arena, js_get(values, "disabled_error_codes")),
		                    codes_of(arena, js_get(values, "enabled_error_codes")) };
}

bool code_state_equal(struct code_state a, struct code_state b)
{
	return codes_equal(a.disabled, b.disabled) && codes_equal(a.enabled, b.enabled);
}

struct code_state code_state_apply(struct arena *arena, struct code_state before, struct codes disable,
                                   struct codes enable)
{
	struct codes disabled = codes_plus(arena, before.disabled, disable);
	struct codes enabled = codes_minus(arena, before.enabled, disable);
	return (struct code_state){ codes_minus(arena, disabled, enable), codes_plus(arena, enabled, enable) };
}
