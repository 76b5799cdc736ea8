"""Where modules are found: installed packages, their markers and stubs, namespaces, several roots, links, and what a
command line names.

Every step compares with a cold mypy and says which modules ran.
"""

from __future__ import annotations

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from environments import Environment  # noqa: E402
from testrepo import Repo, TestCase  # noqa: E402


class Missing(TestCase):
    primed_by = "-- empty.py --\n"

    def test_what_is_missing_for_one_module_is_missing_for_all(self) -> None:
        """mypy's table of missing modules knows no order and no distance, but it needs somebody who asks for one."""
        repo = self.repo("-- p/__init__.py --\n-- a.py --\nimport p.gone\n-- b.py --\nfrom p import gone\n"
                         "x: int = gone.x\n-- c.py --\nimport p\ny: str = p.gone.y\n-- d.py --\nimport b\n")
        names = ("a.py", "b.py", "c.py", "d.py")
        run = self.assert_same_as_mypy(repo, *names)
        self.assertEqual(len([line for line in run.lines if "error" in line]), 2, str(run))  # of a, and the total
        self.assertEqual(repo.run("verify", *names).status, 0)
        repo.write("a.py", "import p\n")
        self.assert_step(repo, ["a", "b", "c"], *names)
        repo.write("a.py", "from p.gone import x\n")
        self.assert_step(repo, ["a"], *names)  # and the others are as they were at first


