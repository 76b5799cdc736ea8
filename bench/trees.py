"""What is checked: packages of tests/trees.txt and bench/trees.txt, and the places in them that are edited."""

from __future__ import annotations

import itertools
import os
import re
import shutil
from dataclasses import dataclass, field

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COMMON = ("--ignore-missing-imports", "--python-version", "3.13")
MEASURED = "\n\ndef _sepal_measured() -> int:\n    return 0\n"
LITERAL = re.compile(r"(def _sepal_measured\(\) -> int:\n    return )\d+")


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
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def path(self, name: str) -> str:
        return os.path.join(self.base, name)

    def edit_body(self, name: str) -> None:
        """Another number in the body of a function: no interface changes."""
        with open(self.path(name)) as file:
            text = file.read()
        text, count = LITERAL.subn(lambda match: match[1] + str(next(self.numbers)), text)
        if count != 1:
            raise ValueError(f"{self.path(name)} has {count} functions to edit instead of one")
        with open(self.path(name), "w") as file:
            file.write(text)

    def add_function(self, name: str) -> None:
        """One more function at the end: the interface changes."""
        with open(self.path(name), "a") as file:
            file.write(f"\n\ndef sepal_added_{next(self.numbers)}(value: int) -> int:\n    return value\n")


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
