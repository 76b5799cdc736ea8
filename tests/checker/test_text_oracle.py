"""src/ui against mypy's own rendering: seeded random diagnostics, and real files checked by a real mypy.

Run by mypy's interpreter's sibling: SEPAL_PYTHON names the interpreter that has mypy; SEPAL_TEXT_DUMP the built
tests/lib/text_dump (default: below the build directory in SEPAL_BUILDDIR, else build/). The oracle runs in that
interpreter as a child: this file is its own child with the argument "oracle".
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SEED = int(os.environ.get("SEPAL_SEED", "20240917"))
CASES = int(os.environ.get("SEPAL_TEXT_CASES", "3000"))
TERMS = ["xterm-256color", "xterm", "ansi", "linux", "screen", "tmux-256color", "rxvt", "rxvt-unicode", "vt100", "dumb"]


# ---- the oracle: runs inside mypy's interpreter -------------------------------------------------------------------


def make_options(case: dict) -> object:
    from mypy.options import Options

    options = Options()
    for name in ("pretty", "show_column_numbers", "show_error_end", "hide_error_codes", "show_absolute_path"):
        setattr(options, name, case["options"][name])
    options.output = "json" if case["options"]["output_json"] else None
    options.color_output = case["options"]["term"] is not None
    return options


def mypy_case(case: dict, formatters: dict) -> dict:
    """What mypy's main.py would do with these error tuples: errors.format_messages, flush_errors, the summary."""
    from mypy.error_formatter import OUTPUT_CHOICES
    from mypy.errors import Errors
    from mypy.util import FancyFormatter, count_stats, read_py_file

    options = make_options(case)
    output = OUTPUT_CHOICES.get(options.output) if options.output else None
    term = case["options"]["term"]
    formatter = formatters.get(term)
    if formatter is None:
        formatter = FancyFormatter(sys.stdout, sys.stderr, options.hide_error_codes)
        if term is None:
            formatter.dummy_term = True
        formatters[term] = formatter
    formatter.hide_error_codes = options.hide_error_codes
    formatter.hide_success = bool(options.output)
    formatted, messages, printed = [], [], []

    def flush(new: list[str]) -> None:
        if options.pretty:
            new = formatter.fit_in_terminal(new, fixed_terminal_width=case["options"]["width"])
        messages.extend(new)
        printed.extend(formatter.colorize(m) if options.color_output else m for m in new)

    for module in case["modules"]:
        source = module["source"]
        read = lambda path: read_py_file(path, lambda _: bytes.fromhex(source)) if source is not None else None
        errors = Errors(options, read_source=read, error_formatter=output)
        errors.set_ignore_prefix(case["options"]["cwd"])
        path = errors.simplify_path(module["path"])
        tuples = [
            (None if d[0] == "" else path if d[0] is None else errors.simplify_path(d[0]), *d[1:])
            for d in module["diags"]
        ]
        new = errors.format_messages(path, tuples, formatter=output)
        formatted += new
        flush(new)
    flush(case["messages"])
    n_errors, n_notes, n_files = count_stats(messages)
    status = 0
    if messages and n_notes < len(messages):
        status = 2 if case["blockers"] else 1
    summary = ""
    if n_errors:
        summary = formatter.format_error(
            n_errors, n_files, case["sources"], blockers=case["blockers"], use_color=options.color_output
        ) + "\n"
    elif not messages or n_notes == len(messages):
        summary = formatter.format_success(case["sources"], options.color_output) + "\n"
    return {
        "formatted": formatted,
        "output": "".join(p + "\n" for p in printed),
        "summary": summary,
        "status": status,
    }


def oracle_main() -> None:
    """Cases on stdin, answers on stdout. One TERM a process: curses keeps the first terminal it was set up for."""
    answers, formatters = [], {}
    for case in json.load(sys.stdin):
        try:
            answers.append(mypy_case(case, formatters))
        except (IndexError, ValueError) as e:  # a line that the file does not have, a source line without a marker
            answers.append({"mypy_crashed": repr(e)})
    json.dump(answers, sys.stdout)


