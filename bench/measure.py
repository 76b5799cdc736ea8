"""Runs one command and says how long it took: wall and processor time, and on demand the memory of all its processes.

The output goes to files, so that nothing reads along while the clock runs. Every command is the leader of a session of
its own, and an interrupted one is ended with all that belongs to that session.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

PR_SET_CHILD_SUBREAPER = 36  # <sys/prctl.h>
SAMPLES_PER_SECOND = 15
GRACE = 5.0  # seconds that an interrupted command has to clean up

# What could make one side faster or slower than its users see it, or change what it prints.
DROPPED = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHASHSEED", "MYPYPATH", "MYPY_CACHE_DIR", "SEPAL_STORE")


class Failed(Exception):
    """A command did not do what it was run for; the message is for people and complete."""


@dataclass
class Run:
    seconds: float
    cpu: float  # user and system time of the command and of all its descendants
    peak_mb: float | None  # the highest sum over all processes that was seen, where it was sampled
    own_peak_mb: float  # resident set of the largest single process
    status: int
    lines: list[str]
    errors: str


def environment(cache: str) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if name not in DROPPED}
    return dict(env, XDG_CACHE_HOME=cache, LC_ALL="C.UTF-8", TERM="dumb")


def processes() -> dict[int, tuple[int, int]]:
    """Every process that there is, with its parent and its session."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                with open(f"/proc/{name}/stat") as file:
                    # the name in parentheses may hold anything
                    fields = file.read().rpartition(")")[2].split()
                    found[int(name)] = int(fields[1]), int(fields[3])
    return found


def family(leader: int, known: dict[int, tuple[int, int]]) -> set[int]:
    """All that descend from the leader of a session, and all in the session, whoever their parent is by now."""
    found = {pid for pid, (_, session) in known.items() if pid == leader or session == leader}
    more = True
    while more:
        children = {pid for pid, (parent, _) in known.items() if parent in found} - found
        found |= children
        more = bool(children)
    return found


def adopt_orphans() -> None:
    """From here on this process is the parent of what its commands leave behind, and can ask what that used."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def time_of_orphans(leader: int) -> float:
    """Waits for what a command that has ended left behind in its session; the processor time that it used."""
    total = 0.0
    for pid, (parent, session) in processes().items():
        if parent == os.getpid() and session == leader:
            with contextlib.suppress(ChildProcessError):
                usage = os.wait4(pid, 0)[2]
                total += usage.ru_utime + usage.ru_stime
    return total


def proportional_kb(pid: int) -> int:
    """The process's share of memory: pages that it shares with others are divided among them."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1])
    except OSError:
        pass  # it has ended
    return 0


class Sampler(threading.Thread):
    """Adds up the memory of a process and its descendants until it is told to stop, and keeps the highest sum."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak_kb = 0
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(1 / SAMPLES_PER_SECOND):
            self.peak_kb = max(self.peak_kb, sum(map(proportional_kb, family(self.pid, processes()))))

    def stop(self) -> float:
        self.done.set()
        self.join()
        return self.peak_kb / 1024


def end_session(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Ends a command that is not wanted any more, politely at first, and everything in its session."""
    for number, patience in ((signal.SIGINT, GRACE), (signal.SIGTERM, GRACE), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what did not end with its leader


@contextlib.contextmanager
def ended_if_interrupted(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        end_session(process)
        raise


def run(argv: list[str], cwd: str, env: dict[str, str], sample: bool = False,
        accepted: tuple[int, ...] = (0, 1)) -> Run:
    """`accepted`: the exit statuses of a run that counts."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        process = subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   start_new_session=True)
        with ended_if_interrupted(process):
            sampler = Sampler(process.pid) if sample else None
            if sampler:
                sampler.start()
            _, waited, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(waited)
            peak = sampler.stop() if sampler else None
            left = time_of_orphans(process.pid)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    if process.returncode not in accepted:
        raise Failed(f"`{' '.join(argv)}` in {cwd} ended with status {process.returncode}:\n"
                     f"{texts[0][-2000:]}{texts[1][-2000:]}")
    return Run(seconds, usage.ru_utime + usage.ru_stime + left, peak, usage.ru_maxrss / 1024, process.returncode,
               texts[0].splitlines(), texts[1])
