#include "remote/messages.h"

#include <stdlib.h>
#include <string.h>

#include "remote/messages_internal.h"
#include "remote/proto/bytestream.pb-c.h"
#include "remote/proto/remote_execution.pb-c.h"
#include "sys/clock.h"

#define ZSTD_WIRE BUILD__BAZEL__REMOTE__EXECUTION__V2__COMPRESSOR__VALUE__ZSTD
#define IDENTITY_WIRE BUILD__BAZEL__REMOTE__EXECUTION__V2__COMPRESSOR__VALUE__IDENTITY
#define SHA256_WIRE BUILD__BAZEL__REMOTE__EXECUTION__V2__DIGEST_FUNCTION__VALUE__SHA256

/* ---- Capabilities ---- */

void reapi_encode_get_capabilities(const char *instance, struct buf *out)
{
	RE(GetCapabilitiesRequest) m = RE_INIT(GET_CAPABILITIES_REQUEST);
	m.instance_name = wire_string(instance);
	wire_pack(&m, out);
}

static bool lists_value(size_t count, const int *values, int wanted)
{
	for (size_t i = 0; i < count; i++)
		if (values[i] == wanted)
			return true;
	return false;
}

/* The generated enums are ints of another name. */
#define LISTS(m, list, wanted) lists_value((m)->n_##list, (const int *)(m)->list, (wanted))
_Static_assert(sizeof(RE(Compressor__Value)) == sizeof(int) && sizeof(RE(DigestFunction__Value)) == sizeof(int),
	       "enums of the wire are ints");

static bool cache_capabilities(const RE(CacheCapabilities) *c, struct reapi_capabilities *ret)
{
	if (c->max_batch_total_size_bytes < 0 || c->max_cas_blob_size_bytes < 0)
		return false;
	ret->has_cache = true;
	/* 2.0 servers that leave the list empty mean the function of the API's first days */
	ret->cache_sha256 = c->n_digest_functions == 0 || LISTS(c, digest_functions, SHA256_WIRE);
	ret->update_enabled = c->action_cache_update_capabilities && c->action_cache_update_capabilities->update_enabled;
	ret->zstd = LISTS(c, supported_compressors, ZSTD_WIRE);
	ret->zstd_update = LISTS(c, supported_batch_update_compressors, ZSTD_WIRE);
	ret->batch_limit = (uint64_t)c->max_batch_total_size_bytes;
	ret->blob_limit = (uint64_t)c->max_cas_blob_size_bytes;
	return true;
}

bool reapi_decode_capabilities(struct span message, struct arena *a, struct reapi_capabilities *ret)
{
	RE(ServerCapabilities) *m = wire_unpack(&RE_TYPE(server_capabilities), message, a);
	if (!m)
		return false;
	*ret = (struct reapi_capabilities){ 0 };
	if (m->low_api_version && m->high_api_version) {
		ret->has_versions = true;
		ret->low = (struct reapi_version){ m->low_api_version->major, m->low_api_version->minor };
		ret->high = (struct reapi_version){ m->high_api_version->major, m->high_api_version->minor };
	}
	if (m->execution_capabilities) {
		const RE(ExecutionCapabilities) *e = m->execution_capabilities;
		ret->executes = e->exec_enabled;
		ret->execution_sha256 = (int)e->digest_function == SHA256_WIRE || LISTS(e, digest_functions, SHA256_WIRE);
	}
	return !m->cache_capabilities || cache_capabilities(m->cache_capabilities, ret);
}

/* ---- ActionCache ---- */

void reapi_encode_get_result(const char *instance, const struct remote_blob *action, bool inline_stdout,
			     struct buf *out)
{
	struct arena a = ARENA_INIT;
	RE(GetActionResultRequest) m = RE_INIT(GET_ACTION_RESULT_REQUEST);
	m.instance_name = wire_string(instance);
	m.action_digest = wire_digest(action, &a);
	m.inline_stdout = inline_stdout;
	wire_pack(&m, out);
	arena_release(&a);
}

static int compare_files(const void *x, const void *y)
{
	const RE(OutputFile) *a = *(RE(OutputFile) *const *)x, *b = *(RE(OutputFile) *const *)y;
	return strcmp(a->path, b->path);
}

