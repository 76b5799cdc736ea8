/* base/json.h: what js_parse accepts is written canonically, and the canonical text reads back as the same value. */
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct js *value = NULL, *again = NULL;
	if (js_parse((struct span){ (const char *)data, size }, "the input", &value, &err) != 0) {
		if (!err.message)
			BUG("refused without a message");
		err_release(&err);
		return 0;
	}
	struct buf text = BUF_INIT, second = BUF_INIT;
	js_write(value, 0, &text);
	if (js_parse(buf_span(&text), "canonical text", &again, &err) != 0)
		BUG("canonical text is refused: %s", err.message);
	js_write(again, 0, &second);
	if (!js_equal(value, again) || !span_eq(buf_span(&text), buf_span(&second)))
		BUG("canonical text reads back as another value: %s", text.data);
	buf_release(&text);
	buf_release(&second);
	js_free(value);
	js_free(again);
	return 0;
}
