/*
 * Does a function's body show outside? mypy leaves the bodies of functions out of modules whose errors it ignores,
 * unless they yield (which decides the type of what they return) or, in methods, assign to an attribute of the first
 * parameter (which defines it). The rule is the native parser's. Reads text a second time; scan.c asks only about
 * functions with imports in them.
 */
#ifndef SEPAL_SOURCE_SCAN_EFFECT_H
#define SEPAL_SOURCE_SCAN_EFFECT_H

#include <stdbool.h>

#include "base/buf.h"

/* `function` runs from its `def` or `async` to its last line's end; `in_class`: a class is around it, however far. */
bool function_has_effect(struct span function, bool in_class);

#endif
