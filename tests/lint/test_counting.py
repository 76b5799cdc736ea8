"""The closing line of ./dev test is exact: run_tests.py counts what unittest and broken files do, ./dev counts .trs."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Counting(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def write(self, name: str, text: str) -> str:
        path = os.path.join(self.scratch, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(textwrap.dedent(text))
        return path

    def count(self, body: str) -> tuple[int, int, int]:
        """Passed, failed and exit status for a file with this class body."""
        head = "import os, unittest\nclass T(unittest.TestCase):\n"
        path = self.write("test_it.py", head + textwrap.indent(textwrap.dedent(body), "    "))
        result = os.path.join(self.scratch, "result.json")
        done = subprocess.run([sys.executable, os.path.join(ROOT, "tests", "lib", "run_tests.py"), "--result", result,
                               path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(result) as file:
            counts = json.load(file)
        return counts["passed"], counts["failed"], done.returncode

    def test_passes_failures_and_errors_are_counted(self) -> None:
        self.assertEqual(self.count("""
            def test_a(self): pass
            def test_b(self): pass
            def test_c(self): self.fail()
            def test_d(self): raise OSError
        """), (2, 2, 1))
        self.assertEqual(self.count("def test_a(self): pass"), (1, 0, 0))

    def test_a_skipped_test_is_a_failed_one(self) -> None:
        self.assertEqual(self.count("""
            def test_a(self): pass
            @unittest.skip("cannot")
            def test_b(self): pass
            @unittest.expectedFailure
            def test_c(self): self.fail()
        """), (1, 2, 1))

    def test_a_test_with_failing_subtests_is_one_failure(self) -> None:
        self.assertEqual(self.count("""
            def test_a(self):
                for i in range(3):
                    with self.subTest(i):
                        self.assertEqual(i, 1)
            def test_b(self): pass
        """), (1, 1, 1))

    def test_what_gives_no_result_is_a_failure(self) -> None:
        self.assertEqual(self.count("def test_a(self): os._exit(0)"), (0, 1, 1))
        self.assertEqual(self.count("this is no Python"), (0, 1, 1))
        self.assertEqual(self.count("""
            @classmethod
            def setUpClass(cls): raise OSError
            def test_a(self): pass
        """), (0, 1, 1))

    def test_nothing_is_not_a_success(self) -> None:
        self.assertEqual(self.count("pass")[2], 1)

    def test_results_of_automake_are_counted(self) -> None:
        loader = importlib.machinery.SourceFileLoader("dev", os.path.join(ROOT, "dev"))
        spec = importlib.util.spec_from_loader("dev", loader)
        assert spec
        dev = importlib.util.module_from_spec(spec)
        loader.exec_module(dev)
        for number, results in enumerate((["PASS", "PASS"], ["PASS", "FAIL", "ERROR"], ["PASS", "ERROR", "ERROR"],
                                          ["SKIP", "PASS"], [])):
            lines = [f":test-result: {word}\n" for word in results]
            self.write(f"tests/unit/{number}.trs", "".join(lines) + ":other: x\n")
        self.assertEqual(dev.count_trs(self.scratch), (5, 4))


if __name__ == "__main__":
    unittest.main()
