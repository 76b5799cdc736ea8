/*
 * Findings for tests of report formats: one module's diagnostics as a document, in a work tree /w whose directory d is
 * the current one. AWKWARD is a message with everything that some format has to escape.
 */
#ifndef SEPAL_TESTS_SAMPLE_H
#define SEPAL_TESTS_SAMPLE_H

#include "ui/baseline.h"
#include "ui/document.h"

#define AWKWARD "Größe \"<a>\" & 'b'\n::c,d: 100%\r\t\x1b[1m\x7f \xff ]]> \xf0\x9f\x8e\x89"
#define DIAG(...) ((struct diag){ __VA_ARGS__ })

struct sample {
	struct arena arena;
	struct finding_module modules[2];
	struct findings findings;
	struct text_options text;
	struct document_place place;
	struct document doc;
	struct buf out;
};

/* `count` diagnostics of the file `path`. Change s->findings and call sample_again() for more. */
static inline void sample_again(struct sample *s)
{
	document_make(&s->findings, &s->place, &s->arena, &s->doc);
}

static inline void sample_init(struct sample *s, const char *path, const struct diag *diags, uint32_t count)
{
	*s = (struct sample){ .text = { .cwd = "/w/d" } };
	s->modules[0] = (struct finding_module){ .path = path, .diags = { (struct diag *)diags, count } };
	s->findings = (struct findings){ .checker = "mypy", .version = "9.8", .warnings = "", .modules = s->modules,
		                         .count = 1, .sources = 3 };
	s->place = (struct document_place){ .text = &s->text, .root = "/w", .program_version = "1.2" };
	sample_again(s);
}

/* The report as a C string, good until the next one. */
static inline const char *sample_render(struct sample *s, const char *format)
{
	buf_reset(&s->out);
	document_format_find(span_of(format))->render(&s->doc, &s->out);
	return s->out.data ? s->out.data : "";
}

static inline void sample_release(struct sample *s)
{
	buf_release(&s->out);
	arena_release(&s->arena);
}

#endif
