"""What is printed: every message once, in an order that does not depend on how the work was split; errors that stop
mypy; encodings; and options that concern a whole run.

Every step compares with a cold mypy and says which modules ran.
"""

from __future__ import annotations

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import Repo, TestCase  # noqa: E402


class Messages(TestCase):
    primed_by = "-- empty.py --\nimport typing\n"

    def test_an_error_below_many_is_said_once(self) -> None:
        above = "".join(f"-- app/above{i}.py --\nfrom app.below import x\n" for i in range(12))
        repo = self.repo("-- app/__init__.py --\n-- app/below.py --\nx: int = ''\n" + above)
        run = self.assert_same_as_mypy(repo, "app")
        self.assertEqual(len(run.lines), 2)
        repo.edit("app/above3.py", "import x", "import x, y")
        run = self.assert_step(repo, ["app.above3"], "app")
        self.assertEqual(len(run.lines), 3)

    def test_the_text_does_not_depend_on_how_the_work_was_split(self) -> None:
        files = "".join(f"-- app/m{i}.py --\nimport nowhere\nimport yaml\nfrom app.m{(i * 7 + 3) % 40} import f as g\n"
                        f"def f() -> int:\n    return ''\nx: str = g()\n" for i in range(40))
        repo = self.repo("-- app/__init__.py --\n" + files)
        first = self.assert_same_as_mypy(repo, "app")
        for arguments in (("-j1",), ("-j7",), ("--runner=process",)):
            run = repo.check("--no-store-read", *arguments, "app")
            self.assertEqual((run.stdout, run.status), (first.stdout, first.status), str(run))
            self.assertEqual(run.stats["conflicts"], 0)

    def test_the_order_of_arguments_does_not_change_what_is_found(self) -> None:
        repo = self.repo("-- a.py --\nimport b\nx: int = b.y\n-- b.py --\nimport a\ny: str = a.x\n"
                         "-- c.py --\nimport a\na.nope\n")
        for order in (("a.py", "b.py", "c.py"), ("c.py", "b.py", "a.py"), ("b.py",)):
            self.assert_same_as_mypy(repo, *order)

    def test_inside_a_cycle_the_order_of_discovery_decides_as_with_mypy(self) -> None:
        ring = "".join(f"-- ring/m{i}.py --\nfrom ring import m{(i + 1) % 9}, m{(i + 4) % 9}\n"
                       f"v{i} = m{(i + 1) % 9}.v{(i + 1) % 9}\nclass C{i}:\n    def f(self):\n"
                       f"        return m{(i + 4) % 9}.v{(i + 4) % 9}\n"
                       f"    w = m{(i + 4) % 9}.C{(i + 4) % 9}().f()\n" for i in range(9))
        repo = self.repo("-- ring/__init__.py --\n" + ring)
        said = set()
        for first in (0, 4, 8):
            order = [f"ring/m{(first + i) % 9}.py" for i in range(9)]
            said.add(self.assert_same_as_mypy(repo, *order).stdout)
        self.assertGreater(len(said), 1, "the order does not matter here: this test shows nothing")

    def test_unused_sections_of_the_configuration_are_found_for_the_whole_run(self) -> None:
        repo = self.repo("-- app/__init__.py --\n-- app/a.py --\nimport app.b\n-- app/b.py --\n"
                         "-- mypy.ini --\n[mypy]\nwarn_unused_configs = True\n[mypy-app.a]\nstrict_equality = True\n"
                         "[mypy-app.nope]\nstrict_equality = True\n[mypy-other.*,third]\nignore_errors = True\n")
        run = self.assert_same_as_mypy(repo, "app")
        again = self.assert_same_as_mypy(repo, "app")
        self.assertEqual(again.stderr, run.stderr)
        self.assertEqual(sum("unused section" in line for line in (run.stdout + run.stderr).splitlines()), 1)
        repo.write("app/nope.py", "")
        self.assert_step(repo, ["app.nope"], "app")

    def test_links_to_the_explanations_of_codes_are_printed_once(self) -> None:
        repo = self.repo("-- a.py --\nx: int = ''\nnope\n-- b.py --\ny: int = ''\nz = y.nope\n"
                         "-- c.py --\nimport b\nb.nope\nw: int = ''\n")
        self.assert_same_as_mypy(repo, "a.py", "b.py", "c.py", mypy_arguments=("--show-error-code-links",))

    def test_revealed_types_and_notes_of_every_kind(self) -> None:
        repo = self.repo("-- a.py --\nfrom typing import Any, Sequence\n"
                         "def f(x, *y: int, **z: Any) -> Sequence[int]: ...\nreveal_type(f)\n"
                         "reveal_locals()\nx = [1, '']\nx.append(b'')\nclass A:\n    def m(self) -> int: ...\n"
                         "class B(A):\n"
                         "    def m(self, y: int) -> int: ...\ndef g(a: list[int]) -> None: ...\ng([''])\n"
                         "b: list[float] = [1]\n"
                         "c: list[int] = []\nb = c\nasync def h() -> None: ...\nh()\n")
        self.assert_same_as_mypy(repo, "a.py")
        self.assert_same_as_mypy(repo, "a.py", mypy_arguments=("--strict", "--enable-error-code", "unused-awaitable"))


