/*
 * Runs a fuzz target over its corpus without libFuzzer, so that every input that once broke something is an ordinary
 * regression test under any compiler. Linked with each tests/fuzz/fuzz_NAME.c when --enable-fuzzing is off.
 *
 * Without arguments it replays $srcdir/tests/fuzz/corpora/NAME; arguments are files or directories. It answers in TAP,
 * one line for each input. An input that breaks the target ends the program, which the test driver reports.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATH_SIZE = 4096 };

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		return -1;
	}
	fseek(f, 0, SEEK_END);
	long size = ftell(f);
	rewind(f);
	/* exactly as long as the input, so that reading past its end is seen by AddressSanitizer */
	uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
	size_t got = fread(data, 1, (size_t)size, f);
	fclose(f);
	LLVMFuzzerTestOneInput(data, got);
	free(data);
	return 0;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int replay(const char *path, int *count)
{
	struct stat st;
	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		int rc = replay_file(path);
		printf("%s %d - %s\n", rc ? "not ok" : "ok", ++*count, path);
		fflush(stdout);
		return rc;
	}
	struct dirent **entries;
	int n = scandir(path, &entries, visible, alphasort);
	if (n < 0) {
		perror(path);
		return -1;
	}
	int rc = 0;
	for (int i = 0; i < n; i++) {
		char inner[PATH_SIZE];
		snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
		rc |= replay(inner, count);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int main(int argc, char **argv)
{
	int count = 0, rc = 0;
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			rc |= replay(argv[i], &count);
	} else {
		const char *slash = strrchr(argv[0], '/'), *srcdir = getenv("srcdir");
		const char *name = slash ? slash + 1 : argv[0];
		char corpus[PATH_SIZE];
		snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpora/%s", srcdir ? srcdir : ".",
			 strncmp(name, "fuzz_", 5) == 0 ? name + 5 : name);
		rc = replay(corpus, &count);
	}
	if (count == 0) {
		printf("not ok 1 - no input was found\n");
		count = 1;
		rc = -1;
	}
	printf("1..%d\n", count);
	return rc ? 1 : 0;
}
