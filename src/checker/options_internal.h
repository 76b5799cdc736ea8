/*
 * What the files of options.h share: options.c (the table of sets, and what is asked about one), options_sections.c
 * (which sections a module gets: mypy/options.py), options_config.c (a set as configuration text), options_codes.c.
 */
#ifndef SEPAL_CHECKER_OPTIONS_INTERNAL_H
#define SEPAL_CHECKER_OPTIONS_INTERNAL_H

#include "base/map.h"
#include "checker/options.h"

#define OPTIONS_NO_SET UINT32_MAX

struct option_set {
	struct js *values;
	struct digest digest;
	const char *const *always_true, *const *always_false;
};

struct section {
	const char *pattern;
	const struct js *changes;
	bool unstructured; /* a star before the last component: a.*.b */
	bool used;
	uint32_t set; /* of a module of that name; OPTIONS_NO_SET for an unstructured pattern */
};

struct options {
	struct js *described;
	struct arena arena;
	struct option_set *sets; /* 0 is the global one */
	uint32_t set_count, set_cap;
	struct map by_digest; /* hexadecimal digest -> set */
	struct section *sections; /* in the order of the file: that of per_module_options */
	uint32_t section_count;
	struct map by_pattern; /* structured sections whose set is known: _per_module_cache */
	struct map by_module;  /* answers of options_of */
	struct map applied;    /* (set, section) -> set */
};

/* options.c: the index of a set with these values; takes them over. */
uint32_t options_intern(struct options *o, struct js *values);

/* options.c: options_cache_hash for values that are no set of the table. */
void options_values_hash(const struct options *o, const struct js *values, unsigned char ret[SHA1_SIZE]);

/* options_sections.c: reads o->described's sections; the sets of those that need no pattern matching are made. */
int options_read_sections(struct options *o, struct err *err) MUST_CHECK;
uint32_t options_resolve(struct options *o, const char *module);

/*
 * options_codes.c: sets of error codes. mypy keeps two lists as they were configured (disable_error_code,
 * enable_error_code: of the last section that applied) and the two sets that are in effect.
 */
struct codes {
	const char **items; /* sorted, no duplicates; borrowed */
	uint32_t count;
};

struct code_state {
	struct codes disabled, enabled;
};

struct codes codes_of(struct arena *arena, const struct js *array);
bool codes_have(struct codes codes, const char *code);
bool codes_equal(struct codes a, struct codes b);
struct codes codes_plus(struct arena *arena, struct codes a, struct codes b);
struct codes codes_minus(struct arena *arena, struct codes a, struct codes b);
struct js *codes_to_js(struct codes codes);
/* The sets in effect of a set of values. */
struct code_state code_state_of(struct arena *arena, const struct js *values);
bool code_state_equal(struct code_state a, struct code_state b);
/* What a section does to them (Options.apply_changes): enabling wins over disabling, both over what was. */
struct code_state code_state_apply(struct arena *arena, struct code_state before, struct codes disable,
                                   struct codes enable);

#endif
