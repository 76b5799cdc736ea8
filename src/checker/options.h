/*
 * mypy's options as resolved per module (mypy/options.py: build_per_module_cache, clone_for_module, apply_changes,
 * process_error_codes), from the snapshot that the worker's `describe` gave. Every distinct set of resolved options has
 * an index; modules with equal options share it, whatever sections they came from: the *set* enters keys, not the
 * configuration file.
 *
 * Also: which sections were used by a module of the run (--warn-unused-configs is computed for the run, not per
 * action), and the two encodings of a set: the configuration text for a hermetic mypy process, and the digest that
 * mypy stores in meta files (options_snapshot()["other_options"]: SHA-1 over the values of OPTIONS_AFFECTING_CACHE in
 * mypy's own binary JSON).
 */
#ifndef SEPAL_CHECKER_OPTIONS_H
#define SEPAL_CHECKER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/json.h"

struct options;

/* `described` is the `options` member of the answer to `describe`; copied. */
int options_new(const struct js *described, struct options **ret, struct err *err) MUST_CHECK;
void options_free(struct options *o);

/* The set of resolved options of a module; marks the sections it matched as used. Cached per module. */
uint32_t options_of(struct options *o, const char *module);
uint32_t options_count(const struct options *o);
/* The whole set as an object {name: value}: what the worker's `options` frame carries. Borrowed. */
const struct js *options_values(const struct options *o, uint32_t set);
/* Digest of the canonical JSON of the set: what enters keys. */
const struct digest *options_digest(const struct options *o, uint32_t set);

/* follow_imports and friends decide what an importer sees. */
enum follow_imports { FOLLOW_NORMAL = 0, FOLLOW_SILENT, FOLLOW_SKIP, FOLLOW_ERROR };
struct import_options {
	enum follow_imports follow;
	bool follow_for_stubs;
	bool ignore_missing;
	bool follow_untyped;
};
struct import_options options_import(const struct options *o, uint32_t set);
/* NULL-terminated, borrowed. */
const char *const *options_always_true(const struct options *o, uint32_t set);
const char *const *options_always_false(const struct options *o, uint32_t set);
bool options_flag(const struct options *o, uint32_t set, const char *name, bool fallback);

/* Patterns of sections that no module asked for so far matched, in mypy's order; the caller prints mypy's note. */
const char **options_unused_sections(struct options *o, struct arena *arena);

/* mypy's digest of the set for meta files. */
void options_cache_hash(const struct options *o, uint32_t set, unsigned char ret[SHA1_SIZE]);

/*
 * Configuration text for a hermetic process: [mypy] holds the set of members[0], a section [mypy-ID] each member whose
 * set differs from it, and `extra` sections come last as they are (plugin configuration; same format). It is a function
 * of the members' sets alone, and mypy reads it back as the same values, with these exceptions:
 * - Options that no configuration file can hold keep mypy's defaults: what is null, disabled_error_codes and
 *   enabled_error_codes (mypy makes them from the configured lists), and in an ini file deprecated_calls_exclude (mypy
 *   takes the text apart into letters) and elements of lists with a comma or a line break.
 * - The codes in effect always come out right. The lists they were configured by cannot always, when codes came from
 *   several sections or members differ; [mypy] then holds the codes that all members share.
 * - ignore_missing_imports_per_module (nothing in mypy reads it) is that of members[0] or follows from a section.
 */
struct member_options {
	const char *id;
	uint32_t set;
};
void options_config_text(const struct options *o, const struct member_options *members, uint32_t count, bool toml,
                         const char *extra, struct buf *out);
/* mypy's digest of what that text gives a module that is no member: what the meta file of a dependency must hold. It is
 * options_cache_hash(members[0].set) unless the codes are such an exception. */
void options_config_hash(const struct options *o, const struct member_options *members, uint32_t count,
                         unsigned char ret[SHA1_SIZE]);

#endif
