#include "cmd/settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/fs.h"
#include "sys/path.h"

enum { ON_CHECK = 1u << VERB_CHECK, ON_PLAN = 1u << VERB_PLAN, ON_EXPLAIN = 1u << VERB_EXPLAIN,
       ON_MERGE = 1u << VERB_MERGE, ON_VERIFY = 1u << VERB_VERIFY, ON_DOCTOR = 1u << VERB_DOCTOR,
       ON_BASELINE = 1u << VERB_BASELINE,
       ON_CHECKS = ON_CHECK | ON_BASELINE, ON_UNITS = ON_CHECKS | ON_VERIFY,
       ON_RUNS = ON_UNITS | ON_PLAN | ON_EXPLAIN };

static const struct {
	const char *name, *arguments, *summary;
} VERBS[VERB_COUNT] = {
	[VERB_CHECK] = { "check", "[OPTIONS] [PATH...] [-- MYPY ARGUMENTS]",
	                 "check what `mypy PATH... MYPY ARGUMENTS` would check" },
	[VERB_PLAN] = { "plan", "[OPTIONS] [PATH...] [-- MYPY ARGUMENTS]",
	                "print units, modules and edges as JSON, or what a check would take; nothing is checked" },
	[VERB_EXPLAIN] = { "explain", "[OPTIONS] MODULE",
	                   "print the key of a module's unit field by field, and why it ran last" },
	[VERB_MERGE] = { "merge", "[OPTIONS] MANIFEST...", "fold output manifests into one, or print every conflict" },
	[VERB_VERIFY] = { "verify", "[OPTIONS] [PATH...] [-- MYPY ARGUMENTS]",
	                  "run units again in hermetic processes and compare every byte with the store" },
	[VERB_DOCTOR] = { "doctor", "[OPTIONS]", "check the store and the set-up" },
	[VERB_BASELINE] = { "baseline", "[OPTIONS] write|diff [FILE] [PATH...] [-- MYPY ARGUMENTS]",
	                    "write what a check finds to FILE (default: sepal-baseline.txt), or say what differs from it" },
};

enum kind { FLAG, TEXT, TEXTS, COUNT, POLICY, CHOICE, SHARE };

struct row {
	const char *name;
	char letter;
	enum kind kind;
	unsigned verbs;
	size_t offset;
	const char *argument, *help;
	const char *choices; /* CHOICE: separated by | */
};

#define AT(member) offsetof(struct settings, member)

