/* source/worktree.h: which files are read again, and that no edit is ever missed. */
#include "../../lib/check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "source/worktree.h"
#include "sys/clock.h"
#include "sys/fs.h"
#include "sys/path.h"
#include "sys/tmpdir.h"

struct fixture {
	struct tmpdir dir;
	struct arena arena;
	const char *cache, *file;
	struct statcache *c;
	int64_t now_ns;
};

static int make(void **state)
{
	struct err err = ERR_INIT;
	struct fixture *f = calloc(1, sizeof *f);
	*state = f;
	if (tmpdir_make(&f->dir, NULL, "statcache", &err) != 0)
		return -1;
	f->cache = path_join(&f->arena, f->dir.path, "state/statcache");
	f->file = path_join(&f->arena, f->dir.path, "a.py");
	return 0;
}

static int clean(void **state)
{
	struct err err = ERR_INIT;
	struct fixture *f = *state;
	statcache_free(f->c);
	arena_release(&f->arena);
	int rc = tmpdir_remove(&f->dir, &err);
	free(f);
	return rc;
}

/* Changes a file in place: same inode. */
static void edit(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static struct file_stat look(const char *path)
{
	struct err err = ERR_INIT;
	struct file_stat st;
	assert_ok(fs_stat(path, &st, &err));
	return st;
}

static void set_mtime(const char *path, int64_t ns)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { ns / NS_PER_S, ns % NS_PER_S } };
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* A run that begins `after_ns` after the file was last changed. */
static void begin(struct fixture *f, int64_t after_ns)
{
	struct err err = ERR_INIT;
	struct file_stat st = look(f->file);
	f->now_ns = (st.ctime_ns > st.mtime_ns ? st.ctime_ns : st.mtime_ns) + after_ns;
	assert_ok(statcache_open(f->cache, f->now_ns, &f->c, &err));
}

static void end(struct fixture *f, uint64_t files_read)
{
	struct err err = ERR_INIT;
	assert_int_equal(statcache_files_read(f->c), files_read);
	assert_ok(statcache_save(f->c, f->now_ns, &err));
	statcache_free(f->c);
	f->c = NULL;
}

/* The file's digest is that of `text`. */
static void ask(struct fixture *f, const char *path, const char *text)
{
	struct err err = ERR_INIT;
	struct digest d, expected;
	uint64_t size;
	hash_sha256(span_of(text), &expected);
	assert_ok(statcache_digest(f->c, path, &d, &size, NULL, &err));
	assert_true(digest_eq(&d, &expected));
	assert_int_equal(size, strlen(text));
}

static void run(struct fixture *f, const char *text, uint64_t files_read)
{
	begin(f, NS_PER_S * 10);
	ask(f, f->file, text);
	end(f, files_read);
}

static void an_unchanged_file_is_read_once(void **state)
{
	struct fixture *f = *state;
	edit(f->file, "x = 1\n");
	run(f, "x = 1\n", 1);
	run(f, "x = 1\n", 0);
	run(f, "x = 1\n", 0);
}

static void the_content_is_handed_over_when_it_was_read(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	for (int round = 0; round < 2; round++) {
		struct buf content = BUF_INIT;
		struct digest d;
		uint64_t size;
		edit(f->file, "x = 1\n");
		begin(f, NS_PER_S);
		assert_ok(statcache_digest(f->c, f->file, &d, &size, &content, &err));
		assert_string_equal(content.data, "x = 1\n");
		buf_reset(&content);
		assert_ok(statcache_digest(f->c, f->file, &d, &size, &content, &err));
		assert_int_equal(content.len, 0);
		end(f, 1);
		buf_release(&content);
	}
}

static void an_edit_of_the_same_size_within_the_tick_is_not_missed(void **state)
{
	struct fixture *f = *state;
	edit(f->file, "x = 1\n");
	struct file_stat before = look(f->file);
	begin(f, 0); /* the run begins in the very tick of the edit */
	ask(f, f->file, "x = 1\n");
	end(f, 1);
	/* and it is edited again in that tick: as the disk shows it then, nothing has changed */
	edit(f->file, "x = 2\n");
	set_mtime(f->file, before.mtime_ns);
	struct err err = ERR_INIT;
	assert_ok(statcache_open(f->cache, f->now_ns + NS_PER_S, &f->c, &err));
	ask(f, f->file, "x = 2\n");
	end(f, 1);
}

