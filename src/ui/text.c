/* mypy's text output; see ui/text.h. What a terminal's width and colours do to it is in ui/fit.c and ui/color.c. */
#include "ui/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "ui/fit.h"
#include "ui/source_lines.h"
#include "ui/text_json.h"
#include "ui/utf8.h"

/* Notes with a code repeat the code of the error they explain, except for these, which usually stand alone
 * (errors.py SHOW_NOTE_CODES). */
static const char *const show_note_codes[] = { "annotation-unchecked", "deprecated" };

/* os.path.normpath; `file` is absolute after os.path.abspath has put `cwd` in front. */
static void add_normalised(const char *file, struct buf *out)
{
	size_t start = out->len;
	bool absolute = file[0] == '/';
	if (absolute) /* POSIX lets exactly two leading slashes mean something else, so normpath keeps them */
		buf_add_str(out, file[1] == '/' && file[2] != '/' ? "//" : "/");
	size_t root = out->len;
	while (*file) {
		size_t len = strcspn(file, "/");
		struct span part = { file, len };
		file += len + (file[len] == '/');
		if (len == 0 || span_eq_str(part, "."))
			continue;
		struct span done = { out->data ? out->data + root : "", out->len - root };
		ptrdiff_t slash = span_find_last(done, '/');
		struct span last = span_tail(done, (size_t)(slash + 1));
		if (span_eq_str(part, "..") && absolute && done.len == 0)
			continue;
		if (span_eq_str(part, "..") && done.len && !span_eq_str(last, "..")) {
			buf_truncate(out, root + (size_t)(slash < 0 ? 0 : slash));
			continue;
		}
		if (done.len)
			buf_add_char(out, '/');
		buf_add_span(out, part);
	}
	if (out->len == start)
		buf_add_char(out, '.');
}

void text_display_path(const struct text_options *options, const char *file, struct buf *out)
{
	if (options->show_absolute_path && file[0] != '/') {
		struct buf joined = BUF_INIT;
		buf_addf(&joined, "%s/%s", options->cwd, file);
		add_normalised(joined.data, out);
		buf_release(&joined);
		return;
	}
	struct buf path = BUF_INIT, prefix = BUF_INIT;
	add_normalised(file, &path);
	add_normalised(options->cwd, &prefix);
	if (prefix.data[prefix.len - 1] != '/')
		buf_add_char(&prefix, '/');
	bool below = !options->show_absolute_path && span_starts(buf_span(&path), prefix.data);
	buf_add_str(out, path.data + (below ? prefix.len : 0));
	buf_release(&path);
	buf_release(&prefix);
}

static bool shows_code(const struct text_options *options, const struct diag *d)
{
	if (options->hide_error_codes || !d->code || !*d->code)
		return false;
	for (size_t i = 0; d->is_note && i < sizeof show_note_codes / sizeof *show_note_codes; i++) {
		if (strcmp(d->code, show_note_codes[i]) == 0)
			return true;
	}
	return !d->is_note;
}

static void add_message(const struct text_options *options, const struct diag *d, const char *path, struct buf *out)
{
	if (path) {
		bool columns = options->show_column_numbers && d->line >= 0 && d->column >= 0;
		buf_add_str(out, path);
		if (d->line >= 0)
			buf_addf(out, ":%d", (int)d->line);
		if (columns)
			buf_addf(out, ":%lld", 1 + (long long)d->column);
		if (columns && options->show_error_end && d->end_line >= 0 && d->end_column >= 0)
			buf_addf(out, ":%d:%d", (int)d->end_line, (int)d->end_column);
		buf_addf(out, ": %s: ", d->is_note ? "note" : "error");
	}
	buf_add_str(out, d->message);
	if (shows_code(options, d))
		buf_addf(out, "  [%s]", d->code);
}

/* len(line[:end].expandtabs()), where a negative `end` counts from the line's end as in Python. */
static ptrdiff_t expanded_column(struct span line, ptrdiff_t end)
{
	if (end < 0)
		end += (ptrdiff_t)utf8_len(line);
	return end < 0 ? 0 : (ptrdiff_t)utf8_expand_tabs(utf8_head(line, (size_t)end), NULL);
}

/* The source line and the marker under it. */
static void add_snippet(const struct diag *d, struct span line, struct message_list *out)
{
	ptrdiff_t first = (ptrdiff_t)utf8_leading_space(line);
	ptrdiff_t column = expanded_column(line, d->column < first ? first : d->column);
	ptrdiff_t end_column = expanded_column(line, d->end_column);

	buf_add_str(&out->bytes, FIT_CODE_START);
	ptrdiff_t len = (ptrdiff_t)utf8_expand_tabs(line, &out->bytes);
	message_list_end(out);

	for (ptrdiff_t i = 0; i < FIT_SOURCE_OFFSET + column; i++)
		buf_add_char(&out->bytes, ' ');
	buf_add_char(&out->bytes, '^');
	/* When the error ends on another line, the rest of its first line is marked. */
	for (ptrdiff_t i = column + 1; i < (d->end_line == d->line ? end_column : len); i++)
		buf_add_char(&out->bytes, '~');
	message_list_end(out);
}

