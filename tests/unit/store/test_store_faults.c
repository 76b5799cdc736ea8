/*
 * The store among other processes, killed processes and failing disks: never a wrong answer, and what is left verifies.
 * Entries are records and blobs whose bytes follow from their number, so that every reader can tell a wrong one.
 */
#include "../../lib/check.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "model/record.h"
#include "store/store.h"
#include "sys/fs.h"
#include "sys/path.h"
#include "sys/tmpdir.h"

struct fixture {
	struct tmpdir dir;
	struct arena arena;
};

static int make(void **state)
{
	struct err err = ERR_INIT;
	struct fixture *f = calloc(1, sizeof *f);
	*state = f;
	return tmpdir_make(&f->dir, NULL, "store", &err);
}

static int clean(void **state)
{
	struct err err = ERR_INIT;
	struct fixture *f = *state;
	fs_fault = NULL;
	arena_release(&f->arena);
	int rc = tmpdir_remove(&f->dir, &err);
	free(f);
	return rc;
}

/* Entry n is n x 37 bytes long and sealed, so that it is good as a blob and as a record. */
static void entry(unsigned n, struct buf *out)
{
	buf_reset(out);
	size_t start = record_begin(out, "TEST", 1);
	for (unsigned i = 0; i < n * 37; i++)
		buf_add_char(out, (char)(n * 31 + i));
	record_seal(out, start);
}

static struct digest key_of(unsigned n)
{
	struct digest d;
	char text[32];
	snprintf(text, sizeof text, "key %u", n);
	hash_sha256(span_of(text), &d);
	return d;
}

struct tally {
	unsigned wrong, hits, errors;
};

/* Looks up everything of entry n: a miss is fine, other bytes are not. */
static void check_entry(struct store *s, unsigned n, struct tally *t)
{
	struct err err = ERR_INIT;
	struct buf expected = BUF_INIT, out = BUF_INIT;
	struct digest d, key = key_of(n);
	entry(n, &expected);
	hash_sha256(buf_span(&expected), &d);
	for (int what = 0; what < 2; what++) {
		bool found = false;
		buf_reset(&out);
		int rc = what ? store_get(s, &d, &out, &found, &err) :
		                store_lookup(s, STORE_BODIES, &key, &out, &found, &err);
		t->errors += rc != 0;
		t->hits += rc == 0 && found;
		/* a record's reader opens its seal before it believes it */
		t->wrong += rc == 0 && found && (what || record_intact(buf_span(&out))) &&
		            !span_eq(buf_span(&out), buf_span(&expected));
		err_release(&err);
	}
	buf_release(&expected);
	buf_release(&out);
}

static int write_entry(struct store *s, unsigned n, struct err *err)
{
	struct buf bytes = BUF_INIT;
	struct digest d, key = key_of(n);
	entry(n, &bytes);
	int rc = store_put(s, buf_span(&bytes), &d, err) != 0 ||
	                         store_record(s, STORE_BODIES, &key, buf_span(&bytes), err) != 0 ?
	                 -1 :
	                 0;
	buf_release(&bytes);
	return rc;
}

/* Writes and reads `count` of `distinct` entries, in an order of its own; the exit status says how it went. */
static void work(const char *dir, unsigned who, unsigned count, unsigned distinct)
{
	struct err err = ERR_INIT;
	struct store *s;
	struct tally t = { 0 };
	if (store_open_local(dir, &s, &err) != 0)
		_exit(2);
	for (unsigned i = 0; i < count; i++) {
		unsigned n = (i * 7 + who * 13) % distinct;
		if (write_entry(s, n, &err) != 0)
			_exit(3);
		check_entry(s, (n + who) % distinct, &t);
		check_entry(s, n, &t);
	}
	bool corrupt = store_counters(s).corrupt != 0;
	store_close(s);
	_exit(t.wrong ? 4 : t.errors ? 5 : corrupt ? 6 : 0);
}

/* Opens once more: nothing is wrong, and nothing temporary is left. */
static uint64_t verify(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct buf report = BUF_INIT;
	struct store *s;
	struct fs_listing tmp;
	uint64_t blobs, bad;
	assert_ok(store_open_local(f->dir.path, &s, &err));
	assert_ok(store_verify(s, &report, &blobs, &bad, &err));
	if (bad)
		fail_msg("%llu bad entries:\n%s", (unsigned long long)bad, report.data);
	store_close(s);
	assert_ok(fs_list(path_join(&f->arena, f->dir.path, "v2/tmp"), &f->arena, &tmp, &err));
	for (size_t i = 0; i < tmp.count; i++)
		assert_string_equal(tmp.entries[i].name, "gate");
	buf_release(&report);
	return blobs;
}

