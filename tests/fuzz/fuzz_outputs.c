/*
 * merge/digest_map.h: output manifests of other machines. What is accepted is written as the same document, merging it
 * with itself changes nothing, and what is refused says why and adds nothing.
 */
#include <stddef.h>
#include <stdint.h>

#include "merge/digest_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void accepted(struct digest_map *m, const struct js *doc, const struct merge_rule *rule)
{
	struct digest_map twice;
	struct js *once = digest_map_encode(m);
	if (!js_equal(doc, once))
		BUG("an output manifest is written as another one");
	digest_map_init(&twice);
	digest_map_merge(&twice, m, rule);
	digest_map_merge(&twice, m, rule);
	digest_map_sort(&twice);
	struct js *again = digest_map_encode(&twice);
	if (!js_equal(once, again) || twice.conflict_count || twice.tolerated)
		BUG("merging an output manifest with itself changes it");
	js_free(once);
	js_free(again);
	digest_map_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct merge_rule rule = { .policy = CONFLICT_FAIL };
	struct err err = ERR_INIT;
	struct digest_map m;
	struct js *doc;
	if (js_parse((struct span){ (const char *)data, size }, "the input", &doc, &err) != 0) {
		err_release(&err);
		return 0;
	}
	digest_map_init(&m);
	if (digest_map_decode(&m, doc, "the input", &rule, &err) == 0)
		accepted(&m, doc, &rule);
	else if (!err.message || m.count)
		BUG("an output manifest is refused without a message, or in part");
	err_release(&err);
	digest_map_release(&m);
	js_free(doc);
	return 0;
}
