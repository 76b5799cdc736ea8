/* From findings to a flat list of issues; see ui/document.h. */
#include "ui/document.h"

#include <string.h>

#include "base/hash.h"
#include "sys/path.h"
#include "ui/parents.h"
#include "ui/utf8.h"

struct maker {
	const struct findings *findings;
	const struct document_place *place;
	struct arena *arena;
	struct document *doc;
	struct map identities; /* identity -> how many there were */
	uint32_t *issue_of, diag_count;
};

static void place_issue(struct maker *m, struct issue *issue, const char *path)
{
	const char *absolute = path_absolute(m->arena, m->place->text->cwd, path);
	const char *root = m->place->root;
	issue->path = path;
	issue->root_path = path_is_below(absolute, root) ? path_relative_to(m->arena, absolute, root) : absolute;
}

static void add_fingerprint(struct maker *m, struct issue *issue)
{
	struct buf identity = BUF_INIT;
	struct digest digest;
	char hex[DIGEST_HEX_SIZE + 1];
	issue_identity(issue, &identity);
	uint32_t *before = map_put(&m->identities, arena_span(m->arena, buf_span(&identity)), 0, NULL);
	struct hasher *h = hasher_new();
	hasher_field(h, "issue", buf_span(&identity));
	hasher_field_u64(h, "before", (*before)++);
	hasher_finish(h, &digest);
	digest_hex(&digest, hex);
	memcpy(issue->fingerprint, hex, FINGERPRINT_SIZE);
	buf_release(&identity);
}

static struct issue *new_issue(struct maker *m)
{
	m->issue_of[m->diag_count++] = m->doc->count;
	return &m->doc->issues[m->doc->count++];
}

/* There is room for the next power of two. */
static void add_note(struct maker *m, struct issue *error, const char *note)
{
	uint32_t n = error->note_count;
	if ((n & (n - 1)) == 0) {
		const char **room = ARENA_ARRAY(m->arena, const char *, n ? 2 * n : 1);
		for (uint32_t i = 0; i < n; i++)
			room[i] = error->notes[i];
		error->notes = room;
	}
	error->notes[error->note_count++] = note;
	m->issue_of[m->diag_count++] = (uint32_t)(error - m->doc->issues);
}

/* ---- lines that are said whole ---- */

/* `FILE: error: MESSAGE`; in front of what concerns no file stands the checker's name. The place is as mypy's JSON has
 * it. */
static struct issue read_line(struct maker *m, const char *line)
{
	static const struct {
		const char *text;
		bool is_note;
	} marks[] = { { ": error: ", false }, { ": note: ", true } };
	struct issue issue = { .line = -1, .column = -1, .end_line = -1, .whole = true, .message = line };
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		ptrdiff_t at = span_find(span_of(line), marks[i].text);
		if (at < 0)
			continue;
		const char *front = arena_strndup(m->arena, line, (size_t)at);
		issue.is_note = marks[i].is_note;
		issue.message = line + at + strlen(marks[i].text);
		if (strcmp(front, m->findings->checker) != 0)
			place_issue(m, &issue, front);
		break;
	}
	return issue;
}

static void add_line(struct maker *m, const char *line)
{
	struct issue *issue = new_issue(m);
	*issue = read_line(m, line);
	add_fingerprint(m, issue);
}

