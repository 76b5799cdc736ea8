/* Executions under way: streams of operations, which are taken up again when they are lost. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "remote/executor_internal.h"

/* A stream has no deadline of its own: the action has a timeout, and the executor watches for silence. */
#define STREAM_NS (7 * 24 * 3600 * NS_PER_S)

#define TURN_NS (250 * NS_PER_MS) /* one that may not have a stream now looks again */

enum { SILENCE_LOOKS = 8, FEWEST_STREAMS = 4 };

static const struct backoff_policy stream_backoff = { 6, 200 * NS_PER_MS, 5 * NS_PER_S };

struct execution {
	struct executor *e;
	struct execution *prev, *next;
	struct remote_blob action;
	int32_t priority;
	bool skip_cache;
	void (*done)(void *ctx, const struct execution_outcome *outcome);
	void *ctx;
	char *operation; /* its name on the server; NULL: not told yet */
	struct rpc_call *rpc;
	bool waiting;    /* the stream is one of WaitExecution */
	uint32_t timer;  /* for the next try */
	struct backoff backoff;
	int64_t started_ns;
	struct arena arena;
	struct reapi_operation last; /* the one that is done, in the arena */
	bool done_came, parked;
	const enum execution_end *given_up; /* ends so when the stream has ended; NULL: it goes on */
	const char *why;
};

static const enum execution_end ENDS[] = { EXECUTION_DONE, EXECUTION_TIMED_OUT, EXECUTION_MISSING, EXECUTION_FAILED,
					   EXECUTION_LOST };

static int64_t now_ns(const struct executor *e)
{
	return clock_monotonic_ns(loop_clock(e->config.loop));
}

/* ---- the end ---- */

static void is_over(struct execution *x, const struct execution_outcome *outcome)
{
	struct executor *e = x->e;
	if (x->prev)
		x->prev->next = x->next;
	else
		e->first = x->next;
	if (x->next)
		x->next->prev = x->prev;
	if (!e->first) {
		loop_cancel_timer(e->config.loop, e->silence_timer);
		e->silence_timer = 0;
	}
	loop_cancel_timer(e->config.loop, x->timer);
	x->done(x->ctx, outcome);
	arena_release(&x->arena);
	free(x->operation);
	free(x);
}

static void ends(struct execution *x, enum execution_end end, const char *text)
{
	is_over(x, &(struct execution_outcome){ .end = end, .text = text });
}

/* One whose stream is open ends when that has ended. `text` lives as long as the program. */
void execution_end_all(struct executor *e, enum execution_end end, const char *text)
{
	for (struct execution *x = e->first, *next; x; x = next) {
		next = x->next;
		if (!x->rpc) {
			ends(x, end, text);
			continue;
		}
		x->given_up = &ENDS[end];
		x->why = text;
		rpc_cancel(x->rpc);
	}
}

/* ---- what a status means ---- */

static void try_is_due(struct loop *loop, void *ctx);

/* Another try later, of the same stream or of a new one; or the end. */
static void may_try_again(struct execution *x, enum patience verdict, const char *text)
{
	struct executor *e = x->e;
	int64_t now = now_ns(e), pause = -1;
	bool broke = verdict == PATIENCE_REFUSED;
	if (!broke && x->started_ns > e->last_wave_ns) { /* what a lost connection takes along is one failure */
		e->last_wave_ns = now;
		broke = breaker_failure(&e->breaker, now, now);
	}
	if (!x->backoff.seed)
		x->backoff.seed = ++e->chance;
	if (!broke && !executor_is_gone(e))
		pause = backoff_next(&x->backoff, &stream_backoff);
	if (pause >= 0) {
		x->timer = loop_add_timer(e->config.loop, pause, try_is_due, x);
	} else if (broke) {
		struct err err = ERR_INIT;
		err_set(&err, ERR_IO, "%s does not run actions for us: %s", e->server, text);
		executor_give_up(e, &err); /* which ends this one with all others */
	} else {
		ends(x, executor_is_gone(e) ? EXECUTION_LOST : EXECUTION_FAILED, text);
	}
}

