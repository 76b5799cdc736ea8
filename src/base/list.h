/*
 * Doubly linked lists of things that hold their own links: a struct that is in lists begins with a `struct list_item`,
 * and is cast from it. An item is in at most one list and knows which. Items are never allocated or freed here.
 */
#ifndef SEPAL_BASE_LIST_H
#define SEPAL_BASE_LIST_H

struct list_item {
	struct list_item *before, *after;
	struct list *list; /* NULL: in none */
};

struct list {
	struct list_item *first, *last;
	unsigned count;
};

/* All take the item out of the list that it is in. */
void list_remove(struct list_item *item);
void list_append(struct list *list, struct list_item *item);
void list_prepend(struct list *list, struct list_item *item);

#endif
