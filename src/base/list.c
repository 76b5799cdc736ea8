#include "base/list.h"

#include <stddef.h>

void list_remove(struct list_item *item)
{
	struct list *list = item->list;
	if (!list)
		return;
	*(item->before ? &item->before->after : &list->first) = item->after;
	*(item->after ? &item->after->before : &list->last) = item->before;
	*item = (struct list_item){ NULL, NULL, NULL };
	list->count--;
}

void list_append(struct list *list, struct list_item *item)
{
	list_remove(item);
	*item = (struct list_item){ list->last, NULL, list };
	*(list->last ? &list->last->after : &list->first) = item;
	list->last = item;
	list->count++;
}

void list_prepend(struct list *list, struct list_item *item)
{
	list_remove(item);
	*item = (struct list_item){ NULL, list->first, list };
	*(list->first ? &list->first->before : &list->last) = item;
	list->first = item;
	list->count++;
}
