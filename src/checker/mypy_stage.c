/* Fills the directory of one hermetic mypy process. Knows paths and bytes; the command line is mypy_action.c. */
#include "checker/mypy_stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "checker/mypy_layout.h"

static const char *const artifact_suffixes[] = { ".data.ff", ".meta.ff", ".meta_ex.ff" };

void stage_init(struct stage *st, const struct checker_setup *setup, const struct unit_spec *unit, struct arena *arena)
{
	*st = (struct stage){ .setup = setup, .unit = unit, .arena = arena };
	for (uint32_t i = 0; i < unit->member_count; i++)
		map_put_str(&st->members, unit->members[i].id, i, NULL);
	for (uint32_t i = 0; i < unit->closure_count; i++)
		map_put_str(&st->deps, unit->closure[i]->id, i, NULL);
}

void stage_release(struct stage *st)
{
	map_release(&st->members);
	map_release(&st->deps);
	map_release(&st->paths);
	free(st->inputs);
	free(st->outputs);
	free(st->parents);
}

static struct action_input *add_input(struct stage *st, const char *path, enum input_kind kind)
{
	struct action_input *in;
	bool is_new;

	map_put_str(&st->paths, path, st->input_count, &is_new);
	if (!is_new)
		return NULL;
	VEC_GROW(st->inputs, st->input_count, st->input_cap);
	in = &st->inputs[st->input_count++];
	*in = (struct action_input){ .path = path, .kind = kind };
	return in;
}

static void stage_bytes(struct stage *st, const char *path, struct span bytes)
{
	struct action_input *in = add_input(st, path, INPUT_INLINE);

	if (in)
		in->bytes = bytes;
}

void stage_text(struct stage *st, const char *path, const char *text)
{
	stage_bytes(st, path, span_of(text));
}

void stage_directory(struct stage *st, const char *path)
{
	add_input(st, path, INPUT_DIRECTORY);
}

void stage_link(struct stage *st, const char *path, const char *real, const char *role)
{
	struct action_input *in = add_input(st, path, INPUT_PLATFORM);

	if (in) {
		in->real = real;
		in->bytes = span_of(role);
	}
}

void stage_file(struct stage *st, const char *path, const char *real, const struct digest *digest)
{
	struct action_input *in = add_input(st, path, INPUT_FILE);

	if (in) {
		in->real = real;
		in->digest = *digest;
	}
}

static void stage_blob(struct stage *st, const char *path, const struct interface *interface)
{
	struct action_input *in = add_input(st, path, INPUT_BLOB);

	if (in) {
		in->digest = interface->data;
		in->size = interface->data_size;
	}
}

void stage_output(struct stage *st, const char *path)
{
	VEC_GROW(st->outputs, st->output_count, st->output_cap);
	st->outputs[st->output_count++] = path;
}

void stage_artifacts_out(struct stage *st, const char *artifact_name)
{
	for (size_t i = 0; i < sizeof artifact_suffixes / sizeof *artifact_suffixes; i++)
		stage_output(st, arena_printf(st->arena, "%s%s", artifact_name, artifact_suffixes[i]));
}

void stage_module(struct stage *st, const char *canonical, const char *text)
{
	const char *path = mypy_staged_path(canonical);

	if (mypy_is_namespace(canonical))
		stage_directory(st, path);
	else
		stage_text(st, path, text);
}

/* Roots are told on the command line and are never silent, whatever the options say: members that mypy reached by
 * following imports and keeps silent about must be reached so here too. mypy meets all roots before it follows any
 * import, so in its order no root comes after a followed module; what comes after the first silent one was followed. */
uint32_t stage_first_imported(const struct unit_spec *unit)
{
	uint32_t i = 0;

	while (i < unit->member_count && !unit->members[i].silent)
		i++;
	return i;
}

/* `from m import __name__` makes mypy look at m and at nothing else: `import a.b` would bring a, before its turn. */
static void stage_root(struct stage *st, uint32_t member)
{
	const char *name = mypy_root_name(st->arena, member), *id = st->unit->members[member].id;

	stage_text(st, arena_printf(st->arena, MYPY_SOURCES "%s.py", name),
	           arena_printf(st->arena, "# mypy: ignore-errors\nfrom %s import __name__\n", id));
	stage_artifacts_out(st, name);
}

bool stage_elsewhere(struct stage *st)
{
	struct buf text = BUF_INIT;
	buf_add_str(&text, "# mypy: ignore-errors\n");
	size_t empty = text.len;
	for (uint32_t i = 0; i < st->unit->name_count; i++)
		if (st->unit->names[i].elsewhere)
			buf_addf(&text, "import %s\n", st->unit->names[i].name);
	bool needed = text.len > empty;
	if (needed) {
		stage_text(st, MYPY_SOURCES MYPY_ELSEWHERE ".py", arena_strdup(st->arena, text.data));
		stage_artifacts_out(st, MYPY_ELSEWHERE);
	}
	buf_release(&text);
	return needed;
}

void stage_members(struct stage *st)
{
	const struct unit_spec *unit = st->unit;

	for (uint32_t i = 0; i < unit->member_count; i++) {
		const struct member_spec *m = &unit->members[i];
		const char *path = mypy_staged_path(m->canonical);

		if (m->source)
			stage_file(st, path, m->source, &m->digest);
		else
			stage_directory(st, path);
		stage_artifacts_out(st, mypy_artifact_name(st->arena, m->id, mypy_is_init(m->canonical)));
	}
	for (uint32_t i = stage_first_imported(unit); i < unit->member_count; i++)
		stage_root(st, i);
}

