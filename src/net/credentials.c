#include "net/credentials.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "net/credential_helper.h"
#include "sys/fs.h"

enum { TOKEN_LIMIT = 16 * 1024 };

#define KEPT_NS (1800 * NS_PER_S)  /* an answer that does not say how long it holds */
#define EARLY_NS (10 * NS_PER_S)   /* a call should arrive before what it carries expires */
#define LEAST_NS NS_PER_S          /* even one that has expired is tried */
#define FAILURE_NS (5 * NS_PER_S)  /* a helper that failed is not run again at once */

struct credentials {
	struct loop *loop;
	const char *token_file, *helper;
	char *address; /* for people */
	struct buf uri;
	struct credentials_listener *listeners;
	uint64_t generation;

	struct credential_list fixed;
	struct arena fixed_strings;

	char *token; /* NULL: not read yet */
	struct file_stat token_stat;

	struct credential_list answer; /* of the helper */
	struct arena answer_strings;
	bool answered;
	int64_t good_until_ns; /* wall time */
	struct credential_helper *running;
	struct err failure;
	int64_t failed_ns; /* monotonic */

	struct credential_list all; /* what is given out; made again when a part has changed */
	struct arena all_strings;
	uint64_t all_generation;
};

/* ---- the file ---- */

static bool is_same(const struct file_stat *a, const struct file_stat *b)
{
	return a->kind == b->kind && a->size == b->size && a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns &&
	       a->inode == b->inode && a->dev == b->dev;
}

/* Keeps the token that there was if there is no other to be had. */
static int read_token(struct credentials *c, struct err *err)
{
	struct file_stat now;
	struct buf text = BUF_INIT;
	struct err failure = ERR_INIT;
	if (fs_stat(c->token_file, &now, &failure) == 0 && c->token && is_same(&now, &c->token_stat))
		return 0;
	size_t len = 0;
	if (!err_is_set(&failure) && fs_read(c->token_file, TOKEN_LIMIT, &text, &failure) == 0) {
		len = text.len;
		while (len && isspace((unsigned char)text.data[len - 1]))
			len--;
		for (size_t i = 0; i < len && !err_is_set(&failure); i++)
			if (text.data[i] <= ' ' || text.data[i] > '~')
				err_set(&failure, ERR_USAGE, "the file %s does not hold one token: there is a character in it "
					"that no token has", c->token_file);
		if (len == 0)
			err_set(&failure, ERR_USAGE, "the file %s holds no token", c->token_file);
	}
	if (!err_is_set(&failure)) {
		c->token_stat = now;
		if (!c->token || strlen(c->token) != len || memcmp(c->token, text.data, len) != 0)
			c->generation++;
		free(c->token);
		c->token = xstrndup(text.data, len);
	}
	buf_release(&text);
	if (!err_is_set(&failure) || c->token) {
		err_release(&failure);
		return 0;
	}
	err_move(err, &failure);
	err->kind = ERR_USAGE; /* also of a file that is not there: somebody named it */
	return err_wrap(err, "reading the token for %s", c->address);
}

/* ---- the helper ---- */

static int64_t wall(const struct credentials *c)
{
	return clock_wall_ns(loop_clock(c->loop));
}

static void note_failure(struct credentials *c, struct err *err)
{
	err_release(&c->failure);
	err_set(&c->failure, ERR_USAGE, "the credential helper %s failed: %s", c->helper, err->message);
	c->failed_ns = clock_monotonic_ns(loop_clock(c->loop));
	err_release(err);
}

static void take_answer(struct credentials *c, struct span output, struct err *err)
{
	struct credential_list list = { 0 };
	struct arena strings = ARENA_INIT;
	int64_t expires;
	if (err_is_set(err) || credential_helper_parse(output, &strings, &list, &expires, err)) {
		arena_release(&strings);
		note_failure(c, err);
		return;
	}
	arena_release(&c->answer_strings);
	c->answer = list;
	c->answer_strings = strings;
	c->answered = true;
	c->generation++;
	c->good_until_ns = expires == INT64_MAX ? wall(c) + KEPT_NS : expires - EARLY_NS;
	if (c->good_until_ns < wall(c) + LEAST_NS)
		c->good_until_ns = wall(c) + LEAST_NS;
	err_release(&c->failure);
}

static void on_helper(void *ctx, struct span output, struct err *err)
{
	struct credentials *c = ctx;
	c->running = NULL;
	take_answer(c, output, err);
	for (struct credentials_listener *l = c->listeners, *next; l; l = next) {
		next = l->next;
		l->changed(l->ctx);
	}
}

static enum credentials_answer ask_helper(struct credentials *c, struct err *err)
{
	struct err failure = ERR_INIT;
	if (c->answered && wall(c) < c->good_until_ns)
		return CREDENTIALS_READY;
	if (c->running)
		return CREDENTIALS_PENDING;
	bool failed = err_is_set(&c->failure) &&
		      clock_monotonic_ns(loop_clock(c->loop)) - c->failed_ns < FAILURE_NS;
	if (!failed) {
		if (!credential_helper_start(c->loop, c->helper, buf_span(&c->uri), on_helper, c, &c->running, &failure))
			return CREDENTIALS_PENDING;
		note_failure(c, &failure);
	}
	err_set(err, c->failure.kind, "%s", c->failure.message);
	return CREDENTIALS_FAILED;
}

