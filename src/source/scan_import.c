#include "source/scan_import.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void import_list_init(struct import_list *list, const char *start, struct arena *arena)
{
	*list = (struct import_list){ .arena = arena, .line_from = start, .line = 1 };
}

void import_list_release(struct import_list *list)
{
	free(list->items);
	free(list->names);
	buf_release(&list->module);
	*list = (struct import_list){ 0 };
}

/* The line of `at`, which lies behind all places that were asked for before. \r, \n and \r\n each end one. */
static uint32_t line_of(struct import_list *list, const char *at)
{
	for (const char *p = list->line_from; p < at; p++)
		list->line += *p == '\n' || (*p == '\r' && p[1] != '\n');
	list->line_from = at;
	return list->line;
}

static struct import *add_import(struct import_list *list, enum import_kind kind, const char *at)
{
	VEC_GROW(list->items, list->count, list->cap);
	struct import *import = &list->items[list->count++];
	*import = (struct import){
		.kind = kind,
		.line = line_of(list, at),
		.module = arena_strndup(list->arena, buf_span(&list->module).data, list->module.len),
	};
	return import;
}

/* Reads a dotted name into list->module, from its first token on; the token behind it is left in *t. */
static void read_dotted(struct import_list *list, struct cursor *c, struct token *t)
{
	buf_reset(&list->module);
	while ((t->kind == TOKEN_NAME && !token_is_name(t, "import")) || token_is_op(t, '.')) {
		buf_add_span(&list->module, t->text);
		bool name = t->kind == TOKEN_NAME;
		*t = cursor_token(c);
		if (name && !token_is_op(t, '.'))
			return;
	}
}

/* Passes `as name`; the token behind it is left in *t. */
static void skip_alias(struct cursor *c, struct token *t)
{
	if (!token_is_name(t, "as"))
		return;
	*t = cursor_token(c);
	if (t->kind == TOKEN_NAME)
		*t = cursor_token(c);
}

/* Passes what is left of a statement of which *t is the last token read. */
static enum stop finish_statement(struct cursor *c, const struct token *t)
{
	c->depth = 0;
	c->at = t->text.data;
	return cursor_skip_statement(c, false);
}

enum stop import_list_read_import(struct import_list *list, struct cursor *c)
{
	struct token t;
	c->depth = 0;
	do {
		t = cursor_token(c);
		const char *at = t.text.data;
		if (t.kind != TOKEN_NAME)
			break;
		read_dotted(list, c, &t);
		if (!list->module.len)
			break;
		add_import(list, IMPORT_MODULE, at);
		skip_alias(c, &t);
	} while (token_is_op(&t, ','));
	return finish_statement(c, &t);
}

/* The names behind `import`; true when it is a star. */
static bool read_names(struct import_list *list, struct cursor *c, struct token *t, uint32_t *ret_count)
{
	*ret_count = 0;
	if (token_is_op(t, '*'))
		return true;
	if (token_is_op(t, '('))
		*t = cursor_token(c);
	while (t->kind == TOKEN_NAME) {
		VEC_GROW(list->names, *ret_count, list->names_cap);
		list->names[(*ret_count)++] = arena_strndup(list->arena, t->text.data, t->text.len);
		*t = cursor_token(c);
		skip_alias(c, t);
		if (!token_is_op(t, ','))
			break;
		*t = cursor_token(c);
	}
	return false;
}

enum stop import_list_read_from(struct import_list *list, struct cursor *c, const char *statement)
{
	uint32_t level = 0, count;
	c->depth = 0;
	struct token t = cursor_token(c);
	for (; token_is_op(&t, '.'); t = cursor_token(c))
		level++;
	read_dotted(list, c, &t);
	if (!token_is_name(&t, "import") || (!level && !list->module.len))
		return finish_statement(c, &t);
	t = cursor_token(c);
	bool star = read_names(list, c, &t, &count);
	struct import *import = add_import(list, star ? IMPORT_STAR : IMPORT_FROM, statement);
	import->level = level;
	import->name_count = count;
	import->names = ARENA_ARRAY(list->arena, const char *, count);
	if (count)
		memcpy(import->names, list->names, count * sizeof *list->names);
	return finish_statement(c, &t);
}
