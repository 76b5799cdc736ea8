/* The status line; see ui/status.h. */
#include "ui/status.h"

#include <errno.h>
#include <unistd.h>

#include "ui/utf8.h"

#define REDRAW_NS INT64_C(100000000)
#define ERASE_LINE "\r\33[K"

void status_init(struct status *s, int fd, bool is_terminal, int columns, bool verbose)
{
	*s = (struct status){ .fd = fd, .is_terminal = is_terminal, .columns = columns, .verbose = verbose };
}

static void write_all(int fd, struct span text)
{
	while (text.len) {
		ssize_t n = write(fd, text.data, text.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text = span_tail(text, (size_t)n);
	}
}

/* Columns that a code point takes at most. Widths differ between terminals; two is enough for all that is not ASCII. */
static int columns_of(uint32_t c)
{
	return c < 0x80 ? 1 : 2;
}

static int text_columns(struct span s)
{
	int total = 0;
	while (s.len) {
		size_t len;
		total += columns_of(utf8_decode(s, &len));
		s = span_tail(s, len);
	}
	return total;
}

/* As much of `s` as fits, with "..." for the rest. Control characters and broken bytes become question marks. */
static void add_clipped(struct span s, int columns, struct buf *out)
{
	bool clips = text_columns(s) > columns;
	int room = clips ? columns - 3 : columns;
	while (s.len) {
		size_t len;
		uint32_t c = utf8_decode(s, &len);
		room -= columns_of(c);
		if (room < 0)
			break;
		bool printable = c >= 0x20 && c != 0x7F && !(c >= 0x80 && c < 0xA0) && !(c >= 0xDC80 && c <= 0xDCFF);
		buf_add(out, printable ? s.data : "?", printable ? len : 1);
		s = span_tail(s, len);
	}
	for (int i = 0; clips && i < 3 && i < columns; i++)
		buf_add_char(out, '.');
}

void status_format(const struct status_numbers *numbers, int columns, struct buf *out)
{
	struct buf line = BUF_INIT;
	buf_addf(&line, "[%u/%u] %u running, %u from the store", numbers->done, numbers->total, numbers->running,
	         numbers->hits);
	if (numbers->current)
		buf_addf(&line, ": %s", numbers->current);
	if (columns > 0)
		add_clipped(buf_span(&line), columns, out);
	buf_release(&line);
}

void status_show(struct status *s, const struct status_numbers *numbers, int64_t now_ns)
{
	if (!s->is_terminal || s->columns < 1 || now_ns < s->next_draw_ns)
		return;
	struct buf out = BUF_INIT;
	buf_add_str(&out, ERASE_LINE);
	/* The last column stays free: some terminals start a new line as soon as it is written. */
	status_format(numbers, s->columns - 1, &out);
	write_all(s->fd, buf_span(&out));
	buf_release(&out);
	s->is_drawn = true;
	s->next_draw_ns = now_ns + REDRAW_NS;
}

void status_erase(struct status *s)
{
	if (s->is_drawn)
		write_all(s->fd, span_of(ERASE_LINE));
	s->is_drawn = false;
}

void status_print(struct status *s, const char *text)
{
	if (!s->verbose)
		return;
	struct buf out = BUF_INIT;
	status_erase(s);
	buf_add_str(&out, text);
	buf_add_char(&out, '\n');
	write_all(s->fd, buf_span(&out));
	buf_release(&out);
}
