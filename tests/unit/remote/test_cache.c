/* remote/cache.h over a kind in memory: what travels together, who is told what, and what is never asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "remote/cache_internal.h"
#include "remote/messages.h"

static const struct span NOTHING = { "", 0 };

/* ---- a kind in memory: it answers before its operations return, and can be made to misbehave ---- */

struct memory {
	struct remote_kind kind;
	struct remote_health *health;
	struct {
		struct remote_blob blob;
		struct buf bytes;
	} blobs[4096];
	struct {
		struct digest key;
		struct buf result;
	} records[16];
	uint32_t blob_count, record_count;
	unsigned starts, gets, puts, finds, fetches, sends;
	uint64_t largest_batch;
	enum remote_answer start, answer; /* what it answers; REMOTE_FOUND: the truth */
	bool corrupts;
	/* A fetch that is answered when the cache is closed. */
	bool holds;
	void (*held)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes);
	void *held_ctx;
	uint32_t held_count;
};

static struct memory *memory; /* of the test that runs */

static int find_blob(const struct memory *m, const struct remote_blob *blob)
{
	for (uint32_t i = 0; i < m->blob_count; i++)
		if (remote_blob_eq(&m->blobs[i].blob, blob))
			return (int)i;
	return -1;
}

static void keep(struct memory *m, struct span bytes)
{
	struct remote_blob blob = remote_blob_of(bytes);
	if (find_blob(m, &blob) >= 0)
		return;
	m->blobs[m->blob_count].blob = blob;
	buf_add_span(&m->blobs[m->blob_count++].bytes, bytes);
}

static void memory_start(struct remote_kind *kind, void (*ready)(void *ctx, enum remote_answer answer), void *ctx)
{
	struct memory *m = (struct memory *)kind;
	m->starts++;
	ready(ctx, m->start);
}

static void memory_get(struct remote_kind *kind, const struct digest *key,
		       void (*done)(void *ctx, enum remote_answer answer, struct span result), void *ctx)
{
	struct memory *m = (struct memory *)kind;
	m->gets++;
	for (uint32_t i = 0; i < m->record_count && m->answer == REMOTE_FOUND; i++)
		if (digest_eq(&m->records[i].key, key)) {
			done(ctx, REMOTE_FOUND, buf_span(&m->records[i].result));
			return;
		}
	done(ctx, m->answer == REMOTE_FOUND ? REMOTE_MISSING : m->answer, NOTHING);
}

static void memory_put(struct remote_kind *kind, const struct digest *key, struct span result,
		       void (*done)(void *ctx, enum remote_answer answer), void *ctx)
{
	struct memory *m = (struct memory *)kind;
	m->puts++;
	m->records[m->record_count].key = *key;
	buf_add_span(&m->records[m->record_count++].result, result);
	done(ctx, m->answer);
}

static void memory_find(struct remote_kind *kind, const struct remote_blob *blobs, uint32_t count,
			void (*done)(void *ctx, enum remote_answer answer, const unsigned char *missing), void *ctx)
{
	struct memory *m = (struct memory *)kind;
	unsigned char *missing = xcalloc(count, 1);
	m->finds++;
	assert_true(count <= m->kind.limits.find_count);
	for (uint32_t i = 0; i < count; i++)
		missing[i] = find_blob(m, &blobs[i]) < 0;
	done(ctx, m->answer, m->answer == REMOTE_FOUND ? missing : NULL);
	free(missing);
}

static void check_batch(struct memory *m, const struct remote_blob *blobs, uint32_t count)
{
	uint64_t bytes = 0;
	assert_in_range(count, 1, m->kind.limits.batch_count);
	for (uint32_t i = 0; i < count; i++)
		bytes += blobs[i].size + REAPI_BLOB_OVERHEAD;
	if (count > 1)
		assert_true(bytes <= m->kind.limits.batch_bytes);
	if (bytes > m->largest_batch)
		m->largest_batch = bytes;
}

