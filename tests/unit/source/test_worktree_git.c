/* source/worktree_git.c: when git's index saves reading a file, and when it must not be believed. */
#include "../../lib/check.h"

#include <fcntl.h>
#include <git2.h>
#include <sys/stat.h>
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
	const char *root; /* real path of the work tree */
	const char *cache;
	git_repository *repo;
	git_index *index;
	struct gitindex *g;
	struct statcache *c;
};

static int make(void **state)
{
	struct err err = ERR_INIT;
	struct fixture *f = calloc(1, sizeof *f);
	*state = f;
	git_libgit2_init();
	/* nobody's own configuration */
	for (int level = GIT_CONFIG_LEVEL_PROGRAMDATA; level <= GIT_CONFIG_LEVEL_GLOBAL; level++)
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "/nonexistent");
	if (tmpdir_make(&f->dir, NULL, "git", &err) != 0)
		return -1;
	const char *tree = path_join(&f->arena, f->dir.path, "tree");
	f->cache = path_join(&f->arena, f->dir.path, "statcache");
	if (fs_mkdirs(tree, &err) != 0 || fs_realpath(&f->arena, tree, &f->root, &err) != 0)
		return -1;
	return git_repository_init(&f->repo, f->root, 0) || git_repository_index(&f->index, f->repo);
}

static int clean(void **state)
{
	struct err err = ERR_INIT;
	struct fixture *f = *state;
	statcache_free(f->c);
	gitindex_free(f->g);
	git_index_free(f->index);
	git_repository_free(f->repo);
	git_libgit2_shutdown();
	arena_release(&f->arena);
	int rc = tmpdir_remove(&f->dir, &err);
	free(f);
	return rc;
}

static const char *in_tree(struct fixture *f, const char *name)
{
	return path_join(&f->arena, f->root, name);
}

static void edit(struct fixture *f, const char *name, const char *text)
{
	struct err err = ERR_INIT;
	assert_ok(fs_write_atomic(in_tree(f, name), span_of(text), FS_WRITE_PARENTS, &err));
}

/* As long as two ticks of the kernel's clock for files. */
static void let_time_pass(void)
{
	usleep(25000);
}

/* git add NAME, and the index is written later than the files. */
static void add(struct fixture *f, const char *name)
{
	assert_int_equal(git_index_add_bypath(f->index, name), 0);
	let_time_pass();
	assert_int_equal(git_index_write(f->index), 0);
}

static bool unchanged(struct fixture *f, const char *name, unsigned char oid[32])
{
	struct err err = ERR_INIT;
	unsigned len = 0;
	assert_ok(gitindex_open(f->root, &f->g, &err));
	assert_non_null(f->g);
	bool answer = gitindex_unchanged(f->g, in_tree(f, name), oid, &len);
	if (answer)
		assert_int_equal(len, 20);
	gitindex_free(f->g);
	f->g = NULL;
	return answer;
}

static void a_tracked_file_has_its_object_id_until_it_changes(void **state)
{
	struct fixture *f = *state;
	unsigned char oid[32];
	git_oid expected;
	edit(f, "pkg/a.py", "x = 1\n");
	edit(f, "pkg/b.py", "x = 2\n");
	add(f, "pkg/a.py");
	assert_int_equal(git_odb_hash(&expected, "x = 1\n", 6, GIT_OBJECT_BLOB), 0);
	assert_true(unchanged(f, "pkg/a.py", oid));
	assert_memory_equal(oid, expected.id, 20);
	assert_false(unchanged(f, "pkg/b.py", oid)); /* not tracked */
	assert_false(unchanged(f, "pkg", oid));
	assert_false(unchanged(f, "../tree/pkg/a.py", oid)); /* not a normal path */
	edit(f, "pkg/a.py", "x = 3\n");
	assert_false(unchanged(f, "pkg/a.py", oid));
}

