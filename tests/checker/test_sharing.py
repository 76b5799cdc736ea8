"""One store for many: checkouts, virtual environments, repositories and processes find each other's results, never each
other's mistakes; and what lies in it does not depend on who made it, or on what he did before."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from environments import Environment  # noqa: E402
from testrepo import Repo, Run, TestCase, checker_python, sepal_binary  # noqa: E402

APP = """
-- app/__init__.py --
-- app/model.py --
from __future__ import annotations
import json
from dataclasses import dataclass
from lib.shapes import Shape

@dataclass
class Model:
    shape: Shape
    def dump(self) -> str:
        return json.dumps(self.shape.corners)
-- app/view.py --
from app.model import Model
from lib import untold
import nowhere

def show(model: Model) -> int:
    return model.dump()
-- mypy.ini --
[mypy]
strict = True
"""

LIBRARY = {
    "lib/__init__.py": "def untold(x): return x\n",
    "lib/py.typed": "",
    "lib/shapes.py": "class Shape:\n    corners: list[int] = []\n    wrong: int = ''\n",
    "lib-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: lib\nVersion: 1.0\n",
}


class Checkouts(TestCase):
    def move(self, repo: Repo, to: str) -> None:
        """The work tree lies elsewhere from now on; the store is the same."""
        shutil.copytree(repo.root, to)
        repo.root = to

    def assert_nothing_runs(self, run: Run, like: Run) -> None:
        self.assertEqual(run.stdout, like.stdout, str(run))
        self.assertEqual((run.status, run.stderr), (like.status, like.stderr))
        self.assertEqual(run.stats["checker_processes"], 0)
        self.assertEqual(run.stats["units_run"], 0)

    def test_a_second_checkout_with_its_own_environment_runs_no_checker_and_prints_the_same_bytes(self) -> None:
        repo = self.repo(APP)
        repo.python = Environment(os.path.join(repo.base, "venv"), LIBRARY, with_checker=True).python
        first = self.assert_same_as_mypy(repo, "app")
        self.assertEqual(first.status, 1)
        self.assertGreater(first.stats["units_run"], 0)
        self.assertIn("lib.shapes", first.stats["modules_run"])

        self.move(repo, os.path.join(repo.base, "another place", "with ümlaut"))
        self.assert_nothing_runs(repo.check("app"), first)

        # other packages beside the library are nobody's business
        elsewhere = Environment(os.path.join(repo.base, "elsewhere", "env"), LIBRARY, with_checker=True)
        elsewhere.write("unrelated/__init__.py", "")
        repo.python = elsewhere.python
        self.move(repo, os.path.join(repo.base, "third"))
        self.assert_nothing_runs(repo.check("app"), first)
        self.assert_same_as_mypy(repo, "app")

    def test_another_version_of_a_library_runs_those_who_see_it(self) -> None:
        repo = self.repo(APP)
        repo.python = Environment(os.path.join(repo.base, "venv"), LIBRARY, with_checker=True).python
        self.assert_same_as_mypy(repo, "app")
        other = Environment(os.path.join(repo.base, "other"), LIBRARY, with_checker=True)
        other.write("lib/shapes.py", "class Shape:\n    corners: list[str] = []\n    def area(self) -> int: ...\n")
        repo.python = other.python
        run = self.assert_same_as_mypy(repo, "app")
        self.assertEqual(run.stats["modules_run"], ["app.model", "lib.shapes"])

    def test_files_given_by_absolute_paths_are_the_same_modules(self) -> None:
        repo = self.repo("-- app/__init__.py --\n-- app/a.py --\nx: int = ''\n")
        first = self.assert_same_as_mypy(repo, "app/a.py")
        again = self.assert_same_as_mypy(repo, repo.path("app/a.py"))
        self.assertEqual(again.stats["checker_processes"], 0)
        self.assertEqual(again.lines[-1], first.lines[-1])

    def test_a_git_checkout_and_a_plain_directory_share(self) -> None:
        repo = self.repo("-- app/__init__.py --\n-- app/a.py --\nx: int = ''\n")
        repo.commit()
        first = self.assert_same_as_mypy(repo, "app")
        self.move(repo, os.path.join(repo.base, "plain"))
        shutil.rmtree(repo.path(".git"))
        self.assert_nothing_runs(repo.check("app"), first)


class Neighbours(TestCase):
    primed_by = "-- empty.py --\n"
    ROUNDS = 20

    @staticmethod
    def files(owner: str, number: int) -> dict[str, str]:
        """The same names and sizes in both repositories; what differs decides about errors."""
        kind, other = ("int", "str") if owner == "left" else ("str", "int")
        return {"app/__init__.py": "",
                "app/base.py": f"class Base:\n    value{number:02}: {kind}\n",
                "app/use.py": f"from app.base import Base\n\ndef use(base: Base) -> {other}:\n"
                              f"    return base.value{number:02}\n"}

    @staticmethod
    def said(owner: str) -> str:
        got, expected = ("int", "str") if owner == "left" else ("str", "int")
        return (f'app/use.py:4: error: Incompatible return value type (got "{got}", expected "{expected}")  '
                "[return-value]\nFound 1 error in 1 file (checked 3 source files)\n")

    def test_two_repositories_with_the_same_names_checked_at_the_same_time_do_not_meet(self) -> None:
        left, right = self.repo(), self.repo()
        right.store, right.cache = left.store, left.cache
        for number in range(self.ROUNDS):
            runs: dict[str, Run] = {}

            def check(owner: str, repo: Repo) -> None:
                runs[owner] = repo.check("app", "-j1", doctor=False)

            pairs = (("left", left), ("right", right))
            for owner, repo in pairs:
                for name, text in self.files(owner, number).items():
                    repo.write(name, text)
            threads = [threading.Thread(target=check, args=pair) for pair in pairs]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for owner, repo in pairs:
                self.assertEqual(runs[owner].stdout, self.said(owner), f"round {number}: {runs[owner]}")
                self.assertEqual(runs[owner].status, 1)
                ran = set(runs[owner].stats["modules_run"])
                self.assertEqual(ran - {"app"}, {"app.base", "app.use"})
                self.assertTrue(number == 0 or "app" not in ran, "the empty package is the same in every round")
                if number in (0, self.ROUNDS - 1):
                    self.assert_same_as_mypy(repo, "app")
        left.doctor()

    def test_two_runs_of_one_tree_at_the_same_time_are_both_right(self) -> None:
        repo = self.repo()
        for name, text in self.files("left", 0).items():
            repo.write(name, text)
        argv = [sepal_binary(), "check", "--store", repo.store, "app"]
        running = [subprocess.Popen(argv, cwd=repo.root, env=repo.environment(), stdout=subprocess.PIPE, text=True)
                   for _ in range(4)]
        for process in running:
            self.assertEqual(process.communicate()[0], self.said("left"))
            self.assertEqual(process.returncode, 1)
        self.assertEqual(repo.check("app").stats["units_run"], 0)


# The type variables of these aliases get numbers from a counter of the process, and the numbers are in the interface.
HUB = """
-- hub/__init__.py --
-- hub/pick.py --
from typing import TypeVar

