"""What an import means: modules, submodules, attributes, stubs, namespaces, and names that lead nowhere.

Every step compares with a cold mypy and says which modules ran.
"""

from __future__ import annotations

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import TestCase  # noqa: E402


class Submodules(TestCase):
    primed_by = "-- empty.py --\n"

    PACKAGE = """
-- p/__init__.py --
-- p/a.py --
x: int = 1
-- use.py --
import p
import p.a
y: str = p.a.x
"""

    def test_an_attribute_hides_a_submodule_of_its_name(self) -> None:
        repo = self.repo("-- p/__init__.py --\na = 1\n-- p/a.py --\nx = 1\n"
                         "-- use.py --\nfrom p import a\nreveal_type(a)\n")
        self.assert_step(repo, ["p", "p.a", "use"], "p", "use.py")
        repo.write("p/__init__.py", "")
        self.assert_step(repo, ["p", "use"], "p", "use.py")

    def test_a_submodule_that_appears_or_goes_runs_who_asked_for_it(self) -> None:
        repo = self.repo("-- p/__init__.py --\n-- use.py --\nfrom p import a\nprint(a.x)\n-- other.py --\nimport p\n")
        self.assertEqual(self.assert_step(repo, ["other", "p", "use"], "p", "use.py", "other.py").status, 1)
        repo.write("p/a.py", "x: int = 1\n")
        self.assertEqual(self.assert_step(repo, ["p.a", "use"], "p", "use.py", "other.py").status, 0)
        repo.remove("p/a.py")
        self.assertEqual(self.assert_step(repo, [], "p", "use.py", "other.py").status, 1)

    def test_a_module_becomes_a_package(self) -> None:
        repo = self.repo("-- a.py --\nx: int = 1\n-- use.py --\nfrom a import x\ny: int = x\n")
        self.assert_step(repo, ["a", "use"], "use.py")
        repo.remove("a.py")
        repo.write("a/__init__.py", "x: str = ''\n")
        self.assert_step(repo, ["a", "use"], "use.py")

    def test_a_parent_knows_submodules_that_others_import(self) -> None:
        repo = self.repo(self.PACKAGE)
        self.assert_step(repo, ["p", "p.a", "use"], "p", "use.py")
        repo.edit("use.py", "import p.a\n", "")
        self.assert_step(repo, ["use"], "p", "use.py")

    def test_a_submodule_that_a_dependency_imports_is_an_attribute(self) -> None:
        repo = self.repo(self.PACKAGE + "-- between.py --\nimport p.a\n"
                         "-- far.py --\nimport between\nimport p\nz: str = p.a.x\n")
        self.assert_same_as_mypy(repo, "p", "use.py", "far.py", "between.py")
        repo.write("between.py", "")
        self.assert_same_as_mypy(repo, "p", "use.py", "far.py", "between.py")

    def test_a_submodule_that_nobody_below_imports_is_no_attribute(self) -> None:
        repo = self.repo("-- p/__init__.py --\n-- p/a.py --\nx = 1\n"
                         "-- one.py --\nimport p\np.a.x\n-- two.py --\nimport p.a\n")
        for order in (("one.py", "two.py", "p"), ("two.py", "one.py", "p"), ("p", "two.py", "one.py")):
            self.assert_same_as_mypy(repo, *order)

    def test_a_standard_submodule_is_an_attribute_only_of_who_imports_it(self) -> None:
        repo = self.repo("-- one.py --\nimport concurrent.futures\nconcurrent.futures.thread.ThreadPoolExecutor\n"
                         "-- two.py --\nimport concurrent.futures.thread\n"
                         "-- three.py --\nimport os\nos.path.join('')\n")
        self.assert_same_as_mypy(repo, "one.py", "two.py", "three.py")
        self.assert_same_as_mypy(repo, "one.py")

    def test_relative_imports_beyond_the_top_stop_mypy_and_sepal(self) -> None:
        repo = self.repo("-- p/__init__.py --\n-- p/a.py --\nfrom ... import x\n-- b.py --\nimport p.a\n")
        self.assert_same_as_mypy(repo, "p", "b.py")


