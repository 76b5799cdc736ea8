/*
 * Failure as a sentence. Every function that can fail returns int (0 or -1), takes `struct err *` last and leaves it
 * untouched on success. The message is complete enough to print as it stands: what was being done, to what, what went
 * wrong, what to try. Callers add "while ..." lines on the way up with err_wrap(); only `cmd` and `ui` print.
 *
 * An expected outcome (a cache miss, a type error in the user's code) is a value, never an error.
 * Broken invariants are BUG(): they abort with file and line. Out of memory aborts, in one place (xalloc.h).
 *
 * Ownership: a `struct err` lives in the caller's memory; start with ERR_INIT, end with err_release() (it accepts a
 * zeroed or released err).
 */
#ifndef SEPAL_BASE_ERR_H
#define SEPAL_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

/* Each kind has one exit status (err_exit_status), documented in sepal(1). */
enum err_kind {
	ERR_NONE = 0,
	ERR_USAGE,       /* wrong arguments or configuration: exit 2 */
	ERR_CHECKER,     /* the checker is missing, unsupported or broke its contract: exit 3 */
	ERR_IO,          /* the operating system refused something: exit 3 */
	ERR_PROTOCOL,    /* foreign bytes that do not parse or exceed a limit: exit 3 */
	ERR_CORRUPT,     /* stored bytes do not match their digest or format: exit 3 */
	ERR_CONFLICT,    /* two producers gave different bytes for one output: exit 4 */
	ERR_INTERRUPTED, /* a signal asked to stop: exit 130 */
};

struct err {
	enum err_kind kind;
	int sys_errno; /* errno of the failed call, 0 if none */
	char *message; /* heap, never NULL when kind != ERR_NONE */
};

#define ERR_INIT { ERR_NONE, 0, 0 }
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/* All return -1 so that a failing path reads `return err_set(err, ...)`. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...) PRINTF(3, 4);
/* Appends ": strerror(errno)" and records errno. */
int err_set_errno(struct err *err, enum err_kind kind, const char *fmt, ...) PRINTF(3, 4);
/* Adds "while <text>" after the message. */
int err_wrap(struct err *err, const char *fmt, ...) PRINTF(2, 3);

bool err_is_set(const struct err *err);
void err_move(struct err *to, struct err *from);
void err_release(struct err *err);
int err_exit_status(enum err_kind kind);

#define BUG(...) err_bug(__FILE__, __LINE__, __VA_ARGS__)
void err_bug(const char *file, int line, const char *fmt, ...) PRINTF(3, 4) __attribute__((noreturn));

#endif
