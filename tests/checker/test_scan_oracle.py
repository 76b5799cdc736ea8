"""source/scan.h against mypy's own parser: the same imports in the same order on the same lines, for every file of
typeshed and of mypy itself, for small sources that make one point each, and for random programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unittest
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from native import ROOT, ask_tool  # noqa: E402
from scan_cases import by_hand  # noqa: E402
from scan_programs import random_sources  # noqa: E402

Json = dict[str, Any]
SEED = int(os.environ.get("SEPAL_SEED", "1"))
PROGRAMS = int(os.environ.get("SEPAL_RANDOM_PROGRAMS", "2000"))
TARGETS = [([3, 9], "linux"), ([3, 13], "linux"), ([3, 9], "win32"), ([3, 13], "darwin")]


def run_mypy(arguments: list[str], question: Any = None) -> Any:
    python = os.environ.get("SEPAL_PYTHON")
    if not python:
        raise AssertionError("Set SEPAL_PYTHON to the interpreter that mypy is installed for.")
    program = os.path.join(ROOT, "tests", "lib", "scan_mypy.py")
    done = subprocess.run([python, program, *arguments], input=json.dumps(question), stdout=subprocess.PIPE, text=True,
                          check=True)
    return json.loads(done.stdout)


def python_files(root: str) -> list[str]:
    return sorted(os.path.join(directory, name) for directory, _, names in os.walk(root) for name in names
                  if name.endswith((".py", ".pyi")))


class ScanOracle(unittest.TestCase):
    maxDiff = None

    def compare(self, question: Json) -> list[Json]:
        """Both sides' answers are equal wherever mypy can parse; returns mypy's."""
        inputs = question.get("files", []) + [bytes.fromhex(s) for s in question.get("sources", [])]
        ours, theirs = ask_tool("scan_dump", question), run_mypy([], question)
        self.assertEqual(len(ours), len(inputs))
        self.assertEqual(len(theirs), len(inputs))
        for source, our, their in zip(inputs, ours, theirs):
            if their["blocked"]:
                continue
            with self.subTest(source=source, version=question["version"], platform=question["platform"]):
                self.assertEqual([i[:5] for i in our["imports"]], their["imports"])
                self.assertEqual([i[:5] for i in our["imports"] if not i[5]], their["kept"], "strippable")
                if isinstance(source, str) or b"ignore-errors" not in source:  # see source/scan.h
                    self.assertEqual(our["template_strings"], their["template_strings"])
                if not isinstance(source, str) or source.endswith("__init__.pyi"):
                    self.assertEqual(our["module_getattr"], their["partial"], "__getattr__")
        return theirs

    def compare_sources(self, sources: list[str], version: list[int], platform: str) -> list[Json]:
        return self.compare({"version": version, "platform": platform, "always_true": ["AT"], "always_false": ["AF"],
                             "sources": [source.encode().hex() for source in sources]})

    def compare_directory(self, root: str, without: str = "") -> None:
        files = [path for path in python_files(root) if not without or not path.startswith(without + os.sep)]
        self.assertGreater(len(files), 100, f"too few files in {root} for this to be a test")
        for version, platform in TARGETS:
            answers = self.compare({"version": version, "platform": platform, "files": files})
            self.assertFalse([path for path, answer in zip(files, answers) if answer["blocked"]])

    def test_every_file_of_typeshed(self) -> None:
        self.compare_directory(run_mypy(["where"])["typeshed"])

    def test_every_file_of_mypy(self) -> None:
        where = run_mypy(["where"])
        self.compare_directory(where["mypy"], where["typeshed"])

    def test_sources_that_make_one_point_each(self) -> None:
        sources = by_hand()
        for version, platform in [([3, 11], "linux"), ([3, 12], "win32")]:
            answers = self.compare_sources(sources, version, platform)
            blocked = [source for source, answer in zip(sources, answers) if answer["blocked"]]
            self.assertLess(len(blocked), len(sources) // 20, blocked)

    def test_random_programs(self) -> None:
        for i, (version, platform) in enumerate(TARGETS):
            sources = random_sources(SEED * 1000 + i, PROGRAMS // len(TARGETS))
            answers = self.compare_sources(sources, version, platform)
            blocked = sum(answer["blocked"] for answer in answers)
            imports = sum(len(answer.get("imports", [])) for answer in answers)
            self.assertLess(blocked, len(sources) // 3, "mypy refused too many programs for this to be a test")
            self.assertGreater(imports, len(sources) // 3)


if __name__ == "__main__":
    unittest.main()
