"""What is checked: packages of tests/trees.txt and bench/trees.txt, and the places in them that are edited."""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COMMON = ("--ignore-missing-imports", "--python-version", "3.13")
# What is edited makes itself heard: a checker that has seen the edit prints its number.
MEASURED = "\n\ndef _sepal_measured() -> None:\n    reveal_type(0)\n"
ADDED = "\n\ndef sepal_added_{0}(value: int) -> int:\n    reveal_type({0})\n    return value\n"
HEARD = 'Revealed type is "Literal[{}]?"'
LITERAL = re.compile(r"(def _sepal_measured\(\) -> None:\n    reveal_type\()\d+")


@dataclass(frozen=True)
class Subject:
    name: str  # the directory in .trees
    version: str  # as pinned there; a test compares
    package: str  # what is given to the checkers
    leaf: str  # nothing imports it, and among such modules it is of median size
    cycle: str  # a member of the largest import cycle
    hub: str  # a module that many import; it gets new functions
    arguments: tuple[str, ...] = COMMON


SUBJECTS = {subject.name: subject for subject in (
    Subject("sphinx", "9.2.0", "sphinx", leaf="sphinx/ext/ifconfig.py", cycle="sphinx/domains/rst.py",
            hub="sphinx/util/typing.py"),
    Subject("sqlalchemy", "2.1.9", "sqlalchemy", leaf="sqlalchemy/ext/indexable.py",
            cycle="sqlalchemy/orm/session.py", hub="sqlalchemy/util/langhelpers.py"),
    Subject("homeassistant", "2025.4.4", "homeassistant", leaf="homeassistant/components/tikteck/light.py",
            cycle="homeassistant/core.py", hub="homeassistant/util/dt.py",
            arguments=(*COMMON, "--no-site-packages")),
    # quick ones, for trying the bench itself
    Subject("fastapi", "0.165.0", "fastapi", leaf="fastapi/cli.py", cycle="fastapi/routing.py",
            hub="fastapi/params.py"),
    Subject("pytest", "9.2.0", "_pytest", leaf="_pytest/unraisableexception.py", cycle="_pytest/python.py",
            hub="_pytest/nodes.py"),
)}


@dataclass
class Tree:
    """A copy of a subject that may be edited. Every edit gives a content that was never there before."""

    subject: Subject
    base: str  # the directory that the package is in: the checkers run here
    number: int = 0

    def path(self, name: str) -> str:
        return os.path.join(self.base, name)

    def edit_body(self, name: str) -> None:
        """Another number in the body of a function: no interface changes."""
        text, count = LITERAL.subn(lambda match: match[1] + str(self.number + 1), self.read(name))
        if count != 1:
            raise ValueError(f"{self.path(name)} has {count} functions to edit instead of one")
        self.write(name, text)

    def add_function(self, name: str) -> None:
        """One more function at the end: the interface changes."""
        self.write(name, self.read(name) + ADDED.format(self.number + 1))

    def read(self, name: str) -> str:
        with open(self.path(name)) as file:
            return file.read()

    def write(self, name: str, text: str) -> None:
        """At once, as editors do it: nobody sees half a file."""
        self.number += 1
        new = self.base + ".new"
        with open(new, "w") as file:
            file.write(text)
        os.replace(new, self.path(name))

    def wait_for_a_new_second(self, name: str) -> None:
        """mypy compares sizes and whole seconds: an edit in the second of the last one would not exist for it."""
        while int(time.time()) <= int(os.stat(self.path(name)).st_mtime):
            time.sleep(0.01)

    def heard_in(self, lines: list[str]) -> bool:
        """Whether this output is of a run that has seen the last edit."""
        return any(line.endswith(HEARD.format(self.number)) for line in lines)


def copy(subject: Subject, trees: str, base: str) -> Tree:
    """Copies a subject out of the directory of trees and gives it the functions whose bodies are edited. That also
    brings every file into the page cache, for all sides alike."""
    source = os.path.join(trees, subject.name, subject.package)
    if not os.path.isdir(source):
        raise FileNotFoundError(f"There is no {source}; `./dev bench` downloads what it measures.")
    shutil.copytree(source, os.path.join(base, subject.package),
                    ignore=shutil.ignore_patterns("__pycache__"))
    tree = Tree(subject, base)
    for name in sorted({subject.leaf, subject.cycle}):
        with open(tree.path(name), "a") as file:
            file.write(MEASURED)
    return tree
