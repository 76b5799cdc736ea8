/* exec/frames.h: frames come out as they went in, however the bytes are cut. */
#include "../../lib/check.h"

#include "exec/frames.h"

static const char *const PAYLOADS[] = { "{}", "", "{\"event\":\"ready\"}", "x" };
enum { COUNT = sizeof PAYLOADS / sizeof *PAYLOADS };

static void append_all(struct buf *out)
{
	for (size_t i = 0; i < COUNT; i++)
		frame_append(out, span_of(PAYLOADS[i]));
}

static uint32_t take_whole_frames(struct frame_reader *r, uint32_t seen)
{
	struct err err = ERR_INIT;
	for (;;) {
		struct span payload;
		bool there;
		assert_ok(frame_reader_next(r, &payload, &there, &err));
		if (!there)
			return seen;
		assert_in_range(seen, 0, COUNT - 1);
		assert_true(span_eq_str(payload, PAYLOADS[seen]));
		seen++;
	}
}

static void frames_come_out_however_the_bytes_are_cut(void **state)
{
	(void)state;
	struct buf bytes = BUF_INIT;
	append_all(&bytes);
	for (size_t piece = 1; piece <= bytes.len; piece++) {
		struct frame_reader r = FRAME_READER_INIT;
		uint32_t seen = 0;
		for (size_t at = 0; at < bytes.len; at += piece) {
			size_t n = bytes.len - at < piece ? bytes.len - at : piece;
			frame_reader_feed(&r, (struct span){ bytes.data + at, n });
			seen = take_whole_frames(&r, seen);
		}
		assert_int_equal(seen, COUNT);
		frame_reader_release(&r);
	}
	buf_release(&bytes);
}

static void nothing_comes_out_of_nothing(void **state)
{
	(void)state;
	struct frame_reader r = FRAME_READER_INIT;
	assert_int_equal(take_whole_frames(&r, 0), 0);
	frame_reader_feed(&r, (struct span){ NULL, 0 });
	assert_int_equal(take_whole_frames(&r, 0), 0);
	frame_reader_release(&r);
}

static void a_frame_beyond_the_limit_is_refused_before_anything_is_made_for_it(void **state)
{
	(void)state;
	struct frame_reader r = FRAME_READER_INIT;
	struct err err = ERR_INIT;
	struct span payload;
	bool there;
	struct buf header = BUF_INIT;
	buf_put_u32(&header, FRAME_LIMIT + 1);
	frame_reader_feed(&r, buf_span(&header));
	assert_fails(frame_reader_next(&r, &payload, &there, &err), ERR_PROTOCOL, "more than the 67108864");
	assert_false(there);
	buf_release(&header);
	frame_reader_release(&r);
}

static void text_that_is_no_frame_is_refused(void **state)
{
	(void)state;
	struct frame_reader r = FRAME_READER_INIT;
	struct err err = ERR_INIT;
	struct span payload;
	bool there;
	frame_reader_feed(&r, span_of("Traceback (most recent call last):\n"));
	assert_fails(frame_reader_next(&r, &payload, &there, &err), ERR_PROTOCOL, "not a sepal worker");
	frame_reader_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_out_however_the_bytes_are_cut),
		cmocka_unit_test(nothing_comes_out_of_nothing),
		cmocka_unit_test(a_frame_beyond_the_limit_is_refused_before_anything_is_made_for_it),
		cmocka_unit_test(text_that_is_no_frame_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
