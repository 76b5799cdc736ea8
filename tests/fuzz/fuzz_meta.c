/*
 * mypy's meta and meta_ex files (checker/mypy_meta.h): bytes that another program wrote are read within their bounds,
 * and refused with a sentence. The first byte says which of the two.
 */
#include <stddef.h>
#include <stdint.h>

#include "checker/mypy_meta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_meta(struct span file, struct arena *a, struct err *err)
{
	struct mypy_meta m;
	if (mypy_meta_read(file, "the input", a, &m, err) == 0 && !mypy_format_supported(m.format))
		BUG("a file of an unsupported format was accepted");
}

static void try_meta_ex(struct span file, struct arena *a, struct err *err)
{
	static const struct mypy_format formats[] = { { 0, 8 }, { 0, 10 }, { 0, 11 } };
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		struct mypy_meta_ex m;
		err_release(err);
		if (mypy_format_supported(formats[i]) &&
		    mypy_meta_ex_read(file, formats[i], "the input", a, &m, err) != 0 && !err->message)
			BUG("refused without a message");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct err err = ERR_INIT;
	struct arena a = ARENA_INIT;
	struct span file = { (const char *)data + 1, size - 1 };
	if (data[0] % 2)
		try_meta_ex(file, &a, &err);
	else
		try_meta(file, &a, &err);
	err_release(&err);
	arena_release(&a);
	return 0;
}