static void an_entry_as_young_as_the_index_proves_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned char oid[32];
	struct err err = ERR_INIT;
	struct file_stat file, index;
	const char *index_path = in_tree(f, ".git/index");
	edit(f, "a.py", "x = 1\n");
	add(f, "a.py");
	assert_true(unchanged(f, "a.py", oid));
	assert_ok(fs_stat(in_tree(f, "a.py"), &file, &err));
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { file.mtime_ns / NS_PER_S, file.mtime_ns % NS_PER_S } };
	assert_int_equal(utimensat(AT_FDCWD, index_path, times, 0), 0);
	assert_ok(fs_stat(index_path, &index, &err));
	assert_true(index.mtime_ns == file.mtime_ns);
	assert_false(unchanged(f, "a.py", oid));
}

static void a_link_is_not_what_it_leads_to(void **state)
{
	struct fixture *f = *state;
	unsigned char oid[32];
	struct err err = ERR_INIT;
	edit(f, "a.py", "x = 1\n");
	assert_ok(fs_symlink("a.py", in_tree(f, "link.py"), &err));
	add(f, "a.py");
	add(f, "link.py");
	assert_true(unchanged(f, "a.py", oid));
	assert_false(unchanged(f, "link.py", oid));
}

static void no_repository_is_not_an_error(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	unsigned char oid[32];
	const char *other;
	assert_ok(fs_mkdirs(path_join(&f->arena, f->dir.path, "other"), &err));
	assert_ok(fs_realpath(&f->arena, path_join(&f->arena, f->dir.path, "other"), &other, &err));
	assert_ok(gitindex_open(other, &f->g, &err));
	assert_null(f->g);
	assert_ok(gitindex_open("/nonexistent", &f->g, &err));
	assert_null(f->g);
	gitindex_free(NULL);
	/* an index that is none */
	edit(f, "a.py", "x = 1\n");
	add(f, "a.py");
	edit(f, ".git/index", "hello");
	assert_false(unchanged(f, "a.py", oid));
}

static void begin(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct clock clock = clock_system();
	assert_ok(statcache_open(f->cache, clock_wall_ns(&clock), &f->c, &err));
	assert_ok(gitindex_open(f->root, &f->g, &err));
	statcache_use_git(f->c, f->g);
}

static void ask(struct fixture *f, const char *name, const char *text)
{
	struct err err = ERR_INIT;
	struct digest d, expected;
	uint64_t size;
	hash_sha256(span_of(text), &expected);
	assert_ok(statcache_digest(f->c, in_tree(f, name), &d, &size, NULL, &err));
	assert_true(digest_eq(&d, &expected));
	assert_int_equal(size, strlen(text));
}

static void end(struct fixture *f, uint64_t files_read)
{
	struct err err = ERR_INIT;
	struct clock clock = clock_system();
	assert_int_equal(statcache_files_read(f->c), files_read);
	assert_ok(statcache_save(f->c, clock_wall_ns(&clock), &err));
	statcache_free(f->c);
	gitindex_free(f->g);
	f->c = NULL;
	f->g = NULL;
}

/* Other files with the same bytes: new inodes, new times, and the index knows them. */
static void check_out(struct fixture *f, const char *name, const char *text)
{
	struct err err = ERR_INIT;
	assert_ok(fs_unlink(in_tree(f, name), &err));
	edit(f, name, text);
	add(f, name);
}

static void a_checkout_of_known_contents_needs_no_reading(void **state)
{
	struct fixture *f = *state;
	edit(f, "a.py", "x = 1\n");
	edit(f, "b.py", "y = 1\n");
	let_time_pass();
	begin(f);
	ask(f, "a.py", "x = 1\n");
	ask(f, "b.py", "y = 1\n");
	end(f, 2);
	check_out(f, "a.py", "x = 1\n");
	check_out(f, "b.py", "y = 1\n");
	begin(f);
	ask(f, "a.py", "x = 1\n");
	ask(f, "b.py", "y = 1\n");
	end(f, 0);
}

