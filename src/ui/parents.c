#include "ui/parents.h"

#include <string.h>

size_t parent_of(const struct diag_list *diags, const char *const *paths, size_t note)
{
	const struct diag *n = &diags->items[note];
	if (!n->is_note || !paths[note])
		return NO_PARENT;
	for (size_t i = note; i-- > 0;) {
		const struct diag *d = &diags->items[i];
		bool same_place = paths[i] && d->line == n->line && d->column == n->column;
		if (!d->is_note && same_place && strcmp(paths[i], paths[note]) == 0)
			return i;
	}
	return NO_PARENT;
}
