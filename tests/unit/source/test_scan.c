/* source/scan.h on small sources, one behaviour a case. Whether the rules are mypy's is
 * tests/checker/test_scan_oracle.py's question. */
#include "../../lib/check.h"

#include "source/scan.h"

static const char *const always_true[] = { "AT", 0 };
static const char *const always_false[] = { "AF", 0 };
static const struct scan_options linux_3_11 = { 3, 11, "linux", always_true, always_false };

/* "LINE import a, LINE from ..b import c d, LINE from x import *", with `?` behind the line of a strippable one. */
static const char *text_of(const struct scan_result *result, struct arena *arena)
{
	const char *text = "";
	for (uint32_t i = 0; i < result->import_count; i++) {
		const struct import *import = &result->imports[i];
		const char *between = i ? ", " : "", *mark = import->strippable ? "?" : "";
		text = arena_printf(arena, "%s%s%u%s ", text, between, import->line, mark);
		if (import->kind == IMPORT_MODULE) {
			text = arena_printf(arena, "%simport %s", text, import->module);
			continue;
		}
		text = arena_printf(arena, "%sfrom ", text);
		for (uint32_t dots = 0; dots < import->level; dots++)
			text = arena_printf(arena, "%s.", text);
		text = arena_printf(arena, "%s%s import", text, import->module);
		for (uint32_t n = 0; n < import->name_count; n++)
			text = arena_printf(arena, "%s %s", text, import->names[n]);
		if (import->kind == IMPORT_STAR)
			text = arena_printf(arena, "%s *", text);
	}
	return text;
}

static void check_scan(struct span source, const char *expected)
{
	struct arena arena = ARENA_INIT;
	struct scan_result result;
	char *exact = malloc(source.len + 1); /* so that reading past the end is seen */
	memcpy(exact, source.data, source.len);
	exact = realloc(exact, source.len ? source.len : 1);
	scan_imports((struct span){ exact, source.len }, &linux_3_11, &arena, &result);
	free(exact);
	assert_string_equal(text_of(&result, &arena), expected);
	arena_release(&arena);
}

/* X(test, source, imports) */
#define STATEMENTS(X)                                                                                                  \
	X(an_empty_file_imports_nothing, "", "")                                                                       \
	X(each_name_of_an_import_is_one, "import a, b.c as d", "1 import a, 1 import b.c")                             \
	X(a_name_counts_on_its_own_line, "import a, \\\n b", "1 import a, 2 import b")                                 \
	X(a_dotted_name_may_hold_blanks, "import a . b", "1 import a.b")                                               \
	X(from_keeps_names_and_drops_aliases, "from a import b as c, d", "1 from a import b d")                        \
	X(names_in_parentheses_may_span_lines, "from a import ( # x\n b,\n c,\n)", "1 from a import b c")              \
	X(dots_count_however_they_are_written, "from .. . a import b", "1 from ...a import b")                         \
	X(a_package_may_be_dots_alone, "from . import a", "1 from . import a")                                         \
	X(from_needs_no_blank_before_a_dot, "from.a import b", "1 from .a import b")                                   \
	X(a_star_is_its_own_kind, "from .a import *", "1 from .a import *")                                            \
	X(soft_keywords_are_names, "from type import match, case", "1 from type import match case")                    \
	X(semicolons_separate, "x = 1; import a;import b;", "1 import a, 1 import b")                                  \
	X(a_joined_line_is_one_line, "x = 1; \\\nimport b", "2 import b")                                              \
	X(imports_count_in_functions_and_classes, "class A:\n def f(self):\n  yield\n  import a", "4 import a")        \
	X(a_body_may_stand_behind_its_colon, "if x: pass; import a\nelse: import b", "1 import a, 2 import b")         \
	X(a_slice_is_no_header, "x[1:2] = y; import a", "1 import a")                                                  \
	X(a_walrus_ends_no_header, "if x := f(): import a", "1 import a")                                              \
	X(a_lambda_ends_no_header, "for x in lambda: y: import a", "1 import a")                                       \
	X(an_annotation_ends_no_header, "def f(x: int = {1: 2}) -> int: yield; import a", "1 import a")                \
	X(a_name_that_begins_like_import_is_none, "importlib.x\nfromage = 1\nimports", "")                             \
	X(yield_from_is_no_import, "yield from a\nraise a from b", "")                                                 \
	X(async_statements_are_entered, "async with x: import a", "1 import a")                                        \
	X(decorators_are_passed, "@d(x=[\n1])\nclass A: import a", "3 import a")                                       \
	X(unfinished_imports_are_passed, "import\nfrom\nfrom a\nfrom import x\nimport a", "5 import a")

