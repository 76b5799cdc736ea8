/*
 * What a server says to a gRPC client, from the bytes on the wire to messages and statuses: net/h2.h, net/grpc.h and
 * the channel (net/rpc.h) over a wire that is the input. The first byte is the size of the pieces that are read, the
 * second one says what comes at the end, how many calls there are and what may be received.
 *
 * Every call has to end exactly once, at the latest by its deadline, and nothing comes after its end.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "net/rpc_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CALLS = 6, DIALS = 3, ROUNDS = 64, PIECES_A_TURN = 8 };
enum { SILENT_END = 1, SMALL_MESSAGES = 2, ONE_STREAM = 4, RELUCTANT = 8, CANCELS = 16 };

struct call {
	struct trial *trial;
	struct rpc_call *rpc;
	unsigned pulled, messages, ended;
};

/* One input. */
struct trial {
	struct loop *loop;
	struct span left;
	size_t piece;
	unsigned flags, dials, turn;
	struct input_wire *wire; /* the present one */
	struct call calls[CALLS];
};

struct input_wire {
	struct wire wire; /* first */
	struct trial *trial;
	struct wire_events events;
	uint32_t timer;
};

/* ---- the wire ---- */

static enum wire_result input_read(struct wire *w, char *into, size_t room, size_t *ret_n, struct err *err)
{
	struct trial *t = ((struct input_wire *)w)->trial;
	size_t n = t->left.len < t->piece ? t->left.len : t->piece;
	(void)err;
	if (n > room)
		n = room;
	if (n == 0)
		return t->flags & SILENT_END ? WIRE_LATER : WIRE_END;
	if (++t->turn % PIECES_A_TURN == 0)
		return WIRE_LATER;
	memcpy(into, t->left.data, n);
	t->left.data += n;
	t->left.len -= n;
	*ret_n = n;
	return WIRE_DONE;
}

static enum wire_result input_write(struct wire *w, struct span bytes, size_t *ret_n, struct err *err)
{
	struct trial *t = ((struct input_wire *)w)->trial;
	(void)err;
	if (t->flags & RELUCTANT && t->turn % 2)
		return WIRE_LATER;
	*ret_n = t->flags & RELUCTANT && bytes.len > 100 ? 100 : bytes.len;
	return WIRE_DONE;
}

static void input_want_write(struct wire *w, bool wanted)
{
	(void)w, (void)wanted;
}

static void input_close(struct wire *w)
{
	struct input_wire *input = (struct input_wire *)w;
	loop_cancel_timer(input->trial->loop, input->timer);
	if (input->trial->wire == input)
		input->trial->wire = NULL;
	free(input);
}

static const struct wire_kind input_kind = { input_read, input_write, input_want_write, input_close };

static void on_dialled(struct loop *loop, void *ctx)
{
	struct input_wire *input = ctx;
	struct err err = ERR_INIT;
	(void)loop;
	input->timer = 0;
	if (input->trial->dials <= DIALS) {
		input->trial->wire = input;
		input->events.ready(input->events.ctx);
		return;
	}
	err_set(&err, ERR_IO, "cannot connect");
	input->events.failed(input->events.ctx, &err);
	err_release(&err);
}

static struct wire *open_input(void *ctx, const struct wire_events *events)
{
	struct trial *t = ctx;
	struct input_wire *input = xcalloc(1, sizeof *input);
	*input = (struct input_wire){ .wire = { &input_kind }, .trial = t, .events = *events };
	t->dials++;
	input->timer = loop_add_timer(t->loop, 0, on_dialled, input);
	return &input->wire;
}

/* ---- the calls ---- */

static int on_next(void *ctx, struct span *ret)
{
	struct call *c = ctx;
	static const char message[300] = { 0 };
	if (c->ended)
		BUG("a message was asked for after the end");
	*ret = (struct span){ message, c->pulled * 100 };
	return c->pulled++ < 2;
}

static void on_rewind(void *ctx)
{
	((struct call *)ctx)->pulled = 0;
}

static int on_message(void *ctx, struct span message)
{
	struct call *c = ctx;
	uint32_t sum = 0;
	if (c->ended)
		BUG("a message came after the end");
	for (size_t i = 0; i < message.len; i++)
		sum += (unsigned char)message.data[i];
	return c->trial->flags & CANCELS && ++c->messages + sum % 2 > 2;
}

static void on_ended(void *ctx, enum rpc_status status, const char *text)
{
	struct call *c = ctx;
	if (c->ended++)
		BUG("a call ended twice");
	if ((unsigned)status > RPC_UNAUTHENTICATED || strlen(text) > GRPC_TEXT_LIMIT)
		BUG("status %d: %s", (int)status, text);
}

static void start_calls(struct trial *t, struct rpc_channel *ch)
{
	for (unsigned i = 0; i < CALLS; i++) {
		struct rpc_events events = { .next = on_next, .message = on_message, .ended = on_ended };
		struct buf request = BUF_INIT;
		events.ctx = &t->calls[i];
		t->calls[i].trial = t;
		if (i % 3)
			events.rewind = on_rewind;
		buf_add_str(&request, "request");
		if (i % 2)
			t->calls[i].rpc = rpc_start(ch, "/t.T/Stream", (i + 1) * NS_PER_S, &events);
		else
			t->calls[i].rpc = rpc_ask(ch, "/t.T/Ask", (i + 1) * NS_PER_S, &request, &events);
		buf_release(&request);
	}
}

static bool all_ended(const struct trial *t)
{
	for (unsigned i = 0; i < CALLS; i++)
		if (!t->calls[i].ended)
			return false;
	return true;
}

static void run(struct trial *t, struct fake_clock *time)
{
	struct err err = ERR_INIT;
	size_t most = ROUNDS + t->left.len;
	for (size_t round = 0; !all_ended(t); round++) {
		if (round > most)
			BUG("calls do not end");
		if (loop_run_once(t->loop, 0, &err))
			BUG("%s", err.message);
		if (t->flags & CANCELS && round == 3 && !t->calls[0].ended)
			rpc_cancel(t->calls[0].rpc);
		if (t->wire)
			t->wire->events.active(t->wire->events.ctx);
		/* slowly while there is something to be read: pauses between tries have to end */
		fake_clock_advance(time, t->wire && t->left.len ? NS_PER_MS : NS_PER_S / 4);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct address address = { .scheme = ADDRESS_GRPC, .host = "fuzz", .port = 1, .rest = "" };
	struct fake_clock time = { 0, 0 };
	struct clock clock = clock_fake(&time);
	struct err err = ERR_INIT;
	struct rpc_channel *ch;
	if (size < 2)
		return 0;
	struct trial t = { .left = { (const char *)data + 2, size - 2 }, .piece = data[0] ? data[0] : 65536,
			   .flags = data[1] };
	if (loop_new(&t.loop, &clock, &err))
		BUG("%s", err.message);
	const struct rpc_config config = { .loop = t.loop, .address = &address,
					   .message_limit = t.flags & SMALL_MESSAGES ? 16 : 1 << 20,
					   .max_streams = t.flags & ONE_STREAM ? 1 : 0 };
	if (rpc_open_with(&config, &(struct rpc_dialer){ open_input, &t }, &ch, &err))
		BUG("%s", err.message);
	start_calls(&t, ch);
	run(&t, &time);
	rpc_close(ch);
	loop_free(t.loop);
	return 0;
}
