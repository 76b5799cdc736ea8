/* The remote runner: what an action needs, and where its bytes are. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "exec/run_remote_internal.h"
#include "sys/fs.h"

enum { FILE_LIMIT = 256 * 1024 * 1024 }; /* one input */

/* ---- what all actions have ---- */

static void add_source(struct remote_runner *r, const struct remote_blob *blob, const char *path)
{
	if (map_get(&r->sources, (struct span){ (const char *)blob, sizeof *blob }))
		return;
	struct remote_source *s = ARENA_NEW(&r->arena, struct remote_source);
	*s = (struct remote_source){ *blob, arena_strdup(&r->arena, path) };
	VEC_GROW(r->source_list, r->sources.count, r->source_cap);
	r->source_list[r->sources.count] = *s;
	map_put(&r->sources, (struct span){ (const char *)&s->blob, sizeof s->blob }, r->sources.count, NULL);
}

static int read_wrapper(struct remote_runner *r, struct remote_need *ret, struct err *err)
{
	struct buf bytes = BUF_INIT;
	if (fs_read(r->remote.wrapper, FILE_LIMIT, &bytes, err)) {
		buf_release(&bytes);
		return -1;
	}
	*ret = (struct remote_need){ remote_blob_of(buf_span(&bytes)), arena_span(&r->arena, buf_span(&bytes)), NULL };
	buf_release(&bytes);
	return 0;
}

int remote_inputs_prepare(struct remote_runner *r, struct err *err)
{
	uint32_t n = r->remote.file_count;
	struct tree_file *files = ARENA_ARRAY(&r->arena, struct tree_file, n + 1);
	struct remote_need wrapper;
	struct remote_tree tree;
	if (read_wrapper(r, &wrapper, err))
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		const struct remote_file *f = &r->remote.files[i];
		files[i] = (struct tree_file){ f->name, f->blob, false };
		add_source(r, &f->blob, f->path);
	}
	remote_tree_make(files, n, &r->arena, &tree);
	r->common = ARENA_ARRAY(&r->arena, struct remote_need, n + tree.need_count + 1);
	r->common[r->common_count++] = wrapper;
	for (uint32_t i = 0; i < n; i++)
		r->common[r->common_count++].blob = r->remote.files[i].blob;
	for (uint32_t i = 0; i < tree.need_count; i++)
		r->common[r->common_count++] = tree.needs[i];
	r->shape = (struct remote_shape){
		.python = r->remote.python,
		.platform = r->remote.platform,
		.platform_count = r->remote.platform_count,
		.timeout_ns = r->config.timeout_seconds * NS_PER_S,
		.outputs_are_files = executor_outputs_are_files(r->executor),
		.wrapper = wrapper.blob,
		.has_checker = n > 0,
		.checker = tree.root,
	};
	return 0;
}

void remote_inputs_release(struct remote_runner *r)
{
	map_release(&r->sources);
	free(r->source_list);
}

/* ---- one action ---- */

int remote_inputs_make(struct remote_run *run, struct err *err)
{
	struct remote_runner *r = run->runner;
	const struct checker_setup *setup = r->config.setup;
	setup->checker->action_make(setup, run->spec, &run->arena, &run->action);
	for (uint32_t i = 0; i < run->action.input_count; i++) {
		struct action_input *in = &run->action.inputs[i];
		struct file_stat st;
		if (in->kind != INPUT_FILE)
			continue;
		if (fs_stat(in->real, &st, err))
			return -1;
		if (st.kind != FILE_REGULAR)
			return err_set(err, ERR_IO, "%s has gone since it was looked at; run the command again", in->real);
		in->size = st.size;
		add_source(r, &(struct remote_blob){ in->digest, in->size }, in->real);
	}
	remote_action_make(&run->action, &r->shape, &run->arena, &run->remote);
	return 0;
}

/* ---- their bytes ---- */

static int read_source(struct remote_runner *r, const struct remote_blob *blob, const char *path, struct buf *out,
		       struct err *err)
{
	struct buf bytes = BUF_INIT;
	char hex[DIGEST_HEX_SIZE + 1];
	bool found = false;
	int rc;
	digest_hex(&blob->digest, hex);
	if (path) {
		rc = fs_read(path, FILE_LIMIT, &bytes, err);
		if (rc == 0 && !remote_blob_is(blob, buf_span(&bytes)))
			rc = err_set(err, ERR_IO, "%s has changed since it was looked at; run the command again", path);
	} else {
		rc = store_get(r->config.store, &blob->digest, &bytes, &found, err);
		if (rc == 0 && (!found || !remote_blob_is(blob, buf_span(&bytes))))
			rc = err_set(err, ERR_CORRUPT,
				     "blob %s, which the action needs, is not in the store, or was not what its name says", hex);
	}
	if (rc == 0)
		buf_add_span(out, buf_span(&bytes));
	buf_release(&bytes);
	return rc;
}

bool remote_inputs_read(void *ctx, const struct remote_blob *blob, struct buf *out)
{
	struct remote_runner *r = ctx;
	struct err err = ERR_INIT;
	uint32_t *at = map_get(&r->sources, (struct span){ (const char *)blob, sizeof *blob });
	if (!read_source(r, blob, at ? r->source_list[*at].path : NULL, out, &err))
		return true;
	if (!err_is_set(&r->unread))
		err_move(&r->unread, &err);
	err_release(&err);
	return false;
}

void remote_inputs_put(struct remote_run *run, void (*done)(void *ctx, enum remote_answer answer))
{
	struct remote_runner *r = run->runner;
	uint32_t n = 0, common = r->common_is_there ? 0 : r->common_count, count = run->remote.need_count + common;
	struct remote_blob *blobs = xcalloc(count, sizeof *blobs);
	struct span *bytes = xcalloc(count, sizeof *bytes);
	for (uint32_t i = 0; i < count; i++) {
		const struct remote_need *need = i < common ? &r->common[i] : &run->remote.needs[i - common];
		blobs[n] = need->blob;
		bytes[n++] = need->bytes;
	}
	remote_put_blobs(r->cache, blobs, bytes, count, done, run);
	free(blobs);
	free(bytes);
}
