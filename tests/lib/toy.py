"""For end-to-end tests with the toy checker: the language is src/worker/sepal_toy_language.py."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from typing import Any

from testrepo import Repo, Run, TestCase, sepal_binary

CHAIN = """
-- a.py --
export X 1
-- b.py --
import a
export Y
body X
-- c.py --
import b
export Z
-- d.py --
import c
body Z
"""


class ToyCase(TestCase):
    def check(self, repo: Repo, *arguments: str, **options: Any) -> Run:
        return repo.check("--checker", "toy", *arguments, **options)

    def assert_ran(self, run: Run, *modules: str) -> None:
        self.assertIn(run.status, (0, 1), str(run))
        self.assertEqual(run.stats["modules_run"], sorted(modules), str(run))

    def assert_as_clean(self, repo: Repo, *arguments: str) -> Run:
        """A run says what a run with an empty store says."""
        warm = self.check(repo, *arguments)
        cold = self.check(repo, "--store", os.path.join(repo.base, f"clean-{len(repo.runs)}"), *arguments)
        self.assertEqual((warm.stdout, warm.status), (cold.stdout, cold.status))
        return warm

    def start(self, repo: Repo, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """`sepal check` in the background."""
        process = subprocess.Popen([sepal_binary(), "check", "--checker", "toy", *arguments], cwd=repo.root,
                                   env=repo.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, **options)
        self.addCleanup(end, process)
        return process

    def assert_no_children(self, repo: Repo) -> None:
        """Nothing runs any more in a directory of the store."""
        deadline = time.monotonic() + 10
        while (left := running_below(repo.store)) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(left, [])


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.communicate()


def running_below(directory: str) -> list[str]:
    """Command lines of processes whose current directory is in `directory`."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd").startswith(directory + "/"):
                with open(f"/proc/{pid}/cmdline") as file:
                    found.append(file.read().replace("\0", " "))
        except OSError:
            pass  # it has ended, or is not ours
    return found


def wait_until_running(directory: str, seconds: float = 10) -> None:
    """Until some process runs in `directory`."""
    deadline = time.monotonic() + seconds
    while not running_below(directory):
        if time.monotonic() > deadline:
            raise AssertionError(f"nothing runs in {directory} after {seconds} seconds")
        time.sleep(0.01)


class Program:
    """A random program: mostly acyclic, some cycles, names that are there and names that are not."""

    def __init__(self, seed: int, modules: int) -> None:
        self.random = random.Random(seed)
        self.names = [f"m{number}" for number in range(modules)]
        self.texts = {name: self._text(number) for number, name in enumerate(self.names)}

    def _text(self, number: int) -> str:
        below = self.names[:number] if self.random.random() < 0.9 else self.names
        imports = self.random.sample(below, min(len(below), self.random.randrange(4)))
        lines = [f"import {name}" for name in imports]
        for _ in range(self.random.randrange(3)):
            lines.append(f"export {self._name()} {self.random.randrange(3)}")
        for name in imports:
            lines.append(self.random.choice([
                f"reveal {name}.{self._name()}", f"body {self._name()}",
                f"export {self._name()} = {name}.{self._name()}",
                f"reveal {name}.{self.random.choice(self.names)}.{self._name()}", "error wrong", ""]))
        self.random.shuffle(lines)
        return "\n".join(lines) + "\n"

    def _name(self) -> str:
        return self.random.choice(["A", "B", "C"])

    def write(self, repo: Repo) -> None:
        for name, text in self.texts.items():
            repo.write(f"{name}.py", text)

    def edit(self, repo: Repo) -> str:
        """Changes one module; its name."""
        number = self.random.randrange(len(self.names))
        name = self.names[number]
        self.texts[name] = self._text(number)
        repo.write(f"{name}.py", self.texts[name])
        return name
