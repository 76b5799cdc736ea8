/*
 * What every cmocka program needs: the headers in the order cmocka wants them, and assertions about `struct err`.
 * Include it first, as "../../lib/check.h".
 */
#ifndef SEPAL_TESTS_CHECK_H
#define SEPAL_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

/* The call, whose last argument is &err, succeeds; its message is shown if it does not. */
#define assert_ok(call)                                                                                                \
	do {                                                                                                           \
		if ((call) != 0)                                                                                       \
			fail_msg("%s: %s", #call, err.message);                                                        \
	} while (0)

/* It fails with this kind, and the message holds `text`; err is empty afterwards. */
#define assert_fails(call, expected_kind, text)                                                                        \
	do {                                                                                                           \
		if ((call) != -1)                                                                                      \
			fail_msg("%s did not fail", #call);                                                            \
		if (err.kind != (expected_kind) || !strstr(err.message, (text)))                                       \
			fail_msg("%s failed with kind %d: %s", #call, (int)err.kind, err.message);                     \
		err_release(&err);                                                                                     \
	} while (0)

#endif
