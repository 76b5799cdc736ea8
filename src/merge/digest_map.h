/*
 * Output manifests {path: digest} and their merge (doc/formats/manifest.md): equal duplicates collapse, different
 * digests for one path are a conflict that names both producers. Policies: `fail` (default) keeps every conflict;
 * `harmless` accepts a conflict when the canonical forms of both contents are equal (the caller says so through a
 * callback: sizes, times and line numbers of a meta file are harmless); `first` takes the first and counts it.
 *
 * A map holds every different claim (path, digest) that was ever added, so what it says is a function of the set of
 * claims: but for `first`, merging is commutative, associative and idempotent. Of the claims to a path the smallest
 * digest stands, the others are held against it; of the producers of one digest the smallest name stands. One rule
 * belongs to a map: use the same in every call. Pure: no files.
 */
#ifndef SEPAL_MERGE_DIGEST_MAP_H
#define SEPAL_MERGE_DIGEST_MAP_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/map.h"

enum conflict_policy { CONFLICT_FAIL = 0, CONFLICT_HARMLESS = 1, CONFLICT_FIRST = 2 };

struct digest_entry {
	const char *path;
	struct digest digest;
	const char *producer; /* who made it, for messages: a unit, a manifest file */
	uint32_t next;        /* the map's own: one more than the index of the next claim to this path; 0: none */
};

struct conflict {
	struct digest_entry a, b; /* a is the entry that stands: the one with the smaller digest */
};

struct digest_map {
	struct arena arena;
	struct map index, producers;
	struct digest_entry *entries; /* one for each path; sorted by digest_map_sort */
	uint32_t count, cap;
	struct digest_entry *claims; /* the others, as lists that begin at the entries */
	uint32_t claim_count, claim_cap;
	struct conflict *conflicts; /* sorted by path and digests by digest_map_sort */
	uint32_t conflict_count, conflict_cap;
	uint32_t tolerated; /* conflicts that `harmless` or `first` accepted */
};

void digest_map_init(struct digest_map *m);
void digest_map_release(struct digest_map *m);

/* True if the canonical forms of the two contents are equal: an equivalence. */
typedef bool digest_harmless_fn(void *ctx, const char *path, const struct digest *a, const struct digest *b);

struct merge_rule {
	enum conflict_policy policy;
	digest_harmless_fn *harmless; /* NULL: nothing is harmless */
	void *ctx;
};

/* Strings are copied. */
void digest_map_add(struct digest_map *m, const struct digest_entry *e, const struct merge_rule *rule);
void digest_map_merge(struct digest_map *into, const struct digest_map *from, const struct merge_rule *rule);
void digest_map_sort(struct digest_map *m);

/* schemas/manifest.schema.json: {"version": 1, "outputs": {path: sha256 hex}}. `producer` names the document in errors
 * and conflicts. A document that is refused adds nothing. */
int digest_map_decode(struct digest_map *m, const struct js *doc, const char *producer, const struct merge_rule *rule,
                      struct err *err) MUST_CHECK;
/* The entries that stand; whether a map with conflicts may be written is the caller's to decide. */
struct js *digest_map_encode(const struct digest_map *m);

#endif
