/* What the build room's files share about the shared cache (share.h). */
#ifndef SEPAL_BUILD_SHARE_INTERNAL_H
#define SEPAL_BUILD_SHARE_INTERNAL_H

#include "base/map.h"
#include "build/internal.h"
#include "build/share.h"

struct share {
	struct share_ops ops;
	struct store *store;
	struct build *build;    /* the one that runs; NULL: none */
	unsigned generation;    /* of builds: answers to an earlier one are for nobody */
	struct past *tree;      /* what others knew; NULL: nothing (yet) */
	bool tree_asked, tree_there;
	struct map lost;        /* digests of blobs */
	struct arena arena;     /* their bytes */
	int64_t patience_ns; /* how long nothing may come */
	int64_t silence_ns;  /* for how long nothing has come */
	int64_t waited_ns;   /* in all */
	bool progress;       /* something came in this round of the loop */
	bool impatient;
	struct share_counters counters;
};

enum share_asked { NOT_ASKED = 0, ASKED, ANSWERED };
enum share_bytes { BYTES_UNKNOWN = 0, BYTES_HERE, BYTES_COMING, BYTES_LOST };

/* Whoever waits for a module's interface. */
struct share_waiter {
	uint32_t unit, next;
};

/* Of one build. */
struct share_state {
	unsigned char *asked;  /* enum share_asked per unit */
	uint32_t *turns, turn_count; /* units that are asked for, in the order of their turns */
	uint32_t next_asked;         /* in `turns` */
	uint32_t wave_left, wave_found; /* of those asked last: without an answer; that the cache had */
	unsigned char *parked; /* per unit: READY, and waits for an answer */
	unsigned char *late;   /* per unit: asked for when it missed, though something was known of it */
	uint32_t late_asked, late_missed; /* how many such; how many of them missed again */
	unsigned char *bytes;  /* enum share_bytes per module */
	uint32_t *first_waiter; /* per module, in `waiters` */
	struct share_waiter *waiters;
	uint32_t waiter_count, waiter_cap;
	uint32_t *outstanding; /* per FETCHING unit: interfaces that are on their way, and its bodies */
	unsigned char *without; /* per FETCHING unit: one of them is lost */
	unsigned char *bodies;  /* enum share_asked per unit: an import cycle of whose bodies nothing is known here */
	uint32_t *bodies_left;  /* per unit: manifests with reports that are on their way */
	uint32_t asked_count, parked_count;
};

/* What a request is for; freed by its callback. */
struct share_request {
	struct share *share;
	unsigned generation;
	uint32_t unit;
	bool in_wave;      /* of a request for a record */
	uint32_t *modules; /* of a request for blobs, in its order */
	uint32_t left;
};

/* Answers to `count` questions about units, or about interfaces, are worth waiting for. */
enum share_worth { WORTH_A_UNIT = 1, WORTH_AN_INTERFACE = 5 }; /* ms */
void share_be_patient(struct share *s, uint32_t count, enum share_worth worth);

struct share_request *share_request_new(struct share *s, uint32_t unit);
enum { SHARE_KEY_VERSION = 1 };
/* Under which the manifest of a unit is shared. */
void share_unit_key(const struct digest *manifest_key, struct digest *ret);
/* Does the answer come to the build that asked? */
bool share_is_current(const struct share_request *r);
bool share_is_over(const struct share *s);

/* What others found out of the unit's members, under this manifest key, is entered into the store. */
int share_adopt(struct build *b, uint32_t unit, const struct digest *key, struct span record, bool *ret_entered,
                struct err *err) MUST_CHECK;

/* share_bytes.c: one of the things has come, or will not, that the FETCHING unit waits for. */
void share_one_less(struct build *b, uint32_t unit, bool here);

/* share_bodies.c */
/* If the cache is asked, it is one more thing that the unit waits for. */
void share_ask_for_bodies(struct build *b, uint32_t unit);
void share_give_up_bodies(struct build *b);
void share_put_bodies(struct build *b, uint32_t unit);

#endif
