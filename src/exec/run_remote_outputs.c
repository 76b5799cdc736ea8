/*
 * The remote runner: what came back. A result names its outputs by digest; their bytes are fetched, verified (by
 * remote/cache.h, or here where the server sent them along), and put together to what the process runner would have
 * seen. Everything in a result is somebody else's word: what is not as src/worker/sepal_remote_action.py writes it is
 * the executor's fault, and the unit runs elsewhere.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "exec/deliver.h"
#include "exec/run_remote_internal.h"

enum {
	OUTPUT_LIMIT = 256 * 1024 * 1024, /* of one unit, in all */
	OWN_OUTPUTS = 3,                  /* status, stdout, stderr */
	WRONG_INTERPRETER = 3,
	TOLD = 400,                       /* of what an action said */
};

/* ---- the result, as ours ---- */

/* A copy that outlives the answer, without what is none of our outputs; they are not more than were asked for. */
static void keep_result(struct remote_run *run, const struct reapi_result *from)
{
	struct reapi_result *to = &run->result;
	uint32_t most = OWN_OUTPUTS;
	while (run->action.outputs[most - OWN_OUTPUTS])
		most++;
	*to = (struct reapi_result){ .exit_code = from->exit_code, .err = from->err };
	to->err.raw = arena_span(&run->arena, from->err.raw);
	to->files = ARENA_ARRAY(&run->arena, struct reapi_file, most);
	for (uint32_t i = 0; i < from->file_count && to->file_count < most; i++) {
		struct reapi_file *f = &to->files[to->file_count];
		if (strncmp(from->files[i].path, "out/", 4) != 0)
			continue;
		*f = from->files[i];
		f->path = arena_strdup(&run->arena, f->path);
		f->contents = remote_blob_is(&f->blob, f->contents) ? arena_span(&run->arena, f->contents) :
								      (struct span){ NULL, 0 };
		to->file_count++;
	}
}

static struct span file_of(const struct remote_run *run, const char *path, bool *ret_there)
{
	for (uint32_t i = 0; i < run->result.file_count; i++)
		if (strcmp(run->result.files[i].path, path) == 0) {
			*ret_there = true;
			return run->result.files[i].contents;
		}
	*ret_there = false;
	return (struct span){ "", 0 };
}

/* ---- what it means ---- */

/* The executor's machines cannot run this, whatever is asked of them: that is for the user to change. */
static void fail_unfit(struct remote_run *run, const char *what)
{
	struct remote_runner *r = run->runner;
	struct err err = ERR_INIT;
	if (!err_is_set(&r->unfit))
		err_set(&r->unfit, ERR_CHECKER,
			"the executor's machines %s, and the checker here runs with Python %s; name an interpreter of that version "
			"with --remote-python, or machines that have it with --remote-platform",
			what, r->config.setup->python_version);
	err_set(&err, r->unfit.kind, "%s", r->unfit.message);
	remote_run_fail(run, &err);
}

static struct js *read_status(const struct remote_run *run)
{
	struct js *status = NULL;
	struct err ignored = ERR_INIT;
	bool there;
	struct span text = file_of(run, REMOTE_OUTPUT_STATUS, &there);
	if (there && js_parse(text, "the status of an action", &status, &ignored))
		err_release(&ignored);
	return status;
}

static int take_outcome(struct remote_run *run, const struct js *status, struct action_outcome *ret, struct err *err)
{
	uint32_t count = 0;
	bool ignored;
	const char *odd = js_get_string(status, "undeclared", NULL);
	if (js_get_int(status, "version", 0) != 1 || !js_is_int(js_get(status, "exit")))
		return err_set(err, ERR_PROTOCOL, "the action left no status that makes sense");
	while (run->action.outputs[count])
		count++;
	*ret = (struct action_outcome){
		.exit_status = (int)js_get_int(status, "exit", -1),
		.signal = (int)js_get_int(status, "signal", 0),
		.out = file_of(run, REMOTE_OUTPUT_STDOUT, &ignored),
		.err = file_of(run, REMOTE_OUTPUT_STDERR, &ignored),
		.outputs = ARENA_ARRAY(&run->arena, struct action_output, count + 1),
		.output_count = count,
		.undeclared = odd ? arena_strdup(&run->arena, odd) : NULL,
	};
	for (uint32_t i = 0; i < count; i++) {
		struct action_output *o = &ret->outputs[i];
		o->path = run->action.outputs[i];
		o->bytes = file_of(run, remote_output_path(i, &run->arena), &o->present);
	}
	return 0;
}

/* A crash that the cache remembers may be one that a machine's memory is to blame for. */
static void outcome_is_bad(struct remote_run *run, struct err *err)
{
	if (run->from == RUN_FROM_CACHE && !run->skip_cache) {
		err_release(err);
		run->skip_cache = true;
		remote_run_upload(run);
	} else {
		remote_run_elsewhere(run, err);
	}
}

