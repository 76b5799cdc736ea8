"""The programs in the race. Each has a cache of its own; all check the same copy of the tree."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sys
from typing import Any

import measure
import trees

sys.path.append(os.path.join(trees.ROOT, "tests", "lib"))

import servers  # noqa: E402

SEPAL = os.environ.get("SEPAL", os.path.join(trees.ROOT, "build", "sepal"))
PYTHON = os.environ.get("SEPAL_PYTHON", os.path.join(trees.ROOT, ".venv", "bin", "python"))
STATS = ("units_run", "bodies_run", "units_hit", "units_cutoff", "checker_processes", "describe_processes",
         "files_read", "remote")


class Side:
    """One program on one tree. `home` is its own directory; its cache is in there."""

    name = ""

    def __init__(self, tree: trees.Tree, home: str) -> None:
        self.tree = tree
        self.home = home
        self.cache = os.path.join(home, "cache")
        self.forgotten = 0
        os.makedirs(home)

    def command(self) -> list[str]:
        raise NotImplementedError

    def prepare(self) -> None:
        """What a cold run needs and other runs do not; not timed, and done once."""

    def forget(self) -> None:
        """Makes the next run a cold one. What was there is put aside until the end: for minutes after files were
        removed, ext4 makes new ones many times slower, because it looks for an inode that was not in use lately."""
        if os.path.exists(self.cache):
            self.forgotten += 1
            os.rename(self.cache, f"{self.cache}-forgotten-{self.forgotten}")

    def run(self, sample: bool = False) -> measure.Run:
        return measure.run(self.command(), self.tree.base, measure.environment(self.cache), sample)

    def stats(self) -> dict[str, Any] | None:
        """What the last run did, for sides that tell."""
        return None


class Mypy(Side):
    name = "mypy"
    jobs: tuple[str, ...] = ()

    def command(self) -> list[str]:
        return [PYTHON, "-m", "mypy", "--cache-dir", self.cache, *self.jobs, "--no-error-summary",
                self.tree.subject.package, *self.tree.subject.arguments]


class ParallelMypy(Mypy):
    name = "mypy -n 2"
    jobs = ("-n", "2")


class Sepal(Side):
    name = "sepal"

    def command(self) -> list[str]:
        return [SEPAL, "check", "--quiet", "--python", PYTHON, "--stats-json", self.stats_file(),
                self.tree.subject.package, "--", "--no-error-summary", *self.tree.subject.arguments]

    def stats_file(self) -> str:
        return os.path.join(self.home, "stats.json")

    def stats(self) -> dict[str, Any] | None:
        with open(self.stats_file()) as file:
            said = json.load(file)
        return {name: said[name] for name in STATS if name in said}


class SepalWithLibrary(Sepal):
    """Cold, but for the standard library: its store has been filled by checking a module that imports the modules of
    the standard library that the tree needs, and nothing else."""

    name = "sepal, stdlib known"

    def prepare(self) -> None:
        bare = measure.environment(os.path.join(self.home, "plan"))
        arguments = self.tree.subject.arguments
        plan = measure.run([SEPAL, "plan", "--python", PYTHON, self.tree.subject.package, "--", *arguments],
                           self.tree.base, bare)
        elsewhere = os.path.join(self.home, "library")
        os.makedirs(elsewhere)
        with open(os.path.join(elsewhere, "standard_library.py"), "w") as file:
            file.write(imports_of(json.loads("\n".join(plan.lines))))
        measure.run([SEPAL, "check", "--quiet", "--python", PYTHON, "standard_library.py", "--", *arguments],
                    elsewhere, measure.environment(self.filled()))

    def filled(self) -> str:
        return os.path.join(self.home, "filled")

    def forget(self) -> None:
        super().forget()
        shutil.copytree(self.filled(), self.cache, symlinks=True)


class SepalWithSharedCache(Sepal):
    """A machine that has never seen the tree, and a cache that another one has filled, which had it at another path."""

    name = "sepal, shared cache"
    url = ""

    def prepare(self) -> None:
        if self.url:
            return
        server = servers.Casd()
        atexit.register(server.delete)
        atexit.register(server.stop)
        server.start()
        self.url = server.url
        elsewhere = os.path.join(self.home, "elsewhere")
        shutil.copytree(self.tree.base, elsewhere)
        measure.run([SEPAL, "check", "--quiet", "--python", PYTHON, "--remote-cache", self.url,
                     "--remote-upload", "yes", self.tree.subject.package, "--", *self.tree.subject.arguments],
                    elsewhere, measure.environment(os.path.join(self.home, "filling")))

    def command(self) -> list[str]:
        own = super().command()
        return [*own[:2], "--remote-cache", self.url, "--remote-upload", "no", *own[2:]]


def imports_of(plan: dict[str, Any]) -> str:
    """A module that imports what a plan has of the standard library."""
    names = sorted(module["id"] for module in plan["modules"] if module["root"] == "typeshed")
    return "".join(f"import {name}\n" for name in names)


SIDES: dict[str, type[Side]] = {side.name: side for side in (
    Mypy, ParallelMypy, Sepal, SepalWithLibrary, SepalWithSharedCache)}


def warm_up(scratch: str) -> None:
    """Each program once on next to nothing, so that nobody's first timed run reads its program from the disk."""
    os.makedirs(scratch)
    with open(os.path.join(scratch, "nothing.py"), "w") as file:
        file.write("x: int = 1\n")
    subject = trees.Subject("nothing", "", "nothing.py", "", "", "", ())
    for name in ("mypy", "mypy -n 2", "sepal"):
        SIDES[name](trees.Tree(subject, scratch), os.path.join(scratch, name.replace(" ", ""))).run()
