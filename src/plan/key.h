/*
 * Keys: everything that enters an action, hashed field by field in a documented order (doc/formats/keys.md). One walk
 * feeds any sink: the hasher that makes the key and the recorder behind `sepal explain` see the same fields, so the
 * explanation cannot disagree with the key.
 *
 *   manifest key = H(toolchain, options, sources, resolution)
 *   strict key   = H(the same, closure)
 *   closure(U)   = H over U's direct dependencies d, by their first id: merkle(d)
 *   merkle(U)    = H over U's members: id, interface digest; then closure(U)         (one step per edge)
 */
#ifndef SEPAL_PLAN_KEY_H
#define SEPAL_PLAN_KEY_H

#include "plan/plan.h"

enum { KEY_FORMAT_VERSION = 1 };

struct key_sink {
	void (*field)(void *ctx, const char *tag, struct span value);
	void *ctx;
};

/* What is equal for all units of a run: checker, interpreter, target, worker program, key format. */
void key_walk_toolchain(const struct described *d, const struct digest *worker_program,
                        const struct digest *versions_file, const struct key_sink *sink);
void key_toolchain(const struct described *d, const struct digest *worker_program, const struct digest *versions_file,
                   struct digest *ret);

/* options, sources and resolution of a unit, members in discovery order. `toolchain` is fed as one field. */
void key_walk_unit(const struct plan *p, uint32_t unit, const struct options *options, const struct digest *toolchain,
                   const struct key_sink *sink);
void key_manifest(const struct plan *p, uint32_t unit, const struct options *options, const struct digest *toolchain,
                  struct digest *ret);
/*
 * For the cut inside a cycle (model/bodies.h). The record of a unit is found by who its members are and how they depend
 * on each other, which decides the order in which the checker analyzes them; each member has a key of its own:
 *
 *   bodies key   = H(toolchain, for each member in order: id, path, its dependencies within the unit)
 *   member key   = H(for one member what the manifest key has for it)
 */
void key_bodies(const struct plan *p, uint32_t unit, const struct digest *toolchain, struct digest *ret);
void key_member(const struct plan *p, uint32_t module, const struct options *options, struct digest *ret);
void key_strict(const struct digest *manifest_key, const struct digest *closure, struct digest *ret);

/* `interfaces` is indexed by module; those of all dependencies must be known. `merkle` is indexed by unit; the
 * entries of all dependencies must be filled. */
void key_closure(const struct plan *p, uint32_t unit, const struct digest *merkle, struct digest *ret);
void key_merkle(const struct plan *p, uint32_t unit, const struct digest *interfaces, const struct digest *closure,
                struct digest *ret);

#endif
