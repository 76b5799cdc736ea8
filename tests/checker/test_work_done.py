"""How much runs after an edit: never more than mypy itself would check again, and a cold mypy says the same.

Every step of every test compares the lines and the status with mypy's, and the modules that ran with a list.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import Repo, Run, TestCase, checker_python, tree  # noqa: E402

LIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")

# c <- a <- b and d; e imports both
FIVE = """
-- app/__init__.py --
-- app/c.py --
class C:
    v: int = 1
    w: int = 2
-- app/a.py --
from app.c import C

X = 1

def make() -> C:
    return C()
-- app/b.py --
from app.a import make

def f() -> int:
    return make().v
-- app/d.py --
from app.a import X

y: int = X
-- app/e.py --
import app.b
import app.d
"""


class WorkTestCase(TestCase):
    primed_by = "-- empty.py --\n"

    def changed(self, repo: Repo, *ran: str, options: tuple[str, ...] = ()) -> Run:
        """`sepal check app` says what mypy says and runs these modules and no others."""
        run = self.assert_same_as_mypy(repo, "app", mypy_arguments=options)
        self.assertEqual(run.stats["modules_run"], sorted(ran), str(run))
        self.assertEqual(run.stats["units_failed"], 0)
        return run

    def rechecked(self, repo: Repo, *arguments: str) -> list[str]:
        """What mypy checks again, with a cache of its own that lives as long as the repository."""
        argv = [checker_python(), os.path.join(LIB, "rechecked.py"), os.path.join(repo.base, "mypy-cache"), "app"]
        done = subprocess.run([*argv, *arguments], cwd=repo.root, env=repo.environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def five(self) -> Repo:
        repo = self.repo(FIVE)
        repo.settle()
        self.changed(repo, "app", "app.a", "app.b", "app.c", "app.d", "app.e")
        return repo


class Edits(WorkTestCase):
    def test_a_second_run_does_nothing_at_all(self) -> None:
        repo = self.five()
        run = self.changed(repo)
        self.assertEqual(run.stats["units_hit"], {"manifest": 0, "strict": 0, "unchanged": run.stats["units"]})
        for work in ("units_run", "bodies_run", "checker_processes", "describe_processes", "files_read"):
            self.assertEqual(run.stats[work], 0, work)

    def test_a_second_run_with_errors_repeats_them_without_work(self) -> None:
        repo = self.repo(FIVE)
        repo.edit("app/d.py", "int", "str")
        repo.settle()
        first = self.changed(repo, "app", "app.a", "app.b", "app.c", "app.d", "app.e")
        self.assertEqual(first.status, 1)
        second = self.changed(repo)
        self.assertEqual(second.stdout, first.stdout)
        self.assertEqual(second.stats["checker_processes"], 0)

    def test_touched_files_are_read_again_and_nothing_runs(self) -> None:
        repo = self.five()
        for name in ("a", "b", "c"):
            os.utime(repo.path(f"app/{name}.py"), (1, 1))
        run = self.changed(repo)
        self.assertEqual(run.stats["files_read"], 3)
        self.assertEqual(run.stats["checker_processes"], 0)
        self.assertEqual(run.stats["describe_processes"], 0)

    def test_a_body_edit_below_a_hundred_dependents_runs_one_module(self) -> None:
        leaves = "".join(f"-- app/leaf{i}.py --\nfrom app.a import make\nleaf{i} = make()\n" for i in range(100))
        repo = self.repo(FIVE + leaves)
        repo.check("app")
        repo.edit("app/a.py", "return C()", "made = C()\n    return made")
        run = self.changed(repo, "app.a")
        self.assertEqual(run.stats["units_run"], 1)
        self.assertEqual(run.stats["bodies_run"], 1)
        self.assertEqual(run.stats["units_cutoff"], 103, "b, d, e and the hundred")

    def test_what_leaves_the_interface_alone_runs_one_module(self) -> None:
        repo = self.five()
        for old, new in (("X = 1", "# a comment\n\nX = 1"), ("X = 1", "X = 2"),
                         ("def make() -> C:\n", 'def make() -> C:\n    """Docs."""\n'), ("return C()", "return None")):
            with self.subTest(old=old, new=new):
                repo.edit("app/a.py", old, new)
                self.changed(repo, "app.a")

    def test_an_edit_that_is_taken_back_runs_nothing(self) -> None:
        repo = self.five()
        repo.edit("app/c.py", "v: int = 1", 'v: str = ""')
        self.assertEqual(self.changed(repo, "app.a", "app.b", "app.c").status, 1)
        repo.edit("app/c.py", 'v: str = ""', "v: int = 1")
        run = self.changed(repo)
        self.assertEqual(run.stats["checker_processes"], 0)
        self.assertEqual(run.stats["units_hit"]["unchanged"], 0)

    def test_interface_edits_run_what_mypy_checks_again_or_less(self) -> None:
        repo = self.five()
        self.rechecked(repo)
        edits = (("app/c.py", "v: int = 1", 'v: str = ""'),
                 ("app/c.py", "w: int = 2\n", "w: int = 2\n    def m(self) -> None: ...\n"),
                 ("app/a.py", "X = 1", 'X = ""'), ("app/a.py", "X = ", "Y = 1\nX = "),
                 ("app/a.py", "X = ", "def _p(): ...\nX = "), ("app/d.py", "y: int", "y: str"),
                 ("app/b.py", "f() -> int", "f() -> str"), ("app/a.py", "from app.c", "import app.c\nfrom app.c"))
        for name, old, new in edits:
            with self.subTest(name, old=old, new=new):
                repo.edit(name, old, new)
                run = self.assert_same_as_mypy(repo, "app")
                theirs = self.rechecked(repo)
                self.assertIn(name[:-3].replace("/", "."), run.stats["modules_run"])
                self.assertEqual(set(run.stats["modules_run"]) - set(theirs), set(), f"mypy: {theirs}")

    def test_a_change_deep_below_that_nobody_above_used_stops_there(self) -> None:
        repo = self.repo("""
