/* The verbs: each is one file and one row in main.c. They get their settings and give an exit status (sepal(1)); what
 * went wrong with the environment is in `err`, printed once by main. */
#ifndef SEPAL_CMD_CMD_H
#define SEPAL_CMD_CMD_H

#include "cmd/settings.h"

int cmd_check(const struct settings *s, int *ret_exit, struct err *err) MUST_CHECK;
int cmd_plan(const struct settings *s, int *ret_exit, struct err *err) MUST_CHECK;
int cmd_explain(const struct settings *s, int *ret_exit, struct err *err) MUST_CHECK;
int cmd_merge(const struct settings *s, int *ret_exit, struct err *err) MUST_CHECK;
int cmd_verify(const struct settings *s, int *ret_exit, struct err *err) MUST_CHECK;
int cmd_doctor(const struct settings *s, int *ret_exit, struct err *err) MUST_CHECK;
int cmd_baseline(const struct settings *s, int *ret_exit, struct err *err) MUST_CHECK;

#endif
