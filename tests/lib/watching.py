"""`sepal check --watch` as a program would use it: its output as it comes, applied to what was said before.

    watch = Watch(repo, "app")             # ended by the test case's cleanup, if it is still there
    watch.wait()                           # until it has printed a total
    repo.edit(...)
    watch.wait(lambda: watch.total.startswith("Found 1 error"))
    watch.lines                            # the diagnostics of now, by the lines that came and went

Nothing here sleeps: it waits for lines, with a limit.
"""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from typing import Any, Callable

from testrepo import Repo, sepal_binary

TOTAL = re.compile(r"(Found \d+ errors? in \d+ files? \(|Success: no issues found in )")
KNOWN = re.compile(r"\d+ known diagnostics? of ")  # behind the total, with --new-only
LIMIT_SECONDS = 120


# Before a command: it hears signals though whoever runs the tests may have them ignored (a shell in the background,
# nohup). Not by a function between fork and exec: threads of gRPC do not bear that.
HEARING = ("env", "--default-signal=INT,HUP,TERM")


class Watch:
    def __init__(self, repo: Repo, *arguments: str, stdin: Any = subprocess.DEVNULL) -> None:
        self.repo = repo
        self.lines: Counter[str] = Counter()
        self.total = ""
        self.totals = 0
        self.said: list[str] = []  # everything, for a test that fails
        self.heard: queue.Queue[str | None] = queue.Queue()
        self.stderr = os.path.join(repo.base, "watch-stderr")
        with open(self.stderr, "w") as err:
            self.process = subprocess.Popen(
                [*HEARING, sepal_binary(), "check", "--watch", *arguments], cwd=repo.root, env=repo.environment(),
                stdin=stdin, stdout=subprocess.PIPE, stderr=err, text=True, errors="replace")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.heard.put(line.rstrip("\n"))
        self.heard.put(None)

    def wait(self, until: Callable[[], bool] = lambda: True) -> None:
        """Until a total has come that was not there before, and `until` holds."""
        deadline, before = time.monotonic() + LIMIT_SECONDS, self.totals
        while self.totals == before or not until():
            try:
                line = self.heard.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"not within {LIMIT_SECONDS} seconds:\n{self}") from None
            if line is None:
                raise AssertionError(f"it ended with status {self.process.wait()}:\n{self}")
            self._apply(line)

    def _apply(self, line: str) -> None:
        self.said.append(line)
        if TOTAL.match(line):
            self.total = line
            self.totals += 1
        elif KNOWN.match(line):
            pass
        elif not self.totals:
            self.lines[line] += 1
        elif line.startswith(("+ ", "- ")):
            self.lines[line[2:]] += 1 if line.startswith("+ ") else -1
        else:
            raise AssertionError(f"what is {line!r}?\n{self}")
        if min(self.lines.values(), default=0) < 0:
            raise AssertionError(f"what is gone was not there: {line!r}\n{self}")

    def now(self) -> list[str]:
        return sorted(self.lines.elements())

    def wait_for_error(self, text: str) -> None:
        """Until standard error holds it."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while text not in self.errors():
            if time.monotonic() > deadline:
                raise AssertionError(f"no {text!r} within {LIMIT_SECONDS} seconds:\n{self}")
            time.sleep(0.01)

    def errors(self) -> str:
        with open(self.stderr) as err:
            return err.read()

    def end(self, number: int = signal.SIGINT) -> int:
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=LIMIT_SECONDS)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        assert self.process.stdout
        self.process.stdout.close()

    def __str__(self) -> str:
        return "\n".join([*self.said, self.errors()])
