/*
 * A list of messages as mypy's main.py passes them around: formatted strings without their last line end. A wrapped
 * message is one item with line breaks inside; a source line and its marker are items of their own. What is counted,
 * coloured and fitted to the terminal is this list, item by item.
 *
 * The list owns the bytes. A span from message_list_at() is good until the next message_list_add().
 */
#ifndef SEPAL_UI_MESSAGES_H
#define SEPAL_UI_MESSAGES_H

#include <stdint.h>

#include "base/buf.h"

struct message_list {
	struct buf bytes;
	size_t *ends; /* of each item, in bytes */
	uint32_t count, cap;
};

#define MESSAGE_LIST_INIT { BUF_INIT, 0, 0, 0 }

void message_list_add(struct message_list *list, struct span message);
/* For a message written in place: what was added to list->bytes since the last end becomes the next item. */
void message_list_end(struct message_list *list);
struct span message_list_at(const struct message_list *list, uint32_t i);
void message_list_reset(struct message_list *list); /* empty, keeps its memory */
void message_list_release(struct message_list *list);

#endif