def cached_errors_main(cache_dir: str) -> None:
    """The error tuples in a mypy cache, as {module: [tuple]}."""
    from librt.internal import ReadBuffer
    from mypy.cache import CacheMetaEx

    found = {}
    for folder, _, names in os.walk(cache_dir):
        for name in names:
            if name.endswith(".meta_ex.ff"):
                with open(os.path.join(folder, name), "rb") as f:
                    meta_ex = CacheMetaEx.read(ReadBuffer(f.read()))
                found[name.removesuffix(".meta_ex.ff")] = meta_ex.error_lines
    json.dump(found, sys.stdout)


# ---- cases --------------------------------------------------------------------------------------------------------

WORDS = [
    "Incompatible", "types", "in", "assignment", "(expression", "has", "type", '"Union[int, str]"', '"dict[str, Any]"',
    "variable", '"ünï"', "naïve", "日本語", "🎉🎉", "error:", ": error:", ": note:", "note:", "[", "[x]", "]", "",
    "See https://mypy.readthedocs.io/en/stable/x.html#y for more", "http://a", "https://ä\u3000b", "hint:", '"',
    "a" * 70, "\t", "back\\slash", "\u00a0", "\x7f", "é" * 30, "  two  spaces  ", "=", "%s", "\x1b[1m", "\u2028",
]
PIECES = [
    "def f(x: int) -> str:", "    return x", "\t\treturn x", "x = 1", "", "    ", "\t", "ä = 'ö' + \"ü\"", "🎉 = 1",
    "日本語 = f(1, 2, 3)", "\u3000wide = 2", "^", "    ^~~", "a\tb\tc", "é\té\té", "print(': error:')",
    "x = " + "f(y) + " * 30 + "1", "\t" + "ü" * 90, "'" + "🎉" * 100 + "'", " " * 60 + "x", "\x1codd", "a\x0cb", "a\x85b",
]
ENDS = ["\n", "\n", "\n", "\r\n", "\r", "\x0c\n"]
CODES = ["arg-type", "misc", "annotation-unchecked", "deprecated", "import-not-found", "", None]
PATHS = ["a.py", "./p/a.py", "p/ä.py", "p//q/../b.py", "/work/here/c.py", "/else/where/d.pyi", "../up.py", "/work/hereafter.py", "//x/y.py", "a b.py", "C:x.py"]


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
        first = rng.choice(["# coding: {}", "#!/bin/x\n# -*- coding: {} -*-", " \t#vim: fileencoding={} coding:", "#a\r#coding={}", "x=1\n# coding: {}", "#a\r\n# coding:\t{}", "# coding:: {}", "#\n\n#coding: {}"])
        name = rng.choice(["latin-1", "iso-latin-1-unix", "utf-8", "UTF8", "cp1252", "ISO_8859-15", "no-such-codec", "koi8_r", "ascii"])
        text = first.format(name) + "\n" + text
        declared = name if name not in ("no-such-codec", "iso-latin-1-unix") else "latin-1"
        return text.encode(declared, "replace" if rng.random() < 0.8 else "ignore")
    return text.encode()


def random_diag(rng: random.Random, lines: int) -> list:
    line = rng.choice([-1, 0] + list(range(1, max(2, lines + 1))) * 4)
    column = rng.choice([-1, 0, 0, 1, 3, 4, 8, rng.randrange(0, 40), rng.randrange(0, 260)])
    end_line = rng.choice([line, line, line, line + 1, -1])
    end_column = rng.choice([-1, column + 1, column + rng.randrange(0, 60), column + rng.randrange(0, 200), 0])
    message = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(0, 25)))
    path = rng.choice([None] * 12 + ["", PATHS[rng.randrange(len(PATHS))]])
    severity = rng.choice(["error", "error", "note"])
    return [path, line, column, end_line, end_column, severity, message, rng.choice(CODES)]