static const struct row ROWS[] = {
	{ "python", 0, TEXT, ON_RUNS | ON_DOCTOR, AT(python), "PROGRAM",
	  "interpreter that has the checker (default: the active virtual environment, .venv, then python3 on PATH)", NULL },
	{ "jobs", 'j', COUNT, ON_CHECKS | ON_VERIFY, AT(jobs), "N",
	  "checker processes at once (default: the number of cores)", NULL },
	{ "runner", 0, CHOICE, ON_UNITS, AT(runner), "KIND",
	  "where units run: worker (default), process (hermetic, one checker process each) or remote (see there)",
	  "worker|process|remote" },
	{ "store", 0, TEXT, ON_RUNS | ON_DOCTOR | ON_MERGE, AT(store), "DIR",
	  "the store (default: $SEPAL_STORE, else $XDG_CACHE_HOME/sepal, else ~/.cache/sepal)", NULL },
	{ "remote-cache", 0, TEXT, ON_CHECKS, AT(remote.cache), "URL",
	  "look for results in a shared cache too: grpc[s]://HOST:PORT[/INSTANCE] or http[s]://HOST:PORT[/PREFIX]", NULL },
	{ "remote-upload", 0, CHOICE, ON_CHECKS, AT(remote.upload), "WHETHER",
	  "give results to the cache: auto (default: if it lets us, without waiting long), yes or no", "auto|yes|no" },
	{ "remote-token-file", 0, TEXT, ON_UNITS, AT(remote.token_file), "FILE",
	  "send the bearer token that is in this file; it may be renewed meanwhile", NULL },
	{ "remote-credential-helper", 0, TEXT, ON_UNITS, AT(remote.credential_helper), "PROGRAM",
	  "ask this program for headers, as Bazel asks its credential helpers", NULL },
	{ "remote-header", 0, TEXTS, ON_UNITS, AT(remote.headers), "NAME=VALUE",
	  "send this header with every call; others can see the command line, so no secrets here (may be repeated)", NULL },
	{ "remote-ca-file", 0, TEXT, ON_UNITS, AT(remote.ca_file), "FILE",
	  "believe the servers that these certificates vouch for (PEM), not those of the system's list", NULL },
	{ "remote-cert", 0, TEXT, ON_UNITS, AT(remote.cert), "FILE",
	  "our own certificate, for servers that ask for one (PEM)", NULL },
	{ "remote-key", 0, TEXT, ON_UNITS, AT(remote.key), "FILE", "its key, if it is not in the same file", NULL },
	{ "remote-timeout", 0, COUNT, ON_UNITS, AT(remote.timeout_seconds), "SECONDS",
	  "give up a call that takes longer (default: 10)", NULL },
	{ "remote-executor", 0, TEXT, ON_UNITS, AT(remote.executor), "URL",
	  "with --runner remote: the server that runs units, grpc[s]://HOST:PORT[/INSTANCE]", NULL },
	{ "remote-jobs", 0, COUNT, ON_UNITS, AT(remote.jobs), "N",
	  "units there at once (default: 16)", NULL },
	{ "remote-platform", 0, TEXTS, ON_UNITS, AT(remote.platform), "KEY=VALUE",
	  "ask for machines with this property (may be repeated)", NULL },
	{ "remote-python", 0, TEXT, ON_UNITS, AT(remote.python), "PROGRAM",
	  "the interpreter there (default: pythonX.Y on its PATH, of the version that has the checker here)", NULL },
	{ "remote-fallback", 0, CHOICE, ON_UNITS, AT(remote.fallback), "HOW",
	  "what the executor cannot run: local (default: runs here) or fail", "local|fail" },
	{ "race-after", 0, COUNT, ON_CHECKS, AT(remote.race_after_seconds), "SECONDS",
	  "what the executor has not answered after this time runs here as well (default: never)", NULL },
	{ "stats-json", 0, TEXT, ON_CHECK | ON_VERIFY, AT(stats_json), "FILE",
	  "write what was done as JSON (schemas/stats.schema.json)", NULL },
	{ "trace", 0, TEXT, ON_CHECK, AT(trace), "FILE",
	  "write what took how long, in Chrome's trace format (one lane per child of the worker)", NULL },
	{ "report", 0, TEXTS, ON_CHECK, AT(reports), "FORMAT[=FILE]",
	  "write a report to FILE, or to standard output in the place of the text: text, json, jsonl, sarif, junit, "
	  "github, gitlab or checkstyle (may be given several times)", NULL },
	{ "new-only", 0, TEXT, ON_CHECK, AT(new_only), "BASELINE",
	  "report, and count in the exit status, only what is not in this file of `sepal baseline write`", NULL },
	{ "watch", 'w', FLAG, ON_CHECK, AT(watch), NULL,
	  "check again whenever something changes, and print what is different, until interrupted", NULL },
	{ "on-conflict", 0, POLICY, ON_CHECKS | ON_MERGE, AT(on_conflict), "RULE",
	  "different outputs for one action: fail (default), harmless (accept equal canonical forms), first", NULL },
	{ "no-store-read", 0, FLAG, ON_CHECK, AT(no_store_read), NULL,
	  "run every unit; results are still written and compared", NULL },
	{ "timeout", 0, COUNT, ON_CHECKS | ON_VERIFY, AT(timeout_seconds), "SECONDS",
	  "end a checker that gives no answer for this long (default: 600)", NULL },
	{ "checker", 0, CHOICE, ON_RUNS, AT(checker), "NAME", "mypy (default), or toy, the small language of the tests",
	  "mypy|toy" },
	{ "sample", 0, SHARE, ON_VERIFY, AT(sample), "P", "verify this share of the units, 0 to 1 (default: 1)", NULL },
	{ "seed", 0, COUNT, ON_VERIFY, AT(seed), "N", "which units --sample takes (default: 0)", NULL },
	{ "simulate", 0, TEXTS, ON_PLAN, AT(simulate), "WORKERS[,LATENCY,BANDWIDTH]",
	  "how long a check would take on so many workers, as in 100,40ms,100MB/s (may be given several times)", NULL },
	{ "keep", 0, FLAG, ON_CHECKS | ON_VERIFY, AT(keep_failed), NULL,
	  "keep the staged directory of a hermetic process that failed, and say where", NULL },
	{ "store-only", 0, FLAG, ON_DOCTOR, AT(store_only), NULL,
	  "check the store, and not the interpreter and its checker", NULL },
	{ "verbose", 'v', FLAG, ON_RUNS | ON_DOCTOR, AT(verbose), NULL, "say why each unit ran", NULL },
	{ "quiet", 'q', FLAG, ON_CHECKS | ON_VERIFY, AT(quiet), NULL, "no status line and no warnings; diagnostics only",
	  NULL },
	{ "help", 'h', FLAG, ~0u, AT(help), NULL, "print this text", NULL },
};