#define LITERALS(X)                                                                                                    \
	X(strings_hide_imports, "'''\nimport a\n'''\nx = \"\"\"\nimport b\n\"\"\"\nimport c", "7 import c")            \
	X(an_escaped_quote_ends_nothing, "x = 'a\\'; import b'; import c", "1 import c")                               \
	X(a_raw_string_keeps_its_quote, "x = r'\\'; import b'\nimport c", "2 import c")                                \
	X(a_backslash_escapes_itself, "x = '\\\\'; import a", "1 import a")                                            \
	X(an_escaped_triple_quote_ends_nothing, "x = '''a\\'''\nimport b'''\nimport c", "3 import c")                  \
	X(a_string_may_be_joined, "x = 'a\\\nimport b'\nimport c", "3 import c")                                       \
	X(an_unterminated_string_ends_with_its_line, "x = 'a\nimport b", "2 import b")                                 \
	X(an_unterminated_triple_string_swallows_all, "x = '''a\nimport b", "")                                        \
	X(comments_hide_imports, "# '\nimport a # ; import b\nx = [ # ]\n'a']; import c", "2 import a, 4 import c")    \
	X(brackets_hide_lines, "x = (\nimport_,\n[\n])\nimport a", "5 import a")                                       \
	X(an_unclosed_bracket_swallows_all, "x = (\nimport a", "")                                                     \
	X(a_stray_bracket_closes_nothing, "x = )\nimport a", "2 import a")                                             \
	X(an_f_string_may_nest_its_quote, "f'{a['b']}'; import c", "1 import c")                                       \
	X(an_f_string_may_nest_f_strings, "f'{f'{f'{1}'}'}'; import c", "1 import c")                                  \
	X(a_field_may_hold_lines_and_comments, "f'''{\nx # }\n}'''; import a", "3 import a")                           \
	X(doubled_braces_open_no_field, "f'{{'; import a", "1 import a")                                               \
	X(a_specification_may_hold_fields, "f'{x!r:>{w}.{p}}'; import a", "1 import a")                                \
	X(a_brace_in_a_specification_is_not_doubled, "f'{x:{{}}}'; import a", "1 import a")                            \
	X(a_named_character_opens_no_field, "f'\\N{DASH} {x}'; import a", "1 import a")                                \
	X(a_raw_field_is_one, "rf'\\N{x['a']}'; import a", "1 import a")                                               \
	X(a_plain_string_has_no_field, "'{'; import a", "1 import a")

#define LINES(X)                                                                                                       \
	X(a_byte_order_mark_is_passed, "\xef\xbb\xbfimport a", "1 import a")                                           \
	X(an_encoding_cookie_changes_nothing, "# coding: latin-1\nx = '\xe9'; import a", "2 import a")                 \
	X(names_may_be_non_ascii, "import \xc3\xa9.\xc3\xb1", "1 import \xc3\xa9.\xc3\xb1")                            \
	X(a_carriage_return_ends_a_line, "if x:\r import a\rimport b", "2 import a, 3 import b")                       \
	X(crlf_is_one_line_end, "if x:\r\n import a\r\nimport b", "2 import a, 3 import b")                            \
	X(a_form_feed_starts_the_line_anew, "if PY2:\n  pass\n  \fimport a", "3 import a")                             \
	X(tabs_indent, "if PY2:\n\tif x:\n\t\timport a\nimport b", "4 import b")                                       \
	X(blank_lines_and_comments_have_no_depth, "if PY2:\n  x\n\n# c\n  import a", "")                               \
	X(a_joined_line_counts_by_its_first_blanks, "if PY2:\n  x\n  \\\nimport a", "")

