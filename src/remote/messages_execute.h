/*
 * The messages of the Remote Execution API that describe and run an action: what is uploaded (Command, Action,
 * Directory), what is sent (Execute, WaitExecution) and what comes back (a stream of Operation). The rules of
 * remote/messages.h for encoding and decoding hold here too. An action's digest is that of its encoded bytes, so what
 * the API wants sorted the encoders sort: platform properties, environment variables, output paths, the names in a
 * directory. A name that is given twice is a BUG.
 */
#ifndef SEPAL_REMOTE_MESSAGES_EXECUTE_H
#define SEPAL_REMOTE_MESSAGES_EXECUTE_H

#include "remote/messages.h"

/* ---- what is uploaded ---- */

struct reapi_pair {
	const char *name, *value;
};

struct reapi_command {
	const char *const *arguments;
	uint32_t argument_count;
	const struct reapi_pair *environment;
	uint32_t environment_count;
	const char *const *outputs; /* relative to working_dir: files or directories */
	uint32_t output_count;
	const char *working_dir; /* relative to the input root; "" */
	/* Servers before 2.2 look for the platform here, later ones in the action: give it to both. */
	const struct reapi_pair *platform;
	uint32_t platform_count;
	/* Servers that know nothing later than 2.0 want `outputs` as output_files. They are then not written as
	 * output_paths. */
	bool outputs_are_files;
};

void reapi_encode_command(const struct reapi_command *command, struct buf *out);

struct reapi_action {
	struct remote_blob command, input_root;
	int64_t timeout_ns; /* 0: the server's own */
	bool do_not_cache;
	struct span salt;
	const struct reapi_pair *platform;
	uint32_t platform_count;
};

void reapi_encode_action(const struct reapi_action *action, struct buf *out);

struct reapi_dir_file {
	const char *name;
	struct remote_blob blob;
	bool executable;
};

struct reapi_dir_dir {
	const char *name;
	struct remote_blob blob; /* of its encoded Directory */
};

struct reapi_directory {
	struct reapi_dir_file *files;
	struct reapi_dir_dir *dirs;
	struct reapi_symlink *symlinks; /* `path` is a name; never encoded */
	uint32_t file_count, dir_count, symlink_count;
};

void reapi_encode_directory(const struct reapi_directory *dir, struct buf *out);
/* Names are fine, sorted and no name is there twice, also not as another kind. */
bool reapi_decode_directory(struct span message, struct arena *a, struct reapi_directory *ret);

/* `blobs[i]` names children[i], as the digest of its canonical encoding; the root is trees' own. That every directory
 * which a tree names is among them, and that there is no cycle, follows from the digests where it is looked up. */
struct reapi_tree {
	struct reapi_directory root;
	struct reapi_directory *children;
	struct remote_blob *blobs;
	uint32_t child_count;
};

bool reapi_decode_tree(struct span message, struct arena *a, struct reapi_tree *ret);

/* ---- Execution ---- */

struct reapi_execute {
	const char *instance;
	struct remote_blob action;
	int32_t priority; /* lower is earlier; 0 is the default */
	bool skip_cache;
	bool inline_stdout, inline_stderr;
};

void reapi_encode_execute(const struct reapi_execute *request, struct buf *out);
void reapi_encode_wait(const char *operation, struct buf *out);
void reapi_encode_cancel(const char *operation, struct buf *out); /* google.longrunning.Operations/CancelOperation */

enum reapi_stage {
	REAPI_STAGE_UNKNOWN, /* also: not told (buildbox-casd never does), or one that we do not know */
	REAPI_STAGE_CACHE_CHECK,
	REAPI_STAGE_QUEUED,
	REAPI_STAGE_EXECUTING,
	REAPI_STAGE_COMPLETED,
};

/* One message of the stream that Execute and WaitExecution answer with. */
struct reapi_operation {
	const char *name; /* for reapi_encode_wait; "" */
	enum reapi_stage stage;
	bool done;
	/* When done: either an error of the operation, or the response. */
	bool has_response;
	struct reapi_status error;    /* code 0 when there is none */
	struct reapi_status status;   /* of the response: how the execution went */
	const char *message;          /* of the response: for people */
	bool cached;                  /* of the response */
	bool has_result;              /* of the response */
	struct reapi_result result;
	/* Input blobs that the server said it does not have (PreconditionFailure in either status). */
	struct remote_blob *missing;
	uint32_t missing_count;
};

bool reapi_decode_operation(struct span message, struct arena *a, struct reapi_operation *ret);
/* The details of a failed call, from its grpc-status-details-bin: a google.rpc.Status. */
bool reapi_decode_status(struct span message, struct arena *a, struct reapi_status *ret, struct remote_blob **missing,
			 uint32_t *ret_count);

#endif
