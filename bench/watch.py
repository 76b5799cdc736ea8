"""The watch row: both sides stay in memory, a file is edited, and the clock runs until the answer is complete.

Sepal sees the edit by itself: its time begins with the edit and ends with the line that closes a re-check (mypy's own
summary). Before that line it prints what has changed, `- ` and `+ `; applied to the first report that gives the lines
that are compared with mypy's. dmypy has to be asked: its time is that of `dmypy recheck`, for the same edit, after
Sepal has come to rest.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import measure
import race
import rows
import sides
import trees

CLOSING = re.compile(r"(Found \d+ errors? in \d+ files? \(|Success: no issues found in )")
PATIENCE = 1800.0  # seconds; a first check of a large tree is part of it


class Watcher:
    """`sepal check --watch` with its output as it comes. With the cache of another side its first check is not cold."""

    def __init__(self, tree: trees.Tree, home: str, cache: str) -> None:
        os.makedirs(home)
        self.stats_file = os.path.join(home, "stats.json")
        self.errors = open(os.path.join(home, "errors"), "w")
        self.said: queue.Queue[tuple[float, str]] = queue.Queue()
        self.lines: Counter[str] = Counter()
        self.first = True
        argv = [sides.SEPAL, "check", "--watch", "--python", sides.PYTHON, "--stats-json", self.stats_file,
                tree.subject.package, "--", *tree.subject.arguments]
        self.process = subprocess.Popen(
            argv, cwd=tree.base, env=measure.environment(cache), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self.errors, text=True, errors="replace", start_new_session=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        assert self.process.stdout
        for text in self.process.stdout:
            self.said.put((time.monotonic(), text.rstrip("\n")))

    def closed(self) -> float:
        """Waits for the end of the check that is under way; the time at which its closing line was read."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                when, text = self.said.get(timeout=1)
                if CLOSING.match(text):
                    self.first = False
                    return when
                self.apply(text)
                continue
            complaint = self.complaint()
            if complaint or self.process.poll() is not None:
                raise measure.Failed(f"`sepal check --watch` does not watch any more:\n{complaint}")
        raise measure.Failed(f"`sepal check --watch` said nothing for {PATIENCE:.0f} seconds")

    def complaint(self) -> str:
        """What it said when a check failed: it then waits for another change, which would not come."""
        with open(self.errors.name) as file:
            text = file.read()
        return text[-2000:] if re.search(r"^sepal: (?!warning)", text, re.MULTILINE) else ""

    def apply(self, text: str) -> None:
        if self.first:
            self.lines[text] += 1
        elif text.startswith(("+ ", "- ")):
            self.lines[text[2:]] += 1 if text.startswith("+") else -1

    def stats(self) -> dict[str, object] | None:
        with contextlib.suppress(OSError, ValueError):
            with open(self.stats_file) as file:
                said = json.load(file)
            return {name: said[name] for name in sides.STATS if name in said}
        return None

    def close(self) -> None:
        measure.end_session(self.process)
        self.errors.close()


@contextlib.contextmanager
def daemon(tree: trees.Tree, home: str) -> Iterator[list[str]]:
    """A dmypy that has checked the tree once; gives the beginning of its command lines."""
    os.makedirs(home)
    client = [sides.PYTHON, "-m", "mypy.dmypy", "--status-file", os.path.join(home, "status.json")]
    env = measure.environment(home)
    options = ["--cache-dir", os.path.join(home, "cache"), "--no-error-summary", *tree.subject.arguments]
    try:
        measure.run([*client, "start", "--", *options], tree.base, env)
        measure.run([*client, "check", tree.subject.package], tree.base, env)
        yield client
    finally:
        subprocess.run([*client, "kill"], cwd=tree.base, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)


def can_watch() -> bool:
    done = subprocess.run([sides.SEPAL, "check", "--help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return "--watch" in done.stdout


def run_watch(row: rows.Row, tree: trees.Tree, side_of: Callable[[str], sides.Side], home: str,
              runs: int) -> race.Result:
    if not can_watch():
        return race.Result(row, {}, skipped="`sepal check` has no option --watch yet")
    ours, rival = race.Track(), race.Track()
    judge = side_of("mypy")  # says after each edit what is right; untimed
    with daemon(tree, os.path.join(home, "dmypy")) as client, \
            contextlib.closing(Watcher(tree, os.path.join(home, "watch"), side_of("sepal").cache)) as watcher:
        watcher.closed()
        for number in range(runs + 1):
            tree.wait_for_a_new_second(tree.subject.leaf)
            os.sync()
            start = time.monotonic()
            tree.edit_body(tree.subject.leaf)
            while True:  # what closes before the edit is known belongs to something else
                seconds = watcher.closed() - start
                if tree.heard_in(list(watcher.lines.elements())):
                    break
            asked = measure.run([*client, "recheck"], tree.base, measure.environment(home))
            if not tree.heard_in(asked.lines):
                raise measure.Failed("dmypy has not seen the last edit, so its time is worth nothing")
            if number == 0:
                continue  # the first edit after the start warms both up
            ours.seconds.append(round(seconds, 4))
            rival.seconds.append(round(asked.seconds, 4))
            right = judge.run().lines
            ours.compare(list(watcher.lines.elements()), right)
            rival.compare(asked.lines, right)
            stats = watcher.stats()
            if stats is not None:
                ours.stats.append(stats)
    return race.Result(row, {"dmypy": rival, "sepal --watch": ours})