def random_case(rng: random.Random, term: str | None) -> dict:
    modules = []
    for _ in range(rng.randrange(1, 3)):
        source = random_source(rng)
        try:
            lines = len(source.decode().splitlines()) if source is not None else 3
        except UnicodeDecodeError:
            lines = source.count(b"\n")
        diags = [random_diag(rng, lines) for _ in range(rng.randrange(0, 5))]
        if rng.random() < 0.5:  # errors and notes at one place, as mypy makes them
            diags += [[*d[:5], "note", rng.choice(WORDS), d[7]] for d in diags[:2]]
        modules.append(
            {"path": rng.choice(PATHS), "source": None if source is None else source.hex(), "diags": diags}
        )
    flag = lambda p=0.5: rng.random() < p
    return {
        "options": {
            "pretty": flag(), "show_column_numbers": flag(), "show_error_end": flag(), "hide_error_codes": flag(0.3),
            "show_absolute_path": False, "output_json": flag(0.15), "term": term,
            "width": rng.choice([80, 80, 1, 20, 45, 60, 100, 200]), "cwd": rng.choice(["/work/here", "/work/here/", "/"]),
        },
        "modules": modules,
        "messages": [rng.choice(WORDS) + rng.choice([": error: x", ": note: y", ""]) for _ in range(rng.choice([0, 0, 0, 2]))],
        "sources": rng.choice([0, 1, 2, 17]),
        "blockers": flag(0.2),
    }


# ---- the tests ----------------------------------------------------------------------------------------------------


def interpreter() -> str:
    python = os.environ.get("SEPAL_PYTHON")
    if not python:
        raise AssertionError("set SEPAL_PYTHON to an interpreter that has mypy")
    return python


def text_dump_program() -> str:
    build = os.environ.get("SEPAL_BUILDDIR", os.path.join(TOP, "build"))
    program = os.environ.get("SEPAL_TEXT_DUMP", os.path.join(build, "tests", "lib", "text_dump"))
    if not os.path.exists(program):
        raise AssertionError(f"{program} is not there: build it (make check-programs), or name it in SEPAL_TEXT_DUMP")
    return program


def run_oracle(arguments: list[str], stdin: str = "", term: str | None = None) -> object:
    env = {**os.environ, "MYPY_FORCE_COLOR": "1", "TERM": term or "dumb", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [interpreter(), os.path.abspath(__file__), *arguments],
        input=stdin, env=env, capture_output=True, encoding="utf-8", check=False,
    )
    if done.returncode:
        raise AssertionError(f"the oracle failed:\n{done.stderr}")
    return json.loads(done.stdout)


def run_text_dump(cases: list[dict]) -> list[dict]:
    done = subprocess.run([text_dump_program()], input=json.dumps(cases).encode(), capture_output=True, check=False)
    if done.returncode:
        raise AssertionError(f"text_dump failed with {done.returncode}:\n{done.stderr.decode()[:4000]}")
    return json.loads(done.stdout)


class RandomDiagnosticsAreRenderedAsMypyRendersThem(unittest.TestCase):
    maxDiff = None

    def compare(self, term: str | None, count: int) -> None:
        rng = random.Random(f"{SEED} {term}")
        cases = [random_case(rng, term) for _ in range(count)]
        ours, theirs = run_text_dump(cases), run_oracle(["oracle"], json.dumps(cases), term)
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
    "long.py": ("def g(a: int, b: int) -> int: return 1\nx = [" + "g(1, 2), " * 15 + "g(1, 'x'), " + "g(3, 4), " * 15 + "g('y', 1)]\n").encode(),
    "crlf.py": b"def f(x: int) -> str:\r\n    return x\r\n\r\nf(\r\n    'a',\r\n)\r\nf('b')  # type: ignore[misc]\r\n",
    "formfeed.py": b"import os\n\x0c\nx: int = ''\n",
    "latin.py": "# -*- coding: latin-1 -*-\nx: int = 'äöü' + ''\ny: int = 'ß'  # ßß\n".encode("latin-1"),
    "bom.py": b"\xef\xbb\xbfx: int = ''\n",
    "unused.py": b"x: int = 1  # type: ignore\ny = 1\t# type: ignore[misc]\n",
    "notes.py": b"def f(x):\n    y: int = ''\nreveal_type(f)\nimport nosuch\nimport yaml\nfrom typing import overload\nf.x\n",
    "wide_types.py": b"from typing import Callable\ndef f(x: dict[str, Callable[[int, str, bytes], list[tuple[int, str]]]]) -> None: ...\nf({'a': lambda: 1, 'b': 2})\nx: Callable[[int], int] = f\n",
}


