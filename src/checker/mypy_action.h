/*
 * The mypy adapter's pure half: from a unit to the action of one plain hermetic mypy process, and from that process's
 * outputs to a result. It never spawns and never touches the disk.
 *
 * The staged directory (doc/formats/action.md): `s/` own sources, unparsable placeholders for first-party dependencies
 * (under --bazel a cached dependency's source is stat'ed, never read: a placeholder turns a rejected artifact into a
 * loud syntax error), empty ancestors; `ts/` typeshed placeholders, VERSIONS, the core modules that mypy insists on;
 * `p/` a virtual environment with the same for installed packages; X.data.ff / X.meta.ff / X.meta_ex.ff of every
 * dependency where mypy looks for them; `mypy.ini` (or pyproject.toml) with the resolved options.
 */
#ifndef SEPAL_CHECKER_MYPY_ACTION_H
#define SEPAL_CHECKER_MYPY_ACTION_H

#include "checker/checker.h"
#include "checker/mypy_meta.h"

extern const struct checker checker_mypy;

/* The two bytes as mypy means them. */
struct mypy_format mypy_format_of(const struct checker_setup *setup);

void mypy_action_make(const struct checker_setup *setup, const struct unit_spec *unit, struct arena *arena,
                      struct action *ret);

/* A crash, a rejected dependency artifact, an undeclared output or a missing one is an error that names it. */
int mypy_action_interpret(const struct checker_setup *setup, const struct unit_spec *unit,
                          const struct action_outcome *outcome, struct arena *arena, struct unit_outcome *ret,
                          struct err *err) MUST_CHECK;

/* The same from a worker's answers: one meta (and data) per member after the interface step, one meta_ex per member
 * after the bodies. Fills member `i` of *ret (made by unit_outcome_init). */
int mypy_outcome_interface(const struct checker_setup *setup, const struct unit_spec *unit, uint32_t i,
                           struct span data, struct span meta, struct arena *arena, struct unit_outcome *ret,
                           struct err *err) MUST_CHECK;
int mypy_outcome_report(const struct checker_setup *setup, const struct unit_spec *unit, uint32_t i,
                        struct span meta_ex, struct arena *arena, struct unit_outcome *ret, struct err *err) MUST_CHECK;

#endif
