"""How long Sepal and its rivals take for the same question: the table of bench/README.md.

    ./dev bench [--rows NAME,...] [--trees NAME,...] [--runs N] [--json FILE] [--chart FILE]

The sides of a row run in turns, N times (default 5); printed are the medians and their ratio, with the target where
there is one. Only the ratios within one row mean something: another machine, or another hour, has other seconds. After
every run the lines that were printed are compared with mypy's, and a row whose lines differ is marked; then the exit
status is 1. A missed target does not change it. The JSON has every single run and is written anew after each row.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from typing import NoReturn

import measure
import race
import report
import rows
import scale
import sides
import trees
import watch

TREES = os.environ.get("SEPAL_TREES", os.path.join(trees.ROOT, ".trees"))
BUILD = os.environ.get("SEPAL_BUILD", os.path.join(trees.ROOT, "build"))
CHART_PYTHON = os.environ.get("SEPAL_BENCH_PYTHON", sys.executable)


class Meeting:
    """All that is set up for one tree: the copy, and the sides, each made when it is first needed. It stays to the end
    of the bench: see sides.Side.forget."""

    def __init__(self, name: str, scratch: str) -> None:
        self.scratch = os.path.join(scratch, name)
        self.tree = trees.copy(trees.SUBJECTS[name], TREES, os.path.join(self.scratch, "tree"))
        self.sides: dict[str, sides.Side] = {}

    def side(self, name: str) -> sides.Side:
        if name not in self.sides:
            self.sides[name] = sides.SIDES[name](self.tree, os.path.join(self.scratch, f"side-{len(self.sides)}"))
        return self.sides[name]

    def hold(self, together: list[rows.Row], runs: int) -> list[race.Result]:
        if together[0].kind.name == "watch":
            home = os.path.join(self.scratch, "watch")
            return [watch.run_watch(together[0], self.tree, self.side, home, runs)]
        return race.run_race(together, self.tree, self.side, runs)


def measure_rows(chosen: list[rows.Row], args: argparse.Namespace, about: dict[str, object],
                 scratch: str) -> list[race.Result]:
    results: list[race.Result] = []
    sides.warm_up(os.path.join(scratch, "warm-up"))
    meeting: Meeting | None = None
    for together in rows.races(chosen):
        row = together[0]
        if row.tree in trees.SUBJECTS and (not meeting or meeting.tree.subject.name != row.tree):
            meeting = Meeting(row.tree, scratch)
        if row.kind.name == "synthetic":
            found = [scale.run_synthetic(row, os.path.join(scratch, row.tree), args.modules, args.runs)]
        else:
            assert meeting
            found = meeting.hold(together, args.runs)
        for result in found:
            print(report.line(result), flush=True)
        results += found
        report.write(args.json, about, results)
    return results


def names_in(text: str, known: list[str], parser: argparse.ArgumentParser, what: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in known:
            parser.error(f"there is no {what} {name}; there are {', '.join(known)}")
    return names


def parse() -> tuple[argparse.Namespace, list[rows.Row]]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="", metavar="NAME,...", help="only these: " + ", ".join(rows.KINDS))
    parser.add_argument("--trees", default="", metavar="NAME,...",
                        help=f"only these: {', '.join(trees.SUBJECTS)}, synthetic; together with --rows also for "
                             "combinations that have no target")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="of each side in each row (default: 5)")
    parser.add_argument("--modules", type=int, default=100_000, metavar="N",
                        help="in the synthetic tree (default: 100000, which the target is for)")
    parser.add_argument("--json", default=os.path.join(BUILD, "bench-result.json"), metavar="FILE",
                        help="where the figures go (default: bench-result.json in the build directory)")
    parser.add_argument("--chart", default="", metavar="FILE",
                        help="where the chart goes (default: beside the JSON, with .svg for .json)")
    args = parser.parse_args()
    if args.runs < 1:
        parser.error("--runs is at least 1")
    args.json = os.path.abspath(args.json)
    args.chart = os.path.abspath(args.chart or os.path.splitext(args.json)[0] + ".svg")
    chosen = rows.choose(names_in(args.rows, list(rows.KINDS), parser, "row"),
                         names_in(args.trees, [*trees.SUBJECTS, "synthetic"], parser, "tree"))
    if not chosen:
        parser.error("the table has no row of this kind on this tree; name both to measure it all the same")
    return args, chosen


def stop(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> int:
    args, chosen = parse()
    measure.adopt_orphans()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, stop)
    about = report.circumstances(args.runs, args.modules, chosen)
    print(report.heading(about), report.HEAD, sep="\n", flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="sepal-bench.", ignore_cleanup_errors=True) as scratch:
            results = measure_rows(chosen, args, about, scratch)
    except KeyboardInterrupt:
        print("bench: interrupted; what was measured until now is in the JSON file", file=sys.stderr)
        return 130
    except (measure.Failed, OSError) as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 3
    print(f"figures: {args.json}", flush=True)
    subprocess.run([CHART_PYTHON, os.path.join(trees.ROOT, "bench", "chart.py"), args.json, args.chart])
    return 0 if all(result.same for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
