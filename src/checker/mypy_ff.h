/*
 * The low-level encoding of mypy's fixed-format cache files: tags, integers and strings. What they mean (fields and
 * their order) is mypy_meta's business.
 *
 * An integer takes 1, 2 or 4 bytes, little-endian, or any number; the low bits of the first byte say which:
 *
 *   int    := (v + 10) << 1                     -10 ..       117    1 byte,  low bit 0
 *           | (v + 100) << 2 | 1               -100 ..     16283    2 bytes, low bits 01
 *           | (v + 10000) << 3 | 3           -10000 .. 536860911    4 bytes, low bits 011
 *           | 0x0f int(count << 1 | negative) magnitude             anything else; magnitude has `count` bytes
 *   string := int(length) bytes                (length in one of the short forms; bytes and UTF-8 text alike)
 *
 * The shortest form that fits is the one that is written. A tag is one byte. Source of the rules: mypy/cache.py and
 * librt.internal, probed over the boundaries (tests/unit/checker/test_mypy_ff.c holds what Python wrote).
 *
 * Readers work on a `struct reader` (base/buf.h): they keep the first failure and then give zeros, so a decoder reads a
 * whole record and asks reader_ok() once. Every length is checked against what is left before it is believed.
 */
#ifndef SEPAL_CHECKER_MYPY_FF_H
#define SEPAL_CHECKER_MYPY_FF_H

#include "base/arena.h"
#include "base/buf.h"

enum ff_tag {
	FF_FALSE = 0,
	FF_TRUE = 1,
	FF_NONE = 2,
	FF_INT = 3,
	FF_STR = 4,
	FF_BYTES = 5,
	FF_FLOAT = 6,
	FF_LIST_GEN = 20,
	FF_LIST_INT = 21,
	FF_LIST_STR = 22,
	FF_LIST_BYTES = 23,
	FF_TUPLE_GEN = 24,
	FF_DICT_STR_GEN = 30,
};

/* Bare values, as they stand inside lists and after tags. */
void ff_put_int(struct buf *out, int64_t v);
void ff_put_bare(struct buf *out, struct span s);
/* A tag and its value. */
void ff_put_tag(struct buf *out, enum ff_tag tag);
void ff_put_tagged_int(struct buf *out, int64_t v);
void ff_put_str(struct buf *out, const char *s);
void ff_put_bytes(struct buf *out, struct span s);

int64_t ff_int(struct reader *r);      /* fails on what does not fit an int64_t */
struct span ff_bare(struct reader *r); /* borrowed */
/* A count of items of at least `min_item` bytes each: fails when that many cannot be left. */
uint32_t ff_count(struct reader *r, size_t min_item);
void ff_tag(struct reader *r, enum ff_tag expected); /* fails on another tag */
int64_t ff_tagged_int(struct reader *r);
bool ff_bool(struct reader *r);
struct span ff_bytes(struct reader *r); /* borrowed */
/* Text that is to become a C string: fails on a NUL inside. Copied into `arena`, never NULL. */
const char *ff_str(struct reader *r, struct arena *arena);
const char *ff_str_or_none(struct reader *r, struct arena *arena); /* NULL for None */
/* A list of strings: NULL-terminated array in `arena`; *ret_count may be NULL. */
const char **ff_str_list(struct reader *r, struct arena *arena, uint32_t *ret_count);
/* Steps over one value of mypy's binary JSON and gives its bytes, borrowed. */
struct span ff_json(struct reader *r);

#endif
