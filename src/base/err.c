#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static char *format(const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		BUG("bad format string: %s", fmt);
	char *s = xmalloc((size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(again);
	return s;
}

static int assign(struct err *err, enum err_kind kind, int sys_errno, char *message)
{
	free(err->message);
	err->kind = kind;
	err->sys_errno = sys_errno;
	err->message = message;
	return -1;
}

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = format(fmt, ap);
	va_end(ap);
	return assign(err, kind, 0, s);
}

int err_set_errno(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	va_start(ap, fmt);
	char *s = format(fmt, ap);
	va_end(ap);
	const char *why = strerror(saved);
	char *full = xmalloc(strlen(s) + strlen(why) + 3);
	sprintf(full, "%s: %s", s, why);
	free(s);
	return assign(err, kind, saved, full);
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = format(fmt, ap);
	va_end(ap);
	if (!err->message)
		BUG("err_wrap on an error that is not set: %s", s);
	char *full = xmalloc(strlen(err->message) + strlen(s) + 16);
	sprintf(full, "%s\n  while %s", err->message, s);
	free(s);
	free(err->message);
	err->message = full;
	return -1;
}

bool err_is_set(const struct err *err)
{
	return err->kind != ERR_NONE;
}

void err_move(struct err *to, struct err *from)
{
	free(to->message);
	*to = *from;
	*from = (struct err)ERR_INIT;
}

void err_release(struct err *err)
{
	free(err->message);
	*err = (struct err)ERR_INIT;
}

int err_exit_status(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE:
		return 0;
	case ERR_USAGE:
		return 2;
	case ERR_CHECKER:
	case ERR_IO:
	case ERR_PROTOCOL:
	case ERR_CORRUPT:
		return 3;
	case ERR_CONFLICT:
		return 4;
	case ERR_INTERRUPTED:
		return 130;
	}
	BUG("unknown error kind %d", (int)kind);
}

void err_bug(const char *file, int line, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fprintf(stderr, "sepal: bug at %s:%d: ", file, line);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}
