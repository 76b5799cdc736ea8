/*
 * The other side of doc/formats/worker.md: starts a worker, sends requests, hands out answers as JSON. It knows frames
 * and the process, not what the answers mean.
 */
#ifndef SEPAL_EXEC_WORKER_H
#define SEPAL_EXEC_WORKER_H

#include "base/json.h"
#include "sys/loop.h"

struct worker;

struct worker_events {
	/* One answer; the document is borrowed for the call. */
	void (*answer)(void *ctx, const struct js *frame);
	/* The worker is gone, or broke the protocol: no more answers come. `err` says why, with what it wrote to stderr. */
	void (*gone)(void *ctx, struct err *err);
	void *ctx;
};

/* `python` is the checker's interpreter, `program` the worker's file. */
int worker_start(struct loop *loop, const char *python, const char *program, struct worker **ret,
                 struct err *err) MUST_CHECK;
void worker_on(struct worker *w, const struct worker_events *events);
/* Takes over `request`. Never blocks: what the pipe does not take now is sent from the loop. */
void worker_send(struct worker *w, struct js *request);
/* Sends `request` and runs the loop until one answer is there; the caller frees it. For describe and begin. */
int worker_ask(struct worker *w, struct js *request, struct js **ret, struct err *err) MUST_CHECK;
/* No answers will come any more. */
bool worker_is_gone(const struct worker *w);
/* Closes its input, kills it and its children if they do not go, forgets it. Accepts NULL. */
void worker_free(struct worker *w);

#endif
