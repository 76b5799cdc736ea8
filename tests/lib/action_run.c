/*
 * The hermetic runner as a filter, for tests: mypy_action_make, exec/process and mypy_action_interpret, one unit after
 * the other. One JSON object a line on stdin, the first one being the setup, one a line on stdout for each unit.
 *
 *     setup: {"python": file, "python_version": "3.11.7", "version": "2.4.1", "format": [0, 11], "platform": "linux",
 *             "target": [3, 11], "typeshed": dir, "versions": sha256 of stdlib/VERSIONS, "options": as described,
 *             "scratch": dir, "keep": false, "plugins": [[file, sha256]], "plugin_config": text or null}
 *     unit:  {"members": [{"id", "path", "source": file or null, "digest": sha256, "silent", "deps": [ids]}],
 *             "names": [{"name", "path" or null, "reason" or null, "quiet", "ancestor"}], "closure": [ids],
 *             "ancestors": [canonical paths]}
 *     out:   {"kind": "result", "members": [{"id", "data": sha256, "hash": sha1, "indirect": [ids],
 *             "discovered": [ids], "diags": [[path, line, column, end_line, end_column, is_note, message, code]]}],
 *             "action": sha256}
 *            {"kind": "blocked", "in_parse": true, "diags": [...]} or {"kind": "error", "message": "..."}
 *
 * What a unit's members came out as is what later units are given for dependencies. "deps" are the direct ones. An
 * `ids` list is sorted. {"show": true} in a unit adds "argv", "env" and "inputs" to its answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/xalloc.h"
#include "checker/mypy_action.h"
#include "exec/process.h"
#include "sys/tmpdir.h"

enum { MODULES_MAX = 20000 };

struct tool {
	struct arena arena;
	struct checker_setup setup;
	struct loop *loop;
	struct store *store;
	struct process_runner *runner;
	struct map ids;
	struct dep_spec *modules; /* all that were checked so far */
	uint32_t module_count;
	/* the unit that runs */
	struct unit_spec unit;
	const struct js *request;
	struct action action;
	struct js *answer;
};

static void die(const struct err *err)
{
	fprintf(stderr, "action_run: %s\n", err->message);
	exit(1);
}

static const char *copy(struct tool *t, const struct js *j)
{
	return js_is_string(j) ? arena_strdup(&t->arena, js_string(j, "")) : NULL;
}

static struct digest digest_of(const struct js *j)
{
	struct digest d = { { 0 } };

	digest_from_hex(&d, span_of(js_string(j, "")));
	return d;
}

static const char **strings(struct tool *t, const struct js *list)
{
	const char **ret = ARENA_ARRAY(&t->arena, const char *, js_len(list) + 1);

	for (size_t i = 0; i < js_len(list); i++)
		ret[i] = copy(t, js_at(list, i));
	return ret;
}

static void set_plugins(struct tool *t, const struct js *list)
{
	const char **files = ARENA_ARRAY(&t->arena, const char *, js_len(list) + 1);
	struct digest *digests = ARENA_ARRAY(&t->arena, struct digest, js_len(list) + 1);

	for (size_t i = 0; i < js_len(list); i++) {
		files[i] = copy(t, js_at(js_at(list, i), 0));
		digests[i] = digest_of(js_at(js_at(list, i), 1));
	}
	t->setup.plugin_files = files;
	t->setup.plugin_digests = digests;
}

static void set_up(struct tool *t, const struct js *in)
{
	const struct js *target = js_get(in, "target"), *format = js_get(in, "format");
	static struct clock clock;
	struct err err = ERR_INIT;

	t->setup = (struct checker_setup){
		.format = { (uint8_t)js_int(js_at(format, 0), 0), (uint8_t)js_int(js_at(format, 1), 0) },
		.version = copy(t, js_get(in, "version")),
		.python = copy(t, js_get(in, "python")),
		.python_version = copy(t, js_get(in, "python_version")),
		.platform = copy(t, js_get(in, "platform")),
		.target_major = (int)js_int(js_at(target, 0), 3),
		.target_minor = (int)js_int(js_at(target, 1), 11),
		.typeshed = copy(t, js_get(in, "typeshed")),
		.versions_file = digest_of(js_get(in, "versions")),
	};
	set_plugins(t, js_get(in, "plugins"));
	t->setup.plugin_config = copy(t, js_get(in, "plugin_config"));
	clock = clock_system();
	t->store = store_open_memory();
	t->modules = ARENA_ARRAY(&t->arena, struct dep_spec, MODULES_MAX);
	if (options_new(js_get(in, "options"), &t->setup.options, &err) || loop_new(&t->loop, &clock, &err) ||
	    process_runner_new(t->loop, t->store, js_get_string(in, "scratch", ""), &t->runner, &err))
		die(&err);
	process_runner_keep_failed(t->runner, js_get_bool(in, "keep", false));
}