static void memory_fetch(struct remote_kind *kind, const struct remote_blob *blobs, uint32_t count,
			 void (*each)(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes), void *ctx)
{
	struct memory *m = (struct memory *)kind;
	m->fetches++;
	check_batch(m, blobs, count);
	if (m->holds) {
		m->held = each;
		m->held_ctx = ctx;
		m->held_count = count;
		return;
	}
	for (uint32_t i = count; i-- > 0;) { /* in any order */
		struct remote_blob blob = blobs[i];
		int at = find_blob(m, &blob);
		if (m->answer != REMOTE_FOUND || at < 0)
			each(ctx, i, m->answer == REMOTE_FOUND ? REMOTE_MISSING : m->answer, NOTHING);
		else if (m->corrupts)
			each(ctx, i, REMOTE_FOUND, span_of("something else"));
		else
			each(ctx, i, REMOTE_FOUND, buf_span(&m->blobs[at].bytes));
	}
}

static void memory_send(struct remote_kind *kind, const struct remote_blob *blobs, const struct span *bytes,
			uint32_t count, void (*each)(void *ctx, uint32_t index, enum remote_answer answer), void *ctx)
{
	struct memory *m = (struct memory *)kind;
	m->sends++;
	check_batch(m, blobs, count);
	for (uint32_t i = 0; i < count; i++) {
		assert_true(remote_blob_is(&blobs[i], bytes[i]));
		if (m->answer == REMOTE_FOUND)
			keep(m, bytes[i]);
	}
	for (uint32_t i = 0; i < count; i++)
		each(ctx, i, m->answer);
}

static void memory_count(const struct remote_kind *kind, struct remote_counters *counters)
{
	(void)kind;
	(void)counters;
}

static void memory_close(struct remote_kind *kind)
{
	struct memory *m = (struct memory *)kind;
	for (uint32_t i = 0; i < m->held_count; i++)
		m->held(m->held_ctx, i, REMOTE_FAILED, NOTHING);
	for (uint32_t i = 0; i < m->blob_count; i++)
		buf_release(&m->blobs[i].bytes);
	for (uint32_t i = 0; i < m->record_count; i++)
		buf_release(&m->records[i].result);
	free(m);
}

static const struct remote_kind_ops memory_ops = { memory_start, memory_get,  memory_put,   memory_find,
						   memory_fetch, memory_send, memory_count, memory_close };

/* ---- a cache over it ---- */

struct world {
	struct clock clock;
	struct loop *loop;
	struct remote_cache *cache;
	char problem[300];
	unsigned problems, reads;
	/* what callbacks were told */
	unsigned told, answers[3];
	char record[100];
	bool inside; /* a request: nothing may be told now */
};

static bool read_blob(void *ctx, const struct remote_blob *blob, struct buf *out)
{
	struct world *w = ctx;
	w->reads++;
	/* there is "blob N" for each N below 4000, and a large one */
	for (unsigned i = 0; i < 4000; i++) {
		buf_reset(out);
		buf_addf(out, "blob %u", i);
		if (out->len == blob->size && remote_blob_is(blob, buf_span(out)))
			return true;
	}
	buf_reset(out);
	return false;
}

static void problem(void *ctx, const struct err *err)
{
	struct world *w = ctx;
	w->problems++;
	snprintf(w->problem, sizeof w->problem, "%s", err->message);
}

static struct world *open_world(enum remote_upload_policy upload)
{
	struct world *w = xcalloc(1, sizeof *w);
	struct err err = ERR_INIT;
	w->clock = clock_system();
	assert_int_equal(loop_new(&w->loop, &w->clock, &err), 0);
	struct remote_health *health = remote_health_new(w->loop, "memory", problem, w);
	memory = xcalloc(1, sizeof *memory);
	memory->kind.ops = &memory_ops;
	memory->health = health;
	memory->kind.limits = (struct remote_limits){ .batch_bytes = 4000, .batch_count = 10, .find_count = 16,
						      .blob_bytes = 100000, .sends = 2, .may_put = true };
	const struct remote_cache_config config = { .loop = w->loop, .upload = upload, .read_blob = read_blob,
						    .problem = problem, .ctx = w };
	w->cache = remote_cache_over(&config, &memory->kind, health);
	return w;
}

