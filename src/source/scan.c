/*
 * The walk over a file's statements: which of them hold imports, and which can be reached. Indentation gives a stack of
 * levels; a compound statement's header says what its body inherits; the branches of an `if` and the cases of a `match`
 * hand on whether the rest can be reached at all.
 */
#include "source/scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "source/scan_comment.h"
#include "source/scan_condition.h"
#include "source/scan_effect.h"
#include "source/scan_import.h"
#include "source/scan_keyword.h"
#include "source/scan_token.h"

/* Functions nested deeper than this are taken to have effects: each level of nesting reads the innermost text again. */
enum { MAX_FUNCTION_NESTING = 32 };

/* What a body inherits from its header and from what is around it. */
struct block {
	bool unreachable, in_class, in_function;
	bool is_match;         /* its statements are cases */
	const char *function;  /* where the statement begins whose body this is, when that is a function */
	bool method;           /* that function is in a class */
	uint32_t first_import; /* of that function's */
};

struct level {
	struct block block;
	uint32_t indentation;
	bool chain;  /* the statement before is an `if` or `elif`: an `else` would be its */
	bool decided; /* the rest of that chain, or of this match, cannot be reached */
};

struct scanner {
	struct cursor cursor;
	const struct scan_options *options;
	struct arena *arena;
	struct import_list imports;
	struct token_list tokens;
	struct inline_options inline_options;
	struct level *levels; /* never empty: the module is the first */
	uint32_t level_count, level_cap;
	uint32_t function_nesting;
	struct block pending; /* of the header just passed, whose body is still to come */
	bool has_pending;
	bool begun;       /* the first statement was seen */
	bool ignored;     /* by a comment before it */
	bool stopped;     /* by an assert that cannot hold */
	bool module_getattr;
};

static void on_comment(void *context, struct span comment)
{
	struct scanner *s = context;
	if (!s->begun && comment_is_ignore(comment))
		s->ignored = true;
	if (comment.data == s->cursor.start || char_ends_line(comment.data[-1]))
		inline_options_add(&s->inline_options, comment, s->arena);
}

static struct level *top_level(struct scanner *s)
{
	return &s->levels[s->level_count - 1];
}

static void push_level(struct scanner *s, struct block block, uint32_t indentation)
{
	VEC_GROW(s->levels, s->level_count, s->level_cap);
	s->levels[s->level_count++] = (struct level){ .block = block, .indentation = indentation };
	s->function_nesting += block.function != NULL;
}

/* The body of a function has ended, at `end`. */
static void finish_function(struct scanner *s, const struct block *block, const char *end)
{
	struct span text = { block->function, (size_t)(end - block->function) };
	if (s->imports.count == block->first_import || s->function_nesting > MAX_FUNCTION_NESTING)
		return;
	if (function_has_effect(text, block->method))
		return;
	for (uint32_t i = block->first_import; i < s->imports.count; i++)
		s->imports.items[i].strippable = true;
}

static void pop_level(struct scanner *s, const char *end)
{
	struct level *level = top_level(s);
	if (level->block.function) {
		finish_function(s, &level->block, end);
		s->function_nesting--;
	}
	s->level_count--;
}

/* A line begins at `line`, indented so far: the bodies that it is not part of end. */
static void settle_levels(struct scanner *s, uint32_t indentation, const char *line)
{
	if (s->has_pending && indentation > top_level(s)->indentation)
		push_level(s, s->pending, indentation);
	s->has_pending = false;
	while (s->level_count > 1 && indentation < top_level(s)->indentation)
		pop_level(s, line);
}

/* Reads an import statement, keyword included, unless it cannot be reached. */
static enum stop read_import(struct scanner *s, const struct block *block, enum keyword keyword, const char *statement)
{
	if (block->unreachable)
		return cursor_skip_statement(&s->cursor, false);
	return keyword == KEYWORD_IMPORT ? import_list_read_import(&s->imports, &s->cursor)
	                                 : import_list_read_from(&s->imports, &s->cursor, statement);
}

/* An assert at module level that cannot hold ends the module. */
static enum stop read_assert(struct scanner *s)
{
	enum stop stop = token_list_collect(&s->tokens, &s->cursor, false);
	uint32_t to = 0;
	while (to < s->tokens.count && !(s->tokens.items[to].depth == 0 && token_is_op(&s->tokens.items[to], ',')))
		to++;
	s->stopped = truth_is_false(condition_truth(&s->tokens, 0, to, s->options, s->arena));
	return stop;
}

