/* Known issues; see ui/baseline.h. */
#include "ui/baseline.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "ui/utf8.h"

#define NAME "# sepal baseline "
#define HEADER NAME "1\n"
#define END "# end\n"
enum { FIELDS = 4 };

struct baseline {
	struct arena arena;
	struct map known; /* identity -> its index, in the order of the file */
	uint32_t *counts; /* how often each is there */
};

bool baseline_is(struct span text)
{
	return span_starts(text, NAME);
}

void baseline_free(struct baseline *b)
{
	if (!b)
		return;
	map_release(&b->known);
	arena_release(&b->arena);
	free(b);
}

/* ---- fields ---- */

static const struct {
	char c, letter;
} ESCAPES[] = { { '\\', '\\' }, { '\t', 't' }, { '\n', 'n' }, { '\r', 'r' } };

enum { ESCAPE_COUNT = sizeof ESCAPES / sizeof *ESCAPES };

static char letter_of(uint32_t c)
{
	for (size_t i = 0; i < ESCAPE_COUNT; i++)
		if (c == (unsigned char)ESCAPES[i].c)
			return ESCAPES[i].letter;
	return 0;
}

static void add_escaped(struct span s, struct buf *out)
{
	bool first = true;
	while (s.len) {
		size_t len;
		uint32_t c = utf8_decode(s, &len);
		if (letter_of(c))
			buf_addf(out, "\\%c", letter_of(c));
		else if (c < 0x20 || c == 0x7F || (c >= 0xDC80 && c <= 0xDCFF) || (first && c == '#'))
			buf_addf(out, "\\x%02x", (unsigned char)s.data[0]);
		else
			buf_add(out, s.data, len);
		first = false;
		s = span_tail(s, len);
	}
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One character behind a backslash, or three; 0 if it is no escape. No escape stands for NUL. */
static size_t unescape(struct span s, char *ret)
{
	for (size_t i = 0; s.len && i < ESCAPE_COUNT; i++)
		if (s.data[0] == ESCAPES[i].letter) {
			*ret = ESCAPES[i].c;
			return 1;
		}
	if (s.len < 3 || s.data[0] != 'x' || hex_value(s.data[1]) < 0 || hex_value(s.data[2]) < 0)
		return 0;
	*ret = (char)(hex_value(s.data[1]) * 16 + hex_value(s.data[2]));
	return *ret ? 3 : 0;
}

static bool add_unescaped(struct span s, struct buf *out)
{
	while (s.len) {
		char c = s.data[0];
		s = span_tail(s, 1);
		if (c == 0)
			return false;
		if (c == '\\') {
			size_t len = unescape(s, &c);
			if (!len)
				return false;
			s = span_tail(s, len);
		}
		buf_add_char(out, c);
	}
	return true;
}

/* ---- lines: fields of an identity with TABs in place of NULs ---- */

static bool is_severity(struct span s)
{
	return span_eq_str(s, "error") || span_eq_str(s, "note");
}

static bool take_line(struct span line, struct buf *identity)
{
	for (int field = 0; field < FIELDS; field++) {
		const char *tab = memchr(line.data, '\t', line.len);
		struct span s = { line.data, tab ? (size_t)(tab - line.data) : line.len };
		if ((tab != NULL) != (field < FIELDS - 1) || (field == 1 && !is_severity(s)) || !add_unescaped(s, identity))
			return false;
		if (tab) {
			buf_add_char(identity, 0);
			line = span_tail(line, s.len + 1);
		}
	}
	return true;
}

static void add_line(struct span identity, struct buf *out)
{
	while (true) {
		const char *nul = memchr(identity.data, 0, identity.len);
		struct span s = { identity.data, nul ? (size_t)(nul - identity.data) : identity.len };
		add_escaped(s, out);
		if (!nul)
			break;
		buf_add_char(out, '\t');
		identity = span_tail(identity, s.len + 1);
	}
	buf_add_char(out, '\n');
}

/* ---- reading ---- */

static int refuse_line(struct span line, const char *file, unsigned number, struct err *err)
{
	if (span_starts(line, "<<<<<<<") || span_starts(line, "=======") || span_starts(line, ">>>>>>>"))
		return err_set(err, ERR_USAGE, "the baseline %s has a merge conflict in line %u; resolve it, or write it again",
		               file, number);
	return err_set(err, ERR_USAGE,
	               "line %u of the baseline %s is not what `sepal baseline write` writes; write it again", number,
	               file);
}

static int parse_lines(struct baseline *b, struct span rest, const char *file, struct err *err)
{
	struct buf identity = BUF_INIT;
	int failed = 0;
	for (unsigned number = 2; rest.len && !failed; number++) {
		struct span line = { rest.data, (size_t)((const char *)memchr(rest.data, '\n', rest.len) - rest.data) };
		rest = span_tail(rest, line.len + 1);
		buf_reset(&identity);
		if (take_line(line, &identity))
			b->counts[*map_put(&b->known, arena_span(&b->arena, buf_span(&identity)), b->known.count, NULL)]++;
		else
			failed = refuse_line(line, file, number, err);
	}
	buf_release(&identity);
	return failed;
}

static int count_digits(struct span s)
{
	int n = 0;
	while ((size_t)n < s.len && n < 20 && s.data[n] >= '0' && s.data[n] <= '9')
		n++;
	return n;
}

static uint32_t count_lines(struct span s)
{
	uint32_t n = 0;
	for (size_t i = 0; i < s.len; i++)
		n += s.data[i] == '\n';
	return n;
}

int baseline_parse(struct span text, const char *file, struct baseline **ret, struct err *err)
{
	size_t header = strlen(HEADER), end = strlen(END);
	if (!baseline_is(text))
		return err_set(err, ERR_USAGE, "%s is not a baseline; `sepal baseline write` makes one", file);
	if (!span_starts(text, HEADER)) {
		struct span version = span_tail(text, strlen(NAME));
		return err_set(err, ERR_USAGE,
		               "the baseline %s is of version %.*s, and this sepal reads version 1; write it again", file,
		               count_digits(version), version.data);
	}
	struct span last = span_tail(text, text.len < end ? 0 : text.len - end);
	if (text.len < header + end || !span_eq_str(last, END) || last.data[-1] != '\n')
		return err_set(err, ERR_USAGE, "the baseline %s is cut off: its last line is missing; write it again", file);
	struct baseline *b = xcalloc(1, sizeof *b);
	b->counts = ARENA_ARRAY(&b->arena, uint32_t, count_lines(text) + 1);
	if (parse_lines(b, (struct span){ text.data + header, text.len - header - end }, file, err)) {
		baseline_free(b);
		return -1;
	}
	*ret = b;
	return 0;
}

/* ---- use ---- */

/* Which issues are known: as many of each identity as the baseline has, the first ones. *left gets what the baseline
 * has beyond them. */
static void match(const struct baseline *b, const struct document *doc, bool *known, uint32_t *left)
{
	struct buf identity = BUF_INIT;
	for (uint32_t i = 0; i < b->known.count; i++)
		left[i] = b->counts[i];
	for (uint32_t i = 0; i < doc->count; i++) {
		buf_reset(&identity);
		issue_identity(&doc->issues[i], &identity);
		const uint32_t *at = map_get(&b->known, buf_span(&identity));
		known[i] = at && left[*at];
		if (known[i])
			left[*at]--;
	}
	buf_release(&identity);
}

void baseline_apply(const struct baseline *b, struct document *doc, struct arena *arena)
{
	bool *known = ARENA_ARRAY(arena, bool, doc->count + 1);
	uint32_t *left = ARENA_ARRAY(arena, uint32_t, b->known.count + 1);
	match(b, doc, known, left);
	document_drop(doc, known, arena);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void baseline_write(const struct document *doc, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct buf identity = BUF_INIT, line = BUF_INIT;
	const char **lines = ARENA_ARRAY(&arena, const char *, doc->count + 1);
	for (uint32_t i = 0; i < doc->count; i++) {
		buf_reset(&identity);
		buf_reset(&line);
		issue_identity(&doc->issues[i], &identity);
		add_line(buf_span(&identity), &line);
		lines[i] = arena_strdup(&arena, line.data);
	}
	qsort(lines, doc->count, sizeof *lines, by_bytes);
	buf_add_str(out, HEADER);
	for (uint32_t i = 0; i < doc->count; i++)
		buf_add_str(out, lines[i]);
	buf_add_str(out, END);
	buf_release(&identity);
	buf_release(&line);
	arena_release(&arena);
}

/* A known issue as text has it. */
static void add_gone(struct span identity, struct buf *out)
{
	const char *path = identity.data, *severity = path + strlen(path) + 1, *code = severity + strlen(severity) + 1;
	const char *message = code + strlen(code) + 1;
	size_t len = identity.len - (size_t)(message - path);
	buf_addf(out, "- %s%s%s: %.*s", path, *path ? ": " : "", severity, (int)len, message);
	buf_addf(out, "%s%s%s\n", *code ? "  [" : "", code, *code ? "]" : "");
}

struct baseline_difference baseline_compare(const struct baseline *b, const struct document *doc, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct baseline_difference difference = { 0, 0 };
	bool *known = ARENA_ARRAY(&arena, bool, doc->count + 1);
	uint32_t *left = ARENA_ARRAY(&arena, uint32_t, b->known.count + 1);
	match(b, doc, known, left);
	for (uint32_t i = 0; i < b->known.count; i++)
		for (uint32_t n = 0; n < left[i]; n++, difference.gone++)
			add_gone(b->known.entries[i].key, out);
	for (uint32_t i = 0; i < doc->count; i++) {
		struct issue issue = doc->issues[i];
		if (known[i])
			continue;
		issue.note_count = 0;
		buf_add_str(out, "+ ");
		issue_add_lines(&issue, out);
		difference.fresh++;
	}
	arena_release(&arena);
	return difference;
}