static void a_file_is_remembered_only_when_it_is_older_than_the_run_by_a_tick(void **state)
{
	struct fixture *f = *state;
	static const struct {
		int64_t after_ns;
		bool remembered;
	} rows[] = {
		{ -NS_PER_S, false }, { 0, false },           { NS_PER_MS, false }, { 20 * NS_PER_MS, false },
		{ 20 * NS_PER_MS + 1, true }, { NS_PER_S, true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err = ERR_INIT;
		assert_ok(fs_unlink(f->cache, &err));
		edit(f->file, "x = 1\n");
		while (look(f->file).ctime_ns % NS_PER_S == 0)
			edit(f->file, "x = 1\n"); /* not a file system with coarse times, by accident */
		begin(f, rows[i].after_ns);
		ask(f, f->file, "x = 1\n");
		end(f, 1);
		begin(f, 10 * NS_PER_S);
		ask(f, f->file, "x = 1\n");
		end(f, rows[i].remembered ? 0 : 1);
	}
}

static void a_file_that_is_too_new_stays_so_however_long_the_run_takes(void **state)
{
	struct fixture *f = *state;
	edit(f->file, "x = 1\n");
	begin(f, 0);
	ask(f, f->file, "x = 1\n");
	f->now_ns += 3600 * NS_PER_S; /* saved an hour later */
	end(f, 1);
	struct err err = ERR_INIT;
	assert_ok(statcache_open(f->cache, f->now_ns, &f->c, &err));
	ask(f, f->file, "x = 1\n");
	end(f, 1);
}

static void a_file_from_the_future_is_read_every_time(void **state)
{
	struct fixture *f = *state;
	edit(f->file, "x = 1\n");
	struct file_stat st = look(f->file);
	set_mtime(f->file, st.mtime_ns + 3600 * NS_PER_S);
	for (int i = 0; i < 2; i++) {
		struct err err = ERR_INIT;
		f->now_ns = st.mtime_ns + (60 + i) * NS_PER_S;
		assert_ok(statcache_open(f->cache, f->now_ns, &f->c, &err));
		ask(f, f->file, "x = 1\n");
		end(f, 1);
	}
}

static void a_clock_that_went_back_empties_the_cache(void **state)
{
	struct fixture *f = *state;
	edit(f->file, "x = 1\n");
	run(f, "x = 1\n", 1);
	begin(f, NS_PER_S); /* the run before began 10 s after the edit */
	ask(f, f->file, "x = 1\n");
	end(f, 1);
	begin(f, NS_PER_S);
	ask(f, f->file, "x = 1\n");
	end(f, 0);
}

static void a_file_renamed_over_with_the_same_size_and_mtime_is_read(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	const char *other = path_join(&f->arena, f->dir.path, "b.py");
	edit(f->file, "x = 1\n");
	run(f, "x = 1\n", 1);
	edit(other, "x = 2\n");
	set_mtime(other, look(f->file).mtime_ns);
	assert_ok(fs_rename(other, f->file, &err));
	run(f, "x = 2\n", 1);
	run(f, "x = 2\n", 0);
}

static void an_edit_whose_mtime_was_set_back_is_read(void **state)
{
	struct fixture *f = *state;
	edit(f->file, "x = 1\n");
	int64_t mtime_ns = look(f->file).mtime_ns;
	run(f, "x = 1\n", 1);
	usleep(20000); /* as long as a tick may be, so that ctime shows it */
	edit(f->file, "x = 2\n");
	set_mtime(f->file, mtime_ns);
	assert_true(look(f->file).mtime_ns == mtime_ns);
	run(f, "x = 2\n", 1);
}

static void a_link_answers_for_the_file_it_leads_to(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	const char *one = path_join(&f->arena, f->dir.path, "one"), *two = path_join(&f->arena, f->dir.path, "two");
	edit(one, "x = 1\n");
	edit(two, "x = 2\n");
	set_mtime(two, look(one).mtime_ns);
	assert_ok(fs_symlink("one", f->file, &err));
	run(f, "x = 1\n", 1);
	run(f, "x = 1\n", 0);
	assert_ok(fs_unlink(f->file, &err));
	assert_ok(fs_symlink("two", f->file, &err));
	run(f, "x = 2\n", 1);
}

static void files_not_asked_for_are_kept_for_other_command_lines(void **state)
{
	struct fixture *f = *state;
	const char *other = path_join(&f->arena, f->dir.path, "b.py");
	edit(other, "y\n");
	edit(f->file, "x = 1\n");
	begin(f, NS_PER_S);
	ask(f, other, "y\n");
	ask(f, f->file, "x = 1\n");
	end(f, 2);
	edit(f->file, "x = 22\n");
	run(f, "x = 22\n", 1);
	begin(f, 20 * NS_PER_S);
	ask(f, other, "y\n");
	end(f, 0);
	edit(other, "yy\n");
	begin(f, 40 * NS_PER_S);
	ask(f, other, "yy\n");
	end(f, 1);
}

static void the_files_that_nobody_asks_for_do_not_pile_up(void **state)
{
	enum { FILES = 1200, SPARE = 1024 };
	struct fixture *f = *state;
	for (int i = 0; i < FILES; i++)
		edit(arena_printf(&f->arena, "%s/%d.py", f->dir.path, i), "y\n");
	edit(f->file, "x = 1\n"); /* the last one: runs begin some time after it */
	begin(f, NS_PER_S);
	for (int i = 0; i < FILES; i++)
		ask(f, arena_printf(&f->arena, "%s/%d.py", f->dir.path, i), "y\n");
	end(f, FILES);
	run(f, "x = 1\n", 1);
	begin(f, 20 * NS_PER_S);
	for (int i = 0; i < FILES; i++)
		ask(f, arena_printf(&f->arena, "%s/%d.py", f->dir.path, i), "y\n");
	end(f, FILES - SPARE - 2);
}

static void a_run_that_learnt_nothing_writes_nothing(void **state)
{
	struct fixture *f = *state;
	edit(f->file, "x = 1\n");
	run(f, "x = 1\n", 1);
	uint64_t inode = look(f->cache).inode;
	run(f, "x = 1\n", 0);
	assert_true(look(f->cache).inode == inode);
}

static void a_torn_altered_or_foreign_cache_is_an_empty_one(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct buf whole = BUF_INIT;
	edit(f->file, "x = 1\n");
	run(f, "x = 1\n", 1);
	assert_ok(fs_read(f->cache, 1 << 20, &whole, &err));
	for (size_t i = 0; i < whole.len; i++) {
		struct buf bad = BUF_INIT;
		buf_add_span(&bad, buf_span(&whole));
		if (i % 2)
			bad.data[i] ^= 4;
		else
			buf_truncate(&bad, i);
		assert_ok(fs_write_atomic(f->cache, buf_span(&bad), 0, &err));
		buf_release(&bad);
		run(f, "x = 1\n", 1);
	}
	assert_ok(fs_write_atomic(f->cache, span_of("SQLite format 3"), 0, &err));
	run(f, "x = 1\n", 1);
	buf_release(&whole);
}

static void what_cannot_be_source_is_refused_by_name(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct digest d;
	uint64_t size;
	edit(f->file, "");
	assert_int_equal(truncate(f->file, (64 << 20) + 1), 0);
	begin(f, NS_PER_S);
	assert_fails(statcache_digest(f->c, f->file, &d, &size, NULL, &err), ERR_PROTOCOL, "67108865 bytes");
	assert_fails(statcache_digest(f->c, f->dir.path, &d, &size, NULL, &err), ERR_IO, "not a regular file");
	assert_fails(statcache_digest(f->c, f->cache, &d, &size, NULL, &err), ERR_IO, "not there any more");
	assert_int_equal(truncate(f->file, 64 << 20), 0);
	assert_ok(statcache_digest(f->c, f->file, &d, &size, NULL, &err));
	assert_int_equal(size, 64 << 20);
	end(f, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_unchanged_file_is_read_once),
		TEST(the_content_is_handed_over_when_it_was_read),
		TEST(an_edit_of_the_same_size_within_the_tick_is_not_missed),
		TEST(a_file_is_remembered_only_when_it_is_older_than_the_run_by_a_tick),
		TEST(a_file_that_is_too_new_stays_so_however_long_the_run_takes),
		TEST(a_file_from_the_future_is_read_every_time),
		TEST(a_clock_that_went_back_empties_the_cache),
		TEST(a_file_renamed_over_with_the_same_size_and_mtime_is_read),
		TEST(an_edit_whose_mtime_was_set_back_is_read),
		TEST(a_link_answers_for_the_file_it_leads_to),
		TEST(files_not_asked_for_are_kept_for_other_command_lines),
		TEST(the_files_that_nobody_asks_for_do_not_pile_up),
		TEST(a_run_that_learnt_nothing_writes_nothing),
		TEST(a_torn_altered_or_foreign_cache_is_an_empty_one),
		TEST(what_cannot_be_source_is_refused_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