static RE(ActionResult) *result_to_wire(const struct reapi_result *r, struct arena *a)
{
	RE(ActionResult) *m = ARENA_NEW(a, RE(ActionResult));
	*m = (RE(ActionResult))RE_INIT(ACTION_RESULT);
	m->exit_code = r->exit_code;
	m->stdout_raw = wire_bytes(r->out.raw);
	m->stderr_raw = wire_bytes(r->err.raw);
	m->stdout_digest = r->out.has_blob ? wire_digest(&r->out.blob, a) : NULL;
	m->stderr_digest = r->err.has_blob ? wire_digest(&r->err.blob, a) : NULL;
	m->n_output_files = r->file_count;
	m->output_files = ARENA_ARRAY(a, RE(OutputFile) *, r->file_count);
	for (uint32_t i = 0; i < r->file_count; i++) {
		RE(OutputFile) *f = m->output_files[i] = ARENA_NEW(a, RE(OutputFile));
		*f = (RE(OutputFile))RE_INIT(OUTPUT_FILE);
		f->path = wire_string(r->files[i].path);
		f->digest = wire_digest(&r->files[i].blob, a);
		f->is_executable = r->files[i].executable;
		f->contents = wire_bytes(r->files[i].contents);
	}
	if (r->file_count)
		qsort(m->output_files, r->file_count, sizeof *m->output_files, compare_files);
	m->n_output_directories = r->dir_count;
	m->output_directories = ARENA_ARRAY(a, RE(OutputDirectory) *, r->dir_count);
	for (uint32_t i = 0; i < r->dir_count; i++) {
		RE(OutputDirectory) *d = m->output_directories[i] = ARENA_NEW(a, RE(OutputDirectory));
		*d = (RE(OutputDirectory))RE_INIT(OUTPUT_DIRECTORY);
		d->path = wire_string(r->dirs[i].path);
		d->tree_digest = wire_digest(&r->dirs[i].tree, a);
	}
	return m;
}

void reapi_encode_result(const struct reapi_result *r, struct buf *out)
{
	struct arena a = ARENA_INIT;
	wire_pack(result_to_wire(r, &a), out);
	arena_release(&a);
}

void reapi_encode_update_result(const char *instance, const struct remote_blob *action, struct span result,
				struct buf *out)
{
	struct arena a = ARENA_INIT;
	RE(UpdateActionResultRequest) m = RE_INIT(UPDATE_ACTION_RESULT_REQUEST);
	m.instance_name = wire_string(instance);
	m.action_digest = wire_digest(action, &a);
	m.action_result = wire_unpack(&RE_TYPE(action_result), result, &a);
	if (!m.action_result)
		BUG("an action result that was encoded here does not parse");
	wire_pack(&m, out);
	arena_release(&a);
}

static bool result_lists(const RE(ActionResult) *m, struct arena *a, struct reapi_result *ret)
{
	if (!wire_size_is_fine(m->n_output_files) || !wire_size_is_fine(m->n_output_directories) ||
	    !wire_size_is_fine(m->n_output_symlinks))
		return false;
	ret->files = ARENA_ARRAY(a, struct reapi_file, m->n_output_files);
	for (; ret->file_count < m->n_output_files; ret->file_count++) {
		const RE(OutputFile) *f = m->output_files[ret->file_count];
		struct reapi_file *to = &ret->files[ret->file_count];
		*to = (struct reapi_file){ .path = f->path, .executable = f->is_executable,
					   .contents = span_of_wire(f->contents) };
		if (!reapi_path_is_fine(f->path) || !wire_blob(f->digest, &to->blob))
			return false;
	}
	ret->dirs = ARENA_ARRAY(a, struct reapi_output_dir, m->n_output_directories);
	for (; ret->dir_count < m->n_output_directories; ret->dir_count++) {
		const RE(OutputDirectory) *d = m->output_directories[ret->dir_count];
		struct reapi_output_dir *to = &ret->dirs[ret->dir_count];
		to->path = d->path;
		if ((*d->path && !reapi_path_is_fine(d->path)) || !wire_blob(d->tree_digest, &to->tree))
			return false;
	}
	ret->symlinks = ARENA_ARRAY(a, struct reapi_symlink, m->n_output_symlinks);
	for (; ret->symlink_count < m->n_output_symlinks; ret->symlink_count++) {
		const RE(OutputSymlink) *s = m->output_symlinks[ret->symlink_count];
		if (!reapi_path_is_fine(s->path))
			return false;
		ret->symlinks[ret->symlink_count] = (struct reapi_symlink){ s->path, wire_text(s->target, a) };
	}
	return true;
}

static bool stream_of_wire(ProtobufCBinaryData raw, const RE(Digest) *digest, struct reapi_stream *ret)
{
	ret->raw = span_of_wire(raw);
	ret->has_blob = digest && (*digest->hash || digest->size_bytes);
	return !ret->has_blob || wire_blob(digest, &ret->blob);
}

/* Times that no calendar has count as not told. */
static int64_t wire_time(const Google__Protobuf__Timestamp *t)
{
	if (!t || t->seconds < 0 || t->seconds > INT32_MAX * INT64_C(4) || t->nanos < 0 || t->nanos >= NS_PER_S)
		return 0;
	return t->seconds * NS_PER_S + t->nanos;
}

