/* Reads and writes mypy's meta files, field by field in the order of CacheMeta.write and CacheMetaEx.write. */
#include "checker/mypy_meta.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "checker/mypy_ff.h"

enum {
	EXTRA_OPTIONS = 11, /* the first CACHE_VERSION with options that are not in the digest of the others */
	PRI_HIGH = 5, /* mypy's priority of a top-level import: what it takes for a dependency without one */
};

/* CACHE_VERSION of mypy 2.0 and 2.1 is 8, of 2.2 and 2.3 is 10, of 2.4 is 11, and meta files have the same fields in
 * all of them; librt's own version has been 0 throughout. */
bool mypy_format_supported(struct mypy_format f)
{
	return f.librt == 0 && (f.cache == 8 || f.cache == 10 || f.cache == 11);
}

static int unreadable(const char *what, const char *part, struct err *err)
{
	return err_set(err, ERR_PROTOCOL,
	               "%s is not a mypy %s file as this version of sepal knows it: it ends early, or a field has "
	               "another form than expected",
	               what, part);
}

static void skip_imports_ignored(struct reader *r, struct arena *arena)
{
	uint32_t lines = ff_count(r, 4);

	for (uint32_t i = 0; i < lines && !r->failed; i++) {
		ff_tagged_int(r);
		ff_str_list(r, arena, NULL);
	}
}

static uint32_t skip_int_list(struct reader *r)
{
	uint32_t count;

	ff_tag(r, FF_LIST_INT);
	count = ff_count(r, 1);
	for (uint32_t i = 0; i < count && !r->failed; i++)
		ff_int(r);
	return count;
}

static uint32_t skip_bytes_list(struct reader *r)
{
	uint32_t count;

	ff_tag(r, FF_LIST_BYTES);
	count = ff_count(r, 1);
	for (uint32_t i = 0; i < count && !r->failed; i++)
		ff_bare(r);
	return count;
}

static void read_sha1(struct reader *r, unsigned char ret[SHA1_SIZE])
{
	struct span s = ff_bytes(r);

	if (s.len == SHA1_SIZE)
		memcpy(ret, s.data, SHA1_SIZE);
	else
		r->failed = true;
}

int mypy_meta_read(struct span file, const char *what, struct arena *arena, struct mypy_meta *ret, struct err *err)
{
	struct reader r = reader_of(file);
	struct mypy_meta m = { 0 };
	uint32_t direct, missing, priorities, lines;

	m.format.librt = reader_u8(&r);
	m.format.cache = reader_u8(&r);
	if (!reader_ok(&r))
		return unreadable(what, "meta", err);
	if (!mypy_format_supported(m.format))
		return err_set(err, ERR_CHECKER,
		               "%s has cache format %u.%u, which this version of sepal does not know; it knows the "
		               "formats of mypy 2.0 to 2.4",
		               what, m.format.librt, m.format.cache);
	m.id = ff_str(&r, arena);
	m.path = ff_str(&r, arena);
	ff_tagged_int(&r); /* mtime */
	ff_tagged_int(&r); /* size */
	ff_str(&r, arena); /* source hash */
	m.dependencies = ff_str_list(&r, arena, &direct);
	ff_tagged_int(&r); /* mtime of the data file */
	m.suppressed = ff_str_list(&r, arena, &missing);
	skip_imports_ignored(&r, arena);
	ff_json(&r);  /* options */
	ff_bytes(&r); /* suppressed_deps_opts */
	priorities = skip_int_list(&r);
	lines = skip_int_list(&r);
	if (skip_bytes_list(&r) != direct || priorities != direct + missing || lines != direct + missing)
		r.failed = true;
	read_sha1(&r, m.interface_hash);
	ff_bytes(&r); /* trans_dep_hash */
	m.version_id = ff_str(&r, arena);
	m.ignore_all = ff_bool(&r);
	m.plugin_data = ff_json(&r);
	if (!reader_done(&r))
		return unreadable(what, "meta", err);
	*ret = m;
	return 0;
}

static int32_t read_position(struct reader *r)
{
	int64_t v = ff_tagged_int(r);

	if (v < INT32_MIN || v > INT32_MAX)
		r->failed = true;
	return (int32_t)v;
}

static void read_error(struct reader *r, struct arena *arena, struct diag *ret)
{
	const char *severity;

	ff_tag(r, FF_TUPLE_GEN);
	ret->path = ff_str_or_none(r, arena);
	ret->line = read_position(r);
	ret->column = read_position(r);
	ret->end_line = read_position(r);
	ret->end_column = read_position(r);
	severity = ff_str(r, arena);
	ret->is_note = strcmp(severity, "note") == 0;
	if (!ret->is_note && strcmp(severity, "error") != 0)
		r->failed = true;
	ret->message = ff_str(r, arena);
	ret->code = ff_str_or_none(r, arena);
}

int mypy_meta_ex_read(struct span file, struct mypy_format format, const char *what, struct arena *arena,
                      struct mypy_meta_ex *ret, struct err *err)
{
	struct reader r = reader_of(file);
	struct mypy_meta_ex m = { 0 };
	uint32_t direct;

	if (!mypy_format_supported(format))
		return err_set(err, ERR_CHECKER, "%s cannot be read: cache format %u.%u is not known", what,
		               format.librt, format.cache);
	m.dependencies = ff_str_list(&r, arena, &direct);
	ff_str_list(&r, arena, NULL); /* suppressed */
	if (skip_bytes_list(&r) != direct)
		r.failed = true;
	ff_tag(&r, FF_LIST_GEN);
	m.errors.count = ff_count(&r, 8);
	m.errors.items = ARENA_ARRAY(arena, struct diag, m.errors.count);
	for (uint32_t i = 0; i < m.errors.count && !r.failed; i++)
		read_error(&r, arena, &m.errors.items[i]);
	if (!reader_done(&r))
		return unreadable(what, "meta_ex", err);
	*ret = m;
	return 0;
}

