#include "remote/messages_execute.h"

#include <stdlib.h>
#include <string.h>

#include "remote/messages_internal.h"
#include "remote/proto/operations.pb-c.h"
#include "remote/proto/remote_execution.pb-c.h"
#include "sys/clock.h"

/* ---- sorted, as the API wants it ---- */

static int compare_pairs(const void *x, const void *y)
{
	const struct reapi_pair *a = *(const struct reapi_pair *const *)x, *b = *(const struct reapi_pair *const *)y;
	int by_name = strcmp(a->name, b->name);
	return by_name ? by_name : strcmp(a->value, b->value);
}

static int compare_strings(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static const struct reapi_pair **sorted_pairs(const struct reapi_pair *pairs, uint32_t count, struct arena *a)
{
	const struct reapi_pair **list = ARENA_ARRAY(a, const struct reapi_pair *, count);
	for (uint32_t i = 0; i < count; i++)
		list[i] = &pairs[i];
	if (count)
		qsort(list, count, sizeof *list, compare_pairs);
	return list;
}

static RE(Platform) *wire_platform(const struct reapi_pair *pairs, uint32_t count, struct arena *a)
{
	if (count == 0)
		return NULL;
	const struct reapi_pair **sorted = sorted_pairs(pairs, count, a);
	RE(Platform) *m = ARENA_NEW(a, RE(Platform));
	*m = (RE(Platform))RE_INIT(PLATFORM);
	m->n_properties = count;
	m->properties = ARENA_ARRAY(a, RE(Platform__Property) *, count);
	for (uint32_t i = 0; i < count; i++) {
		m->properties[i] = ARENA_NEW(a, RE(Platform__Property));
		*m->properties[i] = (RE(Platform__Property))RE_INIT(PLATFORM__PROPERTY);
		m->properties[i]->name = wire_string(sorted[i]->name);
		m->properties[i]->value = wire_string(sorted[i]->value);
	}
	return m;
}

/* ---- Command ---- */

static RE(Command__EnvironmentVariable) **wire_environment(const struct reapi_pair *pairs, uint32_t count,
							   struct arena *a)
{
	const struct reapi_pair **sorted = sorted_pairs(pairs, count, a);
	RE(Command__EnvironmentVariable) **list = ARENA_ARRAY(a, RE(Command__EnvironmentVariable) *, count);
	for (uint32_t i = 0; i < count; i++) {
		if (i && strcmp(sorted[i]->name, sorted[i - 1]->name) == 0)
			BUG("the variable %s is given twice", sorted[i]->name);
		list[i] = ARENA_NEW(a, RE(Command__EnvironmentVariable));
		*list[i] = (RE(Command__EnvironmentVariable))RE_INIT(COMMAND__ENVIRONMENT_VARIABLE);
		list[i]->name = wire_string(sorted[i]->name);
		list[i]->value = wire_string(sorted[i]->value);
	}
	return list;
}

static char **wire_strings(const char *const *strings, uint32_t count, struct arena *a)
{
	char **list = ARENA_ARRAY(a, char *, count);
	for (uint32_t i = 0; i < count; i++)
		list[i] = wire_string(strings[i]);
	return list;
}

void reapi_encode_command(const struct reapi_command *command, struct buf *out)
{
	struct arena a = ARENA_INIT;
	RE(Command) m = RE_INIT(COMMAND);
	m.n_arguments = command->argument_count;
	m.arguments = wire_strings(command->arguments, command->argument_count, &a);
	m.n_environment_variables = command->environment_count;
	m.environment_variables = wire_environment(command->environment, command->environment_count, &a);
	char **outputs = wire_strings(command->outputs, command->output_count, &a);
	if (command->output_count)
		qsort(outputs, command->output_count, sizeof *outputs, compare_strings);
	if (command->outputs_are_files) {
		m.n_output_files = command->output_count;
		m.output_files = outputs;
	} else {
		m.n_output_paths = command->output_count;
		m.output_paths = outputs;
	}
	m.working_directory = wire_string(command->working_dir);
	m.platform = wire_platform(command->platform, command->platform_count, &a);
	wire_pack(&m, out);
	arena_release(&a);
}

/* ---- Action ---- */

void reapi_encode_action(const struct reapi_action *action, struct buf *out)
{
	struct arena a = ARENA_INIT;
	RE(Action) m = RE_INIT(ACTION);
	Google__Protobuf__Duration timeout = GOOGLE__PROTOBUF__DURATION__INIT;
	timeout.seconds = action->timeout_ns / NS_PER_S;
	timeout.nanos = (int32_t)(action->timeout_ns % NS_PER_S);
	m.command_digest = wire_digest(&action->command, &a);
	m.input_root_digest = wire_digest(&action->input_root, &a);
	m.timeout = action->timeout_ns ? &timeout : NULL;
	m.do_not_cache = action->do_not_cache;
	m.salt = wire_bytes(action->salt);
	m.platform = wire_platform(action->platform, action->platform_count, &a);
	wire_pack(&m, out);
	arena_release(&a);
}

/* ---- Directory and Tree ---- */

static int compare_dir_files(const void *x, const void *y)
{
	const RE(FileNode) *a = *(RE(FileNode) *const *)x, *b = *(RE(FileNode) *const *)y;
	return strcmp(a->name, b->name);
}

static int compare_dir_dirs(const void *x, const void *y)
{
	const RE(DirectoryNode) *a = *(RE(DirectoryNode) *const *)x, *b = *(RE(DirectoryNode) *const *)y;
	return strcmp(a->name, b->name);
}

void reapi_encode_directory(const struct reapi_directory *dir, struct buf *out)
{
	struct arena a = ARENA_INIT;
	RE(Directory) m = RE_INIT(DIRECTORY);
	m.n_files = dir->file_count;
	m.files = ARENA_ARRAY(&a, RE(FileNode) *, dir->file_count);
	for (uint32_t i = 0; i < dir->file_count; i++) {
		m.files[i] = ARENA_NEW(&a, RE(FileNode));
		*m.files[i] = (RE(FileNode))RE_INIT(FILE_NODE);
		m.files[i]->name = wire_string(dir->files[i].name);
		m.files[i]->digest = wire_digest(&dir->files[i].blob, &a);
		m.files[i]->is_executable = dir->files[i].executable;
	}
	m.n_directories = dir->dir_count;
	m.directories = ARENA_ARRAY(&a, RE(DirectoryNode) *, dir->dir_count);
	for (uint32_t i = 0; i < dir->dir_count; i++) {
		m.directories[i] = ARENA_NEW(&a, RE(DirectoryNode));
		*m.directories[i] = (RE(DirectoryNode))RE_INIT(DIRECTORY_NODE);
		m.directories[i]->name = wire_string(dir->dirs[i].name);
		m.directories[i]->digest = wire_digest(&dir->dirs[i].blob, &a);
	}
	if (m.n_files)
		qsort(m.files, m.n_files, sizeof *m.files, compare_dir_files);
	if (m.n_directories)
		qsort(m.directories, m.n_directories, sizeof *m.directories, compare_dir_dirs);
	for (size_t i = 1; i < m.n_files; i++)
		if (strcmp(m.files[i]->name, m.files[i - 1]->name) == 0)
			BUG("the file %s is twice in a directory", m.files[i]->name);
	for (size_t i = 1; i < m.n_directories; i++)
		if (strcmp(m.directories[i]->name, m.directories[i - 1]->name) == 0)
			BUG("the directory %s is twice in a directory", m.directories[i]->name);
	wire_pack(&m, out);
	arena_release(&a);
}

/* Each list in strict order, and no name in two of them: merged, they are in strict order too. */
static bool names_are_unique(const RE(Directory) *m)
{
	size_t f = 0, d = 0, s = 0, count = m->n_files + m->n_directories + m->n_symlinks;
	const char *before = NULL;
	for (size_t i = 0; i < count; i++) {
		const char *file = f < m->n_files ? m->files[f]->name : NULL;
		const char *dir = d < m->n_directories ? m->directories[d]->name : NULL;
		const char *link = s < m->n_symlinks ? m->symlinks[s]->name : NULL;
		const char *least = file;
		if (dir && (!least || strcmp(dir, least) < 0))
			least = dir;
		if (link && (!least || strcmp(link, least) < 0))
			least = link;
		if (!reapi_name_is_fine(least) || (before && strcmp(before, least) >= 0))
			return false;
		before = least;
		if (least == file)
			f++;
		else if (least == dir)
			d++;
		else
			s++;
	}
	return true;
}

static bool wire_directory(const RE(Directory) *m, struct arena *a, struct reapi_directory *ret)
{
	*ret = (struct reapi_directory){ 0 };
	if (!wire_size_is_fine(m->n_files) || !wire_size_is_fine(m->n_directories) || !wire_size_is_fine(m->n_symlinks) ||
	    !names_are_unique(m))
		return false;
	ret->files = ARENA_ARRAY(a, struct reapi_dir_file, m->n_files);
	for (; ret->file_count < m->n_files; ret->file_count++) {
		const RE(FileNode) *f = m->files[ret->file_count];
		struct reapi_dir_file *to = &ret->files[ret->file_count];
		to->name = f->name;
		to->executable = f->is_executable;
		if (!wire_blob(f->digest, &to->blob))
			return false;
	}
	ret->dirs = ARENA_ARRAY(a, struct reapi_dir_dir, m->n_directories);
	for (; ret->dir_count < m->n_directories; ret->dir_count++) {
		struct reapi_dir_dir *to = &ret->dirs[ret->dir_count];
		to->name = m->directories[ret->dir_count]->name;
		if (!wire_blob(m->directories[ret->dir_count]->digest, &to->blob))
			return false;
	}
	ret->symlinks = ARENA_ARRAY(a, struct reapi_symlink, m->n_symlinks);
	for (; ret->symlink_count < m->n_symlinks; ret->symlink_count++) {
		const RE(SymlinkNode) *s = m->symlinks[ret->symlink_count];
		ret->symlinks[ret->symlink_count] = (struct reapi_symlink){ s->name, wire_text(s->target, a) };
	}
	return true;
}

bool reapi_decode_directory(struct span message, struct arena *a, struct reapi_directory *ret)
{
	RE(Directory) *m = wire_unpack(&RE_TYPE(directory), message, a);
	return m && wire_directory(m, a, ret);
}

bool reapi_decode_tree(struct span message, struct arena *a, struct reapi_tree *ret)
{
	RE(Tree) *m = wire_unpack(&RE_TYPE(tree), message, a);
	if (!m || !m->root || !wire_size_is_fine(m->n_children) || !wire_directory(m->root, a, &ret->root))
		return false;
	ret->child_count = (uint32_t)m->n_children;
	ret->children = ARENA_ARRAY(a, struct reapi_directory, m->n_children);
	ret->blobs = ARENA_ARRAY(a, struct remote_blob, m->n_children);
	bool ok = true;
	struct buf encoded = BUF_INIT;
	for (uint32_t i = 0; ok && i < ret->child_count; i++) {
		ok = wire_directory(m->children[i], a, &ret->children[i]);
		buf_reset(&encoded);
		/* with the fields that we do not know: they are part of the digest */
		wire_pack(m->children[i], &encoded);
		ret->blobs[i] = remote_blob_of(buf_span(&encoded));
	}
	buf_release(&encoded);
	return ok;
}

/* ---- Execution ---- */

void reapi_encode_execute(const struct reapi_execute *request, struct buf *out)
{
	struct arena a = ARENA_INIT;
	RE(ExecuteRequest) m = RE_INIT(EXECUTE_REQUEST);
	RE(ExecutionPolicy) policy = RE_INIT(EXECUTION_POLICY);
	policy.priority = request->priority;
	m.instance_name = wire_string(request->instance);
	m.action_digest = wire_digest(&request->action, &a);
	m.skip_cache_lookup = request->skip_cache;
	m.execution_policy = request->priority ? &policy : NULL;
	m.inline_stdout = request->inline_stdout;
	m.inline_stderr = request->inline_stderr;
	wire_pack(&m, out);
	arena_release(&a);
}

void reapi_encode_wait(const char *operation, struct buf *out)
{
	RE(WaitExecutionRequest) m = RE_INIT(WAIT_EXECUTION_REQUEST);
	m.name = wire_string(operation);
	wire_pack(&m, out);
}

void reapi_encode_cancel(const char *operation, struct buf *out)
{
	Google__Longrunning__CancelOperationRequest m = GOOGLE__LONGRUNNING__CANCEL_OPERATION_REQUEST__INIT;
	m.name = wire_string(operation);
	wire_pack(&m, out);
}

/* The message in an Any, if it is of this type: the URL's last part is the type's full name. */
static void *unpack_any(const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *type, struct arena *a)
{
	const char *slash = any ? strrchr(any->type_url, '/') : NULL;
	if (!slash || strcmp(slash + 1, type->name) != 0)
		return NULL;
	return wire_unpack(type, span_of_wire(any->value), a);
}

enum { DETAILS_LIMIT = 16 }; /* of a status that are looked at */

/* "blobs/HASH/SIZE", perhaps behind an instance name. */
static bool blob_of_subject(const char *subject, struct remote_blob *ret)
{
	const char *at = strstr(subject, "blobs/");
	if (!at)
		return false;
	at += strlen("blobs/");
	if (strnlen(at, DIGEST_HEX_SIZE + 2) < DIGEST_HEX_SIZE + 2 || at[DIGEST_HEX_SIZE] != '/' ||
	    !digest_from_hex(&ret->digest, (struct span){ at, DIGEST_HEX_SIZE }))
		return false;
	const char *digits = at + DIGEST_HEX_SIZE + 1;
	size_t len = strspn(digits, "0123456789");
	if (len == 0 || len > 18 || digits[len])
		return false;
	ret->size = strtoull(digits, NULL, 10);
	return true;
}

static void add_missing(const Google__Rpc__Status *status, struct arena *a, struct remote_blob **missing,
			uint32_t *count)
{
	for (size_t d = 0; status && d < status->n_details && d < DETAILS_LIMIT; d++) {
		const Google__Rpc__PreconditionFailure *f =
			unpack_any(status->details[d], &google__rpc__precondition_failure__descriptor, a);
		if (!f || !wire_size_is_fine(f->n_violations + *count))
			continue;
		struct remote_blob *more = ARENA_ARRAY(a, struct remote_blob, *count + f->n_violations);
		if (*count)
			memcpy(more, *missing, *count * sizeof *more);
		*missing = more;
		for (size_t i = 0; i < f->n_violations; i++)
			if (strcmp(f->violations[i]->type, "MISSING") == 0 &&
			    blob_of_subject(f->violations[i]->subject, &more[*count]))
				++*count;
	}
}

static bool decode_response(const RE(ExecuteResponse) *m, struct arena *a, struct reapi_operation *ret)
{
	ret->has_response = true;
	ret->status = wire_status(m->status, a);
	ret->message = wire_text(m->message, a);
	ret->cached = m->cached_result;
	add_missing(m->status, a, &ret->missing, &ret->missing_count);
	ret->has_result = m->result;
	return !m->result || wire_result(m->result, a, &ret->result);
}

bool reapi_decode_operation(struct span message, struct arena *a, struct reapi_operation *ret)
{
	Google__Longrunning__Operation *m = wire_unpack(&google__longrunning__operation__descriptor, message, a);
	if (!m || strnlen(m->name, REAPI_PATH_LIMIT) == REAPI_PATH_LIMIT)
		return false;
	*ret = (struct reapi_operation){ .name = m->name, .done = m->done, .message = "" };
	ret->status = ret->error = wire_status(NULL, a);
	const RE(ExecuteOperationMetadata) *metadata =
		unpack_any(m->metadata, &RE_TYPE(execute_operation_metadata), a);
	if (metadata && (int)metadata->stage >= REAPI_STAGE_UNKNOWN && (int)metadata->stage <= REAPI_STAGE_COMPLETED)
		ret->stage = (enum reapi_stage)metadata->stage;
	if (m->result_case == GOOGLE__LONGRUNNING__OPERATION__RESULT_ERROR) {
		ret->error = wire_status(m->error, a);
		add_missing(m->error, a, &ret->missing, &ret->missing_count);
	}
	if (m->result_case != GOOGLE__LONGRUNNING__OPERATION__RESULT_RESPONSE)
		return true;
	const RE(ExecuteResponse) *response = unpack_any(m->response, &RE_TYPE(execute_response), a);
	return response && decode_response(response, a, ret);
}

bool reapi_decode_status(struct span message, struct arena *a, struct reapi_status *ret, struct remote_blob **missing,
			 uint32_t *ret_count)
{
	Google__Rpc__Status *m = wire_unpack(&google__rpc__status__descriptor, message, a);
	if (!m)
		return false;
	*ret = wire_status(m, a);
	*missing = NULL;
	*ret_count = 0;
	add_missing(m, a, missing, ret_count);
	return true;
}