class RealFilesAreReportedAsMypyReportsThem(unittest.TestCase):
    """mypy checks each file with a cache, and the error tuples in that cache, rendered by us, are what it printed."""

    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.cwd = os.path.realpath(self.folder.name)
        for name, data in REAL_FILES.items():
            with open(os.path.join(self.cwd, name), "wb") as f:
                f.write(data)

    def mypy(self, name: str, flags: list[str], width: int) -> subprocess.CompletedProcess:
        """One run, with a cache of its own for each set of flags: mypy replays cached tuples as they were shown then."""
        self.cache = os.path.join(self.cwd, "cache" + "".join(flags))
        env = {k: v for k, v in os.environ.items() if not k.startswith(("MYPY", "FORCE_", "NO_COLOR"))}
        env.update(
            MYPY_FORCE_COLOR="1", TERM="xterm-256color", MYPY_FORCE_TERMINAL_WIDTH=str(width), PYTHONUTF8="1"
        )
        command = [interpreter(), "-m", "mypy", "--no-sqlite-cache", "--cache-dir", self.cache, "--config-file=",
                   "--warn-unused-ignores", *flags, name]  # fmt: skip
        return subprocess.run(command, cwd=self.cwd, env=env, capture_output=True, encoding="utf-8", check=False)

    def errors_of(self, name: str) -> list:
        found = run_oracle(["cached-errors", self.cache])
        return found.get(name.removesuffix(".py"), [])

    def compare(self, flags: list[str], width: int, **options: object) -> None:
        defaults = dict(pretty=False, show_column_numbers=False, show_error_end=False, hide_error_codes=False,
                        show_absolute_path=False, output_json=False, term="xterm-256color", width=width, cwd=self.cwd)  # fmt: skip
        cases, expected = [], []
        for name, data in REAL_FILES.items():
            done = self.mypy(name, flags, width)
            self.assertEqual(done.stderr, "", f"mypy {name}")
            diags = [[None if t[0] else "", *t[1:]] for t in self.errors_of(name)]
            self.assertTrue(diags, f"mypy found nothing in {name}: no test")
            module = {"path": os.path.join(self.cwd, name), "source": data.hex(), "diags": diags}
            cases.append(
                {"options": {**defaults, **options}, "modules": [module], "messages": [], "sources": 1, "blockers": False}
            )
            expected.append((name, done.stdout, done.returncode))
        for (name, stdout, status), ours in zip(expected, run_text_dump(cases)):
            with self.subTest(name=name, flags=flags, width=width):
                self.assertEqual(stdout, ours["output"] + ours["summary"])
                self.assertEqual(status, ours["status"])

    def test_plain(self) -> None:
        self.compare([], 80)
        self.compare(["--no-color-output", "--show-column-numbers"], 80, term=None, show_column_numbers=True)

    def test_pretty(self) -> None:
        self.compare(["--pretty", "--show-column-numbers"], 80, pretty=True, show_column_numbers=True)
        self.compare(["--pretty", "--show-error-end", "--hide-error-codes"], 60, pretty=True, show_column_numbers=True,
                     show_error_end=True, hide_error_codes=True)  # fmt: skip

    def test_json_and_absolute_paths(self) -> None:
        self.compare(["-O", "json"], 80, output_json=True)
        self.compare(["--show-absolute-path", "--show-error-code-links"], 80, show_absolute_path=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["oracle"]:
        oracle_main()
    elif sys.argv[1:2] == ["cached-errors"]:
        cached_errors_main(sys.argv[2])
    else:
        unittest.main()
