/* mypy's own error codes, those that its documentation describes; a plugin's are not among them. */
#ifndef SEPAL_UI_CODES_H
#define SEPAL_UI_CODES_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends the address of the code's description, the one that mypy itself prints (mypy/errors.py BASE_RTD_URL). False,
 * and nothing appended, if the code is not mypy's. */
bool code_add_link(const char *code, struct buf *out);

#endif
