"""src/ui against mypy's own rendering: seeded random diagnostics, and real files checked by a real mypy."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from native import ROOT, ask_tool  # noqa: E402

Json = dict[str, Any]
SEED = int(os.environ.get("SEPAL_SEED", "20240917"))
CASES = int(os.environ.get("SEPAL_TEXT_CASES", "3000"))
TERMS = ["xterm-256color", "xterm", "ansi", "linux", "screen", "tmux-256color", "rxvt", "rxvt-unicode", "vt100", "dumb"]


WORDS = [
    "Incompatible", "types", "in", "assignment", "(expression", "has", "type", '"Union[int, str]"', '"dict[str, Any]"',
    "variable", '"ünï"', "naïve", "日本語", "🎉🎉", "error:", ": error:", ": note:", "note:", "[", "[x]", "]", "",
    "See https://mypy.readthedocs.io/en/stable/x.html#y for more", "http://a", "https://ä\u3000b", "hint:", '"',
    "a" * 70, "\t", "back\\slash", "\u00a0", "\x7f", "é" * 30, "  two  spaces  ", "=", "%s", "\x1b[1m", "\u2028",
]
PIECES = [
    "def f(x: int) -> str:", "    return x", "\t\treturn x", "x = 1", "", "    ", "\t", "ä = 'ö' + \"ü\"", "🎉 = 1",
    "日本語 = f(1, 2, 3)", "\u3000wide = 2", "^", "    ^~~", "a\tb\tc", "é\té\té", "print(': error:')",
    "x = " + "f(y) + " * 30 + "1", "\t" + "ü" * 90, "'" + "🎉" * 100 + "'", " " * 60 + "x", "\x1codd", "a\x0cb",
    "a\x85b",
]
ENDS = ["\n", "\n", "\n", "\r\n", "\r", "\x0c\n"]
CODES = ["arg-type", "misc", "annotation-unchecked", "deprecated", "import-not-found", "", None]
PATHS = ["a.py", "./p/a.py", "p/ä.py", "p//q/../b.py", "/work/here/c.py", "/else/where/d.pyi", "../up.py",
         "/work/hereafter.py", "//x/y.py", "a b.py", "C:x.py"]
CODINGS = ["# coding: {}", "#!/bin/x\n# -*- coding: {} -*-", " \t#vim: fileencoding={} coding:", "#a\r#coding={}",
           "x=1\n# coding: {}", "#a\r\n# coding:\t{}", "# coding:: {}", "#\n\n#coding: {}"]
ENCODINGS = {"latin-1": "latin-1", "iso-latin-1-unix": "latin-1", "utf-8": "utf-8", "UTF8": "utf-8", "cp1252": "cp1252",
             "ISO_8859-15": "iso8859-15", "no-such-codec": "latin-1", "koi8_r": "koi8-r", "ascii": "ascii"}


def random_source(rng: random.Random) -> bytes | None:
    if rng.random() < 0.05:
        return None
    end = rng.choice(ENDS)
    lines = [rng.choice(PIECES) for _ in range(rng.randrange(1, 12))]
    text = "".join(line + (end if rng.random() < 0.9 else rng.choice(ENDS)) for line in lines)
    kind = rng.random()
    if kind < 0.1:
        return b"\xef\xbb\xbf" + text.encode()
    if kind < 0.3:
        name = rng.choice(list(ENCODINGS))
        text = rng.choice(CODINGS).format(name) + "\n" + text
        return text.encode(ENCODINGS[name], rng.choice(["replace", "ignore"]))
    return text.encode()


def random_diag(rng: random.Random, lines: int) -> list[Any]:
    line = rng.choice([-1, 0] + list(range(1, max(2, lines + 1))) * 4)
    column = rng.choice([-1, 0, 0, 1, 3, 4, 8, rng.randrange(0, 40), rng.randrange(0, 260)])
    end_line = rng.choice([line, line, line, line + 1, -1])
    end_column = rng.choice([-1, column + 1, column + rng.randrange(0, 60), column + rng.randrange(0, 200), 0])
    message = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(0, 25)))
    path = rng.choice([None] * 12 + ["", PATHS[rng.randrange(len(PATHS))]])
    severity = rng.choice(["error", "error", "note"])
    return [path, line, column, end_line, end_column, severity, message, rng.choice(CODES)]


def random_case(rng: random.Random, term: str | None) -> Json:
    flag = lambda p=0.5: rng.random() < p
    modules = []
    for _ in range(rng.randrange(1, 3)):
        source = random_source(rng)
        try:
            lines = len(source.decode().splitlines()) if source is not None else 3
        except UnicodeDecodeError:
            lines = source.count(b"\n")
        diags = [random_diag(rng, lines) for _ in range(rng.randrange(0, 5))]
        if flag():  # errors and notes at one place, as mypy makes them
            diags += [[*d[:5], "note", rng.choice(WORDS), d[7]] for d in diags[:2]]
        modules.append(
            {"path": rng.choice(PATHS), "source": None if source is None else source.hex(), "diags": diags}
        )
    raw = [rng.choice(WORDS) + rng.choice([": error: x", ": note: y", ""]) for _ in range(rng.choice([0, 0, 0, 2]))]
    return {
        "options": {
            "pretty": flag(), "show_column_numbers": flag(), "show_error_end": flag(), "hide_error_codes": flag(0.3),
            "show_absolute_path": False, "output_json": flag(0.15), "term": term,
            "width": rng.choice([80, 80, 1, 20, 45, 60, 100, 200]),
            "cwd": rng.choice(["/work/here", "/work/here/", "/"]),
        },
        "modules": modules,
        "messages": raw,
        "sources": rng.choice([0, 1, 2, 17]),
        "blockers": flag(0.2),
    }


def interpreter() -> str:
    python = os.environ.get("SEPAL_PYTHON")
    if not python:
        raise AssertionError("Set SEPAL_PYTHON to the interpreter that mypy is installed for.")
    return python


def ask_mypy(arguments: list[str], question: Any = None, term: str | None = None) -> Any:
    """One TERM a process: curses keeps the first terminal that it was set up for."""
    env = {**os.environ, "MYPY_FORCE_COLOR": "1", "TERM": term or "dumb", "PYTHONUTF8": "1"}
    program = os.path.join(ROOT, "tests", "lib", "text_mypy.py")
    done = subprocess.run([interpreter(), program, *arguments], input=json.dumps(question), env=env,
                          stdout=subprocess.PIPE, encoding="utf-8", check=True)
    return json.loads(done.stdout)


class RandomDiagnosticsAreRenderedAsMypyRendersThem(unittest.TestCase):
    maxDiff = None

    def compare(self, term: str | None, count: int) -> None:
        rng = random.Random(f"{SEED} {term}")
        cases = [random_case(rng, term) for _ in range(count)]
        ours, theirs = ask_tool("text_dump", cases), ask_mypy(["render"], cases, term)
        crashes = 0
        for i, (case, our, their) in enumerate(zip(cases, ours, theirs)):
            if "mypy_crashed" in their:
                crashes += 1
                continue
            for field in ("formatted", "output", "summary", "status"):
                text = f"{field} of case {i}, TERM={term}, SEPAL_SEED={SEED}: {json.dumps(case)}"
                self.assertEqual(their[field], our[field], text)
        self.assertLess(crashes, count // 3, "mypy refused too many cases for this to be a test")

    def test_without_colours(self) -> None:
        self.compare(None, CASES)

    def test_in_the_colours_of_each_terminal(self) -> None:
        for term in TERMS:
            with self.subTest(term=term):
                self.compare(term, CASES // 10)


REAL_FILES = {
    "tabs.py": b"def f(x: int) -> str:\n\treturn x\n\nif True:\n\tf('a',\tf(1))\n\t\n",
    "umlauts.py": "größe: int = 'ä'\ndef prüfe(größe: str) -> None: prüfe(größe=1); prüfe('ö' + 1)\n".encode(),
    "emoji.py": "x = '🎉🎉🎉🎉' + 1; y: int = '日本語日本語' + '🎉'\n".encode(),
    "long.py": b"def g(a: int, b: int) -> int: return 1\nx = ["
               + b"g(1, 2), " * 15 + b"g(1, 'x'), " + b"g(3, 4), " * 15 + b"g('y', 1)]\n",
    "crlf.py": b"def f(x: int) -> str:\r\n    return x\r\n\r\nf(\r\n    'a',\r\n)\r\nf('b')  # type: ignore[misc]\r\n",
    "formfeed.py": b"import os\n\x0c\nx: int = ''\n",
    "latin.py": "# -*- coding: latin-1 -*-\nx: int = 'äöü' + ''\ny: int = 'ß'  # ßß\n".encode("latin-1"),
    "bom.py": b"\xef\xbb\xbfx: int = ''\n",
    "unused.py": b"x: int = 1  # type: ignore\ny = 1\t# type: ignore[misc]\n",
    "notes.py": b"def f(x):\n    y: int = ''\nreveal_type(f)\nimport nosuch\nimport yaml\nf.x\n",
    "wide_types.py": b"from typing import Callable\n"
                     b"def f(x: dict[str, Callable[[int, str, bytes], list[tuple[int, str]]]]) -> None: ...\n"
                     b"f({'a': lambda: 1, 'b': 2})\nx: Callable[[int], int] = f\n",
}


def options(**changed: Any) -> Json:
    return dict(pretty=False, show_column_numbers=False, show_error_end=False, hide_error_codes=False,
                show_absolute_path=False, output_json=False, term="xterm-256color", width=80, cwd="/") | changed


class RealRun(unittest.TestCase):
    """mypy checks files with a cache; the error tuples in that cache, rendered by us, are what it printed."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cwd = os.path.realpath(folder.name)

    def write(self, files: dict[str, bytes]) -> None:
        for name, data in files.items():
            with open(os.path.join(self.cwd, name), "wb") as f:
                f.write(data)

    def mypy(self, names: list[str], flags: list[str], width: int = 80) -> subprocess.CompletedProcess[str]:
        """One run. Each set of flags has a cache of its own: mypy replays cached tuples as they were shown then."""
        self.cache = os.path.join(self.cwd, "cache" + "".join(flags))
        env = {k: v for k, v in os.environ.items() if not k.startswith(("MYPY", "FORCE_"))}
        env.update(MYPY_FORCE_COLOR="1", TERM="xterm-256color", MYPY_FORCE_TERMINAL_WIDTH=str(width), PYTHONUTF8="1")
        command = [interpreter(), "-m", "mypy", "--no-sqlite-cache", "--cache-dir", self.cache, "--config-file=",
                   "--warn-unused-ignores", *flags, *names]
        return subprocess.run(command, cwd=self.cwd, env=env, capture_output=True, encoding="utf-8", check=False)

    def errors_of(self, name: str) -> list[Any]:
        found = ask_mypy(["cached", self.cache]).get(name.removesuffix(".py"))
        self.assertTrue(found, f"mypy found nothing in {name}: no test")
        return [[None if t[0] else "", *t[1:]] for t in found]


