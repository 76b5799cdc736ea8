#include "cmd/watch_diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/xalloc.h"

struct bag {
	struct map counts; /* diagnostic -> how often */
};

/* The first diagnostic of `text`: a line and the indented ones that follow it. */
static struct span take_diagnostic(struct span *text)
{
	size_t n = 0;
	do {
		const char *end = memchr(text->data + n, '\n', text->len - n);
		n = end ? (size_t)(end - text->data) + 1 : text->len;
	} while (n < text->len && (text->data[n] == ' ' || text->data[n] == '\t'));
	struct span first = { text->data, n };
	text->data += n;
	text->len -= n;
	return first;
}

static void bag_add(struct bag *b, struct span text)
{
	while (text.len)
		++*map_put(&b->counts, take_diagnostic(&text), 0, NULL);
}

/* Takes one out, if there is one. */
static bool bag_take(struct bag *b, struct span diagnostic)
{
	uint32_t *count = map_get(&b->counts, diagnostic);
	if (!count || !*count)
		return false;
	--*count;
	return true;
}

/* Those of `text` that are not in the bags, each behind `mark`. */
static void add_missing(struct span text, struct bag *bag, const char *mark, struct buf *out)
{
	while (text.len) {
		struct span d = take_diagnostic(&text);
		if (bag_take(bag, d))
			continue;
		buf_add_str(out, mark);
		buf_add_span(out, d);
	}
}

static void bag_release(struct bag *b)
{
	map_release(&b->counts);
}

static char *copy(struct span s)
{
	struct buf b = BUF_INIT;
	buf_add_span(&b, s);
	return buf_detach(&b);
}

static void replace(char **text, struct span by)
{
	char *old = *text;
	*text = copy(by);
	free(old);
}

void watch_diff_next(struct watch_diff *d, struct span now, bool stopped, struct buf *out)
{
	struct span base = span_of(d->base ? d->base : ""), before = span_of(d->stopped ? d->stopped : "");
	struct bag was = { MAP_INIT }, is = { MAP_INIT };
	struct buf beyond = BUF_INIT;
	if (!d->base && !d->stopped) {
		buf_add_span(out, now);
		replace(stopped ? &d->stopped : &d->base, now);
		return;
	}
	/* What is gone: while mypy is stopped, only what it was stopped by. */
	bag_add(&is, now);
	if (!stopped)
		add_missing(base, &is, "- ", out);
	add_missing(before, &is, "- ", out);
	bag_add(&was, base);
	bag_add(&was, before);
	add_missing(now, &was, "+ ", out);
	if (stopped) {
		struct bag known = { MAP_INIT };
		bag_add(&known, base);
		add_missing(now, &known, "", &beyond);
		bag_release(&known);
		replace(&d->stopped, buf_span(&beyond));
	} else {
		replace(&d->base, now);
		replace(&d->stopped, span_of(""));
	}
	bag_release(&was);
	bag_release(&is);
	buf_release(&beyond);
}

void watch_diff_release(struct watch_diff *d)
{
	free(d->base);
	free(d->stopped);
	*d = (struct watch_diff)WATCH_DIFF_INIT;
}