bool wire_result(const RE(ActionResult) *m, struct arena *a, struct reapi_result *ret)
{
	*ret = (struct reapi_result){ .exit_code = m->exit_code, .worker = "" };
	if (m->execution_metadata) {
		const RE(ExecutedActionMetadata) *e = m->execution_metadata;
		ret->worker = wire_text(e->worker, a);
		ret->queued_ns = wire_time(e->queued_timestamp);
		ret->started_ns = wire_time(e->execution_start_timestamp ? e->execution_start_timestamp
									  : e->worker_start_timestamp);
		ret->completed_ns = wire_time(e->execution_completed_timestamp ? e->execution_completed_timestamp
									       : e->worker_completed_timestamp);
	}
	return result_lists(m, a, ret) && stream_of_wire(m->stdout_raw, m->stdout_digest, &ret->out) &&
	       stream_of_wire(m->stderr_raw, m->stderr_digest, &ret->err);
}

bool reapi_decode_result(struct span message, struct arena *a, struct reapi_result *ret)
{
	RE(ActionResult) *m = wire_unpack(&RE_TYPE(action_result), message, a);
	return m && wire_result(m, a, ret);
}

/* ---- ContentAddressableStorage ---- */

static RE(Digest) **wire_digests(const struct remote_blob *blobs, uint32_t count, struct arena *a)
{
	RE(Digest) **list = ARENA_ARRAY(a, RE(Digest) *, count);
	for (uint32_t i = 0; i < count; i++)
		list[i] = wire_digest(&blobs[i], a);
	return list;
}

void reapi_encode_find_missing(const char *instance, const struct remote_blob *blobs, uint32_t count, struct buf *out)
{
	struct arena a = ARENA_INIT;
	RE(FindMissingBlobsRequest) m = RE_INIT(FIND_MISSING_BLOBS_REQUEST);
	m.instance_name = wire_string(instance);
	m.n_blob_digests = count;
	m.blob_digests = wire_digests(blobs, count, &a);
	wire_pack(&m, out);
	arena_release(&a);
}

bool reapi_decode_find_missing(struct span message, struct arena *a, struct remote_blob **ret, uint32_t *ret_count)
{
	RE(FindMissingBlobsResponse) *m = wire_unpack(&RE_TYPE(find_missing_blobs_response), message, a);
	if (!m || !wire_size_is_fine(m->n_missing_blob_digests))
		return false;
	*ret = ARENA_ARRAY(a, struct remote_blob, m->n_missing_blob_digests);
	*ret_count = (uint32_t)m->n_missing_blob_digests;
	for (uint32_t i = 0; i < *ret_count; i++)
		if (!wire_blob(m->missing_blob_digests[i], &(*ret)[i]))
			return false;
	return true;
}

void reapi_encode_batch_update(const char *instance, const struct reapi_update *updates, uint32_t count,
			       struct buf *out)
{
	struct arena a = ARENA_INIT;
	RE(BatchUpdateBlobsRequest) m = RE_INIT(BATCH_UPDATE_BLOBS_REQUEST);
	m.instance_name = wire_string(instance);
	m.n_requests = count;
	m.requests = ARENA_ARRAY(&a, RE(BatchUpdateBlobsRequest__Request) *, count);
	for (uint32_t i = 0; i < count; i++) {
		RE(BatchUpdateBlobsRequest__Request) *r = ARENA_NEW(&a, RE(BatchUpdateBlobsRequest__Request));
		*r = (RE(BatchUpdateBlobsRequest__Request))RE_INIT(BATCH_UPDATE_BLOBS_REQUEST__REQUEST);
		r->digest = wire_digest(&updates[i].blob, &a);
		r->data = wire_bytes(updates[i].data);
		r->compressor = updates[i].zstd ? ZSTD_WIRE : IDENTITY_WIRE;
		m.requests[i] = r;
	}
	wire_pack(&m, out);
	arena_release(&a);
}

bool reapi_decode_batch_update(struct span message, struct arena *a, struct reapi_answer **ret, uint32_t *ret_count)
{
	RE(BatchUpdateBlobsResponse) *m = wire_unpack(&RE_TYPE(batch_update_blobs_response), message, a);
	if (!m || !wire_size_is_fine(m->n_responses))
		return false;
	*ret = ARENA_ARRAY(a, struct reapi_answer, m->n_responses);
	*ret_count = (uint32_t)m->n_responses;
	for (uint32_t i = 0; i < *ret_count; i++) {
		(*ret)[i].status = wire_status(m->responses[i]->status, a);
		if (!wire_blob(m->responses[i]->digest, &(*ret)[i].blob))
			return false;
	}
	return true;
}