#define BRANCHES(X)                                                                                                    \
	X(an_undecided_if_keeps_all, "if x: import a\nelif y: import b\nelse: import c",                               \
	  "1 import a, 2 import b, 3 import c")                                                                        \
	X(a_true_if_ends_its_chain, "if PY3: import a\nelif x: import b\nelse: import c", "1 import a")                \
	X(a_false_if_is_left_out, "if PY2: import a\nelse: import b", "2 import b")                                    \
	X(a_true_elif_ends_the_chain, "if x: import a\nelif PY3: import b\nelse: import c", "1 import a, 2 import b")  \
	X(what_is_inside_is_left_out_too, "if PY2:\n def f():\n  import a\nimport b", "4 import b")                    \
	X(comments_do_not_part_a_chain, "if PY3: pass\n# c\n\nelse: import a", "")                                     \
	X(the_else_of_a_loop_is_not_the_ifs, "if PY3: pass\nfor x in y: pass\nelse: import a", "3 import a")           \
	X(the_else_of_an_outer_statement_is_not_the_ifs, "for x in y:\n if PY3: pass\nelse: import a", "3 import a")   \
	X(try_branches_all_count, "try: import a\nexcept E: import b\nelse: import c\nfinally: import d",              \
	  "1 import a, 2 import b, 3 import c, 4 import d")                                                            \
	X(a_while_is_never_decided, "while PY2: import a", "1 import a")                                               \
	X(code_behind_a_return_counts, "return\nimport a", "2 import a")                                               \
	X(a_failing_assert_ends_the_module, "import a\nassert PY2, 'x'\nimport b", "1 import a")                       \
	X(a_failing_assert_ends_its_line, "assert PY2; import b", "")                                                  \
	X(a_failing_assert_in_a_body_ends_nothing, "if x:\n assert PY2\n import a\nimport b", "3 import a, 4 import b") \
	X(a_wildcard_ends_a_match, "match x:\n case 1: import a\n case _: import b\n case _: import c",                \
	  "2 import a, 3 import b")                                                                                    \
	X(a_capture_ends_a_match, "match x:\n case (y): import a\n case 1: import b", "2 import a")                    \
	X(an_alternative_may_match_all, "match x:\n case 1 | _: import a\n case 1: import b", "2 import a")            \
	X(a_guarded_capture_ends_nothing, "match x:\n case y if z: import a\n case 1: import b",                       \
	  "2 import a, 3 import b")                                                                                    \
	X(a_false_guard_leaves_its_case_out, "match x:\n case y if PY2: import a\n case 1: import b", "3 import b")    \
	X(a_value_ends_nothing, "match x:\n case y.z: import a\n case None: import b", "2 import a, 3 import b")       \
	X(match_may_be_a_name, "match = 1\nmatch(x)\nmatch[x]: int\nimport a", "4 import a")                           \
	X(case_may_be_a_name, "case = 1\ncase: int; import a", "2 import a")

