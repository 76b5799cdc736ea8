/* remote/messages_execute.h: actions are the same bytes whoever writes them; operations are read with suspicion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "remote/messages_execute.h"
#include "wire.h"

static void a_command_is_the_same_bytes_in_whatever_order_it_is_given(void **state)
{
	(void)state;
	const char *const arguments[] = { "z", "a" }, *const outputs[] = { "o2", "o1" }, *const sorted[] = { "o1", "o2" };
	struct reapi_pair environment[] = { { "PATH", "/bin" }, { "HOME", "/" } };
	struct reapi_pair by_name[] = { { "HOME", "/" }, { "PATH", "/bin" } };
	struct reapi_pair platform[] = { { "os", "b" }, { "os", "a" }, { "arch", "x" } };
	struct reapi_pair platform_sorted[] = { { "arch", "x" }, { "os", "a" }, { "os", "b" } };
	struct reapi_command one = { arguments, 2, environment, 2, outputs, 2, "wd", platform, 3, false };
	struct reapi_command other = { arguments, 2, by_name, 2, sorted, 2, "wd", platform_sorted, 3, false };
	struct buf a = BUF_INIT, b = BUF_INIT, wanted = BUF_INIT, inner = BUF_INIT;
	reapi_encode_command(&one, &a);
	reapi_encode_command(&other, &b);
	assert_true(span_eq(buf_span(&a), buf_span(&b)));
	/* arguments keep their order, all else is sorted, fields come by number */
	wire_str(&wanted, 1, "z");
	wire_str(&wanted, 1, "a");
	assert_memory_equal(a.data, wanted.data, wanted.len);
	buf_reset(&wanted);
	wire_str(&wanted, 6, "wd");
	wire_str(&wanted, 7, "o1");
	wire_str(&wanted, 7, "o2");
	assert_memory_equal(a.data + a.len - wanted.len, wanted.data, wanted.len);
	buf_release(&a);
	buf_release(&b);
	buf_release(&wanted);
	buf_release(&inner);
}

static void old_servers_get_output_files(void **state)
{
	(void)state;
	const char *const outputs[] = { "o" };
	struct reapi_command c = { .outputs = outputs, .output_count = 1, .working_dir = "", .outputs_are_files = true };
	struct buf got = BUF_INIT, wanted = BUF_INIT;
	reapi_encode_command(&c, &got);
	wire_str(&wanted, 3, "o");
	assert_true(span_eq(buf_span(&got), buf_span(&wanted)));
	buf_release(&got);
	buf_release(&wanted);
}

static void an_action_is_written_field_by_field(void **state)
{
	(void)state;
	struct reapi_action action = { .command = blob_named(HASH_A, 1), .input_root = blob_named(HASH_B, 2),
				       .timeout_ns = 1500000000, .salt = span_of("s") };
	struct buf got = BUF_INIT, wanted = BUF_INIT, timeout = BUF_INIT;
	reapi_encode_action(&action, &got);
	wire_digest_field(&wanted, 1, HASH_A, 1);
	wire_digest_field(&wanted, 2, HASH_B, 2);
	wire_int(&timeout, 1, 1);
	wire_int(&timeout, 2, 500000000);
	wire_sub(&wanted, 6, &timeout);
	wire_str(&wanted, 9, "s");
	assert_true(span_eq(buf_span(&got), buf_span(&wanted)));
	buf_release(&got);
	buf_release(&wanted);
}

static void a_directory_comes_back_sorted(void **state)
{
	(void)state;
	struct reapi_dir_file files[] = { { "b", blob_named(HASH_B, 2), true }, { "a", blob_named(HASH_A, 1), false } };
	struct reapi_dir_dir dirs[] = { { "aa", blob_named(HASH_A, 9) } };
	struct reapi_directory d = { files, dirs, NULL, 2, 1, 0 }, back;
	struct buf b = BUF_INIT;
	struct arena a = ARENA_INIT;
	reapi_encode_directory(&d, &b);
	assert_true(reapi_decode_directory(buf_span(&b), &a, &back));
	assert_int_equal(back.file_count, 2);
	assert_string_equal(back.files[0].name, "a");
	assert_true(back.files[1].executable);
	assert_string_equal(back.dirs[0].name, "aa");
	assert_int_equal(back.dirs[0].blob.size, 9);
	buf_release(&b);
	arena_release(&a);
}

/* Directory nodes: fields 1 and 2 of a Directory have a name and a digest, 3 has a name and a target. */
static void add_node(struct buf *m, unsigned kind, const char *name)
{
	struct buf node = BUF_INIT;
	wire_str(&node, 1, name);
	if (kind == 3)
		wire_str(&node, 2, "target");
	else
		wire_digest_field(&node, 2, HASH_A, 1);
	wire_sub(m, kind, &node);
}

