/*
 * The words of a Python file: strings of every prefix (f- and t-strings with their nested fields), comments, brackets,
 * joined lines, names, numbers and operators. It knows no statements and no grammar.
 *
 * Two gaits. cursor_skip_statement() runs over text that nobody wants to know, as fast as a table look-up a byte;
 * cursor_token() makes tokens. Both take any bytes: what does not lex is passed over, and both always move forward.
 * The rules are those of mypy's native parser (a Python 3.12+ lexer, whatever the target version): the same quotes may
 * nest in an f-string's field, and \r, \r\n and \n all end a line.
 */
#ifndef SEPAL_SOURCE_SCAN_TOKEN_H
#define SEPAL_SOURCE_SCAN_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum token_kind {
	TOKEN_END, /* of the statement: a line end outside brackets, `;` or the end of the file; not consumed */
	TOKEN_NAME, /* keywords too */
	TOKEN_NUMBER,
	TOKEN_STRING, /* prefix and quotes included */
	TOKEN_OP,
};

/* Operators of more than one character; the others are their own character. */
enum token_op {
	OP_WALRUS = 128, /* := */
	OP_EQ,           /* == */
	OP_NE,           /* != */
	OP_LE,           /* <= */
	OP_GE,           /* >= */
	OP_ARROW,        /* -> */
	OP_SHIFT,        /* << >> */
	OP_AUGMENTED,    /* += and its kin */
};

enum string_prefix {
	PREFIX_RAW = 1,
	PREFIX_BYTES = 2,
	PREFIX_FORMAT = 4,
	PREFIX_TEMPLATE = 8,
};

struct token {
	enum token_kind kind;
	uint8_t op;        /* TOKEN_OP: the character, or an enum token_op */
	uint8_t prefix;    /* TOKEN_STRING: enum string_prefix bits */
	uint32_t depth;    /* brackets open around it; an opening bracket and its closing one have the same depth */
	uint32_t partner;  /* of a bracket, in a token_list: index of the other one, or its own when there is none */
	struct span text;  /* borrowed from the source */
};

struct cursor {
	const char *at, *start, *end;
	uint32_t depth;          /* open brackets, for cursor_token() */
	bool template_strings;   /* set when a t-string was passed */
	bool yields_in_string;   /* set when a field of an f-string was passed that yields */
	/* Called for each comment, from its `#` to before the line end; may be NULL. */
	void (*on_comment)(void *context, struct span comment);
	void *context;
};

enum stop {
	STOP_LINE,  /* at the line end, or at the end of the file */
	STOP_SEMI,  /* behind the `;` */
	STOP_COLON, /* behind the `:` that ends a compound statement's header */
};

/* A statement's tokens, reused from statement to statement. */
struct token_list {
	struct token *items;
	uint32_t count, cap;
	uint32_t *open; /* stack of unclosed brackets while collecting */
	uint32_t open_cap;
};

struct cursor cursor_of(struct span source);
bool char_starts_name(char c);
bool char_in_name(char c);
bool char_ends_line(char c);

/* The name at the cursor (empty when there is none); the cursor is moved behind it. */
struct span cursor_name(struct cursor *c);
/* Passes blanks, joined lines and, inside brackets, line ends and comments. */
void cursor_skip_blanks(struct cursor *c);
/* Passes the blanks at the start of a line and says how deep it stands. */
uint32_t cursor_indentation(struct cursor *c);
/* Is nothing left of this line but a comment? */
bool cursor_at_line_end(const struct cursor *c);
/* Passes one line end, or nothing. */
void cursor_skip_line_end(struct cursor *c);
/* Passes a comment, if there is one, up to its line end. */
void cursor_skip_comment(struct cursor *c);
/* Passes the rest of a statement, or, with `header`, what is left of a compound statement's header. */
enum stop cursor_skip_statement(struct cursor *c, bool header);
/* The next token of the statement. At its end TOKEN_END, again and again. */
struct token cursor_token(struct cursor *c);

bool token_is_op(const struct token *t, int op);
bool token_is_name(const struct token *t, const char *name);

/* Collects the tokens of a statement, to its end or (with `header`) to the colon of its header, which is consumed and
 * not part of the list. */
enum stop token_list_collect(struct token_list *list, struct cursor *c, bool header);
void token_list_release(struct token_list *list);

#endif