#define CONDITIONS(X)                                                                                                  \
	X(type_checking_is_true, "if TYPE_CHECKING: import a\nelse: import b", "1 import a")                           \
	X(an_attribute_counts_by_its_name, "if t.x().TYPE_CHECKING: import a\nelse: import b", "1 import a")           \
	X(a_call_of_it_does_not, "if TYPE_CHECKING(): import a\nelse: import b", "1 import a, 2 import b")             \
	X(always_true_is_obeyed, "if AT: import a\nelse: import b", "1 import a")                                      \
	X(always_false_is_obeyed, "if x.AF: import a\nelse: import b", "2 import b")                                   \
	X(not_inverts, "if not not PY2: import a\nelse: import b", "2 import b")                                       \
	X(and_is_false_by_one, "if x and y and PY2: import a\nelse: import b", "2 import b")                           \
	X(or_is_true_by_one, "if x or PY3: import a\nelse: import b", "1 import a")                                    \
	X(and_binds_tighter_than_or, "if x and PY2 or AF: import a\nelse: import b", "2 import b")                     \
	X(parentheses_change_nothing, "if (((PY2)) or\n(AF)): import a\nelse: import b", "3 import b")                 \
	X(a_tuple_is_not_its_item, "if (PY2,): import a\nelse: import b", "1 import a, 2 import b")                    \
	X(constants_are_not_decided, "if False: import a\nelif 0: import b", "1 import a, 2 import b")                 \
	X(a_conditional_expression_is_not, "if PY2 if x else AF: import a", "1 import a")                              \
	X(versions_compare_as_tuples, "if sys.version_info >= (3, 12): import a\nelse: import b", "2 import b")        \
	X(versions_compare_from_either_side, "if (3, 12) > sys.version_info: import a\nelse: import b", "1 import a")  \
	X(a_shorter_tuple_has_an_order, "if sys.version_info > (3,): import a\nelse: import b", "1 import a")          \
	X(a_shorter_tuple_is_never_equal, "if sys.version_info == (3,): import a\nelse: import b",                     \
	  "1 import a, 2 import b")                                                                                    \
	X(a_longer_tuple_is_not_compared, "if sys.version_info >= (3, 11, 1): import a\nelse: import b",               \
	  "1 import a, 2 import b")                                                                                    \
	X(version_elements_compare_as_integers, "if sys.version_info[0] == 0x2: import a\nelse: import b",             \
	  "2 import b")                                                                                                \
	X(version_slices_compare_as_tuples, "if sys.version_info[1:2:1] >= (12,): import a\nelse: import b",           \
	  "2 import b")                                                                                                \
	X(chained_comparisons_are_not_decided, "if 3 < sys.version_info[0] < 3: import a", "1 import a")               \
	X(an_integer_beyond_32_bits_is_not_compared, "if sys.version_info[0] > 2147483648: import a", "1 import a")    \
	X(platforms_compare_as_strings, "if sys.platform == 'win' '32': import a\nelse: import b", "2 import b")       \
	X(escapes_are_read, "if sys.platform != '\\x6c\\151\\u006eux': import a\nelse: import b", "2 import b")        \
	X(raw_strings_are_not, "if sys.platform == r'\\x6cinux': import a\nelse: import b", "2 import b")              \
	X(an_f_string_is_not_compared, "if sys.platform == f'win32': import a", "1 import a")                          \
	X(the_platform_stands_on_the_left, "if 'win32' == sys.platform: import a", "1 import a")                       \
	X(platforms_may_be_listed, "if sys.platform not in {'linux', 'darwin'}: import a\nelse: import b",             \
	  "2 import b")                                                                                                \
	X(a_list_with_a_name_is_not_decided, "if sys.platform in ('win32', x): import a", "1 import a")                \
	X(platforms_have_prefixes, "if sys.platform.startswith('win'): import a\nelse: import b", "2 import b")        \
	X(another_modules_platform_is_not_known, "if os.platform == 'win32': import a", "1 import a")                  \
	X(arithmetic_is_not_decided, "if -PY2: import a\nelif x + y.PY2: import b", "1 import a, 2 import b")

#define COMMENTS(X)                                                                                                    \
	X(an_ignored_module_imports_nothing, "# type: ignore\nimport a", "")                                           \
	X(with_error_codes_too, "#!x\n#type:ignore[a, b-c] # why\nimport a", "")                                         \
	X(an_ignore_behind_a_docstring_is_late, "'''\n'''# type: ignore\nimport a", "3 import a")                     \
	X(an_ignore_behind_the_first_statement_is_its, "import a # type: ignore", "1 import a")                        \
	X(an_ignore_with_words_is_none, "# type: ignore this\nimport a", "2 import a")                                 \
	X(mypy_ignore_counts_as_well, "# mypy: ignore[x] # why\nimport a", "")                                         \
	X(a_module_may_name_conditions, "if F: import a\nelse: import b\n# mypy: always-true=F", "1 import a")         \
	X(several_in_quotes, "# mypy: strict, always_false=\"G, F\"\nif F: import a\nelse: import b", "3 import b")    \
	X(only_in_the_first_column, " # mypy: always-true=F\nif F: import a\nelse: import b",                          \
	  "2 import a, 3 import b")                                                                                    \
	X(not_in_a_string, "'''\n# mypy: always-true=F\n'''\nif F: import a\nelse: import b",                          \
	  "4 import a, 5 import b")                                                                                    \
	X(behind_a_failing_assert_they_count, "if F: import a\nassert PY2\n# mypy: always-false=F", "")                \
	X(ignore_errors_leaves_strippable_ones_out, "# mypy: ignore-errors\nimport a\ndef f(): import b", "2 import a")