static struct dep_spec *module(struct tool *t, const char *id)
{
	bool is_new;
	uint32_t *i = map_put_str(&t->ids, id, t->module_count, &is_new);

	if (is_new) {
		if (t->module_count == MODULES_MAX)
			BUG("more than %d modules", MODULES_MAX);
		t->modules[t->module_count++].id = id;
	}
	return &t->modules[*i];
}

static void read_members(struct tool *t, const struct js *list)
{
	struct member_spec *members = ARENA_ARRAY(&t->arena, struct member_spec, js_len(list));

	for (size_t i = 0; i < js_len(list); i++) {
		const struct js *m = js_at(list, i);

		members[i] = (struct member_spec){
			.id = copy(t, js_get(m, "id")),
			.canonical = copy(t, js_get(m, "path")),
			.source = copy(t, js_get(m, "source")),
			.digest = digest_of(js_get(m, "digest")),
			.silent = js_get_bool(m, "silent", false),
		};
		members[i].options = options_of(t->setup.options, members[i].id);
	}
	t->unit.members = members;
	t->unit.member_count = (uint32_t)js_len(list);
}

static void read_names(struct tool *t, const struct js *list)
{
	struct name_spec *names = ARENA_ARRAY(&t->arena, struct name_spec, js_len(list));

	for (size_t i = 0; i < js_len(list); i++) {
		const struct js *n = js_at(list, i);

		names[i] = (struct name_spec){
			.name = copy(t, js_get(n, "name")),
			.canonical = copy(t, js_get(n, "path")),
			.missing = js_is_string(js_get(n, "reason")),
			.reason = copy(t, js_get(n, "reason")),
			.quiet = js_get_bool(n, "quiet", false),
			.ancestor = js_get_bool(n, "ancestor", false),
		};
	}
	t->unit.names = names;
	t->unit.name_count = (uint32_t)js_len(list);
}

static void read_unit(struct tool *t, const struct js *in)
{
	const struct js *closure = js_get(in, "closure");

	t->unit = (struct unit_spec){ .closure_count = (uint32_t)js_len(closure) };
	read_members(t, js_get(in, "members"));
	read_names(t, js_get(in, "names"));
	t->unit.closure = ARENA_ARRAY(&t->arena, struct dep_spec *, js_len(closure));
	for (size_t i = 0; i < js_len(closure); i++)
		t->unit.closure[i] = module(t, copy(t, js_at(closure, i)));
	t->unit.ancestors = strings(t, js_get(in, "ancestors"));
}

static struct js *text_or_null(const char *s)
{
	return s ? js_new_string(s) : js_new_null();
}

static struct js *list_of(const char *const *items, uint32_t count)
{
	struct js *list = js_new_array();

	for (uint32_t i = 0; i < count && items[i]; i++)
		js_append(list, js_new_string(items[i]));
	return list;
}

static struct js *encode_diags(const struct diag_list *diags)
{
	struct js *list = js_new_array();

	for (uint32_t i = 0; i < diags->count; i++) {
		const struct diag *d = &diags->items[i];
		struct js *row = js_new_array();

		js_append(row, text_or_null(d->path));
		js_append(row, js_new_int(d->line));
		js_append(row, js_new_int(d->column));
		js_append(row, js_new_int(d->end_line));
		js_append(row, js_new_int(d->end_column));
		js_append(row, js_new_bool(d->is_note));
		js_append(row, js_new_string(d->message));
		js_append(row, text_or_null(d->code));
		js_append(list, row);
	}
	return list;
}

static struct js *encode_member(const struct member_result *m, const char **discovered)
{
	struct js *j = js_new_object();
	char hex[DIGEST_HEX_SIZE + 1];
	struct buf sha1 = BUF_INIT;

	digest_hex(&m->interface.data, hex);
	hex_encode(&sha1, m->interface.checker_hash, SHA1_SIZE);
	js_set_string(j, "id", m->id);
	js_set_string(j, "data", hex);
	js_set_string(j, "hash", sha1.data);
	js_set(j, "indirect", list_of(m->indirect, m->indirect_count));
	js_set(j, "discovered", list_of(discovered, discovered ? UINT32_MAX : 0));
	js_set(j, "diags", encode_diags(&m->diags));
	buf_release(&sha1);
	return j;
}

