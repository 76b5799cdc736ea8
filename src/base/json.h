/*
 * The project's one door to jansson: no other file includes <jansson.h>. Values are opaque (`js_`, because
 * jansson owns the prefix `json_`); a tree is owned by the one
 * who parsed or made it and ends with js_free(). Values read out of a tree are borrowed from it.
 *
 * Writing is canonical: sorted keys, no spaces, UTF-8, integers only, so that a digest of a document means something.
 * Reading is bounded: input size by the caller, nesting depth by jansson (2048), and duplicate keys are refused.
 * Getters on NULL or on a value of another type return the fallback, so a decoder asks for what it needs and checks
 * with js_is_* where absence matters.
 */
#ifndef SEPAL_BASE_JSON_H
#define SEPAL_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct js;

/* `what` names the document in the error ("answer of the worker"). NUL bytes inside strings are refused. */
int js_parse(struct span text, const char *what, struct js **ret, struct err *err) MUST_CHECK;
void js_free(struct js *j); /* accepts NULL */

bool js_is_object(const struct js *j);
bool js_is_array(const struct js *j);
bool js_is_string(const struct js *j);
bool js_is_int(const struct js *j);
bool js_is_bool(const struct js *j);
bool js_is_null(const struct js *j); /* true for JSON null, false for NULL */

const struct js *js_get(const struct js *object, const char *key); /* NULL if absent */
size_t js_len(const struct js *array_or_object);
const struct js *js_at(const struct js *array, size_t i);
const char *js_string(const struct js *j, const char *fallback);
int64_t js_int(const struct js *j, int64_t fallback);
bool js_bool(const struct js *j, bool fallback);
/* Shorthands for js_string(js_get(o, key), fallback) and friends. */
const char *js_get_string(const struct js *object, const char *key, const char *fallback);
int64_t js_get_int(const struct js *object, const char *key, int64_t fallback);
bool js_get_bool(const struct js *object, const char *key, bool fallback);

/* Members in the document's order (sort before you print or hash). Start with *it = NULL; returns false at the end. */
bool js_next(const struct js *object, void **it, const char **ret_key, const struct js **ret_value);

/* Making documents. js_set and js_append take over the value they are given. */
struct js *js_new_object(void);
struct js *js_new_array(void);
struct js *js_new_string(const char *s); /* invalid UTF-8 bytes become U+FFFD */
struct js *js_new_string_n(struct span s);
struct js *js_new_int(int64_t v);
struct js *js_new_bool(bool v);
struct js *js_new_null(void);
struct js *js_copy(const struct js *j); /* deep */
void js_set(struct js *object, const char *key, struct js *value);
void js_set_string(struct js *object, const char *key, const char *value);
void js_set_int(struct js *object, const char *key, int64_t value);
void js_set_bool(struct js *object, const char *key, bool value);
void js_append(struct js *array, struct js *value);
bool js_equal(const struct js *a, const struct js *b);

/* Canonical text; `indent` > 0 is for people (still sorted). */
void js_write(const struct js *j, int indent, struct buf *out);

#endif