class Reachability(TestCase):
    primed_by = "-- empty.py --\n"

    def test_imports_for_type_checking_and_in_functions_make_cycles(self) -> None:
        repo = self.repo("""
-- app/__init__.py --
-- app/a.py --
from __future__ import annotations
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from app.b import B
class A:
    def b(self) -> B:
        from app.c import make
        return make(self)
-- app/b.py --
from app.a import A
class B:
    def __init__(self, a: A) -> None:
        self.a: str = a
-- app/c.py --
def make(a):
    from app.b import B
    return B(a)
""")
        run = self.assert_same_as_mypy(repo, "app")
        repo.edit("app/c.py", "def make(a)", "def make(a: int)")
        after = self.assert_step(repo, ["app.a", "app.b", "app.c"], "app")
        self.assertEqual(after.stats["units_run"], 1)
        self.assertEqual(after.stats["units"], run.stats["units"])

    def test_branches_of_another_platform_or_version_are_no_imports(self) -> None:
        repo = self.repo("""
-- app.py --
import sys
if sys.platform == "win32":
    import only_windows
    x: int = only_windows.x
else:
    import elsewhere
    x = elsewhere.x
if sys.version_info >= (3, 13):
    import newer
    y: int = newer.y
-- only_windows.py --
x = ""
-- elsewhere.py --
x = 1
-- newer.py --
y = ""
""")
        for arguments, errors in (((), 0), (("--platform", "win32"), 1), (("--python-version", "3.13"), 1)):
            run = self.assert_same_as_mypy(repo, "app.py", mypy_arguments=arguments)
            self.assertEqual(run.status, errors)
        # what no branch of this platform imports is not even looked at
        repo.write("only_windows.py", "this is no Python\n")
        self.assert_step(repo, [], "app.py")

    def test_names_that_are_always_true_or_false_decide_about_imports(self) -> None:
        repo = self.repo("-- app.py --\nMYFLAG = OTHER = False\nif MYFLAG:\n    import a\nif OTHER:\n    import b\n"
                         "if not MYPY:\n    import c\n"
                         "-- a.py --\nx: int = ''\n-- b.py --\nx: str = 1\n-- c.py --\nx: int = ''\n")
        self.assert_same_as_mypy(repo, "app.py")
        self.assert_same_as_mypy(repo, "app.py", mypy_arguments=("--always-true", "MYFLAG"))
        self.assert_same_as_mypy(repo, "app.py", mypy_arguments=("--always-true", "MYFLAG", "--always-false", "OTHER"))

    def test_two_units_that_reach_a_type_only_through_another(self) -> None:
        repo = self.repo("-- c.py --\nclass C:\n    v: int = 1\n-- a.py --\nfrom c import C\ndef make() -> C: ...\n"
                         "-- b.py --\nfrom a import make\nx: str = make().v\n")
        first = self.assert_step(repo, ["a", "b", "c"], "b.py")
        process = repo.check("--runner=process", "--no-store-read", "b.py")
        self.assertEqual((process.lines, process.stats["conflicts"]), (first.lines, 0))


class Missing(TestCase):
    primed_by = "-- empty.py --\n"

    def test_a_missing_module_that_appears_runs_who_asked_for_it(self) -> None:
        repo = self.repo("-- app.py --\nimport later\nx: int = later.x\n-- other.py --\nx = 1\n")
        self.assertEqual(self.assert_step(repo, ["app", "other"], "app.py", "other.py").status, 1)
        repo.write("later.py", "x = ''\n")
        self.assert_step(repo, ["app", "later"], "app.py", "other.py")
        repo.write("later.py", "x = 1\n")
        self.assertEqual(self.assert_step(repo, ["app", "later"], "app.py", "other.py").status, 0)
        repo.remove("later.py")
        self.assertEqual(self.assert_step(repo, [], "app.py", "other.py").status, 1)

    def test_a_new_json_shadows_the_standard_one(self) -> None:
        repo = self.repo("-- app.py --\nimport json\nx: int = json.dumps(1)\n-- other.py --\nimport re\n")
        self.assert_same_as_mypy(repo, "app.py", "other.py")
        repo.write("json.py", "def dumps(x: object) -> int:\n    return 1\n")
        self.assertEqual(self.assert_step(repo, ["app", "json"], "app.py", "other.py").status, 0)
        repo.remove("json.py")
        self.assert_step(repo, [], "app.py", "other.py")

    def test_ignored_imports_that_are_there_missing_or_untyped(self) -> None:
        repo = self.repo("-- app.py --\nimport nope  # type: ignore\n"
                         "import nope.sub  # type: ignore[import-not-found]\n"
                         "import nope.two  # type: ignore[attr-defined]\n")
        options = ("--warn-unused-ignores",)
        self.assert_same_as_mypy(repo, "app.py", mypy_arguments=options)
        repo.write("nope/__init__.py", "")
        self.assert_same_as_mypy(repo, "app.py", mypy_arguments=options)
        repo.write("nope/sub.py", "x: int = ''\n")
        self.assert_same_as_mypy(repo, "app.py", mypy_arguments=options)
        repo.write("nope/two.py", "")
        run = self.assert_same_as_mypy(repo, "app.py", mypy_arguments=options)
        self.assertEqual(len([line for line in run.lines if "unused" in line.lower()]), 3)

    def test_ignoring_missing_imports_of_some_modules(self) -> None:
        repo = self.repo("-- app.py --\nimport here_not\nimport there_not.sub\nx: int = here_not.x\n"
                         "-- mypy.ini --\n[mypy]\n[mypy-here_not.*]\nignore_missing_imports = True\n")
        self.assert_step(repo, ["app"], "app.py")
        repo.write("mypy.ini", "[mypy]\n[mypy-there_not.*]\nignore_missing_imports = True\n")
        self.assert_step(repo, ["app"], "app.py")
        repo.write("mypy.ini", "[mypy]\nignore_missing_imports = True\n")
        self.assertEqual(self.assert_same_as_mypy(repo, "app.py").status, 0)

    def test_every_reason_why_a_module_is_missing_has_its_message_and_its_notes_once(self) -> None:
        imports = ("import nowhere", "import nowhere.deeper", "import yaml", "import requests.adapters",
                   "from six import moves", "from google.cloud import ndb", "import google.protobuf.message")
        files = "".join(f"-- app/m{i}.py --\n" + "\n".join(imports[i % 3:]) + "\n" for i in range(4))
        repo = self.repo("-- app/__init__.py --\n" + files)
        first = self.assert_same_as_mypy(repo, "app")
        notes = [line for line in first.lines if "note: See https://mypy" in line]
        self.assertEqual(len(notes), 1)
        # the note stays where mypy prints it when only a part runs again
        repo.write("app/m2.py", "x = 1\n" + repo.read("app/m2.py"))
        self.assert_step(repo, ["app.m2"], "app")
        repo.remove("app/m0.py")
        self.assert_same_as_mypy(repo, "app")

    def test_a_subpackage_checked_from_within_gets_the_hint_about_the_package_root(self) -> None:
        repo = self.repo("-- pkg/__init__.py --\n-- pkg/a.py --\nimport pkg.b\nimport pkg.c\n-- pkg/b.py --\n")
        self.assert_same_as_mypy(repo, "a.py", "b.py", cwd="pkg")
        self.assert_same_as_mypy(repo, "pkg")

    def test_did_you_mean_is_asked_of_the_same_names(self) -> None:
        repo = self.repo("-- app.py --\nimport jsn\nimport itertool\nimport request\n"
                         "from collection import OrderedDict\n"
                         "import os.pth\nfrom os import pth, getcwdd\nimport numpi\n")
        self.assert_same_as_mypy(repo, "app.py")


