"""Every text file of the project: line length, white space, nothing left to do, nothing that names a machine."""

from __future__ import annotations

import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# `_build` is where `make distcheck` builds, in the source directory
SKIPPED_DIRS = {".git", "_build", ".venv", ".venv-bench", ".trees", ".servers", "build-aux", "autom4te.cache",
                "__pycache__", "corpora", ".mypy_cache", ".deps", "golden", "testdata"}
CODE = (".c", ".h", ".py", ".am", ".ac", ".sh", "/dev", "/.ci/run")
COLUMNS, TAB = 120, 4
# Written so that this file does not hold the words itself.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
# Paths of the machines that this was written on, and registry hosts.
MACHINE = re.compile(r"/work/(main|sha" r"red)|/tmp/" r"w/|/ro" r"ot/\w|\.py" r"env\b|"
                     r"py" r"pi\.org|files\.python" r"hosted")


def project_files() -> list[str]:
    """All text files of the checkout that belong to it, from the root."""
    found = []
    for directory, dirs, names in os.walk(ROOT):
        dirs[:] = sorted(d for d in dirs if d not in SKIPPED_DIRS and not d.startswith(("build", "sepal-"))
                         or os.path.join(directory, d) == os.path.join(ROOT, "src", "build")
                         or os.path.join(directory, d) == os.path.join(ROOT, "tests", "unit", "build"))
        for name in sorted(names):
            if name.endswith((".c", ".h", ".py", ".pyi", ".md", ".am", ".ac", ".sh", ".json", ".txt", ".ini", ".1",
                              ".toml")) or name in ("dev", "LAYERS", "run", ".gitignore"):
                found.append(os.path.relpath(os.path.join(directory, name), ROOT))
    return found


def is_code(path: str) -> bool:
    return ("/" + path).endswith(CODE)


def width(line: str) -> int:
    return len(line.expandtabs(TAB))


class Text(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.files: dict[str, list[str]] = {}
        for path in project_files():
            with open(os.path.join(ROOT, path), encoding="utf-8") as file:
                cls.files[path] = file.read().split("\n")

    def lines(self, code_only: bool = False) -> list[tuple[str, str]]:
        return [(f"{path}:{number}", line) for path, lines in self.files.items() if is_code(path) or not code_only
                for number, line in enumerate(lines, 1)]

    def test_code_is_at_most_120_columns_wide(self) -> None:
        self.assertEqual([place for place, line in self.lines(True) if width(line) > COLUMNS], [])

    def test_no_line_ends_in_white_space_and_every_file_ends_in_a_newline(self) -> None:
        self.assertEqual([place for place, line in self.lines(True) if line != line.rstrip()], [])
        self.assertEqual([path for path, lines in self.files.items() if is_code(path) and lines[-1] != ""], [])

    def test_c_statements_are_indented_with_tabs(self) -> None:
        wrong = []
        for path, lines in self.files.items():
            if path.endswith((".c", ".h")):
                # a line after one that ends a statement is no continuation, and may not be indented by spaces
                wrong += [f"{path}:{number}" for number, (before, line) in enumerate(zip(lines, lines[1:]), 2)
                          if re.match(r" +[^ *]", line) and before.endswith((";", "{", "}"))]
        self.assertEqual(wrong, [])

    def test_nothing_is_left_to_do(self) -> None:
        self.assertEqual([f"{place} {line.strip()}" for place, line in self.lines() if UNFINISHED.search(line)], [])

    def test_no_machine_and_no_registry_is_named(self) -> None:
        self.assertEqual([f"{place} {line.strip()}" for place, line in self.lines() if MACHINE.search(line)], [])

    def test_the_search_found_the_project(self) -> None:
        for path in ("src/base/err.c", "src/LAYERS", "dev", "configure.ac", "tests/lint/test_text.py", ".ci/run"):
            self.assertIn(path, self.files)


if __name__ == "__main__":
    unittest.main()