static bool same_path(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Notes are of the error before them, in the same file. */
static void add_lines(struct maker *m, const struct diag_list *lines)
{
	struct issue *error = NULL;
	for (uint32_t i = 0; i < lines->count; i++) {
		struct issue issue = read_line(m, lines->items[i].message);
		if (issue.is_note && error && same_path(error->path, issue.path)) {
			add_note(m, error, issue.message);
			continue;
		}
		add_line(m, lines->items[i].message);
		error = issue.is_note ? error : &m->doc->issues[m->doc->count - 1];
	}
}

/* ---- diagnostics of modules ---- */

static const char **show_paths(struct maker *m, const struct finding_module *module)
{
	const char **paths = ARENA_ARRAY(m->arena, const char *, module->diags.count + 1);
	for (uint32_t i = 0; i < module->diags.count; i++) {
		const char *own = module->diags.items[i].path;
		struct buf shown = BUF_INIT;
		if (!own)
			paths[i] = module->path;
		if (!own || !*own)
			continue;
		text_display_path(m->place->text, own, &shown);
		paths[i] = arena_strndup(m->arena, shown.data, shown.len);
		buf_release(&shown);
	}
	return paths;
}

static void add_module(struct maker *m, const struct finding_module *module)
{
	const char **paths = show_paths(m, module);
	const uint32_t *parents = parents_find(&module->diags, paths, m->arena);
	struct issue **made = ARENA_ARRAY(m->arena, struct issue *, module->diags.count + 1);
	for (uint32_t i = 0; i < module->diags.count; i++) {
		const struct diag *d = &module->diags.items[i];
		if (!paths[i]) {
			add_line(m, d->message);
			continue;
		}
		if (parents[i] != NO_PARENT) {
			add_note(m, made[parents[i]], d->message);
			continue;
		}
		made[i] = new_issue(m);
		*made[i] = (struct issue){ .line = d->line, .column = d->column, .end_line = d->end_line,
			                   .end_column = d->end_column, .is_note = d->is_note, .message = d->message,
			                   .code = d->code && *d->code ? d->code : NULL };
		place_issue(m, made[i], paths[i]);
		add_fingerprint(m, made[i]);
	}
}

static void count(struct document *doc)
{
	struct map files = MAP_INIT;
	doc->errors = doc->notes = 0;
	for (uint32_t i = 0; i < doc->count; i++) {
		const struct issue *issue = &doc->issues[i];
		doc->notes += issue->is_note;
		doc->errors += !issue->is_note;
		if (!issue->is_note && issue->path)
			map_put_str(&files, issue->path, 0, NULL);
	}
	doc->files = files.count;
	map_release(&files);
}

void document_make(const struct findings *f, const struct document_place *place, struct arena *arena,
                   struct document *ret)
{
	struct maker m = { .findings = f, .place = place, .arena = arena, .doc = ret };
	uint32_t all = 0;
	for (uint32_t i = 0; i < f->count; i++)
		all += f->modules[i].diags.count;
	m.issue_of = ARENA_ARRAY(arena, uint32_t, all + 1);
	*ret = (struct document){ .findings = f, .place = place,
		                  .issues = ARENA_ARRAY(arena, struct issue, all + 1), .issue_of = m.issue_of };
	for (uint32_t i = 0; i < f->count; i++) {
		const struct finding_module *module = &f->modules[i];
		if (module->raw)
			add_lines(&m, &module->diags);
		else
			add_module(&m, module);
	}
	map_release(&m.identities);
	count(ret);
}

void document_drop(struct document *doc, const bool *drop, struct arena *arena)
{
	const struct findings *all = doc->findings;
	struct findings *f = ARENA_NEW(arena, struct findings);
	const uint32_t *issue_of = doc->issue_of;
	uint32_t kept = 0;
	*f = *all;
	f->modules = ARENA_ARRAY(arena, struct finding_module, all->count + 1);
	for (uint32_t i = 0; i < doc->count; i++)
		if (!drop[i])
			doc->issues[kept++] = doc->issues[i];
	for (uint32_t i = 0; i < all->count; i++) {
		const struct diag_list *from = &all->modules[i].diags;
		struct diag_list *to = &f->modules[i].diags;
		f->modules[i] = all->modules[i];
		*to = (struct diag_list){ ARENA_ARRAY(arena, struct diag, from->count + 1), 0 };
		for (uint32_t k = 0; k < from->count; k++, issue_of++)
			if (!drop[*issue_of])
				to->items[to->count++] = from->items[k];
	}
	doc->known += doc->count - kept;
	doc->count = kept;
	doc->findings = f;
	doc->issue_of = NULL;
	count(doc);
}

/* ---- identity ---- */

/* The message, with N for the digits that follow " on line ". */
static void add_without_lines(const char *message, struct buf *out)
{
	static const char mark[] = " on line ";
	for (const char *at = strstr(message, mark); at; at = strstr(message, mark)) {
		at += sizeof mark - 1;
		size_t digits = strspn(at, "0123456789");
		buf_add(out, message, (size_t)(at - message));
		if (digits)
			buf_add_char(out, 'N');
		message = at + digits;
	}
	buf_add_str(out, message);
}

void issue_identity(const struct issue *issue, struct buf *out)
{
	buf_add_str(out, issue->root_path ? issue->root_path : "");
	buf_add_char(out, 0);
	buf_add_str(out, issue->is_note ? "note" : "error");
	buf_add_char(out, 0);
	buf_add_str(out, issue->code ? issue->code : "");
	buf_add_char(out, 0);
	add_without_lines(issue->message, out);
}

void issue_add_lines(const struct issue *issue, struct buf *out)
{
	struct buf place = BUF_INIT;
	if (issue->path)
		buf_add_str(&place, issue->path);
	if (issue->path && issue->line >= 0)
		buf_addf(&place, ":%d", (int)issue->line);
	if (issue->path)
		buf_add_str(&place, ": ");
	buf_addf(out, "%s%s: %s", place.data ? place.data : "", issue->is_note ? "note" : "error", issue->message);
	if (issue->code)
		buf_addf(out, "  [%s]", issue->code);
	buf_add_char(out, '\n');
	for (uint32_t i = 0; i < issue->note_count; i++)
		buf_addf(out, "%snote: %s\n", place.data ? place.data : "", issue->notes[i]);
	buf_release(&place);
}
