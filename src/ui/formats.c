/* The table of report formats. */
#include "ui/document.h"

static const struct document_format FORMATS[] = {
	{ "text", document_text },           { "json", document_json },     { "jsonl", document_jsonl },
	{ "sarif", document_sarif },         { "junit", document_junit },   { "github", document_github },
	{ "gitlab", document_gitlab },       { "checkstyle", document_checkstyle },
};

enum { FORMAT_COUNT = sizeof FORMATS / sizeof *FORMATS };

const struct document_format *document_format_find(struct span name)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++)
		if (span_eq_str(name, FORMATS[i].name))
			return &FORMATS[i];
	return NULL;
}

void document_format_names(const char *separator, struct buf *out)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		buf_add_str(out, i ? separator : "");
		buf_add_str(out, FORMATS[i].name);
	}
}
