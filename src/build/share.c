/* The shared cache: what is asked for, and who waits for an answer (share.h). */
#define _GNU_SOURCE /* qsort_r */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "build/share_internal.h"
#include "sys/clock.h"

/* From so many units on that nothing is known of, the record of the whole tree is asked for first. */
enum { WORTH_A_TREE = 16 };

/* Units are asked for in waves, those that most others wait for first. When the cache has nothing of a whole wave,
 * it is not asked about the rest: what stands on all that is new to it is new to it as well, and a question is not
 * free. */
enum { WAVE = 256 };

#define PATIENCE_LEAST_NS (200 * NS_PER_MS)
#define PATIENCE_MOST_NS (10 * NS_PER_S)
enum { WAITS_IN_ALL = 5 }; /* times the patience for one silence */

struct share *share_new(const struct share_ops *ops, struct store *store)
{
	struct share *s = xcalloc(1, sizeof *s);
	s->ops = *ops;
	s->store = store;
	return s;
}

void share_free(struct share *s)
{
	if (!s)
		return;
	past_free(s->tree);
	map_release(&s->lost);
	arena_release(&s->arena);
	free(s);
}

struct share_counters share_counters(const struct share *s)
{
	return s->counters;
}

struct share_request *share_request_new(struct share *s, uint32_t unit)
{
	struct share_request *r = xcalloc(1, sizeof *r);
	r->share = s;
	r->generation = s->generation;
	r->unit = unit;
	return r;
}

bool share_is_current(const struct share_request *r)
{
	return r->share->build && r->generation == r->share->generation;
}

bool share_is_over(const struct share *s)
{
	return s->impatient || s->ops.is_over(s->ops.ctx);
}

void share_be_patient(struct share *s, uint32_t count, enum share_worth worth)
{
	int64_t least = PATIENCE_LEAST_NS * worth, patience = NS_PER_MS * worth * count;
	patience = patience < least ? least : patience > PATIENCE_MOST_NS ? PATIENCE_MOST_NS : patience;
	s->patience_ns = patience > s->patience_ns ? patience : s->patience_ns;
}

/* ---- keys ---- */

void share_unit_key(const struct digest *manifest_key, struct digest *ret)
{
	struct hasher *h = hasher_new();
	hasher_field_str(h, "sepal shared", "unit");
	hasher_field_u64(h, "version", SHARE_KEY_VERSION);
	hasher_field_digest(h, "manifest", manifest_key);
	hasher_finish(h, ret);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Trees of one toolchain whose sources have the same top-level packages: most likely the same one at another time. */
static void tree_key(const struct build *b, struct digest *ret)
{
	const struct plan *p = b->config.plan;
	struct arena a = ARENA_INIT;
	const char **names = ARENA_ARRAY(&a, const char *, p->module_count + 1);
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->module_count; i++)
		if (p->modules[i].is_source)
			names[n++] = arena_strndup(&a, p->modules[i].id, strcspn(p->modules[i].id, "."));
	if (n)
		qsort(names, n, sizeof *names, by_text);
	struct hasher *h = hasher_new();
	hasher_field_str(h, "sepal shared", "tree");
	hasher_field_u64(h, "version", SHARE_KEY_VERSION);
	hasher_field_digest(h, "toolchain", b->config.toolchain);
	for (uint32_t i = 0; i < n; i++)
		if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
			hasher_field_str(h, "package", names[i]);
	hasher_finish(h, ret);
	arena_release(&a);
}

/* ---- a build begins and ends ---- */