-- app/__init__.py --
-- app/deep.py --
def used() -> int:
    return 1
class Other:
    x: int = 1
-- app/one.py --
from app.deep import used
def one() -> int:
    return used()
-- app/two.py --
from app.one import one
def two() -> int:
    return one()
-- app/three.py --
from app.two import two
three = two()
""")
        self.assert_same_as_mypy(repo, "app")
        repo.edit("app/deep.py", "x: int = 1", 'x: str = ""')
        # one imports deep, whose interface changed; the interface of one is as it was
        run = self.changed(repo, "app.deep", "app.one")
        self.assertEqual(run.stats["units_cutoff"], 2)

    def test_a_change_deep_below_reaches_who_used_it_without_importing_it(self) -> None:
        repo = self.five()
        repo.edit("app/c.py", "v: int = 1", 'v: str = ""')
        run = self.changed(repo, "app.c", "app.a", "app.b")
        self.assertEqual(run.status, 1, "b returns a str as int")
        self.assertEqual(run.stats["units_cutoff"], 2, "d and e")

    def test_a_new_module_runs_alone(self) -> None:
        repo = self.five()
        repo.write("app/new.py", "from app.d import y\nz: int = y\n")
        self.changed(repo, "app.new")

    def test_a_deleted_module_runs_who_imported_it(self) -> None:
        repo = self.five()
        repo.remove("app/d.py")
        self.assertEqual(self.changed(repo, "app.e").status, 1)

    def test_a_renamed_module_runs_alone_and_with_who_imports_it(self) -> None:
        repo = self.five()
        os.rename(repo.path("app/d.py"), repo.path("app/renamed.py"))
        repo.edit("app/e.py", "app.d", "app.renamed")
        self.changed(repo, "app.e", "app.renamed")


class Options(WorkTestCase):
    def test_an_option_of_one_module_runs_that_module(self) -> None:
        repo = self.five()
        repo.write("mypy.ini", "[mypy]\n[mypy-app.d]\ndisallow_untyped_defs = True\n")
        self.changed(repo, "app.d")
        repo.write("mypy.ini", repo.read("mypy.ini") + "[mypy-app.b,app.e]\nwarn_unreachable = True\n")
        self.changed(repo, "app.b", "app.e")

    def test_a_pattern_of_modules_runs_those_that_it_matches(self) -> None:
        repo = self.repo(FIVE + "-- app/sub/__init__.py --\n-- app/sub/x.py --\nx = 1\n")
        self.assert_same_as_mypy(repo, "app")
        repo.write("mypy.ini", "[mypy]\n[mypy-app.sub.*]\nwarn_return_any = True\n")
        self.changed(repo, "app.sub", "app.sub.x")

    def test_configuration_that_changes_nothing_runs_nothing(self) -> None:
        repo = self.five()
        for text in ("[mypy]\n# a comment\n", "[mypy]\nstrict_equality = False\n",
                     "[mypy]\n[mypy-other.*]\nignore_errors = True\n"):
            repo.write("mypy.ini", text)
            self.changed(repo)

    def test_how_text_looks_runs_nothing(self) -> None:
        repo = self.five()
        repo.edit("app/d.py", "int", "str")
        self.changed(repo, "app.d", "app.e")
        for option in ("--show-column-numbers", "--no-error-summary", "--hide-error-codes", "--show-absolute-path"):
            self.changed(repo, options=(option,))
        pretty = repo.check("app", mypy_arguments=("--pretty",))
        self.assertEqual(pretty.lines, repo.mypy("app", "--pretty").lines)
        self.assertEqual(pretty.stats["units_run"], 0)

    def test_a_comment_that_configures_runs_its_module(self) -> None:
        repo = self.repo(FIVE + "-- app/loose.py --\ndef loose(x):\n    return x\n")
        self.assert_same_as_mypy(repo, "app")
        repo.edit("app/loose.py", "def loose", "# mypy: disallow-untyped-defs\ndef loose")
        self.assertEqual(self.changed(repo, "app.loose").status, 1)

    def test_another_python_version_runs_everything(self) -> None:
        repo = self.five()
        run = self.assert_same_as_mypy(repo, "app", mypy_arguments=("--python-version", "3.12"))
        self.assertEqual(run.stats["units_run"], run.stats["units"])
        self.changed(repo, options=("--python-version", "3.12"))
        self.changed(repo)

    def test_another_platform_runs_everything(self) -> None:
        repo = self.five()
        run = self.assert_same_as_mypy(repo, "app", mypy_arguments=("--platform", "win32"))
        self.assertEqual(run.stats["units_run"], run.stats["units"])


class Upgrades(WorkTestCase):
    # an experiment in mypy 2.0, a feature in 2.4
    TYPE_FORM = """