enum { ROW_COUNT = sizeof ROWS / sizeof *ROWS };

const char *verb_name(enum verb verb)
{
	return VERBS[verb].name;
}

void settings_help(enum verb verb, struct buf *out)
{
	if (verb == VERB_COUNT) {
		buf_add_str(out,
		            "usage: sepal VERB [OPTIONS] ...\n\nType checking of Python by separate compilation.\n\nverbs:\n");
		for (int v = 0; v < VERB_COUNT; v++)
			buf_addf(out, "  %-9s %s\n", VERBS[v].name, VERBS[v].summary);
		buf_add_str(out, "\n`sepal VERB --help` lists a verb's options; `man sepal` says more. `sepal --version` "
		                 "prints the version.\n");
		return;
	}
	buf_addf(out, "usage: sepal %s %s\n\n%s.\n\noptions:\n", VERBS[verb].name, VERBS[verb].arguments,
	         VERBS[verb].summary);
	for (size_t i = 0; i < ROW_COUNT; i++) {
		const struct row *r = &ROWS[i];
		if (!(r->verbs & 1u << verb))
			continue;
		struct buf left = BUF_INIT;
		if (r->letter)
			buf_addf(&left, "-%c, ", r->letter);
		buf_addf(&left, "--%s%s%s", r->name, r->argument ? " " : "", r->argument ? r->argument : "");
		buf_addf(out, "  %-22s %s\n", left.data, r->help);
		buf_release(&left);
	}
}

static const struct row *find_row(enum verb verb, const char *name, size_t len, char letter)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		const struct row *r = &ROWS[i];
		if (!(r->verbs & 1u << verb))
			continue;
		if (letter ? r->letter == letter : strlen(r->name) == len && strncmp(r->name, name, len) == 0)
			return r;
	}
	return NULL;
}

static bool is_choice(const char *choices, const char *value)
{
	size_t n = strlen(value);
	for (const char *c = choices; *c; c += strcspn(c, "|"), c += *c == '|')
		if (strcspn(c, "|") == n && strncmp(c, value, n) == 0)
			return true;
	return false;
}

static int parse_count(const char *name, const char *value, unsigned *ret, struct err *err)
{
	char *end;
	errno = 0;
	unsigned long n = strtoul(value, &end, 10);
	if (errno || *end || end == value || value[0] == '-' || n > 1000000)
		return err_set(err, ERR_USAGE, "--%s wants a whole number, not `%s`", name, value);
	*ret = (unsigned)n;
	return 0;
}

static int parse_share(const char *name, const char *value, double *ret, struct err *err)
{
	char *end;
	double share = strtod(value, &end);
	if (*end || end == value || !(share >= 0 && share <= 1))
		return err_set(err, ERR_USAGE, "--%s wants a number from 0 to 1, not `%s`", name, value);
	*ret = share;
	return 0;
}

static int apply(const struct row *r, const char *value, struct settings *s, struct err *err)
{
	static const char *const policies[] = { "fail", "harmless", "first" };
	char *at = (char *)s + r->offset;
	switch (r->kind) {
	case FLAG:
		*(bool *)at = true;
		return 0;
	case TEXT:
		*(const char **)at = value;
		return 0;
	case TEXTS: /* has room for a value of every argument */
		for (const char **list = *(const char ***)at;; list++)
			if (!*list) {
				*list = value;
				return 0;
			}
	case COUNT:
		return parse_count(r->name, value, (unsigned *)at, err);
	case SHARE:
		return parse_share(r->name, value, (double *)at, err);
	case CHOICE:
		if (!is_choice(r->choices, value))
			return err_set(err, ERR_USAGE, "--%s is one of %s, not `%s`", r->name, r->choices, value);
		*(const char **)at = value;
		return 0;
	case POLICY:
		for (int p = 0; p < 3; p++)
			if (strcmp(value, policies[p]) == 0) {
				*(enum conflict_policy *)at = (enum conflict_policy)p;
				return 0;
			}
		return err_set(err, ERR_USAGE, "--%s is one of fail|harmless|first, not `%s`", r->name, value);
	}
	BUG("option %s of an unknown kind", r->name);
}

