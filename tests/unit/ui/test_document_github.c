/* GitHub's workflow commands: one line each, whatever is in a message or a path. */
#include "../../lib/check.h"

#include "../../lib/sample.h"

#define REPLACED "\xEF\xBF\xBD"

static void assert_command(const char *path, struct diag d, const char *expected)
{
	struct sample s;
	sample_init(&s, path, &d, 1);
	assert_string_equal(sample_render(&s, "github"), expected);
	sample_release(&s);
}

static void an_error_has_its_place_and_its_code(void **state)
{
	(void)state;
	assert_command("a.py", DIAG(NULL, 3, 4, 3, 7, false, "Bad", "misc"),
	               "::error file=d/a.py,line=3,endLine=3,col=5,endColumn=7,title=mypy misc::Bad\n");
	assert_command("a.py", DIAG(NULL, 3, 4, 5, 7, false, "Bad", "misc"),
	               "::error file=d/a.py,line=3,endLine=5,col=5,title=mypy misc::Bad\n");
	assert_command("a.py", DIAG(NULL, 3, -1, -1, -1, true, "Note", NULL),
	               "::notice file=d/a.py,line=3,title=mypy::Note\n");
	assert_command("a.py", DIAG(NULL, -1, -1, -1, -1, false, "Bad", NULL), "::error file=d/a.py,title=mypy::Bad\n");
	assert_command("", DIAG("", -1, -1, -1, -1, false, "mypy: can't read file 'x'", NULL),
	               "::error title=mypy::mypy: can't read file 'x'\n");
}

static void what_would_end_a_property_is_escaped(void **state)
{
	(void)state;
	assert_command("a,b:c%.py", DIAG(NULL, -1, -1, -1, -1, false, "a,b:c", NULL),
	               "::error file=d/a%2Cb%3Ac%25.py,title=mypy::a,b:c\n");
}

static void an_awkward_message_stays_on_its_line(void **state)
{
	(void)state;
	assert_command("a.py", DIAG(NULL, -1, -1, -1, -1, false, AWKWARD, NULL),
	               "::error file=d/a.py,title=mypy::Größe \"<a>\" & 'b'%0A::c,d: 100%25%0D\t" REPLACED "[1m" REPLACED
	               " " REPLACED " ]]> \xf0\x9f\x8e\x89\n");
}

static void notes_follow_in_the_message(void **state)
{
	(void)state;
	const struct diag diags[] = { { NULL, 3, -1, -1, -1, false, "Bad", NULL },
		                      { NULL, 3, -1, -1, -1, true, "one\ntwo", NULL },
		                      { NULL, 3, -1, -1, -1, true, "three", NULL } };
	struct sample s;
	sample_init(&s, "a.py", diags, 3);
	s.findings.failure = "100% crashed";
	sample_again(&s);
	assert_string_equal(sample_render(&s, "github"),
	                    "::error file=d/a.py,line=3,title=mypy::Bad%0Anote: one%0Atwo%0Anote: three\n"
	                    "::error title=sepal::100%25 crashed\n");
	sample_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_has_its_place_and_its_code),
		cmocka_unit_test(what_would_end_a_property_is_escaped),
		cmocka_unit_test(an_awkward_message_stays_on_its_line),
		cmocka_unit_test(notes_follow_in_the_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