const struct member_options *stage_member_options(struct stage *st)
{
	struct member_options *list = ARENA_ARRAY(st->arena, struct member_options, st->unit->member_count);

	for (uint32_t i = 0; i < st->unit->member_count; i++)
		list[i] = (struct member_options){ st->unit->members[i].id, st->unit->members[i].options };
	return list;
}

static struct span dependency_meta(struct stage *st, const struct dep_spec *dep, const unsigned char *options_hash)
{
	struct mypy_dep_hash *direct = ARENA_ARRAY(st->arena, struct mypy_dep_hash, dep->dep_count);
	struct buf meta = BUF_INIT;
	struct span bytes;

	for (uint32_t i = 0; i < dep->dep_count; i++)
		direct[i] = (struct mypy_dep_hash){ dep->deps[i]->id, dep->deps[i]->interface->checker_hash };
	mypy_meta_write(mypy_format_of(st->setup), st->setup->version, dep->id, dep->canonical, st->setup->platform,
	                options_hash, direct, dep->dep_count, dep->interface->checker_hash,
	                dep->interface->plugin_data, false, &meta);
	bytes = arena_span(st->arena, buf_span(&meta));
	buf_release(&meta);
	return bytes;
}

void stage_dependencies(struct stage *st)
{
	unsigned char options_hash[SHA1_SIZE];

	/* mypy finds its options for a dependency in the same configuration, where no section is the dependency's */
	options_config_hash(st->setup->options, stage_member_options(st), st->unit->member_count, options_hash);
	for (uint32_t i = 0; i < st->unit->closure_count; i++) {
		const struct dep_spec *dep = st->unit->closure[i];
		const char *name = mypy_artifact_name(st->arena, dep->id, mypy_is_init(dep->canonical));

		stage_module(st, dep->canonical, MYPY_PLACEHOLDER);
		stage_blob(st, arena_printf(st->arena, "%s.data.ff", name), dep->interface);
		stage_bytes(st, arena_printf(st->arena, "%s.meta.ff", name), dependency_meta(st, dep, options_hash));
		stage_bytes(st, arena_printf(st->arena, "%s.meta_ex.ff", name), mypy_meta_ex_empty(mypy_format_of(st->setup)));
	}
}

static bool is_known(const struct stage *st, const char *id)
{
	return map_get_str(&st->members, id) || map_get_str(&st->deps, id);
}

bool stage_knows(const struct stage *st, const char *id)
{
	for (uint32_t i = 0; i < st->parent_count; i++)
		if (strcmp(st->parents[i], id) == 0)
			return true;
	return is_known(st, id);
}

/* The parent packages of a module are looked at and written too, though nobody asked for their artifacts. */
static void parents_out(struct stage *st, const char *id, struct map *seen)
{
	const char *dot;

	while ((dot = strrchr(id, '.'))) {
		bool is_new;

		id = arena_strndup(st->arena, id, (size_t)(dot - id));
		map_put_str(seen, id, 0, &is_new);
		if (is_new && !is_known(st, id)) {
			VEC_GROW(st->parents, st->parent_count, st->parent_cap);
			st->parents[st->parent_count++] = id;
			stage_artifacts_out(st, mypy_artifact_name(st->arena, id, false));
			stage_artifacts_out(st, mypy_artifact_name(st->arena, id, true));
		}
	}
}

void stage_ancestors(struct stage *st)
{
	const struct unit_spec *unit = st->unit;
	struct map seen = MAP_INIT;

	for (const char *const *a = unit->ancestors; a && *a; a++)
		stage_module(st, *a, "");
	for (uint32_t i = 0; i < unit->member_count; i++)
		parents_out(st, unit->members[i].id, &seen);
	for (uint32_t i = 0; i < unit->closure_count; i++)
		parents_out(st, unit->closure[i]->id, &seen);
	map_release(&seen);
}

void stage_typeshed(struct stage *st)
{
	const char *versions = arena_printf(st->arena, "%s/stdlib/VERSIONS", st->setup->typeshed);

	stage_file(st, MYPY_TYPESHED "stdlib/VERSIONS", versions, &st->setup->versions_file);
	for (const struct mypy_core_module *core = mypy_core_modules; core->id; core++)
		if (!is_known(st, core->id))
			stage_text(st, core->staged, MYPY_PLACEHOLDER);
}

static bool ends_with_path(const char *path, const char *tail)
{
	size_t len = strlen(path), tail_len = strlen(tail);

	return len > tail_len && path[len - tail_len - 1] == '/' && strcmp(path + len - tail_len, tail) == 0;
}

/* A plugin is named relative to the configuration file, which is at the top. One with an absolute name is found without
 * being staged; one above the configuration file cannot be staged, and mypy will say that it does not find it. */
static const char *staged_plugin(const char *spec)
{
	while (strncmp(spec, "./", 2) == 0)
		spec += 2;
	return spec[0] == '/' || strstr(spec, "./") || strstr(spec, "//") ? NULL : spec;
}

void stage_plugins(struct stage *st)
{
	const struct js *specs = js_get(options_values(st->setup->options, st->unit->members[0].options), "plugins");
	const char *const *files = st->setup->plugin_files;

	for (size_t i = 0; i < js_len(specs); i++) {
		const char *path = staged_plugin(js_string(js_at(specs, i), "/"));

		for (uint32_t f = 0; path && files && files[f]; f++)
			if (ends_with_path(files[f], path))
				stage_file(st, path, files[f], &st->setup->plugin_digests[f]);
	}
}
