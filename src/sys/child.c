#define _GNU_SOURCE /* posix_spawn_file_actions_addchdir_np, pipe2 */
#include "sys/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* One of the three streams: what the child gets, and our end of the pipe if there is one. */
struct stream {
	enum child_stream mode;
	int ours, theirs; /* -1 when there is no pipe */
};

/* A pipe end with number 0, 1 or 2 would be overwritten while the child's streams are put in place. */
static int above_standard(int fd)
{
	if (fd > 2)
		return fd;
	int higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	close(fd);
	return higher;
}

static int stream_open(struct stream *s, int target)
{
	if (s->mode != CHILD_PIPE)
		return 0;
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	int reader = above_standard(ends[0]), writer = above_standard(ends[1]);
	s->theirs = target == STDIN_FILENO ? reader : writer;
	s->ours = target == STDIN_FILENO ? writer : reader;
	if (s->ours < 0 || s->theirs < 0)
		return -1;
	return fcntl(s->ours, F_SETFL, O_NONBLOCK);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int place_stream(posix_spawn_file_actions_t *actions, const struct stream *s, int target)
{
	switch (s->mode) {
	case CHILD_NULL:
		return posix_spawn_file_actions_addopen(actions, target, "/dev/null",
							target == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
	case CHILD_PIPE:
		return posix_spawn_file_actions_adddup2(actions, s->theirs, target);
	case CHILD_INHERIT:
		return 0;
	}
	BUG("unknown kind of stream %d", (int)s->mode);
}

/* Own process group; signals as a fresh program expects them, whatever this one ignores or blocks. */
static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	int rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
							POSIX_SPAWN_SETSIGDEF);
	rc = rc ? rc : posix_spawnattr_setpgroup(attr, 0);
	rc = rc ? rc : posix_spawnattr_setsigmask(attr, &none);
	return rc ? rc : posix_spawnattr_setsigdefault(attr, &all);
}

/* Returns an errno value, as the posix_spawn functions do. */
static int spawn(pid_t *ret, const struct child_spec *spec, const struct stream streams[3])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (rc != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return rc;
	}
	rc = set_attributes(&attr);
	for (int i = 0; i < 3 && rc == 0; i++)
		rc = place_stream(&actions, &streams[i], i);
	if (rc == 0 && spec->cwd)
		rc = posix_spawn_file_actions_addchdir_np(&actions, spec->cwd);
	if (rc == 0)
		rc = posix_spawnp(ret, spec->argv[0], &actions, &attr, (char *const *)spec->argv,
				  spec->env ? (char *const *)spec->env : environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

int child_spawn(struct child *ret, const struct child_spec *spec, struct err *err)
{
	struct stream streams[3] = { { spec->in, -1, -1 }, { spec->out, -1, -1 }, { spec->err, -1, -1 } };
	int failure = 0;
	for (int i = 0; i < 3 && !failure; i++)
		if (stream_open(&streams[i], i) != 0)
			failure = errno;
	pid_t pid = 0;
	if (!failure)
		failure = spawn(&pid, spec, streams);
	for (int i = 0; i < 3; i++) {
		close_fd(&streams[i].theirs);
		if (failure)
			close_fd(&streams[i].ours);
	}
	if (failure) {
		errno = failure;
		return err_set_errno(err, ERR_IO, "cannot start %s%s%s", spec->argv[0], spec->cwd ? " in " : "",
				     spec->cwd ? spec->cwd : "");
	}
	*ret = (struct child){ pid, streams[0].ours, streams[1].ours, streams[2].ours };
	return 0;
}

void child_kill(const struct child *c, int signo)
{
	if (c->pid > 0)
		kill(-c->pid, signo);
}

void child_close_in(struct child *c)
{
	close_fd(&c->in);
}

void child_close(struct child *c)
{
	close_fd(&c->in);
	close_fd(&c->out);
	close_fd(&c->err);
	c->pid = 0;
}

void child_describe_status(int wait_status, struct buf *out)
{
	if (WIFEXITED(wait_status))
		buf_addf(out, "exited with status %d", WEXITSTATUS(wait_status));
	else if (WIFSIGNALED(wait_status))
		buf_addf(out, "was ended by signal %d (%s)", WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
	else
		buf_addf(out, "changed to the wait status %d", wait_status);
}
