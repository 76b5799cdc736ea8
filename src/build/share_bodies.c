/* The bodies of import cycles (model/bodies.h): asked for when a cycle has to run and nothing is known here of its
 * bodies. Their reports are in manifests of the same cycle at another time, which are fetched as well. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "build/share_internal.h"
#include "model/bodies.h"

/* For one of these manifests; freed by its callback. */
struct reports_request {
	struct share_request base;
	struct digest manifest_key;
};

static void shared_key(const struct digest *bodies_key, struct digest *ret)
{
	struct hasher *h = hasher_new();
	hasher_field_str(h, "sepal shared", "bodies");
	hasher_field_u64(h, "version", SHARE_KEY_VERSION);
	hasher_field_digest(h, "bodies", bodies_key);
	hasher_finish(h, ret);
}

/* Whatever came, the unit does not wait for more of it. */
static void settle(struct build *b, uint32_t unit)
{
	b->share->bodies[unit] = ANSWERED;
	share_one_less(b, unit, true);
}

static void on_reports(void *to, bool found, struct span record)
{
	struct reports_request *r = to;
	uint32_t unit = r->base.unit;
	if (share_is_current(&r->base)) {
		struct build *b = r->base.share->build;
		struct err err = ERR_INIT;
		bool ignored;
		r->base.share->progress = true;
		if (found && b->share->bodies[unit] == ASKED &&
		    share_adopt(b, unit, &r->manifest_key, record, &ignored, &err))
			build_stop(b, &err);
		if (b->share->bodies[unit] == ASKED && --b->share->bodies_left[unit] == 0)
			settle(b, unit);
	}
	free(r);
}

static void ask_for_reports(struct build *b, uint32_t unit, const struct digest *manifest_key)
{
	struct share *s = b->config.share;
	struct reports_request *r = xcalloc(1, sizeof *r);
	struct digest key;
	r->base = (struct share_request){ .share = s, .generation = s->generation, .unit = unit };
	r->manifest_key = *manifest_key;
	b->share->bodies_left[unit]++;
	share_unit_key(manifest_key, &key);
	s->ops.get_record(s->ops.ctx, &key, on_reports, r);
}

static bool is_repeated(const struct bodies *all, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (digest_eq(&all->entries[k].manifest_key, &all->entries[i].manifest_key))
			return true;
	return false;
}

static int adopt(struct build *b, uint32_t unit, struct span record, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct bodies all;
	struct digest key;
	int failed = 0;
	key_bodies(b->config.plan, unit, b->config.toolchain, &key);
	if (record.len <= STORE_RECORD_LIMIT && bodies_decode(record, &a, &all)) {
		failed = store_record(b->config.store, STORE_BODIES, &key, record, err);
		for (uint32_t i = 0; i < all.entry_count && !failed; i++)
			if (all.entries[i].member_count == b->config.plan->units[unit].member_count && !is_repeated(&all, i) &&
			    !store_has_record(b->config.store, STORE_MANIFESTS, &all.entries[i].manifest_key))
				ask_for_reports(b, unit, &all.entries[i].manifest_key);
	}
	arena_release(&a);
	return failed;
}

static void on_bodies(void *to, bool found, struct span record)
{
	struct share_request *r = to;
	if (share_is_current(r)) {
		struct build *b = r->share->build;
		struct err err = ERR_INIT;
		r->share->progress = true;
		if (found && b->share->bodies[r->unit] == ASKED && adopt(b, r->unit, record, &err))
			build_stop(b, &err);
		if (b->share->bodies[r->unit] == ASKED && !b->share->bodies_left[r->unit])
			settle(b, r->unit);
	}
	free(r);
}

void share_ask_for_bodies(struct build *b, uint32_t unit)
{
	struct share_state *st = b->share;
	struct share *s = b->config.share;
	uint32_t members = b->config.plan->units[unit].member_count;
	struct digest key;
	if (members == 1 || b->config.no_store_read || b->config.no_record || st->bodies[unit] != NOT_ASKED)
		return;
	key_bodies(b->config.plan, unit, b->config.toolchain, &key);
	if (store_has_record(b->config.store, STORE_BODIES, &key))
		return;
	st->bodies[unit] = ASKED;
	st->outstanding[unit]++;
	share_be_patient(s, members, WORTH_A_UNIT);
	shared_key(&key, &key);
	s->ops.get_record(s->ops.ctx, &key, on_bodies, share_request_new(s, unit));
}

void share_give_up_bodies(struct build *b)
{
	for (uint32_t i = 0; i < b->config.plan->unit_count; i++)
		if (b->share->bodies[i] == ASKED)
			settle(b, i);
}

void share_put_bodies(struct build *b, uint32_t unit)
{
	struct share *s = b->config.share;
	struct buf record = BUF_INIT;
	struct err err = ERR_INIT;
	struct digest key;
	bool found = false;
	if (b->config.plan->units[unit].member_count == 1)
		return;
	key_bodies(b->config.plan, unit, b->config.toolchain, &key);
	if (store_lookup(b->config.store, STORE_BODIES, &key, &record, &found, &err))
		err_release(&err); /* whoever needs it will be told */
	shared_key(&key, &key);
	if (found)
		s->ops.put(s->ops.ctx, &key, buf_span(&record), NULL, 0);
	buf_release(&record);
}
