/* net/dial.h and net/lookup.h with sockets of this machine: who answers, who refuses, who is not waited for. */
#include "../../lib/check.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/dial.h"

static struct clock real_clock;
static struct loop *loop;

/* What became of a dial. */
struct outcome {
	unsigned connected, failed;
	int fd;
	char text[300];
};

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	real_clock = clock_system();
	return loop_new(&loop, &real_clock, &err);
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

static void on_connected(void *ctx, int fd)
{
	struct outcome *o = ctx;
	o->connected++;
	o->fd = fd;
}

static void on_failed(void *ctx, const struct err *err)
{
	struct outcome *o = ctx;
	o->failed++;
	snprintf(o->text, sizeof o->text, "%s", err->message);
}

/* A socket that listens on 127.0.0.1 (its port is in *ret_port), or is only bound when `listening` is false. */
static int local_socket(bool listening, uint16_t *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	if (listening)
		assert_int_equal(listen(fd, 5), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static struct outcome dial(const char *host, uint16_t port, int64_t timeout_ns)
{
	const struct address address = { .scheme = ADDRESS_GRPC, .host = host, .port = port, .rest = "" };
	struct outcome o = { .fd = -1 };
	struct err err = ERR_INIT;
	const struct dial_events events = { .connected = on_connected, .failed = on_failed, .ctx = &o };
	assert_non_null(dial_start(loop, &address, timeout_ns, &events));
	assert_int_equal(o.connected + o.failed, 0); /* only from the loop */
	assert_ok(loop_run(loop, &err)); /* which has nothing left to wait for afterwards */
	assert_int_equal(o.connected + o.failed, 1);
	if (o.fd >= 0)
		close(o.fd);
	return o;
}

static void a_number_and_a_name_are_connected_to(void **state)
{
	uint16_t port;
	int listener = local_socket(true, &port);
	(void)state;
	assert_int_equal(dial("127.0.0.1", port, 5 * NS_PER_S).connected, 1);
	/* whatever else it stands for: nobody listens there, and the next address is tried */
	assert_int_equal(dial("localhost", port, 5 * NS_PER_S).connected, 1);
	close(listener);
}

static void who_refuses_is_told_at_once(void **state)
{
	uint16_t port;
	int bound = local_socket(false, &port);
	int64_t start = clock_monotonic_ns(&real_clock);
	(void)state;
	struct outcome o = dial("127.0.0.1", port, 30 * NS_PER_S);
	assert_string_equal(o.text, "cannot connect: Connection refused");
	assert_string_equal(dial("localhost", port, 30 * NS_PER_S).text, o.text);
	assert_true(clock_monotonic_ns(&real_clock) - start < 10 * NS_PER_S);
	close(bound);
}

static void a_name_that_nobody_has_is_told(void **state)
{
	(void)state;
	assert_non_null(strstr(dial("no-such-host.invalid", 1, 30 * NS_PER_S).text, "cannot look up the host's name"));
}

static void time_that_is_over_is_told(void **state)
{
	(void)state;
	struct outcome o = dial("no-such-host.invalid", 1, 0);
	assert_non_null(strstr(o.text, "cannot look up the host's name"));
}

/* One that takes no connection any more, and says nothing about it: its queue is full. */
static int silent_socket(uint16_t *ret_port, int fill[4])
{
	int fd = local_socket(true, ret_port);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(*ret_port),
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	assert_int_equal(listen(fd, 0), 0);
	for (int i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fill[i], (struct sockaddr *)&address, sizeof address);
	}
	return fd;
}

static struct outcome dial_ports(const uint16_t *ports, unsigned count, int64_t timeout_ns, int64_t *ret_ns)
{
	struct lookup_answer known = { .count = count };
	struct outcome o = { .fd = -1 };
	struct err err = ERR_INIT;
	for (unsigned i = 0; i < count; i++) {
		struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(ports[i]),
					       .sin_addr = { htonl(INADDR_LOOPBACK) } };
		memcpy(&known.addresses[i], &address, sizeof address);
		known.lengths[i] = sizeof address;
	}
	int64_t start = clock_monotonic_ns(&real_clock);
	dial_known(loop, &known, timeout_ns,
		   &(struct dial_events){ .connected = on_connected, .failed = on_failed, .ctx = &o });
	assert_ok(loop_run(loop, &err));
	*ret_ns = clock_monotonic_ns(&real_clock) - start;
	if (o.fd >= 0)
		close(o.fd);
	return o;
}

static void all_addresses_are_tried_and_the_silent_ones_not_waited_for(void **state)
{
	uint16_t good, refused, silent;
	int fill[4];
	int64_t took;
	int fds[3] = { local_socket(true, &good), local_socket(false, &refused), silent_socket(&silent, fill) };
	(void)state;
	struct outcome o = dial_ports((uint16_t[]){ refused, refused, good }, 3, 9 * NS_PER_S, &took);
	assert_int_equal(o.connected, 1);
	assert_true(took < 2 * DIAL_STAGGER_NS);
	o = dial_ports((uint16_t[]){ silent, silent, refused, good }, 4, 9 * NS_PER_S, &took);
	assert_int_equal(o.connected, 1);
	assert_true(took >= 2 * DIAL_STAGGER_NS && took < 5 * NS_PER_S);
	o = dial_ports((uint16_t[]){ refused, silent }, 2, NS_PER_S / 5, &took);
	assert_string_equal(o.text, "nothing answered in time");
	o = dial_ports((uint16_t[]){ refused, refused }, 2, 9 * NS_PER_S, &took);
	assert_string_equal(o.text, "cannot connect: Connection refused");
	for (int i = 0; i < 4; i++)
		close(fill[i]);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

static void nobody_is_called_after_a_cancel(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost", "no-such-host.invalid" };
	uint16_t port;
	int listener = local_socket(true, &port);
	(void)state;
	for (size_t i = 0; i < 30; i++) {
		const struct address address = { .scheme = ADDRESS_GRPC, .host = hosts[i % 3], .port = port, .rest = "" };
		struct outcome o = { .fd = -1 };
		struct err err = ERR_INIT;
		const struct dial_events events = { .connected = on_connected, .failed = on_failed, .ctx = &o };
		struct dial *d = dial_start(loop, &address, 5 * NS_PER_S, &events);
		for (size_t k = 0; k < i / 6 && !o.connected && !o.failed; k++)
			assert_ok(loop_run_once(loop, NS_PER_MS, &err));
		if (!o.connected && !o.failed) {
			dial_cancel(d);
			assert_ok(loop_run(loop, &err));
			assert_int_equal(o.connected + o.failed, 0);
		}
		if (o.fd >= 0)
			close(o.fd);
	}
	dial_cancel(NULL);
	lookup_cancel(NULL);
	close(listener);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_number_and_a_name_are_connected_to),
		TEST(who_refuses_is_told_at_once),
		TEST(a_name_that_nobody_has_is_told),
		TEST(time_that_is_over_is_told),
		TEST(all_addresses_are_tried_and_the_silent_ones_not_waited_for),
		TEST(nobody_is_called_after_a_cancel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
