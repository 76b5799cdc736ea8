/* What executor.c (capabilities, the action cache, giving up) and execution.c (streams of operations) share. */
#ifndef SEPAL_REMOTE_EXECUTOR_INTERNAL_H
#define SEPAL_REMOTE_EXECUTOR_INTERNAL_H

#include "remote/executor.h"
#include "remote/grpc_call.h"

#define REMOTE_SERVICE "/build.bazel.remote.execution.v2."

struct executor {
	struct executor_config config;
	char *server; /* its address, for people */
	struct remote_health *health;
	struct grpc_calls *calls;    /* what is asked and answered at once */
	struct rpc_channel *streams; /* executions, which may keep all streams of a connection busy */
	struct reapi_version version;
	struct execution *first; /* all that have not ended */
	struct breaker breaker;  /* for streams */
	int64_t last_wave_ns, heard_ns;
	uint32_t silence_timer;
	uint64_t chance;
	/* A server may have a limit on the calls that are under way, and everybody's streams of executions count. When it
	 * says so, fewer of ours are open: those that have a name on the server are taken up again later. */
	unsigned open, open_limit;
	unsigned cancelling;
	bool closing;
};

/* Ends all executions: as lost, or as timed out. */
void execution_end_all(struct executor *e, enum execution_end end, const char *text);
/* Tells the server that nobody waits any more. */
void execution_cancel_all(struct executor *e);

#endif