-- app/form.py --
from typing_extensions import TypeForm
form: TypeForm[int] = int
"""

    def test_another_mypy_runs_everything_and_says_what_it_says(self) -> None:
        repo = self.repo(FIVE + self.TYPE_FORM)
        repo.python = os.path.join(tree("mypy-2.0"), "bin", "python")
        old = self.assert_same_as_mypy(repo, "app")
        self.assertEqual(old.stats["units_run"], old.stats["units"])
        repo.python = checker_python()
        new = self.assert_same_as_mypy(repo, "app")
        self.assertNotEqual(new.stdout, old.stdout)
        # the standard library has been checked with this one before the test
        self.assertEqual(new.stats["modules_run"], ["app", "app.a", "app.b", "app.c", "app.d", "app.e", "app.form"])
        repo.python = os.path.join(tree("mypy-2.0"), "bin", "python")
        self.assertEqual(self.assert_same_as_mypy(repo, "app").stats["units_run"], 0)


class Cycles(WorkTestCase):
    CYCLE = """
-- app/__init__.py --
-- app/a.py --
from app import b
def f() -> int:
    return b.g()
-- app/b.py --
from app import a
def g() -> int:
    return 1
def h() -> int:
    return a.f()
-- app/use.py --
from app.a import f
x: int = f()
"""

    def test_a_cycle_runs_as_one_and_stops_at_its_interface(self) -> None:
        repo = self.repo(self.CYCLE)
        self.changed(repo, "app", "app.a", "app.b", "app.use")
        repo.edit("app/b.py", "return 1", "return 2")
        run = self.changed(repo, "app.a", "app.b")
        self.assertEqual(run.stats["units_run"], 1)
        self.assertEqual(run.stats["units_cutoff"], 1)

    def test_a_cycle_that_opens_becomes_two_units(self) -> None:
        repo = self.repo(self.CYCLE)
        closed = self.changed(repo, "app", "app.a", "app.b", "app.use")
        repo.write("app/b.py", "def g() -> int:\n    return 1\n")
        opened = self.changed(repo, "app.a", "app.b")
        self.assertEqual(opened.stats["units"], closed.stats["units"] + 1)

    def test_an_interface_edit_in_a_cycle_runs_what_mypy_checks_again_or_less(self) -> None:
        repo = self.repo(self.CYCLE)
        self.assert_same_as_mypy(repo, "app")
        self.rechecked(repo)
        repo.edit("app/a.py", "f() -> int", "f() -> str")
        run = self.assert_same_as_mypy(repo, "app")
        self.assertEqual(run.stats["modules_run"], self.rechecked(repo))


if __name__ == "__main__":
    unittest.main()
