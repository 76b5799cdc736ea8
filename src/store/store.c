/* What all kinds of store have in common: hashing, verifying, limits and counters. Knows nothing of files. */
#include "store/store.h"

#include "store/store_kind.h"

const char *const store_shelf_names[SHELF_COUNT] = { "cas", "manifest", "bodies" };

static enum store_shelf shelf_of(enum store_table t)
{
	static const enum store_shelf shelves[] = { [STORE_MANIFESTS] = SHELF_MANIFESTS, [STORE_BODIES] = SHELF_BODIES };
	return shelves[t];
}

void store_close(struct store *s)
{
	if (s)
		s->kind->close(s);
}

struct store_counters store_counters(const struct store *s)
{
	return s->counters;
}

static int check_size(const char *what, size_t size, size_t limit, struct err *err)
{
	if (size <= limit)
		return 0;
	return err_set(err, ERR_PROTOCOL, "a %s of %zu bytes does not go into the store: the limit is %zu", what, size,
	               limit);
}

int store_put(struct store *s, struct span bytes, struct digest *ret, struct err *err)
{
	struct digest d;
	uint64_t size;
	if (check_size("blob", bytes.len, STORE_BLOB_LIMIT, err) != 0)
		return -1;
	hash_sha256(bytes, &d);
	if (!s->kind->size(s, SHELF_BLOBS, &d, &size) || size != bytes.len) {
		if (s->kind->write(s, SHELF_BLOBS, &d, bytes, err) != 0)
			return -1;
		s->counters.blobs_written++;
		s->counters.bytes_written += bytes.len;
	}
	*ret = d;
	return 0;
}

int store_get(struct store *s, const struct digest *d, struct buf *out, bool *ret_found, struct err *err)
{
	size_t start = out->len;
	bool found;
	if (s->kind->read(s, SHELF_BLOBS, d, out, &found, err) != 0)
		return -1;
	if (found) {
		struct span bytes = { out->data + start, out->len - start };
		struct digest actual;
		hash_sha256(bytes, &actual);
		s->counters.blobs_read++;
		s->counters.bytes_read += bytes.len;
		if (!digest_eq(d, &actual)) {
			buf_truncate(out, start);
			store_discard(s, d);
			found = false;
		}
	}
	*ret_found = found;
	return 0;
}

bool store_has(struct store *s, const struct digest *d)
{
	uint64_t size;
	return s->kind->size(s, SHELF_BLOBS, d, &size);
}

uint64_t store_stamp(struct store *s)
{
	return s->kind->stamp ? s->kind->stamp(s) : 0;
}

bool store_blob_path(struct store *s, const struct digest *d, const char **ret_path)
{
	if (!s->kind->path || !store_has(s, d))
		return false;
	*ret_path = s->kind->path(s, SHELF_BLOBS, d);
	return true;
}

void store_discard(struct store *s, const struct digest *d)
{
	s->counters.corrupt++;
	s->kind->remove(s, SHELF_BLOBS, d);
}

bool store_has_record(struct store *s, enum store_table t, const struct digest *key)
{
	uint64_t size;
	return s->kind->size(s, shelf_of(t), key, &size);
}

int store_lookup(struct store *s, enum store_table t, const struct digest *key, struct buf *out, bool *ret_found,
                 struct err *err)
{
	size_t start = out->len;
	if (s->kind->read(s, shelf_of(t), key, out, ret_found, err) != 0)
		return -1;
	s->counters.bytes_read += out->len - start;
	return 0;
}

int store_record(struct store *s, enum store_table t, const struct digest *key, struct span record, struct err *err)
{
	if (check_size("record", record.len, STORE_RECORD_LIMIT, err) != 0 ||
	    s->kind->write(s, shelf_of(t), key, record, err) != 0)
		return -1;
	s->counters.bytes_written += record.len;
	return 0;
}

void store_discard_record(struct store *s, enum store_table t, const struct digest *key)
{
	s->counters.corrupt++;
	s->kind->remove(s, shelf_of(t), key);
}

int store_scratch(struct store *s, const char **ret_dir, struct err *err)
{
	return s->kind->scratch(s, ret_dir, err);
}

int store_state_dir(struct store *s, const struct digest *work_tree, const char **ret_dir, struct err *err)
{
	return s->kind->state_dir(s, work_tree, ret_dir, err);
}
