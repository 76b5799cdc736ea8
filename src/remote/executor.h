/*
 * A server that runs actions: the Execution service of the Remote Execution API, and its action cache, asynchronous on
 * the program's loop. Blobs are the affair of remote/cache.h, with the same address.
 *
 * Order of calls: executor_open(); executor_prepare(), once, and wait for its answer; any number of executor_lookup()
 * and executor_start(), also out of callbacks; executor_close(). Callbacks come from the loop, exactly once, or out of
 * executor_close().
 *
 * What it does by itself: a stream that was lost is taken up again by WaitExecution, or the action is sent again where
 * the server does not know it any more or cannot wait; answers that may be better later are asked for again, after a
 * pause. What is missing from the server's store is the caller's affair, who uploads it and starts again.
 *
 * Failure: a server that refuses us, or does not answer several times in a row, is given up for good: `problem` is
 * called once, with a sentence that names the address, and everything ends as EXECUTION_LOST.
 */
#ifndef SEPAL_REMOTE_EXECUTOR_H
#define SEPAL_REMOTE_EXECUTOR_H

#include "net/address.h"
#include "remote/cache.h"
#include "remote/messages_execute.h"

struct executor;
struct execution;

/* All that it points at is borrowed and outlives the executor. 0 and NULL stand for what is said behind them. */
struct executor_config {
	struct loop *loop;
	const struct address *address;   /* grpc or grpcs */
	const struct tls_options *tls;   /* the system's roots, no certificate of our own */
	struct credentials *credentials; /* none are sent */
	const char *invocation;          /* an id of this run, for the server's log */
	int64_t timeout_ns;              /* for one try of one call that is not an execution: 10 s */
	int64_t silence_ns;              /* nothing was heard of any execution for so long: they are given up; for ever */
	unsigned streams;                /* executions at a time: 100 */
	void (*problem)(void *ctx, const struct err *err);
	void *ctx;
};

/* Fails for what can be said without the network: an address of another scheme, files of `tls`. */
int executor_open(const struct executor_config *config, struct executor **ret, struct err *err) MUST_CHECK;
/* Executions under way are cancelled on the server, for which the loop runs for at most a second; lookups and
 * executions end as REMOTE_FAILED and EXECUTION_LOST. Accepts NULL. */
void executor_close(struct executor *e);

/* Asks what the server can do; `ready` is false when it cannot be used (`problem` was told). */
void executor_prepare(struct executor *e, void (*ready)(void *ctx, bool usable), void *ctx);
/* After that: a server that knows nothing later than 2.0 wants output_files in a Command. */
bool executor_outputs_are_files(const struct executor *e);
/* Nothing can be asked any more. */
bool executor_is_gone(const struct executor *e);
/* For who finds out in another way. Takes the message of `err` over. */
void executor_give_up(struct executor *e, struct err *err);

/* The action cache: what was the action's result? `result` is NULL unless REMOTE_FOUND. */
void executor_lookup(struct executor *e, const struct remote_blob *action,
		     void (*done)(void *ctx, enum remote_answer answer, const struct reapi_result *result), void *ctx);

enum execution_end {
	EXECUTION_DONE,      /* `result`, with whatever exit code */
	EXECUTION_TIMED_OUT, /* the action took longer than its timeout, or nothing was heard of it */
	EXECUTION_MISSING,   /* the server lacks an input, or the action itself, or says what may mean that */
	EXECUTION_FAILED,    /* the server could not run this action; `text` says why */
	EXECUTION_LOST,      /* the executor is given up */
};

struct execution_outcome {
	enum execution_end end;
	const struct reapi_result *result;
	bool cached;      /* the server did not run it now */
	const char *text; /* for people */
};

/* `skip_cache`: run it although there is a result. */
/* Calls to the server fail, by whomever: half of the executions that are listened to make room, and are taken up again
 * later. */
void executor_open_fewer(struct executor *e);
/* Nobody waits for it any more: the server is told, and it ends as EXECUTION_LOST. */
void execution_cancel(struct execution *x);
struct execution *executor_start(struct executor *e, const struct remote_blob *action, int32_t priority,
				 bool skip_cache,
				 void (*done)(void *ctx, const struct execution_outcome *outcome), void *ctx);

#endif