class Blockers(TestCase):
    primed_by = "-- empty.py --\n"

    def test_a_syntax_error_below_three_is_said_once(self) -> None:
        above = "".join(f"-- app/above{i}.py --\nfrom app.below import x\ny: int = ''\n" for i in range(3))
        repo = self.repo("-- app/__init__.py --\n-- app/below.py --\nx = = 1\n"
                         "-- app/beside.py --\nz: int = ''\n" + above)
        run = self.assert_same_as_mypy(repo, "app")
        self.assertEqual((run.status, run.stats["units_blocked"]), (2, 4))
        self.assertEqual(len(run.lines), 2)
        repo.edit("app/below.py", "= =", "=")
        fixed = self.assert_same_as_mypy(repo, "app")
        self.assertNotIn("app.beside", fixed.stats["modules_run"])  # was finished although mypy stopped
        repo.edit("app/below.py", "x =", "x = =")
        self.assert_same_as_mypy(repo, "app")
        repo.edit("app/below.py", "x = =", "x =")
        self.assert_step(repo, [], "app")

    def test_a_blocker_cannot_be_ignored(self) -> None:
        repo = self.repo("-- a.py --\nx = = 1  # type: ignore\n-- b.py --\n# mypy: ignore-errors\ndef f(:\n"
                         "-- c.py --\nx: int = ''\n")
        for names in (("a.py", "c.py"), ("b.py", "c.py"), ("c.py", "b.py", "a.py")):
            self.assertEqual(self.assert_same_as_mypy(repo, *names).status, 2)

    def test_a_blocker_in_the_analysis(self) -> None:
        repo = self.repo("-- a.py --\nimport c\nx: int = ''\ndef f(:\n" "-- b.py --\nbreak\nx: int = ''\n"
                         "-- c.py --\nreturn 1\nclass A(A): ...\ny: int = ''\n-- d.py --\nimport c\nz: int = ''\n")
        repo.write("e.py", "continue\n")
        # which of two mypy meets first depends on the order, and what it had said by then
        for names in (("b.py",), ("c.py",), ("d.py", "c.py"), ("d.py", "b.py", "c.py"), ("a.py", "d.py"),
                      ("b.py", "e.py"), ("e.py", "b.py"), ("b.py", "d.py", "c.py")):
            with self.subTest(names):
                mine, theirs = repo.check(*names), repo.mypy(*names)
                self.assertEqual((sorted(mine.lines), mine.status), (sorted(theirs.lines), theirs.status))

    def test_a_blocker_in_a_cycle(self) -> None:
        repo = self.repo("-- a.py --\nimport b\nx: int = ''\n-- b.py --\nimport a\ndef f(:\n-- c.py --\nimport a\n")
        self.assert_same_as_mypy(repo, "a.py", "c.py")

    def test_a_blocker_in_an_installed_stub_or_a_silent_module(self) -> None:
        repo = self.repo("-- a.py --\nimport b\nx: int = ''\n-- b.py --\ndef f(:\n")
        for how in ("normal", "silent", "skip", "error"):
            with self.subTest(how):
                self.assert_same_as_mypy(repo, "a.py", mypy_arguments=("--follow-imports", how))


