#include "cmd/found.h"

#include "model/record.h"
#include "sys/fs.h"

enum { VERSION = 1, LIMIT = 512 * 1024 * 1024 };
static const char MAGIC[] = "SEPF";

#define AT(member) offsetof(struct display, member)
static const size_t FLAGS[] = { AT(pretty), AT(color_output), AT(show_column_numbers), AT(show_error_end),
	                        AT(hide_error_codes), AT(show_absolute_path), AT(error_summary), AT(output_json),
	                        AT(warn_unused_configs) };
#undef AT
enum { FLAG_COUNT = sizeof FLAGS / sizeof *FLAGS };

void found_encode(const struct display *d, const struct findings *f, struct buf *out)
{
	uint32_t flags = 0;
	for (size_t i = 0; i < FLAG_COUNT; i++)
		flags |= (uint32_t) * (const bool *)((const char *)d + FLAGS[i]) << i;
	size_t start = record_begin(out, MAGIC, VERSION);
	buf_put_u32(out, flags);
	findings_encode(f, out);
	record_seal(out, start);
}

bool found_decode(struct span file, struct arena *arena, struct display *ret_display, struct findings *ret)
{
	struct reader r;
	struct display d = { .config_file = NULL };
	struct findings f;
	if (!record_open(file, MAGIC, VERSION, &r))
		return false;
	uint32_t flags = reader_u32(&r);
	if (flags >> FLAG_COUNT || !findings_decode(&r, arena, &f) || !reader_done(&r))
		return false;
	for (size_t i = 0; i < FLAG_COUNT; i++)
		*(bool *)((char *)&d + FLAGS[i]) = flags >> i & 1;
	*ret_display = d;
	*ret = f;
	return true;
}

bool found_load(struct pipeline *p, uint64_t checksum, struct arena *arena, struct display *ret_display,
                struct findings *ret)
{
	struct buf file = BUF_INIT;
	struct err ignored = ERR_INIT; /* what cannot be read is made anew */
	bool there = false;
	bool holds = !fs_read_if_there(pipeline_state_file(p, "found"), LIMIT, &file, &there, &ignored) && there &&
	             hash_xxh3(buf_span(&file)) == checksum &&
	             found_decode(buf_span(&file), arena, ret_display, ret);
	err_release(&ignored);
	buf_release(&file);
	return holds;
}

int found_save(struct pipeline *p, const struct findings *f, uint64_t *ret_checksum, struct err *err)
{
	struct buf out = BUF_INIT;
	found_encode(&p->described.display, f, &out);
	*ret_checksum = hash_xxh3(buf_span(&out));
	int failed = fs_write_atomic(pipeline_state_file(p, "found"), buf_span(&out), 0, err);
	buf_release(&out);
	return failed;
}
