/* What the runner tells (exec/runner.h): interfaces, reports, and what went wrong. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "build/internal.h"

void build_stop(struct build *b, struct err *err)
{
	if (!err_is_set(&b->fatal))
		err_move(&b->fatal, err);
	err_release(err);
}

static struct span keep(struct build *b, struct span s)
{
	return arena_span(&b->arena, s);
}

static void keep_interface(struct build *b, struct interface *to, const struct interface *from)
{
	*to = *from;
	to->plugin_data = keep(b, from->plugin_data);
}

static void on_interface(void *ctx, uint32_t unit, const struct unit_outcome *o)
{
	struct build *b = ctx;
	struct build_unit *u = &b->units[unit];
	struct err err = ERR_INIT;
	if (u->state != UNIT_RUNNING)
		return;
	const struct plan_unit *p = &b->config.plan->units[unit];
	u->result.member_count = p->member_count;
	u->result.members = ARENA_ARRAY(&b->arena, struct member_result, p->member_count);
	for (uint32_t i = 0; i < p->member_count; i++) {
		struct digest stored;
		u->result.members[i].id = b->config.plan->modules[p->members[i]].id;
		keep_interface(b, &u->result.members[i].interface, &o->result.members[i].interface);
		if (store_put(b->config.store, o->data[i], &stored, &err)) {
			build_stop(b, &err);
			return;
		}
		if (!digest_eq(&stored, &u->result.members[i].interface.data))
			BUG("the adapter's digest of %s is not that of its bytes", u->result.members[i].id);
		build_share_made(b, p->members[i]);
	}
	if (build_load_first(b, unit, &err)) {
		build_stop(b, &err);
		return;
	}
	u->source = FROM_RUN;
	build_know_interfaces(b, unit, u->has_first ? &u->first : &u->result);
	build_set_state(b, unit, UNIT_BODIES);
	build_emit(b, BUILD_INTERFACE, unit, NULL);
	build_release_dependents(b, unit, true);
}

static void keep_diags(struct build *b, struct diag_list *to, const struct diag_list *from)
{
	to->count = from->count;
	to->items = ARENA_ARRAY(&b->arena, struct diag, from->count + 1);
	for (uint32_t i = 0; i < from->count; i++) {
		const struct diag *d = &from->items[i];
		to->items[i] = *d;
		to->items[i].path = d->path ? arena_strdup(&b->arena, d->path) : NULL;
		to->items[i].message = arena_strdup(&b->arena, d->message);
		to->items[i].code = d->code ? arena_strdup(&b->arena, d->code) : NULL;
	}
}

static void on_report(void *ctx, uint32_t unit, const struct unit_outcome *o)
{
	struct build *b = ctx;
	struct build_unit *u = &b->units[unit];
	struct err err = ERR_INIT;
	if (u->state != UNIT_BODIES)
		return;
	for (uint32_t i = 0; i < u->result.member_count; i++) {
		if (o->kept && o->kept[i])
			continue;
		struct member_result *to = &u->result.members[i];
		const struct member_result *from = &o->result.members[i];
		to->indirect_count = from->indirect_count;
		to->indirect = ARENA_ARRAY(&b->arena, const char *, from->indirect_count + 1);
		for (uint32_t k = 0; k < from->indirect_count; k++)
			to->indirect[k] = arena_strdup(&b->arena, from->indirect[k]);
		keep_diags(b, &to->diags, &from->diags);
	}
	build_keep_reports(b, unit, o);
	u->interface_us = o->interface_us;
	u->bodies_us = o->bodies_us;
	u->ended_ns = clock_monotonic_ns(loop_clock(b->config.loop));
	build_spec_drop(b, unit);
	if (!b->config.no_record && build_record(b, unit, o, &err)) {
		build_stop(b, &err);
		return;
	}
	build_share_put(b, unit);
	if (u->has_first)
		u->result = u->first;
	build_finish(b, unit);
}

static void on_blocked(void *ctx, uint32_t unit, const struct unit_outcome *o)
{
	struct build *b = ctx;
	struct build_unit *u = &b->units[unit];
	if (u->state != UNIT_RUNNING)
		return;
	keep_diags(b, &u->blockers, &o->blockers);
	u->blocked_in_parse = o->blocked_in_parse;
	u->blocked_by = unit;
	build_spec_drop(b, unit);
	build_set_state(b, unit, UNIT_BLOCKED);
	b->stats.blocked++;
	build_emit(b, BUILD_BLOCKED, unit, NULL);
	build_block_dependents(b, unit);
}

/* An interface that was altered in the store is a miss found late: whoever made it has to run again. */
static bool is_damage(struct build *b, uint32_t unit, const struct err *why)
{
	struct err err = ERR_INIT;
	bool found = false;
	if (why->kind == ERR_CORRUPT && build_find_damage(b, unit, &found, &err))
		build_stop(b, &err);
	return found;
}

static void on_failed(void *ctx, uint32_t unit, struct err *err)
{
	struct build *b = ctx;
	struct build_unit *u = &b->units[unit];
	if (u->state != UNIT_RUNNING && u->state != UNIT_BODIES)
		return;
	if (is_damage(b, unit, err)) {
		b->damaged++;
		build_put_off(b, unit);
		return;
	}
	bool released = u->state == UNIT_BODIES;
	build_spec_drop(b, unit);
	build_set_state(b, unit, UNIT_FAILED);
	u->blocked_by = unit;
	b->stats.failed++;
	build_emit(b, BUILD_FAILED, unit, err);
	if (!err_is_set(&b->failure) || unit < b->failed_unit) {
		b->failed_unit = unit;
		err_move(&b->failure, err);
	}
	if (!released)
		build_block_dependents(b, unit);
}

static void on_discovered(void *ctx, uint32_t unit, const char *module, const char *const *names)
{
	struct build *b = ctx;
	uint32_t n = 0;
	while (names[n])
		n++;
	const char **copy = ARENA_ARRAY(&b->arena, const char *, n + 1);
	for (uint32_t i = 0; i < n; i++)
		copy[i] = arena_strdup(&b->arena, names[i]);
	VEC_GROW(b->discovered, b->discovered_count, b->discovered_cap);
	const struct plan_module *m = plan_find(b->config.plan, module);
	b->discovered[b->discovered_count++] = (struct plan_discovered){
		.module = arena_strdup(&b->arena, module),
		.names = copy,
		.source = m ? m->digest : (struct digest){ { 0 } },
	};
	if (b->units[unit].state == UNIT_RUNNING)
		build_put_off(b, unit);
}

struct runner_events build_answers(struct build *b)
{
	return (struct runner_events){ on_interface, on_report, on_blocked, on_discovered, on_failed, b };
}
