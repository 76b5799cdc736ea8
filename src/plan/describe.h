/*
 * The worker's answer to `describe` (doc/formats/worker.md), decoded and checked once: how the checker understands a
 * command line. Everything the planner needs to know about the checker, its options and its search paths is here, so
 * that a run whose answer is kept starts no Python.
 */
#ifndef SEPAL_PLAN_DESCRIBE_H
#define SEPAL_PLAN_DESCRIBE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/json.h"
#include "checker/checker.h"
#include "source/resolve.h"

struct described_source {
	const char *path;   /* as the checker gives it; NULL: found by name */
	const char *module;
	bool followed;      /* not a root: found by following an import */
};

struct described_part {
	const char *name, *version, *digest; /* one distribution, plugin file, interpreter ... of the toolchain */
};

struct described_env {
	const char *name, *value; /* value NULL: was not set */
};

struct display {
	bool pretty, color_output, show_column_numbers, show_error_end, hide_error_codes, show_absolute_path, error_summary;
	bool output_json, warn_unused_configs;
	const char *config_file; /* as the checker prints it; NULL: none */
};

struct described {
	const char *checker, *version;
	struct checker_format format;
	const char *python, *python_version, *implementation, *machine;
	struct described_part *parts;
	uint32_t part_count;
	int target_major, target_minor;
	const char *platform;
	struct described_source *sources;
	uint32_t source_count;
	const char **python_path, **mypy_path, **package_path, **typeshed_path; /* NULL-terminated */
	const char *typeshed;
	struct options *options;
	const struct js *global_options; /* what `begin` carries */
	bool namespace_packages, silence_site_packages;
	struct display display;
	struct stub_distribution *stub_distributions;
	uint32_t stub_distribution_count;
	const char **plugin_files; /* NULL-terminated */
	const struct js *plugins;
	const char *plugin_config; /* NULL: none */
	bool plugin_config_toml;
	const struct js *plugin_config_js;
	const char **refused; /* sentences about options that cannot be split, NULL-terminated */
	const char **depend_files, **depend_absent, **depend_dirs; /* NULL-terminated */
	struct described_env *depend_env;
	uint32_t depend_env_count;
};

/* `answer` must outlive *ret (some values are borrowed). ERR_PROTOCOL if it is not what the protocol says. */
int described_decode(const struct js *answer, struct arena *arena, struct described *ret, struct err *err) MUST_CHECK;
void described_release(struct described *d); /* frees the options */

#endif
