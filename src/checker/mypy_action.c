/* From a unit to the action of one plain hermetic mypy process: command line, environment and configuration. */
#include "checker/mypy_action.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "checker/mypy_layout.h"
#include "checker/mypy_stage.h"

#define PYTHON_LINK "python.link" /* no module is called so: its artifacts cannot meet it */
#define PLUGINS_SNAPSHOT "@plugins_snapshot.json" /* mypy writes it at the end of every run */

/* The whole environment. Everything that could change text or find another file is pinned. */
static const char *const environment[] = {
	"HOME=" MYPY_HERE "home", /* is not there: no user's configuration, no user's packages */
	"LANG=C.UTF-8",
	"LC_ALL=C.UTF-8",
	"MYPYPATH=" MYPY_HERE "s",
	"PATH=/usr/bin:/bin",
	"PYTHONDONTWRITEBYTECODE=1",
	"PYTHONHASHSEED=0",
	"PYTHONNOUSERSITE=1",
	"PYTHONSAFEPATH=1", /* staged files are never imported by the interpreter */
	"TERM=dumb",
	NULL,
};

/* --bazel: artifacts below ".", no times, sources of accepted dependencies are not read. The rest makes the text that
 * blocking errors come as unambiguous; other diagnostics are read from meta_ex files. */
static const char *const arguments[] = {
	"--bazel", "--no-sqlite-cache",
	"--custom-typeshed-dir", MYPY_HERE "ts",
	"--show-column-numbers", "--show-error-end", "--no-pretty", "--no-color-output", "--no-error-summary",
	"--hide-error-context",
	NULL,
};

/* python -m mypy, in the directory below. */
static const char run_below[] = "import os, runpy; os.chdir('" MYPY_INNER "'); "
                                "runpy.run_module('mypy', run_name='__main__', alter_sys=True)";

struct words {
	const char **items;
	uint32_t count, cap;
};

static void add_word(struct words *w, const char *word)
{
	VEC_GROW(w->items, w->count, w->cap);
	w->items[w->count++] = word;
}

static void add_option(struct words *w, const char *name, const char *value)
{
	add_word(w, name);
	add_word(w, value);
}

static const char **list_in(struct arena *arena, const char *const *items, uint32_t count)
{
	const char **list = ARENA_ARRAY(arena, const char *, (size_t)count + 1);

	if (count)
		memcpy(list, items, count * sizeof *list);
	return list;
}

static struct import_options first_imports(const struct stage *st)
{
	return options_import(st->setup->options, st->unit->members[0].options);
}

static bool leaves_out(struct import_options o)
{
	return o.follow == FOLLOW_SKIP || o.follow == FOLLOW_ERROR;
}

/*
 * Members in their order, then what must not be subject to the first member's follow_imports. Roots for imported
 * members come first: mypy follows their imports before those of any member.
 */
static void add_modules(struct words *w, struct stage *st)
{
	const struct unit_spec *unit = st->unit;
	uint32_t imported = stage_first_imported(unit);

	for (uint32_t i = imported; i < unit->member_count; i++)
		add_option(w, "-m", mypy_root_name(st->arena, i));
	for (uint32_t i = 0; i < imported; i++)
		add_option(w, "-m", unit->members[i].id);
	if (leaves_out(first_imports(st)))
		for (uint32_t i = 0; i < unit->closure_count; i++)
			add_option(w, "-m", unit->closure[i]->id);
	if (stage_elsewhere(st))
		add_option(w, "-m", MYPY_ELSEWHERE);
}

static const char **command_line(struct stage *st, const char *config)
{
	const struct checker_setup *setup = st->setup;
	struct words w = { 0 };
	const char **argv;

	add_word(&w, PYTHON_LINK);
	if (*stage_working_directory(st->unit))
		add_option(&w, "-c", run_below);
	else
		add_option(&w, "-m", "mypy");
	for (const char *const *a = arguments; *a; a++)
		add_word(&w, *a);
	add_option(&w, "--config-file", config);
	add_option(&w, "--python-version", arena_printf(st->arena, "%d.%d", setup->target_major, setup->target_minor));
	add_option(&w, "--platform", setup->platform);
	if (st->site)
		add_option(&w, "--python-executable", MYPY_HERE MYPY_VENV "bin/python");
	else
		add_word(&w, "--no-site-packages");
	add_modules(&w, st);
	argv = list_in(st->arena, w.items, w.count);
	free(w.items);
	return argv;
}

/* One per-module section; `follow` and the flags are left out where the section shall not say anything of them. */
struct section {
	const char *module;
	const char *follow;
	const char *ignore_missing, *follow_untyped; /* "true", "false" */
	bool follow_for_stubs;
};

