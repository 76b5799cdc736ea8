/* Reports that are XML: JUnit and Checkstyle; and what text becomes in XML (ui/xml.h). */
#include "../../lib/check.h"

#include "../../lib/sample.h"
#include "ui/xml.h"

#define PROLOGUE "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define REPLACED "\xEF\xBF\xBD"

static void assert_text(const char *text, const char *expected)
{
	struct buf b = BUF_INIT;
	xml_add_text(text, &b);
	assert_string_equal(b.data ? b.data : "", expected);
	buf_release(&b);
}

static void assert_attribute(const char *value, const char *expected)
{
	struct buf b = BUF_INIT;
	xml_add_attribute("a", value, &b);
	assert_string_equal(b.data, expected);
	buf_release(&b);
}

static void text_is_escaped(void **state)
{
	(void)state;
	assert_text("", "");
	assert_text("a < b && c > d ]]>", "a &lt; b &amp;&amp; c &gt; d ]]&gt;");
	assert_text("tab\t, line\n, return\r", "tab\t, line\n, return&#13;");
	assert_attribute("\"tab\"\t, line\n, return\r 'b'",
	                 " a=\"&quot;tab&quot;&#9;, line&#10;, return&#13; 'b'\"");
	assert_attribute("größe 🎉", " a=\"größe 🎉\"");
}

static void what_xml_cannot_hold_is_replaced(void **state)
{
	(void)state;
	assert_text("\x1b[1m\x01\x1f\x7f", REPLACED "[1m" REPLACED REPLACED "\x7f");
	assert_text("\xff\xc3", REPLACED REPLACED);
	assert_text("\xed\xa0\x80", REPLACED REPLACED REPLACED); /* a surrogate */
	assert_text("\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd", REPLACED REPLACED REPLACED);
}

static void junit_has_a_case_for_each_file(void **state)
{
	(void)state;
	const struct diag diags[] = { { NULL, 3, 4, 3, 7, false, "Bad <x>", "misc" },
		                      { NULL, 3, 4, 3, 7, true, "because", NULL },
		                      { NULL, 9, 4, 9, 7, false, "Worse", NULL },
		                      { "b.py", 1, 0, 1, 1, true, "Revealed", NULL } };
	struct sample s;
	sample_init(&s, "a.py", diags, 4);
	assert_string_equal(sample_render(&s, "junit"), PROLOGUE
		"<testsuites tests=\"2\" failures=\"1\" errors=\"0\">\n"
		"  <testsuite name=\"mypy\" tests=\"2\" failures=\"1\" errors=\"0\">\n"
		"    <testcase name=\"a.py\" classname=\"mypy\">\n"
		"      <failure message=\"2 errors\" type=\"mypy\">a.py:3: error: Bad &lt;x&gt;  [misc]\n"
		"a.py:3: note: because\na.py:9: error: Worse\n</failure>\n"
		"    </testcase>\n"
		"    <testcase name=\"b.py\" classname=\"mypy\">\n"
		"      <system-out>b.py:1: note: Revealed\n</system-out>\n"
		"    </testcase>\n"
		"  </testsuite>\n</testsuites>\n");
	sample_release(&s);
}

static void junit_without_findings_has_a_case_that_passes(void **state)
{
	(void)state;
	struct sample s;
	sample_init(&s, "a.py", NULL, 0);
	assert_string_equal(sample_render(&s, "junit"), PROLOGUE
		"<testsuites tests=\"1\" failures=\"0\" errors=\"0\">\n"
		"  <testsuite name=\"mypy\" tests=\"1\" failures=\"0\" errors=\"0\">\n"
		"    <testcase name=\"mypy\" classname=\"mypy\"/>\n"
		"  </testsuite>\n</testsuites>\n");
	sample_release(&s);
}

static void a_failure_of_the_environment_is_an_error_in_junit(void **state)
{
	(void)state;
	struct sample s;
	sample_init(&s, "a.py", NULL, 0);
	s.findings.failure = "it <crashed>";
	sample_again(&s);
	const char *xml = sample_render(&s, "junit");
	assert_non_null(strstr(xml, "tests=\"1\" failures=\"0\" errors=\"1\""));
	assert_non_null(strstr(xml, "<error message=\"it &lt;crashed&gt;\" type=\"sepal\">it &lt;crashed&gt;</error>"));
	sample_release(&s);
}

static void checkstyle_has_notes_behind_their_error(void **state)
{
	(void)state;
	const struct diag diags[] = { { NULL, 3, 4, 3, 7, false, "Bad \"x\"\ny", "misc" },
		                      { NULL, 3, 4, 3, 7, true, "because", NULL },
		                      { "b.py", -1, -1, -1, -1, false, "Bad", NULL } };
	struct sample s;
	sample_init(&s, "a.py", diags, 3);
	s.findings.failure = "crash";
	sample_again(&s);
	assert_string_equal(sample_render(&s, "checkstyle"), PROLOGUE
		"<checkstyle version=\"4.3\">\n"
		"  <file name=\"a.py\">\n"
		"    <error line=\"3\" column=\"5\" severity=\"error\" message=\"Bad &quot;x&quot;&#10;y\" "
		"source=\"mypy.misc\"/>\n"
		"    <error line=\"3\" column=\"5\" severity=\"info\" message=\"because\" source=\"mypy.misc\"/>\n"
		"  </file>\n"
		"  <file name=\"b.py\">\n"
		"    <error line=\"0\" severity=\"error\" message=\"Bad\" source=\"mypy\"/>\n"
		"  </file>\n"
		"  <file name=\"sepal\">\n"
		"    <error line=\"0\" severity=\"error\" message=\"crash\" source=\"mypy\"/>\n"
		"  </file>\n"
		"</checkstyle>\n");
	sample_release(&s);
}

static void what_is_found_elsewhere_is_with_its_file(void **state)
{
	(void)state;
	const struct diag diags[] = { { NULL, 1, 0, 1, 1, false, "A", NULL }, { "b.py", 1, 0, 1, 1, false, "B", NULL },
		                      { NULL, 2, 0, 2, 1, false, "C", NULL } };
	struct sample s;
	sample_init(&s, "a.py", diags, 3);
	const char *xml = sample_render(&s, "checkstyle");
	assert_true(strstr(xml, "\"C\"") < strstr(xml, "<file name=\"b.py\">"));
	xml = sample_render(&s, "junit");
	assert_non_null(strstr(xml, "a.py:1: error: A\na.py:2: error: C\n<"));
	assert_non_null(strstr(xml, "tests=\"2\""));
	sample_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_escaped),
		cmocka_unit_test(what_xml_cannot_hold_is_replaced),
		cmocka_unit_test(junit_has_a_case_for_each_file),
		cmocka_unit_test(junit_without_findings_has_a_case_that_passes),
		cmocka_unit_test(a_failure_of_the_environment_is_an_error_in_junit),
		cmocka_unit_test(checkstyle_has_notes_behind_their_error),
		cmocka_unit_test(what_is_found_elsewhere_is_with_its_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
