/*
 * An action: one run of a program in a directory that holds only its inputs, as data (schemas/action.schema.json). It
 * is built and encoded before anything runs; the process runner stages it, a remote runner would send it. Hermetic:
 * the same inputs give the same bytes on any machine, so nothing in the encoded form names a place on this one
 * (`real` paths are not encoded; the interpreter is named by its role and version).
 */
#ifndef SEPAL_MODEL_ACTION_H
#define SEPAL_MODEL_ACTION_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/json.h"

enum input_kind {
	INPUT_BLOB = 0,    /* a blob of the store */
	INPUT_FILE = 1,    /* a file of the work tree or the environment: `real`, checked against `digest` when staged */
	INPUT_INLINE = 2,  /* `bytes` */
	INPUT_DIRECTORY = 3, /* an empty directory */
	INPUT_PLATFORM = 4,  /* a link to `real`: the interpreter, not content-addressed */
};

struct action_input {
	const char *path; /* relative to the action's directory, no "..", sorted */
	enum input_kind kind;
	struct digest digest; /* of the bytes; zero for directories and platform links */
	uint64_t size;        /* of the bytes; not encoded. Of a file it is not known: 0 */
	const char *real;
	struct span bytes; /* INPUT_INLINE: the content; INPUT_PLATFORM: role and version, "cpython 3.11.7 linux" */
};

struct action {
	const char **argv; /* NULL-terminated; argv[0] may be a staged platform link */
	const char **env;  /* NAME=value, sorted, NULL-terminated: the whole environment */
	struct action_input *inputs;
	uint32_t input_count;
	const char **outputs; /* paths that may be written and are collected; sorted, NULL-terminated */
	uint32_t timeout_seconds; /* 0: none; not part of the digest */
};

/* A relative path of plain parts: nothing empty, no "." and no "..". */
bool action_path_is_inside(const char *path);

/* Sorts inputs, env and outputs and fills in the digests of inline inputs; BUG on duplicates, on paths that leave the
 * directory, on an input below something that is not a directory, and on text that is not UTF-8. */
void action_finish(struct action *a);
/* Canonical JSON document (the digest of its bytes is the action's digest). Blobs, files and inline inputs look the
 * same in it: where the bytes come from is this machine's affair. The action must be finished. */
struct js *action_encode(const struct action *a);
void action_digest(const struct action *a, struct digest *ret);

struct action_output {
	const char *path;
	struct span bytes;
	bool present;
};

struct action_outcome {
	int exit_status;   /* -1: killed by signal `signal` */
	int signal;
	bool timed_out;
	struct span out, err; /* at most 1 MiB each, the rest is dropped and said so */
	struct action_output *outputs; /* one per declared output, same order */
	uint32_t output_count;
	const char *undeclared; /* first path that was written, changed or removed though not an output; NULL if none */
};

#endif