static void going_to_another_branch_and_back_needs_no_reading(void **state)
{
	struct fixture *f = *state;
	edit(f, "a.py", "x = 1\n");
	let_time_pass();
	begin(f);
	ask(f, "a.py", "x = 1\n");
	end(f, 1);
	for (int round = 0; round < 2; round++) {
		check_out(f, "a.py", "x = 2\n");
		begin(f);
		ask(f, "a.py", "x = 2\n");
		end(f, round == 0 ? 1 : 0);
		check_out(f, "a.py", "x = 1\n");
		begin(f);
		ask(f, "a.py", "x = 1\n");
		end(f, 0);
	}
}

enum { MANY = 1500 }; /* more than are kept of contents out of use */

static void ask_many(struct fixture *f)
{
	for (int i = 0; i < MANY; i++) {
		const char *text = arena_printf(&f->arena, "x = %d\n", i);
		ask(f, arena_printf(&f->arena, "m%d.py", i), text);
	}
}

static void contents_recognised_by_their_times_stay_known(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < MANY; i++)
		edit(f, arena_printf(&f->arena, "m%d.py", i), arena_printf(&f->arena, "x = %d\n", i));
	let_time_pass();
	begin(f);
	ask_many(f);
	end(f, MANY);
	edit(f, "other.py", "");
	begin(f);
	ask_many(f);
	ask(f, "other.py", ""); /* something new, so that the cache is written again */
	end(f, 1);
	for (int i = 0; i < MANY; i++)
		edit(f, arena_printf(&f->arena, "m%d.py", i), arena_printf(&f->arena, "x = %d\n", i));
	for (int i = 0; i < MANY; i++)
		assert_int_equal(git_index_add_bypath(f->index, arena_printf(&f->arena, "m%d.py", i)), 0);
	let_time_pass();
	assert_int_equal(git_index_write(f->index), 0);
	begin(f);
	ask_many(f);
	end(f, 0);
}

static void a_filtered_file_is_never_answered_for(void **state)
{
	struct fixture *f = *state;
	unsigned char oid[32];
	git_config *config;
	edit(f, ".gitattributes", "*.rot filter=rot13\n");
	edit(f, "a.py", "x = 1\n");
	edit(f, "a.rot", "x = 1\n");
	add(f, "a.py");
	add(f, "a.rot");
	assert_true(unchanged(f, "a.rot", oid)); /* no such filter is configured: bytes are as they are */
	assert_int_equal(git_repository_config(&config, f->repo), 0);
	assert_int_equal(git_config_set_string(config, "filter.rot13.clean", "tr a-z n-za-m"), 0);
	git_config_free(config);
	assert_false(unchanged(f, "a.rot", oid));
	assert_true(unchanged(f, "a.py", oid));
}

static void a_converted_file_is_read(void **state)
{
	struct fixture *f = *state;
	edit(f, "a.py", "x = 1\n"); /* this content is known, as is its object */
	let_time_pass();
	begin(f);
	ask(f, "a.py", "x = 1\n");
	end(f, 1);
	edit(f, ".gitattributes", "crlf.py text eol=crlf\n");
	edit(f, "crlf.py", "x = 1\r\n"); /* the same object, other bytes */
	add(f, "crlf.py");
	unsigned char oid[32];
	git_oid expected;
	assert_int_equal(git_odb_hash(&expected, "x = 1\n", 6, GIT_OBJECT_BLOB), 0);
	assert_true(unchanged(f, "crlf.py", oid));
	assert_memory_equal(oid, expected.id, 20);
	begin(f);
	ask(f, "crlf.py", "x = 1\r\n");
	end(f, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tracked_file_has_its_object_id_until_it_changes),
		TEST(an_entry_as_young_as_the_index_proves_nothing),
		TEST(a_link_is_not_what_it_leads_to),
		TEST(no_repository_is_not_an_error),
		TEST(a_checkout_of_known_contents_needs_no_reading),
		TEST(going_to_another_branch_and_back_needs_no_reading),
		TEST(contents_recognised_by_their_times_stay_known),
		TEST(a_filtered_file_is_never_answered_for),
		TEST(a_converted_file_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
