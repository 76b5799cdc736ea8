/* The table of verbs and the one place where an error is printed. */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

static int (*const VERBS[VERB_COUNT])(const struct settings *s, int *ret_exit, struct err *err) = {
	[VERB_CHECK] = cmd_check, [VERB_PLAN] = cmd_plan,     [VERB_EXPLAIN] = cmd_explain,
	[VERB_MERGE] = cmd_merge, [VERB_VERIFY] = cmd_verify, [VERB_DOCTOR] = cmd_doctor,
	[VERB_BASELINE] = cmd_baseline,
};

static int help(enum verb verb)
{
	struct buf text = BUF_INIT;
	settings_help(verb, &text);
	fputs(text.data, stdout);
	buf_release(&text);
	return 0;
}

int main(int argc, char **argv)
{
	struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct settings settings;
	int status = 0;
	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return puts("sepal " SEPAL_VERSION) < 0;
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0))
		return help(VERB_COUNT);
	int failed = settings_parse(argc - 1, argv + 1, &arena, &settings, &err);
	if (!failed && settings.help)
		status = help(settings.verb);
	else if (!failed)
		failed = VERBS[settings.verb](&settings, &status, &err);
	if ((fflush(stdout) || ferror(stdout)) && !failed)
		failed = err_set(&err, ERR_IO, "the output could not be written; look at where it goes: is a disk full?");
	if (failed) {
		fprintf(stderr, "sepal: %s\n", err.message);
		status = err_exit_status(err.kind);
	}
	err_release(&err);
	arena_release(&arena);
	return status;
}