#define EFFECTS(X)                                                                                                     \
	X(a_functions_import_is_strippable, "def f():\n import a", "2? import a")                                      \
	X(a_generators_is_not, "def f():\n import a\n if x:\n  yield", "2 import a")                                   \
	X(a_lambdas_yield_is_not_the_functions, "def f():\n import a\n lambda: (yield)", "2? import a")                \
	X(a_yield_in_a_field_counts, "def f():\n import a\n f'{(yield)}'", "2 import a")                               \
	X(a_method_that_sets_an_attribute_is_kept, "class A:\n def f(s):\n  import a\n  s.x = 1", "3 import a")        \
	X(a_function_that_sets_one_is_not, "def f(s):\n import a\n s.x = 1", "2? import a")                            \
	X(reading_an_attribute_keeps_nothing, "class A:\n def f(s):\n  import a\n  x = s.x", "3? import a")            \
	X(a_loop_may_set_it, "class A:\n def f(s):\n  import a\n  for s.x, y in z: pass", "3 import a")                \
	X(a_with_may_set_it, "class A:\n def f(s):\n  import a\n  with (y as s.x): pass", "3 import a")                \
	X(a_tuple_may_set_it, "class A:\n def f(s):\n  import a\n  y, (*s.x,) = z", "3 import a")                      \
	X(a_star_argument_is_no_first_parameter, "class A:\n def f(*s):\n  import a\n  s.x = 1", "3? import a")        \
	X(an_inner_function_speaks_for_itself, "def f():\n import a\n def g():\n  yield\n  import b",                  \
	  "2? import a, 5? import b")                                                                                  \
	X(an_outer_generator_does_not_save_an_inner, "def f():\n yield\n def g():\n  import b", "4? import b")

#define ALL(X) STATEMENTS(X) LITERALS(X) LINES(X) BRANCHES(X) CONDITIONS(X) COMMENTS(X) EFFECTS(X)

#define DEFINE(name, source, expected)                                                                                 \
	static void name(void **state)                                                                                 \
	{                                                                                                              \
		(void)state;                                                                                           \
		check_scan(span_of(source), expected);                                                                 \
	}
ALL(DEFINE)

static void a_nul_byte_is_passed(void **state)
{
	(void)state;
	check_scan((struct span){ "x\0y\nimport a", 12 }, "2 import a");
}

static struct scan_result scan(const char *source, struct arena *arena)
{
	struct scan_result result;
	scan_imports(span_of(source), &linux_3_11, arena, &result);
	return result;
}

static void top_level_getattr_is_seen(void **state)
{
	struct arena arena = ARENA_INIT;
	(void)state;
	assert_true(scan("if x:\n def __getattr__(n): ...", &arena).module_getattr);
	assert_true(scan("async def __getattr__ (n): ...", &arena).module_getattr);
	assert_false(scan("class A:\n def __getattr__(n): ...", &arena).module_getattr);
	assert_false(scan("def f():\n def __getattr__(n): ...", &arena).module_getattr);
	assert_false(scan("__getattr__ = f", &arena).module_getattr);
	arena_release(&arena);
}

static void template_strings_are_seen(void **state)
{
	struct arena arena = ARENA_INIT;
	(void)state;
	assert_true(scan("x = rT'{x}'", &arena).template_strings);
	assert_true(scan("x = f'{t'a'}'", &arena).template_strings);
	assert_true(scan("if PY2: t'a'", &arena).template_strings);
	assert_false(scan("x = f\"t{\"t''\"}\"", &arena).template_strings);
	assert_false(scan("assert PY2\nt'a'", &arena).template_strings);
	arena_release(&arena);
}

/* `pattern` `count` times, then `end`. */
static void check_repeated(const char *pattern, size_t count, const char *end, const char *expected)
{
	struct buf source = BUF_INIT;
	for (size_t i = 0; i < count; i++)
		buf_add_str(&source, pattern);
	buf_add_str(&source, end);
	check_scan(buf_span(&source), expected);
	buf_release(&source);
}