void build_share_init(struct build *b)
{
	const struct plan *p = b->config.plan;
	struct share *s = b->config.share;
	if (!s)
		return;
	struct share_state *st = ARENA_NEW(&b->arena, struct share_state);
	st->asked = ARENA_ARRAY(&b->arena, unsigned char, p->unit_count + 1);
	st->turns = ARENA_ARRAY(&b->arena, uint32_t, p->unit_count + 1);
	st->parked = ARENA_ARRAY(&b->arena, unsigned char, p->unit_count + 1);
	st->bodies = ARENA_ARRAY(&b->arena, unsigned char, p->unit_count + 1);
	st->bodies_left = ARENA_ARRAY(&b->arena, uint32_t, p->unit_count + 1);
	st->late = ARENA_ARRAY(&b->arena, unsigned char, p->unit_count + 1);
	st->bytes = ARENA_ARRAY(&b->arena, unsigned char, p->module_count + 1);
	st->outstanding = ARENA_ARRAY(&b->arena, uint32_t, p->unit_count + 1);
	st->without = ARENA_ARRAY(&b->arena, unsigned char, p->unit_count + 1);
	st->first_waiter = ARENA_ARRAY(&b->arena, uint32_t, p->module_count + 1);
	st->waiters = xcalloc(1, sizeof *st->waiters);
	st->waiter_count = st->waiter_cap = 1; /* number 0 ends a list */
	b->share = st;
	s->build = b;
	s->generation++;
	if (s->tree)
		build_recall_others(b, s->tree);
}

void build_share_end(struct build *b)
{
	if (!b->share)
		return;
	free(b->share->waiters);
	b->config.share->build = NULL;
}

bool build_share_lost(const struct build *b, const struct digest *data)
{
	const struct share *s = b->config.share;
	return s && map_get(&s->lost, (struct span){ (const char *)data->bytes, DIGEST_SIZE });
}

bool build_share_has(const struct build *b, const struct digest *data)
{
	const struct share *s = b->config.share;
	return (s && !share_is_over(s) && !build_share_lost(b, data)) || store_has(b->config.store, data);
}

/* ---- manifests of units ---- */

static void answer(struct build *b, uint32_t unit)
{
	struct share_state *st = b->share;
	if (st->asked[unit] == ASKED)
		st->asked_count--;
	st->asked[unit] = ANSWERED;
	if (!st->parked[unit])
		return;
	st->parked[unit] = false;
	st->parked_count--;
	build_unpark(b, unit);
}

/* A record is only somebody's word: entries that answer for other members are left out, and those of an action that has
 * a result here. */
static void leave_out(struct build *b, uint32_t unit, const struct manifest *ours, struct arena *a,
                      struct manifest *theirs)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < theirs->entry_count; i++) {
		struct result r;
		if (!manifest_find(ours, &theirs->entries[i].closure) && result_decode(theirs->entries[i].result, a, &r) &&
		    build_fits_unit(b, unit, &r))
			theirs->entries[kept++] = theirs->entries[i];
	}
	theirs->entry_count = kept;
}

/* What others found out is put before what is known here, which does not hold now, or the cache would not be asked. */
static int enter(struct build *b, const struct digest *key, const struct manifest *theirs, const struct manifest *ours,
                 struct arena *a, bool *ret_entered, struct err *err)
{
	struct manifest all = *ours;
	struct buf out = BUF_INIT;
	int failed = 0;
	for (uint32_t i = theirs->entry_count; i > 0; i--) {
		struct manifest more;
		manifest_add(&all, &theirs->entries[i - 1], a, &more);
		all = more;
	}
	manifest_encode_within(&all, BUILD_MANIFEST_SIZE, &out);
	*ret_entered = theirs->entry_count && out.len <= STORE_RECORD_LIMIT;
	if (*ret_entered)
		failed = store_record(b->config.store, STORE_MANIFESTS, key, buf_span(&out), err);
	buf_release(&out);
	return failed;
}

int share_adopt(struct build *b, uint32_t unit, const struct digest *key, struct span record, bool *ret_entered,
                struct err *err)
{
	*ret_entered = false;
	struct arena a = ARENA_INIT;
	struct manifest theirs;
	struct loaded_manifest ours;
	int failed = 0;
	if (manifest_decode(record, &a, &theirs)) {
		failed = build_load_manifest(b, key, &ours, err);
		if (!failed) {
			leave_out(b, unit, &ours.manifest, &a, &theirs);
			failed = enter(b, key, &theirs, &ours.manifest, &a, ret_entered, err);
		}
		build_drop_manifest(&ours);
	}
	arena_release(&a);
	return failed;
}

