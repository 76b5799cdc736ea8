#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct arena_block {
	struct arena_block *next;
	size_t size;
	_Alignas(max_align_t) char data[];
};

enum { BLOCK_SIZE = 256 * 1024 };

static struct arena_block *push_block(struct arena *a, size_t size)
{
	struct arena_block *b = xmalloc(sizeof *b + size);
	b->size = size;
	b->next = a->blocks;
	a->blocks = b;
	a->used = 0;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t align = _Alignof(max_align_t);
	size_t need = (size + align - 1) / align * align;
	a->total += need;
#ifdef SEPAL_DEBUG_ARENA
	struct arena_block *piece = push_block(a, size);
	a->used = size;
	return memset(piece->data, 0, size);
#else
	struct arena_block *b = a->blocks;
	if (!b || b->size - a->used < need)
		b = push_block(a, need > BLOCK_SIZE ? need : BLOCK_SIZE);
	void *p = b->data + a->used;
	a->used += need;
	return memset(p, 0, size);
#endif
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy = arena_alloc(a, n + 1);
	if (n)
		memcpy(copy, s, n);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		BUG("bad format string: %s", fmt);
	char *s = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

struct span arena_span(struct arena *a, struct span s)
{
	return (struct span){ arena_strndup(a, s.data, s.len), s.len };
}

void arena_release(struct arena *a)
{
	for (struct arena_block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena)ARENA_INIT;
}
