"""Runs unittest files, several at a time, and counts exactly.

    run_tests.py [--jobs N] [--result FILE] FILE|DIRECTORY...

Each file is a process of its own, so that one that crashes or changes its environment cannot touch another; one that
gives no result counts as a failed test. Output comes file by file, whole: a line for each file, and everything that a
file with a failure said. FILE gets {"passed": N, "failed": M}. A skipped test is a failed one: what cannot run here has
not been shown. Exits non-zero if anything failed or nothing ran.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest


def run_one(path: str, result_file: str) -> int:
    """In the child: the tests of one file."""
    sys.path.insert(0, os.path.dirname(path))
    name = os.path.splitext(os.path.basename(path))[0]
    suite = unittest.defaultTestLoader.loadTestsFromName(name)
    result = unittest.TextTestRunner(stream=sys.stderr, verbosity=2).run(suite)
    # a subtest counts as its test; a class or module that cannot be set up is a failure without a test that ran
    bad = {getattr(test, "test_case", test) for test, _ in
           result.failures + result.errors + result.skipped + result.expectedFailures}
    bad |= set(result.unexpectedSuccesses)
    passed = result.testsRun - sum(isinstance(test, unittest.TestCase) for test in bad)
    failed = len(bad)
    with open(result_file, "w") as file:
        json.dump({"passed": passed, "failed": failed}, file)
    return 1 if failed or not passed else 0


def run_file(path: str) -> tuple[str, dict[str, int], str, float]:
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sepal-run-tests.") as scratch:
        result_file = os.path.join(scratch, "result.json")
        done = subprocess.run(
            [sys.executable, os.path.abspath(__file__), "--one", result_file, os.path.abspath(path)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        try:
            with open(result_file) as file:
                counts = json.load(file)
        except (OSError, ValueError):
            counts = {"passed": 0, "failed": 1}
        if done.returncode != 0 and not counts["failed"]:
            counts["failed"] = 1
    return path, counts, done.stdout, time.monotonic() - start


def find(paths: list[str]) -> list[str]:
    files: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            files.append(path)
            continue
        names = sorted(os.listdir(path))
        files += [os.path.join(path, name) for name in names if name.startswith("test_") and name.endswith(".py")]
    return files


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--result")
    parser.add_argument("--one", metavar="RESULT", help=argparse.SUPPRESS)
    parser.add_argument("paths", nargs="+")
    args = parser.parse_args()
    if args.one:
        return run_one(args.paths[0], args.one)
    total = {"passed": 0, "failed": 0}
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for path, counts, output, seconds in pool.map(run_file, find(args.paths)):
            if counts["failed"]:
                sys.stdout.write(output)
            print(f"{path}: {counts['passed']} passed, {counts['failed']} failed ({seconds:.1f} s)", flush=True)
            for key in total:
                total[key] += counts[key]
    if args.result:
        with open(args.result, "w") as file:
            json.dump(total, file)
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