static void put_list(struct buf *out, enum ff_tag tag, uint32_t count)
{
	ff_put_tag(out, tag);
	ff_put_int(out, count);
}

static void put_equal_ints(struct buf *out, uint32_t count, int v)
{
	put_list(out, FF_LIST_INT, count);
	for (uint32_t i = 0; i < count; i++)
		ff_put_int(out, v);
}

static struct span sha1_span(const unsigned char *hash)
{
	return (struct span){ (const char *)hash, SHA1_SIZE };
}

/* options_snapshot(), and since mypy 2.4 the two extra options of write_cache(); keys sorted. */
static void put_options(struct mypy_format format, struct buf *out, const char *platform,
                        const unsigned char options_hash[SHA1_SIZE])
{
	struct buf hex = BUF_INIT;

	hex_encode(&hex, options_hash, SHA1_SIZE);
	put_list(out, FF_DICT_STR_GEN, format.cache >= EXTRA_OPTIONS ? 4 : 2);
	if (format.cache >= EXTRA_OPTIONS) {
		ff_put_bare(out, span_of("is_parallel"));
		ff_put_tag(out, FF_FALSE);
		ff_put_bare(out, span_of("local_partial_types"));
		ff_put_tag(out, FF_TRUE);
	}
	ff_put_bare(out, span_of("other_options"));
	ff_put_str(out, hex.data);
	ff_put_bare(out, span_of("platform"));
	ff_put_str(out, platform);
	buf_release(&hex);
}

void mypy_meta_write(struct mypy_format format, const char *version_id, const char *id, const char *canonical_path,
                     const char *platform, const unsigned char options_hash[SHA1_SIZE],
                     const struct mypy_dep_hash *deps, uint32_t dep_count,
                     const unsigned char interface_hash[SHA1_SIZE], struct span plugin_data, bool ignore_all,
                     struct buf *out)
{
	buf_put_u8(out, format.librt);
	buf_put_u8(out, format.cache);
	ff_put_str(out, id);
	ff_put_str(out, canonical_path);
	ff_put_tagged_int(out, 0); /* mtime: what --bazel writes */
	ff_put_tagged_int(out, 0); /* size: not looked at with --bazel */
	ff_put_str(out, "");       /* source hash: likewise */
	put_list(out, FF_LIST_STR, dep_count);
	for (uint32_t i = 0; i < dep_count; i++)
		ff_put_bare(out, span_of(deps[i].id));
	ff_put_tagged_int(out, 0); /* mtime of the data file */
	put_list(out, FF_LIST_STR, 0);
	ff_put_int(out, 0); /* imports_ignored */
	put_options(format, out, platform, options_hash);
	ff_put_bytes(out, span_of("")); /* suppressed_deps_opts */
	put_equal_ints(out, dep_count, PRI_HIGH);
	put_equal_ints(out, dep_count, 1);
	put_list(out, FF_LIST_BYTES, dep_count);
	for (uint32_t i = 0; i < dep_count; i++)
		ff_put_bare(out, sha1_span(deps[i].interface_hash));
	ff_put_bytes(out, sha1_span(interface_hash));
	ff_put_bytes(out, span_of("")); /* trans_dep_hash */
	ff_put_str(out, version_id);
	ff_put_tag(out, ignore_all ? FF_TRUE : FF_FALSE);
	if (plugin_data.len)
		buf_add_span(out, plugin_data);
	else
		ff_put_tag(out, FF_NONE); /* no plugin: mypy's null */
}

/* Three empty lists of strings, strings and bytes, and an empty list of errors (an empty list's length, 0, is 0x14). */
struct span mypy_meta_ex_empty(struct mypy_format format)
{
	static const char bytes[] = { FF_LIST_STR, 0x14, FF_LIST_STR, 0x14, FF_LIST_BYTES, 0x14, FF_LIST_GEN, 0x14 };

	if (!mypy_format_supported(format))
		BUG("meta_ex for unknown format %u.%u", format.librt, format.cache);
	return (struct span){ bytes, sizeof bytes };
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Keys sorted by code point, which for UTF-8 is the order of the bytes. */
static void put_object(const struct js *value, struct buf *out)
{
	size_t count = js_len(value), i = 0;
	const char **keys = xcalloc(count + 1, sizeof *keys);
	const struct js *member;
	void *it = NULL;

	put_list(out, FF_DICT_STR_GEN, (uint32_t)count);
	while (js_next(value, &it, &keys[i], &member))
		i++;
	qsort(keys, count, sizeof *keys, compare_strings);
	for (i = 0; i < count; i++) {
		ff_put_bare(out, span_of(keys[i]));
		mypy_json_write(js_get(value, keys[i]), out);
	}
	free(keys);
}

void mypy_json_write(const struct js *value, struct buf *out)
{
	if (js_is_null(value)) {
		ff_put_tag(out, FF_NONE);
	} else if (js_is_bool(value)) {
		ff_put_tag(out, js_bool(value, false) ? FF_TRUE : FF_FALSE);
	} else if (js_is_int(value)) {
		ff_put_tagged_int(out, js_int(value, 0));
	} else if (js_is_string(value)) {
		ff_put_str(out, js_string(value, ""));
	} else if (js_is_array(value)) {
		put_list(out, FF_LIST_GEN, (uint32_t)js_len(value));
		for (size_t i = 0; i < js_len(value); i++)
			mypy_json_write(js_at(value, i), out);
	} else if (js_is_object(value)) {
		put_object(value, out);
	} else {
		BUG("a value that is no part of this project's JSON (a float, or none at all)");
	}
}
