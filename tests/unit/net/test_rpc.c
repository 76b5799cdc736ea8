/*
 * net/rpc.h as its callers see it: when they are called back, and when not. The wire is a memory of what was written;
 * nothing ever comes out of it. What calls do with a server is in tests/remote/test_rpc*.py.
 */
#include "../../lib/check.h"

#include "base/xalloc.h"
#include "net/rpc_internal.h"

enum { CALLS = 3 };

struct recorded_wire {
	struct wire wire; /* first */
	struct wire_events events;
	uint32_t timer;
};

struct caller {
	struct rpc_channel *channel;
	unsigned ended;
	enum rpc_status status;
	char text[200];
	bool once_more; /* starts another call when this one ends */
};

static struct fake_clock fake_time;
static struct clock fake;
static struct loop *loop;
static struct rpc_channel *channel;
static const struct address address = { .scheme = ADDRESS_GRPC, .host = "h", .port = 1, .rest = "" };
static struct caller callers[CALLS + 1];
static unsigned dials;
static bool wires_open;

static enum wire_result nothing_read(struct wire *w, char *into, size_t room, size_t *ret_n, struct err *err)
{
	(void)w, (void)into, (void)room, (void)ret_n, (void)err;
	return WIRE_LATER;
}

static enum wire_result all_written(struct wire *w, struct span bytes, size_t *ret_n, struct err *err)
{
	(void)w, (void)err;
	*ret_n = bytes.len;
	return WIRE_DONE;
}

static void ignore_want(struct wire *w, bool wanted)
{
	(void)w, (void)wanted;
}

static void close_wire(struct wire *w)
{
	struct recorded_wire *r = (struct recorded_wire *)w;
	loop_cancel_timer(loop, r->timer);
	free(r);
}

static const struct wire_kind recorded = { nothing_read, all_written, ignore_want, close_wire };

static void on_dialled(struct loop *l, void *ctx)
{
	struct recorded_wire *r = ctx;
	struct err err = ERR_INIT;
	(void)l;
	r->timer = 0;
	if (wires_open) {
		r->events.ready(r->events.ctx);
		return;
	}
	err_set(&err, ERR_IO, "nobody is there");
	r->events.failed(r->events.ctx, &err);
	err_release(&err);
}

static struct wire *open_wire(void *ctx, const struct wire_events *events)
{
	struct recorded_wire *r = xcalloc(1, sizeof *r);
	(void)ctx;
	*r = (struct recorded_wire){ .wire = { &recorded }, .events = *events };
	r->timer = loop_add_timer(loop, 0, on_dialled, r);
	dials++;
	return &r->wire;
}

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	const struct rpc_dialer dialer = { .open = open_wire };
	(void)state;
	fake_time = (struct fake_clock){ 0, 0 };
	fake = clock_fake(&fake_time);
	memset(callers, 0, sizeof callers);
	dials = 0;
	wires_open = true;
	if (loop_new(&loop, &fake, &err))
		return -1;
	const struct rpc_config config = { .loop = loop, .address = &address, .max_streams = CALLS - 1 };
	return rpc_open_with(&config, &dialer, &channel, &err);
}

static int tear_down(void **state)
{
	(void)state;
	rpc_close(channel);
	channel = NULL;
	loop_free(loop);
	return 0;
}

static void on_ended(void *ctx, enum rpc_status status, const char *text);

static struct rpc_call *start(struct caller *c, int64_t timeout_ns)
{
	struct buf request = BUF_INIT;
	c->channel = channel;
	return rpc_ask(channel, "/t.T/Ask", timeout_ns, &request, &(struct rpc_events){ .ended = on_ended, .ctx = c });
}

static void on_ended(void *ctx, enum rpc_status status, const char *text)
{
	struct caller *c = ctx;
	c->ended++;
	c->status = status;
	snprintf(c->text, sizeof c->text, "%s", text);
	if (c->once_more)
		start(&callers[CALLS], NS_PER_S);
}

static void turn(void)
{
	struct err err = ERR_INIT;
	for (int i = 0; i < 5; i++)
		assert_ok(loop_run_once(loop, 0, &err));
}

static void calls_of_one_moment_share_a_connection_that_is_made_when_it_is_needed(void **state)
{
	(void)state;
	turn();
	assert_int_equal(dials, 0);
	for (int i = 0; i < CALLS; i++)
		start(&callers[i], NS_PER_S);
	assert_int_equal(dials, 0);
	turn();
	assert_int_equal(dials, 1);
	struct rpc_traffic t = rpc_traffic(channel);
	assert_int_equal(t.calls, CALLS);
	assert_int_equal(t.connects, 1);
	assert_true(t.sent > 0);
	/* for the server to say how many it takes */
	assert_int_equal(channel->waiting.count, CALLS - 1);
}