static void close_world(struct world *w)
{
	remote_cache_close(w->cache);
	loop_free(w->loop);
	free(w);
}

static void run_until(struct world *w, unsigned told)
{
	struct err err = ERR_INIT;
	w->inside = false;
	while (w->told < told)
		assert_int_equal(loop_run_once(w->loop, 0, &err), 0);
}

static void tell(struct world *w, enum remote_answer answer)
{
	assert_false(w->inside);
	w->told++;
	w->answers[answer]++;
}

static void record_came(void *ctx, enum remote_answer answer, struct span record)
{
	struct world *w = ctx;
	tell(w, answer);
	snprintf(w->record, sizeof w->record, "%.*s", (int)record.len, record.data);
}

static void blob_came(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes)
{
	(void)index;
	assert_int_equal(answer == REMOTE_FOUND, bytes.len > 0);
	tell(ctx, answer);
}

static void was_put(void *ctx, enum remote_answer answer)
{
	tell(ctx, answer);
}

static struct remote_blob numbered(unsigned i)
{
	char text[20];
	snprintf(text, sizeof text, "blob %u", i);
	return remote_blob_of(span_of(text));
}

static void keep_numbered(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char text[20];
		snprintf(text, sizeof text, "blob %u", i);
		keep(memory, span_of(text));
	}
}

/* ---- reading ---- */

static void nothing_is_asked_before_somebody_asks(void **state)
{
	(void)state;
	close_world(open_world(REMOTE_UPLOAD_AUTO));
}

static void requests_of_one_round_travel_together(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	keep_numbered(25);
	w->inside = true;
	for (unsigned i = 0; i < 25; i++) {
		struct remote_blob blob = numbered(i);
		remote_get_blobs(w->cache, &blob, 1, blob_came, w);
	}
	run_until(w, 25);
	assert_int_equal(w->answers[REMOTE_FOUND], 25);
	assert_int_equal(memory->starts, 1);
	assert_int_equal(memory->fetches, 3); /* of 10, 10 and 5 */
	close_world(w);
}

static void a_blob_that_many_want_travels_once(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	struct remote_blob blobs[] = { numbered(1), numbered(1), numbered(2) };
	keep_numbered(3);
	remote_get_blobs(w->cache, blobs, 3, blob_came, w);
	remote_get_blobs(w->cache, blobs, 3, blob_came, w);
	run_until(w, 6);
	struct remote_counters c = remote_cache_counters(w->cache);
	assert_int_equal(c.blobs_asked, 2);
	assert_int_equal(c.blobs_found, 2);
	/* it is not kept here: asked for again, it is fetched again */
	remote_get_blobs(w->cache, blobs, 1, blob_came, w);
	run_until(w, 7);
	assert_int_equal(memory->fetches, 2);
	close_world(w);
}

static void a_large_blob_goes_alone_and_an_empty_one_not_at_all(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	struct buf large = BUF_INIT;
	for (unsigned i = 0; i < 5000; i++)
		buf_add_char(&large, 'x');
	keep(memory, buf_span(&large));
	keep_numbered(2);
	struct remote_blob blobs[] = { numbered(0), remote_blob_of(buf_span(&large)), numbered(1) };
	remote_get_blobs(w->cache, blobs, 3, blob_came, w);
	run_until(w, 3);
	assert_int_equal(memory->fetches, 3);
	assert_int_equal(w->answers[REMOTE_FOUND], 3);
	buf_release(&large);
	close_world(w);
}

static void empty_came(void *ctx, uint32_t index, enum remote_answer answer, struct span bytes)
{
	assert_int_equal(answer, index == 0 ? REMOTE_FOUND : REMOTE_MISSING);
	assert_int_equal(bytes.len, 0);
	tell(ctx, answer);
}

static void what_is_known_without_asking_is_not_asked(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	struct remote_blob empty = remote_blob_of(NOTHING), impossible = numbered(1), huge = numbered(2);
	impossible.size = 0;
	huge.size = UINT64_MAX;
	struct remote_blob blobs[] = { empty, impossible, huge };
	remote_get_blobs(w->cache, blobs, 3, empty_came, w);
	run_until(w, 3);
	assert_int_equal(memory->fetches, 0);
	close_world(w);
}