T = TypeVar("T")

class Chooser:
    def pick(self, of: list[T]) -> T:
        return of[0]
    def twice(self, of: list[T]) -> tuple[T, T]:
        return of[0], of[0]

_chooser = Chooser()
pick = _chooser.pick
twice = _chooser.twice
-- aaa/__init__.py --
-- aaa/busy.py --
from typing import Callable, TypeVar

A = TypeVar("A")
B = TypeVar("B")

def compose(f: Callable[[A], B], x: A) -> B:
    return f(x)

class Many:
    def one(self, x: A, y: B) -> tuple[A, B]:
        return compose(lambda z: z, x), y

_many = Many()
""" + "".join(f"one{i} = _many.one\nvalue{i} = compose(lambda x: [x], {i})\n" for i in range(20))


class Past(TestCase):
    primed_by = "-- empty.py --\n"

    def digest_by_mypy(self, repo: Repo, *arguments: str) -> str:
        cache = os.path.join(repo.base, "mypy-cache")
        shutil.rmtree(cache, ignore_errors=True)
        argv = [checker_python(), "-m", "mypy", "--no-sqlite-cache", f"--cache-dir={cache}", *arguments]
        subprocess.run(argv, cwd=repo.root, env=repo.environment(), stdout=subprocess.PIPE, check=True)
        path = next(os.path.join(directory, "pick.data.ff") for directory, _, names in os.walk(cache)
                    if "pick.data.ff" in names)
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    def test_interfaces_do_not_depend_on_what_the_checker_did_before(self) -> None:
        repo = self.repo(HUB)
        self.assertNotEqual(self.digest_by_mypy(repo, "hub"), self.digest_by_mypy(repo, "hub", "aaa"),
                            "mypy's own bytes have become independent of the past: this test shows nothing any more")
        self.assert_same_as_mypy(repo, "hub")
        # one process makes both packages now, and a conflict would be an error
        for arguments in (("aaa", "hub"), ("hub", "aaa"), ("hub",)):
            run = repo.check("--no-store-read", "-j1", *arguments)
            self.assertEqual((run.status, run.stats["conflicts"]), (0, 0), str(run))
            self.assertEqual(run.stats["units_run"], run.stats["units"])

    def test_the_hermetic_process_makes_the_same_bytes(self) -> None:
        repo = self.repo(HUB)
        repo.check("-j1", "aaa", "hub")
        run = repo.run("verify", "aaa", "hub")
        self.assertEqual(run.status, 0, str(run))

    def test_the_order_of_arguments_decides_nothing(self) -> None:
        repo = self.repo(HUB)
        repo.check("aaa", "hub")
        run = repo.check("hub", "aaa")
        self.assertEqual(run.stats["units_run"], 0, str(run))


if __name__ == "__main__":
    unittest.main()
