#include "model/result.h"

#include <string.h>

#include "model/id_table.h"
#include "model/record.h"

enum { VERSION = 2, SMALLEST_MEMBER = 4 + DIGEST_SIZE + 8 + 4 + SHA1_SIZE + 4 + 4 + 4 };
static const char magic[] = "SEPR";

void interface_digest(const struct interface *i, struct digest *ret)
{
	struct hasher *h = hasher_new();
	hasher_field_str(h, "sepal", "interface 1");
	hasher_field_digest(h, "data", &i->data);
	hasher_field(h, "plugin data", i->plugin_data);
	hasher_finish(h, ret);
}

static struct span checker_hash_span(const struct interface *i)
{
	return (struct span){ (const char *)i->checker_hash, SHA1_SIZE };
}

static void encode_member(const struct member_result *m, const struct id_writer *ids, struct buf *out)
{
	id_writer_put(ids, m->id, out);
	buf_add(out, m->interface.data.bytes, DIGEST_SIZE);
	buf_put_u64(out, m->interface.data_size);
	buf_put_bytes(out, checker_hash_span(&m->interface));
	buf_put_bytes(out, m->interface.plugin_data);
	buf_put_u32(out, m->indirect_count);
	for (uint32_t i = 0; i < m->indirect_count; i++) {
		if (i && strcmp(m->indirect[i - 1], m->indirect[i]) >= 0)
			BUG("indirect dependencies of %s are not sorted: %s before %s", m->id, m->indirect[i - 1],
			    m->indirect[i]);
		id_writer_put(ids, m->indirect[i], out);
	}
	diag_list_encode(&m->diags, out);
}

void result_encode(const struct result *result, struct buf *out)
{
	struct id_writer ids = ID_WRITER_INIT;
	for (uint32_t i = 0; i < result->member_count; i++) {
		id_writer_add(&ids, result->members[i].id);
		for (uint32_t k = 0; k < result->members[i].indirect_count; k++)
			id_writer_add(&ids, result->members[i].indirect[k]);
	}
	size_t start = record_begin(out, magic, VERSION);
	id_writer_encode(&ids, out);
	buf_put_u32(out, result->member_count);
	for (uint32_t i = 0; i < result->member_count; i++)
		encode_member(&result->members[i], &ids, out);
	record_seal(out, start);
	id_writer_release(&ids);
}

static void decode_interface(struct reader *r, struct arena *arena, struct interface *ret)
{
	struct span data = reader_raw(r, DIGEST_SIZE);
	memcpy(ret->data.bytes, data.data, data.len);
	ret->data_size = reader_u64(r);
	struct span hash = reader_bytes(r);
	if (hash.len != SHA1_SIZE)
		r->failed = true;
	else
		memcpy(ret->checker_hash, hash.data, SHA1_SIZE);
	ret->plugin_data = arena_span(arena, reader_bytes(r));
}

static void decode_member(struct reader *r, struct arena *arena, struct id_table *ids, struct member_result *ret)
{
	ret->id = id_table_take(ids, r);
	decode_interface(r, arena, &ret->interface);
	ret->indirect_count = reader_count(r, 4);
	ret->indirect = ARENA_ARRAY(arena, const char *, ret->indirect_count);
	for (uint32_t i = 0; i < ret->indirect_count && reader_ok(r); i++) {
		ret->indirect[i] = id_table_take(ids, r);
		if (i && strcmp(ret->indirect[i - 1], ret->indirect[i]) >= 0)
			r->failed = true;
	}
	if (!diag_list_decode(r, arena, &ret->diags))
		r->failed = true;
}

bool result_decode(struct span record, struct arena *arena, struct result *ret)
{
	struct reader r;
	if (!record_open(record, magic, VERSION, &r))
		return false;
	struct id_table ids;
	id_table_decode(&r, arena, &ids);
	struct result result = { NULL, reader_count(&r, SMALLEST_MEMBER) };
	result.members = ARENA_ARRAY(arena, struct member_result, result.member_count);
	for (uint32_t i = 0; i < result.member_count && reader_ok(&r); i++)
		decode_member(&r, arena, &ids, &result.members[i]);
	if (!reader_done(&r) || !id_table_all_taken(&ids))
		return false;
	*ret = result;
	return true;
}