static void directories_out_of_order_or_with_odd_names_are_refused(void **state)
{
	(void)state;
	static const struct { unsigned kind[2]; const char *name[2]; bool fine; } cases[] = {
		{ { 1, 1 }, { "a", "b" }, true },   { { 1, 1 }, { "b", "a" }, false },  { { 1, 1 }, { "a", "a" }, false },
		{ { 1, 2 }, { "a", "a" }, false },  { { 2, 3 }, { "a", "a" }, false },  { { 1, 2 }, { "b", "a" }, true },
		{ { 1, 1 }, { "a", "b/c" }, false }, { { 1, 2 }, { "..", "a" }, false }, { { 1, 2 }, { "a", "." }, false },
		{ { 1, 2 }, { "", "a" }, false },   { { 3, 3 }, { "a", "b" }, true },   { { 3, 1 }, { "a", "b" }, true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf m = BUF_INIT;
		struct arena a = ARENA_INIT;
		struct reapi_directory d;
		for (size_t k = 0; k < 2; k++)
			add_node(&m, cases[i].kind[k], cases[i].name[k]);
		assert_int_equal(reapi_decode_directory(buf_span(&m), &a, &d), cases[i].fine);
		buf_release(&m);
		arena_release(&a);
	}
}

static void a_tree_names_its_children_by_their_bytes(void **state)
{
	(void)state;
	struct buf m = BUF_INIT, child = BUF_INIT, root = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct reapi_tree t;
	add_node(&child, 1, "f");
	wire_int(&child, 77, 5); /* a field that we do not know is part of its digest */
	struct remote_blob blob = remote_blob_of(buf_span(&child));
	add_node(&root, 2, "d");
	wire_sub(&m, 1, &root);
	wire_sub(&m, 2, &child);
	assert_true(reapi_decode_tree(buf_span(&m), &a, &t));
	assert_int_equal(t.child_count, 1);
	assert_true(remote_blob_eq(&t.blobs[0], &blob));
	assert_string_equal(t.children[0].files[0].name, "f");
	assert_string_equal(t.root.dirs[0].name, "d");
	buf_release(&m);
	arena_release(&a);
	assert_false(reapi_decode_tree(span_of(""), &a, &t));
	arena_release(&a);
}

#define TYPE "type.googleapis.com/"
#define V2 "build.bazel.remote.execution.v2."

static void add_any(struct buf *m, unsigned field, const char *type, struct buf *value)
{
	struct buf any = BUF_INIT;
	wire_str(&any, 1, type);
	wire_sub(&any, 2, value);
	wire_sub(m, field, &any);
}

static void add_violation(struct buf *m, const char *type, const char *subject)
{
	struct buf v = BUF_INIT;
	wire_str(&v, 1, type);
	wire_str(&v, 2, subject);
	wire_sub(m, 1, &v);
}

/* A google.rpc.Status of code 9 that says which blobs are missing, in several ways. */
static struct buf failed_precondition(void)
{
	struct buf status = BUF_INIT, failure = BUF_INIT;
	wire_int(&status, 1, 9);
	wire_str(&status, 2, "inputs");
	add_violation(&failure, "MISSING", "blobs/" HASH_A "/12");
	add_violation(&failure, "MISSING", "main/blobs/" HASH_B "/0");
	add_violation(&failure, "OTHER", "blobs/" HASH_B "/1");
	add_violation(&failure, "MISSING", "blobs/" HASH_B);
	add_violation(&failure, "MISSING", "blobs/" HASH_B "/");
	add_violation(&failure, "MISSING", "blobs/" HASH_B "/1x");
	add_violation(&failure, "MISSING", "blobs/" HASH_B "/99999999999999999999");
	add_violation(&failure, "MISSING", "blobs/b/1");
	add_violation(&failure, "MISSING", "");
	add_any(&status, 3, TYPE "google.rpc.PreconditionFailure", &failure);
	return status;
}

static void missing_inputs_are_named_by_a_failed_precondition(void **state)
{
	(void)state;
	struct arena a = ARENA_INIT;
	struct buf status = failed_precondition();
	struct remote_blob *missing, wanted = blob_named(HASH_A, 12);
	struct reapi_status s;
	uint32_t count;
	assert_true(reapi_decode_status(buf_span(&status), &a, &s, &missing, &count));
	assert_int_equal(s.code, 9);
	assert_string_equal(s.text, "inputs");
	assert_int_equal(count, 2);
	assert_true(remote_blob_eq(&missing[0], &wanted));
	assert_int_equal(missing[1].size, 0);
	buf_release(&status);
	arena_release(&a);
}

static void an_operation_tells_stage_response_and_what_is_missing(void **state)
{
	(void)state;
	struct buf m = BUF_INIT, metadata = BUF_INIT, response = BUF_INIT, result = BUF_INIT;
	struct buf status = failed_precondition();
	struct arena a = ARENA_INIT;
	struct reapi_operation o;
	wire_str(&m, 1, "operations/1");
	wire_int(&metadata, 1, REAPI_STAGE_COMPLETED);
	add_any(&m, 2, TYPE V2 "ExecuteOperationMetadata", &metadata);
	wire_int(&m, 3, 1);
	wire_int(&result, 4, 1);
	wire_sub(&response, 1, &result);
	wire_int(&response, 2, 1);
	wire_sub(&response, 3, &status);
	add_any(&m, 5, TYPE V2 "ExecuteResponse", &response);
	assert_true(reapi_decode_operation(buf_span(&m), &a, &o));
	assert_string_equal(o.name, "operations/1");
	assert_int_equal(o.stage, REAPI_STAGE_COMPLETED);
	assert_true(o.done && o.has_response && o.cached && o.has_result);
	assert_int_equal(o.result.exit_code, 1);
	assert_int_equal(o.status.code, 9);
	assert_int_equal(o.error.code, 0);
	assert_int_equal(o.missing_count, 2);
	buf_release(&m);
	arena_release(&a);
}

static void an_operation_that_failed_has_an_error_and_no_response(void **state)
{
	(void)state;
	struct buf m = BUF_INIT, status = failed_precondition();
	struct arena a = ARENA_INIT;
	struct reapi_operation o;
	wire_int(&m, 3, 1);
	wire_sub(&m, 4, &status);
	assert_true(reapi_decode_operation(buf_span(&m), &a, &o));
	assert_true(o.done && !o.has_response && !o.has_result);
	assert_int_equal(o.error.code, 9);
	assert_int_equal(o.missing_count, 2);
	assert_int_equal(o.stage, REAPI_STAGE_UNKNOWN);
	buf_release(&m);
	arena_release(&a);
}

static void a_response_of_another_type_is_refused_and_odd_metadata_are_not(void **state)
{
	(void)state;
	struct buf m = BUF_INIT, metadata = BUF_INIT, response = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct reapi_operation o;
	wire_int(&metadata, 1, 99);
	add_any(&m, 2, TYPE V2 "ExecuteOperationMetadata", &metadata);
	assert_true(reapi_decode_operation(buf_span(&m), &a, &o));
	assert_int_equal(o.stage, REAPI_STAGE_UNKNOWN);
	add_any(&m, 2, TYPE "some.other.Type", &metadata);
	assert_true(reapi_decode_operation(buf_span(&m), &a, &o));
	add_any(&m, 5, TYPE V2 "ActionResult", &response);
	assert_false(reapi_decode_operation(buf_span(&m), &a, &o));
	buf_release(&m);
	arena_release(&a);
}

static void requests_to_execute_are_written_field_by_field(void **state)
{
	(void)state;
	struct reapi_execute request = { .instance = "main", .action = blob_named(HASH_A, 3), .priority = -5,
					 .skip_cache = true, .inline_stdout = true };
	struct buf got = BUF_INIT, wanted = BUF_INIT, policy = BUF_INIT;
	reapi_encode_execute(&request, &got);
	wire_str(&wanted, 1, "main");
	wire_int(&wanted, 3, 1);
	wire_digest_field(&wanted, 6, HASH_A, 3);
	wire_int(&policy, 1, -5);
	wire_sub(&wanted, 7, &policy);
	wire_int(&wanted, 10, 1);
	assert_true(span_eq(buf_span(&got), buf_span(&wanted)));
	buf_release(&got);
	buf_release(&wanted);
	reapi_encode_wait("operations/1", &got);
	wire_str(&wanted, 1, "operations/1");
	assert_true(span_eq(buf_span(&got), buf_span(&wanted)));
	buf_release(&got);
	buf_release(&wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_is_the_same_bytes_in_whatever_order_it_is_given),
		cmocka_unit_test(old_servers_get_output_files),
		cmocka_unit_test(an_action_is_written_field_by_field),
		cmocka_unit_test(a_directory_comes_back_sorted),
		cmocka_unit_test(directories_out_of_order_or_with_odd_names_are_refused),
		cmocka_unit_test(a_tree_names_its_children_by_their_bytes),
		cmocka_unit_test(missing_inputs_are_named_by_a_failed_precondition),
		cmocka_unit_test(an_operation_tells_stage_response_and_what_is_missing),
		cmocka_unit_test(an_operation_that_failed_has_an_error_and_no_response),
		cmocka_unit_test(a_response_of_another_type_is_refused_and_odd_metadata_are_not),
		cmocka_unit_test(requests_to_execute_are_written_field_by_field),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