void executor_open_fewer(struct executor *e)
{
	unsigned open = e->open;
	e->open_limit = open / 2 > FEWEST_STREAMS ? open / 2 : FEWEST_STREAMS;
	for (struct execution *x = e->first; x && open > e->open_limit; x = x->next)
		if (x->rpc && x->operation && !x->parked && !x->given_up) {
			x->parked = true;
			rpc_cancel(x->rpc);
			open--;
		}
}

/* The server has too many calls under way. */
static void was_refused(struct execution *x)
{
	struct executor *e = x->e;
	if (x->started_ns > e->last_wave_ns) { /* one wave of refusals counts once */
		e->last_wave_ns = now_ns(e);
		executor_open_fewer(e);
	}
	x->timer = loop_add_timer(e->config.loop, TURN_NS, try_is_due, x);
}

static void forget_operation(struct execution *x)
{
	free(x->operation);
	x->operation = NULL;
}

/* The operation is done, with a status of its own or of its response. */
static void judge_operation(struct execution *x)
{
	const struct reapi_operation *o = &x->last;
	const struct reapi_status *status = o->error.code ? &o->error : &o->status;
	const char *text = *status->text ? status->text : o->message;
	if (x->e->open_limit < x->e->config.streams)
		x->e->open_limit++; /* there may be room again */
	forget_operation(x);
	if (status->code == RPC_OK && o->has_result) {
		is_over(x, &(struct execution_outcome){ EXECUTION_DONE, &o->result, o->cached, "" });
		return;
	}
	switch ((enum rpc_status)status->code) {
	case RPC_DEADLINE_EXCEEDED:
		ends(x, EXECUTION_TIMED_OUT, text);
		return;
	case RPC_NOT_FOUND:
	case RPC_FAILED_PRECONDITION:
	case RPC_INTERNAL: /* so says buildbox-casd when it lacks an input */
		ends(x, EXECUTION_MISSING, text);
		return;
	case RPC_OK:
		text = "it says that it ran an action, and not what came out";
		break;
	default:
		break;
	}
	if (patience_of_status((enum rpc_status)status->code) == PATIENCE_AGAIN)
		may_try_again(x, PATIENCE_AGAIN, text);
	else
		ends(x, EXECUTION_FAILED, text);
}

/* The stream broke off, or never came to be. */
static void judge_stream(struct execution *x, enum rpc_status status, const char *text)
{
	text = *text ? text : rpc_status_name(status);
	if (x->parked) {
		x->timer = loop_add_timer(x->e->config.loop, TURN_NS, try_is_due, x);
	} else if (status == RPC_RESOURCE_EXHAUSTED) {
		was_refused(x);
	} else if (x->waiting &&
		   (status == RPC_NOT_FOUND || status == RPC_UNIMPLEMENTED || status == RPC_INVALID_ARGUMENT)) {
		forget_operation(x); /* it does not know it any more, or cannot wait: from the beginning */
		may_try_again(x, PATIENCE_AGAIN, text);
	} else if (status == RPC_NOT_FOUND || status == RPC_FAILED_PRECONDITION) {
		ends(x, EXECUTION_MISSING, text);
	} else if (status == RPC_OK) {
		may_try_again(x, PATIENCE_AGAIN, "the stream of its answers ended before it was done");
	} else if (patience_of_status(status) == PATIENCE_ANSWER) {
		ends(x, EXECUTION_FAILED, text);
	} else {
		may_try_again(x, patience_of_status(status), text);
	}
}

/* ---- a stream ---- */

static int stream_message(void *ctx, struct span message)
{
	struct execution *x = ctx;
	arena_release(&x->arena);
	x->e->heard_ns = now_ns(x->e);
	if (!reapi_decode_operation(message, &x->arena, &x->last)) {
		remote_health_corrupt(x->e->health, "news of an operation that do not parse or exceed a limit");
		return -1;
	}
	breaker_success(&x->e->breaker);
	if (*x->last.name && !x->operation)
		x->operation = xstrdup(x->last.name);
	x->done_came = x->last.done;
	return x->done_came; /* nothing comes after it */
}

