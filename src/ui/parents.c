#include "ui/parents.h"

#include "base/map.h"

static struct span place_of(const struct diag *d, const char *path, struct buf *place)
{
	buf_reset(place);
	buf_put_u32(place, (uint32_t)d->line);
	buf_put_u32(place, (uint32_t)d->column);
	buf_add_str(place, path);
	return buf_span(place);
}

const uint32_t *parents_find(const struct diag_list *diags, const char *const *paths, struct arena *arena)
{
	uint32_t *parents = ARENA_ARRAY(arena, uint32_t, diags->count + 1);
	struct map errors = MAP_INIT; /* place -> the last error there */
	struct buf place = BUF_INIT;
	for (uint32_t i = 0; i < diags->count; i++) {
		const struct diag *d = &diags->items[i];
		parents[i] = NO_PARENT;
		if (!paths[i])
			continue;
		struct span at = place_of(d, paths[i], &place);
		uint32_t *error = map_get(&errors, at);
		if (d->is_note)
			parents[i] = error ? *error : NO_PARENT;
		else if (error)
			*error = i;
		else
			map_put(&errors, arena_span(arena, at), i, NULL);
	}
	map_release(&errors);
	buf_release(&place);
	return parents;
}