class Installed(TestCase):
    primed_by = "-- empty.py --\n"

    def install(self, repo: Repo, files: dict[str, str]) -> Environment:
        """An environment whose packages are looked at; the checker itself is elsewhere."""
        environment = Environment(os.path.join(repo.base, "env"), files)
        repo.write("mypy.ini", f"[mypy]\npython_executable = {environment.python}\n")
        return environment

    def test_py_typed_comes_and_goes(self) -> None:
        repo = self.repo("-- app.py --\nimport lib\nimport lib.sub\nx: int = lib.f()\ny: int = lib.sub.g()\n")
        environment = self.install(repo, {"lib/__init__.py": "def f() -> str: ...\n",
                                          "lib/sub.py": "def g() -> str: ...\n"})
        untyped = self.assert_step(repo, ["app"], "app.py")
        self.assertIn("[import-untyped]", untyped.stdout)
        environment.write("lib/py.typed", "")
        self.assert_step(repo, ["app", "lib", "lib.sub"], "app.py")
        environment.remove("lib/py.typed")
        self.assertEqual(self.assert_step(repo, [], "app.py").stdout, untyped.stdout)

    def test_stubs_for_an_installed_package(self) -> None:
        repo = self.repo("-- app.py --\nimport lib.sub\nx: int = lib.sub.g()\nimport lib.rest\n")
        environment = self.install(repo, {"lib/__init__.py": "", "lib/sub.py": "def g(): ...\n", "lib/rest.py": ""})
        self.assert_step(repo, ["app"], "app.py")
        environment.write("lib-stubs/__init__.pyi", "")
        environment.write("lib-stubs/sub.pyi", "def g() -> str: ...\n")
        self.assert_step(repo, ["app", "lib", "lib.sub"], "app.py")
        environment.write("lib-stubs/py.typed", "partial\n")
        self.assert_same_as_mypy(repo, "app.py")
        environment.write("lib/py.typed", "")
        self.assert_same_as_mypy(repo, "app.py")
        environment.write("lib-stubs/py.typed", "")
        self.assert_same_as_mypy(repo, "app.py")
        environment.remove("lib-stubs")
        self.assert_same_as_mypy(repo, "app.py")

    def test_a_package_installed_later_runs_who_asked_for_it(self) -> None:
        repo = self.repo("-- app.py --\nimport lib\n-- other.py --\nx = 1\n")
        environment = self.install(repo, {})
        self.assert_step(repo, ["app", "other"], "app.py", "other.py")
        environment.write("lib/__init__.py", "x: int = ''\n")
        self.assert_step(repo, ["app"], "app.py", "other.py")
        environment.write("lib/py.typed", "")
        self.assert_step(repo, ["app", "lib"], "app.py", "other.py")

    def test_errors_of_installed_packages_are_not_shown_unless_they_are_asked_for(self) -> None:
        repo = self.repo("-- app.py --\nimport lib\nx: str = lib.x\n")
        self.install(repo, {"lib/__init__.py": "x: int = ''\nimport nope\n", "lib/py.typed": ""})
        silent = self.assert_same_as_mypy(repo, "app.py")
        self.assertEqual(len(silent.lines), 2)
        self.assert_same_as_mypy(repo, "app.py", mypy_arguments=("--no-silence-site-packages",))
        named = self.assert_same_as_mypy(repo, mypy_arguments=("-m", "lib"))
        self.assertNotEqual(named.lines, silent.lines)
        self.assert_same_as_mypy(repo, mypy_arguments=("-p", "lib", "-m", "app"))
        self.assertEqual(self.assert_step(repo, [], "app.py").stdout, silent.stdout)

    def test_no_site_packages(self) -> None:
        repo = self.repo("-- app.py --\nimport lib\n")
        self.install(repo, {"lib/__init__.py": "", "lib/py.typed": ""})
        for option in ("--no-site-packages", "--show-column-numbers"):
            self.assert_same_as_mypy(repo, "app.py", mypy_arguments=(option,))

    def test_a_package_in_the_tree_hides_the_installed_one(self) -> None:
        repo = self.repo("-- lib/__init__.py --\nx: int = ''\n-- lib/own.py --\nfrom lib import x\nimport lib.theirs\n"
                         "-- app.py --\nimport lib.own\nimport lib\ny: str = lib.x\n")
        self.install(repo, {"lib/__init__.py": "x: str = 1\n", "lib/py.typed": "", "lib/theirs.py": "",
                            "lib/own.py": ""})
        run = self.assert_same_as_mypy(repo, "app.py", "lib/own.py")
        self.assertEqual(sum("lib/__init__.py" in line for line in run.lines), 1)
        self.assert_same_as_mypy(repo, "lib")

    def test_path_files_add_directories(self) -> None:
        repo = self.repo("-- app.py --\nimport editable\nx: str = editable.x\n"
                         "-- elsewhere/editable/__init__.py --\nx: int = ''\n-- elsewhere/editable/py.typed --\n")
        environment = self.install(repo, {})
        self.assert_step(repo, ["app"], "app.py")
        environment.write("editable.pth", repo.path("elsewhere") + "\n")
        self.assert_step(repo, ["app", "editable"], "app.py")
        environment.write("editable.pth", "# " + repo.path("elsewhere") + "\n")
        self.assert_step(repo, [], "app.py")

    def test_untyped_packages_are_followed_when_told_so(self) -> None:
        repo = self.repo("-- app.py --\nimport lib\nreveal_type(lib.f(1))\n")
        self.install(repo, {"lib/__init__.py": "def f(x):\n    return x\n"})
        self.assert_same_as_mypy(repo, "app.py")
        self.assert_same_as_mypy(repo, "app.py", mypy_arguments=("--follow-untyped-imports",))

    def test_namespace_packages_in_the_tree_and_among_the_installed(self) -> None:
        repo = self.repo("-- app.py --\nimport ns.one.a\nimport ns.two.b\nimport ns.three\n"
                         "x: str = ns.one.a.x\ny: str = ns.two.b.y\n-- ns/one/a.py --\nx: int = 1\n")
        self.install(repo, {"ns/two/b.py": "y: int = 1\n", "ns/two/py.typed": ""})
        self.assert_same_as_mypy(repo, "app.py")
        self.assert_same_as_mypy(repo, "app.py", "ns")


class Namespaces(TestCase):
    primed_by = "-- empty.py --\n"

    def test_a_namespace_over_two_roots(self) -> None:
        repo = self.repo("""
-- mypy.ini --
[mypy]
mypy_path = one:two
-- one/ns/left/a.py --
x: int = 1
-- two/ns/right/__init__.py --
from ns.left.a import x
y: str = x
-- app.py --
import ns.left.a
import ns.right
import ns
z: str = ns.left.a.x
w = ns.nothing
""")
        self.assert_same_as_mypy(repo, "app.py")
        self.assert_same_as_mypy(repo, "app.py", "one", "two")
        repo.write("two/ns/__init__.py", "")  # no namespace any more
        self.assert_same_as_mypy(repo, "app.py")
        self.assert_same_as_mypy(repo, mypy_arguments=("-p", "ns"))
        repo.remove("two/ns/__init__.py")
        self.assert_same_as_mypy(repo, "app.py", mypy_arguments=("--no-namespace-packages",))

    def test_explicit_package_bases(self) -> None:
        repo = self.repo("-- src/ns/a.py --\nx: int = 1\n-- src/ns/b.py --\nfrom ns.a import x\ny: str = x\n"
                         "-- mypy.ini --\n[mypy]\nmypy_path = src\n")
        self.assert_same_as_mypy(repo, "src")
        self.assert_same_as_mypy(repo, "src", mypy_arguments=("--explicit-package-bases",))

    def test_a_directory_of_the_tree_named_like_those_of_a_staged_process(self) -> None:
        repo = self.repo("-- s/__init__.py --\n-- s/a.py --\nx: int = ''\n-- ts/__init__.py --\n"
                         "-- ts/b.py --\nfrom s.a import x\nz: str = x\n-- p/c.py --\nimport ts.b\n"
                         "-- p/__init__.py --\n-- python/__init__.py --\n-- proc/__init__.py --\nimport python\n")
        run = self.assert_same_as_mypy(repo, ".")
        process = repo.check("--runner=process", "--no-store-read", ".")
        self.assertEqual((process.lines, process.stats["conflicts"]), (run.lines, 0))