class Encodings(TestCase):
    primed_by = "-- empty.py --\n"

    def write_bytes(self, repo: Repo, name: str, content: bytes) -> None:
        with open(repo.path(name), "wb") as file:
            file.write(content)

    def test_byte_order_marks_cookies_and_line_ends(self) -> None:
        repo = self.repo()
        columns = ("--show-column-numbers", "--show-error-end")
        contents = {
            "bom.py": b'\xef\xbb\xbfx: int = ""; y: str = 1\nz: int = ""\n',
            "bom_config.py": b"\xef\xbb\xbf# mypy: disallow-untyped-defs\r\ndef f(x): return ''\r\n",
            "bom_import.py": b"\xef\xbb\xbfimport nowhere, bom\nx: int = bom.y\n",
            "latin.py": '# -*- coding: latin-1 -*-\nx: int = "é"; y: int = "é"\n'.encode("latin-1"),
            "both.py": b'\xef\xbb\xbf# coding: utf-8\nx: int = "\xc3\xa9"; y: int = ""\n',
            "crlf.py": b'x: int = ""\r\n\r\ndef f() -> int:\r\n    return """a\r\nb"""\r\ny: int = ""\r\n',
            "cr.py": b'x: int = ""\ry: int = ""\r',
            "tabs.py": b'if True:\n\tx: int = ""\n\x0c\ny: int = ""\n',
            "wide.py": 'ä: int = "𝔘𝔫"; b: int = "日本"\nc = ä.nö\n'.encode(),
        }
        for name, content in contents.items():
            self.write_bytes(repo, name, content)
            with self.subTest(name):
                run = self.assert_same_as_mypy(repo, name, mypy_arguments=columns)
                process = repo.check("--runner=process", "--no-store-read", name, mypy_arguments=columns)
                self.assertEqual((process.lines, process.stats["conflicts"]), (run.lines, 0), str(process))

    def test_the_old_parser_counts_byte_order_marks_in_its_own_way(self) -> None:
        repo = self.repo()
        self.write_bytes(repo, "bom.py", b'\xef\xbb\xbfx: int = ""; y: str = 1\nz: int = ""\n')
        self.assert_same_as_mypy(repo, "bom.py", mypy_arguments=("--no-native-parser", "--show-column-numbers"))

    def test_files_that_cannot_be_decoded(self) -> None:
        repo = self.repo("-- ok.py --\nimport bad\nx: int = ''\n-- good.py --\ny: int = ''\n")
        for content in (b'x = "\xe9"\n', b"# coding: no-such-codec\nx = 1\n", b"\xff\xfex\x00",
                        b'\xef\xbb\xbf# coding: latin-1\nx = "\xe9"\n'):
            self.write_bytes(repo, "bad.py", content)
            for names in (("bad.py",), ("ok.py", "good.py")):
                with self.subTest(content, names=names):
                    mine, theirs = repo.check(*names), repo.mypy(*names)
                    self.assertEqual((mine.status, mine.stdout, mine.stderr),
                                     (theirs.status, theirs.stdout, theirs.stderr))

    def test_a_nul_character_is_quoted_as_nothing(self) -> None:
        repo = self.repo()
        self.write_bytes(repo, "nul.py", b"x = 1\n\x00\n")
        mine, theirs = repo.check("nul.py"), repo.mypy("nul.py")
        self.assertEqual((mine.status, mine.stdout), (2, theirs.stdout.replace("\0", "")))

    def test_an_unreadable_file_is_said_to_be_one(self) -> None:
        repo = self.repo("-- a.py --\nimport b\n-- b.py --\nx = 1\n")
        os.unlink(repo.path("b.py"))
        os.symlink("b.py", repo.path("b.py"))
        self.assert_same_as_mypy(repo, "a.py")
        mine, theirs = repo.check("b.py"), repo.mypy("b.py")
        self.assertEqual((mine.status, mine.stdout, mine.stderr), (theirs.status, theirs.stdout, theirs.stderr))

    def test_the_locale_and_colours_of_the_caller_decide_nothing(self) -> None:
        repo = self.repo("-- a.py --\nx: int = 'ä'\nä: int = ''\nä.nö\n")
        first = self.assert_same_as_mypy(repo, "a.py")
        for env in ({"LC_ALL": "C"}, {"LANG": "de_DE.UTF-8"}, {"PYTHONUTF8": "0"}, {"TERM": "dumb"},
                    {"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"}, {"PYTHONWARNINGS": "error"},
                    {"PYTHONPATH": repo.root}, {"NO_COLOR": "1"}):
            with self.subTest(env):
                run = repo.check("--no-store-read", "a.py", env=env)
                self.assertEqual((run.stdout, run.status), (first.stdout, first.status), str(run))
                self.assertEqual(run.stats["conflicts"], 0)