/* ---- all together ---- */

static int append(struct credentials *c, const struct credential_list *part, struct err *err)
{
	for (unsigned i = 0; i < part->count; i++)
		if (credential_list_add(&c->all, span_of(part->items[i].name), span_of(part->items[i].value), ERR_USAGE,
					&c->all_strings, err))
			return -1;
	return 0;
}

static int gather(struct credentials *c, struct err *err)
{
	struct buf bearer = BUF_INIT;
	arena_release(&c->all_strings);
	c->all_strings = (struct arena)ARENA_INIT;
	c->all.count = 0;
	int rc = append(c, &c->fixed, err);
	if (rc == 0)
		rc = append(c, &c->answer, err);
	if (rc == 0 && c->token) {
		buf_addf(&bearer, "Bearer %s", c->token);
		rc = credential_list_add(&c->all, span_of("authorization"), buf_span(&bearer), ERR_USAGE, &c->all_strings,
					 err);
	}
	buf_release(&bearer);
	if (rc == 0)
		c->all_generation = c->generation;
	return rc;
}

enum credentials_answer credentials_get(struct credentials *c, struct credentials_headers *ret, struct err *err)
{
	if (c->token_file && read_token(c, err))
		return CREDENTIALS_FAILED;
	enum credentials_answer answer = c->helper ? ask_helper(c, err) : CREDENTIALS_READY;
	if (answer != CREDENTIALS_READY)
		return answer;
	if (c->all_generation != c->generation && gather(c, err))
		return CREDENTIALS_FAILED;
	*ret = (struct credentials_headers){ c->all.items, c->all.count, c->generation };
	return CREDENTIALS_READY;
}

bool credentials_refused(struct credentials *c, uint64_t generation)
{
	struct err ignored = ERR_INIT;
	if (generation != c->generation || c->running)
		return true;
	if (c->helper) {
		c->answered = false;
		return true;
	}
	if (!c->token_file)
		return false;
	memset(&c->token_stat, 0, sizeof c->token_stat);
	if (read_token(c, &ignored))
		err_release(&ignored);
	return generation != c->generation;
}

/* ---- life ---- */

void credentials_listen(struct credentials *c, struct credentials_listener *listener)
{
	listener->next = c->listeners;
	c->listeners = listener;
}

void credentials_unlisten(struct credentials *c, struct credentials_listener *listener)
{
	struct credentials_listener **at = &c->listeners;
	while (*at != listener)
		at = &(*at)->next;
	*at = listener->next;
}

static bool has_authorization(const struct credentials *c)
{
	for (unsigned i = 0; i < c->fixed.count; i++)
		if (strcmp(c->fixed.items[i].name, "authorization") == 0)
			return true;
	return false;
}

static int take_config(struct credentials *c, const struct credentials_config *config, struct err *err)
{
	for (const char *const *header = config->headers; header && *header; header++) {
		const char *colon = strchr(*header, ':');
		if (!colon)
			return err_set(err, ERR_USAGE, "a header to be sent to %s has no colon: write it as 'Name: value'",
				       c->address);
		if (credential_list_add(&c->fixed, (struct span){ *header, (size_t)(colon - *header) }, span_of(colon + 1),
					ERR_USAGE, &c->fixed_strings, err))
			return -1;
	}
	if ((config->token_file != NULL) + (config->helper != NULL) + has_authorization(c) > 1)
		return err_set(err, ERR_USAGE, "there is more than one way to be let in by %s: give a token file, a credential "
			       "helper or a header 'Authorization'", c->address);
	return config->token_file ? read_token(c, err) : 0;
}

int credentials_new(const struct credentials_config *config, struct credentials **ret, struct err *err)
{
	struct credentials *c = xcalloc(1, sizeof *c);
	struct buf name = BUF_INIT;
	address_print(config->address, &name);
	*c = (struct credentials){ .loop = config->loop, .token_file = config->token_file, .helper = config->helper,
				   .address = buf_detach(&name), .generation = 1 };
	buf_add_str(&c->uri, address_has_tls(config->address) ? "https://" : "http://");
	address_print_authority(config->address, &c->uri);
	buf_add_str(&c->uri, "/");
	if (take_config(c, config, err)) {
		credentials_free(c);
		return -1;
	}
	*ret = c;
	return 0;
}

void credentials_free(struct credentials *c)
{
	if (!c)
		return;
	credential_helper_cancel(c->running);
	arena_release(&c->fixed_strings);
	arena_release(&c->answer_strings);
	arena_release(&c->all_strings);
	err_release(&c->failure);
	buf_release(&c->uri);
	free(c->address);
	free(c->token);
	free(c);
}