class RealFilesAreReportedAsMypyReportsThem(RealRun):
    def setUp(self) -> None:
        super().setUp()
        self.write(REAL_FILES)

    def compare(self, flags: list[str], width: int, **changed: Any) -> None:
        cases, expected = [], []
        for name, data in REAL_FILES.items():
            done = self.mypy([name], flags, width)
            self.assertEqual(done.stderr, "", f"mypy {name}")
            module = {"path": os.path.join(self.cwd, name), "source": data.hex(), "diags": self.errors_of(name)}
            cases.append({"options": options(width=width, cwd=self.cwd, **changed), "modules": [module],
                          "messages": [], "sources": 1, "blockers": False})
            expected.append((name, done.stdout, done.returncode))
        for (name, stdout, status), ours in zip(expected, ask_tool("text_dump", cases)):
            with self.subTest(name=name, flags=flags, width=width):
                self.assertEqual(stdout, ours["output"] + ours["summary"])
                self.assertEqual(status, ours["status"])

    def test_plain(self) -> None:
        self.compare([], 80)
        self.compare(["--no-color-output", "--show-column-numbers"], 80, term=None, show_column_numbers=True)

    def test_pretty(self) -> None:
        self.compare(["--pretty", "--show-column-numbers"], 80, pretty=True, show_column_numbers=True)
        self.compare(["--pretty", "--show-error-end", "--hide-error-codes"], 60, pretty=True, show_column_numbers=True,
                     show_error_end=True, hide_error_codes=True)

    def test_json_and_absolute_paths(self) -> None:
        self.compare(["-O", "json"], 80, output_json=True)
        self.compare(["--show-absolute-path", "--show-error-code-links"], 80, show_absolute_path=True)


