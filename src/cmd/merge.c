/*
 * `sepal merge`: folds output manifests ({path: digest}) by the rule of merge/digest_map.h. For `--on-conflict
 * harmless` the contents are looked up in the store; what is not there is taken to be different.
 */
#include <stdio.h>
#include <string.h>

#include "checker/mypy_canonical.h"
#include "cmd/cmd.h"
#include "store/store.h"
#include "sys/fs.h"

enum { MANIFEST_LIMIT = 256 * 1024 * 1024 };

static int add_manifest(struct digest_map *all, const char *path, const struct merge_rule *rule, struct err *err)
{
	struct buf text = BUF_INIT;
	struct js *doc = NULL;
	int failed = fs_read(path, MANIFEST_LIMIT, &text, err) || js_parse(buf_span(&text), path, &doc, err) ||
	             digest_map_decode(all, doc, path, rule, err);
	/* A manifest that cannot be read is a mistake of the one who named it. */
	if (failed)
		err->kind = ERR_USAGE;
	js_free(doc);
	buf_release(&text);
	return failed ? -1 : 0;
}

static bool is_harmless(void *ctx, const char *path, const struct digest *a, const struct digest *b)
{
	struct store *store = ctx;
	struct buf x = BUF_INIT, y = BUF_INIT;
	struct err ignored = ERR_INIT;
	bool found_x = false, found_y = false;
	bool same = !store_get(store, a, &x, &found_x, &ignored) && !store_get(store, b, &y, &found_y, &ignored) &&
	            found_x && found_y && mypy_same_canonical_form(path, buf_span(&x), buf_span(&y));
	buf_release(&x);
	buf_release(&y);
	err_release(&ignored);
	return same;
}

static void print_conflicts(const struct digest_map *all)
{
	for (uint32_t i = 0; i < all->conflict_count; i++) {
		const struct conflict *c = &all->conflicts[i];
		char a[DIGEST_HEX_SIZE + 1], b[DIGEST_HEX_SIZE + 1];
		digest_hex(&c->a.digest, a);
		digest_hex(&c->b.digest, b);
		printf("conflict: %s: %s from %s, %s from %s\n", c->a.path, a, c->a.producer, b, c->b.producer);
	}
}

static void print_result(const struct digest_map *all)
{
	struct js *doc = digest_map_encode(all);
	struct buf text = BUF_INIT;
	js_write(doc, 2, &text);
	puts(text.data);
	buf_release(&text);
	js_free(doc);
}

int cmd_merge(const struct settings *s, int *ret_exit, struct err *err)
{
	struct digest_map all;
	struct merge_rule rule = { s->on_conflict, NULL, NULL };
	struct store *store = NULL;
	int failed = 0;
	if (!s->paths[0] || !s->paths[1])
		return err_set(err, ERR_USAGE, "`sepal merge` wants two or more manifests");
	if (s->on_conflict == CONFLICT_HARMLESS) {
		if (store_open_local(s->store, &store, err))
			return -1;
		rule.harmless = is_harmless;
		rule.ctx = store;
	}
	digest_map_init(&all);
	for (const char **path = s->paths; *path && !failed; path++)
		failed = add_manifest(&all, *path, &rule, err);
	if (!failed) {
		digest_map_sort(&all);
		if (all.conflict_count)
			print_conflicts(&all);
		else
			print_result(&all);
		*ret_exit = all.conflict_count ? err_exit_status(ERR_CONFLICT) : 0;
	}
	digest_map_release(&all);
	if (store)
		store_close(store);
	return failed;
}
