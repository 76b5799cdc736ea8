/* checker/toy.h: what is staged for a unit of the toy, and what its outputs mean. No process runs here. */
#include "../../lib/check.h"

#include "checker/toy.h"

#define HERE "/proc/self/cwd/s/"

struct fixture {
	struct arena arena;
	struct checker_setup setup;
	struct options *options;
	struct interface interface;
	struct dep_spec dep;
	struct dep_spec *closure[1];
	struct member_spec members[2];
	struct name_spec names[2];
	struct unit_spec unit;
	struct unit_outcome outcome;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct js *options;
	*state = f;
	const char text[] = "{\"global\":{\"shout\":false},\"sections\":[],\"cache_names\":[]}";
	if (js_parse(span_of(text), "options", &options, &f->err) || options_new(options, &f->options, &f->err))
		return -1;
	js_free(options);
	f->setup = (struct checker_setup){ .checker = &checker_toy, .options = f->options, .python = "/opt/python",
		                           .python_version = "3.11.7", .action_program = "/opt/toy.py" };
	f->interface.data.bytes[0] = 7;
	f->dep = (struct dep_spec){ .id = "dep", .canonical = HERE "dep.py", .interface = &f->interface };
	f->closure[0] = &f->dep;
	f->members[0] = (struct member_spec){ .id = "m", .canonical = HERE "m.py", .source = "/src/m.py" };
	f->members[1] = (struct member_spec){ .id = "n", .canonical = HERE "n" };
	f->names[0] = (struct name_spec){ .name = "dep", .canonical = HERE "dep.py" };
	f->names[1] = (struct name_spec){ .name = "gone", .missing = true, .reason = "not-found" };
	f->unit = (struct unit_spec){ .unit = 17, .members = f->members, .member_count = 2, .names = f->names,
		                      .name_count = 2, .closure = f->closure, .closure_count = 1 };
	unit_outcome_init(&f->unit, &f->arena, &f->outcome);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	options_free(f->options);
	arena_release(&f->arena);
	free(f);
	return 0;
}

static int take_interface(struct fixture *f, const char *data, const char *meta)
{
	return checker_toy.outcome_interface(&f->setup, &f->unit, 0, span_of(data), span_of(meta), &f->arena,
	                                     &f->outcome, &f->err);
}

static int take_report(struct fixture *f, const char *meta_ex)
{
	return checker_toy.outcome_report(&f->setup, &f->unit, 0, span_of(meta_ex), &f->arena, &f->outcome, &f->err);
}

static const char *meta_for(struct fixture *f, const char *data, const char *more)
{
	unsigned char sha1[SHA1_SIZE];
	struct buf hex = BUF_INIT;
	hash_sha1(span_of(data), sha1);
	hex_encode(&hex, sha1, SHA1_SIZE);
	const char *text = arena_printf(&f->arena, "{\"toy\":1,\"id\":\"m\",\"path\":\"" HERE
	                                           "m.py\",\"interface\":\"%s\"%s}", hex.data, more);
	buf_release(&hex);
	return text;
}

static void an_interface_is_the_digest_of_its_data(void **state)
{
	struct fixture *f = *state;
	struct err err = f->err;
	assert_ok(take_interface(f, "data", meta_for(f, "data", "")));
	struct digest expected;
	hash_sha256(span_of("data"), &expected);
	const struct interface *i = &f->outcome.result.members[0].interface;
	assert_true(digest_eq(&i->data, &expected));
	assert_int_equal(i->data_size, 4);
	assert_true(span_eq_str(f->outcome.data[0], "data"));
	assert_null(f->outcome.discovered[0]);
}

static void a_dependency_outside_the_plan_is_discovered(void **state)
{
	struct fixture *f = *state;
	struct err err = f->err;
	assert_ok(take_interface(f, "data", meta_for(f, "data", ",\"dependencies\":[\"dep\",\"n\",\"elsewhere\"]")));
	assert_string_equal(f->outcome.discovered[0][0], "elsewhere");
	assert_null(f->outcome.discovered[0][1]);
}

static void assert_refused(struct fixture *f, int failed, enum err_kind kind, const char *text)
{
	struct err err = ERR_INIT;
	err_move(&err, &f->err);
	assert_fails(failed, kind, text);
}

static void artifacts_that_cannot_be_right_are_refused(void **state)
{
	struct fixture *f = *state;
	assert_refused(f, take_interface(f, "data", "{"), ERR_PROTOCOL, "reading what the toy wrote for m");
	assert_refused(f, take_interface(f, "data", "{\"toy\":2,\"id\":\"m\"}"), ERR_CHECKER, "is of format 2");
	assert_refused(f, take_interface(f, "data", "{\"toy\":1,\"id\":\"n\"}"), ERR_CHECKER, "and for n");
	assert_refused(f, take_interface(f, "data", meta_for(f, "other data", "")), ERR_CHECKER,
	               "does not belong to its data");
	assert_refused(f, take_report(f, "[]"), ERR_CHECKER, "is of format 0");
}

