"""The packages of tests/trees.txt as things to check, and what mypy says of them.

    class Trees(SubjectTestCase):
        def test_...(self) -> None:
            repo = self.checkout(SUBJECTS["pip"])
            run = repo.check(*subject.arguments)
            self.assert_said(run, subject)

All tests of one file share one store, so the standard library is checked once; each checkout has a place of its own. A
cold run of mypy takes seconds: what it said is kept for all tests of the file.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field

from testrepo import Repo, Run, TestCase, checker_python, tree

SLOW_SECONDS = 1500


@dataclass(frozen=True)
class Subject:
    name: str
    packages: tuple[str, ...]  # what is copied out of the tree, and given to both programs
    venv: str = ""  # the tree with the interpreter to use; without one the tests' own
    files: dict[str, str] = field(default_factory=dict)  # beside the packages

    @property
    def arguments(self) -> tuple[str, ...]:
        return (*self.packages, *(name for name in self.files if name.endswith(".py")))

    @property
    def python(self) -> str:
        return os.path.join(tree(self.venv), "bin", "python") if self.venv else checker_python()


SUBJECTS = {subject.name: subject for subject in (
    Subject("pytest", ("_pytest", "pytest", "py.py")),
    Subject("sphinx", ("sphinx",)),
    Subject("pip", ("pip",)),
    Subject("sqlalchemy", ("sqlalchemy",)),
    Subject("fastapi", ("fastapi",), "fastapi-venv", {
        "mypy.ini": "[mypy]\nstrict = True\nplugins = pydantic.mypy\n",
        "measure.py": """\
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel


class Sample(BaseModel):
    values: list[float]


def mean(sample: Sample) -> NDArray[np.float64]:
    return np.asarray(sample.values).mean()


Sample(values=[1.0], unit="m")
""",
    }),
)}


def copy_subject(subject: Subject, target: str) -> None:
    for name in subject.packages:
        source = os.path.join(tree(subject.name), name)
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(target, name), ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    for name, text in subject.files.items():
        with open(os.path.join(target, name), "w", encoding="utf-8") as file:
            file.write(text)


class SharedStoreTestCase(TestCase):
    """Repositories of one file of tests share a store: the standard library is checked once."""

    shared: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.shared = os.path.realpath(tempfile.mkdtemp(prefix="sepal-shared."))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)

    def repo(self, files: str = "", env: dict[str, str] | None = None) -> Repo:
        repo = super().repo(files, env)
        repo.cache = self.shared
        repo.store = os.path.join(self.shared, "sepal")
        return repo


class SubjectTestCase(SharedStoreTestCase):
    """Checkouts of subjects, and what mypy says of them."""

    _mypy: dict[str, Run]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls._mypy = {}

    def setUp(self) -> None:
        started = time.monotonic()
        self.addCleanup(lambda: print(f"{self.id()}: {time.monotonic() - started:.1f} s", file=sys.stderr))

    def checkout(self, subject: Subject) -> Repo:
        """The subject's files at a place where no one has checked them."""
        repo = self.repo()
        repo.python = subject.python
        copy_subject(subject, repo.root)
        return repo

    def mypy_of(self, subject: Subject) -> Run:
        if subject.name not in self._mypy:
            self._mypy[subject.name] = self.checkout(subject).mypy(*subject.arguments)
        return self._mypy[subject.name]

    def assert_said(self, run: Run, subject: Subject) -> None:
        """Every line, as often as mypy says it, and mypy's status."""
        said = self.mypy_of(subject)
        self.assertIn(said.status, (0, 1), said.stderr)
        self.assertEqual(sorted(run.lines), sorted(said.lines), run.stderr)
        self.assertEqual(run.status, said.status, run.stderr)