# Files that do not import each other, so that each can be checked on its own.
ONCE_FILES = {
    "e.py": b"import yaml.foo\n1()\nx = []['']\n",
    "c.py": b"import yaml\nimport nosuch1\nx: int = []['']\n",
    "b.py": b"import requests  # type: ignore\nimport nosuch1\nx: int = []['']\n1()\n",
    "d.py": b"import requests\nimport nosuch2\nimport yaml\n1()\n",
    "a.py": b"import requests.x, yaml\nimport nosuch1  # type: ignore[misc]\nx: int = []['']\n",
}


class MessagesThatAWholeRunPrintsOnceArePrintedOnce(RealRun):
    def compare(self, names: list[str], flags: list[str]) -> None:
        flags = ["--no-color-output", *flags]
        alone = {}
        for name in names:
            self.mypy([name], flags)
            alone[name] = self.errors_of(name)
        whole = self.mypy(names, [*flags, "--cache-dir=/dev/null"])
        checking = list(dict.fromkeys(line.split(":")[0] for line in whole.stdout.splitlines() if ".py:" in line))
        self.assertEqual(sorted(checking), sorted(names))
        modules = [{"path": name, "source": None, "diags": alone[name]} for name in checking]
        [ours] = ask_tool("text_dump", [{
            "options": options(term=None, cwd=self.cwd), "modules": modules, "messages": [], "sources": len(names),
            "blockers": False, "loading": [checking.index(name) for name in names]}])
        self.assertEqual(whole.stdout, ours["output"] + ours["summary"])

    def test_separate_reports_read_like_one_run(self) -> None:
        self.write(ONCE_FILES)
        self.compare(["e.py", "c.py", "b.py", "d.py", "a.py"], ["--show-error-code-links"])
        self.compare(["a.py", "b.py", "c.py", "d.py", "e.py"], ["--show-error-code-links"])
        self.compare(["d.py", "a.py", "e.py"], [])

    def test_mypy_says_nothing_else_once(self) -> None:
        """A new use of only_once in mypy's sources needs a row in src/ui/once.c."""
        known = {"errors.py": 2, "build.py": 4}
        self.assertEqual(ask_mypy(["only-once"]), known)


if __name__ == "__main__":
    unittest.main()
