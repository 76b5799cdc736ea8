/* The toy adapter: artifacts are decoded from JSON, an action is one Python process on one file. See the header. */
#include "checker/toy.h"

#include <stdio.h>
#include <string.h>

enum { FORMAT = 1, EXIT_BLOCKED = 2 };

static const char HERE[] = "/proc/self/cwd/";

static bool supports(struct checker_format format)
{
	return format.first == FORMAT;
}

/* ---- artifacts ---- */

/* A document of our format that is about member `i`. The caller frees *ret. */
static int open_artifact(const struct unit_spec *unit, uint32_t i, struct span text, const char *kind, struct js **ret,
                         struct err *err)
{
	const char *id = unit->members[i].id;
	struct js *doc;
	if (js_parse(text, kind, &doc, err))
		return err_wrap(err, "reading what the toy wrote for %s", id);
	if (js_get_int(doc, "toy", 0) == FORMAT && strcmp(js_get_string(doc, "id", ""), id) == 0) {
		*ret = doc;
		return 0;
	}
	err_set(err, ERR_CHECKER, "the %s artifact that the toy wrote for %s is of format %d and for %s", kind, id,
	        (int)js_get_int(doc, "toy", 0), js_get_string(doc, "id", "nothing"));
	js_free(doc);
	return -1;
}

static const char **strings(const struct js *list, struct arena *arena)
{
	const char **out = ARENA_ARRAY(arena, const char *, js_len(list) + 1);
	for (size_t i = 0; i < js_len(list); i++)
		out[i] = arena_strdup(arena, js_string(js_at(list, i), "?"));
	return out;
}

static int outcome_interface(const struct checker_setup *setup, const struct unit_spec *unit, uint32_t i,
                             struct span data, struct span meta, struct arena *arena, struct unit_outcome *ret,
                             struct err *err)
{
	(void)setup;
	struct interface *interface = &ret->result.members[i].interface;
	struct js *doc;
	struct buf hash = BUF_INIT;
	int failed = 0;
	if (open_artifact(unit, i, meta, "meta", &doc, err))
		return -1;
	hash_sha1(data, interface->checker_hash);
	hex_encode(&hash, interface->checker_hash, SHA1_SIZE);
	if (strcmp(js_get_string(doc, "interface", ""), hash.data) != 0 ||
	    strcmp(js_get_string(doc, "path", ""), unit->members[i].canonical) != 0)
		failed = err_set(err, ERR_CHECKER, "the meta artifact of %s does not belong to its data", unit->members[i].id);
	hash_sha256(data, &interface->data);
	interface->data_size = data.len;
	interface->plugin_data = (struct span){ "", 0 };
	ret->data[i] = arena_span(arena, data);
	ret->discovered[i] = unit_unplanned(unit, strings(js_get(doc, "dependencies"), arena), arena);
	buf_release(&hash);
	js_free(doc);
	return failed;
}

static void take_messages(const struct js *list, struct arena *arena, struct diag_list *ret)
{
	ret->count = (uint32_t)js_len(list);
	ret->items = ARENA_ARRAY(arena, struct diag, ret->count + 1);
	for (uint32_t i = 0; i < ret->count; i++)
		ret->items[i] = diag_decode_js(js_at(list, i), arena);
}

static int outcome_report(const struct checker_setup *setup, const struct unit_spec *unit, uint32_t i,
                          struct span meta_ex, struct arena *arena, struct unit_outcome *ret, struct err *err)
{
	(void)setup;
	struct member_result *result = &ret->result.members[i];
	struct js *doc;
	if (open_artifact(unit, i, meta_ex, "meta_ex", &doc, err))
		return -1;
	member_take_indirect(unit, strings(js_get(doc, "indirect"), arena), result);
	take_messages(js_get(doc, "messages"), arena, &result->diags);
	for (uint32_t d = 0; d < result->diags.count; d++)
		if (strcmp(result->diags.items[d].path, unit->members[i].canonical) == 0)
			result->diags.items[d].path = NULL;
	js_free(doc);
	return 0;
}

/* ---- the hermetic process ---- */

static const char *const KINDS[] = { "data", "meta", "meta_ex" };

static const char *output_path(struct arena *arena, uint32_t member, const char *kind)
{
	return arena_printf(arena, "out/%u.%s", member, kind);
}

static const char *staged_path(const char *canonical)
{
	if (strncmp(canonical, HERE, strlen(HERE)) != 0)
		BUG("%s is not a canonical path", canonical);
	return canonical + strlen(HERE);
}

/* unit.json: the unit with its sources where they are staged. */
static struct span unit_document(const struct checker_setup *setup, const struct unit_spec *unit, struct arena *arena)
{
	struct unit_spec staged = *unit;
	struct member_spec *members = ARENA_ARRAY(arena, struct member_spec, unit->member_count);
	struct js *doc = js_new_object(), *interfaces = js_new_object(), *options = js_new_object();
	for (uint32_t i = 0; i < unit->member_count; i++) {
		char index[16];
		members[i] = unit->members[i];
		if (members[i].source)
			members[i].source = staged_path(members[i].canonical);
		snprintf(index, sizeof index, "%u", members[i].options);
		js_set(options, index, js_copy(options_values(setup->options, members[i].options)));
	}
	staged.members = members;
	staged.unit = 0; /* its number in some plan is not part of the action */
	for (uint32_t i = 0; i < unit->closure_count; i++)
		js_set_string(interfaces, unit->closure[i]->id, arena_printf(arena, "deps/%s", unit->closure[i]->id));
	js_set(doc, "unit", unit_spec_encode(&staged));
	js_set(doc, "interfaces", interfaces);
	js_set(doc, "options", options);
	struct buf text = BUF_INIT;
	js_write(doc, 0, &text);
	struct span kept = arena_span(arena, buf_span(&text));
	buf_release(&text);
	js_free(doc);
	return kept;
}

