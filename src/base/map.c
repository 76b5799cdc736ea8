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

/* Keys lie elsewhere in memory: one is looked at only where its hash fits. */
static struct map_slot *slot_of(const struct map *m, struct span key, uint32_t hash)
{
	uint32_t mask = m->slot_count - 1, i = hash & mask;
	for (; m->slots[i].entry; i = (i + 1) & mask)
		if (m->slots[i].hash == hash && span_eq(m->entries[m->slots[i].entry - 1].key, key))
			break;
	return &m->slots[i];
}

static void rehash(struct map *m, uint32_t slot_count)
{
	struct map_slot *old = m->slots;
	uint32_t old_count = m->slot_count, mask = slot_count - 1;
	m->slots = xcalloc(slot_count, sizeof *m->slots);
	m->slot_count = slot_count;
	for (uint32_t s = 0; s < old_count; s++) {
		uint32_t i = old[s].hash & mask;
		if (!old[s].entry)
			continue;
		while (m->slots[i].entry)
			i = (i + 1) & mask;
		m->slots[i] = old[s];
	}
	free(old);
}

uint32_t *map_get(const struct map *m, struct span key)
{
	if (!m->slot_count)
		return NULL;
	const struct map_slot *slot = slot_of(m, key, (uint32_t)hash_xxh3(key));
	return slot->entry ? &m->entries[slot->entry - 1].value : NULL;
}

uint32_t *map_get_str(const struct map *m, const char *key)
{
	return map_get(m, span_of(key));
}

uint32_t *map_put(struct map *m, struct span key, uint32_t value, bool *ret_new)
{
	if ((m->count + 1) * 2 > m->slot_count)
		rehash(m, m->slot_count ? m->slot_count * 2 : 16);
	uint32_t hash = (uint32_t)hash_xxh3(key);
	struct map_slot *slot = slot_of(m, key, hash);
	if (ret_new)
		*ret_new = !slot->entry;
	if (!slot->entry) {
		VEC_GROW(m->entries, m->count, m->cap);
		m->entries[m->count] = (struct map_entry){ key, value };
		*slot = (struct map_slot){ hash, ++m->count };
	}
	return &m->entries[slot->entry - 1].value;
}

uint32_t *map_put_str(struct map *m, const char *key, uint32_t value, bool *ret_new)
{
	return map_put(m, span_of(key), value, ret_new);
}
