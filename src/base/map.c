#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/xalloc.h"

void map_release(struct map *m)
{
	free(m->entries);
	free(m->slots);
	*m = (struct map)MAP_INIT;
}

static uint32_t *slot_of(const struct map *m, struct span key)
{
	uint32_t mask = m->slot_count - 1;
	uint32_t i = (uint32_t)hash_xxh3(key) & mask;
	while (m->slots[i] && !span_eq(m->entries[m->slots[i] - 1].key, key))
		i = (i + 1) & mask;
	return &m->slots[i];
}

static void rehash(struct map *m, uint32_t slot_count)
{
	free(m->slots);
	m->slots = xcalloc(slot_count, sizeof *m->slots);
	m->slot_count = slot_count;
	for (uint32_t i = 0; i < m->count; i++)
		*slot_of(m, m->entries[i].key) = i + 1;
}

uint32_t *map_get(const struct map *m, struct span key)
{
	if (!m->slot_count)
		return NULL;
	uint32_t slot = *slot_of(m, key);
	return slot ? &m->entries[slot - 1].value : NULL;
}

uint32_t *map_get_str(const struct map *m, const char *key)
{
	return map_get(m, span_of(key));
}

uint32_t *map_put(struct map *m, struct span key, uint32_t value, bool *ret_new)
{
	if ((m->count + 1) * 2 > m->slot_count)
		rehash(m, m->slot_count ? m->slot_count * 2 : 16);
	uint32_t *slot = slot_of(m, key);
	if (ret_new)
		*ret_new = !*slot;
	if (!*slot) {
		VEC_GROW(m->entries, m->count, m->cap);
		m->entries[m->count] = (struct map_entry){ key, value };
		*slot = ++m->count;
	}
	return &m->entries[*slot - 1].value;
}

uint32_t *map_put_str(struct map *m, const char *key, uint32_t value, bool *ret_new)
{
	return map_put(m, span_of(key), value, ret_new);
}