static void put_section(struct buf *out, const struct section *s, bool toml)
{
	if (toml)
		buf_addf(out, "[[tool.mypy.overrides]]\nmodule = \"%s\"\n", s->module);
	else
		buf_addf(out, "[mypy-%s]\n", s->module);
	if (s->follow)
		buf_addf(out, toml ? "follow_imports = \"%s\"\n" : "follow_imports = %s\n", s->follow);
	if (s->follow_for_stubs)
		buf_add_str(out, "follow_imports_for_stubs = true\n");
	if (s->ignore_missing)
		buf_addf(out, "ignore_missing_imports = %s\n", s->ignore_missing);
	if (s->follow_untyped)
		buf_addf(out, "follow_untyped_imports = %s\n", s->follow_untyped);
}

/* What a name that leads nowhere needs said, the rest of the configuration being the first member's. */
static void put_missing_section(struct stage *st, const struct name_spec *name, struct buf *out)
{
	struct import_options first = first_imports(st);
	struct section s = { .module = name->name };
	/* A typed namespace package has its marker at the top, and the stage does not (mark_module): mypy would take what
	 * is missing there for untyped. This makes it look, and find nothing. */
	bool look = strcmp(name->reason, "not-found") == 0 && (st->site || first.follow_untyped);

	if (strcmp(name->reason, "skipped") == 0)
		s.follow = "skip";
	else if (strcmp(name->reason, "error") == 0)
		s.follow = "error";
	s.follow_for_stubs = s.follow && name->canonical && strstr(name->canonical, ".pyi");
	if (first.ignore_missing != name->quiet)
		s.ignore_missing = name->quiet ? "true" : "false";
	if (first.follow_untyped != look)
		s.follow_untyped = look ? "true" : "false";
	if (s.follow || s.ignore_missing || s.follow_untyped)
		put_section(out, &s, st->setup->plugin_config_toml);
}

/* Names are sorted; one that is imported and a parent package too comes twice, the import first. */
static bool repeats_name(const struct unit_spec *unit, uint32_t i)
{
	return i > 0 && unit->names[i - 1].missing && strcmp(unit->names[i - 1].name, unit->names[i].name) == 0;
}

static bool is_missing_name(const struct unit_spec *unit, const char *id)
{
	for (uint32_t i = 0; i < unit->name_count; i++)
		if (unit->names[i].missing && strcmp(unit->names[i].name, id) == 0)
			return true;
	return false;
}

static const char *config_text(struct stage *st)
{
	const struct checker_setup *setup = st->setup;
	const struct unit_spec *unit = st->unit;
	struct buf extra = BUF_INIT, text = BUF_INIT;
	const char *result;

	for (uint32_t i = 0; i < unit->name_count; i++)
		if (unit->names[i].missing && !repeats_name(unit, i))
			put_missing_section(st, &unit->names[i], &extra);
	for (uint32_t i = 0; i < st->parent_count && leaves_out(first_imports(st)); i++)
		if (!is_missing_name(unit, st->parents[i]))
			put_section(&extra, &(struct section){ .module = st->parents[i], .follow = "normal" },
			            setup->plugin_config_toml);
	if (setup->plugin_config)
		buf_add_str(&extra, setup->plugin_config);
	options_config_text(setup->options, stage_member_options(st), unit->member_count, setup->plugin_config_toml,
	                    extra.data, &text);
	result = arena_strndup(st->arena, text.data, text.len);
	buf_release(&extra);
	buf_release(&text);
	return result;
}

void mypy_action_make(const struct checker_setup *setup, const struct unit_spec *unit, struct arena *arena,
                      struct action *ret)
{
	const char *config = setup->plugin_config_toml ? "pyproject.toml" : "mypy.ini";
	struct stage st;

	stage_init(&st, setup, unit, arena);
	stage_members(&st);
	stage_dependencies(&st);
	stage_ancestors(&st);
	stage_missing(&st);
	stage_typeshed(&st);
	stage_plugins(&st);
	stage_site(&st);
	stage_text(&st, config, config_text(&st));
	stage_output(&st, PLUGINS_SNAPSHOT);
	const char **argv = command_line(&st, config);
	stage_settle(&st);
	stage_link(&st, PYTHON_LINK, setup->python, arena_printf(arena, "python %s", setup->python_version));
	*ret = (struct action){
		.argv = argv,
		.env = list_in(arena, environment, sizeof environment / sizeof *environment - 1),
		.inputs = ARENA_ARRAY(arena, struct action_input, st.input_count),
		.input_count = st.input_count,
		.outputs = list_in(arena, st.outputs, st.output_count),
	};
	memcpy(ret->inputs, st.inputs, st.input_count * sizeof *st.inputs);
	stage_release(&st);
	action_finish(ret);
}

struct mypy_format mypy_format_of(const struct checker_setup *setup)
{
	return (struct mypy_format){ .librt = setup->format.first, .cache = setup->format.second };
}

static bool supports(struct checker_format format)
{
	return mypy_format_supported((struct mypy_format){ .librt = format.first, .cache = format.second });
}

const struct checker checker_mypy = {
	.name = "mypy",
	.worker_program = "sepal_mypy_worker.py",
	.supported = "mypy 2.0 to 2.4",
	.supports = supports,
	.outcome_interface = mypy_outcome_interface,
	.outcome_report = mypy_outcome_report,
	.action_make = mypy_action_make,
	.action_interpret = mypy_action_interpret,
};
