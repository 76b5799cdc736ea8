/* A list of formatted messages in one growing buffer; see ui/messages.h. */
#include "ui/messages.h"

#include <stdlib.h>

#include "base/xalloc.h"

void message_list_end(struct message_list *list)
{
	VEC_GROW(list->ends, list->count, list->cap);
	list->ends[list->count++] = list->bytes.len;
}

void message_list_add(struct message_list *list, struct span message)
{
	buf_add_span(&list->bytes, message);
	message_list_end(list);
}

struct span message_list_at(const struct message_list *list, uint32_t i)
{
	if (i >= list->count)
		BUG("message %u of %u", i, list->count);
	size_t start = i ? list->ends[i - 1] : 0;
	return (struct span){ list->bytes.data ? list->bytes.data + start : "", list->ends[i] - start };
}

void message_list_reset(struct message_list *list)
{
	buf_reset(&list->bytes);
	list->count = 0;
}

void message_list_release(struct message_list *list)
{
	buf_release(&list->bytes);
	free(list->ends);
	*list = (struct message_list)MESSAGE_LIST_INIT;
}