class Partial(TestCase):
    primed_by = "-- empty.py --\n"

    def test_a_partial_stub_package_answers_for_modules_it_does_not_have(self) -> None:
        repo = self.repo("-- app.py --\nimport part.there\nimport part.absent\nfrom part import other\n"
                         "x: str = part.absent.x\ny: str = part.there.x\n"
                         "-- part/__init__.pyi --\nfrom typing import Any\ndef __getattr__(name: str) -> Any: ...\n"
                         "-- part/there.pyi --\nx: int\n")
        self.assert_step(repo, ["app", "part", "part.there"], "app.py")
        repo.write("part/__init__.pyi", "")
        self.assert_step(repo, ["app", "part"], "app.py")
        repo.write("part/__init__.pyi", "def __getattr__(name: str): ...\nother: int\n")
        self.assert_same_as_mypy(repo, "app.py")

    def test_a_partial_package_that_nobody_imports(self) -> None:
        repo = self.repo("-- app.py --\nfrom part.sub.deep import x\n"
                         "-- part/__init__.pyi --\ndef __getattr__(name: str): ...\n-- part/sub/__init__.pyi --\n")
        self.assert_same_as_mypy(repo, "app.py")
        repo.write("part/sub/__init__.pyi", "def __getattr__(name: str): ...\n")
        self.assert_same_as_mypy(repo, "app.py")

    def test_a_stub_beside_its_source(self) -> None:
        repo = self.repo("-- app.py --\nimport m\nx: int = m.x\n-- m.py --\nx: int = 'in the source'\n")
        self.assert_step(repo, ["app", "m"], "app.py")
        repo.write("m.pyi", "x: str\n")
        self.assert_step(repo, ["app", "m"], "app.py")
        repo.edit("m.py", "in the", "nobody reads the")
        self.assert_step(repo, [], "app.py")
        self.assert_same_as_mypy(repo, ".")
        self.assert_same_as_mypy(repo, "m.py", "app.py")

    def test_a_stub_that_imports_sources_of_the_tree(self) -> None:
        repo = self.repo("-- app.py --\nimport stub\nx: str = stub.make().v\n-- stub.pyi --\nfrom model import M\n"
                         "def make() -> M: ...\n-- model.py --\nimport app\nclass M:\n    v: int = 1\n")
        self.assert_step(repo, ["app", "model", "stub"], "app.py")
        repo.edit("model.py", "int = 1", "str = ''")
        self.assertEqual(self.assert_step(repo, ["app", "model", "stub"], "app.py").status, 0)

    def test_stub_packages_given_by_name(self) -> None:
        repo = self.repo("-- lib-stubs/__init__.pyi --\nx: int = ''\ny: Nope\n"
                         "-- app.py --\nimport lib\nz: str = lib.x\n")
        self.assert_same_as_mypy(repo, "app.py")
        self.assert_same_as_mypy(repo, "lib-stubs")
        self.assert_same_as_mypy(repo, ".")