static void ask_next_wave(struct build *b);

static void on_manifest(void *to, bool found, struct span record)
{
	struct share_request *r = to;
	if (share_is_current(r)) {
		struct build *b = r->share->build;
		struct err err = ERR_INIT;
		b->share->wave_found += found && r->in_wave;
		r->share->progress = true;
		bool entered = false;
		if (found && b->share->asked[r->unit] == ASKED &&
		    share_adopt(b, r->unit, build_manifest_key(b, r->unit), record, &entered, &err))
			build_stop(b, &err);
		r->share->counters.units_found += entered;
		answer(b, r->unit);
		if (r->in_wave && --b->share->wave_left == 0)
			ask_next_wave(b);
	}
	free(r);
}

/* Is there anything to ask? */
static bool may_be_asked(const struct build *b, uint32_t unit)
{
	const struct plan *p = b->config.plan;
	if (b->config.no_store_read || (b->config.forced && b->config.forced[unit]))
		return false;
	for (uint32_t i = 0; i < p->units[unit].member_count; i++)
		if (p->modules[p->units[unit].members[i]].unreadable)
			return false;
	return true;
}

/* Could the store or the past have it? Then it is looked up there first. */
static bool is_known(struct build *b, uint32_t unit)
{
	struct past_entry ignored;
	const struct digest *key = build_manifest_key(b, unit);
	return (b->own.past && past_find(b->own.past, key, &ignored)) ||
	       (b->others.past && past_find(b->others.past, key, &ignored)) ||
	       store_has_record(b->config.store, STORE_MANIFESTS, key);
}

static int by_turn(const void *x, const void *y, void *b)
{
	uint32_t a = *(const uint32_t *)x, c = *(const uint32_t *)y;
	return build_goes_before(b, a, c) ? -1 : build_goes_before(b, c, a);
}

static void ask_for_unit(struct build *b, uint32_t unit, bool in_wave)
{
	struct share *s = b->config.share;
	struct share_request *r = share_request_new(s, unit);
	struct digest key;
	r->in_wave = in_wave;
	share_unit_key(build_manifest_key(b, unit), &key);
	s->ops.get_record(s->ops.ctx, &key, on_manifest, r);
}

static void ask_next_wave(struct build *b)
{
	struct share_state *st = b->share;
	bool in_vain = st->next_asked && !st->wave_found;
	uint32_t end = in_vain || st->turn_count - st->next_asked < WAVE ? st->turn_count : st->next_asked + WAVE;
	st->wave_found = 0;
	st->wave_left = in_vain ? 0 : end - st->next_asked;
	for (; st->next_asked < end; st->next_asked++) {
		uint32_t unit = st->turns[st->next_asked];
		if (in_vain)
			answer(b, unit);
		else
			ask_for_unit(b, unit, true);
	}
}

static void ask_for_units(struct build *b)
{
	struct share_state *st = b->share;
	for (uint32_t i = 0; i < b->config.plan->unit_count; i++)
		if (st->asked[i] == ASKED)
			st->turns[st->turn_count++] = i;
	qsort_r(st->turns, st->turn_count, sizeof *st->turns, by_turn, b);
	ask_next_wave(b);
}

/* ---- the tree ---- */

static void on_tree(void *to, bool found, struct span record)
{
	struct share_request *r = to;
	struct share *s = r->share;
	struct buf file = BUF_INIT;
	s->tree_there = found;
	s->progress = true;
	buf_add_span(&file, record);
	if (found && !s->tree)
		s->tree = past_decode(&file);
	buf_release(&file);
	if (share_is_current(r)) {
		struct build *b = s->build;
		if (s->tree)
			build_recall_others(b, s->tree);
		for (uint32_t i = 0; i < b->config.plan->unit_count; i++) {
			if (b->share->asked[i] != ASKED || !is_known(b, i))
				continue;
			s->counters.units_found++;
			answer(b, i);
			b->share->asked[i] = NOT_ASKED; /* should it turn out not to hold, the unit's own record may */
		}
		ask_for_units(b);
	}
	free(r);
}

