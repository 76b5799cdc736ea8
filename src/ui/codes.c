#include "ui/codes.h"

#include <stdlib.h>
#include <string.h>

/* Sorted. mypy/errorcodes.py of mypy 2.4.1; tests/checker/test_reports.py compares. */
static const char *const CODES[] = {
	"abstract", "annotation-unchecked", "arg-type", "assert-type", "assignment", "attr-defined",
	"await-not-async", "call-arg", "call-overload", "comparison-overlap", "deprecated", "dict-item", "empty-body",
	"exhaustive-match", "exit-return", "explicit-any", "explicit-override", "func-returns-value", "has-type",
	"ignore-without-code", "import", "import-not-found", "import-untyped", "index", "list-item",
	"literal-required", "maybe-unrecognized-str-typeform", "metaclass", "method-assign", "misc",
	"mutable-override", "name-defined", "name-match", "narrowed-type-not-subtype", "no-any-return",
	"no-any-unimported", "no-overload-impl", "no-redef", "no-untyped-call", "no-untyped-def", "nonetype-type",
	"operator", "overload-cannot-match", "overload-overlap", "override", "possibly-undefined", "prop-decorator",
	"redundant-cast", "redundant-expr", "redundant-self", "return", "return-value", "safe-super",
	"str-bytes-safe", "str-format", "str-unpack", "syntax", "top-level-await", "truthy-bool", "truthy-function",
	"truthy-iterable", "type-abstract", "type-arg", "type-var", "typeddict-item", "typeddict-readonly-mutated",
	"typeddict-unknown-key", "unimported-reveal", "union-attr", "unreachable", "untyped-decorator",
	"unused-awaitable", "unused-coroutine", "unused-ignore", "used-before-def", "valid-newtype", "valid-type",
	"var-annotated",
};

static int compare(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

bool code_add_link(const char *code, struct buf *out)
{
	if (!bsearch(code, CODES, sizeof CODES / sizeof *CODES, sizeof *CODES, compare))
		return false;
	buf_addf(out, "https://mypy.readthedocs.io/en/stable/_refs.html#code-%s", code);
	return true;
}