class CommandLine(TestCase):
    primed_by = "-- empty.py --\n"

    def test_two_files_with_one_module_name(self) -> None:
        repo = self.repo("-- a/m.py --\n-- b/m.py --\n-- ok.py --\nx: int = ''\n")
        self.assertEqual(self.assert_same_as_mypy(repo, "a/m.py", "b/m.py", "ok.py").status, 2)
        self.assert_same_as_mypy(repo, "ok.py")

    def test_a_stub_and_its_source_both_named(self) -> None:
        repo = self.repo("-- m.py --\n-- m.pyi --\n-- ok.py --\nx: int = ''\n")
        self.assertEqual(self.assert_same_as_mypy(repo, "m.py", "m.pyi", "ok.py").status, 2)

    def test_one_file_under_two_module_names(self) -> None:
        repo = self.repo("-- src/p/__init__.py --\n-- src/p/m.py --\n-- use.py --\nimport src.p.m\n"
                         "-- mypy.ini --\n[mypy]\nmypy_path = src\n")
        self.assertEqual(self.assert_same_as_mypy(repo, "src/p/m.py", "use.py").status, 2)

    def test_scripts(self) -> None:
        repo = self.repo("-- one --\nx: int = ''\n-- two --\nx: int = ''\n-- dir/__main__.py --\nx: int = ''\n"
                         "-- dotted.name.py --\nx: int = ''\n")
        self.assert_same_as_mypy(repo, "one")
        self.assert_same_as_mypy(repo, "one", "two")
        self.assert_same_as_mypy(repo, "one", "two", mypy_arguments=("--scripts-are-modules",))
        self.assert_same_as_mypy(repo, "dir")
        self.assert_same_as_mypy(repo, "dotted.name.py")

    def test_modules_and_packages_by_name(self) -> None:
        repo = self.repo("-- p/__init__.py --\n-- p/a.py --\nx: int = ''\n-- p/sub/__init__.py --\n"
                         "-- p/sub/b.py --\ny: str = 1\n")
        for arguments in (("-m", "p.a"), ("-p", "p"), ("-p", "p.sub", "-m", "p.a"), ("-m", "nowhere"),
                          ("-p", "nowhere"), ("-m", "p.a", "-m", "nowhere")):
            with self.subTest(arguments):
                self.assert_same_as_mypy(repo, mypy_arguments=arguments)

    def test_excluded_files_and_files_in_the_configuration(self) -> None:
        repo = self.repo("-- a.py --\nx: int = ''\n-- build/b.py --\nx: int = ''\n-- tests/test_c.py --\nx: int = ''\n"
                         "-- mypy.ini --\n[mypy]\nfiles = *.py, build\nexclude = (^|/)test_\n")
        self.assert_same_as_mypy(repo)
        self.assert_same_as_mypy(repo, ".", mypy_arguments=("--exclude", "/build/"))
        repo.write("new.py", "y: str = 1\n")
        self.assert_same_as_mypy(repo)

    def test_links_to_directories_and_files(self) -> None:
        repo = self.repo("-- real/p/__init__.py --\n-- real/p/a.py --\nx: int = ''\n"
                         "-- app.py --\nimport p.a\nimport alias\n-- real/thing.py --\ny: str = 1\n")
        os.symlink("real/p", repo.path("p"))
        os.symlink("real/thing.py", repo.path("alias.py"))
        self.assert_same_as_mypy(repo, "app.py")
        self.assert_same_as_mypy(repo, "app.py", "p")
        repo.edit("real/thing.py", "y: str = 1", "y: str = ''")
        self.assert_step(repo, ["alias"], "app.py", "p")
        os.unlink(repo.path("alias.py"))
        os.symlink("real/p/a.py", repo.path("alias.py"))
        self.assert_same_as_mypy(repo, "app.py", "p")

    def test_a_search_path_inside_site_packages_is_refused_by_mypy(self) -> None:
        repo = self.repo("-- app.py --\n")
        environment = Environment(os.path.join(repo.base, "env"), {"lib/__init__.py": ""})
        repo.write("mypy.ini", f"[mypy]\npython_executable = {environment.python}\nmypy_path = {environment.site}\n")
        self.assertEqual(self.assert_same_as_mypy(repo, "app.py").status, 1)

    def test_names_beyond_ascii_and_with_spaces(self) -> None:
        repo = self.repo("-- päckage/__init__.py --\n-- päckage/größe.py --\nx: int = 'ä'\n"
                         "-- a directory/m.py --\nimport päckage.größe\ny: str = päckage.größe.x\n")
        self.assert_same_as_mypy(repo, "päckage", "a directory/m.py")

    def test_a_long_list_of_modules(self) -> None:
        ring = "".join(f"-- ring/member_with_a_long_name_{i:03}.py --\n"
                       f"from ring import member_with_a_long_name_{(i + 1) % 150:03}\n"
                       f"def f() -> int:\n    return {'1' if i else repr('')}\n" for i in range(150))
        repo = self.repo("-- ring/__init__.py --\n" + ring)
        run = self.assert_same_as_mypy(repo, "ring")
        process = repo.check("--runner=process", "--no-store-read", "ring")
        self.assertEqual((process.lines, process.stats["conflicts"]), (run.lines, 0))


if __name__ == "__main__":
    unittest.main()