static void eight_processes_share_a_store(void **state)
{
	struct fixture *f = *state;
	enum { PROCESSES = 8, COUNT = 200, DISTINCT = 120 };
	pid_t pids[PROCESSES];
	fflush(stdout);
	for (unsigned i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			work(f->dir.path, i, COUNT, DISTINCT);
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		int status;
		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(verify(f), DISTINCT);
}

static void killed_processes_leave_nothing_wrong(void **state)
{
	struct fixture *f = *state;
	enum { ROUNDS = 15, PROCESSES = 4 };
	uint64_t blobs = 0;
	fflush(stdout);
	for (unsigned round = 0; round < ROUNDS; round++) {
		pid_t pids[PROCESSES];
		for (unsigned i = 0; i < PROCESSES; i++) {
			pids[i] = fork();
			if (pids[i] == 0)
				work(f->dir.path, i + round, 100000, 600);
		}
		usleep(1000 + round * 7919 % 20000);
		for (unsigned i = 0; i < PROCESSES; i++)
			kill(pids[i], SIGKILL);
		for (unsigned i = 0; i < PROCESSES; i++) {
			int status;
			waitpid(pids[i], &status, 0);
			assert_true(WIFSIGNALED(status));
		}
		uint64_t now = verify(f);
		assert_true(now >= blobs);
		blobs = now;
	}
	assert_true(blobs > 0);
}

static struct {
	unsigned calls, fail_at;
	int number;
	bool from_then_on;
} plan;

static int fail_as_planned(enum fs_op op, const char *path)
{
	(void)op;
	(void)path;
	plan.calls++;
	return plan.calls == plan.fail_at || (plan.from_then_on && plan.calls > plan.fail_at) ? plan.number : 0;
}

/* One short life with a store. Everything may fail; nothing may be wrong. */
static void short_life(const char *dir, struct tally *t)
{
	struct err err = ERR_INIT;
	struct store *s;
	const char *scratch;
	struct digest tree = { { 1 } };
	if (store_open_local(dir, &s, &err) != 0) {
		assert_non_null(err.message);
		err_release(&err);
		return;
	}
	for (unsigned n = 0; n < 2; n++) {
		if (write_entry(s, n, &err) != 0) {
			assert_non_null(strstr(err.message, dir));
			err_release(&err);
		}
		check_entry(s, n, t);
	}
	if (store_scratch(s, &scratch, &err) != 0 || store_state_dir(s, &tree, &scratch, &err) != 0)
		err_release(&err);
	store_close(s);
}

static void a_failure_at_any_step_leaves_nothing_wrong(void **state)
{
	struct fixture *f = *state;
	static const struct {
		int number;
		bool from_then_on;
	} kinds[] = { { EIO, false }, { ENOENT, false }, { ENOSPC, true } };
	unsigned failures = 0;
	for (unsigned kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
		for (unsigned at = 1;; at++) {
			struct err err = ERR_INIT;
			struct tally during = { 0 }, after = { 0 };
			const char *dir = arena_printf(&f->arena, "%s/%u-%u", f->dir.path, kind, at);
			plan.calls = 0;
			plan.fail_at = at;
			plan.number = kinds[kind].number;
			plan.from_then_on = kinds[kind].from_then_on;
			fs_fault = fail_as_planned;
			short_life(dir, &during);
			fs_fault = NULL;
			assert_int_equal(during.wrong, 0);
			bool reached = plan.calls >= at;
			failures += reached;
			/* with the disk well again everything is as if nothing had been */
			short_life(dir, &after);
			assert_int_equal(after.wrong, 0);
			assert_int_equal(after.errors, 0);
			assert_int_equal(after.hits, 4);
			struct fixture one = { .dir = { (char *)(uintptr_t)dir } };
			assert_int_equal(verify(&one), 2);
			arena_release(&one.arena);
			assert_ok(fs_remove_tree(dir, &err));
			if (!reached)
				break;
			assert_true(at < 1000);
		}
	}
	assert_true(failures > 50);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(eight_processes_share_a_store),
		TEST(killed_processes_leave_nothing_wrong),
		TEST(a_failure_at_any_step_leaves_nothing_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
