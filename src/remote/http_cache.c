#include "remote/cache_internal.h"

int http_cache_open(const struct remote_cache_config *config, struct remote_health *health, struct remote_kind **ret,
		    struct err *err)
{
	(void)health;
	(void)ret;
	return err_set(err, ERR_USAGE, "%s: caches that speak HTTP are not supported yet: use grpc:// or grpcs://",
		       config->address->host);
}
