/* mypy -O json: one JSON object a line, notes folded into the error they belong to (mypy/errors.py create_errors,
 * mypy/error_formatter.py JSONFormatter). The bytes are those of Python's json.dumps: ASCII only, members in mypy's
 * order, a space after each comma and colon; base/json writes canonical documents and cannot give them. */
#ifndef SEPAL_UI_TEXT_JSON_H
#define SEPAL_UI_TEXT_JSON_H

#include "ui/text.h"

/* Appends one object; `hints` are the notes that belong to it, a line each, NULL if there are none. */
void text_json_object(const struct diag *d, const char *path, const char *hints, struct buf *out);
/* Appends one message for each error and each note that belongs to no error. `paths[i]` is the displayed path of
 * diagnostic i, NULL when it has no location (mypy leaves those out). */
void text_json_format(const struct diag_list *diags, const char *const *paths, struct message_list *out);

#endif