void build_share_ask(struct build *b)
{
	struct share *s = b->config.share;
	uint32_t unknown = 0;
	if (!s || share_is_over(s))
		return;
	for (uint32_t i = 0; i < b->config.plan->unit_count; i++) {
		bool asks = may_be_asked(b, i) && !is_known(b, i);
		b->share->asked[i] = asks ? ASKED : NOT_ASKED;
		unknown += asks;
	}
	b->share->asked_count = unknown;
	share_be_patient(s, unknown, WORTH_A_UNIT);
	if (unknown < WORTH_A_TREE || s->tree_asked) {
		ask_for_units(b);
		return;
	}
	struct digest key;
	tree_key(b, &key);
	s->tree_asked = true;
	s->ops.get_record(s->ops.ctx, &key, on_tree, share_request_new(s, 0));
}

void build_share_tree(struct build *b)
{
	struct share *s = b->config.share;
	if (!s || (!b->stats.units_run && (!s->tree_asked || s->tree_there)) || b->config.no_record ||
	    s->ops.is_over(s->ops.ctx))
		return;
	struct buf out = BUF_INIT;
	struct digest key;
	tree_key(b, &key);
	build_encode_memory(b, &out);
	s->ops.put(s->ops.ctx, &key, buf_span(&out), NULL, 0);
	buf_release(&out);
}

/* ---- waiting ---- */

bool build_share_parks(struct build *b, uint32_t unit)
{
	if (!b->share || b->share->asked[unit] != ASKED)
		return false;
	if (share_is_over(b->config.share)) {
		answer(b, unit);
		return false;
	}
	b->share->parked[unit] = true;
	b->share->parked_count++;
	return true;
}

/* Many were asked for, and few had what holds: this is work that nobody did yet. */
static bool is_late_in_vain(const struct share_state *st)
{
	return st->late_missed >= WAVE / 4 && st->late_missed > st->late_asked / 4 * 3;
}

bool build_share_asks_late(struct build *b, uint32_t unit)
{
	struct share_state *st = b->share;
	if (!st)
		return false;
	st->late_missed += st->late[unit];
	if (st->asked[unit] != NOT_ASKED || !may_be_asked(b, unit) || share_is_over(b->config.share) || is_late_in_vain(st))
		return false;
	st->asked[unit] = ASKED;
	st->asked_count++;
	st->late[unit] = true;
	st->late_asked++;
	share_be_patient(b->config.share, st->asked_count, WORTH_A_UNIT);
	ask_for_unit(b, unit, false);
	return build_share_parks(b, unit);
}

bool build_share_is_asking(const struct build *b)
{
	return b->share && b->share->asked_count && !share_is_over(b->config.share);
}

bool build_share_is_awaited(const struct build *b)
{
	return b->share && (b->share->parked_count || b->counts[UNIT_FETCHING]);
}

int64_t build_share_patience(const struct build *b)
{
	const struct share *s = b->config.share;
	int64_t left = s->patience_ns - s->silence_ns, in_all = s->patience_ns * WAITS_IN_ALL - s->waited_ns;
	left = left < in_all ? left : in_all;
	return left > 0 ? left : 0;
}

/* Nobody waits any longer, in this build and the next ones. */
static void lose_patience(struct build *b)
{
	struct share *s = b->config.share;
	s->impatient = true;
	for (uint32_t i = 0; i < b->config.plan->unit_count; i++) {
		if (b->share->asked[i] != ASKED)
			continue;
		s->counters.impatient++;
		answer(b, i);
	}
	build_share_give_up_bytes(b);
}

void build_share_waited(struct build *b, int64_t ns)
{
	struct share *s = b->config.share;
	s->waited_ns += ns;
	s->silence_ns = s->progress ? 0 : s->silence_ns + ns;
	s->progress = false;
	if (!build_share_patience(b) && build_share_is_awaited(b))
		lose_patience(b);
}