void reapi_encode_batch_read(const char *instance, const struct remote_blob *blobs, uint32_t count, bool accept_zstd,
			     struct buf *out)
{
	struct arena a = ARENA_INIT;
	RE(Compressor__Value) accepted[] = { IDENTITY_WIRE, ZSTD_WIRE };
	RE(BatchReadBlobsRequest) m = RE_INIT(BATCH_READ_BLOBS_REQUEST);
	m.instance_name = wire_string(instance);
	m.n_digests = count;
	m.digests = wire_digests(blobs, count, &a);
	if (accept_zstd) {
		m.n_acceptable_compressors = 2;
		m.acceptable_compressors = accepted;
	}
	wire_pack(&m, out);
	arena_release(&a);
}

bool reapi_decode_batch_read(struct span message, struct arena *a, struct reapi_answer **ret, uint32_t *ret_count)
{
	RE(BatchReadBlobsResponse) *m = wire_unpack(&RE_TYPE(batch_read_blobs_response), message, a);
	if (!m || !wire_size_is_fine(m->n_responses))
		return false;
	*ret = ARENA_ARRAY(a, struct reapi_answer, m->n_responses);
	*ret_count = (uint32_t)m->n_responses;
	for (uint32_t i = 0; i < *ret_count; i++) {
		const RE(BatchReadBlobsResponse__Response) *r = m->responses[i];
		struct reapi_answer *to = &(*ret)[i];
		to->status = wire_status(r->status, a);
		to->data = span_of_wire(r->data);
		to->zstd = r->compressor == ZSTD_WIRE;
		if (!wire_blob(r->digest, &to->blob) || (r->compressor != ZSTD_WIRE && r->compressor != IDENTITY_WIRE))
			return false;
	}
	return true;
}

/* ---- google.bytestream ---- */

static void add_blob_name(const char *kind, const struct remote_blob *blob, bool zstd, struct buf *out)
{
	char hex[DIGEST_HEX_SIZE + 1];
	digest_hex(&blob->digest, hex);
	buf_addf(out, "%s%s/%s/%llu", kind, zstd ? "compressed-blobs/zstd" : "blobs", hex,
		 (unsigned long long)blob->size);
}

void reapi_read_name(const char *instance, const struct remote_blob *blob, bool zstd, struct buf *out)
{
	buf_addf(out, "%s%s", instance, *instance ? "/" : "");
	add_blob_name("", blob, zstd, out);
}

void reapi_write_name(const char *instance, const char *uuid, const struct remote_blob *blob, bool zstd,
		      struct buf *out)
{
	buf_addf(out, "%s%suploads/%s", instance, *instance ? "/" : "", uuid);
	add_blob_name("/", blob, zstd, out);
}

void reapi_encode_read(const char *resource, struct buf *out)
{
	Google__Bytestream__ReadRequest m = GOOGLE__BYTESTREAM__READ_REQUEST__INIT;
	m.resource_name = wire_string(resource);
	wire_pack(&m, out);
}

bool reapi_decode_read(struct span message, struct arena *a, struct span *ret_data)
{
	Google__Bytestream__ReadResponse *m = wire_unpack(&google__bytestream__read_response__descriptor, message, a);
	if (m)
		*ret_data = span_of_wire(m->data);
	return m;
}

void reapi_encode_write(const char *resource, uint64_t offset, struct span data, bool last, struct buf *out)
{
	Google__Bytestream__WriteRequest m = GOOGLE__BYTESTREAM__WRITE_REQUEST__INIT;
	m.resource_name = wire_string(resource);
	m.write_offset = (int64_t)offset;
	m.finish_write = last;
	m.data = wire_bytes(data);
	wire_pack(&m, out);
}

bool reapi_decode_write(struct span message, struct arena *a, int64_t *ret_committed)
{
	Google__Bytestream__WriteResponse *m = wire_unpack(&google__bytestream__write_response__descriptor, message, a);
	if (m)
		*ret_committed = m->committed_size;
	return m;
}

/* ---- about the client ---- */

static char *string_or_empty(const char *s)
{
	return wire_string(s ? s : "");
}

void reapi_encode_metadata(const struct reapi_metadata *metadata, struct buf *out)
{
	RE(ToolDetails) tool = RE_INIT(TOOL_DETAILS);
	RE(RequestMetadata) m = RE_INIT(REQUEST_METADATA);
	tool.tool_name = string_or_empty(metadata->tool_name);
	tool.tool_version = string_or_empty(metadata->tool_version);
	m.tool_details = &tool;
	m.action_id = string_or_empty(metadata->action_id);
	m.tool_invocation_id = string_or_empty(metadata->invocation_id);
	m.correlated_invocations_id = string_or_empty(metadata->correlated_id);
	m.action_mnemonic = string_or_empty(metadata->mnemonic);
	m.target_id = string_or_empty(metadata->target);
	wire_pack(&m, out);
}
