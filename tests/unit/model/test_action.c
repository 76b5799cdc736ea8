/* model/action.h: an action's document and digest depend on what it does, not on where its inputs lie. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/action.h"

struct sample {
	const char *argv[4], *env[3], *outputs[3];
	struct action_input inputs[4];
	struct action action;
};

static void make(struct sample *s)
{
	*s = (struct sample){
		.argv = { "py/bin/python", "-m", "mypy", NULL },
		.env = { "TERM=dumb", "LANG=C.UTF-8", NULL },
		.outputs = { "b.meta.ff", "a.data.ff", NULL },
		.inputs = {
			{ .path = "s/b.py", .kind = INPUT_FILE, .digest = { { 7 } }, .real = "/home/u/b.py" },
			{ .path = "py/bin/python", .kind = INPUT_PLATFORM, .real = "/usr/bin/python3",
			  .bytes = { "cpython 3.11.7 linux", 20 } },
			{ .path = "mypy.ini", .kind = INPUT_INLINE, .bytes = { "[mypy]\n", 7 } },
			{ .path = "ts", .kind = INPUT_DIRECTORY },
		},
	};
	s->action = (struct action){ s->argv, s->env, s->inputs, 4, s->outputs, 60 };
}

static void the_document_is_canonical(void **state)
{
	(void)state;
	struct sample s;
	struct buf b = BUF_INIT;
	make(&s);
	action_finish(&s.action);
	struct js *doc = action_encode(&s.action);
	js_write(doc, 0, &b);
	assert_string_equal(b.data,
	                    "{\"argv\":[\"py/bin/python\",\"-m\",\"mypy\"],\"env\":[\"LANG=C.UTF-8\",\"TERM=dumb\"],"
	                    "\"inputs\":[{\"kind\":\"file\",\"path\":\"mypy.ini\",\"sha256\":"
	                    "\"e96b3933c1194a7a75b0bfa014b8f663c0739cc06fa33ab40777aae3c132d6a8\"},"
	                    "{\"is\":\"cpython 3.11.7 linux\",\"kind\":\"platform\",\"path\":\"py/bin/python\"},"
	                    "{\"kind\":\"file\",\"path\":\"s/b.py\",\"sha256\":"
	                    "\"0700000000000000000000000000000000000000000000000000000000000000\"},"
	                    "{\"kind\":\"directory\",\"path\":\"ts\"}],\"outputs\":[\"a.data.ff\",\"b.meta.ff\"],"
	                    "\"version\":1}");
	buf_release(&b);
	js_free(doc);
}

static struct digest digest_of(struct sample *s)
{
	struct digest d;
	action_finish(&s->action);
	action_digest(&s->action, &d);
	return d;
}

static void places_kinds_of_storage_order_and_timeout_do_not_matter(void **state)
{
	(void)state;
	struct sample a, b;
	make(&a);
	make(&b);
	b.inputs[0].real = "/elsewhere/b.py";
	b.inputs[0].kind = INPUT_BLOB;
	b.inputs[1].real = "/opt/python";
	b.action.timeout_seconds = 0;
	struct action_input swap = b.inputs[0];
	b.inputs[0] = b.inputs[3];
	b.inputs[3] = swap;
	struct digest da = digest_of(&a), db = digest_of(&b);
	assert_true(digest_eq(&da, &db));
}

static void everything_else_matters(void **state)
{
	(void)state;
	struct sample base;
	make(&base);
	struct digest plain = digest_of(&base);
	for (int change = 0; change < 7; change++) {
		struct sample s;
		make(&s);
		switch (change) {
		case 0: s.argv[2] = "mypy2"; break;
		case 1: s.env[0] = "TERM=xterm"; break;
		case 2: s.outputs[1] = "a.meta.ff"; break;
		case 3: s.inputs[0].digest.bytes[5] = 1; break;
		case 4: s.inputs[1].bytes = (struct span){ "cpython 3.12.0 linux", 20 }; break;
		case 5: s.inputs[2].bytes = (struct span){ "[mypy]", 6 }; break;
		case 6: s.inputs[3].path = "tz"; break;
		}
		struct digest changed = digest_of(&s);
		assert_false(digest_eq(&plain, &changed));
	}
}

/* Does finishing this action end the program with a message that holds `words`? */
static bool is_a_bug(struct sample *s, const char *words)
{
	int pipe_fd[2], status;
	assert_int_equal(pipe(pipe_fd), 0);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		dup2(pipe_fd[1], 2);
		action_finish(&s->action);
		js_free(action_encode(&s->action));
		_exit(0);
	}
	close(pipe_fd[1]);
	char text[512] = "";
	size_t n = 0;
	for (ssize_t got = 1; got > 0 && n < sizeof text - 1; n += (size_t)(got > 0 ? got : 0))
		got = read(pipe_fd[0], text + n, sizeof text - 1 - n);
	close(pipe_fd[0]);
	waitpid(pid, &status, 0);
	return n > 0 && WIFSIGNALED(status) && strstr(text, words);
}

static void paths_that_leave_the_directory_or_clash_are_bugs(void **state)
{
	(void)state;
	static const struct {
		const char *path, *words;
	} rows[] = {
		{ "../x", "leaves its directory" },   { "/x", "leaves its directory" },
		{ "a//b", "leaves its directory" },   { "a/./b", "leaves its directory" },
		{ "a/..", "leaves its directory" },   { "", "leaves its directory" },
		{ "a/", "leaves its directory" },     { "mypy.ini", "two inputs mypy.ini" },
		{ "mypy.ini/x", "lies below the file mypy.ini" }, { "s/\xff", "not UTF-8" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sample s;
		make(&s);
		s.inputs[0].path = rows[i].path;
		assert_true(is_a_bug(&s, rows[i].words));
	}
	struct sample s;
	make(&s);
	s.inputs[0].path = "ts/..b"; /* below a declared directory, and a name that only looks odd */
	action_finish(&s.action);
	s.outputs[0] = "../out";
	assert_true(is_a_bug(&s, "leaves its directory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_document_is_canonical),
		cmocka_unit_test(places_kinds_of_storage_order_and_timeout_do_not_matter),
		cmocka_unit_test(everything_else_matters),
		cmocka_unit_test(paths_that_leave_the_directory_or_clash_are_bugs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
