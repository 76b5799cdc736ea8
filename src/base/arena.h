/*
 * Memory that lives as long as one command (or one event): allocate freely, release all at once. Pointers into an
 * arena are borrowed and never freed one by one. Two arenas are in use: the command's, for configuration, plan and
 * strings, and a scratch arena that is reset after each event.
 *
 * With --enable-debug-arena every piece is its own malloc, so that AddressSanitizer sees overruns between pieces.
 */
#ifndef SEPAL_BASE_ARENA_H
#define SEPAL_BASE_ARENA_H

#include <stddef.h>

#include "base/buf.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used; /* bytes in use in the newest block */
	size_t total; /* bytes handed out, for --stats */
};

#define ARENA_INIT { 0, 0, 0 }

void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull)); /* zeroed, max-aligned */
char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *a, const char *s, size_t n) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3) __attribute__((returns_nonnull));
struct span arena_span(struct arena *a, struct span s);
void arena_release(struct arena *a);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (size_t)(n)))

#endif
