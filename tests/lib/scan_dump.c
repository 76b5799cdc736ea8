/*
 * The imports of files, or of sources given as they are, for tests/checker/test_scan_oracle.py.
 *
 *   stdin   {"version": [major, minor], "platform": text, "always_true": [name…], "always_false": [name…],
 *            "files": [path…], "sources": [hexadecimal text…]}
 *   stdout  [{"imports": [[kind, line, level, module, [name…], strippable]…], "module_getattr": bool,
 *             "template_strings": bool}…], files first
 *
 * Every result goes through the scan cache's record and back on its way out. With the argument --time it scans the
 * files again and again for about a second, and says on standard error how fast that was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "source/scan.h"

enum { FILE_LIMIT = 64 << 20 };

static const char *const kinds[] = { "import", "from", "star" };

static struct js *js_of_import(const struct import *import)
{
	struct js *ret = js_new_array(), *names = js_new_array();
	for (uint32_t i = 0; i < import->name_count; i++)
		js_append(names, js_new_string(import->names[i]));
	js_append(ret, js_new_string(kinds[import->kind]));
	js_append(ret, js_new_int(import->line));
	js_append(ret, js_new_int(import->level));
	js_append(ret, js_new_string(import->module));
	js_append(ret, names);
	js_append(ret, js_new_bool(import->strippable));
	return ret;
}

static struct js *js_of_result(const struct scan_result *result)
{
	struct js *ret = js_new_object(), *imports = js_new_array();
	for (uint32_t i = 0; i < result->import_count; i++)
		js_append(imports, js_of_import(&result->imports[i]));
	js_set(ret, "imports", imports);
	js_set_bool(ret, "module_getattr", result->module_getattr);
	js_set_bool(ret, "template_strings", result->template_strings);
	return ret;
}

static struct js *answer(struct span source, const struct scan_options *options)
{
	struct arena arena = ARENA_INIT;
	struct buf record = BUF_INIT;
	struct scan_result result, again;
	scan_imports(source, options, &arena, &result);
	scan_result_encode(&result, &record);
	if (!scan_result_decode(buf_span(&record), &arena, &again))
		BUG("a record of %zu bytes does not decode", record.len);
	struct js *ret = js_of_result(&again);
	buf_release(&record);
	arena_release(&arena);
	return ret;
}

static const char *const *names_of(const struct js *list, struct arena *arena)
{
	const char **names = ARENA_ARRAY(arena, const char *, js_len(list) + 1);
	for (size_t i = 0; i < js_len(list); i++)
		names[i] = js_string(js_at(list, i), "");
	return names;
}

static void read_all(FILE *f, struct buf *out)
{
	size_t got;
	while ((got = fread(buf_room(out, 65536), 1, 65536, f)) > 0 && out->len < FILE_LIMIT)
		out->len += got;
}

static void read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		exit(1);
	}
	read_all(f, out);
	fclose(f);
}

static int hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void read_hex(const char *hex, struct buf *out)
{
	for (; hex[0] && hex[1]; hex += 2)
		buf_add_char(out, (char)(hex_digit(hex[0]) << 4 | hex_digit(hex[1])));
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void measure(const struct js *files, const struct scan_options *options)
{
	size_t count = js_len(files), bytes = 0;
	struct buf *sources = xcalloc(count ? count : 1, sizeof *sources);
	for (size_t i = 0; i < count; i++) {
		read_file(js_string(js_at(files, i), ""), &sources[i]);
		bytes += sources[i].len;
	}
	double from = seconds();
	int rounds = 0;
	do {
		for (size_t i = 0; i < count; i++) {
			struct arena arena = ARENA_INIT;
			struct scan_result result;
			scan_imports(buf_span(&sources[i]), options, &arena, &result);
			arena_release(&arena);
		}
		rounds++;
	} while (seconds() - from < 1);
	double megabytes = (double)bytes / 1e6;
	fprintf(stderr, "%zu files, %.1f MB, %.0f MB/s\n", count, megabytes, megabytes * rounds / (seconds() - from));
	for (size_t i = 0; i < count; i++)
		buf_release(&sources[i]);
	free(sources);
}

static void answer_all(const struct js *list, void (*read_one)(const char *, struct buf *),
	const struct scan_options *options, struct js *answers)
{
	for (size_t i = 0; i < js_len(list); i++) {
		struct buf source = BUF_INIT;
		read_one(js_string(js_at(list, i), ""), &source);
		/* exactly as long as the source, so that reading past its end is seen */
		char *exact = xmalloc(source.len ? source.len : 1);
		if (source.len)
			memcpy(exact, source.data, source.len);
		js_append(answers, answer((struct span){ exact, source.len }, options));
		free(exact);
		buf_release(&source);
	}
}

int main(int argc, char **argv)
{
	struct buf in = BUF_INIT, out = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct js *question;
	read_all(stdin, &in);
	if (js_parse(buf_span(&in), "the question on standard input", &question, &err)) {
		fprintf(stderr, "scan_dump: %s\n", err.message);
		err_release(&err);
		return 1;
	}
	const struct js *version = js_get(question, "version");
	struct scan_options options = {
		.python_major = (int)js_int(js_at(version, 0), 3),
		.python_minor = (int)js_int(js_at(version, 1), 11),
		.platform = js_get_string(question, "platform", "linux"),
		.always_true = names_of(js_get(question, "always_true"), &arena),
		.always_false = names_of(js_get(question, "always_false"), &arena),
	};
	struct js *answers = js_new_array();
	if (argc > 1 && !strcmp(argv[1], "--time"))
		measure(js_get(question, "files"), &options);
	answer_all(js_get(question, "files"), read_file, &options, answers);
	answer_all(js_get(question, "sources"), read_hex, &options, answers);
	js_write(answers, 0, &out);
	fwrite(out.data, 1, out.len, stdout);
	js_free(answers);
	js_free(question);
	buf_release(&in);
	buf_release(&out);
	arena_release(&arena);
	return 0;
}
