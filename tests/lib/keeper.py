"""Keeps a server of the tests: runs a command, and leaves no process of it behind, whatever ends first.

    keeper.py [--user NAME] [--own-root DIRECTORY] PARENT COMMAND [ARGUMENT ...]

PARENT is the process id of who started it. When that process ends, however it ends, or when SIGTERM comes, the command
gets SIGTERM and a few seconds; then everything that descends from it is killed, also what has made itself a session or
a group of its own (this process is the reaper of them all). SIGUSR1 kills at once, as a crash would. The exit status is
the command's.

--user runs the command as that user (PostgreSQL refuses to be root). --own-root is for a file system root that is no
mount point, as in a chroot: bubblewrap cannot leave such a root, so the command gets the same root mounted at
DIRECTORY, in a mount namespace of its own.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time

GRACE_SECONDS = 3.0
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
CLONE_NEWNS, MS_BIND, MS_REC = 0x20000, 4096, 16384
LIBC = ctypes.CDLL(None, use_errno=True)


def system_call(name: str, *arguments: object) -> None:
    if getattr(LIBC, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def enter_own_root(directory: str) -> None:
    system_call("unshare", CLONE_NEWNS)
    system_call("mount", b"/", directory.encode(), None, ctypes.c_ulong(MS_BIND | MS_REC), None)
    os.chroot(directory)


def children() -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == os.getpid():
                found.append(int(name))
    return found


def reap() -> list[int]:
    """The children that have ended, of whatever generation."""
    ended = []
    try:
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return ended
            ended.append(pid)
            STATUSES[pid] = status
    except ChildProcessError:
        return ended


STATUSES: dict[int, int] = {}


def kill_all() -> None:
    while remaining := children():
        for pid in remaining:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        reap()
        time.sleep(0.005)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--user")
    parser.add_argument("--own-root")
    parser.add_argument("parent", type=int)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    waited_for = {signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, waited_for)
    system_call("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    system_call("prctl", PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != arguments.parent:
        return 1  # it ended before the line above
    if arguments.own_root:
        enter_own_root(arguments.own_root)

    def in_child() -> None:
        system_call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, waited_for)

    identity = {}
    if arguments.user:
        entry = pwd.getpwnam(arguments.user)
        identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    child = subprocess.Popen(arguments.command, start_new_session=True, preexec_fn=in_child, **identity)
    deadline = None
    while child.pid not in reap():
        left = 60.0 if deadline is None else deadline - time.monotonic()
        if left <= 0:
            break
        came = signal.sigtimedwait(waited_for, left)
        if came and came.si_signo == signal.SIGUSR1:
            break
        if came and came.si_signo in (signal.SIGTERM, signal.SIGINT) and deadline is None:
            deadline = time.monotonic() + GRACE_SECONDS
            os.kill(child.pid, signal.SIGTERM)
    kill_all()
    child.returncode = 0  # reaped above
    return abs(os.waitstatus_to_exitcode(STATUSES.get(child.pid, signal.SIGKILL)))


if __name__ == "__main__":
    sys.exit(main())
