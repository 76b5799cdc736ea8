/* What the files of the build room share; nothing outside includes it. */
#ifndef SEPAL_BUILD_INTERNAL_H
#define SEPAL_BUILD_INTERNAL_H

#include "build/build.h"
#include "graph/reach.h"
#include "model/manifest.h"

#define NO_PARENT UINT32_MAX

/* What goes into the next run's past: the modules whose interfaces the unit used, and where its result came from. */
struct unit_memory {
	uint32_t *used;
	uint32_t used_count;
	bool known;         /* the used set is */
	bool foreign;       /* not out of config.past */
	struct span result; /* as config.past holds it; empty: encode it */
};

/* Reports of an earlier run of an import cycle that may stand in this one (bodies.c). */
struct kept {
	struct result result;
	const struct bodies_entry *entry; /* its members are those of `result` */
	struct kept_report *offers;       /* per member */
};

/* What an earlier build knew. */
struct recollection {
	const struct past *past; /* NULL: nothing */
	uint32_t *now; /* per module of it: the plan's module of that name, or UINT32_MAX */
	bool sure;     /* the store has the interfaces that it had then */
};

struct unit_stack {
	uint32_t *items, count, cap;
};

struct build {
	struct build_config config;
	struct arena arena;
	struct build_unit *units;
	uint32_t counts[UNIT_FAILED + 1];
	struct interface *interfaces;  /* per module */
	struct digest *digests;        /* interface digest per module */
	struct digest *merkle;         /* per unit */
	struct dep_spec *deps;         /* per module */
	uint32_t *rank;                /* per module: position in the order of ids */
	uint32_t *by_rank;
	struct reach *reach;
	uint32_t *closure_units, *closure_modules; /* room for build_closure_of */
	uint64_t *closure_ranks;
	uint32_t **parents;            /* per module: its parent packages that are files; NO_PARENT ends */
	uint32_t *queue, queue_len, queue_cap; /* binary heap of QUEUED units, highest priority first */
	uint64_t queued_weight;
	bool weighed;                  /* config.weigh was asked */
	struct unit_stack ready, later; /* READY units not yet looked up; those that can wait until something runs */
	unsigned char *urgent;          /* per unit: it cannot wait; NULL: none can */
	struct recollection own, others; /* config.past, and what the shared cache has of such a tree */
	struct share_state *share;       /* NULL: there is no shared cache */
	struct unit_memory *memory;    /* per unit */
	struct unit_spec **specs;      /* per unit while it runs */
	struct kept **kept;            /* per unit: reports from before; NULL: none */
	struct arena *spec_arenas;     /* per unit while it runs */
	struct runner *runner;
	struct build_stats stats;
	struct err failure;            /* first unit that failed */
	uint32_t failed_unit;
	struct err fatal;              /* stops everything */
	struct digest_map outputs;
	struct plan_discovered *discovered;
	uint32_t discovered_count, discovered_cap;
	uint32_t unfinished, damaged;
	bool interrupted;
	bool foreseen;
};

/* queue.c: the longest remaining chain first; ties by number, so that order is stable. */
bool build_goes_before(const struct build *b, uint32_t x, uint32_t y);
void build_queue_push(struct build *b, uint32_t unit);
uint32_t build_queue_pop(struct build *b);

/* state.c */
void build_emit(struct build *b, enum build_event_kind kind, uint32_t unit, const struct err *err);
void build_set_state(struct build *b, uint32_t unit, enum unit_state to);
void build_make_ready(struct build *b, uint32_t unit);
void build_enqueue(struct build *b, uint32_t unit);
void build_know_interfaces(struct build *b, uint32_t unit, const struct result *r);
/* The interfaces of `unit` are known and stored. */
void build_release_dependents(struct build *b, uint32_t unit, bool something_ran);
/* Everything that waits for `unit`, however far above. */
void build_block_dependents(struct build *b, uint32_t unit);
void build_finish(struct build *b, uint32_t unit);
/* This build cannot finish the unit; the caller builds again. Its dependents wait with it. */
void build_put_off(struct build *b, uint32_t unit);
/* It was READY, and waited for an answer of the shared cache: it can be looked up now. */
void build_unpark(struct build *b, uint32_t unit);
/* It was FETCHING: the interfaces that it stands on are all here, or one is lost. */
void build_fetched(struct build *b, uint32_t unit, bool all_here);

/* answers.c */
struct runner_events build_answers(struct build *b);
/* An error of the environment ends the build; taken over. */
void build_stop(struct build *b, struct err *err);

/* foresee.c */
/* After an edit: the units that the edited ones stand on, per unit; NULL: no unit is more urgent than another. */
unsigned char *build_find_urgent(struct build *b);
/* After the first batch has been started. */
void build_foresee(struct build *b);