class Followed(TestCase):
    primed_by = "-- empty.py --\n"

    FILES = """
-- root.py --
import near
x: int = near.y
-- near.py --
import far
y: str = 1
z = far.z
-- far.py --
z: int = ""
"""

    def test_follow_imports_normal_silent_skip_and_error(self) -> None:
        repo = self.repo(self.FILES)
        for how in ("normal", "silent", "skip", "error"):
            for arguments in (("root.py",), ("root.py", "near.py"), ("far.py", "root.py")):
                with self.subTest(how, arguments=arguments):
                    self.assert_same_as_mypy(repo, *arguments, mypy_arguments=("--follow-imports", how))

    def test_what_is_skipped_is_no_input(self) -> None:
        repo = self.repo(self.FILES)
        skip = ("--follow-imports", "skip")
        self.assert_same_as_mypy(repo, "root.py", mypy_arguments=skip)
        repo.write("near.py", "no Python at all\n")
        self.assert_step(repo, [], "root.py", mypy_arguments=skip)

    def test_following_is_an_option_of_the_imported_module(self) -> None:
        repo = self.repo(self.FILES + "-- mypy.ini --\n[mypy]\n[mypy-near]\nfollow_imports = silent\n")
        self.assert_same_as_mypy(repo, "root.py")
        repo.write("mypy.ini", "[mypy]\n[mypy-near]\nfollow_imports = skip\n")
        self.assert_step(repo, ["root"], "root.py")
        repo.write("mypy.ini", "[mypy]\n[mypy-far]\nfollow_imports = error\n")
        self.assert_same_as_mypy(repo, "root.py")

    def test_stubs_are_followed_unless_told_otherwise(self) -> None:
        repo = self.repo("-- root.py --\nimport stub\nimport json\nx: str = stub.y\n-- stub.pyi --\ny: int\nz: Nope\n")
        skip = ("--follow-imports", "skip")
        self.assert_same_as_mypy(repo, "root.py", mypy_arguments=skip)
        repo.write("mypy.ini", "[mypy]\nfollow_imports_for_stubs = True\n")
        self.assert_same_as_mypy(repo, "root.py", mypy_arguments=skip)

    def test_an_ancestor_that_is_not_followed_is_ignored_aloud(self) -> None:
        repo = self.repo("-- p/__init__.py --\nx: int = ''\n-- p/a.py --\ny: int = ''\n-- p/b.py --\nimport p.a\n")
        for how in ("normal", "silent", "skip", "error"):
            with self.subTest(how):
                self.assert_same_as_mypy(repo, "p/a.py", "p/b.py", mypy_arguments=("--follow-imports", how))

    def test_the_package_of_a_file_is_checked_with_it_once(self) -> None:
        repo = self.repo("-- p/__init__.py --\nx: int = ''\n-- p/a.py --\n-- p/b.py --\n")
        run = self.assert_same_as_mypy(repo, "p/a.py", "p/b.py")
        self.assertEqual(len(run.lines), 2)
        repo.write("p/c.py", "z: int = ''\n")
        self.assert_step(repo, ["p.c"], "p/a.py", "p/b.py", "p/c.py")


if __name__ == "__main__":
    unittest.main()
