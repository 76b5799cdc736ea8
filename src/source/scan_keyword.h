/* The words that begin the statements the scanner cares about. `match` and `case` are keywords only where they stand in
 * for one; the scanner finds that out. */
#ifndef SEPAL_SOURCE_SCAN_KEYWORD_H
#define SEPAL_SOURCE_SCAN_KEYWORD_H

#include "base/buf.h"

enum keyword {
	KEYWORD_NONE = 0,
	KEYWORD_IMPORT,
	KEYWORD_FROM,
	KEYWORD_ASSERT,
	KEYWORD_ASYNC,
	KEYWORD_MATCH,
	KEYWORD_CASE,
	KEYWORD_IF,
	KEYWORD_ELIF,
	KEYWORD_ELSE,
	KEYWORD_CLASS,
	KEYWORD_DEF,
	KEYWORD_BLOCK, /* for, while, try, except, finally, with: a header, then a body like any other */
};

enum keyword keyword_of(struct span word);

#endif
