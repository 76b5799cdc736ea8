/* The messages that mypy says once; see ui/once.h. Line numbers are those of mypy 2.4.1. */
#include "ui/once.h"

#include "ui/utf8.h"

#include <string.h>

#define CODE_LINK "See https://mypy.rtfd.io/en/stable/_refs.html#code-" /* errors.py:62 BASE_RTD_URL */
#define CODE_LINK_END " for more info"                                  /* errors.py:833 add_error_info */

/* The first row that fits counts. */
static const struct {
	enum once_when when;
	bool is_note;
	const char *start, *end; /* of the message; end NULL: `start` is all of it */
} patterns[] = {
	/* modulefinder.py:90-111 error_message_templates, reported by build.py:4026 module_not_found */
	{ ONCE_LOADING, true, "See https://mypy.readthedocs.io/en/stable/running_mypy.html#missing-imports", NULL },
	{ ONCE_LOADING, true, "You may be running mypy in a subpackage, mypy should be run on the package root", NULL },
	{ ONCE_LOADING, true, "Hint: \"python3 -m pip install ", "\"" },
	{ ONCE_LOADING, true, "(or run \"mypy --install-types\" to install all missing stub packages)", NULL },
	/* build.py:4043 skipping_module, 4057 and 4059 skipping_ancestor */
	{ ONCE_LOADING, true, "(Using --follow-imports=error, module not passed on command line)", NULL },
	{ ONCE_LOADING, false, "Ancestor package \"", "\" ignored" },
	{ ONCE_LOADING, true, "(Using --follow-imports=error, submodule passed on command line)", NULL },
	/* errors.py:837 add_error_info; the codes of errors about imports are used by module_not_found only */
	{ ONCE_LOADING, true, CODE_LINK "import" CODE_LINK_END, NULL },
	{ ONCE_LOADING, true, CODE_LINK "import-not-found" CODE_LINK_END, NULL },
	{ ONCE_LOADING, true, CODE_LINK "import-untyped" CODE_LINK_END, NULL },
	{ ONCE_CHECKING, true, CODE_LINK, CODE_LINK_END },
	/* errors.py:859 report_hidden_errors */
	{ ONCE_CHECKING, true,
	  "(Skipping most remaining errors due to unresolved imports or missing stubs; fix these first)", NULL },
};

static bool matches(struct span message, const char *start, const char *end)
{
	if (!end)
		return span_eq_str(message, start);
	size_t end_len = strlen(end);
	return span_starts(message, start) && message.len >= strlen(start) + end_len &&
	       span_eq_str(span_tail(message, message.len - end_len), end);
}

enum once_when once_only_when(const struct diag *d)
{
	struct span message = span_of(d->message);
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		if (patterns[i].is_note == d->is_note && matches(message, patterns[i].start, patterns[i].end))
			return patterns[i].when;
	}
	return ONCE_NEVER;
}

bool once_only_keep(struct once_only *once, const struct diag *d)
{
	if (once_only_when(d) == ONCE_NEVER)
		return true;
	bool is_new;
	map_put_str(&once->seen, d->message, 0, &is_new);
	return is_new;
}

void once_only_filter(struct once_only *once, enum once_when when, struct diag_list *list)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < list->count; i++) {
		if (once_only_when(&list->items[i]) != when || once_only_keep(once, &list->items[i]))
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

void once_only_release(struct once_only *once)
{
	map_release(&once->seen);
}