class WholeRuns(TestCase):
    """Options that describe a whole run of mypy, which never happens."""

    primed_by = "-- empty.py --\n"

    def test_what_cannot_be_split_is_refused_with_a_reason(self) -> None:
        repo = self.repo("-- a.py --\nx: int = ''\n")
        for arguments in (("--html-report", "out"), ("--any-exprs-report", "out"), ("--junit-xml", "out.xml"),
                          ("--install-types",), ("--soft-error-limit", "5"), ("--show-error-context",), ("--pdb",),
                          ("--dump-graph",),
                          ("--shadow-file", "a.py", "b.py"), ("-c", "x = 1"), ("--timing-stats", "out")):
            with self.subTest(arguments):
                run = repo.check(*([] if arguments[0] == "-c" else ["a.py"]), mypy_arguments=arguments)
                self.assertEqual((run.status, run.stdout), (2, ""), str(run))
                self.assertRegex(run.stderr, rf"^sepal: .*{arguments[0]}.+\.?\n$")
                self.assertEqual(os.listdir(repo.root), ["a.py"])

    def test_how_mypy_would_keep_its_cache_changes_nothing(self) -> None:
        repo = self.repo("-- a.py --\nx: int = ''\n")
        first = self.assert_same_as_mypy(repo, "a.py")
        for arguments in (("--no-incremental",), ("--cache-dir", "somewhere"), ("--sqlite-cache",),
                          ("--no-sqlite-cache",), ("--skip-cache-mtime-checks",), ("-n", "2"), ("--verbose",)):
            with self.subTest(arguments):
                run = repo.check("a.py", mypy_arguments=arguments)
                self.assertEqual((run.stdout, run.status, run.stats["units_run"]), (first.stdout, 1, 0), str(run))
        self.assertEqual(os.listdir(repo.root), ["a.py"])

    def test_strict(self) -> None:
        repo = self.repo("-- a.py --\nimport b\ndef f(x):  # type: ignore\n    return b.g(x)\n"
                         "-- b.py --\ndef g(x: list) -> int:\n"
                         "    return x[0]\n")
        self.assert_same_as_mypy(repo, "a.py", mypy_arguments=("--strict",))
        self.assert_same_as_mypy(repo, "a.py", mypy_arguments=("--strict", "--no-warn-return-any"))


if __name__ == "__main__":
    unittest.main()