/* Statements on one line, between semicolons. `module`: they are the module's own, not the body of a header. */
static void scan_simple(struct scanner *s, const struct block *block, bool module)
{
	struct cursor *c = &s->cursor;
	enum stop stop = STOP_SEMI;
	while (stop == STOP_SEMI && !s->stopped) {
		cursor_skip_blanks(c);
		if (cursor_at_line_end(c))
			return;
		const char *statement = c->at;
		enum keyword keyword = keyword_of(cursor_name(c));
		if (keyword == KEYWORD_IMPORT || keyword == KEYWORD_FROM) {
			stop = read_import(s, block, keyword, statement);
		} else if (keyword == KEYWORD_ASSERT && module) {
			stop = read_assert(s);
		} else {
			c->at = statement; /* it may begin with a string's prefix */
			stop = cursor_skip_statement(c, false);
		}
	}
}

/* Behind a header's colon: the body is on this line, or below. */
static void scan_body(struct scanner *s, const struct block *block)
{
	cursor_skip_blanks(&s->cursor);
	if (cursor_at_line_end(&s->cursor)) {
		s->pending = *block;
		s->has_pending = true;
		return;
	}
	scan_simple(s, block, false);
	if (block->function)
		finish_function(s, block, s->cursor.at);
}

/* `if` and `elif`: collects the condition. */
static enum stop read_condition(struct scanner *s, struct level *level, bool decided, struct block *block)
{
	enum stop stop = token_list_collect(&s->tokens, &s->cursor, true);
	enum truth truth = condition_truth(&s->tokens, 0, s->tokens.count, s->options, s->arena);
	block->unreachable = block->unreachable || decided || truth_is_false(truth);
	level->chain = true;
	level->decided = decided || truth_is_true(truth);
	return stop;
}

/* `case pattern if guard`. */
static enum stop read_case(struct scanner *s, struct level *level, struct block *block)
{
	enum stop stop = token_list_collect(&s->tokens, &s->cursor, true);
	uint32_t guard = 0, count = s->tokens.count;
	while (guard < count && !(s->tokens.items[guard].depth == 0 && token_is_name(&s->tokens.items[guard], "if")))
		guard++;
	enum truth truth = ALWAYS_TRUE;
	if (guard < count)
		truth = condition_truth(&s->tokens, guard + 1, count, s->options, s->arena);
	block->unreachable = block->unreachable || level->decided || truth_is_false(truth);
	block->is_match = false;
	level->decided = level->decided || (truth_is_true(truth) && pattern_matches_all(&s->tokens, 0, guard));
	return stop;
}

/* `match x:` at the end of a line is the statement; anything else is a name. */
static enum stop read_match(struct scanner *s, struct block *block)
{
	struct cursor saved = s->cursor;
	if (cursor_skip_statement(&s->cursor, true) == STOP_COLON) {
		cursor_skip_blanks(&s->cursor);
		block->is_match = true;
		if (cursor_at_line_end(&s->cursor))
			return STOP_COLON;
	}
	s->cursor = saved;
	return STOP_LINE;
}

static enum stop read_def(struct scanner *s, const struct level *level, const char *statement, struct block *block)
{
	cursor_skip_blanks(&s->cursor);
	if (span_eq_str(cursor_name(&s->cursor), "__getattr__") && !level->block.in_class && !level->block.in_function)
		s->module_getattr = true;
	block->in_function = true;
	block->function = statement;
	block->method = level->block.in_class;
	block->first_import = s->imports.count;
	return cursor_skip_statement(&s->cursor, true);
}

/* Reads the header of a compound statement that begins with `keyword`. Anything but STOP_COLON: it is none. */
static enum stop read_header(struct scanner *s, struct level *level, enum keyword keyword, const char *statement,
                             struct block *block)
{
	bool chain = level->chain, decided = chain && level->decided;
	level->chain = false;
	switch (keyword) {
	case KEYWORD_IF: return read_condition(s, level, false, block);
	case KEYWORD_ELIF: return read_condition(s, level, decided, block);
	case KEYWORD_ELSE:
		block->unreachable = block->unreachable || decided;
		return cursor_skip_statement(&s->cursor, true);
	case KEYWORD_CASE: return level->block.is_match ? read_case(s, level, block) : STOP_LINE;
	case KEYWORD_MATCH: return read_match(s, block);
	case KEYWORD_DEF: return read_def(s, level, statement, block);
	case KEYWORD_CLASS:
		block->in_class = true;
		return cursor_skip_statement(&s->cursor, true);
	case KEYWORD_BLOCK: return cursor_skip_statement(&s->cursor, true);
	default: return STOP_LINE;
	}
}

