/* What this machine made goes to the shared cache. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "build/share_internal.h"

void build_share_put(struct build *b, uint32_t unit)
{
	struct share *s = b->config.share;
	struct buf record = BUF_INIT;
	struct err err = ERR_INIT;
	bool found = false;
	if (!s || b->config.no_record || s->ops.is_over(s->ops.ctx))
		return;
	/* As it was recorded, with what others found out before. */
	if (store_lookup(b->config.store, STORE_MANIFESTS, build_manifest_key(b, unit), &record, &found, &err))
		err_release(&err); /* whoever needs it will be told */
	if (found) {
		const struct result *r = &b->units[unit].result;
		struct share_blob *blobs = xmalloc((r->member_count + 1) * sizeof *blobs);
		struct digest key;
		for (uint32_t i = 0; i < r->member_count; i++)
			blobs[i] = (struct share_blob){ r->members[i].interface.data, r->members[i].interface.data_size };
		share_unit_key(build_manifest_key(b, unit), &key);
		s->ops.put(s->ops.ctx, &key, buf_span(&record), blobs, r->member_count);
		free(blobs);
		share_put_bodies(b, unit);
	}
	buf_release(&record);
}