static int parse_option(int argc, char **argv, int *i, struct settings *s, struct err *err)
{
	const char *arg = argv[*i];
	bool is_long = arg[1] == '-';
	const char *name = is_long ? arg + 2 : arg + 1, *value = NULL;
	size_t len = strcspn(name, "=");
	const struct row *r = is_long ? find_row(s->verb, name, len, 0) : find_row(s->verb, NULL, 0, arg[1]);
	if (!r)
		return err_set(err, ERR_USAGE,
		               "`sepal %s` has no option %s; see `sepal %s --help`. Options of the checker go after `--`",
		               verb_name(s->verb), arg, verb_name(s->verb));
	if (is_long && name[len] == '=')
		value = name + len + 1;
	else if (!is_long && arg[2])
		value = arg + 2;
	if (r->kind == FLAG && value)
		return err_set(err, ERR_USAGE, "--%s takes no value", r->name);
	if (r->kind != FLAG && !value) {
		if (*i + 1 >= argc)
			return err_set(err, ERR_USAGE, "--%s wants a value: %s", r->name, r->argument);
		value = argv[++*i];
	}
	return apply(r, value, s, err);
}

static int default_store(struct arena *a, const char *cwd, struct settings *s, struct err *err)
{
	const char *from_env = getenv("SEPAL_STORE"), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	if (!s->store)
		s->store = from_env && *from_env ? from_env : NULL;
	if (!s->store && cache && cache[0] == '/')
		s->store = path_join(a, cache, "sepal");
	if (!s->store && home && home[0] == '/')
		s->store = path_join(a, home, ".cache/sepal");
	if (!s->store)
		return err_set(err, ERR_USAGE,
		               "there is no place for the store: neither HOME nor XDG_CACHE_HOME is set; give --store DIR");
	s->store = path_absolute(a, cwd, s->store);
	return 0;
}

static int find_verb(const char *name, enum verb *ret, struct err *err)
{
	for (int v = 0; v < VERB_COUNT; v++)
		if (strcmp(name, VERBS[v].name) == 0) {
			*ret = (enum verb)v;
			return 0;
		}
	return err_set(err, ERR_USAGE, "there is no verb `%s`; see `sepal --help`", name);
}

int settings_parse(int argc, char **argv, struct arena *a, struct settings *ret, struct err *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct settings s = { .checker = "mypy", .runner = "worker", .timeout_seconds = 600, .sample = 1,
		              .remote = { .upload = "auto", .timeout_seconds = 10, .fallback = "local", .jobs = 16 },
		              .jobs = cores > 0 ? (unsigned)cores : 1 };
	const char *cwd;
	uint32_t paths = 0, args = 0;
	if (argc < 1)
		return err_set(err, ERR_USAGE, "a verb is missing; see `sepal --help`");
	if (find_verb(argv[0], &s.verb, err))
		return -1;
	s.paths = ARENA_ARRAY(a, const char *, argc + 1);
	s.checker_args = ARENA_ARRAY(a, const char *, argc + 1);
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (ROWS[i].kind == TEXTS)
			*(const char ***)((char *)&s + ROWS[i].offset) = ARENA_ARRAY(a, const char *, argc + 1);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			while (++i < argc)
				s.checker_args[args++] = argv[i];
		} else if (argv[i][0] == '-' && argv[i][1]) {
			if (parse_option(argc, argv, &i, &s, err))
				return -1;
		} else {
			s.paths[paths++] = argv[i];
		}
	}
	if (s.watch && s.no_store_read)
		return err_set(err, ERR_USAGE,
		               "--watch checks again only what a change concerns, and --no-store-read everything: give one of "
		               "them");
	if (s.jobs < 1)
		return err_set(err, ERR_USAGE, "--jobs wants at least 1");
	if (fs_cwd(a, &cwd, err) || default_store(a, cwd, &s, err))
		return -1;
	*ret = s;
	return 0;
}
