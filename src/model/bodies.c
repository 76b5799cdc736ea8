#include "model/bodies.h"

#include <string.h>

#include "model/record.h"

enum { VERSION = 2, SMALLEST_USED = 4 + DIGEST_SIZE, SMALLEST_MEMBER = 2 * DIGEST_SIZE + 4,
       SMALLEST_ENTRY = 2 * DIGEST_SIZE + 4 + 4 };
static const char magic[] = "SEPB";

static void encode_entry(const struct bodies_entry *e, struct buf *out)
{
	buf_add(out, e->manifest_key.bytes, DIGEST_SIZE);
	buf_add(out, e->result.bytes, DIGEST_SIZE);
	buf_put_u32(out, e->table_count);
	for (uint32_t i = 0; i < e->table_count; i++) {
		if (i && strcmp(e->table[i - 1].id, e->table[i].id) >= 0)
			BUG("used interfaces are not sorted: %s before %s", e->table[i - 1].id, e->table[i].id);
		buf_put_str(out, e->table[i].id);
		buf_add(out, e->table[i].interface.bytes, DIGEST_SIZE);
	}
	buf_put_u32(out, e->member_count);
	for (uint32_t m = 0; m < e->member_count; m++) {
		const struct bodies_member *member = &e->members[m];
		buf_add(out, member->key.bytes, DIGEST_SIZE);
		buf_add(out, member->said.bytes, DIGEST_SIZE);
		buf_put_u32(out, member->used_count);
		for (uint32_t u = 0; u < member->used_count; u++)
			buf_put_u32(out, member->used[u]);
	}
}

void bodies_encode(const struct bodies *b, struct buf *out)
{
	size_t start = record_begin(out, magic, VERSION);
	buf_put_u32(out, b->entry_count);
	for (uint32_t e = 0; e < b->entry_count; e++)
		encode_entry(&b->entries[e], out);
	record_seal(out, start);
}

static struct digest decode_digest(struct reader *r)
{
	struct digest d = { { 0 } };
	struct span s = reader_raw(r, DIGEST_SIZE);
	memcpy(d.bytes, s.data, s.len);
	return d;
}

static void decode_member(struct reader *r, struct arena *arena, uint32_t table_count, struct bodies_member *ret)
{
	ret->key = decode_digest(r);
	ret->said = decode_digest(r);
	ret->used_count = reader_count(r, 4);
	ret->used = ARENA_ARRAY(arena, uint32_t, ret->used_count);
	for (uint32_t u = 0; u < ret->used_count && reader_ok(r); u++) {
		ret->used[u] = reader_u32(r);
		if (ret->used[u] >= table_count || (u && ret->used[u] <= ret->used[u - 1]))
			r->failed = true;
	}
}

static void decode_entry(struct reader *r, struct arena *arena, struct bodies_entry *ret)
{
	ret->manifest_key = decode_digest(r);
	ret->result = decode_digest(r);
	ret->table_count = reader_count(r, SMALLEST_USED);
	ret->table = ARENA_ARRAY(arena, struct used, ret->table_count);
	for (uint32_t i = 0; i < ret->table_count && reader_ok(r); i++) {
		ret->table[i].id = record_string(r, arena);
		ret->table[i].interface = decode_digest(r);
		if (i && strcmp(ret->table[i - 1].id, ret->table[i].id) >= 0)
			r->failed = true;
	}
	ret->member_count = reader_count(r, SMALLEST_MEMBER);
	ret->members = ARENA_ARRAY(arena, struct bodies_member, ret->member_count);
	for (uint32_t m = 0; m < ret->member_count && reader_ok(r); m++)
		decode_member(r, arena, ret->table_count, &ret->members[m]);
}

bool bodies_decode(struct span record, struct arena *arena, struct bodies *ret)
{
	struct reader r;
	if (!record_open(record, magic, VERSION, &r))
		return false;
	struct bodies b = { NULL, reader_count(&r, SMALLEST_ENTRY) };
	if (b.entry_count > BODIES_ENTRIES)
		return false;
	b.entries = ARENA_ARRAY(arena, struct bodies_entry, b.entry_count);
	for (uint32_t e = 0; e < b.entry_count && reader_ok(&r); e++)
		decode_entry(&r, arena, &b.entries[e]);
	if (!reader_done(&r))
		return false;
	*ret = b;
	return true;
}

/* Do they say the same but for the result? */
static bool same_case(const struct bodies_entry *a, const struct bodies_entry *b)
{
	if (a->member_count != b->member_count || a->table_count != b->table_count)
		return false;
	for (uint32_t m = 0; m < a->member_count; m++)
		if (!digest_eq(&a->members[m].key, &b->members[m].key))
			return false;
	for (uint32_t i = 0; i < a->table_count; i++)
		if (strcmp(a->table[i].id, b->table[i].id) != 0 ||
		    !digest_eq(&a->table[i].interface, &b->table[i].interface))
			return false;
	return true;
}

void bodies_add(const struct bodies *b, const struct bodies_entry *entry, struct arena *arena, struct bodies *ret)
{
	struct bodies_entry *entries = ARENA_ARRAY(arena, struct bodies_entry, BODIES_ENTRIES);
	uint32_t n = 0;
	entries[n++] = *entry;
	for (uint32_t e = 0; e < b->entry_count && n < BODIES_ENTRIES; e++)
		if (!same_case(&b->entries[e], entry))
			entries[n++] = b->entries[e];
	*ret = (struct bodies){ entries, n };
}