/* The lines of the file that was asked for last. */
struct source_cache {
	struct text_source source;
	const char *path;
	struct source_lines lines;
};

static const struct span *find_line(struct source_cache *cache, const char *path, int32_t line)
{
	if (!cache->source.read || line <= 0)
		return NULL;
	if (!cache->path || strcmp(cache->path, path) != 0) {
		struct span bytes = { "", 0 };
		cache->path = path;
		cache->source.read(cache->source.ctx, path, &bytes);
		source_lines_set(&cache->lines, bytes);
	}
	return (uint32_t)line <= cache->lines.count ? &cache->lines.items[line - 1] : NULL;
}

static void format_default(const struct text_options *options, const struct text_module *module,
	const char *const *paths, struct message_list *out)
{
	struct source_cache cache = { module->source, NULL, SOURCE_LINES_INIT };
	for (uint32_t i = 0; i < module->diags->count; i++) {
		const struct diag *d = &module->diags->items[i];
		add_message(options, d, paths[i], &out->bytes);
		message_list_end(out);
		if (!options->pretty || d->is_note)
			continue;
		const struct span *line = find_line(&cache, paths[i] ? paths[i] : module->path, d->line);
		if (line)
			add_snippet(d, *line, out);
	}
	source_lines_release(&cache.lines);
}

void text_format(const struct text_options *options, const struct text_module *module, struct message_list *out)
{
	struct arena arena = ARENA_INIT;
	uint32_t n = module->diags->count;
	const char **paths = ARENA_ARRAY(&arena, const char *, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		const char *path = module->diags->items[i].path;
		if (!path) {
			paths[i] = module->path;
		} else if (*path) {
			struct buf shown = BUF_INIT;
			text_display_path(options, path, &shown);
			paths[i] = arena_strndup(&arena, shown.data, shown.len);
			buf_release(&shown);
		}
	}
	if (options->output_json)
		text_json_format(module->diags, paths, out);
	else
		format_default(options, module, paths, out);
	arena_release(&arena);
}

/* util.count_stats for one message. */
static void tally_add(struct text_tally *tally, struct span message)
{
	tally->messages++;
	if (span_find(message, ": note:") >= 0)
		tally->notes++;
	if (span_find(message, ": error:") < 0)
		return;
	tally->errors++;
	struct span file = span_head(message, (size_t)span_find(message, ":"));
	if (!map_get(&tally->error_files, file))
		map_put(&tally->error_files, arena_span(&tally->names, file), 0, NULL);
}

void text_tally_release(struct text_tally *tally)
{
	map_release(&tally->error_files);
	arena_release(&tally->names);
	*tally = (struct text_tally)TEXT_TALLY_INIT;
}

void text_render_messages(const struct text_options *options, const struct message_list *list,
	struct text_tally *tally, struct buf *out)
{
	struct message_list fitted = MESSAGE_LIST_INIT;
	if (options->pretty) {
		fit_in_terminal(list, options->width, &fitted);
		list = &fitted;
	}
	for (uint32_t i = 0; i < list->count; i++) {
		struct span message = message_list_at(list, i);
		tally_add(tally, message);
		color_message(options->palette, options->hide_error_codes, message, out);
		buf_add_char(out, '\n');
	}
	message_list_release(&fitted);
}

void text_render_module(const struct text_options *options, const struct text_module *module,
	struct text_tally *tally, struct buf *out)
{
	struct message_list list = MESSAGE_LIST_INIT;
	text_format(options, module, &list);
	text_render_messages(options, &list, tally, out);
	message_list_release(&list);
}

static const char *plural(uint32_t n)
{
	return n == 1 ? "" : "s";
}

void text_render_summary(const struct text_options *options, const struct text_tally *tally, uint32_t sources,
	bool blockers, struct buf *out)
{
	const struct palette *p = options->palette;
	bool clean = tally->messages == tally->notes;
	if (options->no_error_summary || (tally->errors == 0 && !clean))
		return;
	struct buf line = BUF_INIT;
	if (tally->errors) {
		uint32_t files = tally->error_files.count;
		buf_addf(&line, "Found %u error%s in %u file%s", tally->errors, plural(tally->errors), files,
		         plural(files));
		if (blockers)
			buf_add_str(&line, " (errors prevented further checking)");
		else
			buf_addf(&line, " (checked %u source file%s)", sources, plural(sources));
		color_bold(p, p ? p->red : "", buf_span(&line), out);
	} else if (!options->output_json) { /* with -O mypy hides the success text, but not its line end */
		buf_addf(&line, "Success: no issues found in %u source file%s", sources, plural(sources));
		color_bold(p, p ? p->green : "", buf_span(&line), out);
	}
	buf_add_char(out, '\n');
	buf_release(&line);
}

int text_exit_status(const struct text_tally *tally, bool blockers)
{
	if (tally->messages == 0 || tally->notes >= tally->messages)
		return 0;
	return blockers ? 2 : 1;
}
