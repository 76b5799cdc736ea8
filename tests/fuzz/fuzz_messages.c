/*
 * Everything that a server of the Remote Execution API says: each message as its decoder sees it, and Zstandard. The
 * first byte says which. What comes back as a struct that we also write (an action result, a directory) is written, and
 * then decodes to the same bytes again; what points at text or lists is read to its end.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "remote/messages_execute.h"
#include "remote/zstd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t seen; /* so that nothing that is read can be left out by a compiler */

static void see(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		seen += (unsigned char)s.data[i];
}

static void see_text(const char *s)
{
	see(span_of(s));
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			BUG("text of a server with the byte %d", *s);
}

static void try_capabilities(struct span message, struct arena *a)
{
	struct reapi_capabilities c;
	if (reapi_decode_capabilities(message, a, &c))
		seen += c.batch_limit + c.blob_limit + (size_t)c.low.major + c.update_enabled + c.executes;
}

static void see_result(const struct reapi_result *r)
{
	for (uint32_t i = 0; i < r->file_count; i++) {
		see(r->files[i].contents);
		if (!reapi_path_is_fine(r->files[i].path))
			BUG("a file's path that is not fine");
	}
	for (uint32_t i = 0; i < r->dir_count; i++)
		see(span_of(r->dirs[i].path));
	for (uint32_t i = 0; i < r->symlink_count; i++)
		see_text(r->symlinks[i].target);
	see(r->out.raw);
	see(r->err.raw);
	see_text(r->worker);
}

static void try_result(struct span message, struct arena *a)
{
	struct reapi_result r, back;
	struct buf once = BUF_INIT, twice = BUF_INIT;
	if (!reapi_decode_result(message, a, &r))
		return;
	see_result(&r);
	reapi_encode_result(&r, &once);
	if (!reapi_decode_result(buf_span(&once), a, &back))
		BUG("a result that was written is refused");
	reapi_encode_result(&back, &twice);
	/* files of one path may change places */
	if (once.len != twice.len)
		BUG("a result is written differently the second time");
	buf_release(&once);
	buf_release(&twice);
}

static void try_find_missing(struct span message, struct arena *a)
{
	struct remote_blob *blobs;
	uint32_t count;
	if (reapi_decode_find_missing(message, a, &blobs, &count))
		see((struct span){ (const char *)blobs, count * sizeof *blobs });
}

static void try_answers(bool (*decode)(struct span, struct arena *, struct reapi_answer **, uint32_t *),
			struct span message, struct arena *a)
{
	struct reapi_answer *answers;
	uint32_t count;
	if (!decode(message, a, &answers, &count))
		return;
	for (uint32_t i = 0; i < count; i++) {
		see(answers[i].data);
		see_text(answers[i].status.text);
	}
}

static void try_batch_update(struct span message, struct arena *a)
{
	try_answers(reapi_decode_batch_update, message, a);
}

static void try_batch_read(struct span message, struct arena *a)
{
	try_answers(reapi_decode_batch_read, message, a);
}

static void try_read(struct span message, struct arena *a)
{
	struct span data;
	if (reapi_decode_read(message, a, &data))
		see(data);
}

static void try_write(struct span message, struct arena *a)
{
	int64_t committed;
	if (reapi_decode_write(message, a, &committed))
		seen += (size_t)committed;
}

static void see_directory(const struct reapi_directory *d)
{
	for (uint32_t i = 0; i < d->file_count; i++)
		if (!reapi_name_is_fine(d->files[i].name))
			BUG("a file's name that is not fine");
	for (uint32_t i = 0; i < d->dir_count; i++)
		if (!reapi_name_is_fine(d->dirs[i].name))
			BUG("a directory's name that is not fine");
	for (uint32_t i = 0; i < d->symlink_count; i++)
		see_text(d->symlinks[i].target);
}

static void try_directory(struct span message, struct arena *a)
{
	struct reapi_directory d, back;
	struct buf once = BUF_INIT, twice = BUF_INIT;
	if (!reapi_decode_directory(message, a, &d))
		return;
	see_directory(&d);
	reapi_encode_directory(&d, &once);
	if (!reapi_decode_directory(buf_span(&once), a, &back))
		BUG("a directory that was written is refused");
	reapi_encode_directory(&back, &twice);
	if (!span_eq(buf_span(&once), buf_span(&twice)))
		BUG("a directory is written differently the second time");
	buf_release(&once);
	buf_release(&twice);
}

static void try_tree(struct span message, struct arena *a)
{
	struct reapi_tree t;
	if (!reapi_decode_tree(message, a, &t))
		return;
	see_directory(&t.root);
	for (uint32_t i = 0; i < t.child_count; i++)
		see_directory(&t.children[i]);
}

static void try_operation(struct span message, struct arena *a)
{
	struct reapi_operation o;
	if (!reapi_decode_operation(message, a, &o))
		return;
	see(span_of(o.name));
	see_text(o.message);
	see_text(o.error.text);
	see_text(o.status.text);
	see((struct span){ (const char *)o.missing, o.missing_count * sizeof *o.missing });
	if (o.has_result)
		see_result(&o.result);
}

static void try_status(struct span message, struct arena *a)
{
	struct reapi_status status;
	struct remote_blob *missing;
	uint32_t count;
	if (!reapi_decode_status(message, a, &status, &missing, &count))
		return;
	see_text(status.text);
	see((struct span){ (const char *)missing, count * sizeof *missing });
}

/* In two pieces, the second byte says where they meet; never more than was promised. */
static void try_zstd(struct span message, struct arena *a)
{
	(void)a;
	enum { PROMISED = 100000 };
	if (message.len < 1)
		return;
	size_t cut = (unsigned char)message.data[0] % message.len;
	struct span first = { message.data + 1, cut }, second = { message.data + 1 + cut, message.len - 1 - cut };
	struct buf out = BUF_INIT, whole = BUF_INIT;
	struct zstd_decoder *d = zstd_decoder_new(PROMISED);
	bool ok = zstd_decoder_add(d, first, &out) && zstd_decoder_add(d, second, &out);
	if (out.len > PROMISED)
		BUG("more bytes than were promised");
	ok = ok && zstd_decoder_is_done(d);
	if (ok != zstd_decompress((struct span){ message.data + 1, message.len - 1 }, PROMISED, &whole) ||
	    (ok && !span_eq(buf_span(&out), buf_span(&whole))))
		BUG("pieces decode to something else than the whole");
	zstd_decoder_free(d);
	buf_release(&out);
	buf_release(&whole);
}

static void (*const tries[])(struct span message, struct arena *a) = {
	try_capabilities, try_result, try_find_missing, try_batch_update, try_batch_read, try_read,
	try_write,	  try_directory, try_tree, try_operation, try_status, try_zstd,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct arena a = ARENA_INIT;
	struct span message = { (const char *)data + 1, size - 1 };
	tries[data[0] % (sizeof tries / sizeof *tries)](message, &a);
	/* a hostile message costs memory in proportion to its length */
	if (a.total > 64 * size + (8u << 20))
		BUG("%zu bytes of a message took %zu bytes of memory", size, a.total);
	arena_release(&a);
	return 0;
}
