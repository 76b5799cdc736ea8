/*
 * Renders diagnostics given as JSON, so that tests/checker/test_text_oracle.py can hold src/ui against mypy itself.
 *
 *   stdin   [case*]
 *   case    {"options": {"pretty": bool, "show_column_numbers": …, "show_error_end": …, "hide_error_codes": …,
 *                        "show_absolute_path": …, "output_json": …, "term": text or null, "width": int, "cwd": text},
 *            "modules": [{"path": text, "source": hexadecimal text or null,
 *                         "diags": [[path or null, line, column, end_line, end_column, severity, message, code]…]}…],
 *            "messages": [text…], "sources": int, "blockers": bool,
 *            "loading": [int…]}      if there: drop repetitions of once-only messages; these are the modules in the
 *                                    order of loading, and "modules" is the order of checking
 *   stdout  [{"formatted": [text…], "output": text, "summary": text, "status": int}…]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "ui/once.h"
#include "ui/text.h"

static const char *string_or_null(const struct js *j)
{
	return js_is_string(j) ? js_string(j, NULL) : NULL;
}

static struct text_options options_of(const struct js *o)
{
	/* As with MYPY_FORCE_COLOR=1 on a terminal of type `term`; null is --no-color-output. */
	const char *term = string_or_null(js_get(o, "term"));
	struct color_env env = { .mypy_force_color = "1", .term = term };
	return (struct text_options){
		.pretty = js_get_bool(o, "pretty", false),
		.show_column_numbers = js_get_bool(o, "show_column_numbers", false),
		.show_error_end = js_get_bool(o, "show_error_end", false),
		.hide_error_codes = js_get_bool(o, "hide_error_codes", false),
		.show_absolute_path = js_get_bool(o, "show_absolute_path", false),
		.output_json = js_get_bool(o, "output_json", false),
		.palette = color_palette(term != NULL, &env),
		.width = (int)js_get_int(o, "width", 80),
		.cwd = js_get_string(o, "cwd", "/"),
	};
}

static struct diag_list diags_of(const struct js *list, struct arena *arena)
{
	struct diag_list ret = { ARENA_ARRAY(arena, struct diag, js_len(list) + 1), (uint32_t)js_len(list) };
	for (uint32_t i = 0; i < ret.count; i++) {
		const struct js *d = js_at(list, i);
		ret.items[i] = (struct diag){
			.path = string_or_null(js_at(d, 0)),
			.line = (int32_t)js_int(js_at(d, 1), -1),
			.column = (int32_t)js_int(js_at(d, 2), -1),
			.end_line = (int32_t)js_int(js_at(d, 3), -1),
			.end_column = (int32_t)js_int(js_at(d, 4), -1),
			.is_note = strcmp(js_string(js_at(d, 5), "error"), "note") == 0,
			.message = js_string(js_at(d, 6), ""),
			.code = string_or_null(js_at(d, 7)),
		};
	}
	return ret;
}

static int hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static bool read_hex(void *ctx, const char *path, struct span *ret)
{
	struct buf *bytes = ctx;
	(void)path;
	*ret = buf_span(bytes);
	return bytes->data != NULL;
}

static void render_module(const struct text_options *options, const struct js *module, const struct diag_list *diags,
	struct text_tally *tally, struct js *formatted, struct buf *out)
{
	struct buf bytes = BUF_INIT, path = BUF_INIT;
	struct message_list list = MESSAGE_LIST_INIT;
	const char *hex = string_or_null(js_get(module, "source"));
	for (; hex && hex[0] && hex[1]; hex += 2)
		buf_add_char(&bytes, (char)(hex_digit(hex[0]) << 4 | hex_digit(hex[1])));
	text_display_path(options, js_get_string(module, "path", ""), &path);
	struct text_module m = { path.data, diags, { read_hex, &bytes } };

	text_format(options, &m, &list);
	for (uint32_t i = 0; i < list.count; i++)
		js_append(formatted, js_new_string_n(message_list_at(&list, i)));
	text_render_module(options, &m, tally, out);
	message_list_release(&list);
	buf_release(&path);
	buf_release(&bytes);
}

static void drop_repetitions(const struct js *loading, struct diag_list *diags, size_t count)
{
	struct once_only once = ONCE_ONLY_INIT;
	for (size_t i = 0; i < js_len(loading); i++)
		once_only_filter(&once, ONCE_LOADING, &diags[(size_t)js_int(js_at(loading, i), 0) % count]);
	for (size_t i = 0; i < count; i++)
		once_only_filter(&once, ONCE_CHECKING, &diags[i]);
	once_only_release(&once);
}

static void render_modules(const struct text_options *options, const struct js *c, struct text_tally *tally,
	struct js *formatted, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	const struct js *modules = js_get(c, "modules");
	size_t count = js_len(modules);
	struct diag_list *diags = ARENA_ARRAY(&arena, struct diag_list, count + 1);
	for (size_t i = 0; i < count; i++)
		diags[i] = diags_of(js_get(js_at(modules, i), "diags"), &arena);
	if (js_is_array(js_get(c, "loading")))
		drop_repetitions(js_get(c, "loading"), diags, count);
	for (size_t i = 0; i < count; i++)
		render_module(options, js_at(modules, i), &diags[i], tally, formatted, out);
	arena_release(&arena);
}

static struct js *render_case(const struct js *c)
{
	struct text_options options = options_of(js_get(c, "options"));
	struct text_tally tally = TEXT_TALLY_INIT;
	struct buf out = BUF_INIT, summary = BUF_INIT;
	struct js *ret = js_new_object(), *formatted = js_new_array();

	render_modules(&options, c, &tally, formatted, &out);
	struct message_list raw = MESSAGE_LIST_INIT;
	const struct js *messages = js_get(c, "messages");
	for (size_t i = 0; i < js_len(messages); i++)
		message_list_add(&raw, span_of(js_string(js_at(messages, i), "")));
	text_render_messages(&options, &raw, &tally, &out);

	bool blockers = js_get_bool(c, "blockers", false);
	text_render_summary(&options, &tally, (uint32_t)js_get_int(c, "sources", 1), blockers, &summary);
	js_set(ret, "formatted", formatted);
	js_set(ret, "output", js_new_string_n(buf_span(&out)));
	js_set(ret, "summary", js_new_string_n(buf_span(&summary)));
	js_set_int(ret, "status", text_exit_status(&tally, blockers));
	message_list_release(&raw);
	buf_release(&out);
	buf_release(&summary);
	text_tally_release(&tally);
	return ret;
}

int main(void)
{
	struct buf in = BUF_INIT, out = BUF_INIT;
	ssize_t got;
	while ((got = read(STDIN_FILENO, buf_room(&in, 65536), 65536)) > 0)
		in.len += (size_t)got;
	struct err err = ERR_INIT;
	struct js *cases;
	if (js_parse(buf_span(&in), "the cases on standard input", &cases, &err)) {
		fprintf(stderr, "text_dump: %s\n", err.message);
		err_release(&err);
		return 1;
	}
	struct js *results = js_new_array();
	for (size_t i = 0; i < js_len(cases); i++)
		js_append(results, render_case(js_at(cases, i)));
	js_write(results, 0, &out);
	fwrite(out.data, 1, out.len, stdout);
	js_free(results);
	js_free(cases);
	buf_release(&in);
	buf_release(&out);
	return 0;
}
