/*
 * One server, from the options of the command line to what the rooms below want: its address, whom to believe, and what
 * to say about ourselves. The shared cache and the executor have one each; the options are the same for both.
 */
#ifndef SEPAL_CMD_REMOTE_SERVER_H
#define SEPAL_CMD_REMOTE_SERVER_H

#include "cmd/settings.h"
#include "net/address.h"
#include "net/credentials.h"
#include "net/tls.h"
#include "sys/loop.h"

struct remote_server {
	struct arena arena;
	struct address address;
	struct tls_options tls;
	struct credentials *credentials;
	int64_t timeout_ns;
};

/* What can be said without the network: ERR_USAGE. `url` may be NULL. */
int remote_server_check(const struct remote_settings *set, const char *url, struct err *err) MUST_CHECK;
/* Close it also after a failure. */
int remote_server_open(struct remote_server *s, const struct remote_settings *set, const char *url, struct loop *loop,
		       struct err *err) MUST_CHECK;
void remote_server_close(struct remote_server *s); /* accepts a zeroed one */

#endif
