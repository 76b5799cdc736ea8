"""How long `sepal check` and mypy take for the same question, on the packages of tests/trees.txt.

    ./dev bench [--trees NAME,...] [--runs N] [--json FILE]

Each row is one situation on one tree; the commands of a row run alternately, N times (default 3), and the medians are
printed in seconds. The machine is shared and noisy: only the ratios within one row mean something. The situations:

    cold     nothing cached: an empty --cache-dir, an empty store (and no module of the standard library in it)
    no-op    nothing changed since the last run
    body     a statement added in the body of one function
    public   a function added to the module that most others import
    checkout another checkout of the same files at another path: mypy starts cold, Sepal has the shared store

After every run the lines that Sepal and mypy printed are compared; a row whose lines differ is marked.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TREES = os.environ.get("SEPAL_TREES", os.path.join(ROOT, ".trees"))
SEPAL = os.environ.get("SEPAL", os.path.join(ROOT, "build", "sepal"))
PYTHON = os.environ.get("SEPAL_PYTHON", os.path.join(ROOT, ".venv", "bin", "python"))
COMMON = ["--ignore-missing-imports", "--no-error-summary", "--python-version", "3.13"]


@dataclass
class Subject:
    """What is checked: a package, and the files that are edited (a leaf's body; a hub's interface)."""

    package: str
    body: str
    hub: str


SUBJECTS = {
    "pytest": Subject("_pytest", "_pytest/unraisableexception.py", "_pytest/nodes.py"),
    "fastapi": Subject("fastapi", "fastapi/encoders.py", "fastapi/params.py"),
    "sphinx": Subject("sphinx", "sphinx/ext/todo.py", "sphinx/util/typing.py"),
    "pip": Subject("pip", "pip/_internal/commands/check.py", "pip/_internal/utils/misc.py"),
    "sqlalchemy": Subject("sqlalchemy", "sqlalchemy/ext/orderinglist.py", "sqlalchemy/util/langhelpers.py"),
}


@dataclass
class Side:
    """One of the programs in the race, with its own copy of the tree and its own cache."""

    name: str
    base: str
    subject: Subject
    times: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def repo(self) -> str:
        return os.path.join(self.base, "repo")

    def command(self) -> list[str]:
        if self.name == "sepal":
            return [SEPAL, "check", "--quiet", self.subject.package, "--", *COMMON]
        cache = ["--cache-dir", os.path.join(self.base, "cache")]
        parallel = ["-n", "2"] if self.name == "mypy -n 2" else []
        return [PYTHON, "-m", "mypy", *cache, *parallel, self.subject.package, *COMMON]

    def run(self, cwd: str = "") -> float:
        env = dict(os.environ, XDG_CACHE_HOME=os.path.join(self.base, "cache"), LC_ALL="C.UTF-8")
        start = time.monotonic()
        done = subprocess.run(self.command(), cwd=cwd or self.repo, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
        seconds = time.monotonic() - start
        if done.returncode not in (0, 1):
            raise SystemExit(f"bench: {' '.join(self.command())}: status {done.returncode}\n"
                             f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
        self.lines = done.stdout.splitlines()
        return seconds

    def forget(self) -> None:
        shutil.rmtree(os.path.join(self.base, "cache"), ignore_errors=True)

    def append(self, name: str, text: str) -> None:
        with open(os.path.join(self.repo, name), "a") as file:
            file.write(text)


def cold(side: Side, number: int) -> float:
    side.forget()
    return side.run()


def no_op(side: Side, number: int) -> float:
    return side.run()


def body(side: Side, number: int) -> float:
    path = os.path.join(side.repo, side.subject.body)
    if number == 0:
        side.append(side.subject.body, "\n\ndef _measured() -> int:\n    return 0\n")
        side.run()
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.removesuffix("    return 0\n") + f"    print({number})\n    return 0\n")
    return side.run()


def public(side: Side, number: int) -> float:
    side.append(side.subject.hub, f"\n\ndef measured_{number}(value: int) -> int:\n    return value\n")
    return side.run()


def checkout(side: Side, number: int) -> float:
    other = os.path.join(side.base, f"checkout-{number}")
    shutil.copytree(side.repo, other)
    if side.name != "sepal":
        side.forget()
    return side.run(cwd=other)


SITUATIONS = {"cold": cold, "no-op": no_op, "body": body, "public": public, "checkout": checkout}


def measure(tree: str, runs: int, scratch: str) -> list[dict[str, object]]:
    subject = SUBJECTS[tree]
    sides = [Side(name, os.path.join(scratch, tree, name.replace(" ", "")), subject)
             for name in ("mypy", "mypy -n 2", "sepal")]
    for side in sides:
        os.makedirs(side.base)
        shutil.copytree(os.path.join(TREES, tree, subject.package), os.path.join(side.repo, subject.package))
    rows: list[dict[str, object]] = []
    for situation, once in SITUATIONS.items():
        same = True
        for side in sides:
            side.times = []
        for number in range(runs):
            for side in sides:
                side.times.append(once(side, number))
            same = same and sorted(sides[0].lines) == sorted(sides[-1].lines)
        row: dict[str, object] = {"tree": tree, "situation": situation, "same": same, "lines": len(sides[0].lines)}
        row.update({side.name: round(statistics.median(side.times), 3) for side in sides})
        rows.append(row)
        print("{tree:11} {situation:9} {mypy:8.2f} {mypy -n 2:9.2f} {sepal:8.2f}  {0}".format(
            "" if same else "DIFFERENT LINES", **row), flush=True)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trees", default=",".join(SUBJECTS), help="which of " + ", ".join(SUBJECTS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", metavar="FILE", help="write the medians as JSON")
    args = parser.parse_args()
    names = args.trees.split(",")
    unknown = [name for name in names if name not in SUBJECTS]
    if unknown:
        parser.error(f"there is no tree {unknown[0]}")
    print(f"{'tree':11} {'situation':9} {'mypy':>8} {'mypy -n 2':>9} {'sepal':>8}")
    rows = []
    with tempfile.TemporaryDirectory(prefix="sepal-bench.") as scratch:
        for name in names:
            rows += measure(name, args.runs, scratch)
    if args.json:
        with open(args.json, "w") as file:
            json.dump({"rows": rows, "runs": args.runs, "cores": os.cpu_count()}, file, indent=1)
    return 0 if all(row["same"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
