/*
 * `sepal plan --simulate`: what is known of a plan's units (plan/weights.h, the store's results) goes through
 * build/simulate.h and comes out as a table.
 */
#ifndef SEPAL_CMD_SIMULATE_H
#define SEPAL_CMD_SIMULATE_H

#include <stdio.h>

#include "build/simulate.h"
#include "cmd/pipeline.h"

struct simulation_list {
	struct simulation *items;
	uint32_t count;
};

/* The values of --simulate, NULL-terminated. Nothing is to be released after an error. */
int simulation_list_parse(const char *const *texts, struct simulation_list *ret, struct err *err) MUST_CHECK;
void simulation_list_release(struct simulation_list *list);

/* Needs a plan. Failures to write are the stream's (ferror). */
int simulation_list_print(struct pipeline *p, const struct simulation_list *list, FILE *to,
                          struct err *err) MUST_CHECK;

#endif
