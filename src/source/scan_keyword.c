#include "source/scan_keyword.h"

#include <string.h>

static const struct {
	const char *text;
	size_t len;
	enum keyword keyword;
} words[] = {
	{ "if", 2, KEYWORD_IF },         { "def", 3, KEYWORD_DEF },      { "for", 3, KEYWORD_BLOCK },
	{ "try", 3, KEYWORD_BLOCK },     { "from", 4, KEYWORD_FROM },    { "else", 4, KEYWORD_ELSE },
	{ "elif", 4, KEYWORD_ELIF },     { "with", 4, KEYWORD_BLOCK },   { "case", 4, KEYWORD_CASE },
	{ "class", 5, KEYWORD_CLASS },   { "async", 5, KEYWORD_ASYNC },  { "match", 5, KEYWORD_MATCH },
	{ "while", 5, KEYWORD_BLOCK },   { "import", 6, KEYWORD_IMPORT }, { "except", 6, KEYWORD_BLOCK },
	{ "assert", 6, KEYWORD_ASSERT }, { "finally", 7, KEYWORD_BLOCK },
};

enum keyword keyword_of(struct span word)
{
	if (word.len < 2 || word.len > 7)
		return KEYWORD_NONE;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].len == word.len && !memcmp(words[i].text, word.data, word.len))
			return words[i].keyword;
	return KEYWORD_NONE;
}
