#include "net/credentials.h"

#include <stdlib.h>

#include "base/xalloc.h"

struct credentials {
	struct credentials_config config;
};

int credentials_new(const struct credentials_config *config, struct credentials **ret, struct err *err)
{
	(void)err;
	struct credentials *c = xcalloc(1, sizeof *c);
	c->config = *config;
	*ret = c;
	return 0;
}

void credentials_free(struct credentials *c)
{
	free(c);
}

enum credentials_answer credentials_get(struct credentials *c, struct credentials_headers *ret, struct err *err)
{
	(void)c, (void)err;
	*ret = (struct credentials_headers){ 0 };
	return CREDENTIALS_READY;
}

bool credentials_refused(struct credentials *c, uint64_t generation)
{
	(void)c, (void)generation;
	return false;
}

void credentials_listen(struct credentials *c, struct credentials_listener *listener)
{
	(void)c, (void)listener;
}

void credentials_unlisten(struct credentials *c, struct credentials_listener *listener)
{
	(void)c, (void)listener;
}
