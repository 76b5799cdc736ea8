/*
 * The toy checker: a language of a few words in `.py` files, with every kind of trouble a checker can make. It is the
 * second adapter, the fast subject of the end-to-end tests, and the example of doc/adapters.md. The language is
 * src/worker/sepal_toy_language.py.
 *
 * Artifacts are JSON documents, format 1:
 *
 *   data     {"toy": 1, "id", "path", "exports": {name: value}, "imports": [ids]}         the interface
 *   meta     {"toy": 1, "id", "path", "dependencies": [ids], "interface": SHA-1 of data, hex}
 *   meta_ex  {"toy": 1, "id", "indirect": [ids], "messages": [message]}                   (doc/formats/worker.md)
 *
 * The hermetic process is `python toy.py unit.json` in a directory that holds
 *
 *   python     the interpreter (a link)          toy.py        the language
 *   unit.json  {"unit": as in `run`, "options": {index: values}, "interfaces": {id: path of its data}}
 *   s/         the members' sources              deps/ID       the dependencies' data
 *   out/N.data, out/N.meta, out/N.meta_ex        what it writes for member N
 *
 * It ends with status 0, or with 2 and {"phase", "messages"} on stdout when an error blocks the unit.
 */
#ifndef SEPAL_CHECKER_TOY_H
#define SEPAL_CHECKER_TOY_H

#include "checker/checker.h"

extern const struct checker checker_toy;

#endif