/* Later units see the members as modules. */
static void keep_member(struct tool *t, uint32_t i, const struct unit_outcome *out, struct err *err)
{
	const struct js *deps = js_get(js_at(js_get(t->request, "members"), i), "deps");
	struct interface *interface = ARENA_NEW(&t->arena, struct interface);
	struct dep_spec *m = module(t, t->unit.members[i].id);
	struct digest d;

	*interface = out->result.members[i].interface;
	interface->plugin_data = arena_span(&t->arena, interface->plugin_data);
	m->canonical = t->unit.members[i].canonical;
	m->interface = interface;
	m->dep_count = (uint32_t)js_len(deps);
	m->deps = ARENA_ARRAY(&t->arena, const struct dep_spec *, js_len(deps));
	for (size_t d2 = 0; d2 < js_len(deps); d2++)
		m->deps[d2] = module(t, copy(t, js_at(deps, d2)));
	if (store_put(t->store, out->data[i], &d, err))
		die(err);
}

static void answer_outcome(struct tool *t, const struct unit_outcome *out, struct err *err)
{
	struct js *members = js_new_array();

	if (out->kind == OUTCOME_BLOCKED) {
		js_set_string(t->answer, "kind", "blocked");
		js_set_bool(t->answer, "in_parse", out->blocked_in_parse);
		js_set(t->answer, "diags", encode_diags(&out->blockers));
		js_free(members);
		return;
	}
	js_set_string(t->answer, "kind", "result");
	for (uint32_t i = 0; i < out->result.member_count; i++) {
		js_append(members, encode_member(&out->result.members[i], out->discovered[i]));
		keep_member(t, i, out, err);
	}
	js_set(t->answer, "members", members);
}

static void answer_error(struct tool *t, struct err *err)
{
	js_set_string(t->answer, "kind", "error");
	js_set_string(t->answer, "message", err->message);
	if (process_runner_kept(t->runner))
		js_set_string(t->answer, "kept", process_runner_kept(t->runner));
	err_release(err);
}

static void on_done(void *ctx, const struct action_outcome *outcome, struct err *failure)
{
	struct tool *t = ctx;
	struct unit_outcome out;
	struct err err = ERR_INIT;

	if (!outcome)
		answer_error(t, failure);
	else if (mypy_action_interpret(&t->setup, &t->unit, outcome, &t->arena, &out, &err))
		answer_error(t, &err);
	else
		answer_outcome(t, &out, &err);
}

static void show(struct tool *t)
{
	struct js *inputs = js_new_object();

	for (uint32_t i = 0; i < t->action.input_count; i++) {
		const struct action_input *in = &t->action.inputs[i];

		js_set(inputs, in->path, in->kind == INPUT_INLINE ? js_new_string_n(in->bytes) : js_new_null());
	}
	js_set(t->answer, "argv", list_of(t->action.argv, UINT32_MAX));
	js_set(t->answer, "env", list_of(t->action.env, UINT32_MAX));
	js_set(t->answer, "inputs", inputs);
}

static void run_unit(struct tool *t, const struct js *request)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest d;
	struct err err = ERR_INIT;

	t->request = request;
	t->answer = js_new_object();
	read_unit(t, request);
	mypy_action_make(&t->setup, &t->unit, &t->arena, &t->action);
	t->action.timeout_seconds = 300;
	action_digest(&t->action, &d);
	digest_hex(&d, hex);
	js_set_string(t->answer, "action", hex);
	if (js_get_bool(request, "show", false))
		show(t);
	if (process_runner_start(t->runner, &t->action, &t->arena, on_done, t, &err))
		answer_error(t, &err);
	else if (loop_run(t->loop, &err))
		die(&err);
}

int main(void)
{
	struct tool t = { 0 };
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	while ((len = getline(&line, &cap, stdin)) > 0) {
		struct err err = ERR_INIT;
		struct buf out = BUF_INIT;
		struct js *request;

		if (js_parse((struct span){ line, (size_t)len }, "a line of stdin", &request, &err))
			die(&err);
		if (!t.runner) {
			set_up(&t, request);
			js_free(request);
			continue;
		}
		run_unit(&t, request);
		js_write(t.answer, 0, &out);
		printf("%s\n", out.data);
		fflush(stdout);
		buf_release(&out);
		js_free(t.answer);
		js_free(request);
	}
	free(line);
	process_runner_free(t.runner);
	loop_free(t.loop);
	if (t.store)
		store_close(t.store);
	options_free(t.setup.options);
	map_release(&t.ids);
	arena_release(&t.arena);
	return 0;
}