/* spec.c */
void build_spec_init(struct build *b);
const struct unit_spec *build_spec_make(struct build *b, uint32_t unit);
struct member_spec build_member_spec(const struct plan_module *m);
void build_spec_drop(struct build *b, uint32_t unit);
/* Is `below` one of the transitive dependencies of `unit` (which is none of its own)? */
bool build_stands_on(struct build *b, uint32_t unit, uint32_t below);
/* The modules of all its transitive dependencies, by id; valid until the next call. */
const uint32_t *build_closure_of(struct build *b, uint32_t unit, uint32_t *ret_count);

/* memory.c: config.past, and what becomes the next one. */
void build_memory_init(struct build *b);
/* From now on `others` is asked as well; borrowed. */
void build_recall_others(struct build *b, const struct past *others);
/* Does the past answer for the unit, whose keys are known? */
bool build_recall(struct build *b, uint32_t unit);
/* All of it, for whoever goes on from here. */
void build_encode_memory(const struct build *b, struct buf *out);
void build_remember(struct build *b, uint32_t unit, const struct manifest_entry *e);

/* share.c: the shared cache. All of these do nothing, or say no, when there is none. */
void build_share_init(struct build *b);
void build_share_end(struct build *b);
/* Before the first look-up: asks for what is not known here. */
void build_share_ask(struct build *b);
/* The unit's manifest may still come: it is looked up again when it has, or when nobody waits any longer. */
bool build_share_parks(struct build *b, uint32_t unit);
/* The unit missed, by what is known here though the cache was not asked about it: if it is now, as above. */
bool build_share_asks_late(struct build *b, uint32_t unit);
/* Can the bytes of an interface be had, here or from the cache? */
bool build_share_has(const struct build *b, const struct digest *data);
/* Did the cache not have them, though a record names them? */
bool build_share_lost(const struct build *b, const struct digest *data);
/* How long the loop may wait while nothing runs; -1: as long as it takes. Then what the loop did is counted. */
int64_t build_share_patience(const struct build *b);
void build_share_waited(struct build *b, int64_t ns);
/* Are there units of which it is not known yet whether the cache knows them? */
bool build_share_is_asking(const struct build *b);
/* Does anything wait for an answer? */
bool build_share_is_awaited(const struct build *b);

/* share_bytes.c */
/* The unit missed. Interfaces that it stands on may be on their way: then build_fetched is called in the end. */
enum share_fetch { FETCH_NOTHING, FETCH_COMING, FETCH_LOST };
enum share_fetch build_share_fetch(struct build *b, uint32_t unit);
/* The module's interface is in the store. */
void build_share_made(struct build *b, uint32_t module);
void build_share_give_up_bytes(struct build *b);

/* share_put.c */
void build_share_put(struct build *b, uint32_t unit);

/* lookup.c */
/* Older results of a manifest are kept while all of it is no larger: it is read whole. */
enum { BUILD_MANIFEST_SIZE = 1 << 20 };
/* mypy's rule: an interface that was used though not imported must still be reachable. */
bool build_may_use(struct build *b, uint32_t unit, uint32_t module);
/* Does the record answer for exactly the unit's members, in their order? */
bool build_fits_unit(const struct build *b, uint32_t unit, const struct result *r);
/* Of any unit: it stands on nothing that has to be built. Made once. */
const struct digest *build_manifest_key(struct build *b, uint32_t unit);
int build_lookup(struct build *b, uint32_t unit, bool *ret_hit, struct err *err) MUST_CHECK;
/* The manifest of a key; it has no entries if the store has none. Drop it also after a failure. */
struct loaded_manifest {
	struct buf record;
	struct arena arena;
	struct manifest manifest;
};
int build_load_manifest(struct build *b, const struct digest *key, struct loaded_manifest *ret,
                        struct err *err) MUST_CHECK;
void build_drop_manifest(struct loaded_manifest *m);
/* With CONFLICT_FIRST: fills in `first` if the store has a result for the same action. */
int build_load_first(struct build *b, uint32_t unit, struct err *err) MUST_CHECK;
int build_record(struct build *b, uint32_t unit, const struct unit_outcome *o, struct err *err) MUST_CHECK;
struct module_list {
	uint32_t *items, count, cap;
};
/* Appends what member `i` of the unit used, its own unit's modules included: directly, indirectly and otherwise. */
void build_member_uses(struct build *b, uint32_t unit, uint32_t i, const struct unit_outcome *o,
                       struct module_list *list);
/* Sorts by id, each module once. */
void build_sort_modules(struct build *b, struct module_list *list);
/* Looks at every interface that the unit stands on; those that are not what they should be become misses. */
int build_find_damage(struct build *b, uint32_t unit, bool *ret_found, struct err *err) MUST_CHECK;

/* bodies.c: the cut inside a cycle */
/* Before a run: what is known of the unit's bodies becomes the offers of its spec. */
int build_offer_bodies(struct build *b, uint32_t unit, struct err *err) MUST_CHECK;
/* After a run: the reports that stand go into the unit's result and used set, and the bodies are recorded. */
void build_keep_reports(struct build *b, uint32_t unit, const struct unit_outcome *o);
int build_record_bodies(struct build *b, uint32_t unit, const struct unit_outcome *o, struct span result,
                        struct err *err) MUST_CHECK;

#endif
