/*
 * Text that comes to src/net from outside: addresses, what a credential helper answers, the text of a status. The first
 * byte says which.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "net/credential_helper.h"
#include "net/grpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is printed reads back as the same, and nothing in it upsets a terminal. */
static void try_address(struct span text, struct arena *a, struct err *err)
{
	struct address address, again;
	struct buf printed = BUF_INIT, second = BUF_INIT;
	if (address_parse(arena_strndup(a, text.data, text.len), a, &address, err))
		return;
	address_print(&address, &printed);
	for (size_t i = 0; i < printed.len; i++)
		if (printed.data[i] <= ' ' || printed.data[i] > '~' || printed.data[i] == '@')
			BUG("an address with a character that cannot be shown");
	if (address_parse(printed.data, a, &again, err))
		BUG("%s is refused: %s", printed.data, err->message);
	address_print(&again, &second);
	if (!span_eq(buf_span(&printed), buf_span(&second)) || strcmp(address.rest, again.rest) != 0)
		BUG("%s reads back as %s", printed.data, second.data);
	buf_release(&printed);
	buf_release(&second);
}

static void try_answer(struct span text, struct arena *a, struct err *err)
{
	struct credential_list list = { 0 };
	int64_t expires;
	if (credential_helper_parse(text, a, &list, &expires, err))
		return;
	for (unsigned i = 0; i < list.count; i++)
		if (strpbrk(list.items[i].value, "\r\n") || strpbrk(list.items[i].name, ":\r\n ABCXYZ"))
			BUG("a header that cannot be one");
}

static void try_text(struct span text)
{
	struct buf out = BUF_INIT;
	grpc_message_decode(text, &out);
	if (out.len > GRPC_TEXT_LIMIT)
		BUG("%zu bytes", out.len);
	for (size_t i = 0; i < out.len; i++)
		if ((unsigned char)out.data[i] < ' ' || out.data[i] == 0x7f)
			BUG("a control character");
	grpc_status_parse(text);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	if (size == 0)
		return 0;
	struct span text = { (const char *)data + 1, size - 1 };
	if (data[0] % 3 == 0)
		try_address(text, &a, &err);
	else if (data[0] % 3 == 1)
		try_answer(text, &a, &err);
	else
		try_text(text);
	err_release(&err);
	arena_release(&a);
	return 0;
}