static void a_report_has_messages_and_what_was_used(void **state)
{
	struct fixture *f = *state;
	struct err err = f->err;
	assert_ok(take_report(f, "{\"toy\":1,\"id\":\"m\",\"indirect\":[\"z\",\"n\",\"b\"],\"messages\":[[\"" HERE
	                         "m.py\",3,0,3,0,\"error\",\"wrong\",\"toy\"],[\"" HERE
	                         "dep.py\",1,0,1,0,\"note\",\"there\",null]]}"));
	const struct member_result *r = &f->outcome.result.members[0];
	assert_int_equal(r->indirect_count, 2); /* n is a member */
	assert_string_equal(r->indirect[0], "b");
	assert_string_equal(r->indirect[1], "z");
	assert_int_equal(r->diags.count, 2);
	assert_null(r->diags.items[0].path); /* its own file */
	assert_string_equal(r->diags.items[0].code, "toy");
	assert_string_equal(r->diags.items[1].path, HERE "dep.py");
	assert_true(r->diags.items[1].is_note);
	assert_null(r->diags.items[1].code);
}

/* ---- the hermetic process ---- */

static const struct action_input *input(const struct action *a, const char *path)
{
	for (uint32_t i = 0; i < a->input_count; i++)
		if (strcmp(a->inputs[i].path, path) == 0)
			return &a->inputs[i];
	fail_msg("%s is not staged", path);
	return NULL;
}

static void an_action_holds_the_unit_and_nothing_of_this_machine(void **state)
{
	struct fixture *f = *state;
	struct action a;
	checker_toy.action_make(&f->setup, &f->unit, &f->arena, &a);
	assert_string_equal(input(&a, "python")->real, "/opt/python");
	assert_string_equal(input(&a, "toy.py")->real, "/opt/toy.py");
	assert_string_equal(input(&a, "s/m.py")->real, "/src/m.py");
	assert_true(digest_eq(&input(&a, "deps/dep")->digest, &f->interface.data));
	struct span unit = input(&a, "unit.json")->bytes;
	assert_non_null(strstr(unit.data, "\"source\":\"s/m.py\""));
	assert_non_null(strstr(unit.data, "\"dep\":\"deps/dep\""));
	assert_non_null(strstr(unit.data, "\"gone\":{"));
	assert_null(strstr(unit.data, "17"));
	struct js *doc = action_encode(&a);
	struct buf text = BUF_INIT;
	js_write(doc, 0, &text);
	assert_null(strstr(text.data, "/opt/"));
	assert_null(strstr(text.data, "/src/"));
	buf_release(&text);
	js_free(doc);
}

static int interpret(struct fixture *f, const struct action_outcome *outcome)
{
	return checker_toy.action_interpret(&f->setup, &f->unit, outcome, &f->arena, &f->outcome, &f->err);
}

static void ends_that_are_no_answer_are_errors(void **state)
{
	struct fixture *f = *state;
	const struct action_outcome crash = { .exit_status = 3, .err = span_of("it broke") };
	const struct action_outcome killed = { .exit_status = -1, .signal = 9 };
	const struct action_outcome late = { .exit_status = -1, .signal = 9, .timed_out = true };
	const struct action_outcome dirty = { .undeclared = "surprise" };
	const struct action_outcome nothing = { .exit_status = 0 };
	assert_refused(f, interpret(f, &crash), ERR_CHECKER, "ended with status 3: it broke");
	assert_refused(f, interpret(f, &killed), ERR_CHECKER, "ended by signal 9");
	assert_refused(f, interpret(f, &late), ERR_CHECKER, "took too long");
	assert_refused(f, interpret(f, &dirty), ERR_CHECKER, "surprise, which is no output");
	assert_refused(f, interpret(f, &nothing), ERR_CHECKER, "wrote no out/0.data");
}

static void status_2_is_a_blocking_error(void **state)
{
	struct fixture *f = *state;
	struct err err = f->err;
	const struct action_outcome blocked = {
		.exit_status = 2,
		.out = span_of("{\"phase\":\"parse\",\"messages\":[[\"" HERE "m.py\",1,0,1,0,\"error\",\"stop\",null]]}"),
	};
	assert_ok(interpret(f, &blocked));
	assert_int_equal(f->outcome.kind, OUTCOME_BLOCKED);
	assert_true(f->outcome.blocked_in_parse);
	assert_string_equal(f->outcome.blockers.items[0].message, "stop");
	const struct action_outcome babble = { .exit_status = 2, .out = span_of("stop!") };
	assert_refused(f, interpret(f, &babble), ERR_PROTOCOL, "what the toy printed");
}

static void adapters_are_found_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(checker_find("toy"), &checker_toy);
	assert_string_equal(checker_find("mypy")->name, "mypy");
	assert_null(checker_find("pyright"));
	assert_true(checker_toy.supports((struct checker_format){ 1, 0 }));
	assert_false(checker_toy.supports((struct checker_format){ 2, 0 }));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_interface_is_the_digest_of_its_data),
		TEST(a_dependency_outside_the_plan_is_discovered),
		TEST(artifacts_that_cannot_be_right_are_refused),
		TEST(a_report_has_messages_and_what_was_used),
		TEST(an_action_holds_the_unit_and_nothing_of_this_machine),
		TEST(ends_that_are_no_answer_are_errors),
		TEST(status_2_is_a_blocking_error),
		TEST(adapters_are_found_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