/* The statement that begins a line, and those on the same line. */
static void scan_statement(struct scanner *s)
{
	struct cursor *c = &s->cursor;
	struct level *level = top_level(s);
	const char *statement = c->at;
	struct block block = {
		.unreachable = level->block.unreachable,
		.in_class = level->block.in_class,
		.in_function = level->block.in_function,
	};
	enum keyword keyword = keyword_of(cursor_name(c));
	if (keyword == KEYWORD_ASYNC) {
		cursor_skip_blanks(c);
		keyword = keyword_of(cursor_name(c));
	}
	if (read_header(s, level, keyword, statement, &block) == STOP_COLON) {
		scan_body(s, &block);
	} else {
		c->at = statement;
		scan_simple(s, &level->block, s->level_count == 1);
	}
}

/* Comments count to the end of the file, whatever else does not. */
static void skip_rest(struct cursor *c)
{
	while (c->at < c->end) {
		cursor_skip_statement(c, false);
		cursor_skip_comment(c);
		cursor_skip_line_end(c);
	}
}

static void scan_module(struct scanner *s)
{
	struct cursor *c = &s->cursor;
	push_level(s, (struct block){ 0 }, 0);
	while (c->at < c->end && !s->stopped && !s->ignored) {
		const char *line = c->at;
		uint32_t indentation = cursor_indentation(c);
		if (!cursor_at_line_end(c)) {
			s->begun = true;
			settle_levels(s, indentation, line);
			scan_statement(s);
		}
		cursor_skip_comment(c);
		cursor_skip_line_end(c);
	}
	while (s->level_count)
		pop_level(s, c->at);
	bool template_strings = c->template_strings;
	skip_rest(c);
	c->template_strings = template_strings;
}

static void scanner_init(struct scanner *s, struct span source, const struct scan_options *options,
                         struct arena *arena)
{
	*s = (struct scanner){ .cursor = cursor_of(source), .options = options, .arena = arena };
	if (source.len >= 3 && !memcmp(source.data, "\xef\xbb\xbf", 3))
		s->cursor.start = s->cursor.at = source.data + 3;
	s->cursor.on_comment = on_comment;
	s->cursor.context = s;
	import_list_init(&s->imports, s->cursor.start, arena);
}

static void scanner_release(struct scanner *s)
{
	import_list_release(&s->imports);
	token_list_release(&s->tokens);
	inline_options_release(&s->inline_options);
	free(s->levels);
}

static void take_result(struct scanner *s, bool ignore_errors, struct arena *arena, struct scan_result *ret)
{
	*ret = (struct scan_result){ 0 };
	if (s->ignored)
		return;
	ret->imports = ARENA_ARRAY(arena, struct import, s->imports.count);
	for (uint32_t i = 0; i < s->imports.count; i++)
		if (!ignore_errors || !s->imports.items[i].strippable)
			ret->imports[ret->import_count++] = s->imports.items[i];
	ret->module_getattr = s->module_getattr;
	ret->template_strings = s->cursor.template_strings;
}

static void add_all(struct name_list *list, const char *const *names)
{
	for (; names && *names; names++)
		name_list_add(list, *names);
}

/* The module itself named conditions, perhaps behind their use: once more, with those. */
static void scan_again(struct span source, const struct scan_options *options, struct inline_options *asked,
                       struct arena *arena, struct scan_result *ret)
{
	struct scan_options extended = *options;
	struct scanner s;
	add_all(&asked->always_true, options->always_true);
	add_all(&asked->always_false, options->always_false);
	extended.always_true = asked->always_true.items;
	extended.always_false = asked->always_false.items;
	scanner_init(&s, source, &extended, arena);
	scan_module(&s);
	take_result(&s, asked->ignore_errors, arena, ret);
	scanner_release(&s);
}

void scan_imports(struct span source, const struct scan_options *options, struct arena *arena, struct scan_result *ret)
{
	struct scanner s;
	scanner_init(&s, source, options, arena);
	scan_module(&s);
	if (s.inline_options.always_true.count || s.inline_options.always_false.count)
		scan_again(source, options, &s.inline_options, arena, ret);
	else
		take_result(&s, s.inline_options.ignore_errors, arena, ret);
	scanner_release(&s);
}
