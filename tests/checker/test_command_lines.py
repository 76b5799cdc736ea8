"""Command lines, configurations and layouts of a work tree: Sepal checks what mypy would check, and says what it says.

Each case is a small tree and what both programs are given. Compared are the lines, those on stderr, and the status, of
a cold mypy, of Sepal's first run and of its second, which answers from the last report. One difference is meant: where
mypy quotes a NUL of a source, Sepal does not. Where mypy contradicts itself, a test says so.
"""

from __future__ import annotations

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from subjects import SharedStoreTestCase  # noqa: E402
from testrepo import Repo, Run  # noqa: E402

APP = """
-- app/__init__.py --
-- app/money.py --
class Money:
    cents: int = 0
-- app/shop.py --
from app.money import Money
import app.tools.text
def price() -> Money:
    return 3
-- app/tools/__init__.py --
-- app/tools/text.py --
import sys, nowhere
if sys.platform == "win32":
    windows: int = "w"
if sys.version_info >= (3, 13):
    new: int = "n"
def upper(text):
    return text.upper() + 1
x: str = upper
-- lib/helper.py --
from app.money import Money
def total(parts: list[Money]) -> str:
    return sum(part.cents for part in parts)
"""




class CommandLines(SharedStoreTestCase):
    def same(self, repo: Repo, *arguments: str, cwd: str = "", status: int | None = None) -> Run:
        """`arguments` are mypy's: all of them are given behind `--`."""
        theirs = repo.mypy(*arguments, cwd=cwd)
        for _ in range(2):
            mine = repo.check("--", *arguments, cwd=cwd)
            shown = f"{mine}\nmypy says\n{theirs}"
            self.assertEqual(sorted(mine.lines), sorted(theirs.stdout.replace("\0", "").splitlines()), shown)
            self.assertEqual(mine.status, theirs.status, shown)
            self.assertEqual(mine.stderr, theirs.stderr, shown)
        if status is not None:
            self.assertEqual(theirs.status, status, f"the case is not what it should be:\n{theirs}")
        return mine

    def test_what_is_to_be_checked(self) -> None:
        repo = self.repo(APP)
        for arguments in (["app"], ["."], ["app/shop.py"], ["app/shop.py", "lib/helper.py"], ["lib/helper.py", "app"],
                          ["-p", "app"], ["-p", "app.tools"], ["-m", "app.shop"], ["-m", "app.shop", "-m", "app.money"],
                          ["./app/"], [os.path.join(repo.root, "app")], ["app", "--exclude", "tools"],
                          [".", "--exclude", r"^lib/", "--exclude", r"text\.py$"]):
            with self.subTest(arguments):
                self.same(repo, *arguments, status=1)

    def test_options_that_decide_what_is_true(self) -> None:
        repo = self.repo(APP)
        for arguments in (["--python-version", "3.13"], ["--platform", "win32"], ["--strict"],
                          ["--python-version", "3.14", "--platform", "darwin", "--strict"], ["--no-site-packages"],
                          ["--ignore-missing-imports"], ["--check-untyped-defs"], ["--disallow-untyped-defs"],
                          ["--disable-error-code", "import-not-found"], ["--always-true", "windows"]):
            with self.subTest(arguments):
                self.same(repo, "app", *arguments, status=1)

    def test_options_that_decide_how_it_looks(self) -> None:
        repo = self.repo(APP)
        for arguments in (["-O", "json"], ["--pretty"], ["--show-column-numbers"], ["--show-error-end"],
                          ["--hide-error-codes"], ["--no-error-summary"], ["--show-absolute-path"],
                          ["--show-error-code-links"], ["--pretty", "--show-error-end", "--strict"]):
            with self.subTest(arguments):
                self.same(repo, "app", *arguments, status=1)

    def test_what_imports_may_follow(self) -> None:
        repo = self.repo(APP)
        for follow in ("normal", "silent", "skip", "error"):
            with self.subTest(follow):
                self.same(repo, "app/shop.py", "--follow-imports", follow)

    def test_from_another_directory(self) -> None:
        repo = self.repo(APP)
        for cwd, arguments in (("app", ["."]), ("app", ["shop.py"]), ("lib", ["helper.py"]), ("lib", ["../app"]),
                               ("app/tools", ["text.py", "../shop.py"]), ("app", ["-m", "shop"])):
            with self.subTest(cwd=cwd, arguments=arguments):
                self.same(repo, *arguments, cwd=cwd)

    def test_a_configuration_names_the_files(self) -> None:
        for name, text in (("mypy.ini", "[mypy]\nfiles = app, lib/*.py\nexclude = tools\n"
                                        "[mypy-lib.*]\nstrict = True\n"),
                           ("pyproject.toml", "[tool.mypy]\nfiles = ['app']\nmypy_path = '$MYPY_CONFIG_FILE_DIR/lib'\n"
                                              "[[tool.mypy.overrides]]\nmodule = 'app.tools.*'\n"
                                              "ignore_errors = true\n"),
                           ("setup.cfg", "[mypy]\npackages = app\nwarn_unreachable = True\n"),
                           (".mypy.ini", "[mypy]\nmodules = app.shop\nwarn_unused_configs = True\n[mypy-not.there]\n"
                                         "strict_optional = False\n")):
            with self.subTest(name):
                repo = self.repo(APP)
                repo.write(name, text)
                self.same(repo)

    def test_a_configuration_that_is_named(self) -> None:
        repo = self.repo(APP)
        repo.write("conf/strict settings.ini", "[mypy]\nstrict = True\n[mypy-app.tools.*]\nfollow_imports = skip\n")
        self.same(repo, "--config-file", "conf/strict settings.ini", "app/shop.py")
        self.same(repo, "--config-file", "conf/none.ini", "app/shop.py", status=2)

    def test_mistakes_in_a_configuration_and_on_the_command_line(self) -> None:
        for text in ("[mypy]\nno_such_option = 1\n", "[mypy]\npython_version = 2.7\n", "not a configuration\n",
                     "[mypy]\nfollow_imports = sometimes\n", "[mypy-app.*]\npython_version = 3.12\n",
                     "[mypy]\nplugins = no.such.plugin\n"):
            with self.subTest(text):
                repo = self.repo(APP)
                repo.write("mypy.ini", text)
                self.same(repo, "app")
        repo = self.repo(APP)
        for arguments in (["--no-such-option", "app"], ["--python-version", "2.7", "app"], [],
                          ["-p", "app", "app/shop.py"], ["-m", "no.such.module"], ["-p", "nowhere"],
                          ["--follow-imports=sometimes", "app"], ["--help"], ["--version"]):
            with self.subTest(arguments):
                self.same(repo, *arguments)

    def test_paths_that_lead_nowhere_or_to_nothing(self) -> None:
        repo = self.repo(APP)
        os.mkdir(repo.path("empty"))
        repo.write("README.md", "# text\n")
        repo.write("script", "x: int = ''\n")
        for arguments in (["nowhere"], ["app", "nowhere.py"], ["empty"], ["app", "empty"], ["README.md"], ["script"],
                          ["app", "app"], ["app", "app/shop.py"], ["app/../app", "app"]):
            with self.subTest(arguments):
                self.same(repo, *arguments)

    def test_two_files_with_one_module_name(self) -> None:
        repo = self.repo("""
-- one/tool.py --
-- two/tool.py --
-- main.py --
import tool
""")
        for arguments in (["."], ["one/tool.py", "two/tool.py"], ["one", "two"], ["main.py", "one"],
                          ["--explicit-package-bases", "."]):
            with self.subTest(arguments):
                self.same(repo, *arguments)

    def test_one_file_under_two_module_names(self) -> None:
        repo = self.repo("""
-- src/pkg/__init__.py --
-- src/pkg/a.py --
import pkg.b
x: int = ""
-- src/pkg/b.py --
import src.pkg.a
-- main.py --
import src.pkg.a
""")
        for arguments in (["main.py", "src"], ["src"], ["--namespace-packages", "--explicit-package-bases", "."]):
            with self.subTest(arguments):
                self.same(repo, *arguments)

    def test_namespace_packages(self) -> None:
        repo = self.repo("""
-- space/inner/a.py --
from space.inner import b
from space import inner, nothing
import space.other.deep
x: int = b.text
-- space/inner/b.py --
text: str = ""
-- space/other/deep.py --
y: str = 1
-- main.py --
import space, space.inner.a
import space.gone
reveal_type(space.inner.a.x)
""")
        for arguments in (["main.py"], ["."], ["-p", "space"], ["space"], ["--no-namespace-packages", "main.py"],
                          ["--explicit-package-bases", "space"], ["-m", "space.inner.a"]):
            with self.subTest(arguments):
                self.same(repo, *arguments)

    def test_stubs(self) -> None:
        repo = self.repo("""
-- both.py --
x: int = ""
-- both.pyi --
x: int
-- gadget-stubs/__init__.pyi --
def turn(times: int) -> None: ...
-- gadget-stubs/part.pyi --
size: int
-- typings/remote/__init__.pyi --
y: int
-- main.py --
import both, gadget.part, remote
from gadget import turn
turn(both.x + remote.y + "")
""")
        for arguments in (["."], ["main.py"], ["gadget-stubs"], ["main.py", "gadget-stubs"], ["both.py"],
                          ["both.py", "both.pyi"]):
            with self.subTest(arguments):
                self.same(repo, *arguments)
        repo.write("mypy.ini", "[mypy]\nmypy_path = typings:.\n")
        self.same(repo, "main.py")

    def test_names_with_spaces_and_umlauts(self) -> None:
        repo = self.repo("""
-- mit Leerzeichen/größe.py --
maß: int = "x"
def länge(wert: str) -> int:
    return wert
-- mit Leerzeichen/main.py --
import größe
größe.länge(1)
-- paket_ä/__init__.py --
from paket_ä.ö import ß
-- paket_ä/ö.py --
ß: str = 1
""")
        for arguments in (["mit Leerzeichen"], ["mit Leerzeichen/main.py"], ["paket_ä"], ["-p", "paket_ä"],
                          ["-O", "json", "paket_ä"], ["--pretty", "mit Leerzeichen", "paket_ä"]):
            with self.subTest(arguments):
                self.same(repo, *arguments, status=1)
        self.same(repo, "main.py", cwd="mit Leerzeichen", status=1)

    def test_errors_that_stop_the_checker(self) -> None:
        repo = self.repo(APP)
        repo.write("app/broken.py", "def f(:\n    pass\n")
        repo.write("app/user.py", "import app.broken\nx: int = ''\n")
        for arguments in (["app"], ["app/user.py"], ["app/broken.py"], ["app/shop.py"]):
            with self.subTest(arguments):
                self.same(repo, *arguments)
        repo.write("app/broken.py", "from ...... import far\n")
        self.same(repo, "app", status=2)

    def test_encodings(self) -> None:
        repo = self.repo(APP)
        for content in (b"# coding: klingon\nx: int = '\xc3\xa4'\n", b"# coding: klingon\nx: int = '\xff'\n",
                        b"# coding: latin-1\nx: int = '\xc3\xa4'\ny: Literal['\xc3\xa4']\n",
                        b"# coding: latin-1\nx: int = '\xff'\n", b"x = '\xff'\n", b"\xef\xbb\xbfx: int = ''\n",
                        b"\xef\xbb\xbf# coding: latin-1\nx: int = ''\n", b"\xff\xfex\x00",
                        b"x = 1\x00\n", b"\x0cx: int = ''\r"):
            with self.subTest(content):
                with open(repo.path("app/money.py"), "wb") as file:
                    file.write(content)
                self.same(repo, "app", "--show-column-numbers")
                # Of a NUL the old parser hears from Python, which has raised another exception in each of its releases;
                # with 3.11.2 mypy crashes on it.
                if b"\x00" not in content:
                    self.same(repo, "app", "--no-native-parser", "--show-column-numbers")

    def test_a_module_shadows_one_of_the_standard_library(self) -> None:
        repo = self.repo("""
-- json.py --
def dumps(text: str) -> None: ...
-- main.py --
import json, email.message
json.dumps(1)
json.loads("")
""")
        for arguments in (["main.py"], ["."], ["-m", "main"]):
            with self.subTest(arguments):
                self.same(repo, *arguments)

    def test_comments_that_configure_and_ignore(self) -> None:
        self.same(self.repo("""
-- a.py --
# mypy: disallow-untyped-defs, warn-unreachable
def f(): ...
def g(x: int) -> None:
    if isinstance(x, str):
        f()
-- b.py --
# mypy: ignore-errors
x: int = ""
-- c.py --
# type: ignore
import nowhere
x: int = ""
-- d.py --
x: int = ""  # type: ignore[assignment]
y: int = ""  # type: ignore[arg-type]
z: int = 1  # type: ignore
import nowhere  # type: ignore
-- e.py --
# mypy: no-such-option
# mypy: disable-error-code="assignment"
x: int = ""
"""), ".", "--warn-unused-ignores", status=1)

    def test_notes_on_an_overload_that_was_assigned_are_those_of_a_warm_mypy(self) -> None:
        """tarfile.open is `open = TarFile.open`. What mypy keeps of such a variable does not lead back to the
        definition, so that its notes read "def open(cls, name: ..." or "def (name: ...", as it checked the module in
        the same process or not. In Sepal a dependency always comes from what was kept."""
        repo = self.repo("""
-- m.py --
import tarfile
tarfile.open(1, mode=3)
""")
        cache = os.path.join(repo.base, "mypy-cache")
        cold = repo.mypy("--cache-dir", cache, "m.py")
        repo.edit("m.py", "import tarfile\n", "import tarfile  # edited\n")
        warm = repo.mypy("--cache-dir", cache, "m.py")
        self.assertNotEqual(cold.lines, warm.lines)
        self.assertEqual(len(cold.lines), len(warm.lines))
        self.assertEqual(sorted(repo.check("m.py").lines), sorted(warm.lines))


if __name__ == "__main__":
    unittest.main()