static void a_call_that_is_cancelled_hears_of_it_from_the_loop_wherever_it_was(void **state)
{
	struct rpc_call *calls[CALLS];
	(void)state;
	for (int i = 0; i < CALLS; i++)
		calls[i] = start(&callers[i], NS_PER_S);
	turn();
	for (int i = CALLS - 1; i >= 0; i--) {
		rpc_cancel(calls[i]);
		rpc_cancel(calls[i]);
		assert_int_equal(callers[i].ended, 0);
	}
	turn();
	for (int i = 0; i < CALLS; i++) {
		assert_int_equal(callers[i].ended, 1);
		assert_int_equal(callers[i].status, RPC_CANCELLED);
	}
	assert_int_equal(dials, 1);
}

static void each_call_has_its_own_deadline(void **state)
{
	(void)state;
	for (int i = 0; i < CALLS; i++)
		start(&callers[i], (CALLS - i) * NS_PER_S);
	turn();
	for (int i = CALLS - 1; i >= 0; i--) {
		fake_clock_advance(&fake_time, NS_PER_S - 1);
		turn();
		assert_int_equal(callers[i].ended, 0);
		fake_clock_advance(&fake_time, 1);
		turn();
		assert_int_equal(callers[i].ended, 1);
		assert_int_equal(callers[i].status, RPC_DEADLINE_EXCEEDED);
		assert_string_equal(callers[i].text, "grpc://h:1: no answer in time");
	}
}

static void closing_ends_every_call_and_those_that_begin_meanwhile(void **state)
{
	(void)state;
	for (int i = 0; i < CALLS; i++)
		start(&callers[i], NS_PER_S);
	turn();
	callers[0].once_more = true;
	rpc_close(channel);
	channel = NULL;
	for (int i = 0; i <= CALLS; i++) {
		assert_int_equal(callers[i].ended, 1);
		assert_int_equal(callers[i].status, RPC_CANCELLED);
	}
}

static void a_call_may_begin_where_another_one_ended(void **state)
{
	(void)state;
	wires_open = false;
	callers[0].once_more = true;
	start(&callers[0], NS_PER_S);
	turn();
	assert_int_equal(callers[0].ended, 1);
	assert_int_equal(callers[0].status, RPC_UNAVAILABLE);
	assert_string_equal(callers[0].text, "grpc://h:1: nobody is there");
	turn();
	assert_int_equal(callers[CALLS].ended, 1);
	assert_int_equal(dials, 2);
}

static void a_server_that_is_silent_is_pinged_at_growing_intervals_and_given_up(void **state)
{
	(void)state;
	start(&callers[0], 3600 * NS_PER_S);
	turn();
	uint64_t sent = rpc_traffic(channel).sent;
	fake_clock_advance(&fake_time, 29 * NS_PER_S);
	turn();
	assert_int_equal(rpc_traffic(channel).sent, sent);
	fake_clock_advance(&fake_time, NS_PER_S);
	turn();
	assert_int_equal(rpc_traffic(channel).sent, sent + 17); /* a PING frame */
	fake_clock_advance(&fake_time, 20 * NS_PER_S);
	turn();
	assert_int_equal(callers[0].ended, 1);
	assert_int_equal(callers[0].status, RPC_UNAVAILABLE);
	assert_non_null(strstr(callers[0].text, "fallen silent"));
}

static void what_is_wrong_with_the_configuration_is_told_before_anything_else(void **state)
{
	struct err err = ERR_INIT;
	struct rpc_channel *ch;
	struct address other = address;
	(void)state;
	other.scheme = ADDRESS_HTTPS;
	struct rpc_config config = { .loop = loop, .address = &other };
	assert_fails(rpc_open(&config, &ch, &err), ERR_USAGE, "https://h:1 is no address for gRPC");
	other.scheme = ADDRESS_GRPCS;
	const struct tls_options tls = { .roots_file = "/no/such/file" };
	config.tls = &tls;
	assert_fails(rpc_open(&config, &ch, &err), ERR_USAGE, "/no/such/file");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(calls_of_one_moment_share_a_connection_that_is_made_when_it_is_needed),
		TEST(a_call_that_is_cancelled_hears_of_it_from_the_loop_wherever_it_was),
		TEST(each_call_has_its_own_deadline),
		TEST(closing_ends_every_call_and_those_that_begin_meanwhile),
		TEST(a_call_may_begin_where_another_one_ended),
		TEST(a_server_that_is_silent_is_pinged_at_growing_intervals_and_given_up),
		TEST(what_is_wrong_with_the_configuration_is_told_before_anything_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
