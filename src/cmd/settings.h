/*
 * Settings of a command line, from one table: parsing, --help and the man page's list of options come from the rows in
 * settings.c. A row names the verbs it belongs to; everything after `--` is the checker's.
 */
#ifndef SEPAL_CMD_SETTINGS_H
#define SEPAL_CMD_SETTINGS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "merge/digest_map.h"

enum verb { VERB_CHECK, VERB_PLAN, VERB_EXPLAIN, VERB_MERGE, VERB_VERIFY, VERB_DOCTOR, VERB_BASELINE, VERB_COUNT };

/* How servers are reached (doc/remote.md). Files as given. */
struct remote_settings {
	const char *cache;  /* URL; NULL: there is no shared cache */
	const char *upload; /* "auto", "yes" or "no" */
	const char *token_file, *credential_helper, *ca_file, *cert, *key; /* NULL: none */
	const char **headers; /* NAME=VALUE, NULL-terminated */
	unsigned timeout_seconds;
	/* The runner "remote". */
	const char *executor;  /* URL */
	const char *python;    /* there; NULL: by its version */
	const char *fallback;  /* "local" or "fail" */
	const char **platform; /* KEY=VALUE, NULL-terminated */
	unsigned jobs;
	unsigned race_after_seconds; /* 0: never */
};

struct settings {
	enum verb verb;
	const char *python;     /* NULL: found (cmd/pipeline.h) */
	const char *store;      /* absolute */
	const char *checker;    /* "mypy" or "toy" */
	const char *runner;     /* "worker", "process" or "remote" */
	const char *stats_json; /* NULL: none */
	const char *trace;      /* NULL: none */
	unsigned jobs;
	unsigned timeout_seconds;
	enum conflict_policy on_conflict;
	struct remote_settings remote;
	bool watch, no_store_read, verbose, quiet, keep_failed, store_only;
	double sample;          /* verify: share of units, 0 to 1 */
	unsigned seed;          /* verify --sample: which units */
	const char **reports;   /* check: FORMAT[=FILE] as given, NULL-terminated */
	const char *new_only;   /* check: the file of a baseline; NULL: none */
	const char **simulate;  /* plan: as given (build/simulate.h), NULL-terminated */
	const char **paths;     /* NULL-terminated */
	const char **checker_args;
	bool help; /* --help was given: the text has been printed */
};

/* `argv` without the program's name. ERR_USAGE explains and says what is allowed. Strings live in `arena`. */
int settings_parse(int argc, char **argv, struct arena *arena, struct settings *ret, struct err *err) MUST_CHECK;
/* Appends the help text: of one verb, or of the program when `verb` is VERB_COUNT. */
void settings_help(enum verb verb, struct buf *out);
const char *verb_name(enum verb verb);

#endif