static void wrong_bytes_are_missing_counted_and_told_once(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	struct remote_blob blobs[] = { numbered(0), numbered(1) };
	keep_numbered(2);
	memory->corrupts = true;
	remote_get_blobs(w->cache, blobs, 2, blob_came, w);
	run_until(w, 2);
	assert_int_equal(w->answers[REMOTE_MISSING], 2);
	assert_int_equal(remote_cache_counters(w->cache).corrupt, 2);
	assert_int_equal(w->problems, 1);
	assert_non_null(strstr(w->problem, "memory gave a blob whose bytes are not those of its digest"));
	close_world(w);
}

static void a_server_that_cannot_be_used_fails_every_request(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	struct remote_blob blob = numbered(1);
	struct digest key = { { 1 } };
	memory->start = REMOTE_FAILED;
	remote_get_blobs(w->cache, &blob, 1, blob_came, w);
	run_until(w, 1);
	remote_get_record(w->cache, &key, record_came, w);
	remote_put_blobs(w->cache, &blob, NULL, 1, was_put, w);
	run_until(w, 3);
	assert_int_equal(w->answers[REMOTE_FAILED], 3);
	assert_int_equal(memory->fetches + memory->gets + memory->finds, 0);
	assert_true(remote_cache_is_given_up(w->cache));
	close_world(w);
}

static void what_is_under_way_fails_when_the_cache_is_closed(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	struct remote_blob blobs[] = { numbered(0), numbered(1) }, later = numbered(2);
	struct digest key = { { 1 } };
	struct err err = ERR_INIT;
	memory->holds = true;
	remote_get_blobs(w->cache, blobs, 2, blob_came, w);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(loop_run_once(w->loop, 0, &err), 0);
	assert_int_equal(w->told, 0);
	remote_get_blobs(w->cache, &later, 1, blob_came, w);
	remote_get_record(w->cache, &key, record_came, w);
	remote_put(w->cache, &key, span_of("r"), blobs, 2);
	remote_put_blobs(w->cache, blobs, NULL, 2, was_put, w);
	remote_cache_close(w->cache);
	assert_int_equal(w->told, 5);
	assert_int_equal(w->answers[REMOTE_FAILED], 5);
	loop_free(w->loop);
	free(w);
}

static void who_loses_patience_ends_it_with_words_of_their_own(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	struct digest key = { { 1 } };
	struct remote_blob blob = numbered(1);
	keep_numbered(2);
	remote_get_blobs(w->cache, &blob, 1, blob_came, w);
	run_until(w, 1);
	remote_get_record(w->cache, &key, record_came, w);
	remote_cache_give_up(w->cache, "it costs more than it gives");
	remote_cache_give_up(w->cache, "again");
	run_until(w, 2);
	assert_int_equal(w->answers[REMOTE_FAILED], 1);
	assert_int_equal(memory->gets, 0);
	assert_int_equal(w->problems, 1);
	assert_string_equal(w->problem, "memory: it costs more than it gives");
	close_world(w);
}

/* ---- writing ---- */

static void finish(struct world *w)
{
	struct err err = ERR_INIT;
	assert_int_equal(remote_cache_finish(w->cache, 10 * NS_PER_S, &err), 0);
}

static void a_record_follows_its_blobs_and_comes_back(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	struct digest key = { { 7 } };
	struct remote_blob blobs[30];
	for (unsigned i = 0; i < 30; i++)
		blobs[i] = numbered(i / 2); /* each is named twice */
	remote_put(w->cache, &key, span_of("what it says"), blobs, 30);
	finish(w);
	assert_int_equal(memory->blob_count, 15);
	assert_int_equal(memory->finds, 1);
	assert_int_equal(memory->sends, 2);
	remote_get_record(w->cache, &key, record_came, w);
	run_until(w, 1);
	assert_string_equal(w->record, "what it says");
	struct remote_counters c = remote_cache_counters(w->cache);
	assert_int_equal(c.records_sent, 1);
	assert_int_equal(c.blobs_sent, 15);
	assert_int_equal(c.dropped, 0);
	close_world(w);
}

