/* Search paths by top-level name; see the header. */
#include "source/resolve_roots.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* os.path.splitext(name)[0]: leading dots do not start an extension. */
static struct span stem_of(const char *name)
{
	size_t len = strlen(name);
	const char *dot = strrchr(name, '.');
	if (!dot || strspn(name, ".") > (size_t)(dot - name))
		return (struct span){ name, len };
	return (struct span){ name, (size_t)(dot - name) };
}

/* Roots are added last to first, so that a chain built by prepending is in order. */
static void add_stem(struct roots *roots, uint32_t root, struct span stem)
{
	bool is_new;
	uint32_t *head = map_put(&roots->by_stem, stem, roots->link_count, &is_new);
	uint32_t next = is_new ? ROOTS_NONE : *head;
	if (next != ROOTS_NONE && roots->links[next].root == root)
		return;
	*head = roots->link_count;
	VEC_GROW(roots->links, roots->link_count, roots->link_cap);
	roots->links[roots->link_count++] = (struct roots_link){ root, next };
}

static uint32_t length(const char *const *list)
{
	uint32_t n = 0;
	while (list && list[n])
		n++;
	return n;
}

void roots_init(struct roots *roots, struct dirs *ds, const char *const *first, const char *const *second)
{
	uint32_t split = length(first);
	*roots = (struct roots){ .by_stem = MAP_INIT, .count = split + length(second) };
	roots->dirs = xcalloc(roots->count + 1, sizeof *roots->dirs);
	for (uint32_t i = 0; i < roots->count; i++)
		roots->dirs[i] = dirs_open(ds, i < split ? first[i] : second[i - split]);
	for (uint32_t i = roots->count; i-- > 0;) {
		const struct dir *dir = roots->dirs[i];
		for (uint32_t e = 0; dir->readable && e < dir->count; e++)
			add_stem(roots, i, stem_of(dir->entries[e].name));
	}
}

void roots_release(struct roots *roots)
{
	free(roots->dirs);
	free(roots->links);
	map_release(&roots->by_stem);
	*roots = (struct roots){ .by_stem = MAP_INIT };
}

uint32_t roots_with(const struct roots *roots, struct span name)
{
	const uint32_t *head = map_get(&roots->by_stem, name);
	return head ? *head : ROOTS_NONE;
}

uint32_t roots_next(const struct roots *roots, uint32_t *a, uint32_t *b)
{
	uint32_t root_a = *a == ROOTS_NONE ? ROOTS_NONE : roots->links[*a].root;
	uint32_t root_b = *b == ROOTS_NONE ? ROOTS_NONE : roots->links[*b].root;
	uint32_t root = root_a < root_b ? root_a : root_b;
	if (root == ROOTS_NONE)
		return root;
	if (root_a == root)
		*a = roots->links[*a].next;
	if (root_b == root)
		*b = roots->links[*b].next;
	return root;
}
