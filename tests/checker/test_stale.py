"""Changes outside the checked files after which the answer of the last run must not be given again."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import Repo, TestCase  # noqa: E402

UNTYPED = "-- a/b/m.py --\ndef f(x): return x\n"
STRICT = "[mypy]\ndisallow_untyped_defs = True\n"


class Stale(TestCase):
    primed_by = "-- m.py --\nimport json\n"

    def settled(self, repo: Repo, *paths: str, cwd: str = "") -> None:
        """A run, and another one that is answered from the first."""
        repo.settle()
        repo.check(*paths, cwd=cwd)
        run = repo.check(*paths, cwd=cwd)
        self.assertGreater(run.stats["units_hit"]["unchanged"], 0, str(run))

    def test_a_repository_mark_that_goes_lets_configuration_above_it_count(self) -> None:
        for make in (lambda repo: repo.write("a/.git/HEAD", ""), lambda repo: repo.write("a/.git", "gitdir: x\n")):
            repo = self.repo(UNTYPED)
            make(repo)
            repo.write("mypy.ini", STRICT)
            self.settled(repo, "m.py", cwd="a/b")
            repo.remove("a/.git")
            self.assertEqual(self.assert_same_as_mypy(repo, "m.py", cwd="a/b").status, 1)
            self.settled(repo, "m.py", cwd="a/b")
            make(repo)
            self.assertEqual(self.assert_same_as_mypy(repo, "m.py", cwd="a/b").status, 0)

    def test_a_module_that_appears_while_its_directory_keeps_its_time(self) -> None:
        repo = self.repo("-- m.py --\nimport json\njson.dumps(1)\n")
        self.settled(repo, "m.py")
        before = os.stat(repo.root)
        repo.write("json.py", "def dumps(x: str) -> None: ...\n")
        os.utime(repo.root, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.assertEqual(self.assert_same_as_mypy(repo, "m.py").status, 1)

    def test_an_interpreter_that_appears_earlier_on_the_path(self) -> None:
        repo = self.repo("-- m.py --\nimport sys\n\nif sys.version_info >= (3, 9):\n    x: int = ''\n")
        early = os.path.join(repo.base, "early")
        os.mkdir(early)
        repo.env["PATH"] = os.pathsep.join([early, os.path.dirname(repo.python), os.environ["PATH"]])
        self.settled(repo, "m.py")
        marker = os.path.join(repo.base, "was-started")
        program = os.path.join(early, "python3")
        with open(program, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n: > '{marker}'\nexec '{repo.python}' \"$@\"\n")
        os.chmod(program, stat.S_IRWXU)
        repo.check("m.py")
        self.assertTrue(os.path.exists(marker))

    def test_a_module_that_a_plugin_imports(self) -> None:
        repo = self.repo("""
-- mypy.ini --
[mypy]
plugins = plug.py
-- plug.py --
from mypy.plugin import Plugin
import plughelp
class P(Plugin):
    def get_function_hook(self, name):
        return plughelp.hook if name == "lib.f" else None
def plugin(version):
    return P
-- plughelp.py --
def hook(context):
    return context.api.named_generic_type("builtins.str", [])
-- lib.py --
def f() -> int: return 1
-- m.py --
from lib import f
reveal_type(f())
""")
        self.settled(repo, "m.py")
        repo.edit("plughelp.py", "builtins.str", "builtins.bytes")
        run = self.assert_same_as_mypy(repo, "m.py")
        self.assertIn("bytes", run.stdout)

    def test_a_plugins_configuration_of_many_lines(self) -> None:
        """Why units ran again is told line by line, and such a value has several."""
        repo = self.repo("""
-- mypy.ini --
[mypy]
plugins = plug.py
[other]
a = 1
[last]
-- plug.py --
from mypy.plugin import Plugin
def plugin(version):
    return Plugin
-- m.py --
x: int = 1
""")
        self.settled(repo, "m.py")
        repo.edit("mypy.ini", "a = 1", "a = 2")
        run = repo.check("--verbose", "m.py")
        self.assertEqual(run.status, 0, str(run))
        self.assertIn("plugin configuration changed from [other] a = 1 [last]", run.stderr)

    def test_a_link_to_another_module_or_package(self) -> None:
        repo = self.repo("""
-- one/__init__.py --
X: int = 1
-- two/__init__.py --
X: str = ""
-- m.py --
from linked import X
y: int = X
""")
        for one, two, name in (("one", "two", "linked"), ("one/__init__.py", "two/__init__.py", "linked.py")):
            link = repo.path(name)
            os.symlink(one, link)
            self.settled(repo, "m.py")
            os.unlink(link)
            os.symlink(two, link)
            self.assertEqual(self.assert_same_as_mypy(repo, "m.py").status, 1)
            os.unlink(link)

    def test_a_worker_program_that_was_edited(self) -> None:
        repo = self.repo("-- m.py --\nx: int = 1\n")
        workers = os.path.join(repo.base, "worker")
        shutil.copytree(repo.environment()["SEPAL_WORKER_DIR"], workers, ignore=shutil.ignore_patterns("__pycache__"))
        repo.env["SEPAL_WORKER_DIR"] = workers
        self.settled(repo, "m.py")
        with open(os.path.join(workers, "sepal_mypy_unit.py"), "a", encoding="utf-8") as file:
            file.write("# a comment\n")
        run = repo.check("m.py")
        self.assertEqual(run.stats["units_hit"]["unchanged"], 0, str(run))
        self.assertIn("m", run.stats["modules_run"])


if __name__ == "__main__":
    unittest.main()