static void blobs_that_are_there_are_neither_read_nor_sent(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	struct digest key = { { 7 } };
	struct remote_blob blobs[] = { numbered(0), numbered(1) };
	keep_numbered(2);
	remote_put(w->cache, &key, span_of("r"), blobs, 2);
	finish(w);
	assert_int_equal(w->reads, 0);
	assert_int_equal(memory->sends, 0);
	assert_int_equal(memory->puts, 1);
	assert_int_equal(remote_cache_counters(w->cache).blobs_there, 2);
	close_world(w);
}

static void two_records_share_the_question_and_the_blob(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	struct digest keys[] = { { { 7 } }, { { 8 } } };
	struct remote_blob blob = numbered(0);
	remote_put(w->cache, &keys[0], span_of("a"), &blob, 1);
	remote_put(w->cache, &keys[1], span_of("b"), &blob, 1);
	finish(w);
	assert_int_equal(memory->finds, 1);
	assert_int_equal(memory->sends, 1);
	assert_int_equal(memory->puts, 2);
	close_world(w);
}

static void a_record_whose_blob_is_gone_or_too_large_is_dropped(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	struct digest keys[] = { { { 7 } }, { { 8 } } };
	struct remote_blob gone = numbered(1), large = numbered(2);
	gone.digest.bytes[0] ^= 1;
	large.size = 200000;
	remote_put(w->cache, &keys[0], span_of("a"), &gone, 1);
	remote_put(w->cache, &keys[1], span_of("b"), &large, 1);
	finish(w);
	assert_int_equal(memory->puts, 0);
	assert_int_equal(remote_cache_counters(w->cache).dropped, 2);
	close_world(w);
}

static void a_reader_and_a_server_that_lets_nobody_write_are_left_in_peace(void **state)
{
	(void)state;
	struct digest key = { { 7 } };
	struct world *w = open_world(REMOTE_UPLOAD_NO);
	struct remote_blob blob = numbered(0);
	remote_put(w->cache, &key, span_of("a"), &blob, 1);
	finish(w);
	assert_int_equal(memory->starts, 0);
	assert_int_equal(remote_cache_counters(w->cache).dropped, 0);
	close_world(w);

	w = open_world(REMOTE_UPLOAD_AUTO);
	memory->kind.limits.may_put = false;
	remote_put(w->cache, &key, span_of("a"), NULL, 0);
	finish(w);
	assert_int_equal(memory->puts, 0);
	close_world(w);
}

static void a_large_record_is_a_blob_and_comes_back(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	struct digest key = { { 7 } };
	struct buf record = BUF_INIT;
	memory->kind.limits.blob_bytes = UINT64_MAX;
	memset(buf_room(&record, REMOTE_INLINE_LIMIT + 1), 'r', REMOTE_INLINE_LIMIT + 1);
	record.len = REMOTE_INLINE_LIMIT + 1;
	remote_put(w->cache, &key, buf_span(&record), NULL, 0);
	finish(w);
	assert_int_equal(memory->blob_count, 1);
	assert_true(memory->records[0].result.len < 200);
	remote_get_record(w->cache, &key, record_came, w);
	run_until(w, 1);
	assert_int_equal(w->answers[REMOTE_FOUND], 1);
	assert_int_equal(strlen(w->record), sizeof w->record - 1);
	buf_release(&record);
	close_world(w);
}

static void bytes_of_ones_own_need_no_reader(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_NO);
	struct remote_blob blobs[] = { remote_blob_of(span_of("mine")), numbered(3) };
	struct span bytes[] = { span_of("mine"), { NULL, 0 } };
	remote_put_blobs(w->cache, blobs, bytes, 2, was_put, w);
	run_until(w, 1);
	assert_int_equal(w->answers[REMOTE_FOUND], 1);
	assert_int_equal(memory->blob_count, 2);
	assert_int_equal(w->reads, 1);
	/* known to be there */
	remote_put_blobs(w->cache, blobs, bytes, 2, was_put, w);
	run_until(w, 2);
	assert_int_equal(memory->finds, 1);
	/* unless the server has lost it */
	memory->blob_count = 0;
	for (unsigned i = 0; i < 2; i++)
		buf_release(&memory->blobs[i].bytes);
	remote_forget_sent(w->cache);
	remote_put_blobs(w->cache, blobs, bytes, 2, was_put, w);
	run_until(w, 3);
	assert_int_equal(memory->blob_count, 2);
	close_world(w);
}