static const char **list_of(struct arena *arena, const char *const *items, size_t count)
{
	const char **list = ARENA_ARRAY(arena, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		list[i] = items[i];
	return list;
}

static void action_make(const struct checker_setup *setup, const struct unit_spec *unit, struct arena *arena,
                        struct action *ret)
{
	static const char *const argv[] = { "python", "-I", "-S", "toy.py", "unit.json" };
	static const char *const env[] = { "LC_ALL=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1" };
	struct action_input *in = ARENA_ARRAY(arena, struct action_input, 4 + unit->member_count + unit->closure_count);
	uint32_t n = 0, outputs = 0;
	*ret = (struct action){ .argv = list_of(arena, argv, 5), .env = list_of(arena, env, 2), .inputs = in };
	ret->outputs = ARENA_ARRAY(arena, const char *, 3 * (size_t)unit->member_count + 1);
	in[n++] = (struct action_input){
		.path = "python", .kind = INPUT_PLATFORM, .real = setup->python,
		.bytes = span_of(arena_printf(arena, "python %s", setup->python_version)),
	};
	in[n++] = (struct action_input){ .path = "toy.py", .kind = INPUT_FILE, .real = setup->action_program,
		                         .digest = setup->action_program_digest };
	in[n++] = (struct action_input){ .path = "unit.json", .kind = INPUT_INLINE,
		                         .bytes = unit_document(setup, unit, arena) };
	in[n++] = (struct action_input){ .path = "out", .kind = INPUT_DIRECTORY };
	for (uint32_t i = 0; i < unit->member_count; i++) {
		const struct member_spec *m = &unit->members[i];
		if (m->source)
			in[n++] = (struct action_input){ .path = staged_path(m->canonical), .kind = INPUT_FILE,
				                         .real = m->source, .digest = m->digest };
		for (size_t k = 0; k < 3; k++)
			ret->outputs[outputs++] = output_path(arena, i, KINDS[k]);
	}
	for (uint32_t i = 0; i < unit->closure_count; i++)
		in[n++] = (struct action_input){ .path = arena_printf(arena, "deps/%s", unit->closure[i]->id),
			                         .kind = INPUT_BLOB, .digest = unit->closure[i]->interface->data,
			                         .size = unit->closure[i]->interface->data_size };
	ret->input_count = n;
	action_finish(ret);
}

static int take_blockers(const struct action_outcome *outcome, struct arena *arena, struct unit_outcome *ret,
                         struct err *err)
{
	struct js *doc;
	if (js_parse(outcome->out, "what the toy printed", &doc, err))
		return -1;
	ret->kind = OUTCOME_BLOCKED;
	ret->blocked_in_parse = strcmp(js_get_string(doc, "phase", ""), "parse") == 0;
	take_messages(js_get(doc, "messages"), arena, &ret->blockers);
	js_free(doc);
	return 0;
}

/* Outputs are found by name: the action's are sorted. */
static int find_output(const struct action_outcome *outcome, const char *path, struct span *ret, struct err *err)
{
	for (uint32_t i = 0; i < outcome->output_count; i++)
		if (strcmp(outcome->outputs[i].path, path) == 0 && outcome->outputs[i].present) {
			*ret = outcome->outputs[i].bytes;
			return 0;
		}
	return err_set(err, ERR_CHECKER, "the toy wrote no %s", path);
}

static int take_member(const struct checker_setup *setup, const struct unit_spec *unit, uint32_t i,
                       const struct action_outcome *outcome, struct arena *arena, struct unit_outcome *ret,
                       struct err *err)
{
	struct span files[3];
	for (size_t k = 0; k < 3; k++)
		if (find_output(outcome, output_path(arena, i, KINDS[k]), &files[k], err))
			return -1;
	if (outcome_interface(setup, unit, i, files[0], files[1], arena, ret, err))
		return -1;
	return outcome_report(setup, unit, i, files[2], arena, ret, err);
}

static int action_interpret(const struct checker_setup *setup, const struct unit_spec *unit,
                            const struct action_outcome *outcome, struct arena *arena, struct unit_outcome *ret,
                            struct err *err)
{
	unit_outcome_init(unit, arena, ret);
	if (outcome->timed_out)
		return err_set(err, ERR_CHECKER, "the toy took too long and was ended; see --timeout");
	if (outcome->exit_status < 0)
		return err_set(err, ERR_CHECKER, "the toy was ended by signal %d", outcome->signal);
	if (outcome->undeclared)
		return err_set(err, ERR_CHECKER, "the toy wrote or changed %s, which is no output of the unit",
		               outcome->undeclared);
	if (outcome->exit_status == EXIT_BLOCKED)
		return take_blockers(outcome, arena, ret, err);
	if (outcome->exit_status != 0)
		return err_set(err, ERR_CHECKER, "the toy ended with status %d: %.*s", outcome->exit_status,
		               (int)outcome->err.len, outcome->err.data);
	for (uint32_t i = 0; i < unit->member_count; i++)
		if (take_member(setup, unit, i, outcome, arena, ret, err))
			return -1;
	return 0;
}

const struct checker checker_toy = {
	.name = "toy",
	.worker_program = "sepal_toy_worker.py",
	.action_program = "sepal_toy_language.py",
	.supported = "toy 1",
	.supports = supports,
	.outcome_interface = outcome_interface,
	.outcome_report = outcome_report,
	.action_make = action_make,
	.action_interpret = action_interpret,
};
