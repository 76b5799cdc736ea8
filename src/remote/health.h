/*
 * Is a server worth talking to? One for each server: every try of every call tells how it went and asks whether to
 * try again, every request that is given up says so. It tells the user what is wrong, once, and gives the server up
 * for good when it refuses us, when tries fail in a row, or when it has cost too much time (net/patience.h has the
 * rules, this the numbers). Who has calls under way is told then, to end them.
 *
 * A server that has never answered is given up sooner than one that has: one that is restarted in the middle of a run
 * is waited for, one that is not there at all must not cost a second.
 */
#ifndef SEPAL_REMOTE_HEALTH_H
#define SEPAL_REMOTE_HEALTH_H

#include "net/patience.h"

struct remote_health {
	struct loop *loop;
	char *server; /* its address, for people */
	void (*problem)(void *ctx, const struct err *err);
	void *ctx;
	bool told;
	bool answered;         /* once, at least */
	struct breaker breaker;
	int64_t last_wave_ns;  /* tries that started before this failed together with one that was counted */
	uint64_t failed, corrupt;
	uint64_t chance;       /* seeds for back-off */
	/* Silence. Nobody is silent who was not spoken to: waiting for `credentials` (NULL: there are none) is none. */
	struct credentials *credentials;
	int64_t patience_ns;
	uint64_t (*moved)(void *ctx); /* bytes that went either way */
	void (*stop)(void *ctx);
	void *watch_ctx;
	unsigned waiting;
	int64_t waited_ns, waiting_since_ns;
	uint32_t timer;
	uint64_t moved_before;
	int64_t silent_since_ns;
};

struct remote_health *remote_health_new(struct loop *loop, const char *server,
					void (*problem)(void *ctx, const struct err *err), void *ctx);
void remote_health_free(struct remote_health *h);

/* No call is to be made any more. */
bool remote_health_gave_up(const struct remote_health *h);

/* For the one who has the connection: gives the server up, and calls `stop`, when not a byte went over the wire for
 * `patience_ns` while calls were waiting. Also when it is given up for another reason, `stop` is called. It comes from
 * the loop or out of remote_health_again(), never twice. */
void remote_health_watch(struct remote_health *h, int64_t patience_ns, uint64_t (*moved)(void *ctx),
			 void (*stop)(void *ctx), void *ctx);
void remote_health_unwatch(struct remote_health *h);
void remote_health_waits(struct remote_health *h);    /* one more call waits for an answer */
void remote_health_waits_no(struct remote_health *h); /* one less */
int64_t remote_health_waited_ns(const struct remote_health *h); /* in all, with at least one */

/* A try brought an answer, whatever it said. */
void remote_health_ok(struct remote_health *h);
/* A try that started at `started_ns` (monotonic) failed. How long to wait before another one; -1: there is none. */
int64_t remote_health_again(struct remote_health *h, enum patience verdict, struct backoff *backoff,
			    int64_t started_ns);

/* The timeout of one try that carries so many bytes: a line of 64 KiB a second is slow, not dead. */
int64_t remote_timeout_ns(int64_t timeout_ns, uint64_t bytes);

/* A request is given up. `what` was called (of a path, the last part is told), `reason` is for people. */
void remote_health_failed(struct remote_health *h, const char *what, const char *reason);
/* The server gave `what`: counted as a miss by the caller. */
void remote_health_corrupt(struct remote_health *h, const char *what);
/* The server cannot be used at all. Takes the message of `err` over. */
void remote_health_refuse(struct remote_health *h, struct err *err);

#endif