static void a_blob_that_failed_is_tried_again_when_it_is_put_again(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	struct remote_blob blob = numbered(3);
	memory->answer = REMOTE_FAILED;
	remote_put_blobs(w->cache, &blob, NULL, 1, was_put, w);
	run_until(w, 1);
	assert_int_equal(w->answers[REMOTE_FAILED], 1);
	memory->answer = REMOTE_FOUND;
	remote_put_blobs(w->cache, &blob, NULL, 1, was_put, w);
	run_until(w, 2);
	assert_int_equal(w->answers[REMOTE_FOUND], 1);
	close_world(w);
}

static void batches_are_filled_and_keep_within_the_limits(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	struct remote_blob *blobs = xcalloc(300, sizeof *blobs);
	memory->kind.limits.batch_count = 1000;
	for (unsigned i = 0; i < 300; i++)
		blobs[i] = numbered(i);
	remote_put_blobs(w->cache, blobs, NULL, 300, was_put, w);
	run_until(w, 1);
	assert_int_equal(memory->blob_count, 300);
	assert_int_equal(memory->finds, 19);
	remote_get_blobs(w->cache, blobs, 300, blob_came, w);
	run_until(w, 301);
	assert_true(memory->largest_batch <= 4000 && memory->largest_batch > 3800);
	free(blobs);
	close_world(w);
}

static void missing_came(void *ctx, enum remote_answer answer, const unsigned char *missing)
{
	struct world *w = ctx;
	tell(w, answer);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(missing[i], i >= 20);
}

static void what_is_missing_is_asked_in_groups(void **state)
{
	(void)state;
	struct world *w = open_world(REMOTE_UPLOAD_AUTO);
	struct remote_blob blobs[40];
	for (unsigned i = 0; i < 40; i++)
		blobs[i] = numbered(i);
	keep_numbered(20);
	remote_find_missing(w->cache, blobs, 40, missing_came, w);
	run_until(w, 1);
	assert_int_equal(memory->finds, 3);
	close_world(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_asked_before_somebody_asks),
		cmocka_unit_test(requests_of_one_round_travel_together),
		cmocka_unit_test(a_blob_that_many_want_travels_once),
		cmocka_unit_test(a_large_blob_goes_alone_and_an_empty_one_not_at_all),
		cmocka_unit_test(what_is_known_without_asking_is_not_asked),
		cmocka_unit_test(wrong_bytes_are_missing_counted_and_told_once),
		cmocka_unit_test(a_server_that_cannot_be_used_fails_every_request),
		cmocka_unit_test(what_is_under_way_fails_when_the_cache_is_closed),
		cmocka_unit_test(who_loses_patience_ends_it_with_words_of_their_own),
		cmocka_unit_test(a_record_follows_its_blobs_and_comes_back),
		cmocka_unit_test(blobs_that_are_there_are_neither_read_nor_sent),
		cmocka_unit_test(two_records_share_the_question_and_the_blob),
		cmocka_unit_test(a_record_whose_blob_is_gone_or_too_large_is_dropped),
		cmocka_unit_test(a_reader_and_a_server_that_lets_nobody_write_are_left_in_peace),
		cmocka_unit_test(a_large_record_is_a_blob_and_comes_back),
		cmocka_unit_test(bytes_of_ones_own_need_no_reader),
		cmocka_unit_test(a_blob_that_failed_is_tried_again_when_it_is_put_again),
		cmocka_unit_test(batches_are_filled_and_keep_within_the_limits),
		cmocka_unit_test(what_is_missing_is_asked_in_groups),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
