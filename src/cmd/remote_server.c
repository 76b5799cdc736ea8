#include "cmd/remote_server.h"

#include <string.h>

int remote_server_check(const struct remote_settings *set, const char *url, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct address address;
	int failed = 0;
	for (const char **h = set->headers; *h && !failed; h++)
		if (!strchr(*h, '='))
			failed = err_set(err, ERR_USAGE, "--remote-header wants NAME=VALUE, and there is no `=` in what was given");
	if (!failed && url)
		failed = address_parse(url, &a, &address, err);
	arena_release(&a);
	return failed;
}

/* NAME=VALUE becomes "NAME: VALUE". */
static const char *const *headers_of(struct arena *a, const char **given)
{
	uint32_t n = 0;
	while (given[n])
		n++;
	const char **list = ARENA_ARRAY(a, const char *, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		const char *value = strchr(given[i], '=');
		list[i] = arena_printf(a, "%.*s: %s", (int)(value - given[i]), given[i], value + 1);
	}
	return list;
}

int remote_server_open(struct remote_server *s, const struct remote_settings *set, const char *url, struct loop *loop,
		       struct err *err)
{
	*s = (struct remote_server){ .timeout_ns = (int64_t)set->timeout_seconds * NS_PER_S };
	if (address_parse(url, &s->arena, &s->address, err))
		return -1;
	s->tls = (struct tls_options){ .roots_file = set->ca_file, .certificate_file = set->cert, .key_file = set->key };
	struct credentials_config credentials = {
		.loop = loop,
		.address = &s->address,
		.token_file = set->token_file,
		.helper = set->credential_helper,
		.headers = headers_of(&s->arena, set->headers),
	};
	return credentials_new(&credentials, &s->credentials, err);
}

void remote_server_close(struct remote_server *s)
{
	credentials_free(s->credentials);
	arena_release(&s->arena);
}
