/*
 * Resolved options as a filter, for tests that hold them against mypy's: a list of questions on stdin, a list of
 * answers on stdout.
 *
 *     question := {"options": as in `describe`, "modules": [id, ...], "groups": [[id, ...], ...]}
 *     answer   := {"sets": [{"values", "hash"}, ...], "of": [set of each module], "unused": [pattern, ...],
 *                  "texts": [{"ini", "toml", "hash"}, ...]}         (one text per group: the members of one process)
 *
 * Any failure: a sentence on stderr, exit 1.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "checker/options.h"

static struct js *hex(const unsigned char hash[SHA1_SIZE])
{
	struct buf text = BUF_INIT;
	hex_encode(&text, hash, SHA1_SIZE);
	struct js *j = js_new_string(text.data);
	buf_release(&text);
	return j;
}

static struct js *text_of(const struct options *o, const struct member_options *members, uint32_t count, bool toml)
{
	struct buf text = BUF_INIT;
	options_config_text(o, members, count, toml, "", &text);
	struct js *j = js_new_string_n(buf_span(&text));
	buf_release(&text);
	return j;
}

static struct js *group_texts(struct options *o, const struct js *ids)
{
	uint32_t count = (uint32_t)js_len(ids);
	struct member_options *members = xcalloc(count + 1, sizeof *members);
	for (uint32_t i = 0; i < count; i++) {
		members[i].id = js_string(js_at(ids, i), "");
		members[i].set = options_of(o, members[i].id);
	}
	unsigned char hash[SHA1_SIZE];
	struct js *texts = js_new_object();
	options_config_hash(o, members, count, hash);
	js_set(texts, "hash", hex(hash));
	js_set(texts, "ini", text_of(o, members, count, false));
	js_set(texts, "toml", text_of(o, members, count, true));
	free(members);
	return texts;
}

static struct js *sets_of(const struct options *o)
{
	struct js *sets = js_new_array();
	for (uint32_t i = 0; i < options_count(o); i++) {
		unsigned char hash[SHA1_SIZE];
		struct js *set = js_new_object();
		options_cache_hash(o, i, hash);
		js_set(set, "hash", hex(hash));
		js_set(set, "values", js_copy(options_values(o, i)));
		js_append(sets, set);
	}
	return sets;
}

static struct js *answer(struct options *o, const struct js *question)
{
	struct arena arena = ARENA_INIT;
	const struct js *modules = js_get(question, "modules"), *groups = js_get(question, "groups");
	struct js *out = js_new_object(), *of = js_new_array(), *unused = js_new_array(), *texts = js_new_array();
	for (size_t i = 0; i < js_len(modules); i++)
		js_append(of, js_new_int(options_of(o, js_string(js_at(modules, i), ""))));
	for (const char **pattern = options_unused_sections(o, &arena); *pattern; pattern++)
		js_append(unused, js_new_string(*pattern));
	for (size_t i = 0; i < js_len(groups); i++)
		js_append(texts, group_texts(o, js_at(groups, i)));
	js_set(out, "of", of);
	js_set(out, "unused", unused);
	js_set(out, "texts", texts);
	js_set(out, "sets", sets_of(o));
	arena_release(&arena);
	return out;
}

static int answer_all(const struct js *questions, struct buf *text, struct err *err)
{
	struct js *answers = js_new_array();
	int status = 0;
	for (size_t i = 0; i < js_len(questions) && status == 0; i++) {
		struct options *o;
		status = options_new(js_get(js_at(questions, i), "options"), &o, err);
		if (status == 0) {
			js_append(answers, answer(o, js_at(questions, i)));
			options_free(o);
		}
	}
	js_write(answers, 0, text);
	js_free(answers);
	return status;
}

int main(void)
{
	struct buf text = BUF_INIT;
	for (size_t got = 1; got;) {
		got = fread(buf_room(&text, 1 << 16), 1, 1 << 16, stdin);
		text.len += got;
	}
	struct err err = ERR_INIT;
	struct js *questions;
	int status = js_parse(buf_span(&text), "the questions on stdin", &questions, &err);
	buf_reset(&text);
	if (status == 0) {
		status = answer_all(questions, &text, &err);
		js_free(questions);
	}
	if (status == 0)
		fwrite(text.data, 1, text.len, stdout);
	else
		fprintf(stderr, "options_dump: %s\n", err.message);
	err_release(&err);
	buf_release(&text);
	return status == 0 ? 0 : 1;
}
