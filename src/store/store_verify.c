/* Reads a whole store and says what is wrong with it. Removes nothing: reading or writing an entry does. */
#include "base/hash.h"
#include "model/record.h"
#include "store/store_kind.h"

struct verification {
	struct store *store;
	struct buf *report;
	struct buf bytes; /* of one entry at a time */
	uint64_t blobs, bad;
};

static const char *const shelf_words[SHELF_COUNT] = { "blob", "manifest", "record of bodies" };

static void report_entry(struct verification *v, enum store_shelf shelf, const struct digest *name, const char *what)
{
	char hex[DIGEST_HEX_SIZE + 1];
	digest_hex(name, hex);
	buf_addf(v->report, "%s %s: %s\n", shelf_words[shelf], hex, what);
	v->bad++;
}

static void verify_entry(struct verification *v, enum store_shelf shelf, const struct digest *name)
{
	bool found;
	struct err err = ERR_INIT;
	buf_reset(&v->bytes);
	if (v->store->kind->read(v->store, shelf, name, &v->bytes, &found, &err) != 0) {
		report_entry(v, shelf, name, err.message);
		err_release(&err);
		return;
	}
	if (!found)
		return; /* somebody removed it since it was listed */
	if (shelf == SHELF_BLOBS) {
		struct digest actual;
		v->blobs++;
		hash_sha256(buf_span(&v->bytes), &actual);
		if (!digest_eq(&actual, name))
			report_entry(v, shelf, name, "other bytes than its name says");
	} else if (!record_intact(buf_span(&v->bytes))) {
		report_entry(v, shelf, name, "torn or altered");
	}
}

static int verify_shelf(struct verification *v, enum store_shelf shelf, struct err *err)
{
	struct arena arena = ARENA_INIT;
	struct store_names names;
	int rc = v->store->kind->names(v->store, shelf, &arena, &names, err);
	for (size_t i = 0; rc == 0 && i < names.count; i++)
		verify_entry(v, shelf, &names.items[i]);
	for (size_t i = 0; rc == 0 && i < names.odd_count; i++) {
		buf_addf(v->report, "%s: does not belong there\n", names.odd[i]);
		v->bad++;
	}
	arena_release(&arena);
	return rc;
}

int store_verify(struct store *s, struct buf *report, uint64_t *ret_blobs, uint64_t *ret_bad, struct err *err)
{
	struct verification v = { .store = s, .report = report };
	int rc = 0;
	for (int shelf = 0; rc == 0 && shelf < SHELF_COUNT; shelf++)
		rc = verify_shelf(&v, (enum store_shelf)shelf, err);
	buf_release(&v.bytes);
	if (rc != 0)
		return -1;
	*ret_blobs = v.blobs;
	*ret_bad = v.bad;
	return 0;
}
