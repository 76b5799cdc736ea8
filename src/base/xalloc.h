/* Allocation that cannot fail: out of memory ends the program in one place. Sizes are limited at the doors where
 * foreign bytes enter, so running out here means the machine is full, not that an input was hostile. */
#ifndef SEPAL_BASE_XALLOC_H
#define SEPAL_BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));

/* Grows a heap array so that index `n` is valid: VEC_GROW(items, n, cap). Doubles, so appends are amortised O(1). */
#define VEC_GROW(items, n, cap)                                                                                        \
	do {                                                                                                           \
		if ((size_t)(n) >= (size_t)(cap)) {                                                                    \
			(cap) = (cap) ? (cap)*2 : 8;                                                                   \
			(items) = xrealloc((items), (size_t)(cap) * sizeof *(items));                                  \
		}                                                                                                      \
	} while (0)

#endif
