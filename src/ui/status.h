/*
 * How far a run is, for the person in front of the terminal: one line on standard error, redrawn at most ten times a
 * second, never wider than the terminal, erased at the end. Where there is no terminal nothing is drawn; with -v there
 * are plain lines in either case (status_print), which stay.
 *
 *	status_init(&s, STDERR_FILENO, isatty(STDERR_FILENO), columns, verbose);
 *	status_show(&s, &numbers, now);        as often as something happens
 *	status_print(&s, "app.models: source changed");
 *	status_erase(&s);                      before anything else is printed on the terminal, and at the end
 *
 * It knows nothing of builds: it is given numbers and the time. What the descriptor refuses (a closed pipe, a full
 * disk) is dropped: progress is no result.
 */
#ifndef SEPAL_UI_STATUS_H
#define SEPAL_UI_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct status_numbers {
	uint32_t total, done; /* units; done includes hits */
	uint32_t hits;        /* answered from the store */
	uint32_t running;
	const char *current; /* the unit that was started last; NULL: none */
};

struct status {
	int fd;
	bool is_terminal, verbose;
	int columns;           /* may be set anew when the terminal changes size; below 1 nothing is drawn */
	bool is_drawn;
	int64_t next_draw_ns;
};

void status_init(struct status *s, int fd, bool is_terminal, int columns, bool verbose);
/* `now_ns` from a monotonic clock. Draws unless the last drawing is less than a tenth of a second old. */
void status_show(struct status *s, const struct status_numbers *numbers, int64_t now_ns);
/* With -v: `text` on a line of its own, above the status line. Without: nothing. */
void status_print(struct status *s, const char *text);
void status_erase(struct status *s);

/* Appends the line's text, at most `columns` wide: "[12/40] 2 running, 9 from the store: app.models". */
void status_format(const struct status_numbers *numbers, int columns, struct buf *out);

#endif
