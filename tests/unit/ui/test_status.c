/* ui/status.h: the status line; a pipe stands for the terminal. */
#include "../../lib/check.h"

#include <fcntl.h>
#include <unistd.h>

#include "ui/status.h"

#define MS INT64_C(1000000)
#define ERASE "\r\33[K"

static const struct status_numbers numbers = { 40, 12, 9, 2, "app.models" };

struct screen {
	int read_fd, write_fd;
};

static int open_screen(void **state)
{
	int fds[2];
	struct screen *s = malloc(sizeof *s);
	if (!s || pipe(fds) || fcntl(fds[0], F_SETFL, O_NONBLOCK))
		return -1;
	*s = (struct screen){ fds[0], fds[1] };
	*state = s;
	return 0;
}

static int close_screen(void **state)
{
	struct screen *s = *state;
	close(s->read_fd);
	close(s->write_fd);
	free(s);
	return 0;
}

static void assert_written(const struct screen *s, const char *expected)
{
	char text[4096];
	ssize_t n = read(s->read_fd, text, sizeof text - 1);
	text[n > 0 ? n : 0] = '\0';
	assert_string_equal(text, expected);
}

static void the_line_says_how_far_the_run_is(void **state)
{
	struct status s;
	status_init(&s, ((struct screen *)*state)->write_fd, true, 80, false);
	status_show(&s, &numbers, 0);
	assert_written(*state, ERASE "[12/40] 2 running, 9 from the store: app.models");
}

static void it_is_redrawn_ten_times_a_second_at_most(void **state)
{
	struct status s;
	status_init(&s, ((struct screen *)*state)->write_fd, true, 80, false);
	int drawn = 0;
	for (int64_t t = 0; t < 1000; t += 5) {
		char text[256];
		status_show(&s, &numbers, t * MS);
		drawn += read(((struct screen *)*state)->read_fd, text, sizeof text) > 0;
	}
	assert_int_equal(drawn, 10);
}

static void it_is_erased_at_the_end_and_only_once(void **state)
{
	struct status s;
	status_init(&s, ((struct screen *)*state)->write_fd, true, 80, false);
	status_erase(&s);
	assert_written(*state, "");
	status_show(&s, &numbers, 0);
	status_erase(&s);
	status_erase(&s);
	assert_written(*state, ERASE "[12/40] 2 running, 9 from the store: app.models" ERASE);
}

static void nothing_is_drawn_where_there_is_no_terminal(void **state)
{
	struct status s;
	status_init(&s, ((struct screen *)*state)->write_fd, false, 80, false);
	status_show(&s, &numbers, 0);
	status_print(&s, "quiet");
	status_erase(&s);
	assert_written(*state, "");
}

static void with_verbose_lines_stay(void **state)
{
	struct status s;
	status_init(&s, ((struct screen *)*state)->write_fd, true, 20, true);
	status_print(&s, "app.models: source changed");
	status_show(&s, &numbers, 0);
	status_print(&s, "app.views: was never checked");
	assert_written(*state, "app.models: source changed\n" ERASE "[12/40] 2 runnin..." ERASE
	                       "app.views: was never checked\n");
}

static void the_line_is_never_wider_than_the_terminal(void **state)
{
	(void)state;
	struct status_numbers wide = { 1, 0, 0, 1, "日本語.größe" };
	static const struct {
		int columns;
		const char *expected;
	} cases[] = {
		{ 80, "[0/1] 1 running, 0 from the store: 日本語.größe" },
		{ 49, "[0/1] 1 running, 0 from the store: 日本語.größe" }, /* each of ö, ß counts for two, to be safe */
		{ 48, "[0/1] 1 running, 0 from the store: 日本語.gr..." },
		{ 42, "[0/1] 1 running, 0 from the store: 日本..." },
		{ 41, "[0/1] 1 running, 0 from the store: 日..." },
		{ 2, ".." },
		{ 0, "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf out = BUF_INIT;
		status_format(&wide, cases[i].columns, &out);
		assert_string_equal(out.data ? out.data : "", cases[i].expected);
		buf_release(&out);
	}
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
	(void)state;
	struct status_numbers odd = { 1, 0, 0, 1, "a\33[2J\xff\xc2\x9b" "b" };
	struct buf out = BUF_INIT;
	status_format(&odd, 80, &out);
	assert_string_equal(out.data, "[0/1] 1 running, 0 from the store: a?[2J??b");
	buf_release(&out);
}

static void a_descriptor_that_is_gone_is_no_failure(void **state)
{
	(void)state;
	struct status s;
	status_init(&s, -1, true, 80, true);
	status_show(&s, &numbers, 0);
	status_print(&s, "x");
	status_erase(&s);
}

#define ON_SCREEN(test) cmocka_unit_test_setup_teardown(test, open_screen, close_screen)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SCREEN(the_line_says_how_far_the_run_is),
		ON_SCREEN(it_is_redrawn_ten_times_a_second_at_most),
		ON_SCREEN(it_is_erased_at_the_end_and_only_once),
		ON_SCREEN(nothing_is_drawn_where_there_is_no_terminal),
		ON_SCREEN(with_verbose_lines_stay),
		cmocka_unit_test(the_line_is_never_wider_than_the_terminal),
		cmocka_unit_test(control_characters_do_not_reach_the_terminal),
		cmocka_unit_test(a_descriptor_that_is_gone_is_no_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
