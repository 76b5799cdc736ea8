#include "remote/abilities.h"

struct remote_abilities remote_abilities_plain(void)
{
	return (struct remote_abilities){
		.version = REMOTE_API_LOW,
		.batch_bytes = REMOTE_BATCH_BYTES,
		.blob_bytes = UINT64_MAX,
		.may_update = true,
	};
}

static bool is_before(struct reapi_version a, struct reapi_version b)
{
	return a.major != b.major ? a.major < b.major : a.minor < b.minor;
}

static int judge_version(const struct reapi_capabilities *c, const char *server, struct reapi_version *ret,
			 struct err *err)
{
	*ret = REMOTE_API_LOW;
	if (!c->has_versions)
		return 0;
	if (is_before(c->high, REMOTE_API_LOW) || is_before(REMOTE_API_HIGH, c->low))
		return err_set(err, ERR_PROTOCOL,
			       "%s speaks versions %d.%d to %d.%d of the Remote Execution API, and this program %d.%d to "
			       "%d.%d: use a server that has one of these",
			       server, c->low.major, c->low.minor, c->high.major, c->high.minor, REMOTE_API_LOW.major,
			       REMOTE_API_LOW.minor, REMOTE_API_HIGH.major, REMOTE_API_HIGH.minor);
	*ret = is_before(c->high, REMOTE_API_HIGH) ? c->high : REMOTE_API_HIGH;
	return 0;
}

static int judge_cache(const struct reapi_capabilities *c, const char *server, struct remote_abilities *ret,
		       struct err *err)
{
	if (!c->has_cache)
		return err_set(err, ERR_PROTOCOL, "%s says that it is no cache: is this the right port, and the right "
			       "instance name?", server);
	if (!c->cache_sha256)
		return err_set(err, ERR_PROTOCOL, "%s does not keep blobs by SHA-256, the only digests that this program "
			       "uses: switch them on there", server);
	if (c->batch_limit && c->batch_limit < REMOTE_BATCH_BYTES)
		ret->batch_bytes = c->batch_limit;
	if (c->blob_limit)
		ret->blob_bytes = c->blob_limit;
	ret->zstd = c->zstd;
	ret->zstd_update = c->zstd_update;
	ret->may_update = c->update_enabled;
	return 0;
}

int remote_abilities_judge(const struct reapi_capabilities *c, unsigned need, const char *server,
			   struct remote_abilities *ret, struct err *err)
{
	struct remote_abilities a = remote_abilities_plain();
	if (judge_version(c, server, &a.version, err) < 0)
		return -1;
	if ((need & REMOTE_NEED_CACHE) && judge_cache(c, server, &a, err) < 0)
		return -1;
	if ((need & REMOTE_NEED_EXECUTION) && !c->executes)
		return err_set(err, ERR_PROTOCOL, "%s does not execute actions: name an executor, or one that lets you",
			       server);
	if ((need & REMOTE_NEED_EXECUTION) && !c->execution_sha256)
		return err_set(err, ERR_PROTOCOL, "%s does not execute actions that are named by SHA-256, the only digests "
			       "that this program uses", server);
	*ret = a;
	return 0;
}
