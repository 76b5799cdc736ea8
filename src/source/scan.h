/*
 * The import scanner: which modules does a Python file name in its reachable import statements? It reads tokens, not
 * syntax trees: it knows strings, comments, brackets, line joining, indentation and just enough of `if`/`elif`/`else`,
 * `match`/`case` and `assert` to leave out what mypy leaves out (mypy/reachability.py, and what mypy's native parser
 * does with it): branches decided by sys.version_info, sys.platform, TYPE_CHECKING, MYPY, PY2/PY3, always_true and
 * always_false. Imports count wherever they stand: in functions, classes, try blocks.
 *
 * It never fails: on a file that does not parse it returns what it could see (the checker will report the syntax
 * error). It does not know files, modules or search paths: names are as written.
 */
#ifndef SEPAL_SOURCE_SCAN_H
#define SEPAL_SOURCE_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum import_kind {
	IMPORT_MODULE = 0, /* import a.b [as c]: `module` is "a.b", one statement per name */
	IMPORT_FROM = 1,   /* from ..a import x, y: level 2, module "a" (may be ""), names x and y */
	IMPORT_STAR = 2,   /* from a import * */
};

struct import {
	enum import_kind kind;
	uint32_t level; /* leading dots */
	uint32_t line;  /* 1-based: of the statement; of the name in `import a, \\ b` */
	const char *module;
	const char **names; /* IMPORT_FROM only */
	uint32_t name_count;
	/* Stands in a function whose body mypy leaves out when it ignores the module's errors (ignore_errors, or a module
	 * that it follows silently): no yield in it, no assignment to an attribute of a method's first parameter. Whoever
	 * knows that the module is such a one leaves the import out too. */
	bool strippable;
};

struct scan_options {
	int python_major, python_minor; /* target version */
	const char *platform;           /* as sys.platform */
	const char *const *always_true; /* names, NULL-terminated; may be NULL */
	const char *const *always_false;
};

struct scan_result {
	struct import *imports; /* in source order, the order of mypy's tree.imports */
	uint32_t import_count;
	bool module_getattr;    /* defines __getattr__ at top level: in an __init__.pyi it makes a partial stub package */
	/* Has a t"..." literal: mypy then depends on string.templatelib. Also set when it stands in a body that mypy would
	 * leave out (see strippable), where mypy does not depend on it. */
	bool template_strings;
};

/*
 * What a module says about itself is obeyed, as mypy's parser does: `# type: ignore` (or `# mypy: ignore`) before the
 * first statement leaves no import; `# mypy: always-true=X, always-false=Y` anywhere adds to the options; with
 * `# mypy: ignore-errors` the strippable imports are left out. After a top-level `assert` that cannot hold nothing is
 * read. Identifiers are as written: mypy normalises non-ASCII ones (NFKC), the scanner does not.
 */

/* Everything in *ret lives in `arena`. `source` is the file's bytes (BOM and encoding cookie allowed; any encoding that
 * keeps ASCII will do). Input is bounded by the caller; nesting is bounded here. */
void scan_imports(struct span source, const struct scan_options *options, struct arena *arena, struct scan_result *ret);

/* The scan cache's record: version-1 binary form of a result, read back with every bound checked. */
void scan_result_encode(const struct scan_result *result, struct buf *out);
bool scan_result_decode(struct span record, struct arena *arena, struct scan_result *ret);

#endif