static void stream_ended(void *ctx, enum rpc_status status, const char *text)
{
	struct execution *x = ctx;
	x->rpc = NULL;
	x->e->open--;
	if (status != RPC_RESOURCE_EXHAUSTED)
		x->e->heard_ns = now_ns(x->e);
	if (x->given_up)
		ends(x, *x->given_up, x->why);
	else if (x->done_came)
		judge_operation(x);
	else
		judge_stream(x, status, text);
}

static void try_is_due(struct loop *loop, void *ctx)
{
	struct execution *x = ctx;
	struct executor *e = x->e;
	struct buf request = BUF_INIT;
	struct rpc_events events = { .message = stream_message, .ended = stream_ended, .ctx = x };
	x->timer = 0;
	if (x->given_up || executor_is_gone(e)) {
		ends(x, EXECUTION_LOST, x->given_up ? x->why : "the executor was given up");
		return;
	}
	if (e->open >= e->open_limit) {
		x->timer = loop_add_timer(loop, TURN_NS, try_is_due, x);
		return;
	}
	e->open++;
	x->waiting = x->operation != NULL;
	x->done_came = x->parked = false;
	x->started_ns = now_ns(e);
	if (x->waiting)
		reapi_encode_wait(x->operation, &request);
	else
		reapi_encode_execute(&(struct reapi_execute){ .instance = e->config.address->rest,
							      .action = x->action,
							      .priority = x->priority,
							      .skip_cache = x->skip_cache },
				     &request);
	x->rpc = rpc_ask(e->streams, x->waiting ? REMOTE_SERVICE "Execution/WaitExecution" :
						  REMOTE_SERVICE "Execution/Execute",
			 STREAM_NS, &request, &events);
}

/* ---- silence ---- */

static void look(struct loop *loop, void *ctx)
{
	struct executor *e = ctx;
	e->silence_timer = 0;
	if (now_ns(e) - e->heard_ns >= e->config.silence_ns)
		execution_end_all(e, EXECUTION_TIMED_OUT, "nothing was heard of any action for too long");
	else
		e->silence_timer = loop_add_timer(loop, e->config.silence_ns / SILENCE_LOOKS, look, e);
}

struct execution *executor_start(struct executor *e, const struct remote_blob *action, int32_t priority,
				 bool skip_cache,
				 void (*done)(void *ctx, const struct execution_outcome *outcome), void *ctx)
{
	struct execution *x = xcalloc(1, sizeof *x);
	*x = (struct execution){ .e = e, .next = e->first, .action = *action, .priority = priority,
				 .skip_cache = skip_cache, .done = done, .ctx = ctx };
	if (x->next)
		x->next->prev = x;
	e->first = x;
	x->timer = loop_add_timer(e->config.loop, 0, try_is_due, x);
	if (e->config.silence_ns && !e->silence_timer) {
		e->heard_ns = now_ns(e);
		e->silence_timer = loop_add_timer(e->config.loop, e->config.silence_ns / SILENCE_LOOKS, look, e);
	}
	return x;
}

/* ---- nobody waits any more ---- */

static void was_cancelled(void *ctx, enum rpc_status status, struct span response, const char *text)
{
	struct executor *e = ctx;
	(void)status, (void)response, (void)text;
	e->cancelling--;
}

static void tell_server(struct execution *x)
{
	struct executor *e = x->e;
	struct buf request = BUF_INIT;
	unsigned answers = 0;
	if (!x->operation)
		return;
	for (unsigned status = RPC_CANCELLED; status <= RPC_UNAUTHENTICATED; status++)
		answers |= GRPC_ANSWER(status); /* whatever it says, it was told */
	reapi_encode_cancel(x->operation, &request);
	struct grpc_job job = { .method = "/google.longrunning.Operations/CancelOperation", .answers = answers,
				.done = was_cancelled, .ctx = e };
	e->cancelling++;
	grpc_ask(e->calls, &job, &request);
}

void execution_cancel_all(struct executor *e)
{
	for (struct execution *x = e->first; x; x = x->next)
		tell_server(x);
}

void execution_cancel(struct execution *x)
{
	tell_server(x);
	x->given_up = &ENDS[EXECUTION_LOST];
	x->why = "nobody waits for it any more";
	if (x->rpc)
		rpc_cancel(x->rpc);
}