static void deep_nesting_is_bounded(void **state)
{
	(void)state;
	check_repeated("f'{", 100000, "", "");
	check_repeated("(", 100000, "\n", "");
	check_repeated("not ", 100000, "x\nimport a", "2 import a");
	check_repeated("x.y(", 50000, "\nimport a", "");
}

static void deep_conditions_are_undecided(void **state)
{
	struct buf source = BUF_INIT;
	(void)state;
	buf_add_str(&source, "if ");
	for (int i = 0; i < 10000; i++)
		buf_add_str(&source, "x or (y and (");
	buf_add_str(&source, "PY2");
	for (int i = 0; i < 20000; i++)
		buf_add_char(&source, ')');
	buf_add_str(&source, ": import a\nelse: import b");
	check_scan(buf_span(&source), "1 import a, 2 import b");
	buf_release(&source);
}

static void deep_indentation_is_followed(void **state)
{
	struct buf source = BUF_INIT;
	(void)state;
	for (int depth = 0; depth < 300; depth++) {
		for (int i = 0; i < depth; i++)
			buf_add_char(&source, ' ');
		buf_add_str(&source, depth == 299 ? "import a\n" : "def f():\n");
	}
	buf_add_str(&source, "import b");
	check_scan(buf_span(&source), "300? import a, 301 import b");
	buf_release(&source);
}

static void encode(const char *source, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct scan_result result = scan(source, &arena);
	scan_result_encode(&result, out);
	arena_release(&arena);
}

static const char rich_source[] =
	"import a.b, c\nfrom ..d import e, f\nfrom . import *\ndef __getattr__(n):\n import g\nt''";

static void a_record_reads_back(void **state)
{
	struct arena arena = ARENA_INIT;
	struct buf record = BUF_INIT;
	struct scan_result result;
	(void)state;
	encode(rich_source, &record);
	assert_true(scan_result_decode(buf_span(&record), &arena, &result));
	assert_string_equal(text_of(&result, &arena),
	                    "1 import a.b, 1 import c, 2 from ..d import e f, 3 from . import *, 5? import g");
	assert_true(result.module_getattr);
	assert_true(result.template_strings);
	buf_release(&record);
	arena_release(&arena);
}

static void a_torn_record_is_refused(void **state)
{
	struct arena arena = ARENA_INIT;
	struct buf record = BUF_INIT;
	struct scan_result result;
	(void)state;
	encode(rich_source, &record);
	for (size_t len = 0; len < record.len; len++)
		assert_false(scan_result_decode((struct span){ record.data, len }, &arena, &result));
	buf_add_char(&record, 0);
	assert_false(scan_result_decode(buf_span(&record), &arena, &result));
	buf_release(&record);
	arena_release(&arena);
}

static void an_altered_record_is_refused(void **state)
{
	/* version, flags, count, kind, strippable, and the first byte of the module's name made a NUL */
	static const struct {
		size_t at;
		char byte;
	} changes[] = { { 0, 2 }, { 1, 4 }, { 5, 1 }, { 6, 3 }, { 7, 2 }, { 20, 0 } };
	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		struct arena arena = ARENA_INIT;
		struct buf record = BUF_INIT;
		struct scan_result result;
		encode("import a", &record);
		record.data[changes[i].at] = changes[i].byte;
		assert_false(scan_result_decode(buf_span(&record), &arena, &result));
		buf_release(&record);
		arena_release(&arena);
	}
}

#define LIST(name, source, expected) cmocka_unit_test(name),

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALL(LIST)
		cmocka_unit_test(a_nul_byte_is_passed),
		cmocka_unit_test(top_level_getattr_is_seen),
		cmocka_unit_test(template_strings_are_seen),
		cmocka_unit_test(deep_nesting_is_bounded),
		cmocka_unit_test(deep_conditions_are_undecided),
		cmocka_unit_test(deep_indentation_is_followed),
		cmocka_unit_test(a_record_reads_back),
		cmocka_unit_test(a_torn_record_is_refused),
		cmocka_unit_test(an_altered_record_is_refused),
	};
	return cmocka_run_group_tests_name("source/scan", tests, NULL, NULL);
}