static void judge_failure(struct remote_run *run, struct err *err)
{
	struct span said = run->result.err.raw;
	err_set(err, ERR_CHECKER, "the action ended with status %d: %.*s", run->result.exit_code,
		(int)(said.len < TOLD ? said.len : TOLD), said.len ? said.data : "it said nothing");
}

static void all_is_here(struct remote_run *run)
{
	const struct checker_setup *setup = run->runner->config.setup;
	struct js *status = read_status(run);
	const char *found = status ? arena_strdup(&run->arena, js_get_string(status, "found", "?")) : NULL;
	struct action_outcome outcome;
	struct unit_outcome o = { 0 };
	struct err err = ERR_INIT;
	if (!status)
		judge_failure(run, &err);
	else if (run->result.exit_code != WRONG_INTERPRETER && !take_outcome(run, status, &outcome, &err) &&
		 setup->checker->action_interpret(setup, run->spec, &outcome, &run->arena, &o, &err))
		err_wrap(&err, "running it by the executor");
	js_free(status);
	if (found && run->result.exit_code == WRONG_INTERPRETER)
		fail_unfit(run, arena_printf(&run->arena, "have %.40s", found));
	else if (!found && (run->result.exit_code == 126 || run->result.exit_code == 127))
		fail_unfit(run, arena_printf(&run->arena, "have no %s (%.200s)", run->runner->shape.python, err.message));
	else if (err_is_set(&err))
		outcome_is_bad(run, &err);
	else
		remote_run_deliver(run, &o);
	err_release(&err);
}

/* ---- fetching ---- */

static void fetch(struct remote_run *run);

static void outputs_came(struct remote_run *run)
{
	struct err err = ERR_INIT;
	if (run->fetched == REMOTE_FAILED) {
		if (!remote_run_waits(run, fetch))
			remote_run_lost(run);
	} else if (run->fetched == REMOTE_FOUND) {
		all_is_here(run);
	} else if (run->from == RUN_FROM_CACHE && !run->skip_cache) {
		run->skip_cache = true; /* the cache has the result, and the store not what it names */
		remote_run_upload(run);
	} else {
		err_set(&err, ERR_PROTOCOL, "the executor ran the action, and has lost what came out");
		remote_run_elsewhere(run, &err);
	}
}

static void on_blob(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes)
{
	struct remote_run *run = ctx;
	if (run->runner->closing)
		return;
	if (run->abandoned) {
		if (--run->left == 0)
			remote_run_is_over(run);
		return;
	}
	if (answer > run->fetched)
		run->fetched = answer;
	if (answer == REMOTE_FOUND && run->file_of[index] < run->result.file_count)
		run->result.files[run->file_of[index]].contents = arena_span(&run->arena, bytes);
	else if (answer == REMOTE_FOUND)
		run->result.err.raw = arena_span(&run->arena, bytes);
	if (--run->left == 0)
		outputs_came(run);
}

/* What is wanted, or once more all of it. */
static void fetch(struct remote_run *run)
{
	if (run->fetched == REMOTE_FAILED)
		run->fetched = REMOTE_FOUND;
	run->left = run->fetched == REMOTE_FOUND ? run->wanted_count : 0;
	if (run->left)
		remote_get_blobs(run->runner->cache, run->wanted, run->wanted_count, on_blob, run);
	else
		outputs_came(run);
}

static void want(struct remote_run *run, const struct remote_blob *blob, uint32_t file)
{
	run->wanted[run->wanted_count] = *blob;
	run->file_of[run->wanted_count++] = file;
}

void remote_outputs_fetch(struct remote_run *run, enum run_from from, const struct reapi_result *result)
{
	uint64_t total = 0;
	keep_result(run, result);
	run->from = from;
	run->fetched = REMOTE_FOUND;
	run->wanted_count = 0;
	run->wanted = ARENA_ARRAY(&run->arena, struct remote_blob, run->result.file_count + 1);
	run->file_of = ARENA_ARRAY(&run->arena, uint32_t, run->result.file_count + 1);
	for (uint32_t i = 0; i < run->result.file_count; i++) {
		struct reapi_file *f = &run->result.files[i];
		if (f->blob.size > OUTPUT_LIMIT || (total += f->blob.size) > OUTPUT_LIMIT)
			run->fetched = REMOTE_MISSING;
		else if (f->contents.data)
			continue;
		else if (f->blob.size == 0)
			f->contents = (struct span){ "", 0 };
		else
			want(run, &f->blob, i);
	}
	if (run->result.exit_code && !run->result.err.raw.len && run->result.err.has_blob &&
	    run->result.err.blob.size && run->result.err.blob.size <= OUTPUT_LIMIT)
		want(run, &run->result.err.blob, UINT32_MAX);
	fetch(run);
}
